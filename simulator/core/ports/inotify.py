"""Who opens and closes a device file: Linux's inotify, under trio.

One watcher serves all ports of the program; it sleeps until something happens.
"""

import ctypes
import os
import select
import struct
from collections.abc import Callable
from typing import Final

import trio

_OPEN: Final = 0x20
_CLOSE: Final = 0x08 | 0x10  # close after writing, close after reading
_HEADER: Final = struct.Struct("iIII")


Listener = Callable[[list[bool]], None]
"""Told in order what has happened since the last time: True opened, False closed."""


class DeviceWatcher:
    """Tells who wants to know when a device file is opened and closed, once per open file description."""

    def __init__(self) -> None:
        """Raises OSError."""
        libc = ctypes.CDLL(None, use_errno=True)
        self._add_watch = libc.inotify_add_watch
        self._remove_watch = libc.inotify_rm_watch
        self._fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1 failed")
        self._news = select.poll()
        self._news.register(self._fd, select.POLLIN)
        self._listeners: dict[int, Listener] = {}
        self._untold: dict[int, list[bool]] = {}

    def watch(self, path: str, listener: Listener) -> int:
        """Tell `listener` from now on; returns the number for `take`. Raises OSError."""
        descriptor: int = self._add_watch(self._fd, os.fsencode(path), _OPEN | _CLOSE)
        if descriptor < 0:
            raise OSError(ctypes.get_errno(), f"cannot watch {path}")
        self._listeners[descriptor] = listener
        return descriptor

    def forget(self, descriptor: int) -> None:
        """Tell no more of one device."""
        del self._listeners[descriptor]
        self._remove_watch(self._fd, descriptor)

    async def run(self) -> None:
        """Tell for ever."""
        while True:
            await trio.lowlevel.wait_readable(self._fd)
            self.poll()

    def poll(self) -> None:
        """Tell what has happened already.

        For who reads the device: trio may show what a client has written before it shows that the client has come.
        """
        self._collect()
        while self._untold:
            descriptor, openings = self._untold.popitem()
            if descriptor in self._listeners:
                self._listeners[descriptor](openings)

    def take(self, descriptor: int) -> list[bool]:
        """What has happened to one device and not been told yet; it is not told any more."""
        self._collect()
        taken = self._untold.pop(descriptor, [])
        if self._untold:  # nothing else would tell those of the other devices
            trio.lowlevel.current_trio_token().run_sync_soon(self.poll)
        return taken

    def close(self) -> None:
        """Release the descriptor; nothing is told any more."""
        os.close(self._fd)
        self._fd = -1

    def _collect(self) -> None:
        if self._fd < 0 or not self._news.poll(0):  # asked for whatever a client says: reading in vain costs more
            return
        events = os.read(self._fd, 65536)
        at = 0
        while at < len(events):
            descriptor, mask, _, length = _HEADER.unpack_from(events, at)
            at += _HEADER.size + length
            self._untold.setdefault(descriptor, []).append(bool(mask & _OPEN))
