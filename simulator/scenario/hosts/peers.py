"""The hosts a scenario plays itself: what they serve, who connected, what they got."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

import trio

from espat.core.suggestions import expected
from espat.module import Module
from espat.scenario.hosts.world_host import WorldHost
from espat.scenario.schema.kinds import WrongValueError
from espat.scenario.services.mqtt import Mqtt, Mqtts
from espat.scenario.services.peer import Datagram, TcpPeer, UdpPeer
from espat.scenario.services.peer_connection import PeerConnection
from espat.scenario.services.service import Service, ServiceConfiguration
from espat.scenario.services.tls import Tls, TlsPeer, read_authority, read_certificate, secured, shipped
from espat.scenario.world.peers import Credentials, PeerConfiguration
from espat.stack.errors import NetworkError
from espat.stack.stream import Stream
from espat.stack.tls_context import OwnCertificate, TlsConfiguration

Read = TypeVar("Read")
KINDS: Final[Mapping[str, type[Service]]] = {
    "tcp": TcpPeer,
    "udp": UdpPeer,
    "ssl": TlsPeer,
    "mqtt": Mqtt,
    "mqtts": Mqtts,
}
"""What a peer serves, by what a scenario calls it."""


class PeerError(Exception):
    """A peer cannot do what the scenario asks."""


class Reach(Protocol):
    """How a host gets at modules: in memory, or over sockets of this machine."""

    async def dial(self, module: Module, to: str, port: int) -> Stream:
        """Open a TCP connection to a port of a module, which the host believes to be at `to`. Raises PeerError."""

    async def send_datagram(self, module: Module, data: bytes, from_port: int, port: int) -> None:
        """Send to a UDP port of a module, from one of its own. Raises PeerError."""

    async def is_from(self, datagram: Datagram, module: Module, port: int) -> bool:
        """Whether a datagram came from that UDP port of a module. Raises PeerError."""


class Peer:
    """A host of the world, and what a scenario makes of it.

    `connections`: all it has had, the latest last, but those whose end the scenario has seen. `changed`: who waits
    there is woken when a connection or a datagram has come, or anything of a connection has changed.
    """

    def __init__(self, configuration: PeerConfiguration, host: WorldHost, reach: Reach) -> None:
        """Raises PeerError."""
        self.name = configuration.name
        self.configuration = configuration
        self.host = host
        self.connections = host.peer_connections
        self.changed = host.changed
        self._reach = reach
        for transport, port in configuration.at_first:
            self.serve(transport, port)

    @property
    def datagrams(self) -> dict[int, deque[Datagram]]:
        """What nobody has taken yet, by the UDP ports it has."""
        return {service.port: service.datagrams for service in self.host.services if isinstance(service, UdpPeer)}

    def serve(self, transport: str, port: int, *, demands: bool = False) -> None:
        """Start a server; nothing happens when the same one runs already. `demands`: a TLS server takes nobody without
        a certificate. Raises PeerError."""
        kind = KINDS[transport]
        demands = issubclass(kind, Tls) and (demands or self.configuration.demands)
        running = self._service(kind.transport, port)
        if running is not None:
            if type(running) is not kind or (isinstance(running, Tls) and running.demands is not demands):
                raise PeerError(f"{self.name} serves something else at port {port} of {kind.transport}")
            return
        options: dict[str, Any] = {}
        if issubclass(kind, Mqtt) and self.configuration.user is not None:
            password = self.configuration.password
            options = {
                "user": self.configuration.user.encode(),
                "password": None if password is None else password.encode(),
            }
        if issubclass(kind, Tls):
            own, authority = _certificates(self.configuration.credentials)
            if demands and authority is None:
                raise PeerError(f"{self.name} trusts nobody's certificates; 'ca' in the world would say whose")
            options |= {"cert": own, "ca": authority if demands else None}
        self.host.open(ServiceConfiguration(kind, port, options))

    def stop(self, transport: str, port: int) -> None:
        """Stop a server: who connects is refused. What is connected stays. Raises PeerError."""
        carried_by = KINDS[transport].transport
        if self._service(carried_by, port) is None:
            raise PeerError(f"{self.name} serves nothing at port {port} of {carried_by}")
        self.host.close(carried_by, port)

    async def connect(
        self, module: Module, to: str, port: int, *, tls: bool = False, shows: bool | None = None
    ) -> PeerConnection:
        """Open a connection to a port of a module, which the peer believes to be at `to`. `shows`: whether it has a
        certificate to show over TLS; None when it has been given one. Raises PeerError."""
        credentials = self._to_show(shows)
        stream = await self._reach.dial(module, to, port)
        if not tls:
            return self.host.hold(stream, stream, port)
        own, authority = _certificates(credentials)
        try:
            secure = await secured(stream, TlsConfiguration(own=own, trusted=authority), self.host.clock)
        except NetworkError as error:
            raise PeerError(f"no TLS with {stream.remote}: {error}") from error
        return self.host.hold(stream, secure, port)

    async def send_datagram(self, module: Module, data: bytes, from_port: int | None, port: int) -> None:
        """Send to a UDP port of a module, from one of its own: its only one when none is named. Raises PeerError."""
        await trio.lowlevel.checkpoint()
        own_port = self._own_port(from_port)
        self.serve("udp", own_port)
        await self._reach.send_datagram(module, data, own_port, port)

    async def is_from(self, datagram: Datagram, module: Module, port: int) -> bool:
        """Whether a datagram came from that UDP port of a module. Raises PeerError."""
        return await self._reach.is_from(datagram, module, port)

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

    def _service(self, transport: str, port: int) -> Service | None:
        found = (one for one in self.host.services if (one.transport, one.port) == (transport, port))
        return next(found, None)

    def _to_show(self, shows: bool | None) -> Credentials:
        """What it shows and trusts in a connection of its own. Raises PeerError."""
        credentials = self.configuration.credentials
        if shows and credentials.shown is None:
            raise PeerError(f"{self.name} has no certificate to show; 'client_cert' in the world would give it one")
        return credentials._replace(shown=None) if shows is False else credentials

    def _own_port(self, from_port: int | None) -> int:
        """The UDP port it sends from. Raises PeerError."""
        ports = [from_port] if from_port is not None else list(self.datagrams)
        if len(ports) != 1:
            raise PeerError(
                f"{self.name} has {len(self.datagrams)} UDP ports; from_port must name the one it sends from"
            )
        return ports[0]


def _certificates(credentials: Credentials) -> tuple[OwnCertificate | None, bytes | None]:
    """What a peer shows, and the authority it trusts. Raises PeerError."""
    return _read(credentials.shown, read_certificate), _read(credentials.trusted, read_authority)


def _read(name: str | None, reader: Callable[[str], Read]) -> Read | None:
    if name is None:
        return None
    try:
        if shipped(name) is not None:
            return reader(name)
    except WrongValueError:
        pass
    raise PeerError(expected("a certificate that ships, like server_cert", repr(name)))
