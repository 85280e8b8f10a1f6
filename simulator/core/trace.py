"""The trace: every message on the port, and what happens in the module, as JSON Lines.

Each line has `t` (module seconds), `module` (its number), `dir` (`in`, `out` or `world`), `kind` and either `text` or,
when the bytes are not printable ASCII with CR LF, `bytes` (hexadecimal). A trace holds passwords: its file can be
read by its owner only.
"""

import logging
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

from espat.core.output_file import open_output
from espat.core.patient_writer import PatientWriter

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
    PANIC = "panic"
    """An exception in the simulator itself."""


_PRINTABLE = frozenset(range(0x20, 0x7F)) | frozenset(b"\r\n\t")
RECENT: Final = 10_000
"""Messages a trace remembers for whoever asks what has just happened."""


class Record(NamedTuple):
    """One message. `time`: module seconds. `module`: its number. `direction`: `in`, `out` or `world`."""

    time: float
    module: int
    direction: str
    kind: Kind
    data: bytes


Listener = Callable[[Record], None]


class Trace:
    """What happened. When the file cannot be written, with a full disk say, it says so once and writes no more. Where
    somebody reads it, as with a FIFO, nobody waits for him: what he does not take is dropped, counted and said.

    `recent`: the last messages. `count`: how many there were. `listeners` are called with every message as it happens.
    """

    def __init__(self, path: Path | None = None, *, recent: int = 0, inputs: Iterable[Path] = ()) -> None:
        """Create the file, or empty it; without a path there is none. `recent`: how many messages are remembered.
        `inputs`: files that it must not be. Raises OSError."""
        self.recent: deque[Record] = deque(maxlen=recent)
        self.listeners: list[Listener] = []
        self.count = 0
        self._path = path
        self._descriptor: int | None = None
        self._writer: PatientWriter | None = None
        if path is None:
            return
        if path.exists() and not _is_regular(path):
            self._writer = PatientWriter(lambda: open_output(path), f"trace {path}", ended=self._ends)
        else:
            self._descriptor = open_output(path, inputs)

    def record(self, time: float, module: int, direction: str, kind: Kind, data: bytes) -> None:
        """Note a message: write one line and hand it to the system, and tell the listeners. `time`: module seconds."""
        record = Record(time, module, direction, kind, data)
        self.recent.append(record)
        self.count += 1
        if self._descriptor is not None or self._writer is not None:
            self._write(line(record).encode("ascii") + b"\n")
        for listener in self.listeners:
            listener(record)

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    def _write(self, text: bytes) -> None:
        if self._writer is not None:
            self._writer.put(text)
            return
        assert self._descriptor is not None
        try:
            while text:
                text = text[os.write(self._descriptor, text) :]
        except OSError as error:
            self._ends(error)
            self.close()

    def _ends(self, error: OSError) -> None:
        log.error("the trace %s ends here: %s", self._path, error.strerror)


def _is_regular(path: Path) -> bool:
    return stat.S_ISREG(path.stat().st_mode)


def visible(data: bytes) -> str:
    """A message on one line for people, its control characters escaped."""
    return repr(data)[2:-1]


def line(record: Record) -> str:
    """A message as a line of a trace file has it."""
    import json  # only runs with a trace need it

    return json.dumps(fields(record))


def fields(record: Record) -> dict[str, object]:
    """A message as the object of such a line."""
    found: dict[str, object] = {
        "t": round(record.time, 6),
        "module": record.module,
        "dir": record.direction,
        "kind": record.kind.value,
    }
    if _PRINTABLE.issuperset(record.data):
        found["text"] = record.data.decode("ascii")
    else:
        found["bytes"] = record.data.hex()
    return found
