"""Output for somebody who may be slow, stop reading or go away: a thread of its own writes it, and nobody waits.

What waits is bounded; what is more is dropped, counted, and said once the reader goes on, or at the end.
"""

import logging
import os
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final

KEPT: Final = 10_000
"""Pieces that may wait for a slow reader."""
KEPT_BYTES: Final = 2**24
"""Bytes of them."""
PATIENCE: Final = 1.0
"""Seconds the last pieces have to get out at the end."""

log = logging.getLogger(__name__)


class PatientWriter:
    """Writes pieces of output one behind the other."""

    def __init__(self, opening: Callable[[], int], name: str, *, ended: Callable[[OSError], None]) -> None:
        """`opening` gives the descriptor, in the thread: a FIFO opens when its reader does. `name`: what is said to be
        dropped. `ended` is told, in the thread, when it can be written no more."""
        self._opening = opening
        self._name = name
        self._ended = ended
        self._pieces: SimpleQueue[bytes | None] = SimpleQueue()
        self._waiting = 0
        self._dropped = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._write, name=name, daemon=True)
        self._thread.start()

    def put(self, piece: bytes) -> None:
        """Write a piece some time, or drop it; returns at once."""
        with self._lock:
            if self._pieces.qsize() >= KEPT or self._waiting + len(piece) > KEPT_BYTES:
                self._dropped += 1
                if self._dropped == 1:
                    log.error("%s: its reader is slow; what does not fit is dropped", self._name)
                return
            self._waiting += len(piece)
        self._pieces.put(piece)

    def close(self) -> None:
        """Let the last pieces out, as far as somebody takes them, and say how many have been dropped."""
        self._pieces.put(None)
        self._thread.join(PATIENCE)
        with self._lock:
            left = self._dropped
            if self._thread.is_alive():
                left += self._rest()
        if left:
            log.error("%s: %d messages dropped", self._name, left)

    def _rest(self) -> int:
        """Take what nobody has read; returns how many pieces that is."""
        count = 0
        while True:
            try:
                count += self._pieces.get_nowait() is not None
            except Empty:
                return count

    def _write(self) -> None:
        descriptor: int | None = None
        failed = False
        try:
            while (piece := self._pieces.get()) is not None:
                with self._lock:
                    self._waiting -= len(piece)
                if failed:
                    continue
                try:
                    if descriptor is None:
                        descriptor = self._opening()
                    while piece:
                        piece = piece[os.write(descriptor, piece) :]
                except OSError as error:
                    failed = True
                    self._ended(error)
        finally:
            if descriptor is not None:
                os.close(descriptor)
