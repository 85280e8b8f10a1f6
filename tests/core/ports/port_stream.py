"""A port as a trio stream, for as long as its client is there: for trio's own check of streams."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from operator import index

import trio

from espat.core.ports.port import Attachment, Port


def _no() -> bool:
    return False


class PortStream(trio.abc.Stream):
    """The module's end of a port."""

    def __init__(self, port: Port, unread: Callable[[], bool] = _no) -> None:
        """`unread`: whether the client has something to read yet, of a port that takes it along when it is closed."""
        self._port = port
        self._unread = unread
        self._rest = b""
        self._closed = False
        self._busy: set[str] = set()
        self._waits: set[trio.CancelScope] = set()
        port.on_attachment = self._wake

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        rest = bytes(data)
        with self._alone("sending"):
            await trio.lowlevel.checkpoint()
            self._check_sending()
            while rest:
                if self._port.attachment is Attachment.NOT_YET:
                    await self._until_changed(trio.sleep_forever)
                elif taken := self._port.send_nowait(rest):
                    rest = rest[taken:]
                else:
                    await self._until_changed(self._port.wait_writable)
                self._check_sending()

    async def wait_send_all_might_not_block(self) -> None:
        with self._alone("sending"):
            await trio.lowlevel.checkpoint()
            self._check_sending()
            await self._until_changed(self._port.wait_writable)
            if self._closed:
                raise trio.ClosedResourceError

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if max_bytes is not None and index(max_bytes) < 1:
            raise ValueError("max_bytes must be at least 1")
        with self._alone("receiving"):
            await trio.lowlevel.checkpoint()
            while True:
                if self._closed:
                    raise trio.ClosedResourceError
                self._rest = self._rest or self._port.receive_nowait()
                if self._rest:
                    data = self._rest[:max_bytes]
                    self._rest = self._rest[len(data) :]
                    return data
                if self._port.attachment is Attachment.LEFT:
                    return b""
                await self._until_changed(self._receive)

    async def aclose(self) -> None:
        try:
            while not self._closed and self._port.attachment is Attachment.ATTACHED and self._unread():
                await trio.sleep(0.001)
        finally:
            if not self._closed:
                self._closed = True
                self._wake()
                self._port.close()
        await trio.lowlevel.checkpoint()

    async def _receive(self) -> None:
        self._rest = await self._port.receive_some()

    async def _until_changed(self, wait: Callable[[], Awaitable[None]]) -> None:
        """Wait, but not longer than until a client comes or goes, or this end is closed."""
        with trio.CancelScope() as scope:
            self._waits.add(scope)
            try:
                await wait()
            finally:
                self._waits.remove(scope)

    def _wake(self) -> None:
        for scope in self._waits:
            scope.cancel()

    def _check_sending(self) -> None:
        if self._closed:
            raise trio.ClosedResourceError
        if self._port.attachment is Attachment.LEFT:
            raise trio.BrokenResourceError

    @contextmanager
    def _alone(self, doing: str) -> Iterator[None]:
        """One task at a time in each direction. Raises trio.BusyResourceError."""
        if doing in self._busy:
            raise trio.BusyResourceError("another task is using this end")
        self._busy.add(doing)
        try:
            yield
        finally:
            self._busy.remove(doing)
