"""The trace: every message on the port, and what happens in the module, as JSON Lines.

Each line has `t` (module seconds), `module` (its number), `dir` (`in`, `out` or `world`), `kind` and either `text` or,
when the bytes are not printable ASCII with CR LF, `bytes` (hexadecimal). A trace holds passwords: its file can be
read by its owner only.
"""

import os
from enum import Enum
from pathlib import Path
from typing import IO


class Kind(Enum):
    """What a traced message is."""

    COMMAND = "command"
    RESULT = "result"
    REPORT = "report"
    PROMPT = "prompt"
    DATA = "data"
    ECHO = "echo"
    EVENT = "event"


_PRINTABLE = frozenset(range(0x20, 0x7F)) | frozenset(b"\r\n\t")


class Trace:
    """Writes a trace file."""

    def __init__(self, path: Path) -> None:
        """Create the file, or empty it. Raises OSError."""
        self._file: IO[str] = open(path, "w", encoding="ascii", opener=_open_for_owner)  # noqa: SIM115
        os.fchmod(self._file.fileno(), 0o600)

    def record(self, time: float, module: int, direction: str, kind: Kind, data: bytes) -> None:
        """Write one line and hand it to the system."""
        import json  # only runs with a trace need it

        fields: dict[str, object] = {"t": round(time, 6), "module": module, "dir": direction, "kind": kind.value}
        if _PRINTABLE.issuperset(data):
            fields["text"] = data.decode("ascii")
        else:
            fields["bytes"] = data.hex()
        self._file.write(json.dumps(fields) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _open_for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
