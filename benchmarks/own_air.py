"""Two modules over their own air: TCP from one to the other, both in passthrough, driven through in-memory ports."""

import time
from typing import Final

import trio

from benchmarks.figure import RUNS, Row
from benchmarks.in_memory import booted
from benchmarks.processors import awake_processors, put_under_test
from benchmarks.transfer_data import Check, piece
from espat.core.ports.port import MemoryPort
from espat.core.time.clock import RealClock
from espat.dialects.esp32_v5 import Esp32V5
from espat.scenario.stage.running_world import RunningWorld
from espat.scenario.world.world import World

COUNT: Final = 5_000_000
CHUNK: Final = 16384
CAPACITY: Final = 65536
"""Bytes the receiving side of a port holds unread."""
MEGABYTE: Final = 1_000_000
LIMIT: Final = 100
"""Seconds after which the modules have failed."""
SERVER: Final = (
    b"ATE0",
    b"AT+CWMODE=2",
    b'AT+CWSAP="lab","12345678",5,3',
    b"AT+CIPMUX=1",
    b"AT+CIPSERVERMAXCONN=1",
    b"AT+CIPSERVER=1,333",
    b"AT+CIPMODE=1",
)
CLIENT: Final = (
    b"ATE0",
    b"AT+CWMODE=1",
    b'AT+CWJAP="lab","12345678"',
    b'AT+CIPSTART="TCP","192.168.4.1",333',
    b"AT+CIPMODE=1",
)


@awake_processors()
def measure() -> list[Row]:
    """Megabytes per second; both modules share one processor."""
    put_under_test()
    runs = trio.run(_runs)
    return [Row("own-air", "TCP from one module to another", "MB/s", max(runs), runs=runs)]


async def _runs() -> tuple[float, ...]:
    simulation = RunningWorld(World(), RealClock())
    server, client = ports = [MemoryPort(capacity=CAPACITY) for _ in range(2)]
    for port in ports:
        simulation.add_module(Esp32V5(), port)
    with trio.fail_after(LIMIT):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(simulation.run)
            for port, lines in ((server, SERVER), (client, CLIENT)):
                await booted(port, lines)
            client.send(b"AT+CIPSEND\r\n")
            await client.read_until(b">")
            await server.read_until(b"0,CONNECT\r\n")
            runs = tuple([await _transfer(client, server) for _ in range(RUNS)])
            nursery.cancel_scope.cancel()
    return runs


async def _transfer(client: MemoryPort, server: MemoryPort) -> float:
    begin = time.perf_counter()
    for at in range(0, COUNT, CHUNK):
        client.send(bytes(piece(at, min(CHUNK, COUNT - at))))
    check = Check()
    while check.count < COUNT:
        check.feed(await server.read_exactly(min(CHUNK, COUNT - check.count)))
    if check.wrong:
        raise RuntimeError("what came is not what was sent")
    return COUNT / (time.perf_counter() - begin) / MEGABYTE
