"""The module alone, driven through its in-memory port in this process: no PTY, no client at the other end.

The peer of the exchanges is the TCP echo in a process of its own, so that the profile shows the module's time.
"""

import cProfile
import pstats
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Final

import trio

from benchmarks.client import PAYLOAD, SEND, Exchange, set_up
from benchmarks.figure import RUNS, Row
from benchmarks.processes import DIALECTS, bare_program
from benchmarks.processors import awake_processors, put_under_test
from espat.core.ports.port import MemoryPort
from espat.core.time.clock import RealClock
from espat.dialects.loading import load_firmware
from espat.dialects.names import RUNNABLE
from espat.scenario.stage.running_world import RunningWorld
from espat.scenario.world.world import World

COMMANDS: Final = 10000
EXCHANGES: Final = 2000
WARM_UP: Final = 200
LIMIT: Final = 60
"""Seconds after which the module has failed to answer."""
PROFILE_LINES: Final = 25

Round = Callable[[MemoryPort], Awaitable[None]]


@awake_processors()
def measure() -> list[Row]:
    """Commands and exchanges per second, and what one takes of the processor."""
    with bare_program("tcp_echo") as peer:
        put_under_test()
        port = int(peer.at)
        return [
            row
            for dialect, of in DIALECTS.items()
            for what, one, rounds in (("AT to OK", test_startup, COMMANDS), ("CIPSEND and +IPD", exchange, EXCHANGES))
            for row in _rows(f"{what} in memory{of}", trio.run(_runs, dialect, port, one, rounds))
        ]


def profile() -> None:
    """Print where the time of the exchanges goes."""
    with bare_program("tcp_echo") as peer:
        profiler = trio.run(_profile, int(peer.at))
    pstats.Stats(profiler).sort_stats("tottime").print_stats(PROFILE_LINES)


async def test_startup(port: MemoryPort) -> None:
    """`AT` to `OK`."""
    port.send(b"AT\r\n")
    await port.read_until(b"OK\r\n")


async def exchange(port: MemoryPort) -> None:
    """Send 1024 bytes to the peer and take back what it returns."""
    port.send(SEND)
    await port.read_until(b">")
    port.send(PAYLOAD)
    coming = Exchange()
    while not coming.feed(await port.read_some()):
        pass


def _rows(name: str, runs: list[tuple[float, float]]) -> list[Row]:
    rates, loads = (tuple(values) for values in zip(*runs, strict=True))
    return [
        Row("in-memory", name, "1/s", max(rates), runs=rates),
        Row("in-memory", "  processor time of one", "us", min(loads), runs=loads),
    ]


async def _runs(dialect: str, peer: int, one: Round, rounds: int) -> list[tuple[float, float]]:
    """Rate per second and microseconds of processor time of one round, for each run."""
    runs = []
    async with connected_module(peer, dialect) as port:
        for _ in range(RUNS):
            begin, busy = time.perf_counter(), time.process_time()
            for _ in range(rounds):
                await one(port)
            runs.append((rounds / (time.perf_counter() - begin), (time.process_time() - busy) / rounds * 1e6))
    return runs


async def _profile(peer: int) -> cProfile.Profile:
    profiler = cProfile.Profile()
    async with connected_module(peer) as port:
        for _ in range(WARM_UP):
            await exchange(port)
        with profiler:
            for _ in range(EXCHANGES):
                await exchange(port)
    return profiler


@asynccontextmanager
async def connected_module(peer: int, dialect: str = RUNNABLE[0]) -> AsyncIterator[MemoryPort]:
    """A module, echo off, with an open connection to a port of this machine."""
    port = MemoryPort()
    simulation = RunningWorld(World(), RealClock())
    simulation.add_module(load_firmware(dialect), port)
    with trio.fail_after(LIMIT):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(simulation.run)
            await booted(port, set_up(peer))
            yield port
            nursery.cancel_scope.cancel()


async def booted(port: MemoryPort, lines: Iterable[bytes]) -> None:
    """Wait until a module has booted, and have it run these commands."""
    await port.read_until(b"ready\r\n")
    for line in lines:
        port.send(line + b"\r\n")
        await port.read_until(b"\r\nOK\r\n")
