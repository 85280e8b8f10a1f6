"""Files that are read at once: regular ones, of a size that somebody says, whatever stands at the path."""

import errno
import os
import stat
from pathlib import Path
from typing import Final

_KINDS: Final = (
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


class OddFileError(OSError):
    """What is there is no regular file, or a larger one than can be right. Like any OSError it has `filename` and
    `strerror`."""


def read_file(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most so many bytes. Raises OSError; OddFileError for anything else, which
    might never end, or never begin."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except ValueError:  # a zero byte
        raise OddFileError(errno.EINVAL, "not a path", str(path)) from None
    except OSError as error:
        if error.errno == errno.ENXIO:  # what a socket says
            raise OddFileError(errno.EINVAL, "expected a regular file, got a socket", str(path)) from None
        raise
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(status.st_mode):
            found = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), "something else")
            raise OddFileError(errno.EINVAL, f"expected a regular file, got {found}", str(path))
        if status.st_size > limit:
            raise _too_large(path, limit)
        with os.fdopen(os.dup(descriptor), "rb") as file:
            content = file.read(limit + 1)
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise _too_large(path, limit)
    return content


def _too_large(path: Path, limit: int) -> OddFileError:
    return OddFileError(errno.EFBIG, f"expected a file of at most {limit} bytes, got a larger one", str(path))
