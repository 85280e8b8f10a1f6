"""The in-memory port: chunks in, bytes out, gaps on a clock of choice."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.ports.port import Attachment, MemoryPort
from espat.core.time.clock import SteppedClock


async def test_chunks_stay_the_chunks_they_were_sent_as() -> None:
    port = MemoryPort()
    for chunk in (b"A", b"T\r\n", b"", b"ATE0\r\n"):
        port.send(chunk)
    assert [await port.receive_some() for _ in range(2)] == [b"A", b"T\r\n"]
    assert port.receive_nowait() == b"ATE0\r\n"
    assert port.receive_nowait() == b""


async def test_receiving_waits_for_a_chunk() -> None:
    port = MemoryPort()
    async with trio.open_nursery() as nursery:

        async def receive() -> None:
            assert await port.receive_some() == b"AT\r\n"

        nursery.start_soon(receive)
        await wait_all_tasks_blocked()
        port.send(b"AT\r\n")


async def test_a_port_takes_no_more_than_its_capacity() -> None:
    port = MemoryPort(capacity=4)
    assert port.send_nowait(b"012") == 3
    assert port.send_nowait(b"345") == 1
    assert port.send_nowait(b"45") == 0
    assert port.read() == b"0123"
    assert port.send_nowait(b"45") == 2


@pytest.mark.parametrize("way", ["all", "until", "exactly"])
async def test_every_way_of_reading_makes_room(way: str) -> None:
    port = MemoryPort(capacity=3)
    port.send_nowait(b"abc")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(port.wait_writable)
        await wait_all_tasks_blocked()
        if way == "all":
            assert port.read() == b"abc"
        elif way == "until":
            assert await port.read_until(b"c") == b"abc"
        else:
            assert await port.read_exactly(3) == b"abc"


async def test_reading_until_waits_and_leaves_the_rest() -> None:
    port = MemoryPort()
    async with trio.open_nursery() as nursery:

        async def read() -> None:
            assert await port.read_until(b"OK\r\n") == b"\r\nOK\r\n"
            assert await port.read_exactly(3) == b"REA"

        nursery.start_soon(read)
        for part in (b"\r\nO", b"K\r", b"\nRE", b"ADY"):
            await wait_all_tasks_blocked()
            port.send_nowait(part)
    assert port.read() == b"DY"


async def test_a_gap_on_stepped_time_ends_when_time_has_passed() -> None:
    clock = SteppedClock()
    port = MemoryPort(now=clock.now, move_on_after=clock.move_on_after)
    gaps: list[tuple[float, bytes]] = []

    async def wait() -> None:
        gaps.append((clock.now(), await port.wait_gap(clock.now() + 0.02)))
        gaps.append((clock.now(), await port.wait_gap(clock.now() + 0.02)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await clock.advance(0.01)
        port.send(b"+")
        await clock.advance(0.01)
        assert gaps == [(0.0, b"+")]
        await clock.advance(0.02)
    assert gaps == [(0.0, b"+"), (0.01, b"")]


async def test_a_chunk_that_is_there_is_no_gap_even_when_it_is_late() -> None:
    clock = SteppedClock()
    port = MemoryPort(now=clock.now, move_on_after=clock.move_on_after)
    await clock.advance(1)
    port.send(b"late")
    assert (await port.wait_gap(0.5) or port.receive_nowait()) == b"late"


async def test_attachment_is_announced() -> None:
    port = MemoryPort()
    seen = []
    port.on_attachment = lambda: seen.append(port.attachment)
    assert port.first_attached.is_set()
    port.set_attachment(Attachment.LEFT)
    port.set_attachment(Attachment.ATTACHED)
    assert seen == [Attachment.LEFT, Attachment.ATTACHED]
    port.close()
