"""TLS: handshakes as a client, and passthrough, against plain ssl on trio."""

from collections.abc import Callable
from typing import Final

from benchmarks.figure import Goal, Row, compare
from benchmarks.processes import bare_program, client, simulator
from benchmarks.processors import awake_processors, put_under_test

HANDSHAKES: Final = 500
BYTES: Final = 50_000_000
GOAL: Final = Goal(0.5, at_most=False)


@awake_processors()
def measure() -> list[Row]:
    """Handshakes, and megabytes, per second."""
    with bare_program("transfer_peer", "tls") as peer:
        rows = [compare("tls", "TLS handshakes", "/s", _bare_hands(peer.at), _hands(peer.at), best=max, goal=GOAL)]
    for what, name in (("upload", "to the network"), ("download", "from the network")):
        with bare_program("transfer_peer", "tls") as peer:
            name = f"TLS passthrough of 50 MB {name}"
            rows.append(compare("tls", name, "MB/s", _bare(peer.at, what), _module(peer.at, what), best=max, goal=GOAL))
    return rows


def _bare_hands(peer: str) -> Callable[[], float]:
    def run() -> float:
        with bare_program("bare_handshake", peer) as server:
            put_under_test(server.pid)
            return client("handshake", server.at, HANDSHAKES)

    return run


def _hands(peer: str) -> Callable[[], float]:
    def run() -> float:
        with simulator() as server:
            put_under_test(server.pid)
            return client("handshake", server.at, HANDSHAKES, "--module", "--peer", peer)

    return run


def _bare(peer: str, what: str) -> Callable[[], float]:
    def run() -> float:
        with bare_program("bare_pump", peer, "tls") as server:
            put_under_test(server.pid)
            return client(what, server.at, BYTES, program="transfer_client")

    return run


def _module(peer: str, what: str) -> Callable[[], float]:
    def run() -> float:
        with simulator() as server:
            put_under_test(server.pid)
            options = ("--module", "passthrough", "--kind", "SSL", "--peer", peer)
            return client(what, server.at, BYTES, *options, program="transfer_client")

    return run
