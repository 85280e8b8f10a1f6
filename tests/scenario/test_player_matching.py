"""What counts as the expected output: every case is fed in one piece, at every split, and byte by byte."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import pytest

from espat.scenario.stage.matching import Printed, Quiet
from espat.scenario.stage.mismatch import MismatchError
from espat.scenario.text.variables import UnknownVariableError, Variables

WORDS = {"IP": "192.168.3.112", "MASK": "255.255.255.0"}


def splits(data: bytes) -> Iterator[list[bytes]]:
    """A text in one piece, in two pieces cut everywhere, and byte by byte."""
    yield [data]
    for at in range(1, len(data)):
        yield [data[:at], data[at:]]
    if data:
        yield [data[at : at + 1] for at in range(len(data))]


def feed(output: Printed, pieces: Iterable[bytes], attempt: Callable[[], bool]) -> bool:
    """Feed the pieces, and make the attempt after each until it succeeds; returns whether it did."""
    satisfied = False
    for piece in pieces:
        output.feed(piece)
        satisfied = satisfied or attempt()
    return satisfied


def printed(*, tolerated: Sequence[str] = (), sent: Sequence[str] = ()) -> Printed:
    """The output of a module that has been sent some commands."""
    output = Printed(Variables(WORDS), tolerated)
    for command in sent:
        output.command_sent(command)
    return output


class Case(NamedTuple):
    """Output that is accepted. `left`: what remains for the next expectation."""

    output: bytes
    alternatives: list[list[str]]
    left: bytes = b""
    lenient: bool = False
    tolerated: tuple[str, ...] = ()
    sent: tuple[str, ...] = ()
    quiet: Quiet = Quiet.NO


ACCEPTED = {
    "a result": Case(b"\r\nOK\r\n", [["", "OK"]]),
    "what follows is left": Case(b"\r\nOK\r\nWIFI CONNECTED\r\n", [["", "OK"]], b"WIFI CONNECTED\r\n"),
    "a bare LF ends a line too": Case(b"one\ntwo\r\n", [["one", "two"]]),
    "blanks at the end count": Case(b"one  \r\n", [["one  "]]),
    "the prompt needs no line end": Case(b"\r\nOK\r\n\r\n>", [["", "OK", "", ">"]]),
    "the prompt is one byte": Case(b"\r\n>busy p...\r\n", [["", ">"]], b"busy p...\r\n"),
    "a prompt inside is a line": Case(b">\r\nOK\r\n", [[">", "OK"]]),
    "the echo is dropped": Case(b"AT\r\n\r\nOK\r\n", [["", "OK"]], sent=("AT",)),
    "the echo is dropped behind a report": Case(
        b"\r\nready\r\nAT\r\n\r\nOK\r\n", [["", "ready", "", "OK"]], sent=("AT",)
    ),
    "only what was echoed is an echo": Case(b"AT+B\r\n\r\nOK\r\n", [["", "OK"]], sent=("AT+A", "AT+B")),
    "no echo is needed": Case(b"\r\nOK\r\n", [["", "OK"]], sent=("AT",)),
    "what is tolerated is skipped": Case(b"0,CONNECT\r\n\r\nOK\r\n", [["", "OK"]], tolerated=("0,CONNECT",)),
    "what is expected takes precedence": Case(
        b"0,CONNECT\r\n\r\nOK\r\n", [["0,CONNECT", "", "OK"]], tolerated=("0,CONNECT",)
    ),
    "a tolerated pattern": Case(
        b'+STA_CONNECTED:"02:00:00:00:00:01"\r\n\r\nOK\r\n',
        [["", "OK"]],
        tolerated=(r're:\+STA_CONNECTED:"[0-9a-f:]{17}"',),
    ),
    "a pattern": Case(b"+CIPSNTPTIME:Wed\r\n\r\nOK\r\n", [[r"re:\+CIPSNTPTIME:\w+", "", "OK"]]),
    "empty lines that do not count": Case(b"\r\n+IPD,4:test\r\n", [["+IPD,4:test"]], lenient=True),
    "empty lines that are expected do not count either": Case(b"OK\r\n", [["", "", "OK"]], lenient=True),
    "an open end": Case(b"\r\n+IPD,4:test", [["+IPD,4:test"]], lenient=True, quiet=Quiet.RESTING),
    "nothing at all": Case(b"OK\r\n", [[]], b"OK\r\n"),
    "the first of two": Case(b"CONNECT\r\n", [["CONNECT"], ["0,CONNECT"]]),
    "the second of two": Case(b"0,CONNECT\r\n", [["CONNECT"], ["0,CONNECT"]]),
    "the longer of two": Case(b"one\r\ntwo\r\n", [["one"], ["one", "two"]], b"two\r\n", quiet=Quiet.RESTING),
    "something rather than nothing": Case(b"\r\nOK\r\n", [["", "OK"], []]),
    "nothing rather than something": Case(b"", [["", "OK"], []], quiet=Quiet.SILENT),
    "something else than what may come": Case(b"other\r\n", [["", "OK"], []], b"other\r\n"),
    "not ASCII": Case("SSID Grünwald\r\n".encode(), [["SSID Grünwald"]]),
    "not UTF-8": Case(b"\xff\xfe\r\nOK\r\n", [["re:..", "OK"]]),
}


@pytest.mark.parametrize("case", ACCEPTED.values(), ids=ACCEPTED)
def test_it_is_accepted_at_every_split(case: Case) -> None:
    for pieces in splits(case.output):
        output = printed(tolerated=case.tolerated, sent=case.sent)
        satisfied = False
        for number, piece in enumerate(pieces, 1):
            output.feed(piece)
            quiet = case.quiet if number == len(pieces) else Quiet.NO
            satisfied = satisfied or output.lines(case.alternatives, lenient=case.lenient, quiet=quiet)
        assert satisfied, pieces
        assert output.unread == case.left, pieces


class Refusal(NamedTuple):
    """Output that is refused, and what the error says."""

    output: bytes
    alternatives: list[list[str]]
    error: str
    lenient: bool = False


REFUSED = {
    "another line": Refusal(
        b"\r\nERROR\r\n", [["", "OK"]], r"expected 'OK', got 'ERROR' at the end of b'\r\nERROR\r\n'"
    ),
    "a missing empty line": Refusal(b"OK\r\n", [["", "OK"]], r"expected '', got 'OK' at the end of b'OK\r\n'"),
    "an empty line too many": Refusal(b"\r\nOK\r\n", [["OK"]], r"expected 'OK', got '' at the end of b'\r\n'"),
    "a CR too many": Refusal(b"OK\r\r\n", [["OK"]], r"expected 'OK', got 'OK\r' at the end of b'OK\r\r\n'"),
    "a blank too many": Refusal(b"OK \r\n", [["OK"]], r"expected 'OK', got 'OK ' at the end of b'OK \r\n'"),
    "a beginning": Refusal(b"OKAY\r\n", [["OK"]], r"expected 'OK', got 'OKAY' at the end of b'OKAY\r\n'"),
    "neither of two": Refusal(
        b"SEND FAIL\r\n", [["SEND OK"], ["OK"]], r"expected 'SEND OK', got 'SEND FAIL' at the end of b'SEND FAIL\r\n'"
    ),
    "another line among empty ones": Refusal(
        b"\r\n\r\nNO\r\n", [["OK"]], r"expected 'OK', got 'NO' at the end of b'\r\n\r\nNO\r\n'", lenient=True
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_it_is_refused_at_every_split(case: Refusal) -> None:
    for pieces in splits(case.output):
        output = printed()
        attempt = partial(output.lines, case.alternatives, lenient=case.lenient)
        with pytest.raises(MismatchError) as raised:
            feed(output, pieces, attempt)
        assert str(raised.value) == case.error


def test_half_a_line_is_not_taken_for_a_whole_one_before_the_module_rests() -> None:
    output = printed()
    output.feed(b"+CIPSNTPTIME:W")
    assert not output.lines([[r"re:\+CIPSNTPTIME:\w+"]])
    output.feed(b"ed\r\n")
    assert output.lines([[r"re:\+CIPSNTPTIME:\w+"]])


@pytest.mark.parametrize(
    ("rest", "left"),
    [
        (b"\r\n\r\nOK\r\n", b""),
        (b"\r\nOK\r\n", b""),
        (b"AT\r\n\r\nOK\r\n", b""),
        (b"\r\nAT\r\n\r\nOK\r\n", b""),
    ],
    ids=["line end and result", "result", "echo", "line end and echo"],
)
def test_a_line_end_that_comes_late_belongs_to_the_open_line(rest: bytes, left: bytes) -> None:
    for pieces in splits(rest):
        output = printed()
        output.feed(b"\r\n+IPD,4:test")
        assert output.lines([["", "+IPD,4:test"]], quiet=Quiet.RESTING)
        output.command_sent("AT")
        assert feed(output, pieces, partial(output.lines, [["", "OK"]])), pieces
        assert output.unread == left, pieces


def test_empty_lines_behind_a_lenient_match_do_not_count() -> None:
    for pieces in splits(b"\r\n\r\n\r\nOK\r\n"):
        output = printed()
        output.feed(b"+CIPRECVLEN:4\r\n")
        assert output.lines([["+CIPRECVLEN:4"]], lenient=True)
        assert feed(output, pieces, partial(output.lines, [["", "OK"]])), pieces


def test_a_variable_is_captured_and_then_wanted() -> None:
    output = printed()
    output.feed(b'+CIPSTA:ip:"10.0.0.7"\r\n10.0.0.7,10.0.0.7\r\n10.0.0.8\r\n')
    assert output.lines([['+CIPSTA:ip:"{{IP}}"', "{{IP}},{{IP}}"]])
    with pytest.raises(MismatchError):
        output.lines([["{{IP}}"]])


def test_a_variable_that_was_used_is_wanted_as_it_is() -> None:
    variables = Variables(WORDS)
    assert variables.use('AT+CIPSTA="{{IP}}"') == 'AT+CIPSTA="192.168.3.112"'
    assert variables.match('+CIPSTA:ip:"{{IP}}"', '+CIPSTA:ip:"10.0.0.7"', {}) is None
    assert variables.match('+CIPSTA:ip:"{{IP}}"', '+CIPSTA:ip:"192.168.3.112"', {}) == {}
    assert variables.match("{{IP}}", "192.168.3x112", {}) is None


def test_a_variable_twice_in_one_line_is_the_same() -> None:
    variables = Variables(WORDS)
    assert variables.match("{{IP}} {{IP}}", "one two", {}) is None
    assert variables.match("{{IP}} {{IP}}", "one one", {}) == {"IP": "one"}


def test_a_match_that_fails_captures_nothing() -> None:
    output = printed()
    output.feed(b"10.0.0.7\r\nERROR\r\n")
    with pytest.raises(MismatchError):
        output.lines([["{{IP}}", "OK"]])
    output.unread = b"10.0.0.8\r\n"
    assert output.lines([["{{IP}}"]])


def test_an_unknown_variable_is_an_error() -> None:
    with pytest.raises(UnknownVariableError):
        Variables(WORDS).use("{{NOBODY}}")
    output = printed()
    output.feed(b"OK\r\n")
    with pytest.raises(UnknownVariableError):
        output.lines([["{{NOBODY}}"]])


def test_a_set_takes_any_order_repeats_and_ignored_lines() -> None:
    scan = b'+BLESCAN:"b",-2\r\n+BLESCAN:"x",-9\r\n+BLESCAN:"b",-3\r\n\r\n+BLESCAN:"a",-1\r\n'
    wanted = [r're:\+BLESCAN:"a",-\d', r're:\+BLESCAN:"b",-\d']
    for pieces in splits(scan):
        output = printed()
        assert feed(output, pieces, partial(output.line_set, wanted, [r"re:\+BLESCAN:.*"])), pieces
    output.feed(b'+BLESCAN:"b",-2\r\n\r\nOK\r\n')  # the scan goes on while the next thing is expected
    assert output.lines([["", "OK"]])
    output.command_sent("AT")
    output.feed(b'+BLESCAN:"b",-2\r\n\r\nOK\r\n')
    with pytest.raises(MismatchError):
        output.lines([["", "OK"]])


def test_a_set_refuses_what_is_not_in_it() -> None:
    output = printed()
    output.feed(b"OK\r\nERROR\r\n")
    with pytest.raises(MismatchError, match=r"expected any of \['\+CIPUPDATE:1'\], got 'ERROR'"):
        output.line_set(["OK", "+CIPUPDATE:1"])


def test_raw_bytes() -> None:
    for pieces in splits(b"te\r\nst"):
        output = printed()
        assert not feed(output, pieces[:-1], partial(output.raw, b"te\r\nst"))
        assert feed(output, pieces[-1:], partial(output.raw, b"te\r\nst"))
        output.feed(b"+QUITT\r\n")
        assert output.unread == b"+QUITT\r\n"
    with pytest.raises(MismatchError, match=r"expected b'test', got b'\+QUITT\\r\\n'"):
        output.raw(b"test")


def test_everything_through_a_line_can_be_discarded() -> None:
    for pieces in splits(b"boot: \xffnoise\r\n\r\nready\r\n"):
        output = printed()
        assert not feed(output, pieces[:-1], partial(output.through, "ready"))
        assert feed(output, pieces[-1:], partial(output.through, "ready"))
        assert output.unread == b""


def test_silence_is_nothing_but_what_is_tolerated() -> None:
    output = printed(tolerated=["+QUITT"])
    output.nothing()
    output.feed(b"+QUITT\r\n")
    output.nothing()
    assert output.unread == b""
    output.feed(b"WIFI")
    with pytest.raises(MismatchError, match="expected silence, got b'WIFI'"):
        output.nothing()
