"""Connections between modules and hosts of one simulation: byte streams in memory, with a window.

What one side has not read yet is bounded, so a reader that stops stops the writer, as TCP's window does.

An end may also vanish, as one does that loses its power or its network: nothing tells the other end, whose data is
taken as far as the window goes and never read.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import index
from typing import Final

import trio

from espat.stack.endpoint import Endpoint

WINDOW: Final = 5760
"""Bytes under way in one direction before the sender waits (ESP-IDF build configuration of ESP-AT)."""


def _ignore() -> None:
    pass


class _Pipe:
    """One direction of a connection."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.ended = False
        """The sender has said that nothing more comes."""
        self.broken = False
        """One side has gone without reading what is there, or was reset."""
        self.changed = trio.lowlevel.ParkingLot()


class MemoryStream(trio.abc.HalfCloseableStream):
    """One end of a connection. `local` and `remote` are the addresses of its two ends."""

    def __init__(self, incoming: _Pipe, outgoing: _Pipe, local: Endpoint, remote: Endpoint) -> None:
        self.local = local
        self.remote = remote
        self.sent = 0
        """Bytes the other end has got or will get."""
        self.lost = False
        """Whether the other end has vanished."""
        self.on_lost: Callable[[], None] = _ignore
        """Called when it has."""
        self.other = self
        """The other end."""
        self._incoming = incoming
        self._outgoing = outgoing
        self._closed = False
        self._sending = False
        self._receiving = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        rest = memoryview(data)
        with self._alone("_sending"):
            self._check_sending()
            while rest:
                room = WINDOW - len(self._outgoing.buffer)
                if room > 0:
                    self._outgoing.buffer += rest[:room]
                    self.sent += min(room, len(rest))
                    rest = rest[room:]
                    self._outgoing.changed.unpark_all()
                else:
                    await self._outgoing.changed.park()
                    self._check_sending()

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()
        with self._alone("_sending"):
            self._check_sending()
            while len(self._outgoing.buffer) >= WINDOW and not self._outgoing.broken:
                await self._outgoing.changed.park()
                if self._closed:
                    raise trio.ClosedResourceError

    async def send_eof(self) -> None:
        await trio.lowlevel.checkpoint()
        with self._alone("_sending"):
            if self._closed:
                raise trio.ClosedResourceError
            self.end()

    def end(self) -> None:
        """Say that nothing more comes."""
        self._outgoing.ended = True
        self._outgoing.changed.unpark_all()

    @property
    def broken(self) -> bool:
        """Whether what is sent is refused."""
        return self._outgoing.broken

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if max_bytes is not None and index(max_bytes) < 1:
            raise ValueError("max_bytes must be at least 1")
        await trio.lowlevel.checkpoint()
        pipe = self._incoming
        with self._alone("_receiving"):
            while True:
                if self._closed:
                    raise trio.ClosedResourceError
                if pipe.buffer:
                    data = bytes(pipe.buffer[:max_bytes])
                    del pipe.buffer[: len(data)]
                    pipe.changed.unpark_all()
                    return data
                if pipe.ended or pipe.broken:
                    return b""
                await pipe.changed.park()

    async def wait_ended(self) -> None:
        """Wait until either end is closed or reset, whatever there is left to read."""
        await trio.lowlevel.checkpoint()
        while not (self._incoming.ended or self._incoming.broken or self._closed):
            await self._incoming.changed.park()

    async def aclose(self) -> None:
        self.close()
        await trio.lowlevel.checkpoint()

    def close(self) -> None:
        """Close this end: the other one reads what is under way, then the end; what it sends is refused."""
        if self._closed:
            return
        self._closed = True
        self._outgoing.ended = True
        self._incoming.broken = True
        self._outgoing.changed.unpark_all()
        self._incoming.changed.unpark_all()

    def vanish(self) -> None:
        """This end is gone without a word."""
        if self._closed:
            return
        self._closed = True
        self._outgoing.changed.unpark_all()
        self._incoming.changed.unpark_all()
        if not self.other._closed:
            self.other.lost = True
            self.other.on_lost()

    def reset(self) -> None:
        """Break the connection, for both ends."""
        for pipe in (self._outgoing, self._incoming):
            pipe.buffer.clear()
            pipe.broken = True
            pipe.changed.unpark_all()

    def _check_sending(self) -> None:
        if self._closed or self._outgoing.ended:
            raise trio.ClosedResourceError
        if self._outgoing.broken:
            raise trio.BrokenResourceError

    @contextmanager
    def _alone(self, doing: str) -> Iterator[None]:
        """One task at a time in each direction. Raises trio.BusyResourceError."""
        if getattr(self, doing):
            raise trio.BusyResourceError("another task is using this end")
        setattr(self, doing, True)
        try:
            yield
        finally:
            setattr(self, doing, False)


def memory_stream_pair(one: Endpoint, other: Endpoint) -> tuple[MemoryStream, MemoryStream]:
    """A connection between two addresses: the end at `one`, the end at `other`."""
    there, back = _Pipe(), _Pipe()
    first, second = MemoryStream(back, there, one, other), MemoryStream(there, back, other, one)
    first.other, second.other = second, first
    return first, second
