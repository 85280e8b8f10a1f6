"""Streams in memory: the window, and ends that vanish or are reset."""

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from espat.stack.address import Address
from espat.stack.endpoint import Endpoint
from espat.stack.errors import LWIP_NOT_CONNECTED, LWIP_RESET, NetworkError
from espat.stack.memory_stream import WINDOW, MemoryStream, memory_stream_pair

ONE, OTHER = Endpoint(Address("192.168.4.1"), 333), Endpoint(Address("192.168.4.2"), 50000)


class Told:
    """Notes what the end of a stream that lives on is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def vanished(self, stream: MemoryStream) -> None:
        self.notes.append("vanished")

    def is_reset(self, stream: MemoryStream) -> bool:
        return False

    def unanswered(self, stream: MemoryStream) -> None:
        self.notes.append("unanswered")


async def test_two_tasks_cannot_use_the_same_direction_at_a_time() -> None:
    one, _ = memory_stream_pair(ONE, OTHER)
    for use in (one.receive, lambda: one.send(bytes(2 * WINDOW))):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(use)
            await wait_all_tasks_blocked()
            with pytest.raises(trio.BusyResourceError):
                await use()
            nursery.cancel_scope.cancel()


async def test_a_reader_that_stops_stops_the_writer() -> None:
    one, other = memory_stream_pair(ONE, OTHER)
    sent = False

    async def send() -> None:
        nonlocal sent
        await one.send(bytes(2 * WINDOW))
        sent = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await wait_all_tasks_blocked()
        assert not sent
        received = 0
        while received < 2 * WINDOW:
            received += len(await other.receive(1000))
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
    told = other.detection = Told()
    await one.send(b"last words")
    one.vanish()
    assert told.notes == ["vanished"]
    assert other.lost
    assert await other.receive() == b"last words"
    await other.send(bytes(WINDOW))
    assert not await ends(other.send, b"more")
    assert not await ends(other.receive)
    with pytest.raises(NetworkError):
        await one.receive()
    one.close()
    one.vanish()
    assert told.notes == ["vanished", "unanswered", "unanswered", "unanswered"]
    other.close()


async def test_a_reset_ends_both_ends_at_once_and_what_is_under_way_is_lost() -> None:
    one, other = memory_stream_pair(ONE, OTHER)
    await one.send(b"under way")
    one.reset()
    assert await other.receive() == b""
    for end, errno in ((one, LWIP_NOT_CONNECTED), (other, LWIP_RESET)):
        with pytest.raises(NetworkError) as raised:
            await end.send(b"x")
        assert raised.value.errno == errno


async def test_what_has_been_sent_is_counted_as_far_as_it_goes() -> None:
    one, _ = memory_stream_pair(ONE, OTHER)
    await one.send(b"abc")
    assert not await ends(one.send, bytes(2 * WINDOW))
    assert one.sent == WINDOW
