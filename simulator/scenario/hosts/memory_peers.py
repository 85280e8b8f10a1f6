"""Peers in memory: hosts of the simulation in the hands of a scenario. With them a run is the same each time."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import trio

from espat.module import Module
from espat.scenario.hosts.peers import Peer, PeerError
from espat.scenario.hosts.world_host import WorldHost
from espat.scenario.services.peer import Datagram, TcpPeer, UdpPeer
from espat.scenario.services.peer_connection import PeerConnection
from espat.scenario.services.service import Service, ServiceConfiguration
from espat.scenario.services.tls import TlsPeer, read_authority, read_certificate, secured, shipped
from espat.scenario.text.values import WrongValueError
from espat.scenario.world.peers import Credentials, PeerConfiguration
from espat.stack.endpoint import Endpoint
from espat.stack.errors import NetworkError
from espat.stack.network import Attachment, Network
from espat.stack.tls_context import OwnCertificate, TlsConfiguration

Read = TypeVar("Read")


KINDS: Final[Mapping[str, type[Service]]] = {"tcp": TcpPeer, "udp": UdpPeer, "ssl": TlsPeer}


class MemoryPeer(Peer):
    """A host of the simulation, and what the scenario makes of it."""

    host: WorldHost

    def __init__(self, configuration: PeerConfiguration, host: WorldHost) -> None:
        """Raises PeerError."""
        super().__init__(configuration)
        self.host = host
        self.connections = host.peer_connections
        self.changed = host.changed
        for transport, port in configuration.at_first:
            self._open(transport, port, demands=configuration.demands)

    @property
    def datagrams(self) -> dict[int, deque[Datagram]]:
        return {service.port: service.datagrams for service in self.host.services if isinstance(service, UdpPeer)}

    async def serve(self, transport: str, port: int, *, demands: bool = False) -> None:
        await trio.lowlevel.checkpoint()
        self._open(transport, port, demands=demands or self.configuration.demands)

    async def stop(self, transport: str, port: int) -> None:
        await trio.lowlevel.checkpoint()
        carried_by = "udp" if transport == "udp" else "tcp"
        if self._service(carried_by, port) is None:
            raise PeerError(f"{self.name} serves nothing at port {port} of {carried_by}")
        self.host.close(carried_by, port)

    async def connect(
        self, module: Module, to: str, port: int, *, tls: bool = False, shows: bool | None = None
    ) -> PeerConnection:
        await trio.lowlevel.checkpoint()
        credentials = self.to_show(shows)
        way = self._way_to(module, to)
        try:
            stream = self.host.dial(way.address, port, way.lan)
        except NetworkError:
            raise PeerError(f"no connection to {way.address}:{port}: refused") from None
        if not tls:
            return self.host.hold(stream, stream, port)
        own, authority = _certificates(credentials)
        try:
            secure = await secured(stream, TlsConfiguration(own=own, trusted=authority), self.host.clock)
        except NetworkError as error:
            raise PeerError(f"no TLS with {way.address}:{port}: {error}") from error
        return self.host.hold(stream, secure, port)

    async def send_datagram(self, module: Module, data: bytes, from_port: int | None, port: int) -> None:
        await trio.lowlevel.checkpoint()
        own_port = self.own_port(from_port)
        self._open("udp", own_port)
        way = self._way_to(module, "")
        self.host.send_datagram(data, own_port, Endpoint(way.address, port), way.lan)

    async def is_from(self, datagram: Datagram, module: Module, port: int) -> bool:
        await trio.lowlevel.checkpoint()
        return datagram.sender.port == port

    def _open(self, transport: str, port: int, *, demands: bool = False) -> None:
        """Start a server, unless the same one runs. Raises PeerError."""
        kind = KINDS[transport]
        running = self._service(kind.transport, port)
        if running is not None:
            if not isinstance(running, kind) or (isinstance(running, TlsPeer) and running.demands is not demands):
                raise PeerError(f"{self.name} serves something else at port {port} of {kind.transport}")
            return
        options = {}
        if transport == "ssl":
            own, authority = _certificates(self.configuration.credentials)
            if demands and authority is None:
                raise PeerError(f"{self.name} trusts nobody's certificates; 'ca' in the world would say whose")
            options = {"cert": own, "ca": authority if demands else None}
        self.host.open(ServiceConfiguration(kind, port, options))

    def _service(self, transport: str, port: int) -> Service | None:
        found = (one for one in self.host.services if (one.transport, one.port) == (transport, port))
        return next(found, None)

    def _way_to(self, module: Module, to: str) -> Attachment:
        """The address and network at which the host finds a module. Raises PeerError."""
        attachments = module[Network].attachments
        named = [one for one in attachments if str(one.address) == to]
        near = [one for one in attachments if self.host.is_on(one.lan)]
        for found in (named, near, attachments):
            if found:
                return found[0]
        raise PeerError(f"module {module.number} is on no network where {self.name} could find it")


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
    raise PeerError(f"found the certificate {name!r}; one that ships, like server_cert, would be right")
