"""A port that is a socket at a path of this machine."""

import errno
import os
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from espat.core.ports.opener import PortOpener
from espat.core.ports.path_lock import lock_path
from espat.core.ports.port import PortError
from espat.core.ports.socket import BACKLOG, SocketPort, reason


class UnixListener:
    """A socket at a path, which only its owner can open. `socket`: listens there."""

    def __init__(self, path: Path, option: str, backlog: int = BACKLOG) -> None:
        """Replaces a socket that nobody listens on any more, and nothing else. `option`: of the command line, which
        says another path. `backlog`: how many may wait to be taken. Raises PortError."""
        self.path = path.absolute()
        self._lock = lock_path(self.path, option)
        try:
            self.socket = _listen(self.path, backlog)
        except BaseException:
            self._lock.close()
            raise
        self._inode = self.path.lstat().st_ino

    def close(self) -> None:
        """Remove the socket, unless somebody has replaced it."""
        self.socket.close()
        with suppress(FileNotFoundError):
            if self.path.lstat().st_ino == self._inode:
                self.path.unlink()
        self._lock.close()


class UnixPort(SocketPort):
    """A socket at a path, which only its owner can open."""

    def __init__(self, path: Path, spawn: Callable[..., Any]) -> None:
        """Replaces a socket that nobody listens on any more, and nothing else. Raises PortError."""
        self._unix = UnixListener(path, "--port unix:PATH")
        super().__init__(self._unix.socket, spawn)
        self.announcement = f"ready to open at unix:{self._unix.path}"

    def close(self) -> None:
        """Remove the socket, unless somebody has replaced it."""
        super().close()
        self._unix.close()


def open_port(place: str, opener: PortOpener) -> UnixPort:
    """The port of `unix:PLACE`. Raises PortError, OSError."""
    return UnixPort(Path(place), opener.spawn)


def _listen(path: Path, backlog: int) -> socket.socket:
    """Put a listening socket at a path: ready and owner-only before anybody sees it there. Raises PortError."""
    if path.is_symlink() or path.exists():
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise PortError(f"{path} is a file, not a socket: it stays as it is")
        if _is_live(path):
            raise PortError(f"{path} belongs to a program that is running")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(os.fspath(temporary))
        temporary.chmod(0o600)
        listener.listen(backlog)
        temporary.replace(path)
    except OSError as error:
        listener.close()
        temporary.unlink(missing_ok=True)
        raise PortError(f"cannot make {path}: {reason(error)}") from error
    return listener


def _is_live(path: Path) -> bool:
    """Whether somebody listens on a socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.setblocking(False)
        try:
            client.connect(os.fspath(path))
        except BlockingIOError:
            return True
        except OSError as error:
            return error.errno not in (errno.ECONNREFUSED, errno.ENOENT)
        return True
