"""The kinds of arguments a verb takes: each checks what was written, and says what would be right. Sans-IO."""

from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NewType, Union, get_args, get_origin

from espat.core.suggestions import right_word
from espat.dialects.loading import event_names, is_event
from espat.scenario.text.durations import read_seconds
from espat.scenario.text.variables import VARIABLE
from espat.stack.address import parse_address

Duration = NewType("Duration", float)
"""Seconds, written as `10s` or `250ms`."""
Data = NewType("Data", bytes)
"""Bytes, written as a text."""
Hexadecimal = NewType("Hexadecimal", bytes)
"""Bytes, written as pairs of hexadecimal digits."""
Milliseconds = NewType("Milliseconds", float)
"""Seconds, written as a number of milliseconds."""
Event = NewType("Event", str)
"""The name of an event of a module."""
Address = NewType("Address", str)
"""An IPv4 address."""
Port = Annotated[int, range(1, 65536)]
"""A TCP or UDP port."""

Count = Annotated[int, range(1, 100_001)]
"""How often."""


class WrongArgumentError(Exception):
    """An argument is none that the verb takes; the text is what would be right."""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise WrongArgumentError("a text")
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongArgumentError("a number")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise WrongArgumentError("true or false")
    return value


def _duration(value: Any) -> float:
    try:
        return read_seconds(value)
    except ValueError as error:
        raise WrongArgumentError(str(error)) from None


def _milliseconds(value: Any) -> float:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise WrongArgumentError("a number of milliseconds")
    return _duration(value / 1000)


def _data(value: Any) -> bytes:
    return value if isinstance(value, bytes) else _text(value).encode(errors="surrogateescape")


def _hexadecimal(value: Any) -> bytes:
    try:
        return bytes.fromhex(_text(value))
    except ValueError:
        raise WrongArgumentError("pairs of hexadecimal digits") from None


def _event(value: Any) -> str:
    text = _text(value)
    if not is_event(text) and not VARIABLE.search(text):  # else it is looked at when the variable has a value
        raise WrongArgumentError(right_word(text, event_names()))
    return text


def _address(value: Any) -> str:
    text = _text(value)
    if parse_address(text) is None and not VARIABLE.search(text):
        raise WrongArgumentError("an IPv4 address")
    return text


_READERS: Final[Mapping[Any, Callable[[Any], Any]]] = {
    str: _text,
    int: _number,
    bool: _truth,
    Duration: _duration,
    Milliseconds: _milliseconds,
    Data: _data,
    Hexadecimal: _hexadecimal,
    Event: _event,
    Address: _address,
}
TEXTUAL: Final = (str, Data, Event, Address)
"""Kinds in which variables may stand; they are read again with the values in them."""


def read_argument(hint: Any, value: Any) -> Any:
    """What a verb gets for an argument that was written. Raises WrongArgumentError."""
    origin = get_origin(hint)
    if origin is Literal:
        if value not in get_args(hint):
            raise WrongArgumentError(" or ".join(repr(choice) for choice in get_args(hint)))
        return value
    if origin in (Union, UnionType):
        choices = [choice for choice in get_args(hint) if choice is not NoneType]
        if value is None and len(choices) < len(get_args(hint)):
            return None
        return _first(choices, value)
    if origin is Annotated:
        kind, allowed = get_args(hint)
        number = read_argument(kind, value)
        if number not in allowed:
            raise WrongArgumentError(f"{allowed.start} to {allowed.stop - 1}")
        return number
    if origin is list:
        if not isinstance(value, list):
            raise WrongArgumentError("a list of texts")
        try:
            return [read_argument(get_args(hint)[0], item) for item in value]
        except WrongArgumentError:
            raise WrongArgumentError("a list of texts") from None
    return _READERS[hint](value)


def _first(choices: list[Any], value: Any) -> Any:
    right = []
    for choice in choices:
        try:
            return read_argument(choice, value)
        except WrongArgumentError as error:
            right.append(str(error))
    raise WrongArgumentError(" or ".join(right))
