"""Any bytes at any splits: the machine answers and goes on."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from espat.core.at.line_discipline import LineDiscipline
from tests.core.at.machine import Machine, machine
from tests.texts import BUSY

pytestmark = pytest.mark.slow

SILENCE = 0.02

FRAGMENTS = (
    *(b"AT", b"at+", b"\r\n", b"\r", b"\n", b"+", b"+++", b"++", b"=", b"?", b",", b'"', b"\\", b"\\0", b"0x", b" "),
    *(b"AT\r\n", b"AT+LINE?\r\n", b'AT+SET=1,"a"\r\n', b"AT+SET=9999999999\r\n", b"AT+FAIL\r\n"),
    *(b"ATE0\r\n", b"ATE1\r\n", b"X" * 250, b"AT+" + b"X" * 300),
)
TAKING = (
    *(b"AT+WAIT\r\n", b"AT+SEND=3\r\n", b"AT+SEND=100\r\n", b"AT+SENDX=9\r\n"),
    *(b"AT+STORE=2\r\n", b"AT+STORE\r\n", b"AT+BIG=5\r\n"),
)

quick = st.lists(st.sampled_from(FRAGMENTS) | st.binary(min_size=1, max_size=6), min_size=1, max_size=4).map(b"".join)
anything = st.lists(
    st.sampled_from(FRAGMENTS + TAKING) | st.binary(min_size=1, max_size=6), min_size=1, max_size=4
).map(b"".join)


@st.composite
def lines_and_splits(draw: st.DrawFn) -> tuple[list[bytes], list[list[bytes]]]:
    """Command lines, and the same lines each cut into chunks."""
    body = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=6), max_size=4).map(b"".join)
    lines, cut = [], []
    for _ in range(draw(st.integers(1, 4))):
        line = draw(st.sampled_from((b"AT", b"at", b"AT+SET=", b"AT+LINE?", b"AT+FAIL"))) + draw(body)
        line = b"".join(line.split(b"\r\n")).rstrip(b"\r\n") + b"\r\n"
        if line.count(b"\r\n") > 1 or line.upper().startswith((b"ATE0", b"ATE1")):
            line = b"AT\r\n"
        places = sorted(draw(st.sets(st.integers(1, len(line) - 1), max_size=5)))
        lines.append(line)
        cut.append([line[begin:end] for begin, end in zip([0, *places], [*places, len(line)], strict=True)])
    return lines, cut


@settings(max_examples=300, deadline=None)
@given(st.lists(anything, max_size=8))
@example([b"AT" + b"X" * 254 + b"\r", b"\n"])  # the CR at the limit once counted as part of the line
def test_the_line_discipline_accounts_for_every_byte(chunks: list[bytes]) -> None:
    discipline = LineDiscipline()
    for chunk in chunks:
        taken = discipline.feed(chunk)
        assert taken.echo + taken.surplus == chunk
        assert taken.line is None or taken.error is None
        assert not taken.surplus or taken.line is not None or taken.error is not None
        assert taken.line is None or (len(taken.line) <= 256 and b"\r\n" not in taken.line)
    discipline.feed(b"\r\n")
    assert discipline.feed(b"AT\r\n").line == b"AT"


@settings(max_examples=300, deadline=None)
@given(lines_and_splits())
def test_the_line_discipline_does_not_mind_splits(case: tuple[list[bytes], list[list[bytes]]]) -> None:
    whole, split = LineDiscipline(), LineDiscipline()
    for line, chunks in zip(*case, strict=True):
        expected = whole.feed(line)
        taken = [split.feed(chunk) for chunk in chunks]
        assert (taken[-1].line, taken[-1].error) == (expected.line, expected.error)
        assert all(part.line is None and part.error is None for part in taken[:-1])
        assert b"".join(part.echo for part in taken) == expected.echo


@settings(max_examples=150, deadline=None)
@given(lines_and_splits())
async def test_the_engine_prints_the_same_bytes_whatever_the_split(case: tuple[list[bytes], list[list[bytes]]]) -> None:
    async with machine(echo=True) as whole, machine(echo=True) as split:
        whole.engine.syslog = split.engine.syslog = True
        for line, chunks in zip(*case, strict=True):
            printed = await whole.send(line)
            assert printed.startswith(line)
            assert printed.endswith((b"\r\nOK\r\n", b"\r\nERROR\r\n"))
            assert await split.send(*chunks) == printed


@settings(max_examples=150, deadline=None)
@given(st.lists(quick, max_size=6))
async def test_the_engine_echoes_or_refuses_every_byte(chunks: list[bytes]) -> None:
    async with machine() as it:
        for chunk in chunks:
            it.engine.echo = True
            it.recorded.clear()
            printed = await it.send(chunk)
            echo = b"".join(data for _, kind, data in it.recorded if kind.value == "echo")
            assert printed.startswith(echo)
            assert chunk.startswith(echo)
            assert printed[len(echo) :].startswith(BUSY) == (chunk != echo)
            assert printed.count(BUSY) == (chunk != echo)
        assert (await it.send(b"\r\n")).endswith((b"\r\nOK\r\n", b"\r\nERROR\r\n"))
        it.engine.echo = True
        assert await it.send(b"AT\r\n") == b"AT\r\n\r\nOK\r\n"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(anything, st.sampled_from((0.0, SILENCE))), max_size=8))
async def test_the_engine_can_always_be_talked_to_again(pieces: list[tuple[bytes, float]]) -> None:
    async with machine() as it:
        for chunk, silence in pieces:
            await it.send(chunk)
            await it.advance(silence)
        if not it.restarts:
            await recover(it)
            it.engine.echo = False
            assert await it.send(b"AT\r\n") == b"\r\nOK\r\n"
            assert await it.send(b"AT+SEND=2\r\n", b"ab") == b"\r\nOK\r\n\r\n>\r\nRecv 2 bytes\r\n\r\nSEND OK\r\n"


async def recover(it: Machine) -> None:
    """Do what firmware does that has lost track: let commands end, leave data entry, end the line."""
    it.release.set()
    for _ in range(2):  # the second for what the first has started
        for chunk in (b"+++", b"\r\n"):
            await it.advance(SILENCE)
            await it.send(chunk)
            await it.advance(SILENCE)
