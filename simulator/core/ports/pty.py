"""A port that is a pseudo-terminal, at a path that stays the same.

Linux facts this stands on: with no slave open, a read of the master fails and spins, so the simulator holds the slave
open itself; clients coming and going are then invisible on the master, so inotify watches the device; what a client
left unread would be read by the next one, so it is flushed when the last client has left.
"""

import fcntl
import os
import select
import struct
import termios
from pathlib import Path
from typing import Final

from espat.core.ports.inotify import DeviceWatcher
from espat.core.ports.opener import PortOpener
from espat.core.ports.path_lock import lock_path
from espat.core.ports.port import Attachment, PortError
from espat.core.ports.terminal import Spawn, TerminalPort, make_serial

DEVICES: Final = Path("/dev/pts")
TIOCGEXCL: Final = 0x80045440
MOST_COUNTS: Final = 3
"""How often clients are counted again because one came or went meanwhile; the next closing counts them anyway."""


class PtyPort(TerminalPort):
    """A pseudo-terminal behind a symbolic link."""

    def __init__(self, link: Path, watcher: DeviceWatcher, spawn: Spawn) -> None:
        """Open a PTY and put the link in place. Raises PortError, OSError."""
        self.link = link.absolute()
        self._lock = lock_path(self.link, "--link PATH")
        master, self._slave = os.openpty()
        make_serial(self._slave)
        super().__init__(master, spawn)
        self._raw = termios.tcgetattr(self._slave)
        self._device = os.ttyname(self._slave)
        self._clients = 0
        self._watcher = watcher
        self._watch = watcher.watch(self._device, self._opened_or_closed)
        try:
            _place(self.link, self._device)
        except PortError:
            self.close()
            raise
        self.announcement = f"ready to open at {self.link}"

    def close(self) -> None:
        """Close the PTY and remove the link, unless somebody has replaced it."""
        if self.link.is_symlink() and os.readlink(self.link) == self._device:
            self.link.unlink()
        self._watcher.forget(self._watch)
        super().close()
        os.close(self._slave)
        self._lock.close()

    def _opened_or_closed(self, openings: list[bool]) -> None:
        """Clients have come (True) and gone (False)."""
        vacated = False
        for opening in openings:
            self._clients += 1 if opening else -1
            vacated = vacated or self._clients <= 0
        if self.attachment is Attachment.NOT_YET:
            self._expect_set_up()
            if vacated:  # gone before it has set anything up
                self._set_up()
            return
        if not all(openings):
            self._count_clients()
            vacated = vacated and (not self._clients or any(openings))
        if vacated and self.attachment is Attachment.ATTACHED:
            self._left()
        if self._clients and self.attachment is Attachment.LEFT:
            self.set_attachment(Attachment.ATTACHED)

    def _client_spoke(self) -> None:
        self._watcher.poll()  # who wrote this gets the answer
        super()._client_spoke()
        if self.attachment is Attachment.LEFT:  # gone again, or its opening was merged with another one by inotify
            self._count_clients()
            if self._clients:
                self.set_attachment(Attachment.ATTACHED)

    def _client_is_set_up(self) -> None:
        super()._client_is_set_up()
        self._count_clients()
        if not self._clients:
            self._left()

    def _count_clients(self) -> None:
        """Ask the kernel whether anybody is there.

        inotify merges events that are alike, so its count may be wrong. The kernel knows: without our own slave, the
        master is hung up exactly when nobody has the device open.
        """
        for _ in range(MOST_COUNTS):
            try:
                exclusive = struct.unpack("i", fcntl.ioctl(self._slave, TIOCGEXCL, bytes(4)))[0]
            except OSError:  # root has hung the terminal up: it begins again
                os.close(self._slave)
                self._slave = os.open(self._device, os.O_RDWR | os.O_NOCTTY)
                termios.tcsetattr(self._slave, termios.TCSANOW, self._raw)
                exclusive = 0
            fcntl.ioctl(self._slave, termios.TIOCNXCL)  # else we might not get back in
            os.close(self._slave)
            master = select.poll()
            master.register(self._master, 0)
            hung_up = bool(master.poll(0))
            self._slave = os.open(self._device, os.O_RDWR | os.O_NOCTTY)
            self._clients = 0 if hung_up else max(1, self._clients)
            if exclusive and not hung_up:
                fcntl.ioctl(self._slave, termios.TIOCEXCL)
            if self._watcher.take(self._watch) == [False, True]:
                return  # only our own closing and opening: nobody came or went meanwhile

    def _left(self) -> None:
        self.set_attachment(Attachment.LEFT)
        termios.tcflush(self._slave, termios.TCIFLUSH)
        if not self._clients:  # else the next client is there already, and the settings are its own
            termios.tcsetattr(self._slave, termios.TCSANOW, self._raw)
            fcntl.ioctl(self._slave, termios.TIOCNXCL)


def open_port(place: str, opener: PortOpener) -> PtyPort:
    """The port of `pty:PLACE`. Raises PortError, OSError."""
    return PtyPort(Path(place), opener.service(DeviceWatcher), opener.spawn)


def _place(link: Path, device: str) -> None:
    """Point the link at the device; replace a stale link and nothing else. Raises PortError."""
    if link.is_symlink():
        target = link.parent / link.readlink()
        if target.exists() and target.parent != DEVICES:
            raise PortError(f"{link} is a link to {target}, not one of ours: it stays as it is")
    elif link.exists():
        raise PortError(f"{link} is a {'directory' if link.is_dir() else 'file'}, not a link: it stays as it is")
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    try:
        temporary.symlink_to(device)
        temporary.replace(link)
    except OSError as error:
        raise PortError(f"cannot make {link}: {error.strerror}") from error
