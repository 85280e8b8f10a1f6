"""Standard output and the log on standard error, written by a thread of their own.

Whoever reads them may be slow, stop reading or go away: no module waits for that. Lines that nobody takes are lost, and
counted.
"""

import logging
import os
import sys
import threading
from queue import SimpleQueue
from typing import Final

LINES_KEPT: Final = 10_000
"""Lines that may wait for a slow reader."""
FLUSH_LIMIT: Final = 1.0
"""Seconds the last lines have to get out at the end."""


class Console:
    """Where a program that runs for long writes."""

    def __init__(self) -> None:
        self._lines: SimpleQueue[tuple[int, str] | None] = SimpleQueue()
        self._lost = 0
        self._thread = threading.Thread(target=self._write, name="console", daemon=True)
        self._thread.start()

    def print(self, line: str) -> None:
        """Write a line to standard output."""
        self._put(sys.stdout.fileno(), line)

    def log(self, line: str) -> None:
        """Write a line to standard error."""
        self._put(sys.stderr.fileno(), line)

    def close(self) -> None:
        """Let the last lines out, as far as somebody takes them."""
        self._lines.put(None)
        self._thread.join(FLUSH_LIMIT)

    def _put(self, descriptor: int, line: str) -> None:
        if self._lines.qsize() < LINES_KEPT:
            self._lines.put((descriptor, line))
        else:
            self._lost += 1

    def _write(self) -> None:
        gone: set[int] = set()
        while (item := self._lines.get()) is not None:
            descriptor, line = item
            if self._lost and self._lines.qsize() < LINES_KEPT:
                lost, self._lost = self._lost, 0
                self._lines.put((sys.stderr.fileno(), f"espat: {lost} lines of output lost: nobody has read them"))
            rest = line.encode(errors="backslashreplace") + b"\n"
            try:
                while rest and descriptor not in gone:
                    rest = rest[os.write(descriptor, rest) :]
            except OSError:
                gone.add(descriptor)


class ConsoleHandler(logging.Handler):
    """Writes log records to a console."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.log(self.format(record))
