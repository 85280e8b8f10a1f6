"""What a scenario, a program or a test can have done: the verbs, one table, filled by the files beside this one."""

from importlib import import_module
from pkgutil import iter_modules

from espat.scenario.verbs.table import VERBS, Action, Verb, VerbError, bind

__all__ = ["VERBS", "Action", "Verb", "VerbError", "bind"]

for _file in iter_modules(__path__):
    import_module(f"{__name__}.{_file.name}")
