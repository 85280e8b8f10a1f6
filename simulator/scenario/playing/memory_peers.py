"""Peers in memory: hosts of the simulation's own networks. With them a run is the same each time."""

from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import trio

from simulator.core.clock import Clock
from simulator.module import Module
from simulator.scenario.playing.memory_tls import SecureStream, client_configuration, server_configuration
from simulator.scenario.playing.peers import Connection, Datagram, Peer, PeerConfiguration, PeerError
from simulator.scenario.services.tls import StreamConnection
from simulator.stack.endpoint import Endpoint
from simulator.stack.errors import LWIP_RESET, NetworkError
from simulator.stack.lan import Lan, Node
from simulator.stack.memory_stream import MemoryStream, memory_stream_pair
from simulator.stack.network import Attachment
from simulator.stack.tls import start_tls
from simulator.stack.tls_context import TlsConfiguration

FIRST_EPHEMERAL: Final = 50000


class MemoryPeer(Peer):
    """A host with an address on the networks it belongs to; one beyond the routers is on all that lead there."""

    def __init__(
        self, configuration: PeerConfiguration, nursery: trio.Nursery, lans: Mapping[bytes, Lan], clock: Clock
    ) -> None:
        """`lans`: the networks of the world, by BSSID."""
        super().__init__(configuration, nursery)
        self._clock = clock
        self._tcp: dict[int, TlsConfiguration | None] = {}
        self._next_port = FIRST_EPHEMERAL
        self.node: Node = _PeerNode(self)
        """The peer as those on a network see it."""
        if configuration.address:
            near = [lan for lan in lans.values() if lan.contains(configuration.address)]
            for lan in near or [lan for lan in lans.values() if lan.has_uplink]:
                lan.nodes.setdefault(configuration.address, self.node)
        for transport, port in configuration.serves:
            self._open(transport, port, configuration.demands)
        if configuration.datagrams_at is not None:
            self._open("udp", configuration.datagrams_at)

    async def serve(self, transport: str, port: int, *, demands: bool = False) -> None:
        await trio.lowlevel.checkpoint()
        self._open(transport, port, demands or self.configuration.demands)

    def _open(self, transport: str, port: int, demands: bool = False) -> None:
        if transport == "udp":
            self.datagrams.setdefault(port, deque())
        else:
            tls = server_configuration(self.configuration.credentials, demands) if transport == "ssl" else None
            self._tcp.setdefault(port, tls)

    async def stop(self, transport: str, port: int) -> None:
        await trio.lowlevel.checkpoint()
        if transport == "udp":
            self.datagrams.pop(port, None)
        else:
            self._tcp.pop(port, None)

    async def connect(self, module: Module, to: str, port: int, *, tls: bool = False) -> Connection:
        await trio.lowlevel.checkpoint()
        attachment = self._way_to(module, to)
        own = Endpoint(self._address_on(attachment.lan), self._next_port)
        self._next_port += 1
        try:
            stream = attachment.lan.nodes[attachment.address].connect(port, own)
        except (NetworkError, KeyError):
            raise PeerError(f"no connection to {attachment.address}:{port}: refused") from None
        connection = (
            await self._secure(stream, port, client_configuration(self.configuration.credentials))
            if tls
            else (self._take(stream, stream, port))
        )
        connection.accepted = True
        return connection

    async def send_datagram(self, module: Module, data: bytes, from_port: int | None, port: int) -> None:
        await trio.lowlevel.checkpoint()
        own_port = self.own_port(from_port)
        self.datagrams.setdefault(own_port, deque())
        attachment = self._way_to(module, "")
        own = Endpoint(self._address_on(attachment.lan), own_port)
        node = attachment.lan.nodes.get(attachment.address)
        if node is not None:
            node.datagram(data, own, Endpoint(attachment.address, port))

    async def is_from(self, datagram: Datagram, module: Module, port: int) -> bool:
        await trio.lowlevel.checkpoint()
        return datagram.sender[1] == port

    def accept(self, port: int, client: Endpoint, server: str) -> MemoryStream:
        """Somebody connects. Raises NetworkError."""
        if port not in self._tcp:
            raise NetworkError(LWIP_RESET)
        far, near = memory_stream_pair(client, Endpoint(server, port))
        tls = self._tcp[port]
        if tls is None:
            self._take(near, near, port)
        else:
            self._nursery.start_soon(self._receive_securely, near, port, tls)
        return far

    def arrive(self, data: bytes, sender: Endpoint, port: int) -> None:
        """A datagram arrives."""
        if port in self.datagrams:
            self.datagrams[port].append(Datagram(data, (sender.address, sender.port)))
            self.notify()

    async def _receive_securely(self, stream: MemoryStream, port: int, tls: TlsConfiguration) -> None:
        with suppress(PeerError):  # a client that comes to no terms
            await self._secure(stream, port, tls)

    async def _secure(self, stream: MemoryStream, port: int, tls: TlsConfiguration) -> Connection:
        """Shake hands, and take the connection. Raises PeerError."""
        try:
            secure = SecureStream(await start_tls(StreamConnection(stream), tls, self._clock, now=None))
        except NetworkError as error:
            raise PeerError(f"no terms with {stream.remote}: {error}") from error
        return self._take(stream, secure, port)

    def _take(self, stream: MemoryStream, data: trio.abc.Stream, port: int) -> Connection:
        """`stream`: that carries the `data`, or the same."""

        def hard_close(reset: bool) -> None:
            if reset:
                stream.reset()
            stream.close()

        return self.add(Connection(data, port, self.notify, hard_close))

    def _way_to(self, module: Module, to: str) -> Attachment:
        """The network on which the peer finds a module. Raises PeerError."""
        attachments = module.network.attachments
        named = [one for one in attachments if one.address == to]
        own = [one for one in attachments if self._is_on(one.lan)]
        for found in (named, own, attachments):
            if found:
                return found[0]
        raise PeerError(f"module {module.number} is on no network where {self.name} could find it")

    def _is_on(self, lan: Lan) -> bool:
        return self.node in lan.nodes.values()

    def _address_on(self, lan: Lan) -> str:
        """Its address there: its own, the one it was given, or a free one."""
        for address, node in lan.nodes.items():
            if node is self.node:
                return address
        if self.configuration.address:
            return self.configuration.address
        address = next(str(one) for one in reversed(list(lan.subnet.hosts())) if str(one) not in lan.nodes)
        lan.nodes[address] = self.node
        return address


class _PeerNode:
    """A peer as those on a network see it."""

    def __init__(self, peer: MemoryPeer) -> None:
        self.peer = peer

    def connect(self, port: int, client: Endpoint) -> MemoryStream:
        return self.peer.accept(port, client, self.peer.configuration.address)

    def datagram(self, data: bytes, sender: Endpoint, destination: Endpoint) -> None:
        self.peer.arrive(data, sender, destination.port)
