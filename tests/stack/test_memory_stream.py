"""Connections in memory: trio's own conformance check, the window, and ends that vanish."""

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import check_half_closeable_stream, wait_all_tasks_blocked

from espat.stack.address import Address
from espat.stack.endpoint import Endpoint
from espat.stack.memory_stream import WINDOW, MemoryStream, memory_stream_pair

ONE, OTHER = Endpoint(Address("192.168.4.1"), 333), Endpoint(Address("192.168.4.2"), 50000)


async def make_pair() -> tuple[MemoryStream, MemoryStream]:
    return memory_stream_pair(ONE, OTHER)


async def make_full_pair() -> tuple[MemoryStream, MemoryStream]:
    one, other = memory_stream_pair(ONE, OTHER)
    await one.send_all(bytes(WINDOW))
    await other.send_all(bytes(WINDOW))
    return one, other


async def test_conformance() -> None:
    await check_half_closeable_stream(make_pair, make_full_pair)


async def test_a_reader_that_stops_stops_the_writer() -> None:
    one, other = memory_stream_pair(ONE, OTHER)
    sent = False

    async def send() -> None:
        nonlocal sent
        await one.send_all(bytes(2 * WINDOW))
        sent = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await wait_all_tasks_blocked()
        assert not sent
        received = 0
        while received < 2 * WINDOW:
            received += len(await other.receive_some(1000))
    assert sent


async def ends(function: Callable[..., Awaitable[object]], *arguments: object) -> bool:
    """Whether a call ends by itself; if not, it is cancelled."""
    ended = False

    async def call() -> None:
        nonlocal ended
        await function(*arguments)
        ended = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(call)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    return ended


async def test_an_end_that_vanishes_tells_nobody() -> None:
    one, other = memory_stream_pair(ONE, OTHER)
    told: list[str] = []
    other.on_lost = lambda: told.append("lost")
    await one.send_all(b"last words")
    one.vanish()
    assert told == ["lost"]
    assert other.lost
    assert await other.receive_some() == b"last words"
    await other.send_all(bytes(WINDOW))
    assert not await ends(other.send_all, b"more")
    assert not await ends(other.receive_some)
    with pytest.raises(trio.ClosedResourceError):
        await one.receive_some()
    one.close()
    one.vanish()
    assert told == ["lost"]
    other.close()


async def test_a_reset_ends_both_ends_at_once_and_what_is_under_way_is_lost() -> None:
    one, other = memory_stream_pair(ONE, OTHER)
    await one.send_all(b"under way")
    one.reset()
    for end in (one, other):
        assert await end.receive_some() == b""
        with pytest.raises(trio.BrokenResourceError):
            await end.send_all(b"x")


async def test_what_has_been_sent_is_counted_as_far_as_it_goes() -> None:
    one, _ = memory_stream_pair(ONE, OTHER)
    await one.send_all(b"abc")
    assert not await ends(one.send_all, bytes(2 * WINDOW))
    assert one.sent == WINDOW
