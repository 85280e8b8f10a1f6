"""What a scenario, a program or a test can have done: the verbs, one table, filled by the files beside this one."""

from espat.scenario.verbs import clock, hosts, modules, peers, radio, serial_port, watching
from espat.scenario.verbs.table import VERBS, Action, Verb, VerbError, bind

__all__ = [
    "VERBS",
    "Action",
    "Verb",
    "VerbError",
    "bind",
    "clock",
    "hosts",
    "modules",
    "peers",
    "radio",
    "serial_port",
    "watching",
]
