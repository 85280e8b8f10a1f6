"""Addresses with ports."""

from functools import lru_cache
from typing import Final, NamedTuple

from espat.stack.address import Address


class Endpoint(NamedTuple):
    """An address and a port."""

    address: Address
    port: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"

    @property
    def of_socket(self) -> tuple[str, int]:
        """As the sockets of this machine have it."""
        return str(self.address), self.port


REMEMBERED: Final = 256
"""Addresses of sockets whose text need not be read again: each datagram has one, and few send many."""
_address = lru_cache(maxsize=REMEMBERED)(Address)


def socket_endpoint(name: tuple[str, int]) -> Endpoint:
    """What a socket of this machine tells of an end of it."""
    return Endpoint(_address(name[0]), name[1])


def split_endpoint(text: str) -> tuple[str, int | None]:
    """Cut `address:port` or `name:port`; the port is None where there is none. Raises ValueError."""
    address, colon, port = text.rpartition(":")
    if not colon:
        return text, None
    if not address or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(text)
    return address, int(port)
