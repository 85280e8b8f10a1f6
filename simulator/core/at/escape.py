"""Finding `+++` in a stream of data (ESP-AT User Guide, "+++: Exit from data mode"). Sans-IO.

`+++` leaves data mode when it stands alone: silence before it, at most one guard time between its bytes, silence
after it. Times are seconds on whatever clock the caller measures the gaps of the port with.
"""

from typing import Final

GUARD: Final = 0.020
"""Seconds of silence around `+++`, and the longest gap between two of its bytes."""


class EscapeDetector:
    """Holds back what may be `+++` and releases what is not.

    While `deadline` is not None, `expire` must be called once that time has come and nothing has arrived.
    """

    def __init__(self, started: float) -> None:
        """`started`: when the last byte before data mode came in, in seconds on the port's gap clock, as all times."""
        self._last = started
        self._held = 0
        self.deadline: float | None = None

    def feed(self, chunk: bytes, at: float) -> bytes:
        """Take a chunk that arrived at `at`; returns the bytes that are data."""
        silent = round(at - self._last, 6) >= GUARD  # 0.03 - 0.01 is a little less than 0.02
        self._last = at
        plus = len(chunk) <= 3 and chunk.count(b"+") == len(chunk)
        if self._held:
            if plus and not silent and self._held + len(chunk) <= 3:
                return self._hold(self._held + len(chunk), at)
            chunk = b"+" * self._held + chunk
            self._held = 0
            self.deadline = None
            return chunk
        if plus and silent:
            return self._hold(len(chunk), at)
        return chunk

    def expire(self) -> tuple[bytes, bool]:
        """The silence after the held bytes has lasted: the data to release, and whether it was an escape."""
        held, self._held = self._held, 0
        self.deadline = None
        if held == 3:
            return b"", True
        return b"+" * held, False

    def _hold(self, count: int, at: float) -> bytes:
        self._held = count
        self.deadline = at + GUARD
        return b""
