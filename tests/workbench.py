"""Modules on the bench: in memory, in stepped time, driven by the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.at.engine import Engine
from espat.core.ports.port import MemoryPort
from espat.core.time.clock import SteppedClock
from espat.dialects.loading import load_firmware
from espat.module import Module
from espat.persist.storage import Storage
from espat.scenario.stage.running_world import RunningWorld
from espat.scenario.world.world import World
from tests.texts import OK


class Workbench:
    """One module, its port and its clock."""

    def __init__(
        self,
        simulation: RunningWorld,
        module: Module,
        port: MemoryPort,
        clock: SteppedClock,
        announced: list[tuple[int, str]],
        waits_for_boots: bool = True,
    ) -> None:
        """`announced`: what the modules have offered on this machine: module number and text. `waits_for_boots`:
        whether a boot is over when it has come to rest."""
        self.announced = announced
        self.boot = b""
        """What it printed when it was powered on."""
        self._waits_for_boots = waits_for_boots
        self.simulation = simulation
        self.module = module
        self.port = port
        self.clock = clock

    async def rest(self) -> None:
        """Let everything in memory come to rest.

        A boot of the fast profile is waited for: that takes module time, and only a test of the boot itself cares.
        """
        await wait_all_tasks_blocked()
        while self._waits_for_boots and self.module.is_booting:
            await self.clock.advance(self.simulation.timing["boot"])

    async def settle(self) -> bytes:
        """Let everything in memory come to rest; returns what the module has printed."""
        await self.rest()
        return self.port.read()

    async def send(self, *chunks: bytes) -> bytes:
        """Send chunks, letting everything settle behind each; returns what the module prints."""
        printed = b""
        for chunk in chunks:
            self.port.send(chunk)
            printed += await self.settle()
        return printed

    async def command(self, line: bytes) -> bytes:
        """Send a command line with its CR LF; returns what is printed, without the echo."""
        lines = self.module.firmware.conventions.line_reader()
        echo = lines.feed(line + b"\r\n").echo if self.module[Engine].echo else b""
        printed = await self.send(line + b"\r\n")
        assert printed.startswith(echo), printed
        return printed[len(echo) :]

    async def advance(self, seconds: float) -> bytes:
        """Let module time pass; returns what is printed meanwhile."""
        await self.clock.advance(seconds)
        return await self.settle()


@asynccontextmanager
async def _booted(
    count: int, world: World | None, profile: str, capacity: int | None, dialect: str, storage: Storage | None
) -> AsyncIterator[list[Workbench]]:
    clock = SteppedClock()
    announced: list[tuple[int, str]] = []
    simulation = RunningWorld(
        world or World(), clock, profile=profile, announce=lambda number, text: announced.append((number, text))
    )
    firmware = load_firmware(dialect)
    benches = []
    for _ in range(count):
        port = MemoryPort(now=clock.now, move_on_after=clock.move_on_after, capacity=capacity)
        module = simulation.add_module(firmware, port, storage)
        benches.append(Workbench(simulation, module, port, clock, announced, waits_for_boots=profile == "fast"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(simulation.run)
        await wait_all_tasks_blocked()
        await clock.advance(simulation.timing["boot"])
        for bench in benches:
            bench.boot = await bench.settle()
            assert bench.boot.startswith(b"".join(firmware.ready))
        yield benches
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def workbench(
    world: World | None = None,
    *,
    profile: str = "fast",
    capacity: int | None = None,
    dialect: str = "esp32-v5",
    storage: Storage | None = None,
) -> AsyncIterator[Workbench]:
    """A module that has just printed `ready`, which has been read.

    `capacity`: how many unread bytes the client's side of the port holds. `storage`: the flash; a
    new one when none is given.
    """
    async with _booted(1, world, profile, capacity, dialect, storage) as (bench,):
        yield bench


@asynccontextmanager
async def modules(
    count: int = 2,
    world: World | None = None,
    *,
    profile: str = "fast",
    capacity: int | None = None,
    dialect: str = "esp32-v5",
) -> AsyncIterator[list[Workbench]]:
    """Modules that have booted on one air, with their echo off; all of them share the clock."""
    async with _booted(count, world, profile, capacity, dialect, None) as benches:
        for bench in benches:
            assert bench.boot == b"".join(bench.module.firmware.ready)
            assert (await bench.command(b"ATE0")).endswith(OK) or profile == "real"
        yield benches


async def run(bench: Workbench, *lines: bytes) -> None:
    """Type commands, each of which answers OK and prints nothing else."""
    for line in lines:
        printed = await bench.command(line)
        assert printed == OK, (line, printed)
