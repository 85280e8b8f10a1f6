"""What a handler answers with, and the exact bytes of it (ESP-AT User Guide, "AT Messages")."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from espat.core.restart import Restart


class Result(NamedTuple):
    """How a command ends. A command that ends in words of its own makes one: `Result(b"\\r\\nSEND OK\\r\\n")`."""

    wire: bytes


OK: Final = Result(b"\r\nOK\r\n")
ERROR: Final = Result(b"\r\nERROR\r\n")
NOTHING: Final = Result(b"")
"""The command has said already how it ends, or ends without a word."""


class Line(NamedTuple):
    """An information line; CR LF is appended, so a blank line stands before the result code behind it.

    `filtered`: False for the one line that passes by the message filter, the query of the filter itself. `private`: it
    carries data of the user's, which no log shows.
    """

    text: bytes
    filtered: bool = True
    private: bool = False

    @property
    def wire(self) -> bytes:
        return self.text + b"\r\n"


class Unterminated(NamedTuple):
    """An information text without a CR LF of its own: the result code follows without a blank line."""

    text: bytes
    filtered: bool = True
    private: bool = False

    @property
    def wire(self) -> bytes:
        return self.text


class Prompt(NamedTuple):
    """What asks for data."""

    wire: bytes


Part = Line | Unterminated | Result | Restart
PARTS: Final = (Line, Result, Unterminated, Restart)
Answer = None | Part | Iterable[Part]
"""None and lines end with OK, unless a Result or Restart, alone or as the last part, says how it ends."""

PromptMessage = Prompt | Result | Line
"""What a command prints when it wants data: `(OK, Prompt(b"\\r\\n>"))`. Each is a message of its own."""
BARE_PROMPT: Final = (Prompt(b">"),)
"""What some commands print instead of the firmware's usual prompt."""


def parts(answer: Answer) -> Iterable[Part]:
    """The parts of an answer, one by one as the handler makes them."""
    if answer is None:
        return ()
    return (answer,) if isinstance(answer, PARTS) else answer
