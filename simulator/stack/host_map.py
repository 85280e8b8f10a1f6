"""The module's addresses and this machine's: translation both ways, by the world's `[hosts]`.

To this machine: exact `address:port`, then `address`, then the name (with port, then without); the gateway and
loopback addresses are this machine; any other address of the subnet, and the limited broadcast, is nobody's; the rest
is the host's network.
Back: the same entries reversed, preferring one in the subnet of the interface, else the address as it is; this
machine comes through the gateway.
"""

from collections.abc import Mapping
from typing import TypeAlias

from espat.stack.address import BROADCAST, HOST_BROADCAST, LOOPBACK, NO_ADDRESS, Address, parse_address
from espat.stack.endpoint import Endpoint, split_endpoint
from espat.stack.errors import UnreachableError
from espat.stack.lan import Lan

Target: TypeAlias = tuple[Address, int | None]
"""An address, with a port or for all of them."""


class HostMap:
    """The translation table of one simulation."""

    def __init__(self, hosts: Mapping[str, str] | None = None, *, offline: bool = False) -> None:
        """`hosts`: what the module addresses to what this machine has, each with or without a port.
        `offline`: nothing but the entries, the gateway and loopback can be reached."""
        self.offline = offline
        self._addresses: dict[Target, Target] = {}
        self._names: dict[tuple[str, int | None], Target] = {}
        self._reversed: dict[Target, list[Target]] = {}
        self.add(hosts or {})

    def add(self, hosts: Mapping[str, str]) -> None:
        """More entries, which come before those there are for the same."""
        for key, value in hosts.items():
            name, port = split_endpoint(key.lower())
            host, host_port = split_endpoint(value.lower())
            target = Address(host), host_port
            address = parse_address(name)
            if address is None:
                self._names[name, port] = target
            else:
                self._addresses[address, port] = target
        self._reversed.clear()
        for own, target in self._addresses.items():
            self._reversed.setdefault(target, []).append(own)

    def set_name(self, name: str, address: Address | None) -> None:
        """From now on a name leads to this address; None: it has no entry, with or without a port."""
        name = name.lower()
        for key in [key for key in self._names if key[0] == name]:
            del self._names[key]
        if address is not None:
            self._names[name, None] = (address, None)

    def has_entry(self, address: Address, port: int) -> bool:
        """Whether an entry says where an address is."""
        return (address, port) in self._addresses or (address, None) in self._addresses

    def to_host(self, address: Address, port: int, lan: Lan | None) -> Endpoint:
        """Where on this machine or its network an address of the module's is. Raises UnreachableError."""
        target = self._addresses.get((address, port)) or self._addresses.get((address, None))
        if target is not None:
            return _endpoint(target, port)
        if address.is_loopback:
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
        target = self._names.get((name.lower(), port)) or self._names.get((name.lower(), None))
        return _endpoint(target, port) if target is not None else None

    def name_to_address(self, name: str) -> Address | None:
        """The address here that an entry for a name, with or without a port, leads to; None when there is no entry."""
        name = name.lower()
        if (name, None) in self._names:
            return self._names[name, None][0]
        return next((target[0] for key, target in self._names.items() if key[0] == name), None)

    def to_module(self, address: Address, port: int, lan: Lan | None) -> Endpoint:
        """What the module calls an address of this machine or its network."""
        # An entry with a port on its left only and no port on its right is for that port alone.
        whole = [seen for seen in self._reversed.get((address, None), ()) if seen[1] in (None, port)]
        for candidates in (self._reversed.get((address, port), ()), whole):
            if candidates:
                near = [seen for seen in candidates if lan is not None and lan.contains(seen[0])]
                return _endpoint((near or candidates)[0], port)
        return Endpoint(address, port)

    def caller(self, address: Address, port: int, lan: Lan | None) -> Endpoint:
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
        for address, own_port in self._addresses:
            if lan.contains(address) and own_port in (None, port):
                host = self.to_host(address, port, lan)
                found.add(Endpoint(HOST_BROADCAST, host.port) if host.address.is_loopback else host)
        return sorted(found)


def _endpoint(target: Target, port: int) -> Endpoint:
    """A target, of the port that is asked for where it is for all of them."""
    return Endpoint(target[0], target[1] or port)
