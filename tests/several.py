"""Several modules on one air: in memory, in stepped time, driven by the test."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.ports.port import MemoryPort
from espat.core.time.clock import SteppedClock
from espat.dialects.esp32_v5 import Esp32V5
from espat.scenario.stage.running_world import RunningWorld
from espat.scenario.world.world import World
from tests.texts import JOIN_LAB, JOINED, OK, READY, SOFTAP
from tests.workbench import Workbench


@asynccontextmanager
async def modules(
    count: int = 2, world: World | None = None, *, profile: str = "fast", capacity: int | None = None
) -> AsyncIterator[list[Workbench]]:
    """Modules that have booted, with their echo off; all of them share the clock."""
    clock = SteppedClock()
    announced: list[tuple[int, str]] = []
    simulation = RunningWorld(
        world or World(), clock, profile=profile, announce=lambda number, text: announced.append((number, text))
    )
    benches = []
    for _ in range(count):
        port = MemoryPort(now=clock.now, move_on_after=clock.move_on_after, capacity=capacity)
        module = simulation.add_module(Esp32V5(), port)
        benches.append(Workbench(simulation, module, port, clock, announced))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(simulation.run)
        await wait_all_tasks_blocked()
        await clock.advance(simulation.timing["boot"])
        for bench in benches:
            assert await bench.settle() == READY
            assert (await bench.command(b"ATE0")).endswith(OK) or profile == "real"
        yield benches
        nursery.cancel_scope.cancel()


async def run(bench: Workbench, *lines: bytes) -> None:
    """Type commands, each of which answers OK and prints nothing else."""
    for line in lines:
        printed = await bench.command(line)
        assert printed == OK, (line, printed)


async def mac_of(bench: Workbench, interface: bytes) -> bytes:
    """The MAC address of the station (STA) or softAP (AP), as printed."""
    printed = await bench.command(b"AT+CIFSR")
    return printed.partition(b"+CIFSR:%bMAC," % interface)[2].partition(b"\r\n")[0]


@asynccontextmanager
async def on_one_softap(
    *commands: bytes, world: World | None = None, count: int = 2, capacity: int | None = None
) -> AsyncIterator[Sequence[Workbench]]:
    """The first module has a softAP at 192.168.4.1; the others have joined it and are .2, .3 and so on. All of them
    have run these commands."""
    async with modules(count, world, capacity=capacity) as benches:
        await run(benches[0], b"AT+CWMODE=2", SOFTAP)
        for bench in benches[1:]:
            await run(bench, b"AT+CWMODE=1")
            assert await bench.command(JOIN_LAB) == JOINED
            benches[0].port.read()
        for bench in benches:
            await run(bench, *commands)
        yield benches
