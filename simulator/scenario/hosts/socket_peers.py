"""Peers as real sockets of this machine.

A peer has an address or a name that the module uses, and free ports of this machine. All ports that a scenario may ever
need are reserved before there is a module, because the world tells the module's addresses from the beginning; a
reserved TCP port refuses connections until it is served.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import trio
from trio import socket
from trio.lowlevel import ParkingLot

from espat.core.time.clock import Clock
from espat.module import Module
from espat.scenario.hosts.peers import Peer, PeerError
from espat.scenario.hosts.tls_peers import connect_tls, serve_tls
from espat.scenario.services.peer import Datagram
from espat.scenario.services.peer_connection import RECEIVE_SIZE, Carrier, PeerConnection
from espat.scenario.services.tls import SERVER_CERTIFICATE
from espat.scenario.world.peers import PeerConfiguration
from espat.stack.address import Address
from espat.stack.endpoint import Endpoint, socket_endpoint
from espat.stack.host_network import HostListener
from espat.stack.host_stream import HostStream
from espat.stack.tcp_options import ConnectionOptions

LOOPBACK: Final = "127.0.0.1"
RESERVE_ATTEMPTS: Final = 20

FindPort = Callable[[Module, str, int], Awaitable[tuple[str, int]]]
"""Tells where on this machine a port of a module is: the module, `tcp` or `udp`, the port. Raises PeerError."""


class SocketPeer(Peer):
    """A host whose ports are ports of this machine."""

    def __init__(
        self, configuration: PeerConfiguration, nursery: trio.Nursery, find_port: FindPort, clock: Clock
    ) -> None:
        super().__init__(configuration)
        self.connections = []
        self.changed = ParkingLot()
        self._nursery = nursery
        self._find_port = find_port
        self._clock = clock
        self._tcp: dict[int, socket.SocketType] = {}
        self._udp: dict[int, socket.SocketType] = {}
        self._datagrams: dict[int, deque[Datagram]] = {}
        self._demanding: set[int] = set()  # the ports of TLS servers that take nobody without a certificate
        self._serving: dict[tuple[str, int], trio.CancelScope] = {}

    @property
    def datagrams(self) -> dict[int, deque[Datagram]]:
        return self._datagrams

    async def reserve(self) -> dict[str, str]:
        """Take a free port of this machine for each port it serves or may serve, and start the servers; returns the
        entries of `[hosts]` that lead to them. Raises PeerError."""
        configuration = self.configuration
        hosts = {configuration.host: LOOPBACK} if configuration.host else {}
        seen = configuration.host or configuration.address
        for port in sorted({port for _, port in (*configuration.at_first, *configuration.later)}):
            here = await self._reserve(port)
            if seen:
                hosts[f"{seen}:{port}"] = f"{LOOPBACK}:{here}"
        for transport, port in configuration.at_first:
            await self.serve(transport, port)
        return hosts

    async def serve(self, transport: str, port: int, *, demands: bool = False) -> None:
        demands = demands or (transport == "ssl" and self.configuration.demands)
        if (transport, port) in self._serving:
            if demands is not (port in self._demanding):
                raise PeerError(f"{self.name} serves something else at port {port} of tcp")
            return
        if (other := {"tcp": "ssl", "ssl": "tcp"}.get(transport)) and (other, port) in self._serving:
            raise PeerError(f"{self.name} serves something else at port {port} of tcp")
        if port not in self._tcp:
            raise PeerError(f"{self.name} has neither 'ip' nor 'host' where a module could find a server")
        scope = self._serving[transport, port] = trio.CancelScope()
        if transport == "tcp":
            self._tcp[port].listen()
            self._nursery.start_soon(self._accept, port, scope)
        elif transport == "udp":
            self._datagrams[port] = deque()
            self._nursery.start_soon(self._receive, port, scope)
        else:
            if demands:
                self._demanding.add(port)
            await self._serve_tls(port, demands)

    async def _serve_tls(self, port: int, demands: bool) -> None:
        credentials = self.configuration.credentials
        if credentials.shown is None:
            credentials = credentials._replace(shown=SERVER_CERTIFICATE)
        here = int(self._tcp[port].getsockname()[1])
        await serve_tls(
            self._nursery,
            here,
            credentials,
            wants_certificate=demands,
            established=lambda stream: self._take(stream, port),
        )

    async def stop(self, transport: str, port: int) -> None:
        scope = self._serving.pop((transport, port), None)
        if scope is None:
            raise PeerError(f"{self.name} serves nothing at port {port} of {transport}")
        scope.cancel()
        if transport == "udp":
            del self._datagrams[port]
            return
        if transport == "ssl":
            raise PeerError("a program that serves TLS goes on until the end")
        here = self._tcp[port].getsockname()
        self._tcp[port].shutdown(socket.SHUT_RDWR)  # which also lets go of the port
        await self._tcp[port].bind(here)

    async def connect(
        self, module: Module, to: str, port: int, *, tls: bool = False, shows: bool | None = None
    ) -> PeerConnection:
        credentials = self.to_show(shows)
        address, here = await self._find_port(module, "tcp", port)
        carrier: Carrier
        if tls:
            carrier = await connect_tls(self._nursery, (address, here), credentials)
        else:
            try:
                stream = await trio.open_tcp_stream(address, here)
            except OSError as error:
                raise PeerError(f"no connection to {address}:{here}: {error}") from error
            carrier = _undelayed(HostStream(stream.socket, Endpoint(Address(address), here), self._clock))
        connection = self._take(carrier, port)
        connection.accepted = True
        return connection

    async def send_datagram(self, module: Module, data: bytes, from_port: int | None, port: int) -> None:
        own = self.own_port(from_port)
        if own not in self._udp:
            raise PeerError(f"{self.name} has no UDP port {own}")
        await self._udp[own].sendto(data, await self._find_port(module, "udp", port))

    async def is_from(self, datagram: Datagram, module: Module, port: int) -> bool:
        return datagram.sender.of_socket == await self._find_port(module, "udp", port)

    def close(self) -> None:
        """Close all ports and connections."""
        for connection in self.connections:
            if not connection.closed:
                connection.close()
        for sock in (*self._tcp.values(), *self._udp.values()):
            sock.close()

    async def _reserve(self, port: int) -> int:
        """Take one free port of this machine, TCP and UDP."""
        for _ in range(RESERVE_ATTEMPTS):
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                await tcp.bind((LOOPBACK, 0))
                here = int(tcp.getsockname()[1])
                await udp.bind((LOOPBACK, here))
            except OSError:
                tcp.close()
                udp.close()
                continue
            self._tcp[port], self._udp[port] = tcp, udp
            return here
        raise PeerError("no port is free for TCP and UDP")

    async def _accept(self, port: int, scope: trio.CancelScope) -> None:
        listener = HostListener(self._tcp[port], self._clock)
        with scope:
            while True:
                self._take(_undelayed(await listener.accept()), port)

    async def _receive(self, port: int, scope: trio.CancelScope) -> None:
        with scope:
            while True:
                data, sender = await self._udp[port].recvfrom(RECEIVE_SIZE)
                self._datagrams[port].append(Datagram(data, socket_endpoint(sender)))
                self.changed.unpark_all()

    def _take(self, carrier: Carrier, port: int) -> PeerConnection:
        connection = PeerConnection(carrier, port, self.changed)
        self.connections.append(connection)
        self._nursery.start_soon(connection.run)
        self.changed.unpark_all()
        return connection


def _undelayed(stream: HostStream) -> HostStream:
    """A stream that sends at once, however little it is."""
    stream.set_options(ConnectionOptions(no_delay=True))
    return stream
