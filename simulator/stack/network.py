"""What goes out of one module and comes in: over its interfaces, in memory or on this machine."""

from contextlib import suppress
from typing import Final, Protocol

import trio

from espat.core.boot import Boot, Ending
from espat.core.time.clock import Clock
from espat.stack.active_interfaces import (
    ANY_INTERFACE,
    NETWORK_DOWN,
    NETWORK_UP,
    ActiveInterface,
    ActiveInterfaces,
    InterfaceKind,
)
from espat.stack.address import Address
from espat.stack.datagrams import Datagrams
from espat.stack.endpoint import Endpoint
from espat.stack.errors import LWIP_ADDRESS_IN_USE, LWIP_RESET, NetworkError
from espat.stack.host_network import HostNetwork
from espat.stack.lan import Lan
from espat.stack.memory_stream import MemoryStream, memory_stream_pair
from espat.stack.routing import Route, Routing
from espat.stack.stream import Stream
from espat.stack.tcp_options import ConnectionOptions
from espat.stack.tcp_timers import TcpTimers

FIRST_EPHEMERAL: Final = 49152
TURNS_OF_A_LISTENER: Final = 2
"""Turns of the scheduler after which a module that listens has its client for sure: it tells of it first."""


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
        self.interfaces = boot[ActiveInterfaces]
        self.acceptors: dict[int, Acceptor] = {}
        """Who takes TCP connections from the simulation, by port."""
        self._ports: dict[int, Datagrams] = {}
        self._boot = boot
        self._clock = boot[Clock]
        self.routing = boot[Routing]
        self._next_port = FIRST_EPHEMERAL
        boot.at_end(self._end)

    def attach(self, kind: InterfaceKind, lan: Lan, address: Address) -> None:
        """An interface has come up, or has got another address."""
        self._remove(kind)
        active = ActiveInterface(kind, lan, address, not lan.contains(address))
        self.interfaces.put(active)
        if not active.stranded:
            lan.nodes[address] = _ModuleNode(self, lan, address)
        self._boot.announce(NETWORK_UP, active)

    def detach(self, kind: InterfaceKind) -> None:
        """An interface has gone down."""
        active = self._remove(kind)
        if active is not None:
            self._boot.announce(NETWORK_DOWN, active)

    def _remove(self, kind: InterfaceKind) -> ActiveInterface | None:
        active = next(iter(self.interfaces.of(kind)), None)
        if active is not None:
            self.interfaces.remove(active)
            node = active.lan.nodes.get(active.address)
            if isinstance(node, _ModuleNode) and node.network is self:  # else somebody else has the address now
                del active.lan.nodes[active.address]
        return active

    def _end(self, how: Ending) -> None:
        for active in self.interfaces:
            self._remove(active.kind)

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
        route = self.routing.current(route)
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
        near = self.interfaces.of(kind)
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

    def _ephemeral_port(self) -> int:
        while True:
            port, self._next_port = self._next_port, self._next_port + 1
            if self._next_port > 65535:
                self._next_port = FIRST_EPHEMERAL
            if port not in self._ports:
                return port


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
