"""A client of the control channel of a run, for programs that wait for the answer."""

import json
import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self

from espat.control import places
from espat.control.messages import Lines, request
from espat.control.places import Note, Place, PlaceError

READ_SIZE: Final = 65536
ANSWER_LIMIT: Final = 2**24
"""Bytes of a line from a run, which may list all its verbs."""


class ControlError(Exception):
    """A run refuses what it was asked for, or it has not happened. `lines`: more about it."""

    def __init__(self, message: str, lines: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.lines = lines


class ControlConnection:
    """A connection to one run. Raises OSError when the run is gone."""

    def __init__(self, note: Note) -> None:
        """Raises OSError, ControlError when the run wants another token."""
        self._lines = Lines(ANSWER_LIMIT)
        self._received: list[bytes] = []
        self._count = 0
        place = note.place
        if place.path is not None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            target: Any = str(place.path)
        else:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            target = (place.address, place.port)
        try:
            self._socket.connect(target)
            if note.token:
                self.call("token", {"token": note.token})
        except BaseException:
            self._socket.close()
            raise

    def call(self, method: str, parameters: dict[str, Any]) -> Any:
        """Ask, and wait for the answer; notifications before it are passed over. Raises ControlError, OSError."""
        self._count += 1
        self._socket.sendall(request(method, parameters, self._count))
        for message in self.messages():
            if "error" in message and message.get("id") in (self._count, None):
                error = message["error"]
                lines = error.get("data") or ()
                raise ControlError(str(error.get("message")), tuple(map(str, lines)))
            if message.get("id") == self._count:
                return message.get("result")
        raise ConnectionResetError("the run has ended")

    def messages(self) -> Iterator[dict[str, Any]]:
        """What the run says, until it ends. Raises OSError."""
        while True:
            while self._received:
                yield json.loads(self._received.pop(0))
            data = self._socket.recv(READ_SIZE)
            if not data:
                return
            self._received += self._lines.feed(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()


def connect(place: Place | None = None) -> ControlConnection:
    """Connect to the run at a place, or to the only run of this user that has a channel. Raises PlaceError,
    ControlError, OSError."""
    found = places.notes()
    if place is not None:
        return ControlConnection(next((note for note in found if note.place == place), Note(0, place)))
    if not found:
        raise PlaceError("no run of yours has a control channel; espat run --control opens one")
    if len(found) > 1:
        lines = "".join(f"\n  --control {note.place}" for note in found)
        raise PlaceError(f"several runs of yours have a control channel; say which one:{lines}")
    return ControlConnection(found[0])
