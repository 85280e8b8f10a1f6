"""The kinds of arguments a verb takes, by the types of its parameters. Sans-IO."""

from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NewType, Union, get_args, get_origin

from espat.scenario.reading.events import EVENT, read_event
from espat.scenario.schema.kinds import (
    BOOLEAN,
    NUMBER,
    TEXT,
    Kind,
    WrongValueError,
    either,
    list_of,
    shown,
    text_from,
    whole_number,
)
from espat.scenario.text.durations import read_seconds
from espat.scenario.text.values import DURATION
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

MEANINGS: Final[Mapping[str, str]] = {
    "address": "an IPv4 address",
    "also": "lines like this one are ignored",
    "blanks": "`lenient`: empty lines do not count",
    "channel": "its channel",
    "client": "how a client calls itself",
    "client_auth": "`required`: nobody is taken without a certificate",
    "client_cert": "whether a certificate is shown",
    "client_id": "how a client of its broker calls itself",
    "command": "a line that is typed",
    "data": "the bytes",
    "dhcp": "whether it gives addresses",
    "event": "something that happens in the module",
    "from_port": "the UDP port that it comes from",
    "guard_ms": "silence around it",
    "hidden": "whether its beacons keep its name to themselves",
    "host": "name or address of a host in memory",
    "internet": "whether it leads anywhere beyond its own network",
    "ip": "the address that it gets",
    "module_prints": "a line that the module prints",
    "ms": "how long",
    "name": "a name that DNS knows",
    "nth": "that time, from the last one that was waited for",
    "or": "these lines do as well",
    "password": "of the network",
    "peer": "`id` of a peer, or name or address of a host of the world",
    "port": "a port",
    "proto": "what is spoken there",
    "reason": "802.11 reason code",
    "reset": "a reset instead of a close",
    "qos": "the quality of service",
    "retain": "whether the broker keeps it for those who come later",
    "rssi": "how strong it is heard, in dBm",
    "ssid": "name of the network",
    "time": "how long",
    "topic": "what it is about",
    "type": "how it tells them",
    "within": "how long it may take, in module time",
    "within_ms": "how long it may take, in module time",
}
"""What arguments mean, by name: the same everywhere, unless a verb says otherwise of its own."""


def _milliseconds(value: Any) -> float:
    right = "a number of milliseconds"
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise WrongValueError(right)
    try:
        return read_seconds(value / 1000)
    except (ValueError, OverflowError):
        raise WrongValueError(f"{right}, of at most a year") from None


def _data(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise WrongValueError(TEXT.right)
    return value.encode(errors="surrogateescape")


def _hexadecimal(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise WrongValueError("pairs of hexadecimal digits") from None


def _event(value: Any) -> str:
    if isinstance(value, str) and VARIABLE.search(value):  # it is looked at when the variable has a value
        return value
    return read_event(value)


def _address(text: str) -> str:
    if parse_address(text) is None and not VARIABLE.search(text):
        raise WrongValueError("an IPv4 address")
    return text


_OF_VARIABLES: Final = {"type": "string", "pattern": r"\{\{\w+\}\}"}

_KINDS: Final[Mapping[Any, Kind[Any]]] = {
    str: TEXT,
    int: NUMBER,
    bool: BOOLEAN,
    Duration: DURATION,
    Milliseconds: Kind("a number of milliseconds", _milliseconds, {"type": "integer", "minimum": 0}),
    Data: Kind("a text", _data, {"type": "string"}, substituted=True),
    Hexadecimal: text_from(_hexadecimal, "pairs of hexadecimal digits", pattern=r"^\s*([0-9A-Fa-f]{2}\s*)*$"),
    Event: Kind(EVENT.right, _event, lambda: {"anyOf": [EVENT.json_schema, _OF_VARIABLES]}, substituted=True),
    Address: text_from(_address, "an IPv4 address", substituted=True),
}


@cache
def kind_of(hint: Any) -> Kind[Any]:
    """The kind of an argument whose parameter has this type."""
    origin = get_origin(hint)
    if origin is Literal:
        return _literal(get_args(hint))
    if origin in (Union, UnionType):
        choices = [kind_of(choice) for choice in get_args(hint) if choice is not NoneType]
        kind = either(choices)
        return _or_nothing(kind) if len(choices) < len(get_args(hint)) else kind
    if origin is Annotated:
        _, allowed = get_args(hint)
        return whole_number(allowed.start, allowed.stop - 1)
    if origin is list:
        return list_of(kind_of(get_args(hint)[0]), "a list of texts")
    return _KINDS[hint]


def _literal(choices: tuple[str, ...]) -> Kind[str]:
    right = " or ".join(map(repr, choices))

    def read(value: Any) -> str:
        for choice in choices:
            if value == choice:
                return choice
        raise WrongValueError(right, shown(value))

    return Kind(right, read, {"enum": list(choices)})


def _or_nothing(kind: Kind[Any]) -> Kind[Any]:
    """Nothing written is nothing said."""
    return Kind(kind.right, lambda value: None if value is None else kind.read(value), kind.json, kind.substituted)
