"""One simulator at each path: a lock that ends with the process that has it.

It is an abstract socket, which leaves nothing behind and which any user can take. So what a stranger has taken counts
only where the path is his: there are several names for each path, and a lock is held under the first free one.
"""

import errno
import hashlib
import os
import socket
import struct
from pathlib import Path
from typing import Final

from espat.core.ports.port import PortError

NAMES: Final = 8
"""Names for one path."""
BACKLOG: Final = 1024
"""Other simulators that may have looked who has a lock."""
_CREDENTIALS: Final = struct.Struct("3i")
"""Of SO_PEERCRED: process, user, group."""


def lock_path(path: Path, option: str) -> socket.socket:
    """Reserve a path for this process, as long as it lives. `option`: of the command line, which says another one.

    Raises PortError when another simulator has it, OSError.
    """
    held: socket.socket | None = None
    place = hashlib.sha256(os.fsencode(path.parent.resolve() / path.name)).hexdigest()  # a path may be too long
    try:
        for number in range(NAMES):
            name = f"\0espat-port:{place}:{number}"
            if held is None and (held := _bound(name)) is not None:
                continue
            if _counts(path, _user(name)):
                raise PortError(f"{path} belongs to another simulator that is running (choose another with {option})")
        if held is None:
            raise PortError(f"{path} is taken by another user (choose another with {option})")
    except BaseException:
        if held is not None:
            held.close()
        raise
    return held


def _bound(name: str) -> socket.socket | None:
    """A socket that listens under a name; None when somebody else has it. Raises OSError."""
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        lock.bind(name)
        lock.listen(BACKLOG)  # whoever finds the name taken asks whose it is
    except OSError as error:
        lock.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise
    return lock


def _user(name: str) -> int | None:
    """The user that listens under a name; None when nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.setblocking(False)
        try:
            asking.connect(name)
        except BlockingIOError:  # too many have asked
            return os.geteuid()
        except OSError:
            return None
        credentials = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        return int(_CREDENTIALS.unpack(credentials)[1])


def _counts(path: Path, user: int | None) -> bool:
    """Whether the lock of a user is one for us: our own, or that of whom the path is."""
    if user is None or user == os.geteuid():
        return user is not None
    try:
        return path.lstat().st_uid == user
    except OSError:
        return False
