"""Where the UART of a module comes out: the port interface, and the in-memory port."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from enum import Enum
from typing import Final

import trio

from espat.core.ports.serial_line import UartParameters


class PortError(Exception):
    """A port cannot be had as it is asked for; the message says why."""


class Attachment(Enum):
    """Whether a client has the port open."""

    NOT_YET = "not yet"
    ATTACHED = "attached"
    LEFT = "left"


def _ignore() -> None:
    pass


def _ignore_text(text: str) -> None:
    pass


LINE_GAP: Final = 0.002
"""Seconds, for ports whose client is a program of this machine."""


class Port(ABC):
    """A byte channel to one client at a time.

    A port outlives its clients: they come and go, the module does not notice.
    """

    paced: bool = False
    """Whether bytes take the time on it that they take on a wire."""
    line_gap: float = 0.0
    """Seconds without input that end input which is refused and has no line end; 0: what is refused is what one read
    brings. A UART joins the bytes of a client that writes them one by one."""
    is_device: bool = False
    """Whether what the module prints goes somewhere before a first client comes: into a device of this machine, where
    that client finds it or flushes it away. What has no device is kept for it."""

    def __init__(self) -> None:
        self.announcement = ""
        """What to tell the user about it: `ready to open at PATH`."""
        self.attachment = Attachment.NOT_YET
        self.takes_output = self.is_device
        """Whether what the module prints goes somewhere now."""
        self.first_attached = trio.Event()
        self.came = trio.lowlevel.ParkingLot()
        """Where to park for the next client that comes."""
        self.on_attachment: Callable[[], None] = _ignore
        """Called whenever `attachment` has changed."""
        self.on_loss: Callable[[str], None] = _ignore_text
        """Called with a sentence when bytes have been lost on the way."""

    @property
    def client_rate(self) -> int:
        """The baud rate the client has set, 0 when it has set none or the port has no such thing."""
        return 0

    def set_line(self, parameters: UartParameters) -> None:  # noqa: B027  (most ports do not care)
        """The module's UART has these parameters from now on."""

    @abstractmethod
    async def receive_some(self) -> bytes:
        """Wait for input and return one chunk of it, never empty."""

    @abstractmethod
    def receive_nowait(self) -> bytes:
        """Input that is there already, or nothing."""

    @abstractmethod
    def send_nowait(self, data: bytes) -> int:
        """Hand over as much of `data` as the client's side takes now; returns how many bytes that was."""

    @abstractmethod
    async def wait_writable(self) -> None:
        """Wait until `send_nowait` may take something."""

    @abstractmethod
    def gap_clock(self) -> float:
        """Seconds on the clock that silences on this port are measured with."""

    @abstractmethod
    def gap_limit(self, seconds: float) -> AbstractContextManager[trio.CancelScope]:
        """A cancel scope that ends after so many seconds on that clock."""

    async def wait_gap(self, deadline: float) -> bytes:
        """Wait for input until `deadline` on the gap clock; returns the chunk, or nothing when silence lasted."""
        with self.gap_limit(max(0.0, deadline - self.gap_clock())):
            return await self.receive_some()
        return b""

    def set_attachment(self, attachment: Attachment) -> None:
        """Note that a client has come or gone."""
        self.attachment = attachment
        self.takes_output = attachment is Attachment.ATTACHED or (self.is_device and attachment is Attachment.NOT_YET)
        if attachment is Attachment.ATTACHED:
            self.first_attached.set()
            self.came.unpark_all()
        self.on_attachment()

    def close(self) -> None:  # noqa: B027  (most ports have nothing to release)
        """Release what the port holds on this machine."""


class MemoryPort(Port):
    """A port whose client is Python code in the same program. Chunks stay the chunks they were sent as."""

    def __init__(
        self,
        *,
        now: Callable[[], float] = trio.current_time,
        move_on_after: Callable[[float], AbstractContextManager[trio.CancelScope]] = trio.move_on_after,
        capacity: int | None = None,
    ) -> None:
        """`now`, `move_on_after`: the clock for gaps on the port. `capacity`: unread bytes the client's side holds."""
        super().__init__()
        self._now = now
        self._move_on_after = move_on_after
        self._capacity = capacity
        self._chunks: deque[bytes] = deque()
        self._arrived = trio.lowlevel.ParkingLot()
        self._read = trio.lowlevel.ParkingLot()
        self._changed = trio.lowlevel.ParkingLot()
        self._unread = bytearray()
        self.set_attachment(Attachment.ATTACHED)

    # The module's side

    async def receive_some(self) -> bytes:
        while not self._chunks:
            await self._arrived.park()
        await trio.lowlevel.checkpoint()
        return self._chunks.popleft()

    def receive_nowait(self) -> bytes:
        return self._chunks.popleft() if self._chunks else b""

    def send_nowait(self, data: bytes) -> int:
        room = len(data) if self._capacity is None else max(0, self._capacity - len(self._unread))
        self._unread += data[:room]
        if room:
            self._changed.unpark_all()
        return min(room, len(data))

    async def wait_writable(self) -> None:
        await self._read.park()

    def gap_clock(self) -> float:
        return self._now()

    def gap_limit(self, seconds: float) -> AbstractContextManager[trio.CancelScope]:
        return self._move_on_after(seconds)

    # The client's side

    @property
    def waiting(self) -> int:
        """How many chunks the module has not taken yet."""
        return len(self._chunks)

    def send(self, chunk: bytes) -> None:
        """Send one chunk to the module."""
        if chunk:
            self._chunks.append(chunk)
            self._arrived.unpark_all()

    def read(self) -> bytes:
        """Take everything the module has sent."""
        return self._take(len(self._unread))

    async def read_some(self) -> bytes:
        """Wait for the module to send something, and take all there is."""
        while not self._unread:
            await self._changed.park()
        return self._take(len(self._unread))

    async def read_until(self, end: bytes) -> bytes:
        """Wait until what the module has sent contains `end`; take everything up to and including it."""
        while True:
            at = self._unread.find(end)
            if at >= 0:
                return self._take(at + len(end))
            await self._changed.park()

    async def read_exactly(self, count: int) -> bytes:
        """Wait for `count` bytes and take them."""
        while len(self._unread) < count:
            await self._changed.park()
        return self._take(count)

    def _take(self, count: int) -> bytes:
        data = bytes(self._unread[:count])
        del self._unread[:count]
        self._read.unpark_all()
        return data
