"""Hosts of the world: peers in memory, on the module's clock, for scenarios that need no other program.

A host is on every network whose subnet has its address. One that is on none is on the internet, behind the gateway of
every access point; there it can be reached, and answers, but does not get at the modules by itself.
"""

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Final, TypeVar

import trio

from simulator.core.clock import Clock
from simulator.scenario.services.peer import PeerConnection
from simulator.scenario.services.service import Service, TcpService, UdpService
from simulator.scenario.world import HostConfiguration
from simulator.stack.endpoint import BROADCAST, Endpoint
from simulator.stack.errors import LWIP_ABORTED, LWIP_RESET, NetworkError
from simulator.stack.lan import Lan
from simulator.stack.memory_connection import GIVE_UP
from simulator.stack.memory_stream import MemoryStream, memory_stream_pair
from simulator.stack.network import FIRST_EPHEMERAL

LAST_PORT: Final = 65535

AnyService = TypeVar("AnyService", bound=Service)
Talk = Callable[[MemoryStream], Awaitable[None]]


class WorldHost:
    """One host. `powered`: whether there is anybody at its address; `listens`: whether its services run."""

    def __init__(
        self, configuration: HostConfiguration, clock: Clock, lans: Collection[Lan], spawn: Callable[..., None]
    ) -> None:
        """`lans`: of all access points. `spawn` starts a task that ends with the simulation."""
        self.address = configuration.address
        self.name = configuration.name.lower()
        self.clock = clock
        self.powered = True
        self.listens = True
        self.services: list[Service] = [
            service.kind(self, service.port, **service.options) for service in configuration.serves
        ]
        self._tcp = {service.port: service for service in self.services if isinstance(service, TcpService)}
        self._udp = {service.port: service for service in self.services if isinstance(service, UdpService)}
        self._time = configuration.time
        self._spawn = spawn
        self._at_home = [lan for lan in lans if lan.contains(self.address)]
        self._connections: dict[MemoryStream, trio.CancelScope] = {}
        self._ways: dict[Endpoint, Lan] = {}  # of those who have sent it a datagram
        self._next_port = FIRST_EPHEMERAL
        for lan in self._at_home or lans:
            lan.hosts[self.address] = _HostOnLan(self, lan)

    @property
    def connections(self) -> list[MemoryStream]:
        """Its ends of the TCP connections it has."""
        return list(self._connections)

    def service(self, kind: type[AnyService], port: int) -> AnyService:
        """The service of that kind at a port. Raises KeyError."""
        for service in self.services:
            if isinstance(service, kind) and service.port == port:
                return service
        raise KeyError(f"{kind.__name__} {port}")

    def time(self) -> float:
        """What its clock shows: seconds since 1970."""
        return self._time + self.clock.now()

    # What scenario code does to it

    def start(self) -> None:
        """Give it power, and let its services run."""
        self.powered = self.listens = True

    def stop(self) -> None:
        """Cut its power: nobody is at its address any more, and nothing tells those who are connected."""
        self.powered = False
        for stream, scope in list(self._connections.items()):
            stream.vanish()
            scope.cancel()

    def refuse(self) -> None:
        """End its services: connections are reset, new ones refused, datagrams lost. It still answers a ping."""
        self.powered, self.listens = True, False
        for stream, scope in list(self._connections.items()):
            stream.reset()
            scope.cancel()

    def connect(self, address: str, port: int) -> PeerConnection:
        """Open a TCP connection to somebody on its network. Raises NetworkError."""
        node = next((lan.nodes[address] for lan in self._at_home if address in lan.nodes), None)
        if node is None or not self.powered:
            raise NetworkError(LWIP_ABORTED)
        stream = node.connect(port, Endpoint(self.address, self._next_port))
        self._next_port = self._next_port + 1 if self._next_port < LAST_PORT else FIRST_EPHEMERAL
        connection = PeerConnection(stream)
        self._begin(stream, lambda _: connection.run())
        return connection

    def send_datagram(self, data: bytes, from_port: int, destination: Endpoint) -> None:
        """Send a datagram to somebody on its network, or to who has sent it one; lost when nobody is there."""
        way = self._ways.get(destination)
        for lan in self._at_home if way is None else [way]:
            node = lan.nodes.get(destination.address)
            if node is not None and self.powered and self.listens:
                node.datagram(data, Endpoint(self.address, from_port), destination)

    # What those on its networks do to it

    def accept(self, port: int, client: Endpoint) -> MemoryStream:
        """Take a connection; returns the client's end. Raises NetworkError when nobody listens."""
        service = self._tcp.get(port)
        if service is None or not service.accepts or not self.listens:
            raise NetworkError(LWIP_RESET)
        far, near = memory_stream_pair(client, Endpoint(self.address, port))
        self._begin(near, service.serve)
        return far

    def datagram(self, data: bytes, sender: Endpoint, destination: Endpoint, lan: Lan) -> None:
        """A datagram arrives over a network, for this host or a broadcast; lost when nobody listens."""
        service = self._udp.get(destination.port)
        meant = destination.address in (self.address, lan.broadcast, BROADCAST)
        if service is None or not meant or not self.listens:
            return
        self._ways[sender] = lan
        service.receive(data, sender, lambda reply: self.send_datagram(reply, destination.port, sender))

    def _begin(self, stream: MemoryStream, talk: Talk) -> None:
        scope = self._connections[stream] = trio.CancelScope()
        stream.on_lost = lambda: self._spawn(self._give_up, stream)
        self._spawn(self._talk, stream, talk, scope)

    async def _talk(self, stream: MemoryStream, talk: Talk, scope: trio.CancelScope) -> None:
        try:
            with scope, suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await talk(stream)
        finally:
            del self._connections[stream]
            stream.close()

    async def _give_up(self, stream: MemoryStream) -> None:
        """The client is gone without a word: the stack ends the connection at some time."""
        await self.clock.sleep(GIVE_UP)
        stream.reset()


class _HostOnLan:
    """A host as those on one network see it, or those behind whose gateway it is."""

    def __init__(self, host: WorldHost, lan: Lan) -> None:
        self.address = host.address
        self.name = host.name
        self._host = host
        self._lan = lan

    @property
    def powered(self) -> bool:
        return self._host.powered

    def connect(self, port: int, client: Endpoint) -> MemoryStream:
        return self._host.accept(port, client)

    def datagram(self, data: bytes, sender: Endpoint, destination: Endpoint) -> None:
        self._host.datagram(data, sender, destination, self._lan)
