"""Connections in memory: trio's own conformance check, and the window."""

import trio
from trio.testing import check_half_closeable_stream, wait_all_tasks_blocked

from simulator.stack.endpoint import Endpoint
from simulator.stack.memory_stream import WINDOW, MemoryStream, memory_stream_pair

ONE, OTHER = Endpoint("192.168.4.1", 333), Endpoint("192.168.4.2", 50000)


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
