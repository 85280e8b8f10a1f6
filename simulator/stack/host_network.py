"""The network beyond the module: sockets of this machine. The only room that opens any.

Module n appears on this machine as 127.0.0.(1+n): its servers listen there, and what it sends to loopback comes from
there. Nothing listens on another address unless the world or the command line says so.
"""

import errno
import socket as stdlib_socket
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

import trio
from trio import socket

from espat.core.time.clock import Clock
from espat.stack.address import LOOPBACK, Address
from espat.stack.datagrams import Datagrams
from espat.stack.endpoint import Endpoint, socket_endpoint
from espat.stack.errors import ResolveError, network_error
from espat.stack.host_map import HostMap
from espat.stack.host_socket import open_socket
from espat.stack.host_stream import HostStream
from espat.stack.lan import Lan

PORT_SHIFT: Final = 10000
"""Added to a port that this machine does not let us have."""
CONNECT_LIMIT: Final = 9.1
"""Seconds a connect may take, of real time however fast the module's runs: what a real module took to give up."""
BACKLOG: Final = 5
"""Clients that may wait to be accepted."""
OUT_OF_RESOURCES: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ACCEPT_PAUSE: Final = 0.1
"""Seconds before the next try to accept when this machine has no descriptor left."""


def _nothing() -> None:
    pass


class HostListener:
    """A listening socket."""

    def __init__(self, sock: socket.SocketType, clock: Clock, closed: Callable[[], None] = _nothing) -> None:
        """`closed` is told when it is closed."""
        self._socket = sock
        self._clock = clock
        self._closed = closed

    async def accept(self) -> HostStream:
        """Wait for a client. Raises trio.ClosedResourceError."""
        while True:
            try:
                connection, client = await self._socket.accept()
            except OSError as error:
                if self._socket.fileno() < 0:
                    raise trio.ClosedResourceError from None
                if error.errno in OUT_OF_RESOURCES:
                    await trio.sleep(ACCEPT_PAUSE)
                continue  # else the client has gone already
            return HostStream(connection, socket_endpoint(client), self._clock)

    def close(self) -> None:
        """Stop listening."""
        self._closed()
        self._socket.close()


class Destination(NamedTuple):
    """Where something is: as the module shows it, and on this machine or its network.

    `beyond`: whether the way there leads through a router, not by an entry of `[hosts]` or loopback.
    """

    seen: Endpoint
    host: Endpoint
    beyond: bool


def _silent(text: str) -> None:
    pass


class HostNetwork:
    """What one module reaches and offers on this machine."""

    def __init__(
        self,
        host_map: HostMap,
        clock: Clock,
        *,
        own_address: Address = LOOPBACK,
        ports: dict[int, int] | None = None,
        announce: Callable[[str], None] = _silent,
        udp_ports: set[Endpoint] | None = None,
    ) -> None:
        """`own_address`: where servers listen and what connections to loopback come from. `ports`: module ports that
        go to chosen ports here. `announce` is told of every port that opens and closes. `udp_ports`: those that all
        modules of the simulation have here."""
        self.host_map = host_map
        self._clock = clock
        self._own_address = own_address
        self._ports = ports or {}
        self._announce = announce
        self._udp_ports = udp_ports if udp_ports is not None else set()

    async def resolve(self, name: str, lan: Lan | None) -> Address:
        """The address of a name, as the module sees it. Raises ResolveError."""
        entry = self.host_map.name_to_address(name)
        if entry is not None:
            return self.host_map.to_module(entry, 0, lan).address
        return await self._look_up(name, lan)

    async def _look_up(self, name: str, lan: Lan | None) -> Address:
        if self.host_map.offline:
            raise ResolveError(name)
        try:
            with self._clock.real_work():
                found = await socket.getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise ResolveError(name) from error
        return self.host_map.to_module(Address(found[0][4][0]), 0, lan).address

    async def locate(self, target: str | Address, port: int, lan: Lan | None) -> Destination:
        """Where a name or an address is. Raises ResolveError, UnreachableError."""
        host_map = self.host_map
        if isinstance(target, str):
            host = host_map.name_to_host(target, port)
            if host is not None:
                seen = host_map.to_module(*host, lan)
                if seen.port != port:  # what is there for another port of the module's is not what it has dialled
                    seen = host_map.to_module(host.address, 0, lan)
                return Destination(Endpoint(seen.address, port), host, beyond=False)
            target = await self._look_up(target, lan)
        beyond = not target.is_loopback and not host_map.has_entry(target, port)
        return Destination(Endpoint(target, port), host_map.to_host(target, port, lan), beyond)

    async def connect(self, host: Endpoint) -> HostStream:
        """Open a TCP connection. Raises NetworkError."""
        tcp = open_socket(socket.SOCK_STREAM)
        try:
            with self._clock.real_work():
                if host.address.is_loopback and self._own_address.is_loopback:
                    await tcp.bind((str(self._own_address), 0))
                with trio.move_on_after(CONNECT_LIMIT) as limit:
                    await tcp.connect(host.of_socket)
            if limit.cancelled_caught:
                raise TimeoutError(errno.ETIMEDOUT, "nobody answers")
        except OSError as error:
            tcp.close()
            raise network_error(error) from error
        except BaseException:
            tcp.close()
            raise
        return HostStream(tcp, host, self._clock)

    async def listen(self, port: int) -> HostListener:
        """Listen on a TCP port of the module's. Raises NetworkError."""
        tcp = await self._bound(socket.SOCK_STREAM, port)
        self._announce(f"serves tcp {port} at {socket_endpoint(tcp.getsockname())}")
        return HostListener(tcp, self._clock, partial(self._announce, f"no longer serves tcp {port}"))

    async def open_datagrams(
        self, local_port: int | None, spawn: Callable[..., None], free_port: int | None = None
    ) -> Datagrams:
        """Open a UDP port, a free one when none is given: `free_port` for the module, the same or another one here.
        Raises NetworkError."""
        udp = await self._bound(socket.SOCK_DGRAM, local_port, free_port)
        host = socket_endpoint(udp.getsockname())
        closed: Callable[[], None] = _nothing
        if local_port is not None:
            self._announce(f"serves udp {local_port} at {host}")
            closed = partial(self._announce, f"no longer serves udp {local_port}")
        datagrams = Datagrams(udp, local_port or free_port or host.port, spawn, closed, self._udp_ports)
        spawn(datagrams.pump, udp)
        if local_port is not None:
            try:
                await datagrams.hear_broadcasts()
            except BaseException:  # cancelled
                datagrams.close()
                raise
        return datagrams

    async def _bound(self, kind: int, port: int | None, free_port: int | None = None) -> socket.SocketType:
        """A socket at the port the table gives, or the same one, or the shifted one, or any free one; a TCP socket
        listens. Without a port it is at `free_port` if that is free. Raises NetworkError."""
        candidates = (free_port or 0, 0) if port is None else (self._ports.get(port, port), port + PORT_SHIFT, 0)
        for candidate in candidates:
            if candidate > 65535:
                continue
            sock = open_socket(kind)
            try:
                if kind == socket.SOCK_STREAM:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                await sock.bind((str(self._own_address), candidate))
                if kind == socket.SOCK_STREAM:
                    sock.listen(BACKLOG)
            except OSError as error:
                sock.close()
                if candidate == 0:
                    raise network_error(error) from error
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        raise AssertionError("the last candidate either binds or raises")


def check_own(address: Address) -> None:
    """Look whether this machine has an address. Raises OSError."""
    with stdlib_socket.socket() as sock:
        sock.bind((str(address), 0))


def own_address(base: Address, module: int) -> Address:
    """Where module number `module` appears when module 0 appears at `base`: loopback counts up, others stay."""
    return base + module if base.is_loopback else base
