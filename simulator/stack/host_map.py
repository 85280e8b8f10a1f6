"""The module's addresses and this machine's: translation both ways, by the world's `[hosts]`.

To this machine: exact `address:port`, then `address`, then the name (with port, then without); the gateway and
loopback addresses are this machine; any other address of the subnet is nobody's; the rest is the host's network.
Back: the same entries reversed, preferring one in the subnet of the interface, else the address as it is.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Final, NamedTuple

from simulator.stack.lan import Lan

LOOPBACK: Final = "127.0.0.1"


class Endpoint(NamedTuple):
    """An IPv4 address, dotted, and a port."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


class UnreachableError(Exception):
    """Nobody has that address."""


def is_address(text: str) -> bool:
    """Whether a text is a dotted IPv4 address."""
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


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


class HostMap:
    """The translation table of one simulation."""

    def __init__(self, hosts: Mapping[str, str] | None = None, *, offline: bool = False) -> None:
        """`hosts`: what the module addresses to what this machine has, each with or without a port.
        `offline`: nothing but the entries, the gateway and loopback can be reached."""
        self.offline = offline
        self._entries = {key.lower(): split_endpoint(value) for key, value in (hosts or {}).items()}
        self._reversed: dict[tuple[str, int | None], list[tuple[str, int | None]]] = {}
        for key, target in self._entries.items():
            name, port = split_endpoint(key)
            if is_address(name):
                self._reversed.setdefault(target, []).append((name, port))

    def to_host(self, address: str, port: int, lan: Lan | None) -> Endpoint:
        """Where on this machine or its network an address of the module's is. Raises UnreachableError."""
        for key in (f"{address}:{port}", address):
            if key in self._entries:
                return self._endpoint(key, port)
        if is_loopback(address):
            return Endpoint(address, port)
        if lan is not None:
            if address == lan.gateway:
                return Endpoint(LOOPBACK, port)
            if lan.contains(address):
                raise UnreachableError(address)
        if self.offline:
            raise UnreachableError(address)
        return Endpoint(address, port)

    def name_to_host(self, name: str, port: int) -> Endpoint | None:
        """Where an entry says that a name is; None when there is no entry."""
        for key in (f"{name.lower()}:{port}", name.lower()):
            if key in self._entries:
                return self._endpoint(key, port)
        return None

    def to_module(self, address: str, port: int, lan: Lan | None) -> Endpoint:
        """What the module calls an address of this machine or its network."""
        for target, at_port in (((address, port), None), ((address, None), port)):
            names = self._reversed.get(target)
            if names:
                near = [name for name in names if lan is not None and lan.contains(name[0])]
                found, found_port = (near or names)[0]
                return Endpoint(found, found_port or at_port or port)
        return Endpoint(address, port)

    def _endpoint(self, key: str, port: int) -> Endpoint:
        address, to_port = self._entries[key]
        return Endpoint(address, to_port or port)
