"""What a handler answers with, and the exact bytes of it (ESP-AT User Guide, "AT Messages")."""

from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple


class Result(Enum):
    """How a command ends. The values are the bytes on the wire."""

    OK = b"\r\nOK\r\n"
    ERROR = b"\r\nERROR\r\n"
    SEND_OK = b"\r\nSEND OK\r\n"
    SEND_FAIL = b"\r\nSEND FAIL\r\n"
    SEND_CANCELED = b"\r\nSEND Canceled\r\n"
    SEND_CANCELLED = b"\r\nSEND CANCELLED\r\n"
    SET_OK = b"\r\nSET OK\r\n"
    FAIL = b"\r\nFAIL\r\n"
    NOTHING = b""


class Line(NamedTuple):
    """An information line; CR LF is appended, so a blank line stands before the result code behind it.

    `filtered`: False for the one line that passes by the message filter, the query of the filter itself.
    """

    text: bytes
    filtered: bool = True

    @property
    def wire(self) -> bytes:
        return self.text + b"\r\n"


class Unterminated(NamedTuple):
    """An information text without a CR LF of its own: the result code follows without a blank line."""

    text: bytes
    filtered: bool = True

    @property
    def wire(self) -> bytes:
        return self.text


class RestartCause(Enum):
    """Why the module starts again."""

    POWER_ON = "power-on"
    SOFTWARE = "software"
    RESTORE = "restore"
    DEEP_SLEEP = "deep sleep"
    PANIC = "panic"


class Restart(NamedTuple):
    """OK, drained to the last byte; then the module restarts, after `sleep` seconds of module time, of which
    infinitely many end with the wake-up pin or the reset pin only."""

    cause: RestartCause = RestartCause.SOFTWARE
    sleep: float = 0.0


Answer = None | Line | Unterminated | Result | Restart | Iterable[Line | Unterminated | Result | Restart]
"""None and lines end with OK, unless a Result or Restart, alone or as the last part, says how it ends."""

BARE_PROMPT: Final = (b">",)
"""What some commands print instead of the firmware's usual prompt."""
