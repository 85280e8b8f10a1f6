"""The single values of a world file, each with what would be right instead. Sans-IO."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any, Final

from espat.core.ports.uri import parse_link
from espat.core.suggestions import any_of, nearest
from espat.radio.security import Security
from espat.scenario.text.durations import read_seconds
from espat.stack.address import parse_address
from espat.stack.endpoint import split_endpoint

LONGEST_FIGURE: Final = 86400
"""Seconds a figure of the timing can have."""
SHORTEST_LEASE: Final = 10
"""Seconds an address is given for at least."""
LATEST_TIME: Final = 4_228_588_800
"""1 January 2104, in seconds since 1970: the last time NTP can tell is in February of that year (RFC 4330)."""
SHOWN: Final = 40
"""Characters of a found value that a message shows."""
TIME: Final = 'a time like "2026-01-01T00:00:00Z", from 1970 to 2103'
SSID: Final = "a string of 1 to 32 bytes"


class WrongValueError(Exception):
    """A value is none that a key can have. `found`: how to name the value where it should not be shown as it is."""

    def __init__(self, right: str, found: str | None = None) -> None:
        super().__init__(right)
        self.right = right
        self.found = found


Reader = Callable[[object], Any]
"""Turns a value of a TOML document into what a World holds. Raises WrongValueError."""

# What messages show


def shown(text: str, most: int = SHOWN) -> str:
    """Text on one line, cut."""
    return repr(text[:most])[1:-1] + ("..." if len(text) > most else "")


def shown_key(key: str) -> str:
    """A key as TOML writes it."""
    return key if len(key) <= SHOWN and re.fullmatch(r"[A-Za-z0-9_-]+", key) else f'"{shown(key)}"'


def shown_value(value: object) -> str:
    """A value of a TOML document, in a few words."""
    if isinstance(value, str):
        return f'"{shown(value)}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > 64:
        return "a huge number"
    if isinstance(value, int | float):
        return str(value)
    return "a table" if isinstance(value, Mapping) else "an array" if isinstance(value, list) else "a date or time"


# Readers of single values


def _string(value: object, right: str, found: str | None = None) -> str:
    if not isinstance(value, str):
        raise WrongValueError(right, found)
    return value


def whole_number(least: int, most: int) -> Reader:
    """A reader of numbers from `least` to `most`, both included."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise WrongValueError(f"a whole number from {least} to {most}")
        return value

    return read


def whole_number_text(least: int, most: int) -> Reader:
    """As `whole_number`, of a number in a text."""

    def read(value: object) -> int:
        text = value if isinstance(value, str) and re.fullmatch(r"0|[1-9][0-9]{0,17}", value) else ""
        number: int = whole_number(least, most)(int(text) if text else None)
        return number

    return read


def read_boolean(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise WrongValueError("true or false")
    return value


def one_of(choices: Mapping[str, object]) -> Reader:
    """A reader of words: each stands for a value."""

    def read(value: object) -> object:
        if not isinstance(value, str) or value not in choices:
            folded = {choice.lower(): choice for choice in choices}
            near = nearest(value.lower(), folded) if isinstance(value, str) else None
            raise WrongValueError(any_of(f'"{choice}"' for choice in ([folded[near]] if near else choices)))
        return choices[value]

    return read


def read_ssid(value: object) -> bytes:
    """1 to 32 bytes (IEEE 802.11)."""
    ssid = _string(value, SSID).encode()
    if not 1 <= len(ssid) <= 32:
        raise WrongValueError(SSID, f"{len(ssid)} bytes")
    return ssid


def read_password(value: object) -> bytes:
    """Any bytes; `right_password` knows which ones fit the security."""
    # Messages end up in logs: they never show a password, not even one without its quotes.
    return _string(value, "a string", "a number" if isinstance(value, int | float) else None).encode()


def read_mac(value: object) -> bytes:
    """Six bytes: the address of one station, not of a group."""
    right = 'a station address like "ca:6f:00:00:00:01"'
    text = _string(value, right)
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", text):
        raise WrongValueError(right)
    mac = bytes.fromhex(text.replace(":", ""))
    if mac[0] & 1 or not any(mac):
        raise WrongValueError("a unicast address (the first byte even, not all zero)")
    return mac


def read_subnet(value: object) -> IPv4Network:
    """A subnet from /8 to /30, not of loopback."""
    right = 'a subnet like "192.168.3.0/24"'
    text = _string(value, right)
    if not re.fullmatch(r"[0-9.]+/[0-9]+", text):
        raise WrongValueError(right)
    try:
        subnet = IPv4Network(text, strict=False)
    except ValueError:
        raise WrongValueError(right) from None
    if not 8 <= subnet.prefixlen <= 30:
        raise WrongValueError("a prefix from /8 to /30, with room for the gateway and a station")
    if str(subnet) != text:
        raise WrongValueError(f'"{subnet}"')
    if not _is_unicast(subnet.network_address) or subnet.is_loopback:
        raise WrongValueError("a subnet of unicast addresses, not loopback")
    return subnet


def _is_unicast(address: IPv4Address) -> bool:
    return 1 <= address.packed[0] <= 223


def read_address(value: object, right: str = 'an IPv4 address like "192.168.3.112"') -> IPv4Address:
    """Any IPv4 address. `right`: what an error says would be right."""
    text = _string(value, right)
    address = parse_address(text)
    if address is None:
        raise WrongValueError(right)
    return address


def read_listen_address(value: object) -> IPv4Address:
    """An address that this machine may have, or 0.0.0.0 for all of them."""
    right = 'an IPv4 address of this machine like "127.0.0.1"'
    address = read_address(value, right)
    if not _is_unicast(address) and not address.is_unspecified:
        raise WrongValueError(right)
    return address


def read_station_address(value: object, right: str = 'an IPv4 address like "192.168.4.2"') -> IPv4Address:
    """The address of one host, not of loopback."""
    address = read_address(value, right)
    if not _is_unicast(address) or address.is_loopback:
        raise WrongValueError(right)
    return address


def read_link(value: object) -> str:
    """Where a serial port appears: a path, or the URI of a port that is no program."""
    right = 'a path like "./ttyESP{n}", or a URI like "tcp:127.0.0.1:9000"'
    link = _string(value, right)
    try:
        if parse_link(link).scheme == "exec":
            raise WrongValueError("a port that is no program")
    except ValueError:
        raise WrongValueError(right) from None
    return link


def read_flash(value: object, folder: Path, number: str) -> str:
    """The path of a flash file. `folder`: where it is from; `number`: of the module, which `{n}` stands for."""
    right = 'a path like "esp.bin"'
    name = _string(value, right)
    if not name or "\0" in name:
        raise WrongValueError(right)
    return str(folder / name.replace("{n}", number))


def read_host_name(value: object) -> str:
    """A name that DNS knows, in lower case."""
    right = 'a name like "broker.example.com"'
    name = _string(value, right)
    if not _is_host_name(name) or parse_address(name) is not None:
        raise WrongValueError(right)
    return name.lower()


def read_time(value: object) -> float:
    """A time of day in seconds since 1970."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise WrongValueError(TIME) from None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise WrongValueError(TIME)
    seconds = value.timestamp()
    if not 0 <= seconds < LATEST_TIME:
        raise WrongValueError(TIME)
    return seconds


def read_lease_time(value: object) -> float:
    """Seconds a DHCP server gives an address for."""
    try:
        seconds = read_seconds(value)
    except ValueError as error:
        raise WrongValueError(str(error)) from None
    if seconds < SHORTEST_LEASE:
        raise WrongValueError(f"at least {SHORTEST_LEASE} s")
    return seconds


def read_duration(value: object) -> float:
    """Seconds, from 0 to a day, written with `s` or `ms` or as a number."""
    right = f'"2.5s", "120ms" or a number of seconds, from 0 to {LONGEST_FIGURE} s'
    seconds: float
    if isinstance(value, str):
        parts = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?(ms|s)", value)
        if parts is None:
            raise WrongValueError(right)
        seconds = float(parts[1]) / (1000 if parts[2] == "ms" else 1)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = value
    else:
        raise WrongValueError(right)
    if not 0 <= seconds <= LONGEST_FIGURE:
        raise WrongValueError(right)
    return float(seconds)


def _before_port(endpoint: str) -> str | None:
    """The part before the port of an endpoint, which need not have one; None when the port is none."""
    try:
        name, port = split_endpoint(endpoint)
    except ValueError:
        return None
    return name if port is None or endpoint == f"{name}:{port}" else None  # "0080" would never be found


def check_host(key: str) -> None:
    """Check the left side of an entry of [hosts]."""
    right = "an IPv4 address or a name, with :port (1..65535) or without"
    name = _before_port(key) or ""
    if not _is_host_name(name):
        raise WrongValueError(right)


def _is_host_name(name: str) -> bool:
    """Whether it is a name or an address."""
    label = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
    if len(name) > 253 or not re.fullmatch(rf"{label}(?:\.{label})*", name):
        return False
    return parse_address(name) is not None or not re.fullmatch(r"[0-9.]+", name)


def read_host_target(value: object) -> str:
    """The right side of an entry of [hosts]: an address, with a port or without."""
    right = 'an IPv4 address, with a port or without, like "127.0.0.1:8080"'
    if isinstance(value, Mapping):
        raise WrongValueError('a string behind a name in quotes ("broker.example.com" = "127.0.0.1")')
    text = _string(value, right)
    if parse_address(_before_port(text) or "") is None:
        raise WrongValueError(right)
    return text


def right_password(security: Security, password: bytes) -> str | None:
    """What a password should be instead; None when it fits the security."""
    digits = re.fullmatch(rb"[0-9A-Fa-f]+", password) is not None
    length = len(password)
    if security.name == "wep":
        fits = length in (5, 13) or (digits and length in (10, 26))
        return None if fits else "5 or 13 bytes or 10 or 26 hexadecimal digits"
    if security.encrypted and "psk" in security.name:
        # A network that no station of ours can join needs no password to be seen.
        fits = 8 <= length <= 63 or (digits and length == 64) or (not length and not security.personal)
        return None if fits else "8 to 63 bytes or 64 hexadecimal digits"
    return None if not length else "no password"
