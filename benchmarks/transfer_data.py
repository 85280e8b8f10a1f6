"""What a transfer carries, and the check that it arrives as it was."""

import random
from typing import Final

PATTERN: Final = random.Random(1).randbytes(2**20 + 7)
"""Repeated without end. Its length is a multiple of no buffer's, so a lost or doubled buffer shows."""
_DOUBLE: Final = memoryview(PATTERN * 2)
UPLOAD, DOWNLOAD = b"u", b"d"
ORDER_LENGTH: Final = 9
ARRIVED, DAMAGED = b"K", b"X"
"""What the peer answers to an upload."""


def order(what: bytes, count: int) -> bytes:
    """What the peer is asked for: to take so many bytes, or to send them."""
    return what + count.to_bytes(ORDER_LENGTH - 1, "big")


def piece(at: int, length: int) -> memoryview:
    """A piece of the data, at most as long as the pattern."""
    start = at % len(PATTERN)
    return _DOUBLE[start : start + length]


class Check:
    """Compares what arrives, in pieces no longer than the pattern. `count`: bytes so far; `wrong`: whether any was."""

    def __init__(self) -> None:
        self.count = 0
        self.wrong = False

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        self.wrong = self.wrong or data != piece(self.count, len(data))
        self.count += len(data)
