"""The reading side of the UART: what comes in pieces without a gap is one piece where it is refused."""

import pytest
import trio

from espat.core.ports.port import MemoryPort
from espat.core.time.clock import SteppedClock
from espat.dialects.loading import load_firmware
from espat.scenario.stage.running_world import RunningWorld
from espat.scenario.world.world import World
from tests.texts import BUSY, JOIN
from tests.workbench import Workbench, workbench

GAP = 0.002
SLOW_JOIN = World(timing={"join": 2.0})


async def typed(bench: Workbench, line: bytes) -> bytes:
    """Send a line byte by byte, and let the gap behind it pass."""
    bench.port.line_gap = GAP
    return await bench.send(*(bytes([byte]) for byte in line)) + await bench.advance(GAP)


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        (b"xyz\r\n", b"xyz\r\n\r\nERROR\r\n"),
        (b"?", b"?\r\nERROR\r\n"),
        (b"AT\r\n", b"AT\r\n\r\nOK\r\n"),
        (b"x" * 300, b"x" * 256 + b"\r\nERROR\r\n" + b"x" * 44 + b"\r\nERROR\r\n"),
    ],
    ids=["wrong line", "one byte", "command", "no end of it"],
)
async def test_what_cannot_begin_a_command_is_refused_once(line: bytes, printed: bytes) -> None:
    async with workbench() as bench:
        assert await typed(bench, line) == printed


async def test_a_line_is_refused_once_while_a_command_runs() -> None:
    async with workbench(SLOW_JOIN) as bench:
        await bench.send(b"AT+CWMODE=1\r\n", JOIN + b"\r\n")
        assert await typed(bench, b"AT+GMR\r\n") == BUSY
        assert await typed(bench, b"AT+GM") == BUSY
        restarted = await typed(bench, b"AT+RST\r\n")
        assert restarted == b"\r\nWill force to restart!!!\r\n\r\nOK\r\n\r\nready\r\n"


async def test_what_began_while_a_command_ran_is_refused_though_it_has_ended() -> None:
    async with workbench(SLOW_JOIN) as bench:
        await bench.send(b"AT+CWMODE=1\r\n", JOIN + b"\r\n")
        bench.port.line_gap = GAP
        await bench.advance(2.0 - GAP / 2)
        printed = await bench.send(b"A")
        printed += await bench.advance(GAP / 2)
        printed += await bench.send(b"T\r\n")
        assert printed == b"WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n" + BUSY
        assert await bench.send(b"AT\r\n") == b"AT\r\n\r\nOK\r\n"


@pytest.mark.parametrize(
    ("world", "printed"),
    [(World(timing={"boot": 0}), b"\r\nready\r\nAT\r\n\r\nOK\r\n"), (World(), b"\r\nready\r\n")],
    ids=["no time to start", "time to start"],
)
async def test_what_comes_before_ready(world: World, printed: bytes) -> None:
    clock = SteppedClock()
    port = MemoryPort(now=clock.now, move_on_after=clock.move_on_after)
    simulation = RunningWorld(world, clock)
    simulation.add_module(load_firmware("esp32-v5"), port)
    port.send(b"AT\r\n")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(simulation.run)
        await clock.advance(5)
        assert port.read() == printed
        nursery.cancel_scope.cancel()
