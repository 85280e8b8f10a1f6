"""The hosts a scenario plays itself: what they serve, who connected, what they got."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping

from trio.lowlevel import ParkingLot

from espat.module import Module
from espat.scenario.hosts.world_host import WorldHost
from espat.scenario.services.peer import Datagram
from espat.scenario.services.peer_connection import PeerConnection
from espat.scenario.world.peers import Credentials, PeerConfiguration


class PeerError(Exception):
    """A peer cannot do what the scenario asks."""


class Peer(ABC):
    """One host.

    `connections`: all it has had, the latest last, but those whose end the scenario has seen. `changed`: who waits
    there is woken when a connection or a datagram has come, or anything of a connection has changed. `host`: the one in
    memory, None where there is none.
    """

    connections: list[PeerConnection]
    changed: ParkingLot
    host: WorldHost | None = None

    def __init__(self, configuration: PeerConfiguration) -> None:
        self.name = configuration.name
        self.configuration = configuration

    @property
    @abstractmethod
    def datagrams(self) -> Mapping[int, deque[Datagram]]:
        """What nobody has taken yet, by the UDP ports it has."""

    @abstractmethod
    async def serve(self, transport: str, port: int, *, demands: bool = False) -> None:
        """Start a server; nothing happens when the same one runs already. `demands`: a TLS server takes nobody without
        a certificate. Raises PeerError."""

    @abstractmethod
    async def stop(self, transport: str, port: int) -> None:
        """Stop a server: who connects is refused. What is connected stays. Raises PeerError."""

    @abstractmethod
    async def connect(
        self, module: Module, to: str, port: int, *, tls: bool = False, shows: bool | None = None
    ) -> PeerConnection:
        """Open a connection to a port of a module, which the peer believes to be at `to`. `shows`: whether it has a
        certificate to show over TLS; None when it has been given one. Raises PeerError."""

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

    def to_show(self, shows: bool | None) -> Credentials:
        """What it shows and trusts in a connection of its own. Raises PeerError."""
        credentials = self.configuration.credentials
        if shows and credentials.shown is None:
            raise PeerError(f"{self.name} has no certificate to show; 'client_cert' in the world would give it one")
        return credentials._replace(shown=None) if shows is False else credentials

    def own_port(self, from_port: int | None) -> int:
        """The UDP port it sends from. Raises PeerError."""
        ports = [from_port] if from_port is not None else list(self.datagrams)
        if len(ports) != 1:
            raise PeerError(
                f"{self.name} has {len(self.datagrams)} UDP ports; from_port must name the one it sends from"
            )
        return ports[0]
