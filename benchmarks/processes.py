"""The processes of a run: the simulator, the bare programs, the TCP echo, the client. Each is a fresh interpreter."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parent.parent
END_LIMIT: Final = 10.0
"""Seconds a process has to end after SIGTERM."""
DIALECTS: Final = {"esp32-v5": "", "esp8266-v0.30": ", AT 0.30"}
"""The firmwares whose speed is measured, and how the name of a figure says so."""
READY_TO_OPEN: Final = " ready to open at "


class Server(NamedTuple):
    """A running process and what its first line said: a terminal's path or a port."""

    pid: int
    at: str


def client(what: str, path: str, rounds: int, *options: str, program: str = "client") -> float:
    """Let a client do one run on a terminal; returns its figure."""
    command = [sys.executable, "-m", f"benchmarks.{program}", what, path, str(rounds), *options]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


@contextmanager
def bare_program(module: str, *arguments: str) -> Iterator[Server]:
    """Run one of the programs of this package that print where they serve."""
    with _started("-m", f"benchmarks.{module}", *arguments) as (process, line):
        yield Server(process.pid, line)


@contextmanager
def simulator(*options: str) -> Iterator[Server]:
    """Run `espat run` until the first port can be opened; that of module n is at the same path with n for 0."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _started("-m", "espat", "run", "--quiet", "--link", f"{folder}/uart{{n}}", *options) as (process, line),
    ):
        if READY_TO_OPEN not in line:
            raise RuntimeError(f"espat run begins with {line!r}")
        yield Server(process.pid, line.partition(READY_TO_OPEN)[2])


@contextmanager
def _started(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run Python, wait for its first line, and end it with SIGTERM."""
    with subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            if not line:
                raise RuntimeError(f"{' '.join(arguments)} ended with exit code {process.wait()} and said nothing")
            yield process, line
        finally:
            process.terminate()
            try:
                process.wait(END_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
