"""The AT machine without tasks, clocks and ports: fed by hand, split everywhere."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Annotated, Any

import pytest

from espat.core.at import actions
from espat.core.at.actions import Action, Actions
from espat.core.at.anchors import ANCHORS
from espat.core.at.answers import ERROR, OK, Line, Prompt, Result, Unterminated, parts
from espat.core.at.arguments import Range
from espat.core.at.conventions import ESP_AT, Conventions
from espat.core.at.data_entry import CountedEntry, DataEntry
from espat.core.at.errors import CommandError, failed
from espat.core.at.escape import GUARD
from espat.core.at.grammar import Form
from espat.core.at.machine import BUSY, COMMAND, STOPPED, AtMachine, State, Want
from espat.core.at.output import Output
from espat.core.at.registry import CommandTable, Registry
from espat.core.ports.port import MemoryPort
from espat.core.restart import Restart
from espat.core.trace import Kind
from espat.dialects.esp8266_lines import ScanningLineDiscipline

table = CommandTable()


@table.command("AT", Form.EXECUTE)
def hello(context: None) -> None: ...


@table.command("AT+LINES", Form.QUERY)
def lines(context: None) -> list[Line | Unterminated]:
    return [Line(b"+LINES:1"), Line(b"+LINES:2", private=True), Unterminated(b"end", filtered=False)]


@table.command("AT+FAIL", Form.EXECUTE)
def fail(context: None) -> None:
    raise failed(2)


@table.command("AT+OWN", Form.EXECUTE)
def fail_in_own_words(context: None) -> None:
    raise CommandError(result=Result(b"\r\n+CME ERROR:58\r\n"))


@table.command("AT+RST", Form.EXECUTE)
def restart(context: None) -> Restart:
    return Restart()


@table.command("AT+CRASH", Form.EXECUTE, when=lambda context, parameters: bool(1 // 0))
def crash(context: None) -> None: ...


@table.command("AT+SEND", Form.SET)
async def send(context: None, count: Annotated[int, Range(1, 100)]) -> None: ...


class Bench:
    """A machine, and what becomes of its actions. Plain commands run at once, as an engine runs them."""

    def __init__(self, conventions: Conventions = ESP_AT, **options: bool) -> None:
        self.machine = AtMachine(None, Registry([table]), conventions, **options)
        self.done: list[Action] = []

    def feed(self, *chunks: bytes, at: float = 0.0) -> bytes:
        """Feed chunks; returns what is to be written."""
        return b"".join(self.do(self.machine.rx_chunk(chunk, at)) for chunk in chunks if chunk)

    def do(self, wanted: Actions) -> bytes:
        """Note actions, and run plain commands; returns what is to be written."""
        printed = b""
        for action in wanted:
            self.done.append(action)
            if isinstance(action, actions.Write):
                printed += action.message
            elif isinstance(action, actions.Again):
                printed += self.do(self.machine.rx_chunk(action.chunk, action.at))
            elif isinstance(action, actions.Run) and not action.entry.is_async:
                try:
                    answer = action.entry.handler(None, *action.arguments)
                except CommandError as error:
                    printed += self.do(self.machine.fail(error))
                    continue
                printed += b"".join(self.do(self.machine.part(part)) for part in parts(answer))
                printed += self.do(self.machine.finish())
        return printed

    def take(self, entry: DataEntry) -> bytes:
        """Have a command run that wants data; returns its prompt."""
        self.feed(b"AT+SEND=1\r\n")
        return self.do(self.machine.take(entry))


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    return [data[begin:end] for begin, end in pairwise((0, *places, len(data)))]


SESSIONS = [
    b"AT\r\n",
    b"at+lines?\r\n",
    b"AT+FAIL\r\n",
    b"AT+OWN\r\n",
    b"AT+NONE\r\n",
    b"AT+SEND=0\r\n",
    b"AT+RST\r\n",
    b"AT" + b"X" * 300 + b"\r\n",
]


@pytest.mark.parametrize("line", SESSIONS, ids=lambda line: line[:12].decode().strip())
@pytest.mark.parametrize("lines", [ESP_AT, Conventions(lines=ScanningLineDiscipline)], ids=["esp-at", "scanning"])
def test_a_line_says_the_same_wherever_it_is_split(line: bytes, lines: Conventions) -> None:
    whole = Bench(lines)
    expected = whole.feed(line)
    assert expected.startswith(line) or lines is not ESP_AT
    assert expected.endswith((OK.wire, ERROR.wire, b"\r\n+CME ERROR:58\r\n"))
    for place in range(1, len(line)):
        split = Bench(lines)
        assert split.feed(*cut(line, [place])) == expected
        assert split.machine.want == whole.machine.want


@pytest.mark.parametrize("places", [[], *([place] for place in range(1, 9)), [*range(1, 9)]])
def test_data_is_the_same_wherever_it_is_split(places: list[int]) -> None:
    bench = Bench()
    entry = CountedEntry(6)
    assert bench.take(entry) == b"\r\nOK\r\n\r\n>"
    assert bench.feed(*cut(b"AT\r\n+++", [place for place in places if place < 7])) == b""
    assert actions.EndData(entry) in bench.done
    bench.machine.release(entry)
    assert entry.payload == b"AT\r\n++"
    assert bench.do(bench.machine.receipt(entry)) == b"\r\nbusy p...\r\n\r\nRecv 6 bytes\r\n"
    assert bench.do(bench.machine.finish()) == b"\r\nOK\r\n"
    assert bench.feed(b"AT\r\n") == b"AT\r\n\r\nOK\r\n"


@pytest.mark.parametrize("pieces", [(b"+++",), (b"+", b"++"), (b"++", b"+"), (b"+", b"+", b"+")])
def test_silence_after_plus_signs_ends_the_data(pieces: tuple[bytes, ...]) -> None:
    bench = Bench()
    entry = CountedEntry(6)
    bench.take(entry)
    bench.feed(*pieces, at=1.0)
    assert bench.machine.want == Want(State.DATA, entry, 1.0 + GUARD)
    assert bench.do(bench.machine.silence()) == b""
    assert entry.cancelled
    assert bench.done[-1] == actions.EndData(entry)


def test_silence_after_fewer_gives_them_to_the_data() -> None:
    bench = Bench()
    entry = CountedEntry(6)
    bench.take(entry)
    bench.feed(b"++", at=1.0)
    bench.do(bench.machine.silence())
    assert bench.done[-1] == actions.Record(Kind.DATA, b"++")
    assert bench.machine.want == Want(State.DATA, entry)
    assert bench.machine.silence() == ()


def test_what_it_wants_is_as_the_table_says() -> None:
    bench = Bench()
    machine = bench.machine
    assert machine.want == COMMAND
    bench.feed(b"AT+SEND=1\r\n")
    assert machine.want == BUSY
    assert bench.feed(b"AT\r\n") == b"\r\nbusy p...\r\n"
    kept, dropped = CountedEntry(1, surplus_is_input=True), CountedEntry(1)
    machine.take(dropped)
    assert machine.want == Want(State.DATA, dropped)
    machine.release(dropped)
    assert machine.want == BUSY
    machine.take(kept)
    machine.release(kept)
    assert machine.want == Want(State.DATA, kept)
    assert bench.feed(b"AT+LI", b"NES?\r\n", b"AT\r\n") == b""
    assert bench.do(machine.finish()).startswith(b"\r\nOK\r\nAT+LINES?\r\n+LINES:1\r\n")
    assert machine.want == COMMAND
    assert bench.feed(b"AT+RST\r\n") == b"AT+RST\r\n\r\nOK\r\n"
    assert bench.done[-1] == Restart()
    assert machine.want == STOPPED
    assert bench.feed(b"AT\r\n") == b""


def test_a_forced_restart_has_the_last_word() -> None:
    bench = Bench()
    bench.feed(b"AT+SEND=1\r\n")
    assert bench.feed(b"at+rst\r\n") == b"\r\nWill force to restart!!!\r\n\r\nOK\r\n"
    assert bench.do(bench.machine.part(Line(b"+SEND:1"))) == b""
    assert bench.do(bench.machine.finish()) == b""
    assert bench.do(bench.machine.fail(failed())) == b""
    assert bench.done.count(Restart()) == 1


def test_what_began_while_a_command_ran_is_refused_though_it_has_ended() -> None:
    machine = Bench().machine
    assert machine.rx_chunk(b"AT\r\n", 0.0, while_busy=True)[-1] == actions.Write(ESP_AT.busy, Kind.RESULT)
    assert machine.want == COMMAND


def test_messages_say_what_they_are() -> None:
    bench = Bench()
    bench.feed(b"AT+LINES?\r\n")
    assert [action for action in bench.done if isinstance(action, actions.Write)] == [
        actions.Write(b"AT+LINES?\r\n", Kind.ECHO),
        actions.Write(b"+LINES:1\r\n", Kind.RESULT),
        actions.Write(b"+LINES:2\r\n", Kind.RESULT, private=True),
        actions.Write(b"end", Kind.RESULT, filtered=False),
        actions.Write(b"\r\nOK\r\n", Kind.RESULT),
    ]
    bench.done.clear()
    bench.do(bench.machine.take(CountedEntry(1), (Line(b"1,0"), OK, Prompt(b"> "))))
    assert bench.done == [
        actions.Write(b"1,0\r\n", Kind.RESULT),
        actions.Write(b"\r\nOK\r\n", Kind.RESULT),
        actions.Write(b"> ", Kind.PROMPT),
    ]


def test_input_is_recorded_only_where_somebody_wants_to_know() -> None:
    for recorded in (True, False):
        bench = Bench(recorded=recorded)
        entry = CountedEntry(1)
        assert bench.take(entry) == b"\r\nOK\r\n\r\n>"
        bench.feed(b"ab")
        bench.machine.release(entry)
        assert bench.do(bench.machine.receipt(entry)) == b"\r\nbusy p...\r\n\r\nRecv 1 bytes\r\n"
        assert any(isinstance(action, actions.Record) for action in bench.done) == recorded


def test_what_fails_in_the_simulator_is_told_and_is_an_error() -> None:
    bench = Bench()
    assert bench.feed(b"AT+CRASH\r\n") == b"AT+CRASH\r\n\r\nERROR\r\n"
    (panic,) = (action for action in bench.done if isinstance(action, actions.Panic))
    assert (panic.name, type(panic.error)) == ("AT+CRASH", ZeroDivisionError)
    assert bench.machine.want == COMMAND


def test_what_a_handler_leaves_for_later_stands_behind_the_result() -> None:
    bench = Bench()
    function: Callable[[], None] = partial(print)
    bench.feed(b"AT+SEND=1\r\n")
    bench.machine.afterwards(function)
    bench.do(bench.machine.finish())
    assert bench.done[-2:] == [actions.Write(b"\r\nOK\r\n", Kind.RESULT), actions.Call(function)]


class Passing:
    """Takes the place of the anchors of a machine and an output, and notes which are gone through."""

    def __init__(self, machine: AtMachine, output: Output) -> None:
        self.names: list[str] = []
        for name, method in ANCHORS.items():
            owner = output if method.__qualname__.startswith("Output.") else machine
            setattr(owner, method.__name__, partial(self._pass, name, getattr(owner, method.__name__)))

    def _pass(self, name: str, method: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        self.names.append(name)
        return method(*arguments, **options)


def test_every_byte_passes_the_anchors_in_their_order() -> None:
    bench = Bench()
    output = Output(MemoryPort())
    passing = Passing(bench.machine, output)
    entry = CountedEntry(2)
    bench.take(entry)
    bench.feed(b"ab")
    bench.machine.release(entry)
    bench.do(bench.machine.receipt(entry))
    bench.do(bench.machine.finish())
    output.report(b"+IPD,2:ab")
    without_chunks = [name for at, name in enumerate(passing.names) if not at or name != "rx-chunk"]
    assert without_chunks == list(ANCHORS)


def test_an_anchor_can_be_another_one_for_one_machine() -> None:
    bench, other = Bench(), Bench()
    bench.machine.echo = lambda text: ()  # type: ignore[method-assign]
    assert bench.feed(b"AT\r\n") == b"\r\nOK\r\n"
    assert other.feed(b"AT\r\n") == b"AT\r\n\r\nOK\r\n"


def test_it_needs_no_task_clock_or_socket() -> None:
    loaded = "import sys, espat.core.at.machine; print(sorted({'trio', 'socket', 'select'} & {*sys.modules}))"
    assert subprocess.check_output([sys.executable, "-c", loaded], text=True) == "[]\n"
