"""CIPSEND of 1024 bytes to a loopback TCP echo and its +IPD back, against a program that does only this."""

from functools import partial
from typing import Final

from benchmarks.figure import Goal, Row, compare
from benchmarks.processes import DIALECTS, bare_program, client, simulator
from benchmarks.processors import awake_processors, put_under_test

ROUNDS: Final = 1500


@awake_processors()
def measure() -> list[Row]:
    """Exchanges per second of a whole run; both talk to the same peer."""
    name = "CIPSEND of 1024 bytes and +IPD over a PTY"
    with bare_program("tcp_echo") as peer:
        bare, goal = partial(_bare, peer.at), Goal(0.6, at_most=False)
        return [
            compare("exchange", f"{name}{of}", "1/s", bare, partial(_module, peer.at, dialect), best=max, goal=goal)
            for dialect, of in DIALECTS.items()
        ]


def _bare(peer: str) -> float:
    with bare_program("bare_exchange", peer) as server:
        put_under_test(server.pid)
        return client("exchange", server.at, ROUNDS)


def _module(peer: str, dialect: str) -> float:
    with simulator("--dialect", dialect) as server:
        put_under_test(server.pid)
        return client("exchange", server.at, ROUNDS, "--module", "--peer", peer)
