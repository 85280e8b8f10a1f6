"""Connections between modules and hosts of one simulation: streams in memory, with a window.

What one side has not read yet is bounded, so a reader that stops stops the writer, as TCP's window does.

An end may also vanish, as one does that loses its power or its network: nothing tells the other end, whose data is
taken as far as the window goes and never read. What notices it is in `tcp_timers`.
"""

from typing import Final, Protocol

import trio

from espat.stack.endpoint import Endpoint
from espat.stack.errors import LWIP_NOT_CONNECTED, LWIP_RESET, NetworkError
from espat.stack.tcp_options import ConnectionOptions

WINDOW: Final = 5760
"""Bytes under way in one direction before the sender waits (ESP-IDF build configuration of ESP-AT)."""


class LossDetection(Protocol):
    """What the TCP of one end makes of another end that has vanished."""

    def vanished(self, stream: "MemoryStream") -> None:
        """The other end has just vanished, without a word."""

    def is_reset(self, stream: "MemoryStream") -> bool:
        """Whether what is sent now is answered with a reset."""

    def unanswered(self, stream: "MemoryStream") -> None:
        """Data is sent that nobody acknowledges."""


class _Pipe:
    """One direction of a connection."""

    __slots__ = ("broken", "buffer", "changed", "ended", "reading", "writing")

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.ended = False
        """The sender has said that nothing more comes."""
        self.broken = False
        """One side has gone without reading what is there, or was reset."""
        self.changed = trio.lowlevel.ParkingLot()
        self.reading = self.writing = False


class MemoryStream:
    """One end of a connection. `local` and `remote` are the addresses of its two ends.

    `lost`: whether the other end has vanished. `detection`: what this end makes of that; None: nothing, ever.
    `keep_alive`: see ConnectionOptions.
    """

    def __init__(self, incoming: _Pipe, outgoing: _Pipe, local: Endpoint, remote: Endpoint) -> None:
        self.local = local
        self.remote = remote
        self.sent = 0
        self.lost = False
        self.detection: LossDetection | None = None
        self.keep_alive = 0
        self.other = self
        """The other end."""
        self._incoming = incoming
        self._outgoing = outgoing
        self._closed = False
        self._resets = False

    async def send(self, data: bytes | bytearray | memoryview) -> None:
        pipe = self._outgoing
        if self.lost and self.detection is not None:
            if self.detection.is_reset(self):
                self.break_off()  # the answer to what has just been sent
                return
            self.detection.unanswered(self)
        await trio.lowlevel.checkpoint()
        if pipe.writing:
            raise trio.BusyResourceError("another task sends already")
        pipe.writing = True
        try:
            rest = memoryview(data)
            self._check_sending()
            while rest:
                room = WINDOW - len(pipe.buffer)
                if room > 0:
                    pipe.buffer += rest[:room]
                    self.sent += min(room, len(rest))
                    rest = rest[room:]
                    pipe.changed.unpark_all()
                else:
                    await pipe.changed.park()
                    self._check_sending()
        finally:
            pipe.writing = False
        if self.lost and self.detection is not None:  # it may have vanished meanwhile
            self.detection.unanswered(self)

    async def receive(self, most: int = WINDOW) -> bytes:
        await trio.lowlevel.checkpoint()
        pipe = self._incoming
        if pipe.reading:
            raise trio.BusyResourceError("another task receives already")
        pipe.reading = True
        try:
            while True:
                if self._closed:
                    raise NetworkError(LWIP_NOT_CONNECTED)
                if pipe.buffer:
                    data = bytes(pipe.buffer[:most])
                    del pipe.buffer[: len(data)]
                    pipe.changed.unpark_all()
                    return data
                if pipe.ended or pipe.broken:
                    return b""
                await pipe.changed.park()
        finally:
            pipe.reading = False

    async def wait_ended(self) -> None:
        await trio.lowlevel.checkpoint()
        while not (self._incoming.ended or self._incoming.broken or self._closed):
            await self._incoming.changed.park()

    def set_options(self, options: ConnectionOptions) -> None:
        self.keep_alive = options.keep_alive
        self._resets = options.linger == 0

    def finish(self) -> None:
        self._outgoing.ended = True
        self._outgoing.changed.unpark_all()
        if self.lost and self.detection is not None and self.detection.is_reset(self):
            self.break_off()

    @property
    def acknowledged(self) -> bool:
        return not self.lost or self._outgoing.broken  # what lies in the other end's window has arrived

    def close(self) -> None:
        if self._closed:
            return
        if self._resets:
            self.break_off()
        self._closed = True
        self._outgoing.ended = True
        self._incoming.broken = True
        self._outgoing.changed.unpark_all()
        self._incoming.changed.unpark_all()

    def reset(self) -> None:
        self.break_off()
        self.close()

    def vanish(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._outgoing.changed.unpark_all()
        self._incoming.changed.unpark_all()
        if not self.other._closed:
            self.other.lost = True
            if self.other.detection is not None:
                self.other.detection.vanished(self.other)

    def break_off(self) -> None:
        """The connection is broken, for both ends; this one still has to be closed."""
        for pipe in (self._outgoing, self._incoming):
            pipe.buffer.clear()
            pipe.broken = True
            pipe.changed.unpark_all()

    def _check_sending(self) -> None:
        if self._closed or self._outgoing.ended:
            raise NetworkError(LWIP_NOT_CONNECTED)
        if self._outgoing.broken:
            raise NetworkError(LWIP_RESET)


def memory_stream_pair(one: Endpoint, other: Endpoint) -> tuple[MemoryStream, MemoryStream]:
    """A connection between two addresses: the end at `one`, the end at `other`."""
    there, back = _Pipe(), _Pipe()
    first, second = MemoryStream(back, there, one, other), MemoryStream(there, back, other, one)
    first.other, second.other = second, first
    return first, second
