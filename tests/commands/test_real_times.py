"""How long things take with the real profile, at 115200 baud: module time, from the first byte of a line to the last
one of what is waited for, as a client on a wire sees it. The figures are those seen on real modules."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.ports.paced import PacedPort
from espat.core.ports.port import MemoryPort
from espat.core.time.clock import SteppedClock
from espat.dialects.loading import load_firmware
from espat.scenario.reading.world_reader import read_world
from espat.scenario.stage.running_world import RunningWorld
from tests.texts import BUSY, ERROR, JOIN, OK

HOST = "192.168.3.50"
WORLD = replace(read_world({"host": [{"address": HOST, "serves": ["tcp-discard 7"]}]}, "w"), offline=True)
START = b'AT+CIPSTART="TCP","%b",' % HOST.encode()
FOREVER = 1000.0
"""Seconds after which nothing more is to come."""


class Wire:
    """A module behind a wire of 115200 baud, and who is at its other end."""

    def __init__(self, dialect: str) -> None:
        self._printed = b""
        self.clock = SteppedClock()
        self.client = MemoryPort(now=self.clock.now, move_on_after=self.clock.move_on_after)
        self.simulation = RunningWorld(WORLD, self.clock, profile="real")
        self.simulation.add_module(load_firmware(dialect), PacedPort(self.client, self.clock))

    async def until(self, end: bytes) -> tuple[bytes, float]:
        """What is printed through `end`, and how many seconds that takes; what comes with it is there next time."""
        began = self.clock.now()
        while end not in self._printed:
            await wait_all_tasks_blocked()
            if news := self.client.read():
                self._printed += news
                continue
            deadline = self.clock.next_deadline
            assert deadline is not None, self._printed
            assert deadline - began < FOREVER, self._printed
            await self.clock.advance(deadline - self.clock.now())
        before, _, self._printed = self._printed.partition(end)
        return before + end, self.clock.now() - began

    async def command(self, line: bytes, end: bytes = OK) -> tuple[bytes, float]:
        """Type a line; what is printed as far as `end`, without the echo, and how long that takes."""
        self.client.send(line + b"\r\n")
        printed, seconds = await self.until(end)
        return printed.removeprefix(line + b"\r\n"), seconds


@asynccontextmanager
async def wire(*lines: bytes, dialect: str = "esp32-v5") -> AsyncIterator[Wire]:
    """A module that has answered OK to some lines."""
    it = Wire(dialect)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(it.simulation.run)
        await it.until(b"ready\r\n")
        for line in lines:
            await it.command(line)
        yield it
        nursery.cancel_scope.cancel()


STATION = (b"ATE0", b"AT+CWMODE=1")
JOINED = (*STATION, JOIN)


def lasts(seconds: float, least: float, most: float) -> bool:
    return least <= seconds <= most


async def test_an_exchange() -> None:
    async with wire(*JOINED) as it:
        connected, seconds = await it.command(START + b"7")
        assert connected == b"CONNECT\r\n" + OK
        assert lasts(seconds, 0.19, 0.22)
        for _ in range(3):
            _, seconds = await it.command(b"AT+CIPSEND=8", b">")
            assert lasts(seconds, 0.003, 0.008)
            it.client.send(b"12345678")
            _, to_receipt = await it.until(b"Recv 8 bytes\r\n")
            _, seconds = await it.until(b"SEND OK\r\n")
            assert lasts(to_receipt, 0.004, 0.005)
            assert lasts(seconds, 0.001, 0.008)
            assert to_receipt + seconds <= 0.009
        closed, seconds = await it.command(b"AT+CIPCLOSE", b"CLOSED\r\n")
        assert closed == b"CLOSED\r\n"
        assert (await it.until(OK))[0] == OK
        assert lasts(seconds, 0.012, 0.014)


async def test_the_version() -> None:
    async with wire() as it:
        printed, seconds = await it.command(b"AT+GMR")
        assert printed.startswith(b"AT version:")
        assert lasts(seconds, 0.022, 0.024)


async def test_a_scan_and_a_join() -> None:
    async with wire(*STATION) as it:
        _, seconds = await it.command(b"AT+CWLAP")
        assert lasts(seconds, 2.0, 2.5)
        _, seconds = await it.command(JOIN)
        assert lasts(seconds, 2.6, 2.7)


@pytest.mark.parametrize(
    "line",
    [
        START.replace(HOST.encode(), b"192.168.3.99") + b"80",
        START.replace(b"TCP", b"SSL").replace(HOST.encode(), b"192.168.3.99") + b"443",
    ],
)
async def test_a_connection_to_nobody(line: bytes) -> None:
    async with wire(*JOINED) as it:
        printed, seconds = await it.command(line, ERROR)
        assert printed == ERROR
        assert lasts(seconds, 9.1, 9.11)


async def test_a_connection_that_is_refused_is_an_error_as_soon_as_another_would_be_up() -> None:
    async with wire(*JOINED) as it:
        assert lasts((await it.command(START + b"8", ERROR))[1], 0.19, 0.22)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b'AT+CIPSTART="TCP","nobody.example",80', ERROR),
        (b'AT+CIPSTART="SSL","nobody.example",443', ERROR),
        (b'AT+CIPSTART="UDP","nobody.example",80', ERROR),
        (b'AT+CIPDOMAIN="nobody.example"', ERROR),
        (b'AT+PING="nobody.example"', b"+PING:TIMEOUT\r\n" + ERROR),
    ],
)
async def test_a_name_that_nobody_knows(line: bytes, answer: bytes) -> None:
    async with wire(*JOINED) as it:
        printed, seconds = await it.command(line, ERROR)
        assert printed == answer
        assert lasts(seconds, 11.0, 11.01)


async def test_a_name_that_nobody_knows_for_a_datagram() -> None:
    start = b'AT+CIPSTART="UDP","%b",8,1112,2' % HOST.encode()
    async with wire(*JOINED, start) as it:
        printed, seconds = await it.command(b'AT+CIPSEND=4,"nobody.example",80', ERROR)
        assert printed == ERROR
        assert lasts(seconds, 11.0, 11.01)


@pytest.mark.parametrize("dialect", ["esp8266-v0.30", "esp8266-v1.7"])
async def test_the_old_firmwares_take_as_long(dialect: str) -> None:
    async with wire(*JOINED, dialect=dialect) as it:
        for line in (b'AT+PING="nobody.example"', b"AT+CIUPDATE"):
            _, seconds = await it.command(line, ERROR)
            assert lasts(seconds, 11.0, 11.01)
        _, seconds = await it.command(START + b"7")
        assert lasts(seconds, 0.19, 0.22)
        _, seconds = await it.command(b"AT+CIPSEND=8", b"> ")
        assert lasts(seconds, 0.003, 0.008)
        it.client.send(b"12345678")
        assert lasts((await it.until(b"SEND OK\r\n"))[1], 0.005, 0.009)
        assert lasts((await it.command(b"AT+CIPCLOSE", b"CLOSED\r\n"))[1], 0.012, 0.014)


@pytest.mark.parametrize(
    ("line", "seconds", "number"),
    [
        (b'AT+CWJAP="nowhere","12345678"', 15, 3),
        (b'AT+CWJAP="espressif","wrong-password"', 15, 2),
        (b'AT+CWJAP="nowhere","12345678",,,,,,3', 3, 3),
        (b'AT+CWJAP="nowhere","12345678",,,,,,60', 60, 3),
    ],
)
async def test_a_join_that_cannot_succeed_is_tried_again_until_its_time_is_up(
    line: bytes, seconds: int, number: int
) -> None:
    async with wire(*STATION) as it:
        it.client.send(line + b"\r\n")
        await it.clock.advance(seconds - 0.1)
        assert it.client.read() == b""
        it.client.send(b"?\r\n")
        assert (await it.until(BUSY))[0] == BUSY
        printed, rest = await it.until(ERROR)
        assert printed == b"+CWJAP:%d\r\n" % number + ERROR
        assert lasts(rest, 0.09, 0.11)
        assert (await it.command(b"AT+CWSTATE?"))[0] == b'+CWSTATE:4,"%b"\r\n' % line.split(b'"')[1] + OK


async def test_an_access_point_that_comes_while_the_module_tries() -> None:
    async with wire(*STATION) as it:
        it.simulation.access_point(b"espressif").switch_off()
        it.client.send(JOIN + b"\r\n")
        await it.clock.advance(8)
        assert it.client.read() == b""
        it.simulation.access_point(b"espressif").switch_on()
        printed, seconds = await it.until(OK)
        assert printed == b"WIFI CONNECTED\r\nWIFI GOT IP\r\n" + OK
        assert seconds < 7


async def test_the_old_firmwares_try_as_long() -> None:
    async with wire(*STATION, dialect="esp8266-v1.7") as it:
        printed, seconds = await it.command(b'AT+CWJAP="nowhere","12345678"', b"FAIL\r\n")
        assert printed == b"+CWJAP:3\r\n\r\nFAIL\r\n"
        assert lasts(seconds, 15.0, 15.02)
