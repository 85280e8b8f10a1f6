"""The AT machine by itself: a UART, an engine and a handful of commands made for tests, on stepped time."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated

import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.at import answers
from espat.core.at.answers import ERROR, Line, Result, Unterminated
from espat.core.at.arguments import Range, Text
from espat.core.at.data_entry import CountedEntry, EscapedEntry
from espat.core.at.engine import WORKERS, DataEntryCancelledError, Engine
from espat.core.at.errors import CommandError, failed
from espat.core.at.grammar import Form
from espat.core.at.registry import ANY_COMMAND, CommandTable, Registry
from espat.core.at.uart import Uart
from espat.core.panics import Panics
from espat.core.ports.port import MemoryPort
from espat.core.restart import Restart
from espat.core.time.clock import SteppedClock
from espat.core.trace import Kind

SEND_OK = Result(b"\r\nSEND OK\r\n")
SEND_CANCELED = Result(b"\r\nSEND Canceled\r\n")


class Machine:
    """What the handlers below get as their module.

    `release` lets AT+WAIT end. `restarts`: what the engine asked for; nothing restarts by itself.
    """

    def __init__(self, *, capacity: int | None = None, command_time: float | None = None) -> None:
        self.clock = SteppedClock()
        self.port = MemoryPort(now=self.clock.now, move_on_after=self.clock.move_on_after, capacity=capacity)
        self.recorded: list[tuple[str, Kind, bytes]] = []
        self.uart = Uart(self.port, self._record)
        self.output = self.uart.output
        self.release = trio.Event()
        self.payloads: list[bytes] = []
        self.restarts: list[Restart] = []
        self.engine = Engine(
            self,
            Registry([table]),
            self.uart,
            restart=self.restarts.append,
            panicked=partial(Panics().note, 0),
            latency=None if command_time is None else {ANY_COMMAND: command_time},
            sleep=self.clock.sleep,
            recorder=self._record,
        )
        self.uart.attach(self.engine)
        self.uart.listen()

    async def send(self, *chunks: bytes) -> bytes:
        """Send chunks, letting everything settle behind each; returns what is printed."""
        printed = b""
        for chunk in chunks or (b"",):
            self.port.send(chunk)
            await wait_all_tasks_blocked()
            printed += self.port.read()
        return printed

    async def advance(self, seconds: float) -> bytes:
        """Let time pass; returns what is printed meanwhile."""
        await self.clock.advance(seconds)
        return self.port.read()

    def _record(self, direction: str, kind: Kind, data: bytes, private: bool) -> None:
        self.recorded.append((direction, kind, data))


@asynccontextmanager
async def machine(
    *, capacity: int | None = None, command_time: float | None = None, echo: bool = False
) -> AsyncIterator[Machine]:
    """A machine that runs. Most tests do without the echo."""
    it = Machine(capacity=capacity, command_time=command_time)
    it.engine.echo = echo
    async with trio.open_nursery() as nursery:
        nursery.start_soon(it.uart.output.run)
        nursery.start_soon(it.uart.lose)
        for _ in range(WORKERS):
            nursery.start_soon(it.engine.work)
        await wait_all_tasks_blocked()
        yield it
        nursery.cancel_scope.cancel()


table = CommandTable()


@table.command("AT", Form.EXECUTE)
def hello(machine: Machine) -> None: ...


@table.command("ATE0", Form.EXECUTE)
def echo_off(machine: Machine) -> None:
    machine.engine.echo = False


@table.command("ATE1", Form.EXECUTE)
def echo_on(machine: Machine) -> None:
    machine.engine.echo = True


@table.command("AT+RST", Form.EXECUTE)
def restart(machine: Machine) -> Restart:
    return Restart()


@table.command("AT+LINE", Form.QUERY)
def line(machine: Machine) -> Line:
    return Line(b"+LINE:1")


@table.command("AT+LINES", Form.QUERY)
def lines(machine: Machine) -> Iterator[Line | Unterminated | Result]:
    yield Line(b"+LINES:1")
    yield Line(b"+LINES:2")
    yield Unterminated(b"end")
    if machine.release.is_set():
        yield ERROR


@table.command("AT+SET", Form.SET)
def set_value(
    machine: Machine, number: Annotated[int, Range(0, 9)], text: Annotated[bytes, Text(4)] = b""
) -> Unterminated:
    return Unterminated(b"+SET:%d,%b" % (number, text))


@table.command("AT+WAIT", Form.EXECUTE)
async def wait(machine: Machine) -> Line:
    await machine.release.wait()
    return Line(b"+WAIT:done")


@table.command("AT+FAIL", Form.EXECUTE)
async def fail(machine: Machine) -> None:
    machine.output.report(b"WIFI DISCONNECT\r\n")
    raise failed(2)


@table.command("AT+NETWORK", Form.EXECUTE)
def network_failure(machine: Machine) -> None:
    raise CommandError(errno=0x71)


@table.command("AT+CRASH", Form.EXECUTE)
def crash(machine: Machine) -> None:
    raise ZeroDivisionError


@table.command("AT+CRASH", Form.QUERY)
async def crash_later(machine: Machine) -> None:
    await machine.release.wait()
    raise ZeroDivisionError


@table.command("AT+CRASH", Form.SET)
def crash_half_way(machine: Machine, number: Annotated[int, Range(0, 9)]) -> Iterator[Line]:
    yield Line(b"+CRASH:%d" % (1 // (number - 1)))
    yield Line(b"+CRASH:%d" % (1 // number))


@table.command("AT+SEND", Form.SET)
async def send(machine: Machine, length: Annotated[int, Range(1, 8192)]) -> Result:
    return await take(machine, CountedEntry(length))


@table.command("AT+SENDX", Form.SET)
async def send_escaped(machine: Machine, length: Annotated[int, Range(1, 8192)]) -> Result:
    return await take(machine, EscapedEntry(length))


async def take(machine: Machine, entry: CountedEntry | EscapedEntry) -> Result:
    try:
        payload = await machine.engine.data_entry(entry)
    except DataEntryCancelledError:
        return SEND_CANCELED
    machine.payloads.append(payload)
    machine.engine.confirm_data(entry)
    return SEND_OK


@table.command("AT+STORE", Form.SET)
async def store(machine: Machine, length: Annotated[int, Range(1, 8192)]) -> None:
    """A data entry whose surplus is the next command, as in the "specific" port mode."""
    entry = CountedEntry(length, cancellable=False, surplus_is_input=True)
    machine.payloads.append(await machine.engine.data_entry(entry))


@table.command("AT+STORE", Form.EXECUTE)
async def store_slowly(machine: Machine) -> None:
    entry = CountedEntry(2, cancellable=False, surplus_is_input=True)
    machine.payloads.append(await machine.engine.data_entry(entry, answers.BARE_PROMPT))
    await machine.release.wait()


@table.command("AT+BIG", Form.SET)
def big(machine: Machine, count: Annotated[int, Range(0, 2**31 - 1)]) -> Iterator[Line]:
    for _ in range(count):
        yield Line(b"x" * 98)
