"""The module's addresses and this machine's: translation both ways, by the world's `[hosts]`.

To this machine: exact `address:port`, then `address`, then the name (with port, then without); the gateway and
loopback addresses are this machine; any other address of the subnet, and the limited broadcast, is nobody's; the rest
is the host's network.
Back: the same entries reversed, preferring one in the subnet of the interface, else the address as it is; this
machine comes through the gateway.
"""

from collections.abc import Mapping

from espat.stack.endpoint import (
    BROADCAST,
    HOST_BROADCAST,
    LOOPBACK,
    NO_ADDRESS,
    Endpoint,
    is_address,
    is_loopback,
    split_endpoint,
)
from espat.stack.errors import UnreachableError
from espat.stack.lan import Lan


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

    def set_name(self, name: str, address: str | None) -> None:
        """From now on a name leads to this address; None: it has no entry, with or without a port."""
        name = name.lower()
        for key in [key for key in self._entries if split_endpoint(key)[0] == name]:
            del self._entries[key]
        if address is not None:
            self._entries[name] = (address, None)

    def has_entry(self, address: str, port: int) -> bool:
        """Whether an entry says where an address is."""
        return f"{address}:{port}" in self._entries or address in self._entries

    def to_host(self, address: str, port: int, lan: Lan | None) -> Endpoint:
        """Where on this machine or its network an address of the module's is. Raises UnreachableError."""
        for key in (f"{address}:{port}", address):
            if key in self._entries:
                return self._endpoint(key, port)
        if is_loopback(address):
            return Endpoint(address, port)
        if lan is not None:
            if address == lan.gateway and lan.has_uplink:
                return Endpoint(LOOPBACK, port)
            if lan.contains(address):
                raise UnreachableError(address)
        if self.offline or address in (NO_ADDRESS, BROADCAST):
            raise UnreachableError(address)
        return Endpoint(address, port)

    def name_to_host(self, name: str, port: int) -> Endpoint | None:
        """Where an entry says that a name is; None when there is no entry."""
        for key in (f"{name.lower()}:{port}", name.lower()):
            if key in self._entries:
                return self._endpoint(key, port)
        return None

    def name_to_address(self, name: str) -> str | None:
        """The address here that an entry for a name, with or without a port, leads to; None when there is no entry."""
        name = name.lower()
        keys = [name] if name in self._entries else [key for key in self._entries if split_endpoint(key)[0] == name]
        return self._entries[keys[0]][0] if keys else None

    def to_module(self, address: str, port: int, lan: Lan | None) -> Endpoint:
        """What the module calls an address of this machine or its network."""
        # An entry with a port on its left only and no port on its right is for that port alone.
        whole = [name for name in self._reversed.get((address, None), ()) if name[1] in (None, port)]
        for names in (self._reversed.get((address, port), ()), whole):
            if names:
                near = [name for name in names if lan is not None and lan.contains(name[0])]
                found, found_port = (near or names)[0]
                return Endpoint(found, found_port or port)
        return Endpoint(address, port)

    def caller(self, address: str, port: int, lan: Lan | None) -> Endpoint:
        """What the module calls somebody on this machine or its network who comes to it: this machine comes through
        the gateway."""
        found = self.to_module(address, port, lan)
        if found.address == LOOPBACK and lan is not None and lan.has_uplink:
            return Endpoint(lan.gateway, found.port)
        return found

    def everybody(self, port: int, lan: Lan) -> list[Endpoint]:
        """Where on this machine or its network a broadcast goes: to the programs here that listen on all addresses, on
        the port itself and on those that entries of the subnet give for it, and to the other machines of entries."""
        found = {Endpoint(HOST_BROADCAST, port)}
        for key in self._entries:
            address, own_port = split_endpoint(key)
            if is_address(address) and lan.contains(address) and own_port in (None, port):
                host = self.to_host(address, port, lan)
                found.add(Endpoint(HOST_BROADCAST, host.port) if is_loopback(host.address) else host)
        return sorted(found)

    def _endpoint(self, key: str, port: int) -> Endpoint:
        address, to_port = self._entries[key]
        return Endpoint(address, to_port or port)
