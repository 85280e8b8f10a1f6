"""`python -m benchmarks`: measure, and print a table."""

import argparse
import json
import os
import platform
import signal
import sys
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Final

import trio

from benchmarks import (
    exchange,
    flash,
    flood,
    footprint,
    in_memory,
    many,
    own_air,
    paced,
    round_trip,
    scenario,
    start,
    tls,
    transfer,
)
from benchmarks.figure import Figure, Row
from benchmarks.processors import busy_share
from espat.core.suggestions import unknown

FIGURES: Final[dict[str, Figure]] = {
    "round-trip": round_trip.measure,
    "exchange": exchange.measure,
    "passthrough": transfer.measure_passthrough,
    "long": transfer.measure_long,
    "tls": tls.measure,
    "paced": paced.measure,
    "many": many.measure,
    "start": start.measure,
    "flash": flash.measure,
    "footprint": footprint.measure,
    "flood": flood.measure,
    "in-memory": in_memory.measure,
    "own-air": own_air.measure,
    "scenario": scenario.measure,
}
FIGURE_LIMIT: Final = 120
"""Seconds after which a figure is broken: its other end does not answer."""
QUIET: Final = 0.05
"""A machine that is busier than this disturbs the figures."""
GOAL_MISSED: Final = 1
BROKEN: Final = 2


def main() -> int:
    """Measure what is asked for. Exit codes: 0 done, 1 a goal is missed (with --check), 2 a benchmark is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="How fast and lean the simulator is.")
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"{', '.join(FIGURES)}; all when none is given")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write every run of every figure")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a goal is missed")
    parser.add_argument("--profile", action="store_true", help="print where the time of the exchange in memory goes")
    options = parser.parse_args()
    if wrong := [name for name in options.figures if name not in FIGURES]:
        parser.error("\n".join(unknown("figure", name, FIGURES) for name in wrong))
    names = options.figures or ([] if options.profile else list(FIGURES))
    signal.signal(signal.SIGALRM, _too_late)
    rows: list[Row] = []
    broken = False
    busy = busy_share()
    if busy > QUIET:
        print(f"note: this machine is {busy:.0%} busy with something else, which makes every figure worse\n")
    if names:
        print(HEADING, flush=True)
    for name in names:
        signal.alarm(FIGURE_LIMIT)
        try:
            found = FIGURES[name]()
        except Exception:
            broken = True
            traceback.print_exc()
            print(f"{name}: the benchmark is broken", flush=True)
            continue
        finally:
            signal.alarm(0)
        rows += found
        for row in found:
            print(table_line(row), flush=True)
    if options.profile:
        in_memory.profile()
    if options.json is not None:
        options.json.write_text(json.dumps(report(rows, busy), indent=2) + "\n", encoding="utf-8")
    if broken:
        return BROKEN
    return GOAL_MISSED if options.check and any(row.passed is False for row in rows) else 0


def _too_late(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"no end after {FIGURE_LIMIT} s")


_COLUMNS: Final = "{:42} {:>12} {:>12} {:>7}  {:16} {}"
HEADING: Final = _COLUMNS.format("figure", "measured", "baseline", "ratio", "goal", "")


def table_line(row: Row) -> str:
    """One line of the table."""
    goal = ""
    if row.goal is not None:
        word = "at most" if row.goal.at_most else "at least"
        goal = f"{word} {row.goal.limit:g} {'x' if row.goal.on_ratio else row.unit}"
    baseline = "" if row.baseline is None else _amount(row.baseline, row.unit)
    ratio = "" if row.ratio is None else f"{row.ratio:.2f} x"
    verdict = {None: "", True: "pass", False: "MISS"}[row.passed]
    return _COLUMNS.format(row.name, _amount(row.measured, row.unit), baseline, ratio, goal, verdict).rstrip()


def _amount(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 1000 or value == int(value) else f"{value:.1f} {unit}"


def report(rows: list[Row], busy: float) -> dict[str, object]:
    """All there is to know of the figures, for a file."""
    return {
        "python": platform.python_version(),
        "trio": trio.__version__,
        "kernel": platform.release(),
        "processors": os.cpu_count(),
        "busy": busy,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "figures": [
            {
                "figure": row.figure,
                "name": row.name.strip(),
                "unit": row.unit,
                "measured": row.measured,
                "baseline": row.baseline,
                "ratio": row.ratio,
                "goal": None if row.goal is None else row.goal._asdict(),
                "passed": row.passed,
                "runs": row.runs,
                "baseline_runs": row.baseline_runs,
            }
            for row in rows
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
