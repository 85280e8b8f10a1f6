"""Addresses with ports."""

from ipaddress import IPv4Address
from typing import Final, NamedTuple

LOOPBACK: Final = "127.0.0.1"
BROADCAST: Final = "255.255.255.255"
HOST_BROADCAST: Final = "127.255.255.255"
"""Reaches the programs of this machine that listen on all addresses, and those that listen at this one."""
NO_ADDRESS: Final = "0.0.0.0"
"""What an interface without address shows."""


class Endpoint(NamedTuple):
    """An IPv4 address, dotted, and a port."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


def is_address(text: str) -> bool:
    """Whether a text is a dotted IPv4 address."""
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def is_ipv6(text: str) -> bool:
    """Whether a text is an IPv6 address, and no name; a wrong one is neither."""
    return ":" in text


def is_loopback(address: str) -> bool:
    """Whether an address means this machine and nothing else."""
    return address.startswith("127.")


def split_endpoint(text: str) -> tuple[str, int | None]:
    """Cut `address:port` or `name:port`; the port is None where there is none. Raises ValueError."""
    address, colon, port = text.rpartition(":")
    if not colon:
        return text, None
    if not address or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(text)
    return address, int(port)
