"""A port that is the master of a pseudo-terminal: what a virtual serial port and a program on a terminal share.

Linux facts this stands on: packet mode tells when a client flushes its input, which programs do right after opening a
port; a terminal knows the baud rate a client has set, any number of bits per second, though it has no wire.
"""

import fcntl
import os
import struct
import termios
import tty
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

import trio

from espat.core.ports.port import LINE_GAP, Attachment, Port

READ_SIZE: Final = 65536
OPENING_TIME: Final = 0.1
"""Seconds a first client has to set up the port, at whose end many flush their input; it is there after that, at once
when it flushes or speaks. What waits for a client (`--power-on open`) is not flushed away then."""
TIOCPKT_DATA: Final = 0
TIOCPKT_FLUSHREAD: Final = 1
TCGETS2: Final = 0x802C542A
TERMIOS2: Final = struct.Struct("4I20B2I")
"""Flags, line discipline and control characters, the rates of input and output."""
INPUT_SPEED, OUTPUT_SPEED = 4, 5
"""Where Python's termios keeps the rates."""

Spawn = Callable[..., Any]
"""Starts a task: a nursery's `start_soon`."""


class TerminalPort(Port):
    """The master of a pseudo-terminal."""

    line_gap = LINE_GAP
    is_device = True

    def __init__(self, master: int, spawn: Spawn) -> None:
        """Take a master over."""
        super().__init__()
        self._master = master
        self._spawn = spawn
        self._opening: trio.Event | None = None
        self._spoke = False  # the module, since the client did
        os.set_blocking(master, False)
        fcntl.ioctl(master, termios.TIOCPKT, struct.pack("i", 1))

    @property
    def client_rate(self) -> int:
        rate: int = TERMIOS2.unpack(fcntl.ioctl(self._master, TCGETS2, bytes(TERMIOS2.size)))[-1]
        return rate

    async def receive_some(self) -> bytes:
        if self._spoke:  # a fast client answers within a turn of the scheduler: looking costs less than waiting
            self._spoke = False
            await trio.lowlevel.checkpoint()
            chunk = self.receive_nowait()
            if chunk:
                return chunk
        while True:
            await trio.lowlevel.wait_readable(self._master)
            chunk = self.receive_nowait()
            if chunk:
                return chunk

    def receive_nowait(self) -> bytes:
        while True:
            try:
                packet = os.read(self._master, READ_SIZE)
            except BlockingIOError:
                return b""
            if packet[0] == TIOCPKT_DATA:
                self._spoke = False
                self._client_spoke()
                return packet[1:]
            if packet[0] & TIOCPKT_FLUSHREAD:
                self._set_up()

    def send_nowait(self, data: bytes) -> int:
        self._spoke = True
        try:
            sent = os.write(self._master, data)
        except BlockingIOError:
            sent = 0
        return sent if self.attachment is Attachment.ATTACHED else len(data)  # the device is full: it is gone

    async def wait_writable(self) -> None:
        await trio.lowlevel.wait_writable(self._master)

    def gap_clock(self) -> float:
        return trio.current_time()

    def gap_limit(self, seconds: float) -> AbstractContextManager[trio.CancelScope]:
        return trio.move_on_after(seconds)

    def close(self) -> None:
        trio.lowlevel.notify_closing(self._master)
        os.close(self._master)

    def _expect_set_up(self) -> None:
        """The first client is there; `_client_is_set_up` follows."""
        if self._opening is None:
            self._opening = trio.Event()
            self._spawn(self._let_set_up, self._opening)

    async def _let_set_up(self, opening: trio.Event) -> None:
        with trio.move_on_after(OPENING_TIME):
            await opening.wait()
        self._opening = None
        self._client_is_set_up()

    def _client_is_set_up(self) -> None:
        self.set_attachment(Attachment.ATTACHED)

    def _client_spoke(self) -> None:
        self._set_up()

    def _set_up(self) -> None:
        if self._opening is not None:
            self._opening.set()


def make_serial(terminal: int) -> None:
    """Let a terminal be a serial port: raw, and at no rate, so that one is seen when a client sets it."""
    tty.setraw(terminal)
    attributes = termios.tcgetattr(terminal)
    attributes[INPUT_SPEED] = attributes[OUTPUT_SPEED] = termios.B0
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)
