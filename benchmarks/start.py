"""From starting `espat run` to its `ready to open` line, against `python -c "import trio"`."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Final

from benchmarks.figure import Goal, Row, compare
from benchmarks.processes import ROOT, simulator

STARTS: Final = 7
"""Starts in one run."""


def measure() -> list[Row]:
    """Milliseconds, the median of the starts of a run."""
    import_trio()  # once for the bytecode and the file cache
    start()
    name = "start of espat run to ready to open"
    return [compare("start", name, "ms", _of(import_trio), _of(start), best=min, goal=Goal(1.6))]


def import_trio() -> float:
    """Run the baseline; returns the moment of its end."""
    subprocess.run([sys.executable, "-c", "import trio"], cwd=ROOT, check=True)
    return time.perf_counter()


def start() -> float:
    """Start the simulator; returns the moment when it said that it was ready."""
    with simulator():
        return time.perf_counter()


def _of(started: Callable[[], float]) -> Callable[[], float]:
    def run() -> float:
        times = []
        for _ in range(STARTS):
            begin = time.perf_counter()
            times.append((started() - begin) * 1000)
        return statistics.median(times)

    return run
