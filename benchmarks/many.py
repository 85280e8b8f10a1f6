"""Many modules in one process: what each costs, how soon all have joined, and whether idle ones slow down another."""

import os
import selectors
import socket
import tempfile
import time
import tty
from pathlib import Path
from typing import Final

from benchmarks.client import READ_SIZE, UnexpectedAnswerError, set_up
from benchmarks.figure import Goal, Row, compare
from benchmarks.footprint import resident_memory
from benchmarks.processes import client, simulator
from benchmarks.processors import awake_processors, put_under_test

MODULES: Final = 500
ROUNDS: Final = 5000
KILOBYTE: Final = 1000
WORLD: Final = """
[[access_point]]
ssid = "espressif"
password = "1234567890"
subnet = "10.0.0.0/16"
first_address = "10.0.1.0"
"""
"""An access point with addresses for all."""
ENDS: Final = (b"ready\r\n", b"OK\r\n")


class Session:
    """The client of one module: it types a line whenever the one before has been answered."""

    def __init__(self, path: str, lines: list[bytes]) -> None:
        self.device = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.device)
        self.answered = -1
        """Lines that have been answered; none before the module is ready."""
        self._lines = lines
        self._text = b""

    def read(self) -> None:
        """Take what has come. Raises UnexpectedAnswerError."""
        self._text += os.read(self.device, READ_SIZE)
        if self._text.endswith((b"ERROR\r\n", b"FAIL\r\n")):
            raise UnexpectedAnswerError(f"found {self._text!r}")
        if self._text.endswith(ENDS):
            self._text = b""
            self.answered += 1
            if self.answered < len(self._lines):
                os.write(self.device, self._lines[self.answered] + b"\r\n")


def measure() -> list[Row]:
    """Kilobytes, seconds, and microseconds of a round trip."""
    with socket.create_server(("127.0.0.1", 0), backlog=2 * MODULES) as peer:  # which takes nobody, but all may wait
        one, _ = _joined(1, peer.getsockname()[1])
        many, seconds = _joined(MODULES, peer.getsockname()[1])
    each = (many - one) / (MODULES - 1) / KILOBYTE
    return [
        Row("many", f"one of {MODULES} joined modules with a link", "kB", each, goal=Goal(150, on_ratio=False)),
        Row("many", f"start to {MODULES} modules joined", "s", seconds, goal=Goal(5, on_ratio=False)),
        _one_active(),
    ]


def _joined(count: int, peer: int) -> tuple[int, float]:
    """Resident memory with so many modules, all joined and connected; seconds until all had joined."""
    lines = set_up(peer)
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world.toml"
        world.write_text(WORLD)
        begin = time.perf_counter()
        with simulator("--world", str(world), "--modules", str(count)) as server:
            sessions = [Session(f"{server.at[:-1]}{number}", lines) for number in range(count)]
            _go_on(sessions, len(lines) - 1)
            seconds = time.perf_counter() - begin
            _go_on(sessions, len(lines))
            memory = resident_memory(server.pid)
        for session in sessions:
            os.close(session.device)
    return memory, seconds


def _go_on(sessions: list[Session], answered: int) -> None:
    """Let all sessions go on until so many of their lines have been answered."""
    with selectors.EpollSelector() as selector:
        for session in sessions:
            selector.register(session.device, selectors.EVENT_READ, session)
        waiting = {session for session in sessions if session.answered < answered}
        while waiting:
            for key, _ in selector.select():
                key.data.read()
                if key.data.answered >= answered:
                    waiting.discard(key.data)


@awake_processors()
def _one_active() -> Row:
    name = f"AT to OK, one active of {MODULES}, median"
    return compare("many", name, "us", lambda: _alone(1), lambda: _alone(MODULES), best=min, goal=Goal(1.2))


def _alone(count: int) -> float:
    with simulator("--modules", str(count)) as server:
        put_under_test(server.pid)
        return client("round-trip", server.at, ROUNDS, "--module")
