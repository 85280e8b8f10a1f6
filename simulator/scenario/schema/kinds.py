"""Kinds of values: how each is read, what messages expect instead of a wrong one, and what editors are told. Sans-IO.

A kind is used wherever such a value stands: in a world file, in a scenario, as an argument of a verb.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from espat.core.suggestions import any_of, expected, nearest, shortened, unknown

T = TypeVar("T")

Reader = Callable[[Any], Any]
"""Turns what was written into what the program holds. Raises WrongValueError."""


class WrongValueError(Exception):
    """A value is none that can stand here. `right`: what could. `found`: how to name the value where it should not be
    shown as it is. `problem`: what to say instead of both."""

    def __init__(self, right: str, found: str | None = None, *, problem: str | None = None) -> None:
        super().__init__(problem or right)
        self.right = right
        self.found = found
        self._problem = problem

    def problem(self, value: object) -> str:
        """What is wrong with the value."""
        return self._problem or expected(self.right, self.found or shown(value))


def shown(value: object) -> str:
    """A value in a few words on one line, for a message."""
    if isinstance(value, str):
        return shortened(value)
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > 64:
        return "a huge number"
    if isinstance(value, int | float):
        return str(value)
    for types, name in (((Mapping,), "a table"), ((list, tuple), "a list"), ((bytes, bytearray), "bytes")):
        if isinstance(value, types):
            return name
    return "a date or time" if hasattr(value, "isoformat") else shortened(str(value))


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A kind of value. `right`: what it is, for messages and tables. `json`: the same as JSON Schema, or what makes
    that when it is wanted. `substituted`: whether variables of a scenario may stand in it, so that it has to be read
    again with their values."""

    right: str
    read: Callable[[Any], T]
    json: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = field(default_factory=dict)
    substituted: bool = False

    @property
    def json_schema(self) -> Mapping[str, Any]:
        """What editors are told of it."""
        return self.json() if callable(self.json) else self.json


def whole_number(least: int, most: int) -> Kind[int]:
    """Numbers from `least` to `most`, both included."""
    right = f"a whole number from {least} to {most}"

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise WrongValueError(right)
        return value

    return Kind(right, read, {"type": "integer", "minimum": least, "maximum": most})


def whole_number_text(least: int, most: int) -> Reader:
    """As `whole_number`, of a number in a text."""
    number = whole_number(least, most)

    def read(value: object) -> int:
        text = value if isinstance(value, str) and re.fullmatch(r"0|[1-9][0-9]{0,17}", value) else ""
        return number.read(int(text) if text else None)

    return read


def one_of(choices: Mapping[str, T], what: str = "value") -> Kind[T]:
    """Words, each of which stands for a value. `what` they are, in one word."""
    right = any_of(map(repr, choices))

    def read(value: object) -> T:
        if isinstance(value, str) and value in choices:
            return choices[value]
        if isinstance(value, str) and nearest(value.lower(), [choice.lower() for choice in choices]) is not None:
            raise WrongValueError(right, problem=unknown(what, value, choices))
        raise WrongValueError(right)

    return Kind(right, read, {"enum": list(choices)})


def text_from(reader: Callable[[str], T], right: str, *, pattern: str = "", substituted: bool = False) -> Kind[T]:
    """Texts that a function reads, which raises WrongValueError for others."""

    def read(value: object) -> T:
        if not isinstance(value, str):
            raise WrongValueError(right)
        return reader(value)

    return Kind(right, read, {"type": "string"} | ({"pattern": pattern} if pattern else {}), substituted)


def list_of(kind: Kind[T], right: str, limit: int | None = None) -> Kind[list[T]]:
    """Lists of values of one kind, at most `limit` of them."""

    def read(value: object) -> list[T]:
        if not isinstance(value, list):
            raise WrongValueError(right)
        if limit is not None and len(value) > limit:
            raise WrongValueError(f"at most {limit} of them", str(len(value)))
        found = []
        for item in value:
            try:
                found.append(kind.read(item))
            except WrongValueError as error:
                raise WrongValueError(right, f"{error.found or shown(item)} in it") from None
        return found

    bounds = {} if limit is None else {"maxItems": limit}
    return Kind(right, read, lambda: {"type": "array", "items": kind.json_schema, **bounds}, kind.substituted)


def either(kinds: Iterable[Kind[Any]]) -> Kind[Any]:
    """Values of the first kind that they fit."""
    choices = list(kinds)
    if len(choices) == 1:
        return choices[0]

    def read(value: object) -> Any:
        errors = []
        for kind in choices:
            try:
                return kind.read(value)
            except WrongValueError as error:
                errors.append(error.right)
        raise WrongValueError(" or ".join(errors))

    right = " or ".join(kind.right for kind in choices)
    schema = lambda: {"anyOf": [kind.json_schema for kind in choices]}  # noqa: E731
    return Kind(right, read, schema, any(kind.substituted for kind in choices))


def of_type(types: type | tuple[type, ...], right: str, json: str | list[str]) -> Kind[Any]:
    """Values as they are, of some types."""

    def read(value: object) -> Any:
        if not isinstance(value, types) or (isinstance(value, bool) and types is int):
            raise WrongValueError(right)
        return value

    return Kind(right, read, {"type": json})


BOOLEAN: Final = of_type(bool, "true or false", "boolean")
NUMBER: Final = of_type(int, "a number", "integer")
TEXT: Final = Kind[str]("a text", of_type(str, "a text", "string").read, {"type": "string"}, substituted=True)
TEXTS: Final = list_of(TEXT, "a list of texts")
ANYTHING: Final = Kind[Any]("anything", lambda value: value)
LIST: Final = of_type(list, "a list", "array")
TABLE: Final = of_type(Mapping, "a table", "object")
