"""Data behind a prompt, split everywhere."""

import pytest

from espat.core.at.data_entry import CountedEntry, DataEntry, EscapedEntry


def feed(entry: DataEntry, data: bytes, split: int) -> DataEntry:
    for chunk in (data[:split], data[split:]):
        if chunk:
            entry.take(chunk)
    return entry


@pytest.mark.parametrize("split", range(6))
def test_a_counted_entry_takes_exactly_what_was_announced(split: int) -> None:
    entry = feed(CountedEntry(5), b"a\\\0\r\n", split)
    assert entry.ended
    assert entry.payload == b"a\\\0\r\n"
    assert entry.surplus == []


@pytest.mark.parametrize("split", range(8))
def test_more_than_announced_is_surplus(split: int) -> None:
    entry = feed(CountedEntry(5), b"helloAB", split)
    assert entry.payload == b"hello"
    assert b"".join(entry.surplus) == b"AB"
    assert len(entry.surplus) == (2 if split == 6 else 1)


def test_less_than_announced_is_waited_for() -> None:
    entry = feed(CountedEntry(5), b"hell", 2)
    assert not entry.ended
    assert entry.payload == b"hell"


def test_a_cancelled_entry() -> None:
    entry = feed(CountedEntry(5), b"he", 1)
    entry.cancel()
    assert entry.cancelled
    assert entry.ended
    entry.take(b"llo")
    assert entry.payload == b"he"
    assert entry.surplus == [b"llo"]


@pytest.mark.parametrize(
    ("typed", "payload"),
    [
        (b"hello\\0", b"hello"),
        (b"\\0", b""),
        (b"a\\\\0b\\0", b"a\\0b"),
        (b"\\\\\\0", b"\\"),
        (b"\\a\\n\\\\\\,\\0", b"an\\,"),
        (b"\r\n+++ \x00\xff\\0", b"\r\n+++ \x00\xff"),
    ],
)
def test_an_escaped_entry_ends_at_backslash_zero(typed: bytes, payload: bytes) -> None:
    for split in range(len(typed) + 1):
        entry = feed(EscapedEntry(100), typed, split)
        assert entry.ended
        assert entry.payload == payload
        assert entry.surplus == []
        unfinished = feed(EscapedEntry(100), typed[:-1], split)
        assert not unfinished.ended


def test_what_follows_backslash_zero_is_surplus() -> None:
    for split in range(10):
        entry = feed(EscapedEntry(100), b"hi\\0more\\0", split)
        assert entry.payload == b"hi"
        assert b"".join(entry.surplus) == b"more\\0"


@pytest.mark.parametrize(
    ("typed", "payload", "surplus"),
    [
        (b"12345", b"12345", b""),
        (b"1234567", b"12345", b"67"),
        (b"12\\\\5\\0", b"12\\5", b"\\0"),
        (b"123\\0", b"123", b""),
        (b"1234\\0", b"1234", b"0"),
    ],
)
def test_an_escaped_entry_ends_at_its_length_as_typed(typed: bytes, payload: bytes, surplus: bytes) -> None:
    for split in range(len(typed) + 1):
        entry = feed(EscapedEntry(5), typed, split)
        assert entry.ended
        assert entry.payload == payload
        assert b"".join(entry.surplus) == surplus


def test_who_may_be_cancelled_and_what_surplus_means() -> None:
    entry = CountedEntry(1, cancellable=False, surplus_is_input=True)
    assert not entry.cancellable
    assert entry.surplus_is_input
    assert EscapedEntry(1).cancellable
    assert not EscapedEntry(1).surplus_is_input
