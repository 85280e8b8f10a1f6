"""`AT` to `OK` over a PTY, against a bare trio PTY echo."""

from functools import partial
from typing import Final

from benchmarks.figure import Goal, Row, compare
from benchmarks.processes import DIALECTS, bare_program, client, simulator
from benchmarks.processors import awake_processors, put_under_test

ROUNDS: Final = 5000


@awake_processors()
def measure() -> list[Row]:
    """Microseconds, the median of a run; the module echoes, as it does when it has booted."""
    name = "AT to OK over a PTY, median"
    return [
        compare("round-trip", f"{name}{of}", "us", _bare, partial(_module, dialect), best=min, goal=Goal(2.0))
        for dialect, of in DIALECTS.items()
    ]


def _bare() -> float:
    with bare_program("bare_echo") as server:
        put_under_test(server.pid)
        return client("round-trip", server.at, ROUNDS)


def _module(dialect: str) -> float:
    with simulator("--dialect", dialect) as server:
        put_under_test(server.pid)
        return client("round-trip", server.at, ROUNDS, "--module")
