"""A network: its subnet, its gateway, its DHCP server, and who of the simulation is on it or can be reached from it."""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final, Protocol

from espat.stack.address import Address
from espat.stack.endpoint import Endpoint

if TYPE_CHECKING:  # who reads a world needs none of it
    from espat.stack.memory_stream import MemoryStream

DEFAULT_LEASE: Final = 86400.0
"""Seconds an address is given for: a day, as many routers do."""


class Node(Protocol):
    """Somebody of this simulation with an address on a network: a module, or a host of the world."""

    def connect(self, port: int, client: Endpoint) -> "MemoryStream":
        """Open a TCP connection to a port; returns the client's end. Raises NetworkError when nobody listens."""

    def datagram(self, data: bytes, sender: Endpoint, destination: Endpoint) -> None:
        """A UDP datagram arrives, for its own address, a broadcast or a multicast one; lost when nobody listens."""


class Host(Node, Protocol):
    """A host of the world, which has its address and its name (empty: none) whether it has power or not."""

    @property
    def address(self) -> Address:
        """Its address."""

    @property
    def name(self) -> str:
        """What DNS knows it by; empty for none."""

    @property
    def powered(self) -> bool:
        """Whether anything answers there."""


def _ignore(mac: bytes, address: Address) -> None:
    pass


class Lan:
    """What is behind an access point: IPv4 only."""

    def __init__(
        self,
        subnet: IPv4Network,
        first_address: Address,
        last_address: Address | None = None,
        *,
        softap_address: Address | None = None,
        dhcp: bool = True,
        lease_time: float = DEFAULT_LEASE,
        leased: Callable[[bytes, Address], None] = _ignore,
    ) -> None:
        """`first_address`, `last_address`: what the DHCP server gives, the whole subnet without the latter.
        `softap_address`: of the module whose softAP this is; a router of the world has the first address of the subnet,
        and it is this machine. `dhcp`: False for a network without such a server. `lease_time`: seconds an address is
        given for. `leased` is told of every address given: MAC, address."""
        self.subnet = subnet
        self.gateway = softap_address or subnet.network_address + 1
        self.has_uplink = softap_address is None
        """Whether there is something beyond: this machine and its network."""
        self.netmask = subnet.netmask
        self.broadcast = subnet.broadcast_address
        self.dhcp = dhcp
        self.lease_time = lease_time
        self.nodes: dict[Address, Node] = {}
        """Who comes and goes, by address."""
        self.hosts: dict[Address, Host] = {}
        """The hosts of the world that can be reached from here, by address: on the subnet, and beyond the gateway."""
        self.leases: dict[bytes, Address] = {}
        """Addresses given, by MAC."""
        self._first = first_address
        self._last = last_address or subnet.broadcast_address - 1
        self._leased = leased
        self._kept: dict[bytes, tuple[Address, float]] = {}
        """Of those who have left, by MAC: the address, and until when in module time it is theirs."""

    def set_pool(self, first_address: Address, last_address: Address) -> None:
        """Give other addresses from now on; who has one keeps it."""
        self._first, self._last = first_address, last_address
        self._kept.clear()

    def move(self, subnet: IPv4Network, softap_address: Address) -> None:
        """The softAP has another address, perhaps in another subnet. Whoever had an address from it has none now."""
        self.subnet = subnet
        self.gateway = softap_address
        self.netmask = subnet.netmask
        self.broadcast = subnet.broadcast_address
        self.leases.clear()
        self._kept.clear()

    def lease(self, mac: bytes, now: float = 0.0) -> Address | None:
        """The address for a station, the same one each time; None when the pool is empty. `now`: module time."""
        if mac not in self.leases:
            address = self._free_address(mac, now)
            if address is None:
                return None
            self.leases[mac] = address
        self._leased(mac, self.leases[mac])
        return self.leases[mac]

    def release(self, mac: bytes, until: float) -> None:
        """A station has gone; its address is kept for it until that module time."""
        address = self.leases.pop(mac, None)
        if address is not None:
            self._kept[mac] = address, until

    def _free_address(self, mac: bytes, now: float) -> Address | None:
        self._kept = {owner: kept for owner, kept in self._kept.items() if kept[1] > now}
        taken = {self.gateway, *self.leases.values(), *self.nodes, *self.hosts}
        own, _ = self._kept.pop(mac, (None, 0.0))
        if own is not None and own not in taken:
            return own
        taken.update(address for address, _ in self._kept.values())
        pool = range(int(self._first), int(self._last) + 1)
        return next((address for number in pool if (address := Address(number)) not in taken), None)

    def node(self, address: Address) -> Node | None:
        """Who answers to an address, here or beyond the gateway."""
        if address in self.nodes:
            return self.nodes[address]
        host = self.hosts.get(address)
        reached = host is not None and host.powered and (self.has_uplink or self.contains(address))
        return host if reached else None

    def neighbours(self) -> Iterator[tuple[Address, Node]]:
        """Who is on the subnet, with the address."""
        yield from self.nodes.items()
        for address, host in self.hosts.items():
            if host.powered and address not in self.nodes and self.contains(address):
                yield address, host

    def named(self, name: str) -> Address | None:
        """The address that a name has here; None when no host of the world has it."""
        return next((host.address for host in self.hosts.values() if host.name.lower() == name.lower()), None)

    def contains(self, address: Address) -> bool:
        """Whether an address belongs to the subnet."""
        return address in self.subnet


class Lans(dict[bytes, Lan]):
    """The networks behind the access points of a simulation, softAPs among them, by BSSID."""
