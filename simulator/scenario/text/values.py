"""The kinds of values that a world has: names, addresses, passwords, times. Sans-IO."""

import re
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from espat.core.ports.uri import parse_link
from espat.radio.security import SECURITIES, Security
from espat.scenario.schema.kinds import Kind, WrongValueError, one_of, text_from
from espat.scenario.text.durations import LONGEST, PATTERN, read_seconds
from espat.scenario.text.durations import RIGHT as DURATION_RIGHT
from espat.stack.address import parse_address
from espat.stack.endpoint import split_endpoint

LONGEST_FIGURE: Final = 86400.0
"""Seconds a figure of the timing can have."""
SHORTEST_LEASE: Final = 10.0
"""Seconds an address is given for at least."""
LATEST_TIME: Final = 4_228_588_800
"""1 January 2104, in seconds since 1970: the last time NTP can tell is in February of that year (RFC 4330)."""
_ADDRESS: Final = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$"
_MAC: Final = "^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$"


def duration(least: float = 0.0, most: float = LONGEST) -> Kind[float]:
    """Durations of `least` to `most` seconds: `10s`, `250ms`, `5min`, or a number of seconds."""
    bounds = [f" of at least {least:g} s"] * (least > 0) + [f" of at most {most:g} s"] * (most < LONGEST)
    right = DURATION_RIGHT + ",".join(["", *bounds])

    def read(value: object) -> float:
        try:
            seconds = read_seconds(value)
        except ValueError as error:
            raise WrongValueError(right if bounds else str(error)) from None
        if not least <= seconds <= most:
            raise WrongValueError(right)
        return seconds

    number = {"type": "number", "minimum": least, "maximum": most}
    return Kind(right, read, {"anyOf": [number, {"type": "string", "pattern": f"^{PATTERN}$"}]})


DURATION: Final = duration()
FIGURE: Final = duration(most=LONGEST_FIGURE)
LEASE_TIME: Final = duration(SHORTEST_LEASE)


def _ssid(text: str) -> bytes:
    ssid = text.encode()
    if not 1 <= len(ssid) <= 32:
        raise WrongValueError(SSID.right, f"{len(ssid)} bytes")
    return ssid


SSID: Final = text_from(_ssid, "a text of 1 to 32 bytes")
"""The name of a network (IEEE 802.11)."""


def _password(value: object) -> bytes:
    # Messages end up in logs: they never show a password, not even one without its quotes.
    if not isinstance(value, str):
        raise WrongValueError("a text", "a number" if isinstance(value, int | float) else None)
    return value.encode()


PASSWORD: Final = Kind("a text", _password, {"type": "string"})
"""Any bytes; `right_password` knows which ones fit the security."""

_BY_NUMBER: Final = {security.number: security for security in SECURITIES.values()}
_NAMED: Final = one_of(SECURITIES, "security")


def _security(value: object) -> Security:
    if isinstance(value, int) and not isinstance(value, bool):
        if value not in _BY_NUMBER:
            raise WrongValueError(f"a name, or a number of AT+CWLAP from 0 to {max(_BY_NUMBER)}")
        return _BY_NUMBER[value]
    return _NAMED.read(value)


SECURITY: Final = Kind(
    _NAMED.right,
    _security,
    {"anyOf": [_NAMED.json_schema, {"type": "integer", "minimum": 0, "maximum": max(_BY_NUMBER)}]},
)
"""What an access point demands, by its name or the number that AT+CWLAP shows."""


def _mac(text: str) -> bytes:
    if not re.fullmatch(_MAC, text):
        raise WrongValueError(MAC.right)
    mac = bytes.fromhex(text.replace(":", ""))
    if mac[0] & 1 or not any(mac):
        raise WrongValueError("a unicast address (the first byte even, not all zero)")
    return mac


MAC: Final = text_from(_mac, "a MAC address like 'ca:6f:00:00:00:01'", pattern=_MAC)
"""The address of one station, not of a group: six bytes."""


def _subnet(text: str) -> IPv4Network:
    if not re.fullmatch(r"[0-9.]+/[0-9]+", text):
        raise WrongValueError(SUBNET.right)
    try:
        subnet = IPv4Network(text, strict=False)
    except ValueError:
        raise WrongValueError(SUBNET.right) from None
    if not 8 <= subnet.prefixlen <= 30:
        raise WrongValueError("a prefix from /8 to /30, with room for the gateway and a station")
    if str(subnet) != text:
        raise WrongValueError(f"'{subnet}'")
    if not _is_unicast(subnet.network_address) or subnet.is_loopback:
        raise WrongValueError("a subnet of unicast addresses, not loopback")
    return subnet


SUBNET: Final = text_from(_subnet, "a subnet like '192.168.3.0/24'", pattern=_ADDRESS[:-1] + "/[0-9]{1,2}$")
"""From /8 to /30, not of loopback."""


def _is_unicast(address: IPv4Address) -> bool:
    return 1 <= address.packed[0] <= 223


def address(example: str) -> Kind[IPv4Address]:
    """Any IPv4 address. `example`: one for messages."""
    right = f"an IPv4 address like '{example}'"

    def read(text: str) -> IPv4Address:
        found = parse_address(text)
        if found is None:
            raise WrongValueError(right)
        return found

    return text_from(read, right, pattern=_ADDRESS)


def host_address(example: str) -> Kind[IPv4Address]:
    """The address of one host, not of loopback. `example`: one for messages."""
    any_address = address(example)

    def read(text: str) -> IPv4Address:
        found = any_address.read(text)
        if not _is_unicast(found) or found.is_loopback:
            raise WrongValueError(any_address.right)
        return found

    return text_from(read, any_address.right, pattern=_ADDRESS)


def _listen_address(text: str) -> IPv4Address:
    found = parse_address(text)
    if found is None or not (_is_unicast(found) or found.is_unspecified):
        raise WrongValueError(LISTEN_ADDRESS.right)
    return found


LISTEN_ADDRESS: Final = text_from(_listen_address, "an IPv4 address of this machine like '127.0.0.1'", pattern=_ADDRESS)
"""An address that this machine may have, or 0.0.0.0 for all of them."""


def _link(text: str) -> str:
    try:
        if parse_link(text).scheme == "exec":
            raise WrongValueError("a port that is no program")
    except ValueError:
        raise WrongValueError(LINK.right) from None
    return text


LINK: Final = text_from(_link, "a path like './ttyESP{n}', or a URI like 'tcp:127.0.0.1:9000'")
"""Where a serial port appears: a path, or the URI of a port that is no program."""


def _path(text: str) -> str:
    if not text or "\0" in text:
        raise WrongValueError(FLASH_PATH.right)
    return text


FLASH_PATH: Final = text_from(_path, "a path like 'esp.bin'")


def _host_name(text: str) -> str:
    if not _is_host_name(text) or parse_address(text) is not None:
        raise WrongValueError(HOST_NAME.right)
    return text.lower()


HOST_NAME: Final = text_from(_host_name, "a name like 'broker.example.com'")
"""A name that DNS knows, in lower case."""


def _time(value: object) -> float:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise WrongValueError(TIME.right) from None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise WrongValueError(TIME.right)
    seconds = value.timestamp()
    if not 0 <= seconds < LATEST_TIME:
        raise WrongValueError(TIME.right)
    return seconds


TIME: Final = Kind("a time like '2026-01-01T00:00:00Z', from 1970 to 2103", _time, {"type": "string"})
"""A time of day, with its zone, in seconds since 1970."""


def _before_port(endpoint: str) -> str | None:
    """The part before the port of an endpoint, which need not have one; None when the port is none."""
    try:
        name, port = split_endpoint(endpoint)
    except ValueError:
        return None
    return name if port is None or endpoint == f"{name}:{port}" else None  # "0080" would never be found


def _endpoint(text: str) -> str:
    if not _is_host_name(_before_port(text) or ""):
        raise WrongValueError(ENDPOINT.right)
    return text


ENDPOINT: Final = text_from(_endpoint, "an IPv4 address or a name, with :port (1 to 65535) or without")
"""The left side of an entry of `[hosts]`."""


def _is_host_name(name: str) -> bool:
    """Whether it is a name or an address."""
    label = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
    if len(name) > 253 or not re.fullmatch(rf"{label}(?:\.{label})*", name):
        return False
    return parse_address(name) is not None or not re.fullmatch(r"[0-9.]+", name)


def _target(value: object) -> str:
    if isinstance(value, dict):
        raise WrongValueError("a text behind a name in quotes ('broker.example.com' = '127.0.0.1')")
    if not isinstance(value, str) or parse_address(_before_port(value) or "") is None:
        raise WrongValueError(TARGET.right)
    return value


TARGET: Final = Kind("an IPv4 address, with a port or without, like '127.0.0.1:8080'", _target, {"type": "string"})
"""The right side of an entry of `[hosts]`: an address, with a port or without."""


def _port_key(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text) or int(text) > 65535:
        raise WrongValueError(PORT_KEY.right)
    return int(text)


PORT_KEY: Final = text_from(_port_key, "a whole number from 1 to 65535")
"""A port as the key of a table."""


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
