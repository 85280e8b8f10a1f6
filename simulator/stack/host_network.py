"""The network beyond the module: sockets of this machine. The only room that opens any.

Module n appears on this machine as 127.0.0.(1+n): its servers listen there, and what it sends to loopback comes from
there. Nothing listens on another address unless the world or the command line says so.
"""

import errno
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Final, NamedTuple

import trio
from trio import socket

from simulator.core.clock import Clock
from simulator.stack.endpoint import LOOPBACK, Endpoint, is_address, is_loopback
from simulator.stack.host_map import HostMap, UnreachableError
from simulator.stack.lan import Lan

PORT_SHIFT: Final = 10000
"""Added to a port that this machine does not let us have."""
KEEP_ALIVE_INTERVAL, KEEP_ALIVE_COUNT = 1, 3
"""Seconds between questions, and how many go unanswered before the peer is gone (ESP-AT User Guide, AT+CIPSTART)."""
DATAGRAM_LIMIT: Final = 65535
DATAGRAM_BACKLOG: Final = 32
"""Datagrams held for a module that does not take them; more are lost, as they are anywhere."""

LWIP_UNKNOWN, LWIP_RESET, LWIP_ADDRESS_IN_USE, LWIP_ABORTED, LWIP_NO_ROUTE, LWIP_NOT_CONNECTED = (
    5,
    104,
    112,
    113,
    118,
    128,
)
"""Error numbers of the module's libc, as `+ERRNO:` shows them."""
LWIP_ERRNO: Final = {
    errno.ECONNREFUSED: LWIP_RESET,  # lwIP reports a reset for a refused connection
    errno.ECONNRESET: LWIP_RESET,
    errno.EPIPE: LWIP_NOT_CONNECTED,
    errno.ETIMEDOUT: LWIP_ABORTED,  # lwIP gives up retransmitting SYN with "connection aborted"
    errno.EHOSTUNREACH: LWIP_ABORTED,
    errno.ENETUNREACH: LWIP_NO_ROUTE,
    errno.EADDRINUSE: LWIP_ADDRESS_IN_USE,
}
"""This machine's error numbers to those of the module's libc."""


class NetworkError(Exception):
    """A network operation failed; `errno` is the number as the module's libc has it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"errno {number}")
        self.errno = number


class ResolveError(Exception):
    """A name has no address."""


class Destination(NamedTuple):
    """Where something is: as the module shows it, and on this machine or its network; None for nowhere."""

    seen: Endpoint
    host: Endpoint | None


def network_error(error: OSError) -> NetworkError:
    """The module's view of an error of this machine."""
    return NetworkError(LWIP_ERRNO.get(error.errno or 0, error.errno or LWIP_UNKNOWN))


def _silent(text: str) -> None:
    pass


class HostNetwork:
    """What one module reaches and offers on this machine."""

    def __init__(
        self,
        host_map: HostMap,
        clock: Clock,
        *,
        own_address: str = LOOPBACK,
        ports: dict[int, int] | None = None,
        announce: Callable[[str], None] = _silent,
    ) -> None:
        """`own_address`: where servers listen and what connections to loopback come from. `ports`: module ports that
        go to chosen ports here. `announce` is told of every port that opens and closes."""
        self.host_map = host_map
        self._clock = clock
        self._own_address = own_address
        self._ports = ports or {}
        self._announce = announce

    async def resolve(self, name: str, lan: Lan | None) -> str:
        """The IPv4 address of a name or address, as the module sees it. Raises ResolveError."""
        if is_address(name):
            return name
        entry = self.host_map.name_to_address(name)
        if entry is not None:
            return self.host_map.to_module(entry, 0, lan).address
        return await self._look_up(name, lan)

    async def _look_up(self, name: str, lan: Lan | None) -> str:
        if self.host_map.offline:
            raise ResolveError(name)
        try:
            with self._clock.real_work():
                found = await socket.getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise ResolveError(name) from error
        return self.host_map.to_module(str(found[0][4][0]), 0, lan).address

    async def locate(self, name: str, port: int, lan: Lan | None) -> Destination:
        """Where a name or address is. Raises ResolveError, UnreachableError."""
        host_map = self.host_map
        if is_address(name):
            return Destination(Endpoint(name, port), host_map.to_host(name, port, lan))
        host = host_map.name_to_host(name, port)
        if host is not None:
            return Destination(Endpoint(host_map.to_module(*host, lan).address, port), host)
        address = await self._look_up(name, lan)
        return Destination(Endpoint(address, port), host_map.to_host(address, port, lan))

    async def locate_datagram(self, name: str, port: int, lan: Lan | None) -> Destination:
        """Where a name or address is; what nobody has is nowhere, since UDP does not notice. Raises ResolveError."""
        try:
            return await self.locate(name, port, lan)
        except UnreachableError as error:
            return Destination(Endpoint(error.address, port), None)

    async def connect(self, destination: Destination, keep_alive: int = 0) -> trio.SocketStream:
        """Open a TCP connection to somewhere. `keep_alive`: idle seconds, 0 for none. Raises NetworkError."""
        assert destination.host is not None
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if keep_alive:
                for level, option, value in (
                    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
                    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, keep_alive),
                    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEP_ALIVE_INTERVAL),
                    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEP_ALIVE_COUNT),
                ):
                    tcp.setsockopt(level, option, value)
            with self._clock.real_work():
                if is_loopback(destination.host.address) and is_loopback(self._own_address):
                    await tcp.bind((self._own_address, 0))
                await tcp.connect(destination.host)
        except OSError as error:
            tcp.close()
            raise network_error(error) from error
        except BaseException:
            tcp.close()
            raise
        return trio.SocketStream(tcp)

    async def open_datagrams(self, local_port: int | None, spawn: Callable[..., None]) -> "HostDatagrams":
        """Open a UDP port, a free one when none is given. Raises NetworkError."""
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            await self._bind(udp, local_port)
        except OSError as error:
            udp.close()
            raise network_error(error) from error
        except BaseException:
            udp.close()
            raise
        host = Endpoint(*udp.getsockname())
        if local_port is not None:
            self._announce(f"serves udp {local_port} at {host}")
        datagrams = HostDatagrams(udp, local_port or host.port, spawn, self._announce if local_port else _silent)
        spawn(datagrams.pump, udp)
        return datagrams

    async def _bind(self, sock: socket.SocketType, port: int | None) -> None:
        """Bind to the port the table gives, or the same one, or the shifted one, or any free one."""
        if port is None:
            await sock.bind((self._own_address, 0))
            return
        last: OSError | None = None
        for candidate in (self._ports.get(port, port), port + PORT_SHIFT, 0):
            if candidate > 65535:
                continue
            try:
                await sock.bind((self._own_address, candidate))
            except OSError as error:
                last = error
            else:
                return
        assert last is not None
        raise last


class HostDatagrams:
    """One UDP port of the module.

    What goes to loopback leaves from the port the module owns; a second socket, opened when it is first needed, talks
    to the host's network and hears only those it has sent to.
    """

    def __init__(
        self,
        loopback: socket.SocketType,
        local_port: int,
        spawn: Callable[..., None],
        announce: Callable[[str], None],
    ) -> None:
        self.local_port = local_port
        self._loopback = loopback
        self._outward: socket.SocketType | None = None
        self._spoken_to: set[str] = set()
        self._spawn = spawn
        self._announce = announce
        self._arriving, self._arrived = trio.open_memory_channel[tuple[bytes, Endpoint]](DATAGRAM_BACKLOG)

    async def send_to(self, data: bytes, destination: Endpoint) -> None:
        """Send one datagram to an address of this machine's. Raises NetworkError."""
        sock = self._loopback
        if not is_loopback(destination.address) and is_loopback(sock.getsockname()[0]):
            sock = self._outward_socket()
            self._spoken_to.add(destination.address)
        try:
            await sock.sendto(data, destination)
        except OSError as error:
            raise network_error(error) from error

    async def receive_from(self) -> tuple[bytes, Endpoint]:
        """Wait for a datagram: its bytes and where on this machine or its network it came from."""
        return await self._arrived.receive()

    async def pump(self, sock: socket.SocketType) -> None:
        """Move datagrams from a socket into the backlog until it is closed."""
        while sock.fileno() != -1:  # it may be closed before this task first runs
            try:
                data, (address, port) = await sock.recvfrom(DATAGRAM_LIMIT)
            except trio.ClosedResourceError:
                return
            except OSError:
                continue  # an ICMP answer to something sent before
            if sock is self._outward and address not in self._spoken_to:
                continue
            try:
                self._arriving.send_nowait((data, Endpoint(address, port)))
            except trio.WouldBlock:
                continue

    def close(self) -> None:
        """Close the port."""
        self._announce(f"no longer serves udp {self.local_port}")
        self._loopback.close()
        if self._outward is not None:
            self._outward.close()

    def _outward_socket(self) -> socket.SocketType:
        if self._outward is None:
            self._outward = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._spawn(self.pump, self._outward)
        return self._outward


def own_address(base: str, module: int) -> str:
    """Where module number `module` appears when module 0 appears at `base`: loopback counts up, others stay."""
    return str(IPv4Address(base) + module) if is_loopback(base) else base
