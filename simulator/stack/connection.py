"""A TCP connection as a link has it: real or in memory, the link does not know."""

import os
import struct
from typing import Protocol

import trio
from trio import socket

from simulator.stack.errors import LWIP_NOT_CONNECTED, NetworkError, network_error

KEEP_ALIVE_INTERVAL, KEEP_ALIVE_COUNT = 1, 3
"""Seconds between questions, and how many go unanswered before the peer is gone (ESP-AT User Guide, AT+CIPSTART)."""


class Connection(Protocol):
    """Bytes both ways. `sent`: bytes handed to the stack so far, those of a send that broke off included."""

    sent: int

    async def send(self, data: bytes) -> None:
        """Hand data to the stack; no checkpoint when it is taken at once. Raises NetworkError."""

    async def receive(self, most: int) -> bytes:
        """Wait for data; none means that the peer has closed. Raises NetworkError."""

    def set_options(self, keep_alive: int, linger: int) -> None:
        """`keep_alive`: seconds of silence before TCP asks for the peer, 0 never. `linger`: 0 resets the connection
        when it is closed."""

    def close(self) -> None:
        """Close it."""

    def vanish(self) -> None:
        """Be gone without a word, as far as that is possible."""


class HostConnection:
    """A connection over a socket of this machine.

    The system calls are made directly: a send that is taken at once needs no turn of the scheduler, and a receive
    that has to wait anyway need not try first.
    """

    def __init__(self, tcp: socket.SocketType) -> None:
        self.sent = 0
        self._socket = tcp
        self._descriptor = tcp.fileno()

    @property
    def local_port(self) -> int:
        """The port at this end."""
        port: int = self._socket.getsockname()[1]
        return port

    async def send(self, data: bytes) -> None:
        rest = memoryview(data)
        while True:
            self._check_open()
            try:
                count = os.write(self._descriptor, rest)
                self.sent += count
                rest = rest[count:]
            except BlockingIOError:
                pass
            except OSError as error:
                raise network_error(error) from error
            if not rest:
                return
            try:
                await trio.lowlevel.wait_writable(self._descriptor)
            except trio.ClosedResourceError as error:
                raise NetworkError(LWIP_NOT_CONNECTED) from error

    async def receive(self, most: int) -> bytes:
        while True:
            self._check_open()
            try:
                await trio.lowlevel.wait_readable(self._descriptor)
                self._check_open()
                return os.read(self._descriptor, most)
            except BlockingIOError:
                continue
            except OSError as error:
                raise network_error(error) from error
            except trio.ClosedResourceError as error:
                raise NetworkError(LWIP_NOT_CONNECTED) from error

    def set_options(self, keep_alive: int, linger: int) -> None:
        set_options(self._socket, keep_alive, linger)

    def close(self) -> None:
        self._socket.close()

    def vanish(self) -> None:
        self._socket.close()  # this machine tells the peer

    def _check_open(self) -> None:
        if self._socket.fileno() < 0:
            raise NetworkError(LWIP_NOT_CONNECTED)


def set_options(tcp: socket.SocketType, keep_alive: int, linger: int) -> None:
    """Set the options of a connection, as Connection has them, on a socket of this machine."""
    if linger == 0:  # a longer one would hold up the whole program
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if keep_alive:
        for level, option, value in (
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
            (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, keep_alive),
            (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEP_ALIVE_INTERVAL),
            (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEP_ALIVE_COUNT),
        ):
            tcp.setsockopt(level, option, value)
