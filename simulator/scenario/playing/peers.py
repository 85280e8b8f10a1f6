"""The hosts around a module, as real sockets of this machine: what they serve, who connected, what they got.

A peer has an address or a name that the module uses, and free ports of this machine. All ports that a transcript may
ever need are reserved before the module starts, because the world tells the module's addresses from the beginning; a
reserved TCP port refuses connections until it is served.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import trio
from trio import socket

from simulator.scenario.playing.tls_peers import Credentials, ProgramStream, TlsProgramError, connect_tls, serve_tls

LOOPBACK: Final = "127.0.0.1"
RECEIVE_SIZE: Final = 65536
RESERVE_ATTEMPTS: Final = 20


class PeerError(Exception):
    """A peer cannot do what the transcript asks."""


class Datagram(NamedTuple):
    """A datagram that a peer has got, and the address and port on this machine it came from."""

    data: bytes
    sender: tuple[str, int]


class Connection:
    """One TCP or TLS connection of a peer.

    `received`: bytes not accounted for yet. `ended`: the other side has closed.
    """

    def __init__(self, stream: trio.SocketStream | ProgramStream, port: int, changed: Callable[[], None]) -> None:
        """`port`: the peer's own as the module calls it, or the module's where the peer connected."""
        self.port = port
        self.received = bytearray()
        self.ended = False
        self.accepted = False
        self._stream = stream
        self._changed = changed

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

    def close(self) -> None:
        """Close the connection; what a program has, it closes itself when it ends."""
        if isinstance(self._stream, trio.SocketStream):
            self._stream.socket.close()


class Peer:
    """One host."""

    def __init__(self, name: str, address: str, nursery: trio.Nursery, credentials: Credentials | None = None) -> None:
        """`address`: what the module calls it, an IPv4 address or a host name; empty when it only connects itself.
        `credentials`: what it shows and trusts where it speaks TLS."""
        self.name = name
        self.address = address
        self.connections: list[Connection] = []
        self.datagrams: dict[int, deque[Datagram]] = {}
        self.changed = trio.Event()
        self._nursery = nursery
        self._credentials = credentials or Credentials()
        self._tcp: dict[int, socket.SocketType] = {}
        self._udp: dict[int, socket.SocketType] = {}
        self._serving: set[tuple[str, int]] = set()

    async def reserve(self, port: int) -> int:
        """Take one free port of this machine, TCP and UDP, for a port of this peer; returns it. Raises PeerError."""
        if port in self._tcp:
            return int(self._tcp[port].getsockname()[1])
        for _ in range(RESERVE_ATTEMPTS):
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # for a program that is to listen there
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

    def serve(self, protocol: str, port: int) -> None:
        """Start a server on a reserved port; nothing happens when it runs already. Raises PeerError."""
        if (protocol, port) in self._serving:
            return
        if port not in self._tcp:
            raise PeerError(f"{self.name} has neither 'ip' nor 'host' where the module could find a server")
        self._serving.add((protocol, port))
        if protocol == "tcp":
            self._tcp[port].listen()
            self._nursery.start_soon(self._accept, port)
        else:
            self.datagrams[port] = deque()
            self._nursery.start_soon(self._receive, port)

    async def connect(self, port: int, endpoint: tuple[str, int]) -> Connection:
        """Open a TCP connection to `port` of the module, which is at `endpoint` here. Raises PeerError."""
        try:
            stream = await trio.open_tcp_stream(*endpoint)
        except OSError as error:
            raise PeerError(f"no connection to {endpoint[0]}:{endpoint[1]}: {error}") from error
        connection = self._add(stream, port)
        connection.accepted = True
        return connection

    async def serve_tls(self, port: int, *, wants_certificate: bool) -> None:
        """Start a TLS server on a reserved port; nothing happens when it runs already. Raises PeerError."""
        if ("ssl", port) in self._serving:
            return
        if port not in self._tcp:
            raise PeerError(f"{self.name} has neither 'ip' nor 'host' where the module could find a server")
        self._serving.add(("ssl", port))
        here = int(self._tcp[port].getsockname()[1])
        try:
            await serve_tls(
                self._nursery,
                here,
                self._credentials,
                wants_certificate=wants_certificate,
                established=lambda stream: self._add(stream, port),
            )
        except TlsProgramError as error:
            raise PeerError(str(error)) from error

    async def connect_tls(self, port: int, endpoint: tuple[str, int]) -> None:
        """Open a TLS connection to `port` of the module, which is at `endpoint` here. Raises PeerError."""
        try:
            stream = await connect_tls(self._nursery, endpoint, self._credentials)
        except TlsProgramError as error:
            raise PeerError(str(error)) from error
        self._add(stream, port).accepted = True

    async def send_datagram(self, data: bytes, from_port: int | None, endpoint: tuple[str, int]) -> None:
        """Send from one of its UDP ports, its only one when none is named. Raises PeerError."""
        ports = [from_port] if from_port is not None else list(self.datagrams)
        if len(ports) != 1 or ports[0] not in self._udp:
            raise PeerError(f"{self.name} has {len(self.datagrams)} UDP ports; from_port must name one it serves")
        await self._udp[ports[0]].sendto(data, endpoint)

    def open_connection(self, port: int | None = None) -> Connection | None:
        """Its only open connection, or the latest when there are several. `port` narrows it down."""
        found = [
            connection
            for connection in self.connections
            if port in (None, connection.port) and (connection.received or not connection.ended)
        ]
        return found[-1] if found else None

    def close(self) -> None:
        """Close all ports and connections."""
        for sock in (*self._tcp.values(), *self._udp.values()):
            sock.close()
        for connection in self.connections:
            connection.close()

    async def _accept(self, port: int) -> None:
        listener = trio.SocketListener(self._tcp[port])
        while True:
            self._add(await listener.accept(), port)

    async def _receive(self, port: int) -> None:
        while True:
            data, sender = await self._udp[port].recvfrom(RECEIVE_SIZE)
            self.datagrams[port].append(Datagram(data, sender))
            self._notify()

    def _add(self, stream: trio.SocketStream | ProgramStream, port: int) -> Connection:
        connection = Connection(stream, port, self._notify)
        self.connections.append(connection)
        self._nursery.start_soon(connection.run)
        self._notify()
        return connection

    def _notify(self) -> None:
        self.changed.set()
        self.changed = trio.Event()
