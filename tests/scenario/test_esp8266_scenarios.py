"""The scenarios of the old firmwares, each replayed in memory and in stepped time."""

from pathlib import Path

import pytest
import trio

from simulator.core.clock import SteppedClock
from simulator.core.port import MemoryPort
from simulator.dialects.catalogue import load_catalogue
from simulator.dialects.loading import load_firmware
from simulator.scenario.playing.player import prepare
from simulator.scenario.simulation import Simulation
from simulator.scenario.transcript import Transcript, read_transcript
from simulator.scenario.world_file import load_world

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios" / "esp8266").glob("*.yaml"))
LIMIT = 20.0


class PortStream(trio.abc.Stream):
    """The client's side of a port in memory, as a stream."""

    def __init__(self, port: MemoryPort) -> None:
        self._port = port

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        self._port.send(bytes(data))

    async def wait_send_all_might_not_block(self) -> None:
        pass

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        return await self._port.read_exactly(1) + self._port.read()

    async def aclose(self) -> None:
        pass


class TickingClock(SteppedClock):
    """Stepped time in which whoever waits moves it: for the client's clock of a stage."""

    def __init__(self, module: SteppedClock) -> None:
        super().__init__()
        self._module = module

    async def sleep(self, seconds: float) -> None:
        await self._module.advance(seconds)


async def play(transcript: Transcript, tmp_path: Path) -> None:
    """Play a scenario against a module in memory."""
    async with prepare(transcript) as player, trio.open_nursery() as nursery:
        path = tmp_path / "world.toml"
        path.write_text(player.world, encoding="utf-8")
        clock = SteppedClock()
        served: dict[tuple[str, str], tuple[str, int]] = {}
        news = trio.Event()

        def announce(module: int, text: str) -> None:
            words = text.split()  # serves tcp 1001 at 127.0.0.1:1001
            if words[0] == "serves":
                address, _, port = words[-1].rpartition(":")
                served[words[1], words[2]] = address, int(port)
                news.set()

        async def find_port(module: int, protocol: str, port: int) -> tuple[str, int]:
            while (protocol, str(port)) not in served:
                await news.wait()
            return served[protocol, str(port)]

        simulation = Simulation(load_world(path), clock, announce=announce)
        port = MemoryPort(now=clock.now, move_on_after=clock.move_on_after)
        simulation.add_module(load_firmware(transcript.dialect), port)
        nursery.start_soon(simulation.run)
        await clock.advance(0)
        await port.read_until(b"ready\r\n")
        await player.play({"A": PortStream(port)}, find_port, clock=TickingClock(clock), limit=LIMIT)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
async def test_it_replays(path: Path, tmp_path: Path) -> None:
    with trio.fail_after(4 * LIMIT):
        await play(read_transcript(path), tmp_path)


def test_every_command_of_the_three_chapters_is_in_one() -> None:
    typed: set[str] = set()
    for path in SCENARIOS:
        sent = [str(step.value) for step in read_transcript(path).steps if step.action == "send"]
        for line in sent:
            name = line.partition("=")[0]
            form = "query" if name.endswith("?") else "test" if line.endswith("=?") else "set" if "=" in line else ""
            typed.add(f"{name.rstrip('?').upper()} {form or 'execute'}")
    catalogue = load_catalogue("esp8266-v0.30")
    wanted = {
        f"{command} {form}"
        for entry in catalogue.documented
        if entry.name not in catalogue.open
        for form in entry.forms
        if form != "urc"
        for command in entry.commands
    }
    assert wanted - typed == set()
