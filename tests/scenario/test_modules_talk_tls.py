"""Two modules of one simulation, SSL server and SSL client that show each other certificates, in stepped time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.ports.port import MemoryPort
from espat.core.time.clock import SteppedClock
from espat.core.time.real_time_clock import RealTimeClock
from espat.core.trace import Trace
from espat.dialects.esp32_v5 import Esp32V5
from espat.scenario.stage.running_world import RunningWorld
from espat.scenario.world.world import World
from espat.stack.server import Server
from tests.certificates import NOW
from tests.scenario.test_modules_talk import payload, send
from tests.stations import on_one_softap
from tests.texts import ERROR, LOST, OK, OPENED, PROMPT
from tests.workbench import Workbench, run

SERVER = b'AT+CIPSERVER=1,443,"SSL",1'
CLIENT = b'AT+CIPSTART=0,"SSL","192.168.4.1",443'
OPENED_0 = b"0," + OPENED


@asynccontextmanager
async def pair(mode: bytes = b"AT+CIPSSLCCONF=5,3,0,0") -> AsyncIterator[tuple[Workbench, Workbench]]:
    """Server and client, which are not connected yet."""
    async with on_one_softap(b"AT+CIPMUX=1", b"AT+SYSLOG=1") as (server, client):
        server.module[RealTimeClock].set(NOW)
        client.module[RealTimeClock].set(NOW)
        await run(server, SERVER)
        await run(client, mode)
        yield server, client


async def test_they_come_to_terms_and_exchange_data() -> None:
    random = Random(1)
    async with pair() as (server, client):
        assert await client.command(CLIENT) == OPENED_0
        assert server.port.read() == b"0,CONNECT\r\n"
        for sender, receiver in ((client, server), (server, client)):
            for length in (1, 1460, 4096, 8192):
                data = random.randbytes(length)
                await send(sender, data)
                assert payload(await receiver.settle()) == data
        assert await client.command(b"AT+CIPCLOSE=0") == b"0,CLOSED\r\n" + OK
        assert await server.settle() == b"0,CLOSED\r\n"


async def test_a_client_that_shows_nothing_is_refused() -> None:
    async with pair(b"AT+CIPSSLCCONF=5,2,0,0") as (server, client):
        assert await client.command(CLIENT) == b"+ERRNO:0x7780\r\n" + ERROR
        assert server.port.read() == b""


async def test_a_client_that_does_not_know_the_server_refuses_it() -> None:
    async with pair(b"AT+CIPSSLCCONF=5,3,0,1") as (server, client):
        assert await client.command(CLIENT) == b"+ERRNO:0x8\r\n" + ERROR
        assert server.port.read() == b""


async def test_a_server_that_loses_its_power_in_the_handshake_is_waited_for() -> None:
    async with pair() as (server, client):
        server.module[Server]._accept = lambda *_: None  # type: ignore[method-assign]
        assert await client.command(CLIENT) == b""
        server.module.power_off()
        assert await client.advance(9) == LOST
        assert await client.advance(1.1) == b"+ERRNO:0x4c\r\n" + ERROR
        assert await client.command(b"AT+CIPSTATE?") == OK


async def session(folder: Path) -> bytes:
    """A whole session of two modules, with passthrough; returns its trace."""
    clock = SteppedClock()
    trace = Trace(folder / "trace.jsonl")
    simulation = RunningWorld(World(seed=7), clock, trace=trace)
    benches = []
    for _ in range(2):
        port = MemoryPort(now=clock.now, move_on_after=clock.move_on_after)
        benches.append(Workbench(simulation, simulation.add_module(Esp32V5(), port), port, clock, []))
    server, client = benches
    async with trio.open_nursery() as nursery:
        nursery.start_soon(simulation.run)
        await wait_all_tasks_blocked()
        await clock.advance(1)
        for bench in benches:
            bench.module[RealTimeClock].set(NOW)
            for line in (b"AT+CWMODE=1", b'AT+CWJAP="espressif","1234567890"'):
                bench.port.send(line + b"\r\n")
                await clock.advance(5)
            bench.port.read()
        for line in (b"AT+CIPMUX=1", SERVER):
            assert (await server.command(line)).endswith(OK)
        for line in (b"AT+CIPSSLCCONF=3", b'AT+CIPSTART="SSL","192.168.3.112",443', b"AT+CIPMODE=1"):
            assert (await client.command(line)).endswith(OK)
        assert await client.command(b"AT+CIPSEND") == PROMPT
        data = Random(5).randbytes(30_000)
        for at in range(0, len(data), 1000):  # both at once
            client.port.send(data[at : at + 1000])
            await server.send(b"AT+CIPSEND=0,%d\r\n" % (at % 700 + 1))
            server.port.send(data[: at % 700 + 1])
            await clock.advance(0.1)
        client.port.send(b"+++")
        await clock.advance(2)
        client.port.send(b"AT+CIPCLOSE\r\n")
        await clock.advance(1)
        nursery.cancel_scope.cancel()
    trace.close()
    return (folder / "trace.jsonl").read_bytes()


async def test_the_same_session_leaves_the_same_trace(tmp_path: Path) -> None:
    traces = []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        traces.append(await session(folder))
    assert traces[0] == traces[1] == traces[2]
    assert b"0,CONNECT" in traces[0]
    assert b"0,CLOSED" in traces[0]
    assert traces[0].count(b"SEND OK") == 30
