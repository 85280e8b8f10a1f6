"""The hosts a scenario plays itself: what they serve, who connected, what they got."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import trio

from simulator.module import Module
from simulator.scenario.playing.tls_peers import Credentials

RECEIVE_SIZE: Final = 65536
TRANSPORTS: Final = ("tcp", "udp", "ssl")


class PeerError(Exception):
    """A peer cannot do what the scenario asks."""


class PeerConfiguration(NamedTuple):
    """One of `peers` in the world of a scenario.

    `address`: an IPv4 address or empty. `host`: the name the module looks up, or empty. `serves`: transport and port of
    what it serves from the beginning; `later`: of what it may serve. `datagrams_at`: a UDP port it has, or None. `mac`:
    None is any. `credentials`: what it shows and trusts where it speaks TLS. `demands`: whether its TLS servers take
    nobody without a certificate.
    """

    name: str
    address: str = ""
    host: str = ""
    serves: tuple[tuple[str, int], ...] = ()
    later: tuple[tuple[str, int], ...] = ()
    datagrams_at: int | None = None
    mac: bytes | None = None
    credentials: Credentials = Credentials()
    demands: bool = False


class Datagram(NamedTuple):
    """A datagram that a peer has got, and the address and port it came from."""

    data: bytes
    sender: tuple[str, int]


class Connection:
    """One TCP connection of a peer. `received`: bytes not accounted for yet. `ended`: the other side has closed."""

    def __init__(
        self, stream: trio.abc.Stream, port: int, changed: Callable[[], None], hard_close: Callable[[bool], None]
    ) -> None:
        """`port`: the peer's own as the module calls it, or the module's where the peer connected. `hard_close` closes
        at once, with a reset or without."""
        self.port = port
        self.received = bytearray()
        self.ended = False
        self.closed = False
        self.accepted = False
        self._stream = stream
        self._changed = changed
        self._hard_close = hard_close

    async def run(self) -> None:
        """Receive until the connection ends."""
        try:
            while data := await self._stream.receive_some(RECEIVE_SIZE):
                self.received += data
                self._changed()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        self.ended = True
        self._changed()

    async def send(self, data: bytes) -> None:
        """Send bytes. Raises PeerError."""
        try:
            await self._stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise PeerError("the connection is closed") from error

    def close(self, *, reset: bool = False) -> None:
        """Close the connection, or reset it."""
        self.closed = True
        self._hard_close(reset)


class Peer(ABC):
    """One host."""

    def __init__(self, configuration: PeerConfiguration, nursery: trio.Nursery) -> None:
        self.name = configuration.name
        self.configuration = configuration
        self.connections: list[Connection] = []
        self.datagrams: dict[int, deque[Datagram]] = {}
        """By the UDP ports it has."""
        self.changed = trio.Event()
        self._nursery = nursery

    @abstractmethod
    async def serve(self, transport: str, port: int, *, demands: bool = False) -> None:
        """Start a server; nothing happens when it runs already. `demands`: a TLS server takes nobody without a
        certificate. Raises PeerError."""

    @abstractmethod
    async def stop(self, transport: str, port: int) -> None:
        """Stop a server: who connects is refused. What is connected stays."""

    @abstractmethod
    async def connect(self, module: Module, to: str, port: int, *, tls: bool = False) -> Connection:
        """Open a connection to a port of a module, which the peer believes to be at `to`. Raises PeerError."""

    @abstractmethod
    async def send_datagram(self, module: Module, data: bytes, from_port: int | None, port: int) -> None:
        """Send to a UDP port of a module, from one of its own: its only one when none is named. Raises PeerError."""

    @abstractmethod
    async def is_from(self, datagram: Datagram, module: Module, port: int) -> bool:
        """Whether a datagram came from that UDP port of a module."""

    def open_connection(self, port: int | None = None) -> Connection | None:
        """Its only open connection, or the latest when there are several. `port` narrows it down."""
        found = [
            connection
            for connection in self.connections
            if port in (None, connection.port)
            and not connection.closed
            and (connection.received or not connection.ended)
        ]
        return found[-1] if found else None

    def close(self) -> None:
        """Close all ports and connections."""
        for connection in self.connections:
            if not connection.closed:
                connection.close()

    def own_port(self, from_port: int | None) -> int:
        """The UDP port it sends from. Raises PeerError."""
        ports = [from_port] if from_port is not None else list(self.datagrams)
        if len(ports) != 1 or ports[0] is None:
            raise PeerError(
                f"{self.name} has {len(self.datagrams)} UDP ports; from_port must name the one it sends from"
            )
        return ports[0]

    def add(self, connection: Connection) -> Connection:
        """A connection has come about."""
        self.connections.append(connection)
        self._nursery.start_soon(connection.run)
        self.notify()
        return connection

    def notify(self) -> None:
        """Something has changed."""
        self.changed.set()
        self.changed = trio.Event()
