"""What the simulator costs while it does nothing, and whether it grows while it works."""

import os
import time
from pathlib import Path
from typing import Final

from benchmarks.client import Uart, connect, exchange
from benchmarks.figure import Goal, Row
from benchmarks.processes import DIALECTS, bare_program, simulator

KIB: Final = 1024
MEGABYTE: Final = 1_000_000
IDLE_TIME: Final = 5.0
"""Seconds of doing nothing in which wake-ups are counted."""
SETTLE_TIME: Final = 1.0
"""Seconds before them, for what the last command has left to do."""
WARM_UP_SENDS: Final = 1000
SENDS: Final = 10000
GROWTH_TOLERANCE: Final = 64
"""KiB of resident memory that are no growth: pages the allocator takes and gives as it likes. A reference and the
smallest of objects left behind by every send are more than twice as much."""


def measure() -> list[Row]:
    """One process of each firmware: joined and connected with a client attached it rests, then it sends."""
    with bare_program("bare_echo") as server:
        bare = resident_memory(server.pid) / MEGABYTE
    return [row for dialect, of in DIALECTS.items() for row in _rows(dialect, of, bare)]


def _rows(dialect: str, of: str, bare: float) -> list[Row]:
    with bare_program("tcp_echo") as peer, simulator("--dialect", dialect) as server:
        uart = Uart(server.at)
        connect(uart, int(peer.at))
        time.sleep(SETTLE_TIME)
        before = context_switches(server.pid)
        time.sleep(IDLE_TIME)
        wake_ups = (context_switches(server.pid) - before) / IDLE_TIME
        idle = resident_memory(server.pid)
        for _ in range(WARM_UP_SENDS):
            exchange(uart)
        warm = resident_memory(server.pid)
        for _ in range(SENDS):
            exchange(uart)
        growth = (resident_memory(server.pid) - warm) / KIB
        uart.close()
    return [
        Row("footprint", f"resident memory, idle{of}", "MB", idle / MEGABYTE, bare, Goal(45, on_ratio=False)),
        Row("footprint", f"growth over {SENDS} sends{of}", "KiB", growth, goal=Goal(GROWTH_TOLERANCE, on_ratio=False)),
        Row("footprint", f"wake-ups, idle client attached{of}", "1/s", wake_ups, goal=Goal(0, on_ratio=False)),
    ]


def resident_memory(pid: int) -> int:
    """Bytes of a process that are in memory."""
    return _status(Path(f"/proc/{pid}/status"), "VmRSS") * KIB


def context_switches(pid: int) -> int:
    """How often any thread of a process has been taken off the processor: none without having woken up before."""
    return sum(
        _status(thread / "status", key)
        for thread in Path(f"/proc/{pid}/task").iterdir()
        for key in ("voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")
    )


def processor_time(pid: int) -> float:
    """Seconds of processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _status(path: Path, key: str) -> int:
    for line in path.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0])
    raise RuntimeError(f"{path} has no {key}")
