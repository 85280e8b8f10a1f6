"""The line discipline of the ESP8266 firmware of 2015: byte by byte, every line split everywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espat.core.at.errors import LINE_TOO_LONG, NO_AT
from espat.core.at.line_discipline import LINE_LIMIT, Input
from espat.dialects.esp8266_lines import ScanningLineDiscipline


def feed_all(chunks: list[bytes]) -> tuple[bytes, list[bytes | int], bytes]:
    """Feed chunks, and what follows refused input; returns the echo, the lines and errors, and the surplus."""
    discipline = ScanningLineDiscipline()
    echo, events, surplus = b"", list[bytes | int](), b""
    for chunk in chunks:
        rest = chunk
        while rest:
            taken = discipline.feed(rest)
            echo += taken.echo
            events += [event for event in (taken.error, taken.line) if event is not None]
            surplus += taken.surplus
            rest = taken.following
    return echo, events, surplus


def splits(text: bytes) -> list[list[bytes]]:
    """The text whole, cut once at every place, and byte by byte."""
    halves = [[text[:at], text[at:]] for at in range(1, len(text))]
    return [[text], *halves, [bytes([byte]) for byte in text]]


@pytest.mark.parametrize(
    ("typed", "echo", "events"),
    [
        (b"AT\r\n", b"AT\r\r\n", [b"AT"]),
        (b"at+GMR\r\n", b"at+GMR\r\r\n", [b"AT+GMR"]),
        (b"xxAT+RST\r\n", b"xxAT+RST\r\r\n", [b"AT+RST"]),
        (b"AAT\r\n", b"AAT\r\r\n", [b"AT"]),
        (b"At\r\n", b"At\r", [NO_AT]),
        (b"\r\n", b"\r", [NO_AT]),
        (b"hello\r\nAT\r\n", b"hello\rAT\r\r\n", [NO_AT, b"AT"]),
        (b"A\nTAT\r\n", b"ATAT\r\r\n", [NO_AT, b"AT"]),
        (b"AT\n", b"AT\r\n", [LINE_TOO_LONG]),
        (b"AT" + b"x" * (LINE_LIMIT - 2) + b"\r\n", b"AT" + b"x" * (LINE_LIMIT - 2) + b"\r\r\n", [b"AT" + b"x" * 254]),
        (b"AT" + b"x" * LINE_LIMIT + b"\r\n", b"AT" + b"x" * LINE_LIMIT + b"\r\r\n", [LINE_TOO_LONG]),
    ],
)
def test_what_comes_of_it_however_it_is_split(typed: bytes, echo: bytes, events: list[bytes | int]) -> None:
    for chunks in splits(typed):
        assert feed_all(chunks) == (echo, events, b"")


def test_what_stands_behind_a_line_is_surplus() -> None:
    assert ScanningLineDiscipline().feed(b"AT\r\nAT\r\n") == Input(b"AT\r\r\n", b"AT", surplus=b"AT\r\n")


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=20))
def test_every_byte_but_lf_is_echoed_or_refused(chunks: list[bytes]) -> None:
    echo, _, surplus = feed_all(chunks)
    typed = b"".join(chunks)
    assert len((echo + surplus).replace(b"\n", b"")) >= len(typed.replace(b"\n", b""))
    assert b"\n" not in echo.replace(b"\r\n", b"")


@given(st.lists(st.sampled_from([b"A", b"T", b"a", b"t", b"\r", b"\n", b"+", b"AT\r\n"]), max_size=40))
def test_splitting_changes_nothing(parts: list[bytes]) -> None:
    """Lines end chunks here: what stands behind one in its chunk is surplus, which a new chunk is not."""
    lines = [line + b"\n" for line in b"".join(parts).split(b"\n")]
    assert feed_all(lines) == feed_all([bytes([byte]) for line in lines for byte in line])
