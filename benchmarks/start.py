"""From starting `espat run` to its `ready to open` line, against `python -c "import trio"`."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from benchmarks.figure import Goal, Row, compare
from benchmarks.processes import DIALECTS, ROOT, simulator

STARTS: Final = 7
"""Starts in one run."""


def measure() -> list[Row]:
    """Milliseconds, the median of the starts of a run."""
    import_trio()  # once for the bytecode and the file cache
    for dialect in DIALECTS:
        start(dialect)
    name = "start of espat run to ready to open"
    return [
        compare("start", f"{name}{of}", "ms", _of(import_trio), _of(partial(start, dialect)), best=min, goal=Goal(1.6))
        for dialect, of in DIALECTS.items()
    ]


def import_trio() -> float:
    """Run the baseline; returns the moment of its end."""
    subprocess.run([sys.executable, "-c", "import trio"], cwd=ROOT, check=True)
    return time.perf_counter()


def start(dialect: str) -> float:
    """Start the simulator; returns the moment when it said that it was ready."""
    with simulator("--dialect", dialect):
        return time.perf_counter()


def _of(started: Callable[[], float]) -> Callable[[], float]:
    def run() -> float:
        times = []
        for _ in range(STARTS):
            begin = time.perf_counter()
            times.append((started() - begin) * 1000)
        return statistics.median(times)

    return run
