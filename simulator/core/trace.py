"""The trace: every message on the port, and what happens in the module, as JSON Lines.

Each line has `t` (module seconds), `module` (its number), `dir` (`in`, `out` or `world`), `kind` and either `text` or,
when the bytes are not printable ASCII with CR LF, `bytes` (hexadecimal). A trace holds passwords: its file can be
read by its owner only.
"""

import logging
import os
import stat
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import IO

log = logging.getLogger(__name__)


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
    """Writes a trace file. When that fails, a full disk say, it says so once and writes no more."""

    def __init__(self, path: Path) -> None:
        """Create the file, or empty it. Raises OSError."""
        self._path = path
        self._file: IO[str] | None = open(path, "w", encoding="ascii", opener=_open_for_owner)  # noqa: SIM115
        if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):  # a device or a pipe is not ours to close to others
            os.fchmod(self._file.fileno(), 0o600)

    def record(self, time: float, module: int, direction: str, kind: Kind, data: bytes) -> None:
        """Write one line and hand it to the system."""
        if self._file is None:
            return
        import json  # only runs with a trace need it

        fields: dict[str, object] = {"t": round(time, 6), "module": module, "dir": direction, "kind": kind.value}
        if _PRINTABLE.issuperset(data):
            fields["text"] = data.decode("ascii")
        else:
            fields["bytes"] = data.hex()
        try:
            self._file.write(json.dumps(fields) + "\n")
            self._file.flush()
        except OSError as error:
            log.error("the trace %s ends here: %s", self._path, error.strerror)
            self.close()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):  # what could not be written before
                self._file.close()
            self._file = None


def _open_for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
