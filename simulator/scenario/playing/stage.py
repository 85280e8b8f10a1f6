"""Where a transcript is played: the serial ports of the modules, the peers, the variables, the clock."""

import os
import termios
import tty
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import trio

from simulator.core.clock import Clock, RealClock
from simulator.scenario.playing.matching import MismatchError, Printed, Quiet
from simulator.scenario.playing.peers import Peer
from simulator.scenario.playing.variables import Variables

STEP_LIMIT: Final = 10.0
"""Seconds a step may take."""
RESTING_TIME: Final = 0.2
SILENT_TIME: Final = 1.0
"""Seconds after which a module rests, and is silent."""
RECEIVE_SIZE: Final = 65536

ModulePort = Callable[[int, str, int], Awaitable[tuple[str, int]]]
"""Tells where on this machine a port of a module is: the module's number, `tcp` or `udp`, the port."""


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


class Terminal:
    """The client of one module: types, and reads along."""

    def __init__(self, stream: trio.abc.Stream, printed: Printed, *, limit: float) -> None:
        """`limit`: seconds an expectation may take."""
        self.printed = printed
        self._stream = stream
        self._limit = limit
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

    async def send_command(self, line: str) -> None:
        """Type a line; CR LF is appended."""
        self.printed.command_sent(line)
        await self.send(line.encode() + b"\r\n")

    async def send(self, data: bytes) -> None:
        """Send bytes. Raises MismatchError when the port is gone."""
        try:
            await self._stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise MismatchError("the serial port is gone") from error

    async def until(self, attempt: Callable[[Quiet], bool], wanted: str, limit: float | None = None) -> None:
        """Make an attempt whenever there is news, until it succeeds. Raises MismatchError."""
        with trio.move_on_after(limit if limit is not None else self._limit):
            quiet = Quiet.NO
            while not attempt(quiet):
                if self._gone:
                    break
                quiet = await self._wait(quiet)
            else:
                return
        reason = "the serial port is gone" if self._gone else "no more came in time"
        raise MismatchError(f"expected {wanted}, got {self.printed.excerpt()!r}; {reason}")

    async def _wait(self, quiet: Quiet) -> Quiet:
        """Wait for news, or until the quiet has reached its next degree."""
        news = self._news
        patience = {Quiet.NO: RESTING_TIME, Quiet.RESTING: SILENT_TIME - RESTING_TIME}
        with trio.move_on_after(patience.get(quiet, float("inf"))):
            await news.wait()
        return Quiet.NO if news.is_set() else Quiet(quiet + 1)

    def _notify(self) -> None:
        self._news.set()
        self._news = trio.Event()


class Stage:
    """What verbs act on."""

    def __init__(
        self,
        terminals: Mapping[str, Terminal],
        peers: Mapping[str, Peer],
        variables: Variables,
        find_port: ModulePort,
        *,
        clock: Clock | None = None,
        limit: float = STEP_LIMIT,
    ) -> None:
        """`terminals` and `peers` by their names in the transcript; `limit`: seconds a step may take."""
        self.variables = variables
        self.clock = clock or RealClock()
        self._terminals = terminals
        self._peers = peers
        self._find_port = find_port
        self._limit = limit

    def terminal(self, module: str) -> Terminal:
        """The client of a module."""
        return self._terminals[module]

    def peer(self, name: str) -> Peer:
        """A host of the world. Raises MismatchError."""
        if name not in self._peers:
            raise MismatchError(f"the world has no peer {name!r}; it has {', '.join(self._peers) or 'none'}")
        return self._peers[name]

    async def module_port(self, module: str, protocol: str, port: int) -> tuple[str, int]:
        """Where on this machine a port of a module is. Raises MismatchError."""
        with self._limited(lambda: f"the module does not serve {protocol} {port}"):
            return await self._find_port(list(self._terminals).index(module), protocol, port)
        raise AssertionError  # `_limited` has raised

    async def until(self, peer: Peer, condition: Callable[[], bool], problem: Callable[[], str]) -> None:
        """Wait for something to become true of a peer. Raises MismatchError."""
        with self._limited(problem):
            while not condition():
                await peer.changed.wait()

    @contextmanager
    def _limited(self, problem: Callable[[], str]) -> Iterator[None]:
        try:
            with trio.fail_after(self._limit):
                yield
        except trio.TooSlowError:
            raise MismatchError(problem()) from None
