"""NTP packets: what is accepted, what is not, and the eras."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espat.stack.ntp import KissOfDeathError, NtpError, ServerState, answer, read_answer, request, timestamp
from espat.stack.ntp import seconds_since_1970 as seconds

STAMP = 0x0123456789ABCDEF
NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def good() -> bytes:
    packet = answer(request(STAMP), NOW, ServerState())
    assert packet is not None
    return packet


def changed(at: int, *data: int) -> bytes:
    """A good answer with other bytes at a place."""
    packet = bytearray(good())
    packet[at : at + len(data)] = data
    return bytes(packet)


def test_the_bytes_of_a_question() -> None:
    assert request(STAMP) == b"\x23" + bytes(39) + bytes.fromhex("0123456789abcdef")


def test_the_bytes_of_an_answer() -> None:
    assert good() == bytes.fromhex(
        "24 01 06 ec 00000000 00000000 4c4f434ced003780 00000000 01234567 89abcdef ed003780 00000000 ed003780 00000000"
    )
    assert read_answer(good(), STAMP) == NOW


def test_an_answer_of_a_public_server_as_captured() -> None:
    captured = bytes.fromhex(
        "240a00e7 00000000 00000000 7f7f0101 eeac3c30 e9c17799 00000000 00003039 eeac3c32 6714e7c3 eeac3c32 6718ccec"
    )
    assert read_answer(captured, 12345) == pytest.approx(datetime(2026, 11, 21, 15, 50, 10, 402722, UTC).timestamp())


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        good()[:-1],
        good() + bytes(4),  # an extension or a key
        changed(0, 0x23),  # a question
        changed(0, 0x25),  # broadcast
        changed(0, 0xE4),  # leap indicator 3: not synchronised
        changed(1, 16),
        changed(1, 255),
        changed(31, 0),  # the answer to another question
        changed(24, *bytes(8)),
        changed(40, *bytes(8)),  # no time
    ],
)
def test_what_is_no_answer(packet: bytes) -> None:
    with pytest.raises(NtpError):
        read_answer(packet, STAMP)


def test_a_kiss_of_death_counts_only_when_it_answers_the_question() -> None:
    kiss = answer(request(STAMP), NOW, ServerState(0, b"RATE", 3))
    assert kiss is not None
    assert kiss[12:16] == b"RATE"
    with pytest.raises(KissOfDeathError):
        read_answer(kiss, STAMP)
    with pytest.raises(NtpError):
        read_answer(kiss, STAMP + 1)


@pytest.mark.parametrize(
    ("when", "stamp"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0x83AA7E80_00000000),
        (datetime(2026, 1, 1, 0, 0, 0, 500000, UTC), 0xED003780_80000000),
        (datetime(2036, 2, 7, 6, 28, 15, tzinfo=UTC), 0xFFFFFFFF_00000000),
        (datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC), 0x00000000_00000000),
        (datetime(2104, 2, 26, 9, 42, 23, tzinfo=UTC), 0x7FFFFFFF_00000000),
    ],
)
def test_times_in_both_eras(when: datetime, stamp: int) -> None:
    assert timestamp(when.timestamp()) == stamp
    assert seconds(stamp) == when.timestamp()


@given(st.floats(0, 4_233_462_143, allow_nan=False))
def test_a_time_comes_back_to_the_microsecond(when: float) -> None:
    assert seconds(timestamp(when)) == pytest.approx(when, abs=1e-6, rel=0)


@given(st.binary(max_size=80) | st.binary(min_size=48, max_size=48), st.integers(0, 2**64 - 1))
def test_any_packet_is_a_time_a_kiss_or_nothing(packet: bytes, stamp: int) -> None:
    with suppress(NtpError, KissOfDeathError):
        assert -(2**31) <= read_answer(packet, stamp) < 2**32


@given(st.binary(min_size=48, max_size=48), st.integers(0, 255))
def test_any_packet_that_bears_the_stamp(packet: bytes, first: int) -> None:
    packet = bytes([first & 0xF8 | 4]) + packet[1:24] + STAMP.to_bytes(8, "big") + packet[32:]
    try:
        time = read_answer(packet, STAMP)
    except NtpError:
        assert packet[1] > 15 or packet[0] >> 6 == 3 or packet[40:] == bytes(8)
    except KissOfDeathError:
        assert packet[1] == 0
    else:
        assert timestamp(time) >> 32 in {int.from_bytes(packet[40:44], "big") + more & 0xFFFFFFFF for more in (0, 1)}


@given(st.binary(max_size=80))
def test_a_server_answers_questions_only(packet: bytes) -> None:
    answered = answer(packet, NOW, ServerState())
    assert (answered is not None) == (len(packet) >= 48 and packet[0] & 7 == 3)
