"""The client of a module: types, and reads along."""

import os
import termios
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Final

import trio

from espat.core.ports.port import MemoryPort
from espat.core.time.clock import Clock
from espat.scenario.stage.matching import Printed, Quiet
from espat.scenario.stage.mismatch import MismatchError
from espat.scenario.stage.options import Patience

RECEIVE_SIZE: Final = 65536


def open_device(path: Path) -> trio.abc.Stream:
    """Open a serial port raw, as terminal programs do, and discard what it has received. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        tty.setraw(descriptor, termios.TCSANOW)
        termios.tcflush(descriptor, termios.TCIFLUSH)
    except termios.error as error:
        os.close(descriptor)
        raise OSError(*error.args) from error
    return trio.lowlevel.FdStream(descriptor)


class MemoryTerminal(trio.abc.Stream):
    """The client's end of a port in memory."""

    def __init__(self, port: MemoryPort) -> None:
        self._port = port

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        self._port.send(bytes(data))

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        return await self._port.read_some()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


class Terminal:
    """The client of one module."""

    def __init__(self, stream: trio.abc.Stream, printed: Printed, clock: Clock, patience: Patience) -> None:
        self.printed = printed
        self._stream = stream
        self._clock = clock
        self._patience = patience
        self._news = trio.Event()
        self._gone = False

    async def run(self) -> None:
        """Read until the port goes away."""
        try:
            while data := await self._stream.receive_some(RECEIVE_SIZE):
                self.printed.feed(bytes(data))
                self._notify()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        self._gone = True
        self._notify()

    async def send_command(self, line: bytes) -> None:
        """Type a line; CR LF is appended."""
        self.printed.command_sent(line.decode(errors="surrogateescape"))
        await self.send(line + b"\r\n")

    async def send(self, data: bytes) -> None:
        """Send bytes. Raises MismatchError when the port is gone."""
        try:
            await self._stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise MismatchError("the serial port is gone") from error

    async def until(self, attempt: Callable[[Quiet], bool], wanted: str, limit: float | None = None) -> None:
        """Make an attempt whenever there is news, until it succeeds. `limit`: seconds. Raises MismatchError."""
        with self._clock.move_on_after(limit if limit is not None else self._patience.step):
            quiet = Quiet.NO
            while not attempt(quiet):
                if self._gone:
                    break
                quiet = await self._wait(quiet)
            else:
                return
        reason = "the serial port is gone" if self._gone else "no more came in time"
        raise MismatchError(f"expected {wanted}, got {self.printed.excerpt()!r}; {reason}")

    async def rest(self) -> None:
        """Wait until the module prints nothing, for the time of a step at most."""
        with self._clock.move_on_after(self._patience.step):
            while not self._gone and await self._wait(Quiet.NO) is Quiet.NO:
                pass

    async def _wait(self, quiet: Quiet) -> Quiet:
        """Wait for news, or until the quiet has reached its next degree."""
        news = self._news
        resting, silent = self._patience.resting, self._patience.silent
        if quiet is Quiet.SILENT:
            await news.wait()
        else:
            with self._clock.move_on_after(resting if quiet is Quiet.NO else silent - resting):
                await news.wait()
        return Quiet.NO if news.is_set() else Quiet(quiet + 1)

    def _notify(self) -> None:
        self._news.set()
        self._news = trio.Event()
