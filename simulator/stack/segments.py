"""The TCP send buffer of the ESP8266 firmware: segments that are handed over one after the other. Sans-IO.

Source: ESP8266 AT Instruction Set 0.30, AT+CIPSENDBUF, AT+CIPBUFSTATUS, AT+CIPCHECKSEQ.
"""

from collections import deque
from typing import Final

BUFFER: Final = 2920
"""Bytes: two segments of 1460, the SDK's. No document gives it."""
QUEUE: Final = 8
"""Segments. The manual calls its number rough."""
REMEMBERED: Final = 32
LAST_NUMBER: Final = 2**32 - 1


class Segments:
    """What was written for one link.

    `next`: the number of the segment to be written next. `sent`: of the last one handed over, `confirmed`: of the last
    one handed over with success; 0 none.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Count from 1 again."""
        self.next = 1
        self.sent = 0
        self.confirmed = 0
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._outcomes: dict[int, bool] = {}

    @property
    def room(self) -> int:
        """Bytes that can be written."""
        return BUFFER - sum(len(data) for _, data in self._waiting)

    @property
    def queue(self) -> int:
        """Segments that can be written."""
        return QUEUE - len(self._waiting)

    @property
    def waiting(self) -> tuple[int, bytes] | None:
        """Number and data of the segment to be handed over next."""
        return self._waiting[0] if self._waiting else None

    def write(self, data: bytes) -> int:
        """Write a segment, for which there must be room; returns its number."""
        number = self.next
        self.next = 1 if number == LAST_NUMBER else number + 1
        self._waiting.append((number, data))
        return number

    def conclude(self, *, delivered: bool) -> None:
        """The segment that was waiting has been handed over, or lost."""
        number, _ = self._waiting.popleft()
        self.sent = number
        if delivered:
            self.confirmed = number
        self._outcomes[number] = delivered
        if len(self._outcomes) > REMEMBERED:
            del self._outcomes[next(iter(self._outcomes))]

    def outcome(self, number: int) -> bool | None:
        """Whether a segment got through, False while it waits; None when it is not remembered."""
        if any(number == waiting for waiting, _ in self._waiting):
            return False
        return self._outcomes.get(number)
