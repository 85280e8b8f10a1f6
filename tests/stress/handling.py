"""Modules that are handled roughly: long random sequences of commands, data and events of the world, by a seed.

Everything is in memory and in stepped time, so a seed is a run, byte for byte. `python -m tests.stress.handling 1 1000`
plays the seeds 1 to 1000 and tells of those that find something.
"""

import gc
import logging
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final

import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.at.engine import Engine
from espat.core.at.machine import State
from espat.core.at.output import Output
from espat.core.at.uart import Uart
from espat.core.ports.port import Attachment, MemoryPort
from espat.core.time.clock import SteppedClock
from espat.core.trace import Kind, Record, Trace
from espat.dialects.loading import load_firmware
from espat.dialects.names import RUNNABLE
from espat.module import Module
from espat.scenario.stage.running_world import RunningWorld
from espat.stack.links import LinkTable
from espat.stack.passthrough import Passthrough
from tests.stress.lines import JUNK, command_line, data
from tests.stress.surroundings import WORLD, Surroundings

LONGEST: Final = 2400.0
"""Seconds within which anything that has begun is over: data that nobody acknowledges is given up after 127."""
STEPS: Final = 400
CAPACITY: Final = 20_000
"""Bytes that a client may leave unread."""
ATTEMPTS: Final = 100
"""To have a module come to rest."""
MOST_WAITING: Final = 3
"""Chunks that a module has not taken yet."""
PAUSES: Final = (0.001, 0.02, 0.02, 0.1, 1.0, 1.0, 10.0, 60.0, 400.0)
REPORT: Final = re.compile(rb"(?:(\d),)?(CONNECT|CLOSED)\r\n|\+LINK_CONN:0,(\d),.*\r\n")


class RoughHandlingError(AssertionError):
    """A module has done what none may do."""


class _Client:
    """Who is at the port of one module, and keeps the book of its links by CONNECT and CLOSED."""

    def __init__(self, module: Module, port: MemoryPort, dialect: str) -> None:
        self.module = module
        self.port = port
        self.dialect = dialect
        self.links: set[int] = set()
        self.knows_links = True
        """Whether it has been told of all links of this boot."""

    def hear(self, record: Record) -> None:
        """Something of the module's has come into the trace."""
        if record.kind is Kind.EVENT and record.data.startswith(b"module.boot"):
            self.links.clear()
            self.knows_links = True
        self._lose_track()
        module = self.module
        found = REPORT.fullmatch(record.data) if record.kind is Kind.REPORT else None
        if found is None:
            return
        number = int(found[1] or found[3] or 0)
        if found[2] == b"CLOSED":
            self.links.discard(number)
        elif number in self.links and self.knows_links:
            raise RoughHandlingError(f"module {module.number} says that link {number} opens, which is open")
        else:
            self.links.add(number)

    def check(self) -> None:
        """The module has the links it has told of."""
        self._lose_track()
        module = self.module
        if not self.knows_links or module[Uart].reader is None or not self.there:
            return
        links = {link.number for link in module[LinkTable] if module[LinkTable].withholds_end or not link.ended}
        if links != self.links:
            raise RoughHandlingError(f"module {module.number} has told of links {self.links}, it has {links}")

    def _lose_track(self) -> None:
        if self.module[Passthrough].running or self.module[Output].message_filter:
            self.knows_links = False

    @property
    def there(self) -> bool:
        return self.port.attachment is Attachment.ATTACHED


class Panics(logging.Handler):
    """Failures of the simulator itself."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(self.format(record))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Raises RoughHandlingError at the end when there was one."""
        log = logging.getLogger("espat.core.panics")
        log.addHandler(self)
        try:
            yield
        finally:
            log.removeHandler(self)
        if self.messages:
            raise RoughHandlingError("\n".join(self.messages))


class RoughHandling:
    """One run. `digest`: of everything in its trace. `done`: what has been done."""

    def __init__(self, seed: int, dialects: Sequence[str] = ()) -> None:
        """`dialects`: of the modules; some when none are given."""
        self._random = Random(seed)
        dialects = dialects or [self._random.choice(RUNNABLE) for _ in range(self._random.choice((1, 1, 2, 3)))]
        self.digest = sha256()
        self.done: list[str] = []
        self._clock = SteppedClock()
        trace = Trace()
        profile = self._random.choice(("fast", "real"))
        self._simulation = RunningWorld(replace(WORLD, seed=seed), self._clock, profile=profile, trace=trace)
        self._clients: list[_Client] = []
        for dialect in dialects:
            port = MemoryPort(now=self._clock.now, move_on_after=self._clock.move_on_after, capacity=CAPACITY)
            module = self._simulation.add_module(load_firmware(dialect), port)
            self._clients.append(_Client(module, port, dialect))
        trace.listeners.append(self._hear)

    async def run(self, steps: int = STEPS) -> None:
        """Handle the modules, then see that each answers and that nothing is left behind. Raises RoughHandlingError."""
        with Panics().watched():
            await self._run(steps)

    async def _run(self, steps: int) -> None:
        async with trio.open_nursery() as nursery:
            self._surroundings = Surroundings(self._simulation, self._random, nursery.start_soon)
            nursery.start_soon(self._simulation.run)
            before = await self._left_behind()
            for client in self._clients:
                client.module.power_on()
            await self._pass(5)
            for client in self._clients:
                await self._prepare(client)
            for _ in range(steps):
                await self._step(self._random.choice(self._clients))
                for client in self._clients:
                    client.check()
            for client in self._clients:
                await self._comes_back(client)
            after = await self._left_behind()
            if after != before:
                raise RoughHandlingError(f"tasks, timers and open files were {before} and are {after}")
            nursery.cancel_scope.cancel()

    def _hear(self, record: Record) -> None:
        self.digest.update(repr(record).encode())
        self._clients[record.module].hear(record)

    async def _pass(self, seconds: float) -> None:
        self.done.append(f"{seconds} s")
        await self._clock.advance(seconds)

    def _send(self, client: _Client, chunk: bytes) -> None:
        if client.port.waiting < MOST_WAITING:  # else flow control holds it back
            self.done.append(f"{client.module.number}> {chunk[:80]!r}")
            client.port.send(chunk)

    async def _prepare(self, client: _Client) -> None:
        """Most of them are joined to begin with, and some serve."""
        lines = [b"AT+CWMODE=3", b'AT+CWJAP="espressif","1234567890"']
        if self._random.random() < 0.7:
            lines.append(b"AT+CIPMUX=1")
            if self._random.random() < 0.6:
                lines.append(b"AT+CIPSERVER=1,333")
        for line in lines:
            self._send(client, line + b"\r\n")
            await self._pass(10)
            client.port.read()

    async def _step(self, client: _Client) -> None:
        random = self._random
        takes_data = client.module[Engine].want.entry is not None
        act = random.random()
        if takes_data and random.random() < 0.15:
            await self._pass(0.1)
            self._send(client, b"+++")
            await self._pass(random.choice((0.1, 0.1, 1.0)))
        elif act < (0.02 if not takes_data else 0.6):
            self._send(client, data(random))
        elif act < 0.6:
            self._type(client)
        elif act < 0.62:
            self._leave(random.choice(self._clients))
        elif act < 0.88:
            self.done.append(self._surroundings.happen())
        else:
            await self._pass(random.choice(PAUSES))
        rest = random.random()
        if rest < 0.7:
            await wait_all_tasks_blocked()
        elif rest < 0.85:
            await self._pass(0.03)
        elif rest < 0.9:
            await trio.lowlevel.checkpoint()
        if random.random() < 0.9:
            client.port.read()

    def _type(self, client: _Client) -> None:
        line = command_line(self._random, client.dialect, client.module) + b"\r\n"
        way = self._random.random()
        if way < 0.75:
            self._send(client, line)
        elif way < 0.85:
            at = self._random.randrange(1, len(line))
            self._send(client, line[:at])
            self._send(client, line[at:])
        elif way < 0.92:
            self._send(client, line + command_line(self._random, client.dialect, client.module) + b"\r\n")
        else:
            self._send(client, self._random.choice(JUNK))

    def _leave(self, client: _Client) -> None:
        """It leaves the port, and mostly is back at once."""
        self.done.append(f"{client.module.number} leaves")
        client.port.set_attachment(Attachment.LEFT)
        client.knows_links = False
        if self._random.random() < 0.8:
            client.port.set_attachment(Attachment.ATTACHED)

    async def _comes_back(self, client: _Client) -> None:
        """Whatever has been done to a module: once everything works again, it comes to rest and answers AT."""
        module, port = client.module, client.port
        self._surroundings.heal()
        module.power_on()
        module.press_wake()
        port.set_attachment(Attachment.ATTACHED)
        for attempt in range(ATTEMPTS):
            await self._pass(2)
            port.read()
            engine = module[Engine]
            if module[Uart].reader is None or engine.want.state is State.BUSY:
                await self._pass(30)
            elif engine.want.entry is None:
                break
            else:
                self._send(client, b"+++")
                await self._pass(2)
                if engine.want.entry is not None:
                    self._send(client, b"~" * 64)  # not everything can be cancelled
            if attempt % 10 == 9:
                module.reset()  # it has as much data as it takes and nowhere to put it: its client is held back
        else:
            raise RoughHandlingError(f"module {module.number} does not come to rest")
        for line in (b"", b"AT+SYSMSGFILTER=0", b""):
            self._send(client, line + b"\r\n")
            await self._pass(2)
        port.read()
        self._send(client, b"AT\r\n")
        await self._pass(2)
        answer = port.read()
        if not answer.endswith(b"\r\nOK\r\n"):
            raise RoughHandlingError(f"module {module.number} answers AT with {answer!r}")

    async def _left_behind(self) -> tuple[int, int, int]:
        """Tasks, timers and open files when there is no power, and everything has had time to end."""
        for module in self._simulation.modules:
            module.power_off()
        for station in self._simulation.stations:
            station.leave()
        self._surroundings.heal()
        await self._pass(LONGEST)
        gc.collect()
        return trio.lowlevel.current_statistics().tasks_living, self._clock.pending, _open_files()


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def main() -> int:
    """Play the seeds of the command line: the first one, and how many."""
    first, count = map(int, sys.argv[1:])
    found = 0
    for seed in range(first, first + count):
        handling: RoughHandling | None = None

        async def handle(seed: int = seed) -> None:
            nonlocal handling
            handling = RoughHandling(seed)
            await handling.run()

        try:
            trio.run(handle)
        except Exception:
            found += 1
            done = handling.done[-30:] if handling is not None else []
            print(f"seed {seed}:", *done, traceback.format_exc(), sep="\n")
    print(f"{count} seeds, {found} found something")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
