"""A stream of the stack as one of trio's: for trio's own check of streams."""

from collections.abc import Iterator
from contextlib import contextmanager
from operator import index

import trio

from espat.stack.errors import NetworkError
from espat.stack.stream import Stream


class TrioStream(trio.abc.HalfCloseableStream):
    """It adds the checkpoints that streams of the stack do without, and says things with trio's exceptions."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._closed = False
        self._finished = False
        self._busy: set[str] = set()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        with self._alone("sending"):
            await trio.lowlevel.checkpoint()
            if self._finished or self._closed:  # be there anything to send or not
                raise trio.ClosedResourceError
            await self._stream.send(bytes(data))

    async def wait_send_all_might_not_block(self) -> None:
        with self._alone("sending"):
            await trio.lowlevel.checkpoint()
            if self._closed:
                raise trio.ClosedResourceError

    async def send_eof(self) -> None:
        with self._alone("sending"):
            await trio.lowlevel.checkpoint()
            if self._closed:
                raise trio.ClosedResourceError
            self._finished = True
            self._stream.finish()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if max_bytes is not None and index(max_bytes) < 1:
            raise ValueError("max_bytes must be at least 1")
        with self._alone("receiving"):
            await trio.lowlevel.checkpoint()
            return await self._stream.receive(max_bytes or 65536)

    async def aclose(self) -> None:
        self._closed = True
        self._stream.close()
        await trio.lowlevel.checkpoint()

    @contextmanager
    def _alone(self, doing: str) -> Iterator[None]:
        """One task at a time in each direction."""
        if doing in self._busy:
            raise trio.BusyResourceError("another task is using this end")
        self._busy.add(doing)
        try:
            yield
        except NetworkError as error:
            raise (trio.ClosedResourceError if self._closed else trio.BrokenResourceError) from error
        finally:
            self._busy.remove(doing)
