"""Data that is passed on while it comes in: AT+CIPSENDL and passthrough (ESP-AT User Guide, AT+CIPSENDL, AT+CIPSEND,
AT+TRANSINTVL)."""

from typing import Final

import trio

from espat.core.at.data_entry import DataEntry
from espat.core.ports.port import Port

RX_BUFFER: Final = 16384
"""Bytes from the port that wait to be passed on; then the port is not read. A choice: four reads of a PTY, so that it
fills while it is emptied."""


class StreamEntry(DataEntry):
    """Bytes that go on in blocks; ends after `count` of them, or only with `+++`."""

    streams = True

    def __init__(self, count: int | None, port: Port) -> None:
        """`count`: None for passthrough. Intervals are measured on the clock of the port's silences."""
        super().__init__()
        self.received = 0
        self._missing = count
        self._port = port
        self._buffer = bytearray()
        self._since = 0.0  # when the first byte of the buffer came
        self._changed = trio.lowlevel.ParkingLot()
        self._end = trio.Event()
        self._to_nobody = False
        self._of_old_client = False
        self._lost = 0

    @property
    def full(self) -> bool:
        """Whether the port must not be read before `room` has returned."""
        return self._is_full and not (self._loses or self.ended)

    @property
    def is_complete(self) -> bool:
        """Whether all that was announced has come in, and has been taken."""
        return self._missing == 0 and not self._buffer

    @property
    def _is_full(self) -> bool:
        return len(self._buffer) >= RX_BUFFER

    @property
    def _loses(self) -> bool:
        return self._to_nobody or self._of_old_client

    def lose(self, to_nobody: bool) -> None:
        """Whether what does not fit is lost, as on a UART without flow control, because nobody takes any of it. Then
        `+++` is heard all the same."""
        self._to_nobody = to_nobody
        self._changed.unpark_all()

    async def lose_for_new_clients(self) -> None:
        """For ever: when a client comes and finds the buffer full of what is not his, what does not fit is lost until
        there is room: he can be heard."""
        while True:
            await self._port.came.park()
            if self._is_full:
                self._of_old_client = True
                self._changed.unpark_all()

    async def room(self) -> None:
        """Wait until there is room in the buffer, or nothing more is to come."""
        while self.full:
            await self._changed.park()

    async def wait_end(self) -> None:
        """Wait until nothing more is to come."""
        await self._end.wait()

    def consume(self, data: bytes) -> bytes:
        rest = b""
        if self._missing is not None:
            data, rest = data[: self._missing], data[self._missing :]
            self._missing -= len(data)
        if not self._buffer:
            self._since = self._port.gap_clock()
        if self._loses:
            room = max(0, RX_BUFFER - len(self._buffer))
            self._lost += max(0, len(data) - room)
            data = data[:room]
        self._buffer += data
        self.received += len(data)
        if self._missing == 0:
            self.ended = True
            self._end.set()
        self._changed.unpark_all()
        return rest

    def cancel(self) -> None:
        super().cancel()
        self._end.set()
        self._changed.unpark_all()

    def release(self) -> None:
        super().release()
        self._tell_lost()
        self._end.set()
        self._changed.unpark_all()

    async def block(self, size: int, interval: float, *, several: bool = False) -> bytes:
        """The next block: `size` bytes, or fewer when `interval` seconds have passed since the first of them, or when
        nothing more comes. Nothing when the entry has ended and all has been taken.

        `several`: all full blocks that are there, in one piece.
        """
        while len(self._buffer) < size and not self.ended:
            if not self._buffer:
                await self._changed.park()
                continue
            left = self._since + interval - self._port.gap_clock()
            if left <= 0:
                break
            with self._port.gap_limit(left):
                await self._changed.park()
        if several and len(self._buffer) > size:
            size = len(self._buffer) // size * size
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._of_old_client = False
        self._tell_lost()
        self._since = self._port.gap_clock()
        self._changed.unpark_all()
        return data

    def _tell_lost(self) -> None:
        if self._lost:
            lost, self._lost = self._lost, 0
            self._port.on_loss(f"{lost} bytes lost: the buffer of passthrough is full")
