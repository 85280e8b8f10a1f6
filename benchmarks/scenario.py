"""Scenarios: a day in stepped time, timers per second, a short scenario from start to exit, and files per second."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import trio

from benchmarks.figure import RUNS, Goal, Row, compare
from benchmarks.processes import ROOT
from espat.core.ports.port import MemoryPort
from espat.core.time.clock import SteppedClock
from espat.dialects.esp32_v5 import Esp32V5
from espat.scenario.play.outcome import PASSED, WAITING, play_file
from espat.scenario.stage.options import StageOptions
from espat.scenario.stage.running_world import RunningWorld
from espat.scenario.world.world import World

SCENARIOS: Final = Path(__file__).with_name("scenarios")
DOCUMENTED: Final = ROOT / "scenarios" / "documented"
FILES: Final = 200
TIMERS: Final = 30_000
SAME: Final = 100
"""Runs that have to give the same trace."""


def measure() -> list[Row]:
    """The figures of playing."""
    return [
        _alone("a simulated day, stepped", "s", _day, best=min, goal=Goal(3, on_ratio=False)),
        _alone(
            "timers of a module, stepped", "/s", _timers, best=max, goal=Goal(15_000, at_most=False, on_ratio=False)
        ),
        compare(
            "scenario",
            "a scenario of 30 steps, start to exit",
            "ms",
            partial(_process, "-c", "import trio"),
            partial(_process, "-m", "espat", "play", str(SCENARIOS / "thirty_steps.yaml")),
            best=min,
            goal=Goal(4),
        ),
        _alone(f"{FILES} scenario files with --jobs 2", "/s", _files, best=max),
        Row(
            "scenario",
            f"sessions whose {SAME} runs differ",
            "",
            float(_different_traces()),
            goal=Goal(0, on_ratio=False),
        ),
    ]


def _alone(
    name: str,
    unit: str,
    run: Callable[[], float],
    *,
    best: Callable[[tuple[float, ...]], float],
    goal: Goal | None = None,
) -> Row:
    runs = tuple(run() for _ in range(RUNS))
    return Row("scenario", name, unit, best(runs), goal=goal, runs=runs)


def _played(path: Path, trace: Path | None = None) -> float:
    """Seconds a scenario takes. Raises RuntimeError when it does not pass."""
    outcome = play_file(path, StageOptions(trace=trace))
    if outcome.status != PASSED:
        raise RuntimeError("\n".join(outcome.details))
    return outcome.seconds


def _day() -> float:
    return _played(SCENARIOS / "day.yaml")


def _timers() -> float:
    """Timers per second that fire in a module which has booted and does nothing else."""
    return trio.run(_fire_timers)


async def _fire_timers() -> float:
    clock = SteppedClock()
    simulation = RunningWorld(World(), clock)
    module = simulation.add_module(Esp32V5(), MemoryPort(now=clock.now, move_on_after=clock.move_on_after))

    async def tick() -> None:
        while True:
            await clock.sleep(0.01)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(simulation.run)
        await clock.advance(1)
        module.spawn(tick)
        began = time.perf_counter()
        await clock.advance(0.01 * TIMERS)
        seconds = time.perf_counter() - began
        nursery.cancel_scope.cancel()
    return TIMERS / seconds


def _process(*arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1000


def _files() -> float:
    with tempfile.TemporaryDirectory() as directory:
        text = (SCENARIOS / "thirty_steps.yaml").read_bytes()
        for number in range(FILES):
            (Path(directory) / f"{number}.yaml").write_bytes(text)
        return FILES / _process("-m", "espat", "play", "--jobs", "2", directory) * 1000


def _different_traces() -> int:
    """How many documented sessions do not give the same trace a hundred times; those that wait are left out."""
    different = 0
    with tempfile.TemporaryDirectory() as directory:
        trace = Path(directory) / "trace.jsonl"
        for path in [SCENARIOS / "thirty_steps.yaml", *sorted(DOCUMENTED.glob("*.yaml"))]:
            if play_file(path, StageOptions()).status == WAITING:
                continue
            contents = set()
            for _ in range(SAME):
                _played(path, trace)
                contents.add(trace.read_bytes())
            different += len(contents) != 1
    return different
