"""Peers in memory: hosts of the simulation's own networks. With them a run is the same each time."""

from collections import deque
from collections.abc import Mapping
from typing import Final

import trio

from simulator.module import Module
from simulator.scenario.playing.peers import Connection, Datagram, Peer, PeerConfiguration, PeerError
from simulator.stack.endpoint import Endpoint
from simulator.stack.errors import LWIP_RESET, NetworkError
from simulator.stack.lan import Lan, Node
from simulator.stack.memory_stream import MemoryStream, memory_stream_pair
from simulator.stack.network import Attachment

FIRST_EPHEMERAL: Final = 50000


class MemoryPeer(Peer):
    """A host with an address on the networks it belongs to; one beyond the routers is on all that lead there."""

    def __init__(self, configuration: PeerConfiguration, nursery: trio.Nursery, lans: Mapping[bytes, Lan]) -> None:
        """`lans`: the networks of the world, by BSSID."""
        super().__init__(configuration, nursery)
        self._tcp: set[int] = set()
        self._next_port = FIRST_EPHEMERAL
        self.node: Node = _PeerNode(self)
        """The peer as those on a network see it."""
        if configuration.address:
            near = [lan for lan in lans.values() if lan.contains(configuration.address)]
            for lan in near or [lan for lan in lans.values() if lan.has_uplink]:
                lan.nodes.setdefault(configuration.address, self.node)
        for transport, port in configuration.serves:
            self.serve(transport, port)
        if configuration.datagrams_at is not None:
            self.serve("udp", configuration.datagrams_at)

    def serve(self, transport: str, port: int) -> None:
        if transport == "tcp":
            self._tcp.add(port)
        else:
            self.datagrams.setdefault(port, deque())

    async def stop(self, transport: str, port: int) -> None:
        await trio.lowlevel.checkpoint()
        if transport == "tcp":
            self._tcp.discard(port)
        else:
            self.datagrams.pop(port, None)

    async def connect(self, module: Module, to: str, port: int) -> Connection:
        await trio.lowlevel.checkpoint()
        attachment = self._way_to(module, to)
        own = Endpoint(self._address_on(attachment.lan), self._next_port)
        self._next_port += 1
        try:
            stream = attachment.lan.nodes[attachment.address].connect(port, own)
        except (NetworkError, KeyError):
            raise PeerError(f"no connection to {attachment.address}:{port}: refused") from None
        connection = self._take(stream, port)
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
        self._take(near, port)
        return far

    def arrive(self, data: bytes, sender: Endpoint, port: int) -> None:
        """A datagram arrives."""
        if port in self.datagrams:
            self.datagrams[port].append(Datagram(data, (sender.address, sender.port)))
            self.notify()

    def _take(self, stream: MemoryStream, port: int) -> Connection:
        def hard_close(reset: bool) -> None:
            if reset:
                stream.reset()
            stream.close()

        return self.add(Connection(stream, port, self.notify, hard_close))

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
