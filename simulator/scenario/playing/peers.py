"""The hosts a scenario plays itself: what they serve, who connected, what they got."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from typing import Final, NamedTuple

from trio.lowlevel import ParkingLot

from espat.module import Module
from espat.scenario.services.peer import Datagram
from espat.scenario.services.peer_connection import PeerConnection

TRANSPORTS: Final = ("tcp", "udp", "ssl")


class PeerError(Exception):
    """A peer cannot do what the scenario asks."""


class Credentials(NamedTuple):
    """What a peer shows and trusts where it speaks TLS, by the keys of the manufacturing data; None for nothing."""

    shown: str | None = None
    trusted: str | None = None


class PeerConfiguration(NamedTuple):
    """One of `peers` in the world of a scenario.

    `address`: an IPv4 address or empty. `host`: the name the module looks up, or empty. `serves`: transport and port of
    what it serves from the beginning; `later`: of what it may serve. `datagrams_at`: a UDP port it has, or None. `mac`:
    None is any. `demands`: whether its TLS servers take nobody without a certificate.
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

    @property
    def at_first(self) -> tuple[tuple[str, int], ...]:
        """Transport and port of all it has from the beginning."""
        return self.serves if self.datagrams_at is None else (*self.serves, ("udp", self.datagrams_at))


class Peer(ABC):
    """One host.

    `connections`: all it has had, the latest last, but those whose end the scenario has seen. `changed`: who waits
    there is woken when a connection or a datagram has come, or anything of a connection has changed.
    """

    connections: list[PeerConnection]
    changed: ParkingLot

    def __init__(self, configuration: PeerConfiguration) -> None:
        self.name = configuration.name
        self.configuration = configuration

    @property
    @abstractmethod
    def datagrams(self) -> Mapping[int, deque[Datagram]]:
        """What nobody has taken yet, by the UDP ports it has."""

    @abstractmethod
    async def serve(self, transport: str, port: int, *, demands: bool = False) -> None:
        """Start a server; nothing happens when it runs already. `demands`: a TLS server takes nobody without a
        certificate. Raises PeerError."""

    @abstractmethod
    async def stop(self, transport: str, port: int) -> None:
        """Stop a server: who connects is refused. What is connected stays. Raises PeerError."""

    @abstractmethod
    async def connect(self, module: Module, to: str, port: int, *, tls: bool = False) -> PeerConnection:
        """Open a connection to a port of a module, which the peer believes to be at `to`. Raises PeerError."""

    @abstractmethod
    async def send_datagram(self, module: Module, data: bytes, from_port: int | None, port: int) -> None:
        """Send to a UDP port of a module, from one of its own: its only one when none is named. Raises PeerError."""

    @abstractmethod
    async def is_from(self, datagram: Datagram, module: Module, port: int) -> bool:
        """Whether a datagram came from that UDP port of a module."""

    def open_connection(self, port: int | None = None) -> PeerConnection | None:
        """Its only open connection, or the latest when there are several. `port` narrows it down."""
        found = [
            connection
            for connection in self.connections
            if port in (None, connection.port)
            and not connection.closed
            and (connection.received or not connection.ended)
        ]
        return found[-1] if found else None

    def own_port(self, from_port: int | None) -> int:
        """The UDP port it sends from. Raises PeerError."""
        ports = [from_port] if from_port is not None else list(self.datagrams)
        if len(ports) != 1:
            raise PeerError(
                f"{self.name} has {len(self.datagrams)} UDP ports; from_port must name the one it sends from"
            )
        return ports[0]
