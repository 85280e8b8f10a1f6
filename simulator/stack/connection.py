"""A TCP connection as a link has it: real or in memory, the link does not know."""

import os
from typing import Protocol

import trio

from simulator.stack.errors import LWIP_NOT_CONNECTED, LWIP_RESET, NetworkError, network_error
from simulator.stack.memory_stream import MemoryStream


class Connection(Protocol):
    """Bytes both ways."""

    async def send(self, data: bytes) -> None:
        """Hand data to the stack; no checkpoint when it is taken at once. Raises NetworkError."""

    async def receive(self, most: int) -> bytes:
        """Wait for data; none means that the peer has closed. Raises NetworkError."""

    def close(self) -> None:
        """Close it."""


class HostConnection:
    """A connection over a socket of this machine.

    The system calls are made directly: a send that is taken at once needs no turn of the scheduler, and a receive
    that has to wait anyway need not try first.
    """

    def __init__(self, socket: trio.socket.SocketType) -> None:
        self._socket = socket
        self._descriptor = socket.fileno()

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
                rest = rest[os.write(self._descriptor, rest) :]
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

    def close(self) -> None:
        self._socket.close()

    def _check_open(self) -> None:
        if self._socket.fileno() < 0:
            raise NetworkError(LWIP_NOT_CONNECTED)


class MemoryConnection:
    """A connection to somebody of the same simulation."""

    def __init__(self, stream: MemoryStream) -> None:
        self._stream = stream

    async def send(self, data: bytes) -> None:
        try:
            await self._stream.send_all(data)
        except trio.BrokenResourceError as error:
            raise NetworkError(LWIP_RESET) from error
        except trio.ClosedResourceError as error:
            raise NetworkError(LWIP_NOT_CONNECTED) from error

    async def receive(self, most: int) -> bytes:
        try:
            return await self._stream.receive_some(most)
        except trio.ClosedResourceError as error:
            raise NetworkError(LWIP_NOT_CONNECTED) from error

    def close(self) -> None:
        self._stream.close()
