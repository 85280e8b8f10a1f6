"""`+++` in a stream of data: what counts as standing alone."""

import pytest

from espat.core.at.escape import GUARD, EscapeDetector

SILENCE = GUARD
GAP = GUARD / 4


def feed(*pieces: tuple[float, bytes]) -> tuple[bytes, bool]:
    """Feed pieces, each after a gap, then silence; the data released, and whether the end was an escape.

    As a port does, silence is noted whenever it has lasted before the next piece comes.
    """
    detector = EscapeDetector(0.0)
    data = b""
    escaped = False
    now = 0.0
    for gap, chunk in (*pieces, (10.0, b"")):
        now += gap
        if detector.deadline is not None and detector.deadline <= now:
            released, escaped = detector.expire()
            data += released
        if chunk:
            data += detector.feed(chunk, now)
    return data, escaped


@pytest.mark.parametrize("chunks", [(b"+++",), (b"+", b"++"), (b"++", b"+"), (b"+", b"+", b"+")])
def test_three_plus_signs_alone_escape_however_they_are_split(chunks: tuple[bytes, ...]) -> None:
    first, *others = chunks
    assert feed((SILENCE, first), *((GAP, chunk) for chunk in others)) == (b"", True)


@pytest.mark.parametrize(
    "chunk", [b"+", b"++", b"++++", b"++++++", b"+++\r\n", b"\r\n+++", b"a+++", b"+++a", b"+a+", b"a"]
)
def test_anything_else_alone_is_data(chunk: bytes) -> None:
    assert feed((SILENCE, chunk)) == (chunk, False)
    assert feed((SILENCE, chunk[:1]), *((GAP, bytes([byte])) for byte in chunk[1:])) == (chunk, False)


def test_silence_is_needed_before() -> None:
    assert feed((GAP, b"+++")) == (b"+++", False)
    assert feed((SILENCE, b"data"), (GAP, b"+++")) == (b"data+++", False)
    assert feed((SILENCE, b"data"), (SILENCE, b"+++")) == (b"data", True)


def test_silence_is_needed_after() -> None:
    assert feed((SILENCE, b"+++"), (GAP, b"x")) == (b"+++x", False)
    assert feed((SILENCE, b"+++"), (GAP, b"\r\n")) == (b"+++\r\n", False)
    assert feed((SILENCE, b"+++"), (GAP, b"+")) == (b"++++", False)
    assert feed((SILENCE, b"+++"), (GAP, b"+++")) == (b"++++++", False)


def test_slow_plus_signs_are_data() -> None:
    assert feed((SILENCE, b"+"), (SILENCE, b"+"), (SILENCE, b"+")) == (b"+++", False)
    assert feed((SILENCE, b"++"), (SILENCE, b"+")) == (b"+++", False)


def test_an_escape_behind_slow_plus_signs() -> None:
    assert feed((SILENCE, b"+"), (SILENCE, b"+++")) == (b"+", True)


def test_the_guard_time_is_met_by_clocks_that_round() -> None:
    detector = EscapeDetector(0.01)
    assert detector.feed(b"+++", 0.03) == b""
    assert detector.deadline == pytest.approx(0.03 + GUARD)
    assert detector.expire() == (b"", True)


def test_nothing_is_held_without_a_plus_sign() -> None:
    detector = EscapeDetector(0.0)
    assert detector.feed(b"data", 1.0) == b"data"
    assert detector.deadline is None


def test_each_plus_sign_renews_the_deadline() -> None:
    detector = EscapeDetector(0.0)
    detector.feed(b"+", 1.0)
    assert detector.deadline == 1.0 + GUARD
    detector.feed(b"+", 1.01)
    assert detector.deadline == 1.01 + GUARD
    assert detector.feed(b"x", 1.02) == b"++x"
    assert detector.deadline is None
