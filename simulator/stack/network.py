"""What one module can reach, and what reaches it: over its interfaces, in memory or on this machine.

The way to an address: an entry of `[hosts]`; somebody of the simulation on one of the module's networks or behind
their gateway; the host's network behind a router. `stack/host_map.py` knows the order on this machine.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

import trio

from espat.core.at.system_log import SystemLog
from espat.core.boot import Boot, Ending
from espat.core.events import Event
from espat.core.time.clock import Clock
from espat.stack.address import BROADCAST, NO_ADDRESS, Address, parse_address
from espat.stack.datagrams import Datagrams
from espat.stack.endpoint import Endpoint
from espat.stack.errors import LWIP_ADDRESS_IN_USE, LWIP_RESET, NetworkError, ResolveError, UnreachableError
from espat.stack.host_network import HostNetwork
from espat.stack.lan import Lan, Node
from espat.stack.memory_stream import MemoryStream, memory_stream_pair
from espat.stack.stream import Stream
from espat.stack.tcp_options import ConnectionOptions
from espat.stack.tcp_timers import TcpTimers

ANY_INTERFACE: Final = 0
"""`netif` of AT+CIPSERVER, else an InterfaceKind."""
LOG_TAG: Final = "at-net"
FIRST_EPHEMERAL: Final = 49152
TURNS_OF_A_LISTENER: Final = 2
"""Turns of the scheduler after which a module that listens has its client for sure: it tells of it first."""


class InterfaceKind(IntEnum):
    """The interfaces that a module can have, by `netif` of AT+CIPSERVER."""

    STATION = 1
    SOFTAP = 2
    ETHERNET = 3


class ActiveInterface(NamedTuple):
    """An interface that is up: it has an address on a network.

    `stranded`: whether the address is none of the network's, so that it finds nobody
    there, not even the gateway, and is not found.
    """

    kind: InterfaceKind
    lan: Lan
    address: Address
    stranded: bool


NETWORK_UP: Final = Event[[ActiveInterface]]()
"""An interface has an address on a network."""
NETWORK_DOWN: Final = Event[[ActiveInterface]]()
"""It has none any more."""


class Route(NamedTuple):
    """The way to a destination.

    `seen`: as the module shows it. `lan`: the network it leaves through, None for loopback without any. `source`: the
    module's address there, NO_ADDRESS without any. `nodes`: who of the simulation is meant. `host`: on this machine or
    its network; `many`: of a broadcast or multicast datagram, all there. None of them: nobody.
    """

    seen: Endpoint
    lan: Lan | None
    source: Address
    nodes: tuple[Node, ...] = ()
    host: Endpoint | None = None
    many: tuple[Endpoint, ...] = ()


class Acceptor(Protocol):
    """Who listens on a TCP port."""

    def takes(self, lan: Lan) -> bool:
        """Whether it takes one more client that comes over that network."""

    def arrived(self, stream: Stream, client: Endpoint, lan: Lan) -> None:
        """A client has connected."""


class Network:
    """The networks of one boot of one module."""

    def __init__(self, boot: Boot) -> None:
        self.host = boot[HostNetwork]
        self.interfaces: list[ActiveInterface] = []
        """The interfaces that are up, in the order of their kinds."""
        self.acceptors: dict[int, Acceptor] = {}
        """Who takes TCP connections from the simulation, by port."""
        self._ports: dict[int, Datagrams] = {}
        self._boot = boot
        self._clock = boot[Clock]
        self.log = boot[SystemLog]
        self._next_port = FIRST_EPHEMERAL
        self._attached = trio.lowlevel.ParkingLot()
        boot.at_end(self._end)

    @property
    def up(self) -> bool:
        """Whether any interface has an address."""
        return bool(self.interfaces)

    def attach(self, kind: InterfaceKind, lan: Lan, address: Address) -> None:
        """An interface has come up, or has got another address."""
        self._remove(kind)
        active = ActiveInterface(kind, lan, address, not lan.contains(address))
        self.interfaces.append(active)
        self.interfaces.sort(key=lambda one: one.kind)
        self._attached.unpark_all()
        if not active.stranded:
            lan.nodes[address] = _ModuleNode(self, lan, address)
        self._boot.announce(NETWORK_UP, active)

    def detach(self, kind: InterfaceKind) -> None:
        """An interface has gone down."""
        active = self._remove(kind)
        if active is not None:
            self._boot.announce(NETWORK_DOWN, active)

    def _remove(self, kind: InterfaceKind) -> ActiveInterface | None:
        active = next((one for one in self.interfaces if one.kind is kind), None)
        if active is not None:
            self.interfaces.remove(active)
            node = active.lan.nodes.get(active.address)
            if isinstance(node, _ModuleNode) and node.network is self:  # else somebody else has the address now
                del active.lan.nodes[active.address]
        return active

    def _end(self, how: Ending) -> None:
        for active in tuple(self.interfaces):
            self._remove(active.kind)

    def reached(self, kind: int = ANY_INTERFACE) -> bool:
        """Whether anybody finds the module over an interface, or any of them."""
        return any(not one.stranded for one in self.interfaces if kind in (ANY_INTERFACE, one.kind))

    async def wait_up(self) -> None:
        """Wait until any interface has an address."""
        while not self.up:
            await self._attached.park()

    @property
    def default_interface(self) -> ActiveInterface | None:
        """The one that leads to whoever is on no network of the others: the first that is up."""
        return self.interfaces[0] if self.interfaces else None

    def interface_of(self, lan: Lan | None) -> InterfaceKind:
        """The interface that is on a network, the station where there is none."""
        return next((one.kind for one in self.interfaces if one.lan is lan), InterfaceKind.STATION)

    async def resolve(self, name: str) -> Address:
        """The address of a name or of dotted text, as the module sees it. Raises ResolveError."""
        address = parse_address(name)
        if address is not None:
            return address
        with self._unknown_host_logged():
            _need_route(name, self.default_interface)
            address = self._address_in_memory(name)
            if address is not None:
                return address
            self._need_names(name, self._default_lan)
            return await self.host.resolve(name, self._default_lan)

    async def locate(self, host: str | Address, port: int) -> Route:
        """The way to an address, or to a name or dotted text. Raises ResolveError, UnreachableError."""
        target = _target(host)
        with self._unknown_host_logged():
            _need_route(target, self._interface_towards(target))
            if isinstance(target, str):
                target = self._address_in_memory(target, port) or target
            active = self._interface_towards(target)
            lan, source = (active.lan, active.address) if active is not None else (None, NO_ADDRESS)
            if isinstance(target, str):
                self._need_names(target, lan)
            elif lan is not None and not self.host.host_map.has_entry(target, port):
                node = _in_memory(lan, target)
                if node is not None:
                    return Route(Endpoint(target, port), lan, source, nodes=(node,))
            destination = await self.host.locate(target, port, lan)
        if lan is not None and (node := _in_memory(lan, destination.host.address)) is not None:
            return Route(destination.host, lan, source, nodes=(node,))  # an entry of [hosts] leads there
        if destination.beyond and (lan is None or not lan.has_uplink):
            raise UnreachableError(destination.seen.address)
        return Route(destination.seen, lan, source, host=destination.host)

    @contextmanager
    def _unknown_host_logged(self) -> Iterator[None]:
        try:
            yield
        except ResolveError as error:
            self.log.info(LOG_TAG, f"unknown host: {error}")
            raise

    async def locate_datagram(self, host: str | Address, port: int) -> Route:
        """The way of a datagram, to one or to many; what nobody has is nowhere. Raises ResolveError."""
        target = _target(host)
        many = None if isinstance(target, str) else self._route_to_many(Endpoint(target, port))
        if many is not None:
            return many
        try:
            return await self.locate(target, port)
        except UnreachableError as error:
            return Route(Endpoint(error.address, port), None, NO_ADDRESS)

    async def connect(self, route: Route, options: ConnectionOptions) -> tuple[Stream, int]:
        """Open a TCP connection; returns it and the local port. Raises NetworkError."""
        if route.nodes:
            port = self._ephemeral_port()
            stream = route.nodes[0].connect(route.seen.port, Endpoint(route.source, port))
            self.adopt(stream)
            stream.set_options(options)
            if isinstance(route.nodes[0], _ModuleNode):
                for _ in range(TURNS_OF_A_LISTENER):
                    await trio.lowlevel.cancel_shielded_checkpoint()
            return stream, port
        assert route.host is not None
        over_host = await self.host.connect(route.host)
        over_host.set_options(options)
        return over_host, over_host.local.port

    def adopt(self, stream: MemoryStream) -> None:
        """Have the module's end of a connection in memory notice that its peer has vanished."""
        stream.detection = TcpTimers(
            self._clock,
            self._boot.spawn,
            lambda: any(active.lan.node(stream.remote.address) is not None for active in self.interfaces),
        )

    async def open_datagrams(self, local_port: int | None, peer: Endpoint) -> Datagrams:
        """Open a UDP port, a free one when none is given. Raises NetworkError."""
        if local_port in self._ports:
            raise NetworkError(LWIP_ADDRESS_IN_USE)
        datagrams = await self.host.open_datagrams(local_port, self._boot.spawn, free_port=self._ephemeral_port())
        self._ports[datagrams.local_port] = datagrams
        if peer.address.is_multicast:
            try:
                await datagrams.join(peer.address)
            except BaseException:  # cancelled
                self.close_datagrams(datagrams)
                raise
        return datagrams

    def close_datagrams(self, datagrams: Datagrams) -> None:
        """Close a UDP port."""
        self._ports.pop(datagrams.local_port, None)
        datagrams.close()

    async def send_datagram(self, datagrams: Datagrams, data: bytes, route: Route) -> None:
        """Send one datagram; who has the address is looked up each time. Raises NetworkError."""
        route = self._current(route)
        sender = Endpoint(route.source, datagrams.local_port)
        for node in route.nodes:
            node.datagram(data, sender, route.seen)
        if route.host is not None:
            await datagrams.send_to_host(data, route.host)
        for host in route.many:
            with suppress(NetworkError):
                await datagrams.send_to_host(data, host)

    def from_host(self, host: Endpoint, kind: int = ANY_INTERFACE) -> tuple[Endpoint, Lan | None]:
        """What the module calls somebody on this machine or its network who comes to it, and over which network."""
        near = [one for one in self.interfaces if kind in (ANY_INTERFACE, one.kind)]
        for active in near:
            found = self.host.host_map.caller(*host, active.lan)
            if active.lan.contains(found.address):
                return found, active.lan
        lan = near[0].lan if near else None
        return self.host.host_map.caller(*host, lan), lan

    def deliver(self, data: bytes, sender: Endpoint, destination: Endpoint) -> None:
        """A datagram from the simulation has come in."""
        datagrams = self._ports.get(destination.port)
        if datagrams is None:
            return
        if destination.address.is_multicast and datagrams.group != destination.address:
            return
        datagrams.deliver(data, sender)

    def _address_in_memory(self, name: str, port: int | None = None) -> Address | None:
        """The address of a host of the world; None for other names and for those that `[hosts]` has."""
        lan, host_map = self._default_lan, self.host.host_map
        entry = host_map.name_to_address(name) if port is None else host_map.name_to_host(name, port)
        return lan.named(name) if lan is not None and entry is None else None

    def _need_names(self, name: str, lan: Lan | None) -> None:
        """Raises ResolveError for a name where nobody answers questions about names."""
        has_entry = self.host.host_map.name_to_address(name) is not None
        if not has_entry and lan is not None and not lan.has_uplink:
            raise ResolveError(name)

    def _current(self, route: Route) -> Route:
        """A route whose nodes are those of now."""
        seen = route.seen
        many = self._route_to_many(seen)
        if many is not None:
            return many
        active = self._interface_for(seen.address)
        if active is None:
            return route._replace(nodes=())
        if active.stranded:
            return Route(seen, None, NO_ADDRESS)
        node = None if route.host is not None else active.lan.node(seen.address)
        nodes = (node,) if node is not None else ()
        return route._replace(lan=active.lan, source=active.address, nodes=nodes)

    @property
    def _default_lan(self) -> Lan | None:
        active = self.default_interface
        return active.lan if active is not None else None

    def _interface_for(self, address: Address) -> ActiveInterface | None:
        near = next((one for one in self.interfaces if one.lan.contains(address)), None)
        return near or self.default_interface

    def _interface_towards(self, target: str | Address) -> ActiveInterface | None:
        """The interface for a name or an address; names are asked for over the first one."""
        return self.default_interface if isinstance(target, str) else self._interface_for(target)

    def _route_to_many(self, seen: Endpoint) -> Route | None:
        address = seen.address
        multicast = address.is_multicast
        active = next((one for one in self.interfaces if one.lan.broadcast == address), None) or self.default_interface
        if active is None or active.stranded:
            return None
        lan = active.lan
        if not multicast and address not in (BROADCAST, lan.broadcast):
            return None
        others = tuple(node for own, node in lan.neighbours() if own != active.address)
        hosts = [seen] if multicast else self.host.host_map.everybody(seen.port, lan)
        return Route(seen, lan, active.address, others, many=tuple(hosts))

    def _ephemeral_port(self) -> int:
        while True:
            port, self._next_port = self._next_port, self._next_port + 1
            if self._next_port > 65535:
                self._next_port = FIRST_EPHEMERAL
            if port not in self._ports:
                return port


def _target(host: str | Address) -> str | Address:
    """A name, or the address that a dotted text is."""
    return parse_address(host) or host if isinstance(host, str) else host


def _need_route(target: str | Address, active: ActiveInterface | None) -> None:
    """There is none to a name or an address where the interface to it is stranded. Raises ResolveError,
    UnreachableError."""
    if active is not None and active.stranded:
        raise ResolveError(target) if isinstance(target, str) else UnreachableError(target)


def _in_memory(lan: Lan, address: Address) -> Node | None:
    """Who of the simulation has an address. Raises UnreachableError where that is a host without power."""
    node = lan.node(address)
    if node is None and address in lan.hosts:
        raise UnreachableError(address)
    return node


class _ModuleNode:
    """The module as others of the simulation see it on one network."""

    def __init__(self, network: Network, lan: Lan, address: Address) -> None:
        self.network = network
        self._lan = lan
        self._address = address

    def connect(self, port: int, client: Endpoint) -> MemoryStream:
        acceptor = self.network.acceptors.get(port)
        if acceptor is None or not acceptor.takes(self._lan):
            raise NetworkError(LWIP_RESET)
        far, near = memory_stream_pair(client, Endpoint(self._address, port))
        self.network.adopt(near)
        acceptor.arrived(near, client, self._lan)
        return far

    def datagram(self, data: bytes, sender: Endpoint, destination: Endpoint) -> None:
        self.network.deliver(data, sender, destination)
