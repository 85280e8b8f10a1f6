"""Hosts in memory: those of the world, the peers of a scenario, the stations that join softAPs. All of them are on the
module's clock, and need no other program.

A host of the world is on every network whose subnet has its address. One that is on none is on the internet, behind the
gateway of every access point; there it can be reached, and answers, but does not get at the modules by itself. A host
without an address is nowhere until it joins a network.
"""

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Any, Final, Protocol, TypeVar

import trio
from trio.lowlevel import ParkingLot

from espat.core.time.clock import Clock
from espat.scenario.services.peer_connection import PeerConnection
from espat.scenario.services.service import Service, ServiceConfiguration, TcpService, UdpService
from espat.scenario.world.world import HostConfiguration
from espat.stack.address import BROADCAST, NO_ADDRESS, Address
from espat.stack.endpoint import Endpoint
from espat.stack.errors import LWIP_ABORTED, LWIP_RESET, NetworkError
from espat.stack.lan import Lan
from espat.stack.memory_stream import MemoryStream, memory_stream_pair
from espat.stack.network import FIRST_EPHEMERAL
from espat.stack.stream import Stream
from espat.stack.tcp_timers import GIVE_UP

LAST_PORT: Final = 65535

T = TypeVar("T")
AnyService = TypeVar("AnyService", bound=Service)
Talk = Callable[[Stream], Awaitable[None]]


class Outside(Protocol):
    """Where a host can be reached besides the networks of the simulation."""

    def update(self) -> None:
        """The host serves more or less than before."""


class Way(Protocol):
    """How datagrams go from a host to somebody."""

    def send(self, data: bytes, from_port: int, destination: Endpoint) -> None:
        """Send one; lost when nobody is there."""


class WorldHost:
    """One host.

    `powered`: whether there is anybody at its address; `listens`: whether its services run. `resolvable`: whether DNS
    knows its name. `peer_connections`: those that are left to the scenario, the latest last. `changed`: who waits there
    is woken when anything comes for the scenario. `outside`: where it can be reached besides, None is nowhere.
    """

    def __init__(
        self, configuration: HostConfiguration, clock: Clock, lans: Collection[Lan], spawn: Callable[..., None]
    ) -> None:
        """`lans`: of all access points. `spawn` starts a task that ends with the simulation."""
        self.address = configuration.address
        self.name = configuration.name.lower()
        self.clock = clock
        self.powered = True
        self.listens = True
        self.resolvable = True
        self.peer_connections: list[PeerConnection] = []
        self.changed = ParkingLot()
        self.outside: Outside | None = None
        self._services: dict[tuple[str, int], Service] = {}  # by transport and port
        self._common: dict[type, Any] = {}
        self._time = configuration.time
        self._spawn = spawn
        self._connections: dict[Stream, trio.CancelScope] = {}
        self._places: list[_Place] = []  # the networks it is on
        self._ways: dict[Endpoint, Way] = {}  # to those who have sent it a datagram
        self._next_port = FIRST_EPHEMERAL
        self._giving_up = _GivingUp(spawn, clock)
        for service in configuration.serves:
            self.open(service)
        if (address := self.address) is not None:
            self._places += [_Place(self, lan, address) for lan in lans if lan.contains(address)]
            for place in self._places or [_Place(self, lan, address) for lan in lans]:
                place.lan.hosts[address] = place

    @property
    def connections(self) -> list[Stream]:
        """Its ends of the TCP connections it has."""
        return list(self._connections)

    @property
    def services(self) -> list[Service]:
        """What it serves."""
        return list(self._services.values())

    @property
    def served(self) -> set[tuple[str, int]]:
        """Transport and port of all that can be reached now."""
        if not self.powered or not self.listens:
            return set()
        return {
            key for key, service in self._services.items() if not isinstance(service, TcpService) or service.accepts
        }

    def service(self, kind: type[AnyService], port: int) -> AnyService:
        """The service of that kind at a port. Raises KeyError."""
        for service in self.services:
            if isinstance(service, kind) and service.port == port:
                return service
        raise KeyError(f"{kind.__name__} {port}")

    def common(self, kind: type[T]) -> T:
        """What its services have in common, one of a kind, made when the first one asks."""
        if kind not in self._common:
            self._common[kind] = kind()
        found: T = self._common[kind]
        return found

    def time(self) -> float:
        """What its clock shows: seconds since 1970."""
        return self._time + self.clock.now()

    # What a scenario does to it

    def start(self) -> None:
        """Give it power, and let its services run."""
        self.powered = self.listens = True
        self._update_outside()

    def stop(self) -> None:
        """Cut its power: nobody is at its address any more, and nothing tells those who are connected."""
        self.powered = False
        self._update_outside()
        for stream, scope in list(self._connections.items()):
            stream.vanish()
            scope.cancel()

    def refuse(self) -> None:
        """End its services: connections are reset, new ones refused, datagrams lost. It still answers a ping."""
        self.powered, self.listens = True, False
        self._update_outside()
        for stream, scope in list(self._connections.items()):
            stream.reset()
            scope.cancel()

    def open(self, service: ServiceConfiguration) -> None:
        """Start one more service; nothing happens where there is one at its port."""
        key = service.kind.transport, service.port
        if key not in self._services:
            self._services[key] = service.kind(self, service.port, **service.options)
            self._update_outside()

    def close(self, transport: str, port: int) -> None:
        """End the service at a port of `tcp` or `udp`, if there is one; its connections stay."""
        self._services.pop((transport, port), None)
        self._update_outside()

    def join(self, lan: Lan, address: Address) -> None:
        """Be on a network too, unless somebody has the address."""
        place = _Place(self, lan, address)
        if lan.nodes.setdefault(address, place) is place:
            self._places.append(place)

    def leave(self, lan: Lan) -> None:
        """Be no longer on a network that it has joined."""
        for place in [place for place in self._places if place.lan is lan and lan.nodes.get(place.address) is place]:
            del lan.nodes[place.address]
            self._places.remove(place)

    def is_on(self, lan: Lan) -> bool:
        """Whether it is on a network."""
        return any(place.lan is lan for place in self._places)

    def connect(self, address: Address, port: int) -> PeerConnection:
        """Open a TCP connection to somebody on its network. Raises NetworkError."""
        stream = self.dial(address, port)
        return self.hold(stream, stream, port)

    def dial(self, address: Address, port: int, lan: Lan | None = None) -> MemoryStream:
        """Open a TCP connection, for `hold`. `lan`: the network to somebody that it would not find by itself. Raises
        NetworkError."""
        place = self._place(lan) if lan is not None else self._nearest(address)
        node = place.lan.nodes.get(address) if place is not None and self.powered else None
        if place is None or node is None:
            raise NetworkError(LWIP_ABORTED)
        stream = node.connect(port, Endpoint(place.address, self._next_port))
        stream.detection = self._giving_up
        self._next_port = self._next_port + 1 if self._next_port < LAST_PORT else FIRST_EPHEMERAL
        return stream

    def hold(self, stream: Stream, top: Stream, port: int) -> PeerConnection:
        """Leave a connection that it has dialled to the scenario. `top`: the same stream, or TLS over it."""
        connection = PeerConnection(top, port, self.changed, stream.remote)
        connection.accepted = True
        self.peer_connections.append(connection)
        self._begin(stream, lambda _: connection.run())
        return connection

    def send_datagram(self, data: bytes, from_port: int, destination: Endpoint, lan: Lan | None = None) -> None:
        """Send a datagram to somebody on its network, to who has sent it one, or over `lan`; lost when nobody is
        there."""
        way = self._place(lan) if lan is not None else self._ways.get(destination)
        if self.powered and self.listens:
            for each in self._places if way is None else [way]:
                each.send(data, from_port, destination)

    # What those on its networks do to it

    def accept(self, port: int, client: Endpoint, address: Address) -> MemoryStream:
        """Take a connection to an address of its own; returns the client's end. Raises NetworkError."""
        if not self.powered:
            raise NetworkError(LWIP_ABORTED)
        service = self._services.get((TcpService.transport, port))
        if not isinstance(service, TcpService) or not service.accepts or not self.listens:
            raise NetworkError(LWIP_RESET)
        far, near = memory_stream_pair(client, Endpoint(address, port))
        near.detection = self._giving_up
        self._begin(near, service.serve)
        return far

    def take(self, stream: Stream, port: int) -> None:
        """Take a connection from outside to one of its ports; it is reset where nobody serves it."""
        service = self._services.get((TcpService.transport, port))
        if isinstance(service, TcpService) and ("tcp", port) in self.served:
            self._begin(stream, service.serve)
        else:
            stream.reset()

    def datagram(self, data: bytes, sender: Endpoint, destination: Endpoint, place: "_Place") -> None:
        """A datagram arrives over a network, for this host or a broadcast; lost when nobody listens."""
        if destination.address in (place.address, place.lan.broadcast, BROADCAST):
            self.hear(data, sender, destination.port, place)

    def hear(self, data: bytes, sender: Endpoint, port: int, way: Way) -> None:
        """A datagram arrives at one of its ports; `way`: where an answer goes. Lost when nobody listens."""
        service = self._services.get((UdpService.transport, port))
        if isinstance(service, UdpService) and self.powered and self.listens:
            self._ways[sender] = way
            try:
                service.receive(data, sender, lambda reply: self.send_datagram(reply, port, sender))
            except Exception as error:  # of the simulator itself, but not of whoever has sent it
                self._spawn(_fail, error)

    def _begin(self, stream: Stream, talk: Talk) -> None:
        scope = self._connections[stream] = trio.CancelScope()
        self._spawn(self._talk, stream, talk, scope)

    async def _talk(self, stream: Stream, talk: Talk, scope: trio.CancelScope) -> None:
        try:
            with scope, suppress(NetworkError):
                await talk(stream)
        finally:
            del self._connections[stream]
            stream.close()

    def _update_outside(self) -> None:
        if self.outside is not None:
            self.outside.update()

    def _nearest(self, address: Address) -> "_Place | None":
        return next((place for place in self._places if address in place.lan.nodes), None)

    def _place(self, lan: Lan) -> "_Place":
        """Its place on a network; from the internet with its own address, without any with the last one that is
        free."""
        if self.address is None and not self.is_on(lan):
            hosts = reversed(list(lan.subnet.hosts()))
            self.join(lan, next(one for one in hosts if one not in (*lan.nodes, *lan.hosts)))
        return next(
            (place for place in self._places if place.lan is lan), _Place(self, lan, self.address or NO_ADDRESS)
        )


async def _fail(error: Exception) -> None:
    """Fail, as a task of the world."""
    raise error


class _GivingUp:
    """The client is gone without a word: the stack of the host ends the connection at some time."""

    def __init__(self, spawn: Callable[..., None], clock: Clock) -> None:
        self._spawn = spawn
        self._clock = clock

    def vanished(self, stream: MemoryStream) -> None:
        self._spawn(self._break_off, stream)

    def is_reset(self, stream: MemoryStream) -> bool:
        return False

    def unanswered(self, stream: MemoryStream) -> None:
        """It gives up in any case."""

    async def _break_off(self, stream: MemoryStream) -> None:
        await self._clock.sleep(GIVE_UP)
        stream.break_off()


class _Place:
    """A host as those on one network see it, or those behind whose gateway it is."""

    def __init__(self, host: WorldHost, lan: Lan, address: Address) -> None:
        self.lan = lan
        self.address = address
        self._host = host

    @property
    def name(self) -> str:
        return self._host.name if self._host.resolvable else ""

    @property
    def powered(self) -> bool:
        return self._host.powered

    def connect(self, port: int, client: Endpoint) -> MemoryStream:
        return self._host.accept(port, client, self.address)

    def datagram(self, data: bytes, sender: Endpoint, destination: Endpoint) -> None:
        self._host.datagram(data, sender, destination, self)

    def send(self, data: bytes, from_port: int, destination: Endpoint) -> None:
        node = self.lan.nodes.get(destination.address)
        if node is not None:
            node.datagram(data, Endpoint(self.address, from_port), destination)
