"""One simulator at each path: a lock that ends with the process that has it."""

import errno
import hashlib
import os
import socket
from pathlib import Path

from espat.core.ports.port import PortError


def lock_path(path: Path, option: str) -> socket.socket:
    """Reserve a path for this process, as long as it lives: an abstract socket leaves nothing behind. `option`: of the
    command line, which says another one.

    Raises PortError when another simulator has it, OSError.
    """
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    name = hashlib.sha256(os.fsencode(path.parent.resolve() / path.name)).hexdigest()  # a path may be too long
    try:
        lock.bind(f"\0espat-port:{name}")
    except OSError as error:
        lock.close()
        if error.errno == errno.EADDRINUSE:
            raise PortError(
                f"{path} belongs to another simulator that is running; another place, {option}, would be right"
            ) from error
        raise
    return lock
