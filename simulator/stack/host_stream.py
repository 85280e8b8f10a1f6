"""A TCP connection of this machine as a stream."""

import fcntl
import os
import struct
import termios
from contextlib import suppress
from typing import Final

import trio
from trio import socket

from espat.core.time.clock import Clock
from espat.stack.endpoint import Endpoint, socket_endpoint
from espat.stack.errors import LWIP_NOT_CONNECTED, NetworkError, network_error
from espat.stack.tcp_options import KEEP_ALIVE_COUNT, KEEP_ALIVE_INTERVAL, ConnectionOptions

BEFORE_THE_END: Final = (1, 4, 5)
"""TCP_ESTABLISHED, TCP_FIN_WAIT1 and TCP_FIN_WAIT2 of Linux: the peer has not closed."""
LOOK_AGAIN: Final = 0.1
"""Seconds: nothing tells of an end that comes behind data which nobody reads."""
LONGEST_SILENCE: Final = 32767
"""Seconds, the most Linux takes before its first question."""


class HostStream:
    """A stream over a connected socket of this machine, which it takes over.

    The system calls are made directly: a send that is taken at once needs no turn of the scheduler, and a receive
    that has to wait anyway need not try first. `descriptor`: the socket's.
    """

    def __init__(self, tcp: socket.SocketType, remote: Endpoint, clock: Clock) -> None:
        self.sent = 0
        self.remote = remote
        self._socket = tcp
        self._clock = clock
        self.descriptor = tcp.fileno()

    @property
    def local(self) -> Endpoint:
        return socket_endpoint(self._socket.getsockname())

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

    async def wait_ended(self) -> None:
        with suppress(OSError, trio.ClosedResourceError):
            while True:
                await trio.lowlevel.wait_readable(self.descriptor)
                if self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] not in BEFORE_THE_END:
                    return
                await trio.sleep(LOOK_AGAIN)

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
