"""A port of this machine that is taken before anybody serves it."""

import socket as stdlib_socket
from contextlib import suppress
from typing import Final

from trio import socket

from espat.core.time.clock import Clock
from espat.stack.address import LOOPBACK
from espat.stack.datagrams import DATAGRAM_LIMIT
from espat.stack.endpoint import Endpoint, socket_endpoint
from espat.stack.errors import LWIP_ADDRESS_IN_USE, NetworkError, network_error
from espat.stack.host_network import BACKLOG, HostListener
from espat.stack.host_socket import open_socket
from espat.stack.host_stream import HostStream

ATTEMPTS: Final = 20
"""Free TCP ports that are tried, until one is free for UDP too."""


class ReservedPort:
    """A port of 127.0.0.1, TCP and UDP. `endpoint`: where it is. TCP connections are refused until it listens."""

    def __init__(self, clock: Clock) -> None:
        """Take a free one. Raises NetworkError."""
        for _ in range(ATTEMPTS):
            tcp = stdlib_socket.socket()
            udp = stdlib_socket.socket(type=stdlib_socket.SOCK_DGRAM)
            try:
                tcp.setsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_REUSEADDR, 1)
                tcp.bind((str(LOOPBACK), 0))
                udp.bind(tcp.getsockname())
            except OSError:
                tcp.close()
                udp.close()
            else:
                break
        else:
            raise NetworkError(LWIP_ADDRESS_IN_USE)
        self.endpoint = socket_endpoint(tcp.getsockname())
        self._sockets = tcp, udp
        self._tcp = socket.from_stdlib_socket(tcp)
        self._udp = socket.from_stdlib_socket(udp)
        self._listener = HostListener(self._tcp, clock)

    def listen(self) -> None:
        """Take TCP connections. Raises NetworkError."""
        try:
            self._tcp.listen(BACKLOG)
        except OSError as error:
            raise network_error(error) from error

    def refuse(self) -> None:
        """Refuse TCP connections again. Raises NetworkError."""
        try:
            self._tcp.shutdown(socket.SHUT_RDWR)  # which also lets go of the port
            self._sockets[0].bind(self.endpoint.of_socket)
        except OSError as error:
            raise network_error(error) from error

    async def accept(self) -> HostStream:
        """Wait for a client."""
        return await self._listener.accept()

    def forget_datagrams(self) -> None:
        """What has come while nobody listened is lost."""
        with suppress(OSError):
            while True:
                self._sockets[1].recv(1)

    async def receive(self) -> tuple[bytes, Endpoint]:
        """Wait for a datagram: it, and who has sent it."""
        data, sender = await self._udp.recvfrom(DATAGRAM_LIMIT)
        return data, socket_endpoint(sender)

    def send(self, data: bytes, destination: Endpoint) -> None:
        """Send a datagram; lost when this machine has no room for it, or nobody is there."""
        with suppress(OSError):
            self._sockets[1].sendto(data, destination.of_socket)

    def close(self) -> None:
        """Give it back."""
        self._tcp.close()
        self._udp.close()


async def open_host_stream(host: Endpoint, clock: Clock) -> HostStream:
    """Connect to a port of this machine. Raises NetworkError."""
    tcp = open_socket(socket.SOCK_STREAM)
    try:
        with clock.real_work():
            await tcp.connect(host.of_socket)
    except OSError as error:
        tcp.close()
        raise network_error(error) from error
    except BaseException:
        tcp.close()
        raise
    return HostStream(tcp, host, clock)
