"""Bytes at the baud rate, `--timing real`: how exact the mean rate is, and what keeping it costs."""

from typing import Final

from benchmarks.figure import Goal, Row
from benchmarks.footprint import processor_time
from benchmarks.processes import bare_program, client, simulator

BAUD_RATES: Final = (115_200, 3_000_000)
BITS: Final = 10
"""Of a byte, 8N1."""
SECONDS: Final = 6
"""How long a transfer takes at the right rate."""
MEGABYTE: Final = 1_000_000
DIRECTIONS: Final = {"upload": "to the module", "download": "from the module"}


def measure() -> list[Row]:
    """Percent by which the mean rate of a passthrough is off, and percent of a processor, each way."""
    return [row for rate in BAUD_RATES for what in DIRECTIONS for row in _rows(rate, what)]


def _rows(baud_rate: int, what: str) -> list[Row]:
    wanted = baud_rate / BITS
    count = int(wanted * SECONDS)
    with bare_program("transfer_peer") as peer, simulator("--timing", "real") as server:
        before = processor_time(server.pid)
        words = ("--module", "passthrough", "--peer", peer.at, "--baud-rate", str(baud_rate))
        rate = client(what, server.at, count, *words, program="transfer_client") * MEGABYTE
        share = (processor_time(server.pid) - before) / (count / rate)
    name = f"{baud_rate} baud {DIRECTIONS[what]}"
    error = abs(rate / wanted - 1)
    return [
        Row("paced", f"{name}, error", "%", error * 100, goal=Goal(1, on_ratio=False)),
        Row("paced", "  share of a processor", "%", share * 100, goal=Goal(20, on_ratio=False)),
    ]
