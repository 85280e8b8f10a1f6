"""A port that is a pseudo-terminal, at a path that stays the same.

Linux facts this stands on: with no slave open, a read of the master fails and spins, so the simulator holds the slave
open itself; clients coming and going are then invisible on the master, so inotify watches the device; what a client
left unread would be read by the next one, so it is flushed when the last client has left; packet mode tells when a
client flushes its input, which programs do right after opening a port.
"""

import errno
import fcntl
import hashlib
import os
import select
import socket
import struct
import termios
import tty
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import trio

from simulator.core.inotify import DeviceWatcher
from simulator.core.port import Attachment, Port

DEVICES: Final = Path("/dev/pts")
TIOCGEXCL: Final = 0x80045440
MOST_COUNTS: Final = 3
"""How often clients are counted again because one came or went meanwhile; the next closing counts them anyway."""
READ_SIZE: Final = 65536
OPENING_TIME: Final = 0.1
"""Seconds a first client has to flush its input, which many do when they have set up the port. What the module has
kept for it is handed over after that, at once when the client flushes or speaks."""
TIOCPKT_DATA: Final = 0
TIOCPKT_FLUSHREAD: Final = 1


class LinkError(Exception):
    """The path of a port cannot be used; the message says why."""


class PtyPort(Port):
    """A pseudo-terminal behind a symbolic link."""

    def __init__(self, link: Path, watcher: DeviceWatcher, spawn: Callable[..., Any]) -> None:
        """Open a PTY and put the link in place. `spawn` starts a task. Raises LinkError, OSError."""
        super().__init__()
        self.link = link.absolute()
        self._lock = _lock(self.link)
        self._master, self._slave = os.openpty()
        os.set_blocking(self._master, False)
        tty.setraw(self._slave)
        self._raw = termios.tcgetattr(self._slave)
        fcntl.ioctl(self._master, termios.TIOCPKT, struct.pack("i", 1))
        self._device = os.ttyname(self._slave)
        self._clients = 0
        self._opening: trio.Event | None = None
        self._spawn = spawn
        self._watcher = watcher
        self._watch = watcher.watch(self._device, self._opened_or_closed)
        _place(self.link, self._device)

    async def receive_some(self) -> bytes:
        while True:
            await trio.lowlevel.wait_readable(self._master)
            chunk = self.receive_nowait()
            if chunk:
                return chunk

    def receive_nowait(self) -> bytes:
        try:
            packet = os.read(self._master, READ_SIZE)
        except BlockingIOError:
            return b""
        if packet[0] == TIOCPKT_DATA:
            self._watcher.poll()  # who wrote this gets the answer
            self._set_up()
            if self.attachment is Attachment.LEFT:  # an opening that inotify has merged with another one
                self._clients = 1
                self.set_attachment(Attachment.ATTACHED)
            return packet[1:]
        if packet[0] & TIOCPKT_FLUSHREAD:
            self._set_up()
        return b""

    def send_nowait(self, data: bytes) -> int:
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0

    async def wait_writable(self) -> None:
        await trio.lowlevel.wait_writable(self._master)

    def gap_clock(self) -> float:
        return trio.current_time()

    def gap_limit(self, seconds: float) -> AbstractContextManager[trio.CancelScope]:
        return trio.move_on_after(seconds)

    def close(self) -> None:
        """Close the PTY and remove the link, unless somebody has replaced it."""
        if self.link.is_symlink() and os.readlink(self.link) == self._device:
            self.link.unlink()
        os.close(self._master)
        os.close(self._slave)
        self._lock.close()

    def _opened_or_closed(self, openings: list[bool]) -> None:
        """Clients have come (True) and gone (False)."""
        vacated = False
        for opening in openings:
            self._clients += 1 if opening else -1
            vacated = vacated or self._clients <= 0
        if self.attachment is Attachment.NOT_YET:
            if self._opening is None:
                self._opening = trio.Event()
                self._spawn(self._let_set_up, self._opening)
            return
        if not all(openings):
            self._count_clients()
            vacated = vacated and (not self._clients or any(openings))
        if vacated and self.attachment is Attachment.ATTACHED:
            self._left()
        if self._clients and self.attachment is Attachment.LEFT:
            self.set_attachment(Attachment.ATTACHED)

    async def _let_set_up(self, opening: trio.Event) -> None:
        with trio.move_on_after(OPENING_TIME):
            await opening.wait()
        self._opening = None
        self.set_attachment(Attachment.ATTACHED)
        self._count_clients()
        if not self._clients:
            self._left()

    def _count_clients(self) -> None:
        """Ask the kernel whether anybody is there.

        inotify merges events that are alike, so its count may be wrong. The kernel knows: without our own slave, the
        master is hung up exactly when nobody has the device open.
        """
        for _ in range(MOST_COUNTS):
            exclusive = struct.unpack("i", fcntl.ioctl(self._slave, TIOCGEXCL, bytes(4)))[0]
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

    def _set_up(self) -> None:
        if self._opening is not None:
            self._opening.set()

    def _left(self) -> None:
        self.set_attachment(Attachment.LEFT)
        termios.tcflush(self._slave, termios.TCIFLUSH)
        if not self._clients:  # else the next client is there already, and the settings are its own
            termios.tcsetattr(self._slave, termios.TCSANOW, self._raw)
            fcntl.ioctl(self._slave, termios.TIOCNXCL)


def _lock(link: Path) -> socket.socket:
    """Reserve a path for this process, as long as it lives: an abstract socket leaves nothing behind."""
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    name = hashlib.sha256(os.fsencode(link.parent.resolve() / link.name)).hexdigest()  # a path may be too long
    try:
        lock.bind(f"\0espat-port:{name}")
    except OSError as error:
        lock.close()
        if error.errno == errno.EADDRINUSE:
            raise LinkError(f"{link} belongs to another simulator that is running") from error
        raise
    return lock


def _place(link: Path, device: str) -> None:
    """Point the link at the device; replace a stale link and nothing else. Raises LinkError."""
    if link.is_symlink():
        target = link.parent / link.readlink()
        if target.exists() and target.parent != DEVICES:
            raise LinkError(f"{link} is a link to {target}, not one of ours: it stays as it is")
    elif link.exists():
        raise LinkError(f"{link} is a file, not a link: it stays as it is")
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    try:
        temporary.symlink_to(device)
        temporary.replace(link)
    except OSError as error:
        raise LinkError(f"cannot make {link}: {error.strerror}") from error
