"""One UDP port of a module: its sockets on this machine, and what has come in."""

from collections.abc import Callable
from typing import Final, NamedTuple

import trio
from trio import socket

from espat.stack.address import HOST_BROADCAST, LOOPBACK, Address
from espat.stack.endpoint import Endpoint, socket_endpoint
from espat.stack.errors import NetworkError, network_error
from espat.stack.host_socket import open_socket

DATAGRAM_LIMIT: Final = 65535
"""Bytes read at once: any datagram fits."""
DATAGRAM_BACKLOG: Final = 32
"""Datagrams held for a module that does not take them; more are lost, as they are anywhere."""


class Arrival(NamedTuple):
    """A datagram that has come in: from an address of this machine's (`host`) or of the simulation's (`seen`)."""

    data: bytes
    host: Endpoint | None
    seen: Endpoint | None


class Datagrams:
    """One UDP port.

    What goes to loopback leaves from the port the module owns; a second socket, opened when it is first needed, talks
    to the host's network and hears only those it has sent to; others hear broadcasts of this machine's programs and a
    multicast group.
    """

    def __init__(
        self,
        loopback: socket.SocketType,
        local_port: int,
        spawn: Callable[..., None],
        closed: Callable[[], None],
        modules: set[Endpoint],
    ) -> None:
        """`loopback`: the bound socket, which this takes over. `closed` is told when the port is closed. `modules`: the
        UDP ports of the simulation's modules on this machine, which this is added to."""
        self.local_port = local_port
        self.group: Address | None = None
        """The multicast group whose datagrams it takes."""
        self._loopback = loopback
        self._host = socket_endpoint(loopback.getsockname())
        self._only_loopback = self._host.address.is_loopback
        self._modules = modules
        self._outward: socket.SocketType | None = None
        self._to_many: list[socket.SocketType] = []
        self._spoken_to: set[Address] = set()
        self._spawn = spawn
        self._closed = closed
        self._arriving, self._arrived = trio.open_memory_channel[Arrival](DATAGRAM_BACKLOG)
        modules.add(self._host)
        loopback.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        loopback.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, LOOPBACK.packed)

    async def join(self, group: Address) -> None:
        """Take the datagrams of a multicast group, from this machine too as far as the port is free there."""
        self.group = group
        membership = group.packed + LOOPBACK.packed
        await self._listen_at(Endpoint(group, self.local_port), membership)

    async def hear_broadcasts(self) -> None:
        """Take what programs of this machine send to all of its loopback network, as far as the port is free there."""
        if self._only_loopback:
            await self._listen_at(Endpoint(HOST_BROADCAST, self._host.port))

    async def _listen_at(self, address: Endpoint, membership: bytes | None = None) -> None:
        try:
            sock = open_socket(socket.SOCK_DGRAM)
        except NetworkError:
            return
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # all modules listen there
            await sock.bind(address.of_socket)
            if membership is not None:
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        except OSError:
            sock.close()
        except BaseException:  # cancelled
            sock.close()
            raise
        else:
            self._to_many.append(sock)
            self._spawn(self.pump, sock)

    async def send_to_host(self, data: bytes, destination: Endpoint) -> None:
        """Send one datagram to an address of this machine's or its network. Raises NetworkError."""
        sock = self._loopback
        address = destination.address
        if self._only_loopback and not (address.is_loopback or address.is_multicast):
            sock = self._outward_socket()
            self._spoken_to.add(address)
        try:
            await sock.sendto(data, destination.of_socket)
        except OSError as error:
            raise network_error(error) from error

    def deliver(self, data: bytes, sender: Endpoint) -> None:
        """A datagram from the simulation has come in."""
        self._keep(Arrival(data, None, sender))

    async def receive(self) -> Arrival:
        """Wait for a datagram."""
        return await self._arrived.receive()

    async def pump(self, sock: socket.SocketType) -> None:
        """Move datagrams from a socket into the backlog until it is closed."""
        while True:
            try:
                data, name = await sock.recvfrom(DATAGRAM_LIMIT)
            except trio.ClosedResourceError:
                return
            except OSError:
                if sock.fileno() < 0:
                    return
                continue  # an ICMP answer to something sent before
            sender = socket_endpoint(name)
            if sock is self._outward and sender.address not in self._spoken_to:
                continue
            if sock in self._to_many and sender in self._modules:
                continue  # which sends it in memory too
            self._keep(Arrival(data, sender, None))

    def close(self) -> None:
        """Close the port."""
        self._closed()
        self._modules.discard(self._host)
        for sock in (self._loopback, self._outward, *self._to_many):
            if sock is not None:
                sock.close()

    def _keep(self, arrival: Arrival) -> None:
        try:
            self._arriving.send_nowait(arrival)
        except trio.WouldBlock:
            return  # the backlog is full

    def _outward_socket(self) -> socket.SocketType:
        if self._outward is None:
            self._outward = open_socket(socket.SOCK_DGRAM)
            self._spawn(self.pump, self._outward)
        return self._outward
