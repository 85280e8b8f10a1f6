"""The AT machine: what a module makes of its input, one command at a time. Sans-IO: events in, actions out.

It knows no task, no clock, no port: an engine (`engine.py`) feeds it and does what it gives back, in order. What it
wants next is one value, `want`:

    state    | a chunk comes in            | the command wants data | it has its data       | it ends
    ---------+-----------------------------+------------------------+-----------------------+------------------
    COMMAND  | echo; a line is dispatched, | -                      | -                     | -
             | and its command runs: BUSY  |                        |                       |
    BUSY     | refused; AT+RST: STOPPED    | DATA                   | -                     | COMMAND, STOPPED
    DATA     | data of the command         | -                      | BUSY; DATA where what | COMMAND, STOPPED
             |                             |                        | comes next is input   |
    STOPPED  | lost                        | -                      | -                     | -

A command ends in STOPPED when it restarts the module. In DATA there may be a `deadline`: when nothing has come in until
then, `silence` says whether `+++` stands alone.

What happens at the anchors on a byte's way are methods of their own (`anchors.py` has the table of them).

Source: ESP-AT User Guide, chapters 3 and 8, and sessions of real modules for what busy swallows.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, Final, NamedTuple

from espat.core.at.actions import (
    NO_ACTIONS,
    Action,
    Actions,
    Again,
    Call,
    Complain,
    EndData,
    Panic,
    Record,
    Run,
    Unknown,
    Write,
)
from espat.core.at.answers import OK, Part, Prompt, PromptMessage, Result
from espat.core.at.conventions import ESP_AT, Conventions
from espat.core.at.data_entry import DataEntry
from espat.core.at.errors import BUSY as BUSY_CODE
from espat.core.at.errors import UNKNOWN_COMMAND, CommandError
from espat.core.at.escape import EscapeDetector
from espat.core.at.grammar import UnknownCommandError
from espat.core.at.registry import Registry
from espat.core.restart import Restart
from espat.core.trace import Kind

RESTART_LINE: Final = b"AT+RST\r\n"
"""The one input that a running command does not refuse, in firmwares that have a text for it."""


class State(Enum):
    """What input is."""

    COMMAND = "a command, or the beginning of one"
    BUSY = "refused, because a command runs"
    DATA = "data of the running command"
    STOPPED = "lost, because the module restarts"


class Want(NamedTuple):
    """What the machine wants next.

    `entry`: what takes the data. `deadline`: `silence` is due then unless input comes before, in seconds on the port's
    gap clock.
    """

    state: State
    entry: DataEntry | None = None
    deadline: float | None = None


COMMAND: Final = Want(State.COMMAND)
BUSY: Final = Want(State.BUSY)
STOPPED: Final = Want(State.STOPPED)

TYPED, ECHO, RESULT, DATA = Kind.COMMAND, Kind.ECHO, Kind.RESULT, Kind.DATA
"""By names that Python looks up at once; those of an enumeration take it as long as the rest of a message."""


class AtMachine:
    """The machine of one boot.

    `echoes`: whether input is echoed (ATE). `shows_codes`: whether errors come with their codes (AT+SYSLOG).
    """

    def __init__(
        self, context: Any, registry: Registry, conventions: Conventions = ESP_AT, *, recorded: bool = True
    ) -> None:
        """`context`: the module, which commands are chosen and checked by. `recorded`: whether anybody wants to know
        what comes in; there is no `Record` else."""
        self.want = COMMAND
        self.echoes = True
        self.shows_codes = False
        self._context = context
        self._registry = registry
        self._conventions = conventions
        self._recorded = recorded
        self._lines = conventions.line_reader()
        self._has_data = False  # the running command has had its data
        self._result = OK  # of the running command
        self._restart: Restart | None = None
        self._afterwards: Callable[[], None] | None = None
        self._escape: EscapeDetector | None = None
        self._last_input = float("-inf")

    # Input

    def rx_chunk(self, chunk: bytes, at: float, *, while_busy: bool = False) -> Actions:
        """A chunk, never empty, has come in, at `at` in seconds on the port's gap clock. `while_busy`: it began to come
        in while a command ran, though that may have ended."""
        want = self.want
        if want is STOPPED:
            return NO_ACTIONS
        if while_busy or want is BUSY:
            return self._refuse(chunk)
        self._last_input = at
        return self._accept(chunk) if want is COMMAND else self.payload(chunk, at)

    def silence(self) -> Actions:
        """Nothing has come in until the deadline."""
        entry, escape = self.want.entry, self._escape
        if entry is None or escape is None:
            return NO_ACTIONS
        data, escaped = escape.expire()
        self.want = Want(State.DATA, entry)
        if escaped:
            entry.cancel()
            return [EndData(entry)]
        return self._take(entry, data)

    def refuses(self, chunk: bytes) -> bool:
        """Whether a chunk cannot begin a command, or go on with one."""
        return self.want.entry is None and self._lines.refuses(chunk)

    def _refuse(self, chunk: bytes) -> Actions:
        """Answer input that came while a command ran."""
        if self.want is STOPPED:
            return NO_ACTIONS
        conventions = self._conventions
        actions: list[Action] = [Record(TYPED, chunk)] if self._recorded else []
        if conventions.forced_restart is not None and RESTART_LINE in chunk.upper():
            actions.append(Write(conventions.forced_restart, Kind.REPORT))
            self._result, self._restart = OK, Restart()
            return [*actions, *self.finish()]
        for _ in range(chunk.count(b"\n") if conventions.busy_each_line else 1):
            if self.shows_codes:
                actions.append(_code(BUSY_CODE))
            text = conventions.busy_behind_data if self._has_data else conventions.busy
            actions.append(Write(text, RESULT))
        return actions

    def _accept(self, chunk: bytes) -> Actions:
        actions: list[Action] = []
        while chunk:
            taken = self._lines.feed(chunk)
            refused = taken.error is not None
            if self._recorded and (refused or taken.line is not None):
                actions.append(Record(TYPED, taken.echo if taken.line is None else taken.line))
            if self.echoes:
                actions += self.echo(taken.echo)
            if taken.surplus:
                actions += self._refuse(taken.surplus)
            if refused:
                if taken.echo.startswith(b"\0"):
                    actions.append(Complain(*self._conventions.empty_echo))
                actions += self.fail(CommandError(taken.error))
            elif taken.line is not None and self.want is COMMAND:
                actions += self.dispatch(taken.line)
            chunk = taken.following
        return actions

    def echo(self, text: bytes) -> Actions:
        """Echo what was typed."""
        return [Write(text, ECHO)]

    # Commands

    def dispatch(self, line: bytes) -> Actions:
        """Find the command of a complete line, and check its parameters."""
        try:
            command = self._conventions.parse_line(line)
        except UnknownCommandError:
            return self.fail(CommandError(UNKNOWN_COMMAND))
        try:
            entry = self._registry.find(self._context, command)
            arguments = entry.signature.bind(self._context, command.parameters)
        except CommandError as error:
            unknown = [Unknown(command.name, command.form)] if error.code == UNKNOWN_COMMAND else []
            return [*unknown, *self.fail(error)]
        except Exception as error:
            return self.panic(command.name, error)
        self.want = BUSY
        return [Run(entry, arguments)]

    def begin(self) -> None:
        """A command runs that nobody has typed."""
        self.want = BUSY

    def part(self, part: Part) -> Actions:
        """The running command has said a part of its answer."""
        if isinstance(part, Result):
            self._result = part
        elif isinstance(part, Restart):
            self._restart = part
        elif self.want is not STOPPED:  # else the forced restart has had the last word
            return (Write(part.wire, RESULT, part.filtered, part.private),)
        return NO_ACTIONS

    def finish(self, error: CommandError | None = None) -> Actions:
        """The running command has said all of its answer, or is in error."""
        if self.want is STOPPED:
            return NO_ACTIONS
        actions = [
            *self.before_result(error),
            *(self.send_result(self._result) if self._has_data else self.result(self._result)),
            *self.after_result(),
        ]
        entry, restart = self.want.entry, self._restart
        self._result, self._restart, self._has_data = OK, None, False
        if restart is not None:
            self.want = STOPPED
            actions.append(restart)
            return actions
        self.want = COMMAND
        if entry is not None:
            actions += [Again(chunk, self._last_input) for chunk in entry.surplus]
        return actions

    def fail(self, error: CommandError) -> Actions:
        """The running command, or what should have been one, is in error."""
        self._result, self._restart = error.result, None
        return self.finish(error)

    def panic(self, name: str, error: Exception) -> Actions:
        """A command has failed in the simulator itself: the module is in error."""
        return [Panic(name, error), *self.fail(CommandError())]

    def before_result(self, error: CommandError | None) -> Actions:
        """What stands before the result of a command: the codes and the cause of its error."""
        if error is None:
            return NO_ACTIONS
        actions: list[Action] = []
        if self.shows_codes:
            if error.code is not None:
                actions.append(_code(error.code))
            if error.errno is not None:
                actions.append(Write(b"+ERRNO:0x%x\r\n" % error.errno, RESULT))
        if error.cause is not None and error.cause in self._conventions.causes:
            actions.append(Write(self._conventions.causes[error.cause] + b"\r\n", RESULT))
        return actions

    def result(self, result: Result) -> Actions:
        """The result of a command."""
        return _said(result)

    def send_result(self, result: Result) -> Actions:
        """The result of a command that has had data."""
        return self.result(result)

    def after_result(self) -> Actions:
        """What stands behind the result of a command: what its handler has left for this moment."""
        if self._afterwards is None:
            return NO_ACTIONS
        function, self._afterwards = self._afterwards, None
        return [Call(function)]

    def afterwards(self, function: Callable[[], None]) -> None:
        """Have something called right behind the result of the running command."""
        self._afterwards = function

    # Data of a command

    def take(self, entry: DataEntry, prompt: Sequence[PromptMessage] | None = None) -> Actions:
        """The running command wants data. `prompt`: what it prints then; the firmware's usual one when left out."""
        if self.want is not STOPPED:
            self.want = Want(State.DATA, entry)
        if entry.cancellable:
            self._escape = EscapeDetector(self._last_input)
        return self.prompt(self._conventions.prompt if prompt is None else prompt)

    def prompt(self, messages: Sequence[PromptMessage]) -> Actions:
        """Ask for data."""
        return _asked(tuple(messages))

    def payload(self, chunk: bytes, at: float) -> Actions:
        """Data has come in."""
        entry, escape = self.want.entry, self._escape
        assert entry is not None
        if escape is not None:
            chunk = escape.feed(chunk, at)
            if escape.deadline != self.want.deadline:
                self.want = Want(State.DATA, entry, escape.deadline)
        return self._take(entry, chunk)

    def _take(self, entry: DataEntry, data: bytes) -> Actions:
        if not data:
            return NO_ACTIONS
        entry.take(data)
        actions: list[Action] = [Record(DATA, data)] if self._recorded else []
        if entry.ended:
            actions.append(EndData(entry))
        return actions

    def release(self, entry: DataEntry) -> None:
        """The running command has its data, or wants no more."""
        entry.release()
        self._escape = None
        self._has_data = True
        if self.want.entry is entry:  # it goes on taking until the command is done where what is too much is input
            self.want = Want(State.DATA, entry) if entry.surplus_is_input else BUSY

    def receipt(self, entry: DataEntry) -> Actions:
        """Answer what came in behind the data, then print that all of that has come in: so on modules of every
        firmware."""
        refused = self.refuse_surplus(entry) if entry.surplus else NO_ACTIONS
        if self.want is STOPPED:
            return refused
        return (*refused, Write(self._conventions.receipt % len(entry.payload), RESULT))

    def refuse_surplus(self, entry: DataEntry) -> Actions:
        """Answer what came in behind the data."""
        return [action for chunk in entry.surplus for action in self._refuse(chunk)]


@lru_cache(maxsize=64)
def _said(result: Result) -> Actions:
    return (Write(result.wire, RESULT),) if result.wire else NO_ACTIONS


@lru_cache(maxsize=64)
def _asked(messages: tuple[PromptMessage, ...]) -> Actions:
    return tuple(Write(each.wire, Kind.PROMPT if isinstance(each, Prompt) else RESULT) for each in messages)


def _code(code: int) -> Write:
    return Write(b"ERR CODE:0x%08x\r\n" % code, RESULT)
