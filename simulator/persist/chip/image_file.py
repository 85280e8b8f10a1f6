"""The file that holds the content of a flash chip: only its owner can read it, and only one program uses it at a time.

Writes go straight to the file. A program that is killed loses nothing that it has written; only the machine itself
can, when its power fails.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from espat.persist.chip.flash import ERASED, SECTOR_SIZE

OWNER_ONLY: Final = 0o600
CREATION_CHUNK: Final = 0x10000
"""Bytes of one write of a new image. The page cache keeps what comes in larger writes in larger pieces, and small
writes into those take four times as long (Linux 6, ext4)."""


class FlashFileError(ValueError):
    """A flash file cannot be used; the message names it."""


class Image(Protocol):
    """The content of a whole chip. `size`: in bytes."""

    size: int

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the image."""

    def write(self, offset: int, data: bytes | bytearray) -> None:
        """Overwrite bytes of the image."""

    def close(self) -> None:
        """Let others have it."""


class ImageCopy:
    """A copy in memory, for looking at: what is written to it is in no file."""

    def __init__(self, content: bytes) -> None:
        self.size = len(content)
        self._content = bytearray(content)

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the image."""
        return bytes(self._content[offset : offset + length])

    def write(self, offset: int, data: bytes | bytearray) -> None:
        """Overwrite bytes of the image."""
        self._content[offset : offset + len(data)] = data

    def close(self) -> None:
        """Nobody waits for it."""


class ImageFile:
    """An image that is open and locked. `size`: in bytes."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.size = os.fstat(descriptor).st_size
        self._descriptor = descriptor

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the image. Raises OSError, also when somebody has made the file shorter."""
        try:
            data = os.pread(self._descriptor, length, offset)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from None
        if len(data) != length:
            raise self._other_size()
        return data

    def write(self, offset: int, data: bytes | bytearray) -> None:
        """Overwrite bytes of the image. Raises OSError, also when somebody has changed the size of the file."""
        try:
            if os.fstat(self._descriptor).st_size != self.size:
                raise self._other_size()
            count = os.pwrite(self._descriptor, data, offset)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from None
        if count != len(data):
            raise OSError(errno.ENOSPC, "not all of the image can be written", str(self.path))

    def _other_size(self) -> OSError:
        return OSError(errno.EIO, "the file has been cut or has grown", str(self.path))

    def close_to_others(self) -> None:
        """Nobody but its owner can read it from now on: it holds passwords."""
        if os.fstat(self._descriptor).st_mode & 0o077:
            os.fchmod(self._descriptor, OWNER_ONLY)

    def close(self) -> None:
        """Let others have it."""
        os.close(self._descriptor)

    def set_aside(self) -> Path:
        """Close it and give it another name, which is returned: FILE.damaged-1, -2 and so on."""
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.damaged-{number}")).exists():
            number += 1
        self.path.rename(aside)
        self.close()
        return aside


def open_image(path: Path) -> ImageFile | None:
    """Open and lock an image; None when there is none yet, or an empty file. Raises FlashFileError."""
    path = _resolved(path)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FlashFileError(f"{path}: {error.strerror}") from None
    try:
        _lock(path, descriptor)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FlashFileError(f"{path}: expected a flash image, got no regular file")
        if status.st_size == 0:
            os.close(descriptor)
            return None
    except OSError as error:
        os.close(descriptor)
        raise FlashFileError(f"{path}: {error.strerror}") from None
    except FlashFileError:
        os.close(descriptor)
        raise
    return ImageFile(path, descriptor)


def create_image(path: Path, size: int, sectors: Mapping[int, bytes]) -> ImageFile:
    """Make an image of a chip with these sectors, by number, the others erased; the file appears when it is complete.

    Raises FlashFileError."""
    path = _resolved(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
        try:
            _lock(path, descriptor)
            with open(descriptor, "wb", buffering=CREATION_CHUNK, closefd=False) as file:
                for number in range(size // SECTOR_SIZE):
                    file.write(sectors.get(number, ERASED))
            if path.exists():  # an empty file
                unfinished.rename(path)
            else:
                path.hardlink_to(unfinished)
        except BaseException:
            os.close(descriptor)
            raise
        finally:
            unfinished.unlink(missing_ok=True)
    except FileExistsError:
        raise FlashFileError(f"{path}: another program makes it just now") from None
    except OSError as error:
        raise FlashFileError(f"{path}: {error.strerror}") from None
    return ImageFile(path, descriptor)


def _resolved(path: Path) -> Path:
    """Where links lead. Raises FlashFileError."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # RuntimeError: of a link that leads to itself, before Python 3.13
        raise FlashFileError(f"{path}: {os.strerror(errno.ELOOP)}") from None
    except ValueError:  # a zero byte
        raise FlashFileError(f"{path}: not a path") from None


def _lock(path: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FlashFileError(f"{path}: another program uses it; each module needs a file of its own") from None
