"""Who opens and closes a device file: Linux's inotify, under trio.

One watcher serves all ports of the program; it sleeps until something happens.
"""

import ctypes
import os
import struct
from collections.abc import Callable
from typing import Final

import trio

_OPEN: Final = 0x20
_CLOSE: Final = 0x08 | 0x10  # close after writing, close after reading
_HEADER: Final = struct.Struct("iIII")


class DeviceWatcher:
    """Tells who wants to know when a device file is opened and closed, once per open file description."""

    def __init__(self) -> None:
        """Raises OSError."""
        libc = ctypes.CDLL(None, use_errno=True)
        self._add_watch = libc.inotify_add_watch
        self._fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1 failed")
        self._listeners: dict[int, tuple[Callable[[], None], Callable[[], None]]] = {}

    def watch(self, path: str, opened: Callable[[], None], closed: Callable[[], None]) -> None:
        """Call `opened` and `closed` from now on. Raises OSError."""
        descriptor = self._add_watch(self._fd, os.fsencode(path), _OPEN | _CLOSE)
        if descriptor < 0:
            raise OSError(ctypes.get_errno(), f"cannot watch {path}")
        self._listeners[descriptor] = opened, closed

    async def run(self) -> None:
        """Dispatch events for ever."""
        while True:
            await trio.lowlevel.wait_readable(self._fd)
            events = os.read(self._fd, 65536)
            at = 0
            while at < len(events):
                descriptor, mask, _, length = _HEADER.unpack_from(events, at)
                at += _HEADER.size + length
                if descriptor in self._listeners:
                    opened, closed = self._listeners[descriptor]
                    (opened if mask & _OPEN else closed)()
            # Order within one read is the order on the device.

    def close(self) -> None:
        """Release the descriptor."""
        os.close(self._fd)
