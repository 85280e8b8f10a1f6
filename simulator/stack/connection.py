"""A TCP connection as a link has it: real or in memory, the link does not know."""

import fcntl
import os
import struct
import termios
from contextlib import suppress
from typing import Final, Protocol

import trio
from trio import socket

from espat.core.time.clock import Clock
from espat.stack.errors import LWIP_NOT_CONNECTED, NetworkError, network_error
from espat.stack.tcp_options import ConnectionOptions

KEEP_ALIVE_INTERVAL, KEEP_ALIVE_COUNT = 1, 3
"""Seconds between questions, and how many go unanswered before the peer is gone (ESP-AT User Guide, AT+CIPSTART)."""

LONGEST_SILENCE: Final = 32767
"""Seconds, the most Linux takes before its first question."""


class Connection(Protocol):
    """Bytes both ways. `sent`: bytes handed to the stack so far, those of a send that broke off included."""

    @property
    def sent(self) -> int: ...

    async def send(self, data: bytes) -> None:
        """Hand data to the stack; no checkpoint when it is taken at once. Raises NetworkError."""

    async def receive(self, most: int) -> bytes:
        """Wait for data; none means that the peer has closed. Raises NetworkError."""

    def set_options(self, options: ConnectionOptions) -> None:
        """Take the options of its link."""

    def finish(self) -> None:
        """Say that nothing more comes; what was sent, and that, may be on its way for a while."""

    @property
    def acknowledged(self) -> bool:
        """Whether the peer's TCP has got all that was sent, after `finish` the end too."""

    def close(self) -> None:
        """Close it; without lingering that resets it."""

    def reset(self) -> None:
        """Close it, and discard what is on its way."""

    def vanish(self) -> None:
        """Be gone without a word, as far as that is possible."""


class HostConnection:
    """A connection over a socket of this machine.

    The system calls are made directly: a send that is taken at once needs no turn of the scheduler, and a receive
    that has to wait anyway need not try first. `descriptor`: the socket's.
    """

    def __init__(self, tcp: socket.SocketType, clock: Clock) -> None:
        self.sent = 0
        self._socket = tcp
        self._clock = clock
        self.descriptor = tcp.fileno()

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
                count = os.write(self.descriptor, rest)
                self.sent += count
                rest = rest[count:]
            except BlockingIOError:
                pass
            except OSError as error:
                raise network_error(error) from error
            if not rest:
                return
            try:
                await trio.lowlevel.wait_writable(self.descriptor)
            except trio.ClosedResourceError as error:
                raise NetworkError(LWIP_NOT_CONNECTED) from error

    async def receive(self, most: int) -> bytes:
        while True:
            self._check_open()
            try:
                await trio.lowlevel.wait_readable(self.descriptor)
                self._check_open()
                return os.read(self.descriptor, most)
            except BlockingIOError:
                continue
            except OSError as error:
                raise network_error(error) from error
            except trio.ClosedResourceError as error:
                raise NetworkError(LWIP_NOT_CONNECTED) from error

    def set_options(self, options: ConnectionOptions) -> None:
        tcp = self._socket
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, options.no_delay)
        if options.linger == 0:  # a longer one would hold up the whole program
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        silence = self._clock.real_seconds(options.keep_alive)
        if options.keep_alive and silence is not None:  # the host's questions take the host's time
            for level, option, value in (
                (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
                (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, min(max(1, round(silence)), LONGEST_SILENCE)),
                (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEP_ALIVE_INTERVAL),
                (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEP_ALIVE_COUNT),
            ):
                tcp.setsockopt(level, option, value)

    def finish(self) -> None:
        with suppress(OSError):  # the connection is gone already
            self._socket.shutdown(socket.SHUT_WR)

    @property
    def acknowledged(self) -> bool:
        try:
            waiting = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, bytes(4))
        except (OSError, ValueError):  # closed
            return True
        return not any(waiting)

    def reset(self) -> None:
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        self._socket.close()

    def vanish(self) -> None:
        self._socket.close()  # this machine tells the peer

    def _check_open(self) -> None:
        if self._socket.fileno() < 0:
            raise NetworkError(LWIP_NOT_CONNECTED)
