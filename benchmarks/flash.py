"""The flash file: settings per second against bare writes, and what the file costs at the start."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Final

from benchmarks.client import Uart
from benchmarks.figure import Goal, Row, compare
from benchmarks.processes import ROOT, simulator

WRITES: Final = 100_000
STARTS: Final = 5
"""Starts in one run."""
READY: Final = b"ready\r\n"


def measure() -> list[Row]:
    """Rates are the best of five runs, a start is the best of its runs."""
    with tempfile.TemporaryDirectory() as folder:
        image = f"{folder}/flash.bin"
        started("--flash", image)  # makes the file, and the bytecode
        return [
            compare(
                "flash",
                "settings into a flash file, against pwrite",
                "1/s",
                lambda: rate("bare_pwrite", f"{folder}/bare"),
                lambda: rate("flash_writes", f"{folder}/writes.bin"),
                best=max,
                goal=Goal(0.1, at_most=False),
            ),
            compare(
                "flash",
                "start to ready with a flash file, against none",
                "ms",
                _fastest(()),
                _fastest(("--flash", image)),
                best=min,
                goal=Goal(1.3),
            ),
        ]


def rate(program: str, file: str) -> float:
    """Writes per second of one of the two programs."""
    command = [sys.executable, "-m", f"benchmarks.{program}", file, str(WRITES)]
    return float(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout)


def started(*options: str) -> float:
    """Start the simulator and wait for the module's `ready`; returns the milliseconds that took."""
    begin = time.perf_counter()
    with simulator(*options) as server:
        uart = Uart(server.at)
        uart.read_until(READY)
        taken = (time.perf_counter() - begin) * 1000
        uart.close()
    return taken


def _fastest(options: tuple[str, ...]) -> Callable[[], float]:
    return lambda: min(started(*options) for _ in range(STARTS))
