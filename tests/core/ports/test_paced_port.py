"""Bytes that take their time on the wire, in stepped time: at which moment which bytes are where."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.at.uart import Uart
from espat.core.ports.paced import PacedPort
from espat.core.ports.port import Attachment, MemoryPort
from espat.core.ports.serial_line import UartParameters
from espat.core.time.clock import SteppedClock
from espat.core.trace import Kind

BYTE = 0.001
"""Seconds a byte takes at 10,000 baud."""


class Wire:
    """A client, a wire and the two directions of a UART."""

    def __init__(self, capacity: int | None, baud_rate: int, flow_control: int) -> None:
        self.clock = SteppedClock()
        self.client = RatedPort(self.clock, capacity)
        self.port = PacedPort(self.client, self.clock)
        self.losses: list[str] = []
        self.port.on_loss = self.losses.append
        self.uart = Uart(self.port)
        self.uart.set_line(UartParameters(baud_rate, 8, 1, 0, flow_control))
        self.received: list[tuple[float, bytes]] = []

    async def receive(self) -> None:
        while True:
            chunk = await self.port.receive_some()
            self.received.append((round(self.clock.now(), 6), chunk))

    def write(self, data: bytes) -> None:
        self.uart.output.write(data, Kind.RESULT)

    async def advance(self, seconds: float) -> bytes:
        """Let time pass; returns what the client got meanwhile."""
        await self.clock.advance(seconds)
        return self.client.read()


class RatedPort(MemoryPort):
    """A port in memory whose client has a baud rate."""

    def __init__(self, clock: SteppedClock, capacity: int | None) -> None:
        super().__init__(now=clock.now, move_on_after=clock.move_on_after, capacity=capacity)
        self.rate = 0

    @property
    def client_rate(self) -> int:
        return self.rate


@asynccontextmanager
async def wire(*, capacity: int | None = None, baud_rate: int = 10000, flow_control: int = 0) -> AsyncIterator[Wire]:
    it = Wire(capacity, baud_rate, flow_control)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(it.uart.output.run)
        nursery.start_soon(it.receive)
        await wait_all_tasks_blocked()
        yield it
        nursery.cancel_scope.cancel()


async def test_each_byte_is_there_when_it_has_passed_the_wire() -> None:
    async with wire() as it:
        it.write(b"0123456789")
        assert await it.advance(BYTE / 2) == b""
        assert [await it.advance(BYTE) for _ in range(3)] == [b"0", b"1", b"2"]
        assert await it.advance(6 * BYTE) == b"345678"
        assert await it.advance(BYTE) == b"9"


async def test_fast_bytes_come_in_blocks_of_a_millisecond() -> None:
    async with wire(baud_rate=1_000_000) as it:
        it.write(bytes(250))
        assert await it.advance(0.0009) == b""
        assert await it.advance(0.0002) == bytes(100)
        assert await it.advance(0.001) == bytes(100)
        assert await it.advance(0.0003) == b""
        assert await it.advance(0.0002) == bytes(50)


async def test_a_stream_keeps_the_rate() -> None:
    async with wire(baud_rate=115200) as it:
        for _ in range(100):
            it.write(bytes(1152))
        seconds, got = 0.0, 0
        while got < 115200:
            got += len(await it.advance(0.5))
            seconds += 0.5
            assert got == pytest.approx(11520 * seconds, abs=12)
        assert seconds == 10


async def test_what_is_written_after_silence_starts_then() -> None:
    async with wire() as it:
        it.write(b"a")
        assert await it.advance(5) == b"a"
        it.write(b"b")
        assert await it.advance(BYTE / 2) == b""
        assert await it.advance(BYTE / 2) == b"b"


async def test_drained_is_when_the_last_byte_has_passed() -> None:
    async with wire() as it:
        it.write(b"0123")
        drained: list[float] = []
        async with trio.open_nursery() as nursery:

            async def wait() -> None:
                await it.uart.output.drained()
                drained.append(it.clock.now())

            nursery.start_soon(wait)
            await it.advance(1)
        assert drained == [pytest.approx(4 * BYTE)]


async def test_input_comes_when_the_line_falls_silent() -> None:
    async with wire() as it:
        it.client.send(b"AT\r\n")
        await it.advance(1)
        it.client.send(b"AT")
        await it.advance(5 * BYTE)
        it.client.send(b"E0\r\n")  # before ten bytes of silence: it belongs together
        await it.advance(1)
        assert it.received == [(0.014, b"AT\r\n"), (1.016, b"ATE0\r\n")]


async def test_input_comes_when_the_fifo_is_filled() -> None:
    async with wire() as it:
        it.client.send(bytes(300))
        await it.advance(1)
        assert it.received == [(0.12, bytes(120)), (0.24, bytes(120)), (0.31, bytes(60))]


async def test_fast_input_comes_in_blocks_of_a_millisecond() -> None:
    async with wire(baud_rate=3_000_000) as it:
        it.client.send(bytes(1000))
        await it.advance(1)
        assert it.received == [(0.001, bytes(300)), (0.002, bytes(300)), (0.003, bytes(300)), (0.003367, bytes(100))]


async def test_silence_ends_a_wait_and_no_byte_is_lost() -> None:
    clock = SteppedClock()
    client = RatedPort(clock, None)
    port = PacedPort(client, clock)
    port.set_line(UartParameters(1000, 8, 1, 0, 0))  # a byte takes 10 ms
    got: list[bytes] = []

    async def wait() -> None:
        got.append(await port.wait_gap(0.02))
        got.append(port.receive_nowait())
        got.append(await port.receive_some())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await clock.advance(0.005)
        client.send(b"+++")
        await clock.advance(1)
    assert got == [b"", b"+", b"++"]


async def test_a_client_that_does_not_read_loses_bytes_and_is_told_how_many() -> None:
    async with wire(capacity=100) as it:
        it.write(bytes(150))
        await it.clock.advance(1)
        it.write(bytes(30))
        await it.clock.advance(1)
        assert len(it.client.read()) == 100
        it.write(b"end")
        await it.clock.advance(1)
        assert it.client.read() == b"end"
        assert it.losses == [f"{count} bytes lost: the client is slower than the UART" for count in (50, 30)]


async def test_a_loss_that_goes_on_is_told_every_second() -> None:
    async with wire(capacity=0) as it:
        it.write(bytes(3000))
        await it.clock.advance(10)
        counts = [int(loss.partition(" ")[0]) for loss in it.losses]
        assert sum(counts) == 3000
        assert len(counts) == 3


@pytest.mark.parametrize("flow_control", [2, 3])
async def test_with_cts_the_module_waits_and_nothing_is_lost(flow_control: int) -> None:
    async with wire(capacity=100, flow_control=flow_control) as it:
        it.write(bytes(range(250)))
        await it.clock.advance(5)
        got = it.client.read()
        assert got == bytes(range(100))
        await it.clock.advance(5)
        got += it.client.read()
        await it.clock.advance(5)
        assert got + it.client.read() == bytes(range(250))
        assert it.losses == []


async def test_a_client_that_has_left_ends_the_count_and_the_next_one_waits_for_nothing() -> None:
    async with wire(capacity=2) as it:
        it.write(b"lost")
        await it.clock.advance(0.1)
        it.client.set_attachment(Attachment.LEFT)
        assert it.losses == ["2 bytes lost: the client is slower than the UART"]
        it.client.read()
        it.client.set_attachment(Attachment.ATTACHED)
        it.write(b"ab")
        assert await it.advance(BYTE) == b"a"
        assert await it.advance(BYTE) == b"b"


async def test_rates_that_differ_make_noise_both_ways() -> None:
    async with wire(baud_rate=9600) as it:
        it.client.rate = 19200
        it.write(b"\x55")
        assert await it.advance(1) == b"\x66\xe6"
        it.client.send(b"\x66\x66")
        await it.advance(1)
        assert [chunk for _, chunk in it.received] == [b"\xad"]
        it.client.rate = 9600
        it.write(b"OK")
        assert await it.advance(1) == b"OK"


async def test_noise_that_is_no_byte_is_no_chunk() -> None:
    async with wire(baud_rate=300) as it:
        it.client.rate = 5_000_000
        it.client.send(b"\xff" * 3)  # the edges are over before the first bit is sampled
        await it.advance(1)
        it.client.rate = 300
        it.client.send(b"x")
        await it.advance(1)
        assert b"".join(chunk for _, chunk in it.received).endswith(b"x")
