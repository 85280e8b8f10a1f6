"""How bytes from the port become command lines. Sans-IO: chunk in, one `Input` out.

A chunk is what one read of the port brings. Firmwares differ in how they read it; this is the discipline of ESP-AT.
"""

from typing import Final, NamedTuple, Protocol

from espat.core.at.errors import LINE_TOO_LONG, NO_AT

LINE_LIMIT: Final = 256
"""Bytes of a command line, CR LF not counted (ESP-AT User Guide, chapter 3)."""


class Input(NamedTuple):
    """What a chunk amounted to.

    `echo`: the bytes that were taken, as the firmware echoes them. `line`: a complete line without its CR LF. `error`:
    the code of input that was refused. `surplus`: what stands behind a complete line, input during processing.
    `following`: what stands behind refused input, and is the next input.
    """

    echo: bytes
    line: bytes | None = None
    error: int | None = None
    surplus: bytes = b""
    following: bytes = b""


class LineReader(Protocol):
    """A line discipline, for one boot."""

    def feed(self, chunk: bytes) -> Input:
        """Take one chunk, which must not be empty."""

    def refuses(self, chunk: bytes) -> bool:
        """Whether `feed` would refuse a chunk, whatever comes behind it."""


class LineDiscipline:
    """The discipline of ESP-AT: collects chunks into lines.

    Lines end with CR LF and nothing else; what cannot begin a command is refused at once, without waiting for a line
    end (ESP-AT FAQ).

    States: empty; collecting (`_partial` holds the beginning of a line); skipping (the line is over the limit and is
    read to its end).
    """

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._partial = b""
        self._skipping = False

    def feed(self, chunk: bytes) -> Input:
        """Take one chunk, which must not be empty."""
        text = self._partial + chunk if self._partial else chunk
        if self.refuses(chunk):
            self._partial = b""
            return Input(chunk, error=NO_AT)
        end = text.find(b"\r\n")
        if end < 0:
            if len(text.removesuffix(b"\r")) > self._limit:  # a CR may still wait for its LF
                self._skipping = True
                text = text[-1:]
            self._partial = text
            return Input(chunk)
        echo = chunk[: end + 2 - len(self._partial)]
        surplus = text[end + 2 :]
        too_long = self._skipping or end > self._limit
        self._partial = b""
        self._skipping = False
        if too_long:
            return Input(echo, error=LINE_TOO_LONG, surplus=surplus)
        return Input(echo, text[:end], surplus=surplus)

    def refuses(self, chunk: bytes) -> bool:
        """Whether `feed` would refuse a chunk: no command begins so."""
        return not self._skipping and not _can_begin_command(self._partial + chunk)


def _can_begin_command(text: bytes) -> bool:
    return text[0] in b"Aa" and (len(text) == 1 or text[1] in b"Tt")
