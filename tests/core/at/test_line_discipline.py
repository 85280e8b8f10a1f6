"""Chunks in, lines out: every line, split everywhere."""

import pytest

from espat.core.at.errors import LINE_TOO_LONG, NO_AT
from espat.core.at.line_discipline import LINE_LIMIT, Input, LineDiscipline
from tests.memory import measured


def splits(text: bytes) -> list[tuple[bytes, ...]]:
    """The text whole, cut once at every place, and byte by byte."""
    halves = [(text[:at], text[at:]) for at in range(1, len(text))]
    return [(text,), *halves, tuple(bytes([byte]) for byte in text)]


@pytest.mark.parametrize("line", [b"AT", b"at", b"aT+gmr", b"ATE0", b'AT+CWJAP="ssid","pass\\,word"', b"AT+X=\r,\n"])
def test_a_line_comes_out_whole_however_it_is_split(line: bytes) -> None:
    for chunks in splits(line + b"\r\n"):
        discipline = LineDiscipline()
        taken = [discipline.feed(chunk) for chunk in chunks]
        assert b"".join(part.echo for part in taken) == line + b"\r\n"
        assert [part.line for part in taken] == [None] * (len(chunks) - 1) + [line]
        assert all(part.error is None and part.surplus == b"" for part in taken)


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\n\r", b"\r\r", b""])
def test_only_cr_lf_ends_a_line(end: bytes) -> None:
    discipline = LineDiscipline()
    assert discipline.feed(b"AT" + end) == Input(b"AT" + end)


def test_bare_line_ends_stay_in_the_line() -> None:
    discipline = LineDiscipline()
    discipline.feed(b"AT\n")
    assert discipline.feed(b"AT\r\n").line == b"AT\nAT"
    discipline.feed(b"AT\r")
    assert discipline.feed(b"\r\n").line == b"AT\r"


@pytest.mark.parametrize(
    "stray", [b" ", b"\r", b"\n", b"\r\n", b"\r\nAT\r\n", b"X", b"AX", b"\x00\xff", b"?\r\n", b"+++"]
)
def test_a_chunk_that_begins_no_command_is_one_error(stray: bytes) -> None:
    discipline = LineDiscipline()
    assert discipline.feed(stray) == Input(stray, error=NO_AT)
    assert discipline.feed(b"AT\r\n") == Input(b"AT\r\n", b"AT")


def test_stray_bytes_are_one_error_per_chunk() -> None:
    discipline = LineDiscipline()
    assert [discipline.feed(b"?").error for _ in range(3)] == [NO_AT] * 3


def test_the_second_byte_decides_as_well() -> None:
    discipline = LineDiscipline()
    assert discipline.feed(b"A") == Input(b"A")
    assert discipline.feed(b"B") == Input(b"B", error=NO_AT)
    assert discipline.feed(b"a") == Input(b"a")
    assert discipline.feed(b"t\r\n") == Input(b"t\r\n", b"at")


def test_what_stands_behind_a_line_is_surplus_and_not_echoed() -> None:
    discipline = LineDiscipline()
    assert discipline.feed(b"AT\r\nAT+GMR\r\n") == Input(b"AT\r\n", b"AT", surplus=b"AT+GMR\r\n")
    assert discipline.feed(b"AT\r\n ") == Input(b"AT\r\n", b"AT", surplus=b" ")


def test_surplus_behind_a_line_that_came_in_two_chunks() -> None:
    discipline = LineDiscipline()
    discipline.feed(b"AT+GMR\r")
    assert discipline.feed(b"\n\r\n") == Input(b"\n", b"AT+GMR", surplus=b"\r\n")


def test_a_line_of_the_longest_length_is_taken_however_it_is_split() -> None:
    line = b"AT+" + b"X" * (LINE_LIMIT - 3)
    for chunks in splits(line + b"\r\n"):
        discipline = LineDiscipline()
        taken = [discipline.feed(chunk) for chunk in chunks]
        assert taken[-1].line == line, chunks


@pytest.mark.parametrize("length", [LINE_LIMIT + 1, LINE_LIMIT + 2, 3 * LINE_LIMIT])
def test_a_longer_line_is_one_error_at_its_end_however_it_is_split(length: int) -> None:
    text = b"AT+" + b"X" * (length - 3) + b"\r\n"
    for chunks in splits(text):
        discipline = LineDiscipline()
        taken = [discipline.feed(chunk) for chunk in chunks]
        assert b"".join(part.echo for part in taken) == text
        assert [part.error for part in taken] == [None] * (len(chunks) - 1) + [LINE_TOO_LONG]
        assert all(part.line is None for part in taken)
        assert discipline.feed(b"AT\r\n") == Input(b"AT\r\n", b"AT")


def test_surplus_behind_a_line_that_is_too_long() -> None:
    discipline = LineDiscipline(limit=4)
    assert discipline.feed(b"AT+CWMODE=1\r\nAT") == Input(b"AT+CWMODE=1\r\n", error=LINE_TOO_LONG, surplus=b"AT")


def test_a_line_without_end_is_not_kept() -> None:
    discipline = LineDiscipline(limit=4)
    with measured() as held:
        discipline.feed(b"AT" + b"X" * 100_000)
        discipline.feed(b"Y" * 100_000)
        assert held() < 10_000
    assert discipline.feed(b"\r\n") == Input(b"\r\n", error=LINE_TOO_LONG)
