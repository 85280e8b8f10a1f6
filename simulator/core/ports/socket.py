"""A port that is a socket on which the module listens.

One client at a time: while one is there, any other is closed as soon as it comes. A client that ends its sending has
left; what it said before is still heard.
"""

import errno
import select
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Any, Final

import trio

from espat.core.ports.port import LINE_GAP, Attachment, Port

READ_SIZE: Final = 65536
BACKLOG: Final = 5
OUT_OF_RESOURCES: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ACCEPT_PAUSE: Final = 0.1
"""Seconds before the next try to accept when this machine has no descriptor left."""


class SocketPort(Port):
    """A listening socket, and the one client it has."""

    line_gap = LINE_GAP

    def __init__(self, listener: socket.socket, spawn: Callable[..., Any]) -> None:
        """Take a listening socket over. `spawn` starts a task."""
        super().__init__()
        self._listener = listener
        self._client: socket.socket | None = None
        self._came = trio.Event()
        self._last_words = b""
        self._heard = trio.Event()
        listener.setblocking(False)
        spawn(self._accept)

    async def receive_some(self) -> bytes:
        while True:
            while self._client is None and not self._last_words:
                await self._came.wait()
            if self._client is not None and not self._last_words:
                with suppress(trio.ClosedResourceError):  # gone meanwhile
                    await trio.lowlevel.wait_readable(self._client)
            else:
                await trio.lowlevel.checkpoint()
            chunk = self.receive_nowait()
            if chunk:
                return chunk

    def receive_nowait(self) -> bytes:
        if self._last_words:
            words, self._last_words = self._last_words, b""
            self._heard.set()
            return words
        return self._read()

    def send_nowait(self, data: bytes) -> int:
        if self._client is None:
            return 0
        try:
            return self._client.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self._hear_out()
            return len(data)

    async def wait_writable(self) -> None:
        while self._client is None:
            await self._came.wait()
        with suppress(trio.ClosedResourceError):  # gone meanwhile
            await trio.lowlevel.wait_writable(self._client)

    def gap_clock(self) -> float:
        return trio.current_time()

    def gap_limit(self, seconds: float) -> AbstractContextManager[trio.CancelScope]:
        return trio.move_on_after(seconds)

    def close(self) -> None:
        for sock in (self._listener, self._client):
            if sock is not None:
                _close(sock)
        self._client = None

    def _read(self) -> bytes:
        """What the client has said; notes when it has left."""
        if self._client is None:
            return b""
        try:
            chunk = self._client.recv(READ_SIZE)
        except BlockingIOError:
            return b""
        except OSError:
            chunk = b""
        if not chunk:
            _close(self._client)
            self._client = None
            self.set_attachment(Attachment.LEFT)
        return chunk

    def _make_room(self) -> bool:
        """Whether another client can come: nobody is there, or one that has left and nobody has noticed."""
        if self._client is None:
            return True
        old = select.poll()
        old.register(self._client, select.POLLRDHUP)
        if not old.poll(0):
            return False
        self._hear_out()
        return True

    def _hear_out(self) -> None:
        """Keep what a client has said that is no longer there."""
        words = self._last_words
        while self._client is not None:
            words += self._read()
        self._last_words = words
        self._came.set()
        self._came = trio.Event()

    async def _accept(self) -> None:
        while True:
            try:
                await trio.lowlevel.wait_readable(self._listener)
                client, _ = self._listener.accept()
            except trio.ClosedResourceError:
                return
            except OSError as error:
                if self._listener.fileno() < 0:
                    return
                if error.errno in OUT_OF_RESOURCES:
                    await trio.sleep(ACCEPT_PAUSE)
                continue  # else the client has gone already
            if not self._make_room():
                client.close()
                continue
            while self._last_words:  # whose answer is not for the next one
                self._heard = trio.Event()
                await self._heard.wait()
            client.setblocking(False)
            if client.family != socket.AF_UNIX:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._client = client
            self._came.set()
            self._came = trio.Event()
            self.set_attachment(Attachment.ATTACHED)


def _close(sock: socket.socket) -> None:
    trio.lowlevel.notify_closing(sock)
    sock.close()


def reason(error: Exception) -> str:
    """What went wrong, in a few words."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
