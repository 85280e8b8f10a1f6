"""Typed arguments: from a handler's signature come parsing, checking and the error codes of a command's parameters.

A handler's parameters behind the first (the module) are annotated `Annotated[int, Range(0, 7200)]`,
`Annotated[bytes, Text(most=32)]` and so on. A parameter with a default may be omitted. What several commands take alike
is a NamedTuple of such parameters: one parameter of the handler, which stands for all its fields. Each command is
compiled once, when it is first used.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any, ClassVar, get_args, get_origin, get_type_hints

from espat.core.at.errors import CommandError, invalid, unparsable, wrong_count, wrong_length
from espat.core.at.grammar import OMITTED, Parameter

UNSIGNED_32: int = 2**32 - 1


class Argument:
    """One parameter of a command: its type, and what values it takes.

    Subclasses override `check`, and `present` for a parameter that some states of the module do without.
    """

    wire_type: ClassVar[type[int] | type[bytes]] = int

    omittable: ClassVar[bool] = False
    """Whether the parameter, though mandatory, may be left empty; the handler gets None then."""

    def check(self, value: Any, position: int) -> Any:
        """The value as the handler gets it. Raises CommandError; `position` counts from 1."""
        return value

    def present(self, context: Any) -> bool:
        """Whether the parameter is part of the command now; if not, the handler gets `absent`."""
        return True

    absent: ClassVar[Any] = None

    def describe(self) -> str:
        """The values in words, for the reference page."""
        return "any"


class Range(Argument):
    """A number from `least` to `most`, both included."""

    def __init__(self, least: int, most: int) -> None:
        self.least = least
        self.most = most

    def check(self, value: int, position: int) -> int:
        if not self.least <= value <= self.most:
            raise invalid(position)
        return value

    def describe(self) -> str:
        return f"{self.least}..{self.most}"


class OneOf(Argument):
    """One of a few numbers."""

    def __init__(self, *values: int) -> None:
        self.values = values

    def check(self, value: int, position: int) -> int:
        if value not in self.values:
            raise invalid(position)
        return value

    def describe(self) -> str:
        return ", ".join(map(str, self.values))


class Flag(Argument):
    """0 or 1; the handler gets a bool."""

    def check(self, value: int, position: int) -> bool:
        if value not in (0, 1):
            raise invalid(position)
        return value == 1

    def describe(self) -> str:
        return "0, 1"


class Text(Argument):
    """A quoted string of `least` to `most` bytes."""

    wire_type = bytes

    def __init__(self, most: int, least: int = 0) -> None:
        self.least = least
        self.most = most

    def check(self, value: bytes, position: int) -> Any:
        if not self.least <= len(value) <= self.most:
            raise wrong_length(position)
        return value

    def describe(self) -> str:
        return f"string, {self.least}..{self.most} bytes"


class Secret(Text):
    """A quoted string that no log shows."""

    def secret(self, value: bytes) -> bytes:
        """The part of it that no log shows; none where it has no secret."""
        return value


class Word(Argument):
    """One of a few quoted words."""

    wire_type = bytes

    def __init__(self, *words: bytes) -> None:
        self.words = words

    def check(self, value: bytes, position: int) -> bytes:
        if value not in self.words:
            raise invalid(position)
        return value

    def describe(self) -> str:
        return ", ".join(f'"{word.decode()}"' for word in self.words)


Bool = Annotated[bool, Flag()]
"""A 0 or 1 that the handler gets as a bool."""

Seconds = Range
"""A range in seconds."""
Milliseconds = Range
"""A range in milliseconds."""
Count = Range
"""A range of a number of things."""


class _Slot:
    """One parameter of one handler."""

    __slots__ = ("argument", "default", "mandatory", "name")

    def __init__(self, name: str, argument: Argument, default: Any) -> None:
        self.name = name
        self.argument = argument
        self.mandatory = default is inspect.Parameter.empty
        self.default = None if self.mandatory else default


class Signature:
    """A handler's parameters, ready to bind a command line's to.

    A last one with a star takes as many as there are: `*suites: Annotated[int, Range(0, 0xFFFF)]`.
    """

    def __init__(self, handler: Callable[..., Any], *, reports_codes: bool = True) -> None:
        """Read the signature of `handler`. Raises TypeError when a parameter bears no Argument.

        `reports_codes`: False for the commands of the open source part, whose count and range errors have no code.
        """
        self._reports_codes = reports_codes
        self._slots: list[_Slot] = []
        self._repeated: _Slot | None = None
        self._shared: list[tuple[slice, Callable[..., Any]]] = []  # which slots make one value, the last ones first
        for parameter, hint in _parameters(handler):
            if isinstance(hint, type) and issubclass(hint, tuple):
                fields = [_slot(each, of_field) for each, of_field in _parameters(hint)]
                self._shared.insert(0, (slice(len(self._slots), len(self._slots) + len(fields)), hint))
                self._slots += fields
            elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                self._repeated = _slot(parameter, hint)
            else:
                self._slots.append(_slot(parameter, hint))
        self._always_present = all(type(slot.argument).present is Argument.present for slot in self._slots)
        self._least = _least(self._slots)

    @property
    def arguments(self) -> list[tuple[str, Argument, bool]]:
        """Name, argument and whether it is mandatory, in order; one that may be repeated stands there once."""
        slots = [*self._slots, self._repeated] if self._repeated is not None else self._slots
        return [(slot.name, slot.argument, slot.mandatory and slot is not self._repeated) for slot in slots]

    def bind(self, context: Any, parameters: Sequence[Parameter]) -> list[Any]:
        """The values to call the handler with, in order.

        Raises CommandError with the code of the first thing that is wrong: the count, then parameter by parameter.
        """
        slots, least = self._slots, self._least
        if not slots and not parameters:
            return []
        if not self._always_present:
            slots = [slot for slot in slots if slot.argument.present(context)]
            least = _least(slots)
        given = len(parameters)
        if given < least or (given > len(slots) and self._repeated is None):
            error = wrong_count(least if given < least else len(slots), given)
            raise error if self._reports_codes else CommandError
        bound = []
        for position, parameter in enumerate(parameters, 1):
            slot = slots[position - 1] if position <= len(slots) else self._repeated
            assert slot is not None  # the count is right
            bound.append(self._value(slot, parameter, position))
        bound += [slot.default for slot in slots[given:]]
        if len(slots) < len(self._slots):
            for index, slot in enumerate(self._slots):
                if slot not in slots:
                    bound.insert(index, slot.argument.absent)
        for which, make in self._shared:
            bound[which] = [make(*bound[which])]
        return bound

    def _value(self, slot: _Slot, parameter: Parameter, position: int) -> Any:
        if parameter is OMITTED:
            if slot.mandatory and not slot.argument.omittable:
                raise unparsable(position) if self._reports_codes else CommandError
            return slot.default
        if type(parameter) is not slot.argument.wire_type:
            raise unparsable(position)
        try:
            return slot.argument.check(parameter, position)
        except CommandError:
            if self._reports_codes:
                raise
            raise CommandError from None


def _least(slots: Sequence[_Slot]) -> int:
    """How many parameters there must be: as far as the last mandatory one."""
    return max((count for count, slot in enumerate(slots, 1) if slot.mandatory), default=0)


def _parameters(handler: Callable[..., Any]) -> list[tuple[inspect.Parameter, Any]]:
    """Those of a handler behind the module, or the fields of a NamedTuple."""
    hints = get_type_hints(handler, include_extras=True)
    parameters = list(inspect.signature(handler).parameters.values())[0 if isinstance(handler, type) else 1 :]
    return [(parameter, hints.get(parameter.name)) for parameter in parameters]


def _slot(parameter: inspect.Parameter, hint: Any) -> _Slot:
    for part in (hint, *get_args(hint)):  # Annotated[...] | None: the annotation is one of the alternatives
        if get_origin(part) is Annotated:
            for extra in part.__metadata__:
                if isinstance(extra, Argument):
                    return _Slot(parameter.name, extra, parameter.default)
    raise TypeError(f"parameter {parameter.name} bears no Argument")
