"""Where the control channels of this user's runs are: each leaves a note in a folder that only the user can read.

A channel is `unix:PATH`, a socket that only its owner can open, or `tcp:ADDRESS:PORT` on loopback, which asks for the
token that stands in the note.
"""

import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final, NamedTuple

from espat.core.ports.uri import PortUri
from espat.core.suggestions import expected, unknown

SCHEMES: Final = ("unix", "tcp")
NOTE_LIMIT: Final = 4096
"""Bytes of a note."""
NOTES_LIMIT: Final = 1000
"""Notes that are looked at."""


class PlaceError(Exception):
    """There is no such channel, or it cannot be had."""


class Place(NamedTuple):
    """Of a channel: a path, or an address and a port."""

    path: Path | None = None
    address: str = ""
    port: int = 0

    def __str__(self) -> str:
        return f"unix:{self.path}" if self.path is not None else f"tcp:{self.address}:{self.port}"


class Note(NamedTuple):
    """What a run says of its channel. `process`: its number on this machine. `token`: empty where none is asked for."""

    process: int
    place: Place
    token: str = ""


def parse_place(text: str) -> Place:
    """`unix:PATH`, or `tcp:ADDRESS:PORT` on loopback, port 0 for any that is free. Raises ValueError."""
    scheme, colon, rest = text.partition(":")
    if not colon or scheme not in SCHEMES:
        if not colon:
            raise ValueError(expected("unix:PATH or tcp:127.0.0.1:PORT", repr(text)))
        raise ValueError(unknown("scheme", scheme, SCHEMES))
    if scheme == "unix":
        if not rest:
            raise ValueError(expected("unix:PATH", repr(text)))
        return Place(Path(rest).absolute())
    host, _, port = rest.rpartition(":")
    try:
        address = IPv4Address("127.0.0.1" if host == "localhost" else host)
        number = int(port) if port.isascii() and port.isdigit() else -1
        if not address.is_loopback or not 0 <= number <= 65535:
            raise ValueError
    except ValueError:
        raise ValueError(expected("tcp:127.0.0.1:PORT (only this machine may control a run)", repr(text))) from None
    return Place(None, str(address), number)


def beside(port: PortUri) -> Place:
    """Beside the serial device of a module; in the folder of the notes where the module has none."""
    if port.scheme == "pty":
        return Place(Path(f"{port.place}.control").absolute())
    return Place(_made() / f"{os.getpid()}.control")


def folder() -> Path:
    """Where the notes of this user's runs are; nobody has made it yet, perhaps."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        return Path(runtime) / "espat"
    return Path(tempfile.gettempdir()) / f"espat-{os.geteuid()}"


def leave_note(note: Note) -> Path:
    """Tell this user's other programs of a channel; who made it removes the file. Raises PlaceError, OSError."""
    path = _made() / f"{note.process}.json"
    path.unlink(missing_ok=True)
    text = json.dumps({"control": str(note.place), "token": note.token})
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def notes() -> list[Note]:
    """Those of the runs of this user that are running, the oldest first. Raises PlaceError, OSError."""
    place = folder()
    if not place.exists():
        return []
    _check(place)
    return sorted(_notes(place), key=lambda note: note.process)


def _made() -> Path:
    """The folder, which is there now. Raises PlaceError, OSError."""
    place = folder()
    with suppress(FileExistsError):
        place.mkdir(mode=0o700)
    _check(place)
    return place


def _notes(place: Path) -> Iterator[Note]:
    for path in sorted(place.glob("*.json"))[:NOTES_LIMIT]:
        with suppress(OSError, ValueError, KeyError, TypeError):
            process = int(path.stem)
            if not _runs(process):
                path.unlink(missing_ok=True)
                continue
            with path.open("rb") as file:
                told = json.loads(file.read(NOTE_LIMIT))
            yield Note(process, parse_place(str(told["control"])), str(told.get("token", "")))


def _check(place: Path) -> None:
    """Raises PlaceError where others could put notes of theirs."""
    status = place.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise PlaceError(f"{place}: expected a folder that only you can open (mode 0700)")


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
