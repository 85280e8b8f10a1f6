"""Files that are written for their owner only: traces and partitions, which hold passwords and keys.

A name that is given for an output may stand for anything: another file of the same call, a link that somebody has put
there, a device. An output overwrites no input, follows no link in a folder that others can write, and leaves the mode
of what it has not made as it is: it puts a new file in the place of one that others could read.
"""

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

OWNER_ONLY: Final = 0o600
_LINKS_LIMIT: Final = 40
"""Links on the way to a file; Linux follows as many."""


class OutputError(OSError):
    """An output must not go there. Like any OSError it has `filename` and `strerror`."""


def open_output(path: Path, inputs: Iterable[Path] = ()) -> int:
    """Open a file to write, and make or empty it; returns the descriptor. `inputs`: files of the same call, which it
    must not be. A device or a FIFO is opened as it is. Raises OSError, OutputError, with the name as it was given."""
    try:
        return _opened(path, inputs)
    except OSError as error:
        error.filename = str(path)
        raise


def _opened(path: Path, inputs: Iterable[Path]) -> int:
    if _is_descriptor(path):  # /dev/stdout and the like
        return os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
    for each in inputs:
        if _is_same(path, each):
            raise OutputError(errno.EEXIST, f"expected another file than {each}, which this call reads", str(path))
    try:
        real = path.resolve()
    except RuntimeError:  # Python before 3.13
        raise _error(errno.ELOOP, path) from None
    try:
        status = real.lstat()
    except FileNotFoundError:
        return _made(real)
    if stat.S_ISDIR(status.st_mode):
        raise _error(errno.EISDIR, path)
    if not stat.S_ISREG(status.st_mode):
        return os.open(real, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
    if status.st_mode & 0o077 or status.st_nlink > 1 or status.st_uid != os.geteuid():
        return _replaced(real)
    return os.open(real, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC)


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one of them is not there
        return False


def _made(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, OWNER_ONLY)


def _replaced(path: Path) -> int:
    """A new file in the place of another one, which whoever has it open goes on having."""
    if not os.access(path, os.W_OK):
        raise _error(errno.EACCES, path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = _made(unfinished)
    try:
        unfinished.replace(path)
    except BaseException:
        os.close(descriptor)
        unfinished.unlink()
        raise
    return descriptor


def _is_descriptor(path: Path) -> bool:
    """Whether it stands for an open file of this process; else the links on the way are looked at. Raises OutputError
    for one in a folder that others can write."""
    left = _LINKS_LIMIT
    here = Path("/")
    steps = list(reversed(path.absolute().parts[1:]))
    while steps:
        step = steps.pop()
        there = here.parent if step == ".." else here / step
        if not there.is_symlink():
            here = there
            continue
        if there.parts[:2] == ("/", "proc"):
            return True
        if others_can_write(here):
            raise OutputError(errno.ELOOP, f"found the link {there}, in a folder that others can write", str(path))
        left -= 1
        if not left:
            raise _error(errno.ELOOP, path)
        target = there.readlink()
        if target.is_absolute():
            here = Path("/")
        steps += reversed(target.parts[target.is_absolute() :])
    return False


def others_can_write(folder: Path) -> bool:
    """Whether somebody else may make links and files in a folder."""
    status = folder.stat()
    of_group = status.st_mode & stat.S_IWGRP and status.st_gid != os.getegid()
    return bool(status.st_mode & stat.S_IWOTH or of_group or status.st_uid not in (0, os.geteuid()))


def _error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))
