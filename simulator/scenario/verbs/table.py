"""The table of verbs: what a step of a scenario does, what a program asks for by name.

A verb is a function of the stage and of keyword parameters, which are the arguments it takes; their types say what may
be written. `value` is what stands behind the key that makes a step (`send: ...`), `module` the name of the module it is
about, `optional` whether the step may be left out. A new verb is one more function in one of the files beside this one.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, get_type_hints

from espat.core.suggestions import expected, unknown
from espat.scenario.hosts.peers import PeerError
from espat.scenario.schema.kinds import WrongValueError, shown
from espat.scenario.schema.tables import Field
from espat.scenario.stage.mismatch import MismatchError
from espat.scenario.stage.stage import Stage
from espat.scenario.text.variables import VARIABLE, UnknownVariableError
from espat.scenario.verbs.arguments import MEANINGS, kind_of

Action = Callable[[Stage], Awaitable[None]]
VerbFunction = Callable[..., Awaitable[None]]
Check = Callable[[Mapping[str, Any]], str | None]
"""Takes the arguments that were written, by parameter; returns what is wrong with them together."""
IMPLIED: Final = frozenset({"stage", "value", "module", "optional"})
"""Parameters that are no arguments of their own."""


class VerbError(Exception):
    """There is no such verb, or its arguments are wrong."""


FAILURES: Final = (MismatchError, PeerError, VerbError, UnknownVariableError, OSError, re.error)
"""What a verb raises when what was asked for does not happen, or cannot."""


class Verb(NamedTuple):
    """A verb as the table holds it.

    `keys`: the parameter behind every argument it may have. `hints`: the types of all parameters. `required`: the
    arguments it must have. `substituted`: whether variables are put into its texts before it runs; what matches output
    takes them as they stand. `check`: tells what is wrong with arguments that are right by themselves. `names`: this
    one and its aliases, the first of them is the usual one. `meanings`: of its arguments.
    """

    name: str
    run: VerbFunction
    keys: Mapping[str, str]
    hints: Mapping[str, Any]
    required: frozenset[str]
    substituted: bool
    check: Check | None = None
    names: tuple[str, ...] = ()
    meanings: Mapping[str, str] = {}

    @property
    def meaning(self) -> str:
        """What it does, in a sentence or two."""
        return " ".join((self.run.__doc__ or "").split())

    def field(self, key: str) -> Field:
        """An argument as a field."""
        default = inspect.signature(self.run).parameters[self.keys[key]].default
        required = key in self.required
        shown_default = str(default).lower() if isinstance(default, bool) else str(default)
        told = "" if required or default in (None, "", b"") else shown_default
        return Field(kind_of(self.hints[self.keys[key]]), self.meanings[key], told, required)

    @property
    def fields(self) -> dict[str, Field]:
        """Its arguments, in the order of the function."""
        return {key: self.field(key) for key in self.keys}


VERBS: Final[dict[str, Verb]] = {}


def verb(
    *names: str, substituted: bool = True, check: Check | None = None, **meanings: str
) -> Callable[[VerbFunction], VerbFunction]:
    """Put a function into the table, under its name and its aliases. A parameter whose name is a keyword of Python
    has `_` behind it. `meanings`: of arguments that `MEANINGS` does not know, or not so."""

    def add(function: VerbFunction) -> VerbFunction:
        parameters = inspect.signature(function).parameters
        keys = {parameter.removesuffix("_"): parameter for parameter in parameters if parameter not in IMPLIED}
        required = frozenset(
            key for key, parameter in keys.items() if parameters[parameter].default is inspect.Parameter.empty
        )
        hints = get_type_hints(function, include_extras=True)
        told = {key: meanings.get(key) or MEANINGS[key] for key in keys}
        for name in names:
            VERBS[name] = Verb(name, function, keys, hints, required, substituted, check, names, told)
        return function

    return add


def bind(name: str, arguments: Mapping[str, Any], module: str, *, value: Any = None, optional: bool = False) -> Action:
    """What a verb does on a stage, with these arguments. Raises VerbError."""
    found = VERBS.get(name)
    if found is None:
        raise VerbError(unknown("verb", name, sorted(VERBS)))
    given = {"value": value, "module": module, "optional": optional}
    if optional and "optional" not in found.hints:
        raise VerbError(f"{name}: {expected('an expect, which may be left out', 'optional: true')}")
    if value is not None and "value" not in found.hints:
        raise VerbError(f"{name}: {expected('named arguments', shown(value))}")
    written = {parameter: given[parameter] for parameter in given if parameter in found.hints}
    for key, argument in arguments.items():
        if key not in found.keys:
            raise VerbError(f"{name}: {unknown('argument', key, found.keys)}")
        written[found.keys[key]] = argument
    if missing := found.required - arguments.keys():
        raise VerbError(f"{name}: missing argument {' and '.join(map(repr, sorted(missing)))}")
    bound = {parameter: _read(found, parameter, argument) for parameter, argument in written.items()}
    if found.check is not None and (problem := found.check(bound)) is not None:
        raise VerbError(f"{name}: {problem}")
    late = {
        parameter: argument
        for parameter, argument in written.items()
        if found.substituted
        and isinstance(argument, str)
        and VARIABLE.search(argument)
        and kind_of(found.hints[parameter]).substituted
    }

    async def act(stage: Stage) -> None:
        texts = {key: _read(found, key, stage.variables.use(text)) for key, text in late.items()}
        try:
            await found.run(stage, **(bound | texts))
        except FAILURES:
            raise
        except Exception as error:
            stage.simulation.panics.note(stage.modules[module].number, f"the verb {name}", error)
            raise

    return act


def _read(found: Verb, parameter: str, argument: Any) -> Any:
    try:
        return kind_of(found.hints[parameter]).read(argument)
    except WrongValueError as error:
        key = found.name if parameter == "value" else f"{found.name}: {parameter.removesuffix('_')}"
        raise VerbError(f"{key}: {error.problem(argument)}") from None
