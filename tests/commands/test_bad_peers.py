"""Peers of this machine that misbehave, and a client of the port that does: nothing is lost or doubled, and the other
links go on."""

import re
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Final

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from espat.stack.links import LinkTable
from tests.network import answer, expect, receive_exactly, soon, taken, tcp_peer
from tests.stations import PEER, station
from tests.texts import BUSY, FAILED, OK, PROMPT, SENT
from tests.workbench import Workbench

CLOSED: Final = b"0,CLOSED\r\n"
MEGABYTE: Final = 2**20
REPORT: Final = re.compile(rb"\r\n\+IPD,(\d),(\d+):")


@asynccontextmanager
async def links(count: int, capacity: int | None = None) -> AsyncIterator[tuple[Workbench, list[trio.SocketStream]]]:
    """A module with so many links to this machine, and their other ends."""
    async with tcp_peer() as peer, station(None, b"AT+CIPMUX=1", capacity=capacity) as bench:
        streams: list[trio.SocketStream] = []
        try:
            for number in range(count):
                line = b'AT+CIPSTART=%d,"TCP","%b",%d' % (number, PEER.encode(), peer.port)
                assert await answer(bench, line) == b"%d,CONNECT\r\n" % number + OK
                streams.append(await peer.accept())
            yield bench, streams
        finally:
            for stream in streams:
                stream.socket.close()


def reset(stream: trio.SocketStream) -> None:
    """Close a connection the hard way."""
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.socket.close()


async def next_report(bench: Workbench, step: int = 4096) -> tuple[int, bytes]:
    """The next +IPD: its link and its data. `step`: bytes that are read at a time."""
    head = await soon(bench.port.read_until(b":"))
    found = REPORT.fullmatch(head)
    assert found is not None, head
    data, left = b"", int(found[2]) + 2
    while left:
        data += await soon(bench.port.read_exactly(min(left, step)))
        left = int(found[2]) + 2 - len(data)
    assert data.endswith(b"\r\n")
    return int(found[1]), data[:-2]


async def exchange(bench: Workbench, number: int, stream: trio.SocketStream) -> None:
    """A link that is alive carries data both ways."""
    assert await answer(bench, b"AT+CIPSEND=%d,4" % number, PROMPT) == PROMPT
    bench.port.send(b"ping")
    await expect(bench, taken(4) + SENT)
    assert await receive_exactly(stream, 4) == b"ping"
    await stream.send_all(b"pong")
    assert await next_report(bench) == (number, b"pong")


async def test_one_byte_at_a_time() -> None:
    data = Random(1).randbytes(500)
    async with links(2) as (bench, streams), trio.open_nursery() as nursery:

        async def drip(stream: trio.SocketStream) -> None:
            for byte in data:
                await stream.send_all(bytes([byte]))
                await trio.lowlevel.checkpoint()

        for stream in streams:
            nursery.start_soon(drip, stream)
        received = [b"", b""]
        while min(map(len, received)) < len(data):
            number, part = await next_report(bench)
            received[number] += part
        assert received == [data, data]


async def test_a_peer_that_accepts_and_stays_silent() -> None:
    async with links(2) as (bench, (silent, other)):
        while True:  # until it and this machine take no more
            assert await answer(bench, b"AT+CIPSEND=0,8192", PROMPT) == PROMPT
            if not (await bench.send(bytes(8192))).endswith(SENT):
                break
        assert await bench.advance(3600) == b""
        assert await bench.send(b"AT\r\n") == BUSY
        await other.send_all(b"still here")
        assert await next_report(bench) == (1, b"still here")
        reset(silent)
        printed = await soon(bench.port.read_until(b"FAIL\r\n"))
        if printed == FAILED:  # the two come in either order
            await expect(bench, CLOSED)
        else:
            assert printed == CLOSED + FAILED
        await exchange(bench, 1, other)


async def test_a_peer_that_half_closes() -> None:
    async with links(2) as (bench, (half, other)):
        await half.send_all(b"all I have")
        await half.send_eof()
        assert await next_report(bench) == (0, b"all I have")
        await expect(bench, CLOSED)
        assert await receive_exactly(half, 1) == b""  # the module closes its half too
        await exchange(bench, 1, other)


async def test_a_peer_that_resets_in_the_middle_of_its_flood() -> None:
    data = Random(2).randbytes(MEGABYTE)
    async with links(2, capacity=10_000) as (bench, (flood, other)):
        with trio.move_on_after(0.1):
            await flood.send_all(data)
        reset(flood)
        received = b""
        while True:
            start = await soon(bench.port.read_exactly(len(CLOSED)))
            if start == CLOSED:
                break
            head = start + await soon(bench.port.read_until(b":"))
            found = REPORT.fullmatch(head)
            assert found is not None
            received += (await soon(bench.port.read_exactly(int(found[2]) + 2)))[:-2]
        assert received
        assert data.startswith(received)
        await exchange(bench, 1, other)


@pytest.mark.parametrize("capacity", [100, 4096])
async def test_a_client_that_stops_reading_in_the_middle_of_floods(capacity: int) -> None:
    floods = [Random(number).randbytes(MEGABYTE) for number in range(4)]
    async with links(5, capacity) as (bench, streams), trio.open_nursery() as nursery:
        for stream, data in zip(streams, floods, strict=False):
            nursery.start_soon(stream.send_all, data)
        received = [bytearray() for _ in range(5)]
        stops = {100_000, 1_000_000, 3_000_000}
        while sum(map(len, received)) < 4 * MEGABYTE:
            number, part = await next_report(bench, step=capacity)
            received[number] += part
            if stops and sum(map(len, received)) > min(stops):
                stops.remove(min(stops))
                await wait_all_tasks_blocked(0.05)  # nobody reads: everything comes to a stop
        assert received[:4] == floods
        await exchange(bench, 4, streams[4])
        for number in range(4):
            await exchange(bench, number, streams[number])


async def test_clients_that_come_and_go_while_nobody_reads_the_port_have_to_queue() -> None:
    async with links(1, capacity=100) as (bench, (flood,)):
        assert await answer(bench, b"AT+CIPSERVER=1,333") == OK
        (text,) = (text for _, text in bench.announced if text.startswith("serves tcp 333 at "))
        address, _, port = text.rpartition(" ")[2].rpartition(":")
        await flood.send_all(bytes(20_000))
        await wait_all_tasks_blocked(0.05)
        for _ in range(3):
            with socket.create_connection((address, int(port)), 1):
                pass
        await wait_all_tasks_blocked(0.05)
        assert bench.module[LinkTable][1] is None
        received = 0
        while received < 20_000:
            number, data = await next_report(bench, step=100)
            assert number == 0
            received += len(data)
        reports = [(await soon(bench.port.read_until(b"\r\n"))).partition(b",")[2] for _ in range(6)]
        assert sorted(reports) == [b"CLOSED\r\n"] * 3 + [b"CONNECT\r\n"] * 3
