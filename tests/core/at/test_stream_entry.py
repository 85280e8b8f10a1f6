"""Data that goes on in blocks while it comes in."""

from collections.abc import Awaitable

import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.at.stream_entry import RX_BUFFER, StreamEntry
from espat.core.ports.port import MemoryPort
from espat.core.time.clock import SteppedClock

SIZE = 10
INTERVAL = 0.02


class Desk:
    """An entry on stepped time, and a task that takes its blocks. `blocks`: those taken so far."""

    def __init__(self, nursery: trio.Nursery, count: int | None, *, several: bool = False) -> None:
        self.clock = SteppedClock()
        port = MemoryPort(now=self.clock.now, move_on_after=self.clock.move_on_after)
        self.entry = StreamEntry(count, port)
        self.blocks: list[bytes] = []
        self._several = several
        nursery.start_soon(self._take)

    async def feed(self, *chunks: bytes) -> list[bytes]:
        """Let chunks come in, and everything settle behind each; the blocks taken meanwhile."""
        for chunk in chunks:
            self.entry.take(chunk)
            await wait_all_tasks_blocked()
        return self.taken()

    async def advance(self, seconds: float) -> list[bytes]:
        """Let time pass; the blocks taken meanwhile."""
        await self.clock.advance(seconds)
        return self.taken()

    def taken(self) -> list[bytes]:
        """The blocks since the last look."""
        blocks, self.blocks = self.blocks, []
        return blocks

    async def _take(self) -> None:
        while True:
            block = await self.entry.block(SIZE, INTERVAL, several=self._several)
            self.blocks.append(block)
            if not block:
                return


async def test_a_full_block_goes_at_once_and_a_shorter_one_after_the_interval() -> None:
    async with trio.open_nursery() as nursery:
        desk = Desk(nursery, None)
        assert await desk.feed(b"0123456789") == [b"0123456789"]
        assert await desk.feed(b"abc") == []
        assert await desk.advance(0.019) == []
        assert await desk.advance(0.001) == [b"abc"]
        assert await desk.advance(10) == []
        nursery.cancel_scope.cancel()


async def test_the_interval_begins_with_the_first_byte() -> None:
    async with trio.open_nursery() as nursery:
        desk = Desk(nursery, None)
        assert await desk.feed(b"a") == []
        assert await desk.advance(0.015) == []
        assert await desk.feed(b"b") == []
        assert await desk.advance(0.005) == [b"ab"]
        nursery.cancel_scope.cancel()


async def test_a_short_block_fills_up() -> None:
    async with trio.open_nursery() as nursery:
        desk = Desk(nursery, None)
        assert await desk.feed(b"0123", b"45678", b"9") == [b"0123456789"]
        assert await desk.feed(b"0123456789abcdefghijklm") == [b"0123456789", b"abcdefghij"]
        assert await desk.advance(INTERVAL) == [b"klm"]
        nursery.cancel_scope.cancel()


async def test_several_blocks_in_one_piece() -> None:
    async with trio.open_nursery() as nursery:
        desk = Desk(nursery, None, several=True)
        assert await desk.feed(b"0123456789abcdefghijklm") == [b"0123456789abcdefghij"]
        assert await desk.advance(INTERVAL) == [b"klm"]
        nursery.cancel_scope.cancel()


async def test_no_interval_is_no_wait() -> None:
    port = MemoryPort()
    entry = StreamEntry(None, port)
    entry.take(b"a")
    assert await entry.block(SIZE, 0) == b"a"


async def test_the_count_ends_it() -> None:
    async with trio.open_nursery() as nursery:
        desk = Desk(nursery, 12)
        assert await desk.feed(b"0123456789a") == [b"0123456789"]
        assert not desk.entry.ended
        assert await desk.feed(b"bXYZ") == [b"ab", b""]
        assert desk.entry.ended
        assert desk.entry.received == 12
        assert desk.entry.surplus == [b"XYZ"]
        assert await desk.feed(b"more") == []
        assert desk.entry.surplus == [b"XYZ", b"more"]
        assert not desk.entry.cancelled


async def test_the_escape_ends_it_behind_what_has_come() -> None:
    async with trio.open_nursery() as nursery:
        desk = Desk(nursery, None)
        assert await desk.feed(b"abc") == []
        desk.entry.cancel()
        assert await desk.feed() == []
        await wait_all_tasks_blocked()
        assert desk.taken() == [b"abc", b""]
        assert desk.entry.cancelled


async def settled(waiting: Awaitable[None]) -> trio.Event:
    """An event that is set when what is waited for has come."""
    done = trio.Event()

    async def wait() -> None:
        await waiting
        done.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    return done


async def test_a_full_buffer_has_no_room_until_a_block_is_taken() -> None:
    entry = StreamEntry(None, MemoryPort())
    entry.take(bytes(RX_BUFFER - 1))
    assert not entry.full
    assert (await settled(entry.room())).is_set()
    entry.take(b"!")
    assert entry.full
    assert not (await settled(entry.room())).is_set()
    assert await entry.block(2920, INTERVAL) == bytes(2920)
    assert not entry.full
    assert (await settled(entry.room())).is_set()


async def test_a_buffer_that_is_full_when_the_end_comes_stops_nobody() -> None:
    counted = StreamEntry(RX_BUFFER, MemoryPort())
    counted.take(bytes(RX_BUFFER + 1))
    assert not counted.full
    assert (await settled(counted.room())).is_set()
    escaped = StreamEntry(None, MemoryPort())
    escaped.take(bytes(RX_BUFFER))
    assert escaped.full
    escaped.cancel()
    assert not escaped.full
    assert (await settled(escaped.room())).is_set()
