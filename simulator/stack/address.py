"""Addresses of the module's networks and of this machine's: a type, read and shown as text only at the edges."""

from ipaddress import AddressValueError, IPv4Address
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address
"""An address of an interface or a host. IPv4 only, until interfaces have others."""

LOOPBACK: Final = Address("127.0.0.1")
BROADCAST: Final = Address("255.255.255.255")
HOST_BROADCAST: Final = Address("127.255.255.255")
"""Reaches the programs of this machine that listen on all addresses, and those that listen at this one."""
NO_ADDRESS: Final = Address("0.0.0.0")
"""What an interface without address shows."""


def parse_address(text: str) -> Address | None:
    """The address that a text is, dotted; None for a name, and for a wrong address."""
    try:
        return Address(text)
    except AddressValueError:
        return None


def read_address(stored: bytes) -> Address:
    """The address that the flash has as dotted text. Raises ValueError."""
    return Address(stored.decode("latin-1"))


def address_text(address: Address) -> bytes:
    """An address as the module prints and stores it: dotted."""
    return str(address).encode()


def is_ipv6(text: str) -> bool:
    """Whether a text is an IPv6 address, and no name; a wrong one is neither."""
    return ":" in text
