"""How the ESP8266 firmware of 2015 reads lines. Sans-IO.

Source: the published AT firmware 0.2x; that of 0.30 is not published.
"""

import re
from typing import Final

from espat.core.at.errors import LINE_TOO_LONG, NO_AT
from espat.core.at.line_discipline import LINE_LIMIT, Input

HEAD: Final = re.compile(rb"AT|at")
"""How a command begins where it is looked for byte by byte; not `At`."""


class ScanningLineDiscipline:
    """The discipline of the ESP8266 firmware of 2015: looks for `AT` or `at` byte by byte.

    What stands before `AT` is passed over; its LF, if there is one, gives an error of its own. A line ends with LF, and
    is in error unless CR stands before it. Every byte is echoed as it comes, but LF as CR LF, and not at all where it
    ends nothing.

    States: scanning (`_partial` is at most the `A` or `a` that may begin a command); collecting; skipping (the line is
    over the limit and is read to its end).
    """

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._partial = b""
        self._collecting = False

    def feed(self, chunk: bytes) -> Input:
        """Take one chunk, which must not be empty."""
        start = 0 if self._collecting else self._scan(chunk)
        end = chunk.find(b"\n", start)
        if not self._collecting:
            if end < 0:
                return Input(chunk)
            return Input(chunk[:end], error=NO_AT, following=chunk[end + 1 :])
        if end < 0:
            self._partial += chunk[start:]
            if len(self._partial) > self._limit + 1:  # a CR may still wait for its LF
                self._partial = self._partial[: self._limit + 2]
            return Input(chunk)
        line = self._partial + chunk[start:end]
        echo = chunk[:end] + b"\r\n"
        surplus = chunk[end + 1 :]
        self._partial, self._collecting = b"", False
        if not line.endswith(b"\r") or len(line) > self._limit + 1:
            return Input(echo, error=LINE_TOO_LONG, surplus=surplus)
        return Input(echo, b"AT" + line[2:-1], surplus=surplus)

    def refuses(self, chunk: bytes) -> bool:
        """Nothing is refused before its line end."""
        return False

    def _scan(self, chunk: bytes) -> int:
        """Look for the beginning of a command ahead of the first LF; returns where collecting goes on."""
        before = len(self._partial)
        text = self._partial + chunk
        end = text.find(b"\n")
        head = HEAD.search(text, 0, end if end >= 0 else len(text))
        if head is None:
            self._partial = text[-1:] if end < 0 and text[-1:] in (b"A", b"a") else b""
            return 0
        self._partial, self._collecting = head[0], True
        return head.end() - before
