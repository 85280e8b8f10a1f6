"""Passthrough, AT+CIPSENDL and +IPD with much data, and passthrough with little, against a bare pump."""

from collections.abc import Callable
from functools import partial
from typing import Final

from benchmarks.figure import Goal, Row, compare
from benchmarks.processes import bare_program, client, simulator
from benchmarks.processors import awake_processors, put_under_test

CLIENT: Final = "transfer_client"
PASSTHROUGH_BYTES: Final = 50_000_000
LONG_BYTES: Final = 20_000_000
ROUNDS: Final = 5000
PASSTHROUGH: Final = Goal(0.6, at_most=False)
ECHO: Final = Goal(1.6)
LONG: Final = Goal(0.35, at_most=False)


@awake_processors()
def measure_passthrough() -> list[Row]:
    """Megabytes per second each way, and microseconds of a round trip."""
    up = _rate("passthrough", "passthrough of 50 MB to the network", "upload", "passthrough", PASSTHROUGH_BYTES)
    down = _rate("passthrough", "passthrough of 50 MB from the network", "download", "passthrough", PASSTHROUGH_BYTES)
    with bare_program("tcp_echo") as peer:
        bare, module = _sides(peer.at, "echo", "passthrough", ROUNDS)
        name = "16 bytes through passthrough and back, median"
        return [up, down, compare("passthrough", name, "us", bare, module, best=min, goal=ECHO)]


@awake_processors()
def measure_long() -> list[Row]:
    """Megabytes per second each way."""
    return [
        _rate("long", "CIPSENDL of 20 MB", "upload", "normal", LONG_BYTES),
        _rate("long", "20 MB received as +IPD", "download", "normal", LONG_BYTES),
    ]


def _rate(figure: str, name: str, what: str, mode: str, count: int) -> Row:
    with bare_program("transfer_peer") as peer:
        bare, module = _sides(peer.at, what, mode, count)
        goal = PASSTHROUGH if mode == "passthrough" else LONG
        return compare(figure, name, "MB/s", bare, module, best=max, goal=goal)


def _sides(peer: str, what: str, mode: str, count: int) -> tuple[Callable[[], float], Callable[[], float]]:
    return partial(_bare, peer, what, count), partial(_module, peer, what, mode, count)


def _bare(peer: str, what: str, count: int) -> float:
    with bare_program("bare_pump", peer) as server:
        put_under_test(server.pid)
        return client(what, server.at, count, program=CLIENT)


def _module(peer: str, what: str, mode: str, count: int) -> float:
    with simulator() as server:
        put_under_test(server.pid)
        return client(what, server.at, count, "--module", mode, "--peer", peer, program=CLIENT)
