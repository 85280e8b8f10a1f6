"""The AT engine: one command at a time.

States and what input means in them:

    idle        chunks go through the line discipline; a complete line starts a command
    running     every chunk is answered busy and dropped; a chunk with AT+RST CR LF restarts the module
    data entry  a running command takes bytes behind its prompt
    stopped     the module restarts: input is lost

Two workers take turns. The one whose turn it is reads the port and runs the command it has read: a command that does
not wait, or only for its data, is answered without a turn of the scheduler. When a command waits for anything else, the
turn passes, and the other worker reads on.

Source: ESP-AT User Guide, chapters 3 and 8, and sessions of real modules for what busy swallows.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

import trio

from espat.core.at.answers import Answer, Line, Restart, Result, Unterminated
from espat.core.at.conventions import ESP_AT, Conventions
from espat.core.at.data_entry import DataEntry
from espat.core.at.errors import BUSY as BUSY_CODE
from espat.core.at.errors import UNKNOWN_COMMAND, CommandError
from espat.core.at.escape import EscapeDetector
from espat.core.at.grammar import Form, UnknownCommandError, parse_line
from espat.core.at.output import Output
from espat.core.at.registry import Entry, Registry
from espat.core.at.stretches import in_stretches
from espat.core.at.system_log import SystemLog
from espat.core.trace import Kind

LOG_TAG: Final = "at-common"
RESTART_LINE: Final = b"AT+RST\r\n"
"""The one input that a running command does not refuse, in firmwares that have a text for it."""


class DataEntryCancelledError(Exception):
    """`+++` ended a data entry."""


class InputSource(Protocol):
    """Where an engine's input comes from. `turn`: the task that reads holds it."""

    turn: trio.Lock

    async def read(self) -> None:
        """Wait for a piece of input and hand it over with `receive` or `refuse`; with `silence` when none has come
        until `deadline`."""


class Engine:
    """Runs the commands of one boot of one module."""

    def __init__(
        self,
        context: Any,
        registry: Registry,
        source: InputSource,
        output: Output,
        *,
        restart: Callable[[Restart], None],
        panicked: Callable[[str, Exception], None],
        conventions: Conventions = ESP_AT,
        latency: Callable[[str], float] | None = None,
        sleep: Callable[[float], Any] = trio.sleep,
        recorder: Callable[[str, Kind, bytes], None] | None = None,
        system_log: SystemLog | None = None,
    ) -> None:
        """`context`: the module, first argument of every handler. `panicked` is told which command has failed in the
        simulator itself, and how. `latency`: seconds a command takes, None: none. `system_log`: where it complains
        about input that is not for it."""
        self.echo = True
        self.syslog = False
        self.conventions = conventions
        self._context = context
        self._registry = registry
        self._source = source
        self._output = output
        self._restart = restart
        self._panicked = panicked
        self._latency = latency
        self._sleep = sleep
        self._recorder = recorder
        self._system_log = system_log
        self._lines = conventions.lines()
        self._running = False
        self._stopped = False
        self._got_data = False  # the running command has had its data
        self._next: tuple[Entry, list[Any]] | None = None
        self._reader: trio.lowlevel.Task | None = None  # the worker whose turn it is
        self._reading = False  # that worker waits for input
        self._entry: DataEntry | None = None
        self._escape: EscapeDetector | None = None
        self._last_input = float("-inf")
        self._follow_up: Callable[[], None] | None = None

    # Input

    @property
    def deadline(self) -> float | None:
        """When `silence` must be called unless input arrives before: seconds on the port's gap clock."""
        return self._escape.deadline if self._escape is not None else None

    @property
    def busy(self) -> bool:
        """Whether input is refused because a command runs."""
        return self._running and self._entry is None

    def refuses(self, chunk: bytes) -> bool:
        """Whether a chunk cannot begin a command, or go on with one."""
        return self._entry is None and self._lines.refuses(chunk)

    def receive(self, chunk: bytes, at: float) -> None:
        """Take one chunk that arrived at `at`, in seconds on the port's gap clock."""
        if self._stopped:
            return
        if self._entry is not None:
            self._take_data(chunk, at)
        elif self._running:
            self.refuse(chunk)
        else:
            self._accept(chunk)
        self._last_input = at

    def silence(self) -> None:
        """Nothing has arrived until `deadline`."""
        if self._escape is None or self._entry is None:
            return
        data, escaped = self._escape.expire()
        if escaped:
            self._entry.cancel()
        elif data:
            self._record(Kind.DATA, data)
            self._entry.take(data)

    def _accept(self, chunk: bytes) -> None:
        while chunk:
            chunk = self._accept_one(chunk)

    def _accept_one(self, chunk: bytes) -> bytes:
        """Take what makes one line of a chunk; returns what is input of its own."""
        taken = self._lines.feed(chunk)
        if taken.error is not None:
            self._record(Kind.COMMAND, taken.echo)
        elif taken.line is not None:
            self._record(Kind.COMMAND, taken.line)
        if self.echo:
            self._output.write(taken.echo, Kind.ECHO)
        if taken.surplus:
            self.refuse(taken.surplus)
        if taken.error is not None:
            if self._system_log is not None and taken.echo.startswith(b"\0"):
                # An inference: the text that it is about to echo ends before it begins.
                self._system_log.info(LOG_TAG, "write dlen:0")
            self._fail(CommandError(taken.error))
        elif taken.line is not None and not self._stopped:
            self._start(taken.line)
        return taken.following

    def refuse(self, chunk: bytes) -> None:
        """Answer input that came while a command ran."""
        if self._stopped:
            return
        self._record(Kind.COMMAND, chunk)
        conventions = self.conventions
        if conventions.forced_restart is not None and RESTART_LINE in chunk.upper():
            self._output.write(conventions.forced_restart, Kind.REPORT)
            self._finish(Restart())
            return
        for _ in range(chunk.count(b"\n") if conventions.busy_each_line else 1):
            if self.syslog:
                self._output.write(b"ERR CODE:0x%08x\r\n" % BUSY_CODE, Kind.RESULT)
            self._output.write(conventions.busy_behind_data if self._got_data else conventions.busy, Kind.RESULT)

    def _take_data(self, chunk: bytes, at: float) -> None:
        assert self._entry is not None
        if self._escape is not None:
            chunk = self._escape.feed(chunk, at)
        if chunk:
            self._record(Kind.DATA, chunk)
            self._entry.take(chunk)

    # Commands

    def _start(self, line: bytes) -> None:
        try:
            command = parse_line(line, folds_names=self.conventions.folds_names)
        except UnknownCommandError:
            self._fail(CommandError(UNKNOWN_COMMAND))
            return
        try:
            entry = self._registry.find(self._context, command)
            arguments = entry.signature.bind(self._context, command.parameters)
        except CommandError as error:
            self._fail(error)
            return
        except Exception as error:
            self._panic(command.name, error)
            return
        if entry.is_async or self._latency is not None:
            self._running = True
            self._next = entry, arguments
            return
        try:
            self._finish(entry.handler(self._context, *arguments))
        except CommandError as error:
            self._fail(error)
        except Exception as error:
            self._panic(entry.name, error)

    async def run(self) -> None:
        """Read, and run commands, for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._work)
            nursery.start_soon(self._work)

    async def _work(self) -> None:
        """Be one of the workers. What it prints between two waits goes out in one piece."""
        worker = trio.lowlevel.current_task()

        def let_go() -> None:
            self._output.uncork()
            if self._reader is worker and not self._reading:  # its command waits: the other one reads on
                self._reader = None
                self._source.turn.release()

        await in_stretches(self._take_turns(worker), self._output.cork, let_go)

    async def _take_turns(self, worker: trio.lowlevel.Task) -> None:
        while True:
            if self._next is not None:
                (entry, arguments), self._next = self._next, None
                await self._perform(entry, arguments)
            elif self._reader is worker:
                await self._read()
            else:
                await self._source.turn.acquire()
                self._reader = worker

    async def _read(self) -> None:
        self._reading = True
        try:
            await self._source.read()
        finally:
            self._reading = False

    async def _perform(self, entry: Entry, arguments: list[Any]) -> None:
        """Run a command that takes time."""
        try:
            if self._latency is not None:
                await self._sleep(self._latency(entry.name))
            answer = entry.handler(self._context, *arguments)
            if entry.is_async:
                answer = await answer
            self._finish(answer)
        except CommandError as error:
            self._fail(error)
        except Exception as error:
            self._panic(entry.name, error)
        self._running = False
        self._got_data = False
        self._accept_deferred()

    def begin(self, handler: Callable[[Any], Any]) -> None:
        """Run an async handler as if its command had just come in: what a module does right after its start, before
        `run` has its first turn."""
        self._running = True
        self._next = Entry(handler.__name__, Form.EXECUTE, handler, when=None, reports_codes=False), []

    def _finish(self, answer: Answer) -> None:
        if self._stopped:  # the forced restart has had the last word
            return
        result = Result.OK
        restart: Restart | None = None
        if answer is None:
            pass
        elif isinstance(answer, Result):
            result = answer
        else:
            for part in (answer,) if isinstance(answer, Line | Unterminated | Restart) else answer:
                if isinstance(part, Result):
                    result = part
                elif isinstance(part, Restart):
                    restart = part
                    self._stopped = True
                else:
                    self._output.write(part.wire, Kind.RESULT, filtered=part.filtered)
        self._output.write(result.value, Kind.RESULT)
        self._follow()
        if restart is not None:
            self._restart(restart)

    def afterwards(self, follow_up: Callable[[], None]) -> None:
        """Do something right behind the answer of the running command; for its handler."""
        self._follow_up = follow_up

    def _follow(self) -> None:
        if self._follow_up is not None:
            follow_up, self._follow_up = self._follow_up, None
            follow_up()

    def _fail(self, error: CommandError) -> None:
        if self._stopped:
            return
        if self.syslog:
            if error.code is not None:
                self._output.write(b"ERR CODE:0x%08x\r\n" % error.code, Kind.RESULT)
            if error.errno is not None:
                self._output.write(b"+ERRNO:0x%x\r\n" % error.errno, Kind.RESULT)
        if error.cause is not None and error.cause in self.conventions.causes:
            self._output.write(self.conventions.causes[error.cause] + b"\r\n", Kind.RESULT)
        self._output.write(Result.ERROR.value, Kind.RESULT)
        self._follow()

    def _panic(self, name: str, error: Exception) -> None:
        self._panicked(name, error)
        self._fail(CommandError())

    # Data entry

    async def data_entry(self, entry: DataEntry, prompt: Sequence[bytes] | None = None) -> bytes:
        """Print the prompt and take data from the port until it is complete; for the handler of the running command.
        `prompt`: the firmware's usual one when left out.

        Raises DataEntryCancelledError when `+++` ended it.
        """
        with self.taking(entry, prompt):
            while not entry.ended.is_set():
                if self._reader is trio.lowlevel.current_task():
                    await self._read()
                else:
                    await entry.ended.wait()
        if entry.cancelled:
            raise DataEntryCancelledError
        return entry.payload

    @contextmanager
    def taking(self, entry: DataEntry, prompt: Sequence[bytes] | None = None) -> Iterator[None]:
        """Print the prompt, and let the entry have what comes in over the port."""
        self._entry = entry
        if entry.cancellable:
            self._escape = EscapeDetector(self._last_input)
        for message in self.conventions.prompt if prompt is None else prompt:
            self._output.write(message, Kind.PROMPT if b">" in message else Kind.RESULT)
        try:
            yield
        finally:
            entry.release()
            self._escape = None
            self._got_data = True
            if not entry.surplus_is_input:  # else it goes on taking until the command is done
                self._entry = None

    @property
    def takes_data(self) -> bool:
        """Whether input is data of the running command."""
        return self._entry is not None

    @property
    def takes_more(self) -> bool:
        """Whether there is room for more data at once, which need not come as chunks of their own."""
        return self._entry is not None and self._entry.streams and not self._entry.full

    async def room(self) -> None:
        """Wait until there is room for more input; returns at once, without a checkpoint, when there is."""
        while self._entry is not None and self._entry.full:
            await self._entry.room()

    def refuse_surplus(self, entry: DataEntry) -> None:
        """Answer busy for what came in behind the data."""
        for chunk in entry.surplus:
            self.refuse(chunk)

    def confirm_data(self, entry: DataEntry) -> None:
        """Print the receipt of a complete data entry, and answer busy for what came in behind it."""
        receipt = self.conventions.receipt % len(entry.payload)
        if self.conventions.refuses_before_receipt:
            self.refuse_surplus(entry)
            self._output.write(receipt, Kind.RESULT)
        else:
            self._output.write(receipt, Kind.RESULT)
            self.refuse_surplus(entry)

    def _accept_deferred(self) -> None:
        """Take what came in behind the data of a "specific" entry as the next input."""
        entry, self._entry = self._entry, None
        if entry is not None:
            for chunk in entry.surplus:
                self.receive(chunk, self._last_input)

    def _record(self, kind: Kind, data: bytes) -> None:
        if self._recorder is not None:
            self._recorder("in", kind, data)
