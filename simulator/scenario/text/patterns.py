"""Regular expressions from anybody: a match that backtracks for ever is ended."""

import re
import signal
import threading
from types import FrameType
from typing import Final

LIMIT: Final = 2.0
"""Seconds of this program's processor time that one match may take."""


REGULAR_EXPRESSION: Final = "re:"
"""What an expected line starts with that is a pattern."""


class EndlessPatternError(re.error):
    """A pattern takes too long on what it is to match."""


def fullmatch(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """As `pattern.fullmatch`. In the main thread, where players are, it is ended after a while; the matcher of Python
    knows no limit of its own, but looks for signals. Raises EndlessPatternError."""
    if threading.current_thread() is not threading.main_thread():
        return pattern.fullmatch(text)

    def end(number: int, frame: FrameType | None) -> None:
        raise EndlessPatternError(f"{REGULAR_EXPRESSION}{pattern.pattern} takes too long: it tries too many ways")

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)
    try:
        return pattern.fullmatch(text)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
