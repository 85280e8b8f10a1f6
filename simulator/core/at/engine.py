"""The engine: the pump between a port, the AT machine of a boot, and the handlers of its commands.

The machine says what happens, the engine makes it happen: it reads, waits, runs handlers and writes.

Two workers take turns. The one whose turn it is reads the port and runs the command it has read: a command that does
not wait, or only for its data, is answered without a turn of the scheduler. When a command waits for anything else, the
turn passes, and the other worker reads on. What a worker prints between two waits goes out in one piece.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import trio

from espat.core.at.actions import Actions, Again, Call, Complain, EndData, Panic, Record, Run, Unknown, Write
from espat.core.at.answers import Answer, PromptMessage, parts
from espat.core.at.conventions import ESP_AT, Conventions
from espat.core.at.data_entry import DataEntry
from espat.core.at.errors import CommandError
from espat.core.at.grammar import Form
from espat.core.at.machine import BUSY, AtMachine, Want
from espat.core.at.output import Recorder
from espat.core.at.registry import Entry, Registry
from espat.core.at.stream_entry import StreamEntry
from espat.core.at.system_log import SystemLog
from espat.core.at.task_steps import in_steps
from espat.core.at.uart import Uart
from espat.core.restart import Restart
from espat.core.trace import Kind

WORKERS: Final = 2
"""Tasks that take turns in one engine."""


class DataEntryCancelledError(Exception):
    """`+++` ended a data entry."""


class Engine:
    """Runs the commands of one boot of one module."""

    def __init__(
        self,
        context: Any,
        registry: Registry,
        uart: Uart,
        *,
        restart: Callable[[Restart], None],
        panicked: Callable[[str, Exception], None],
        unknown: Callable[[str, Form], None] | None = None,
        conventions: Conventions = ESP_AT,
        latency: Mapping[str, float] | None = None,
        sleep: Callable[[float], Any] = trio.sleep,
        recorder: Recorder | None = None,
        system_log: SystemLog | None = None,
    ) -> None:
        """`context`: the module, first argument of every handler. `panicked` is told which command has failed in the
        simulator itself, and how; `unknown`, which form of a command there is not. `latency`: seconds, by the figure
        that a command takes; None: none. `system_log`: where it complains about input that is not for it."""
        self.conventions = conventions
        self.machine = AtMachine(context, registry, conventions, recorded=recorder is not None)
        self._context = context
        self._uart = uart
        self._output = uart.output
        self._restart = restart
        self._panicked = panicked
        self._unknown = unknown
        self._latency = latency
        self._sleep = sleep
        self._recorder = recorder
        self._system_log = system_log
        self._next: Run | None = None  # the command that whoever gives way runs
        self._reader: trio.lowlevel.Task | None = None  # the worker whose turn it is
        self._reading = False  # that worker waits for input
        self._data_ended = trio.lowlevel.ParkingLot()

    @property
    def want(self) -> Want:
        """What the machine wants next."""
        return self.machine.want

    @property
    def echo(self) -> bool:
        """Whether input is echoed (ATE)."""
        return self.machine.echoes

    @echo.setter
    def echo(self, echoes: bool) -> None:
        self.machine.echoes = echoes

    @property
    def syslog(self) -> bool:
        """Whether errors come with their codes (AT+SYSLOG)."""
        return self.machine.shows_codes

    @syslog.setter
    def syslog(self, shows_codes: bool) -> None:
        self.machine.shows_codes = shows_codes

    # Taking turns

    async def work(self) -> None:
        """Be one of the WORKERS: read, and run commands, for ever."""
        worker = trio.lowlevel.current_task()

        def let_go() -> None:
            self._output.uncork()
            if self._reader is worker and not self._reading:  # its command waits: the other one reads on
                self._reader = None
                self._uart.turn.release()

        await in_steps(self._take_turns(worker), self._output.cork, let_go)

    async def _take_turns(self, worker: trio.lowlevel.Task) -> None:
        while True:
            if self._next is not None:
                command, self._next = self._next, None
                await self._run_and_wait(command)
            elif self._reader is worker:
                await self._read()
            else:
                await self._uart.turn.acquire()
                self._reader = worker

    # Input

    async def _read(self) -> None:
        """Wait for a piece of input and give it to the machine; whoever calls this holds the turn.

        While a client does not read, nothing of it is read either: its answers have no room. Data has no answer.
        """
        port, output, machine = self._uart.port, self._output, self.machine
        output.flush()
        self._reading = True
        try:
            if self._uart.reader is not self:
                await port.receive_some()
                return
            if machine.want.entry is None and not output.has_room:
                await output.room()
            if (entry := machine.want.entry) is not None and entry.streams:
                await self._stream_room()
            deadline = machine.want.deadline
            if deadline is None:
                chunk = await port.receive_some()
            else:
                # What came in while we were late to look is no silence.
                chunk = await port.wait_gap(deadline) or port.receive_nowait()
            busy = machine.want is BUSY
            if port.line_gap and chunk and (busy or machine.refuses(chunk)):
                chunk = await self._to_line_end(chunk)
            if self._uart.reader is not self:
                return
        finally:
            self._reading = False
        if not chunk:
            self._do(machine.silence())
        else:
            self._do(machine.rx_chunk(chunk, port.gap_clock(), while_busy=busy))
            if (entry := machine.want.entry) is not None and entry.streams and not port.paced:
                self._fill_stream()

    async def _stream_room(self) -> None:
        """Wait until a stream of data has room; returns at once, without a checkpoint, when it has or there is none."""
        while isinstance(stream := self.machine.want.entry, StreamEntry) and stream.full:
            await stream.room()

    def _fill_stream(self) -> None:
        """Give a stream of data what is there already, as far as it has room: that need not come as chunks."""
        port = self._uart.port
        while isinstance(stream := self.machine.want.entry, StreamEntry) and not stream.full:
            chunk = port.receive_nowait()
            if not chunk:
                return
            self._do(self.machine.rx_chunk(chunk, port.gap_clock()))

    async def _to_line_end(self, chunk: bytes) -> bytes:
        """What goes on without a gap is one piece of input."""
        port = self._uart.port
        while not chunk.endswith(b"\n") and len(chunk) < self.conventions.line_limit:
            more = await port.wait_gap(port.gap_clock() + port.line_gap)
            if not more:
                break
            chunk += more
        return chunk

    # What the machine wants done

    def _do(self, actions: Actions) -> None:
        for action in actions:
            if type(action) is Write:
                message, kind, filtered, private = action
                self._output.write(message, kind, filtered=filtered, private=private)
            else:
                self._DO[type(action)](self, action)

    def _record(self, action: Record) -> None:
        if self._recorder is not None:
            self._recorder("in", action.kind, action.data, action.kind is Kind.DATA)

    def _complain(self, action: Complain) -> None:
        if self._system_log is not None:
            self._system_log.info(action.tag, action.text)

    def _run(self, action: Run) -> None:
        """Run a command: at once, unless it may take time."""
        entry, arguments = action
        if entry.is_async or self._takes(entry):
            self._next = action
            return
        try:
            self._finish(entry.handler(self._context, *arguments))
        except CommandError as error:
            self._do(self.machine.fail(error))
        except Exception as error:
            self._do(self.machine.panic(entry.name, error))

    def _takes(self, entry: Entry) -> float:
        """Seconds that a command takes by itself."""
        return self._latency[entry.takes] if self._latency is not None else 0.0

    def _end_data(self, action: EndData) -> None:
        if self._data_ended:  # nearly always the command reads its data itself
            self._data_ended.unpark_all()

    def _call(self, action: Call) -> None:
        action.function()

    def _again(self, action: Again) -> None:
        self._do(self.machine.rx_chunk(action.chunk, action.at))

    def _panic(self, action: Panic) -> None:
        self._panicked(action.name, action.error)

    def _tell_unknown(self, action: Unknown) -> None:
        if self._unknown is not None:
            self._unknown(action.name, action.form)

    def _ask_restart(self, action: Restart) -> None:
        self._restart(action)

    _DO: ClassVar[dict[type, Callable[[Any, Any], None]]] = {
        Record: _record,
        Complain: _complain,
        Run: _run,
        EndData: _end_data,
        Call: _call,
        Again: _again,
        Panic: _panic,
        Unknown: _tell_unknown,
        Restart: _ask_restart,
    }

    # Commands

    async def _run_and_wait(self, command: Run) -> None:
        """Run a command that takes time."""
        entry, arguments = command
        try:
            if seconds := self._takes(entry):
                await self._sleep(seconds)
            answer = entry.handler(self._context, *arguments)
            if entry.is_async:
                answer = await answer
            self._finish(answer)
        except CommandError as error:
            self._do(self.machine.fail(error))
        except Exception as error:
            self._do(self.machine.panic(entry.name, error))

    def _finish(self, answer: Answer) -> None:
        if answer is not None:
            for part in parts(answer):
                self._do(self.machine.part(part))
        self._do(self.machine.finish())

    def begin(self, handler: Callable[[Any], Any]) -> None:
        """Run an async handler as if its command had just come in: what a module does right after its start, before
        `run` has its first turn."""
        self.machine.begin()
        self._next = Run(Entry(handler.__name__, Form.EXECUTE, handler, when=None, reports_codes=False), [])

    # For the handler of the running command

    def afterwards(self, function: Callable[[], None]) -> None:
        """Do something right behind the answer."""
        self.machine.afterwards(function)

    async def data_entry(self, entry: DataEntry, prompt: Sequence[PromptMessage] | None = None) -> bytes:
        """Print the prompt and take data from the port until it is complete. `prompt`: the firmware's usual one when
        left out.

        Raises DataEntryCancelledError when `+++` ended it.
        """
        with self.taking(entry, prompt):
            while not entry.ended:
                if self._reader is trio.lowlevel.current_task():
                    await self._read()
                else:
                    await self._data_ended.park()
        if entry.cancelled:
            raise DataEntryCancelledError
        return entry.payload

    @contextmanager
    def taking(self, entry: DataEntry, prompt: Sequence[PromptMessage] | None = None) -> Iterator[None]:
        """Print the prompt, and let the entry have what comes in over the port."""
        self._do(self.machine.take(entry, prompt))
        try:
            yield
        finally:
            self.machine.release(entry)

    def ask(self, prompt: Sequence[PromptMessage]) -> None:
        """Print a prompt that comes later than the beginning of a data entry."""
        self._do(self.machine.prompt(prompt))

    def confirm_data(self, entry: DataEntry) -> None:
        """Print the receipt of a complete data entry, and answer busy for what came in behind it."""
        self._do(self.machine.receipt(entry))

    def refuse_surplus(self, entry: DataEntry) -> None:
        """Answer busy for what came in behind the data."""
        self._do(self.machine.refuse_surplus(entry))
