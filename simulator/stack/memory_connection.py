"""A TCP connection of a link to somebody of the same simulation.

When the other end has vanished, what becomes of the connection is up to this one: data that is sent meets a reset where
somebody has the peer's address again, who knows nothing of the connection, and is repeated in vain where nobody has;
keep-alive notices it too.
"""

from collections.abc import Callable
from typing import Final

import trio

from espat.core.time.clock import Clock
from espat.stack.connection import KEEP_ALIVE_COUNT, KEEP_ALIVE_INTERVAL
from espat.stack.errors import LWIP_NOT_CONNECTED, LWIP_RESET, NetworkError
from espat.stack.memory_stream import MemoryStream
from espat.stack.tcp_options import ConnectionOptions

GIVE_UP: Final = 1023.0
"""Seconds until data that nobody acknowledges ends a connection: twelve repetitions, each after twice the time of the
one before, up to 128 seconds (lwIP)."""


class MemoryConnection:
    """One end of a stream in memory. `sent`: bytes handed to the stack so far."""

    def __init__(
        self, stream: MemoryStream, clock: Clock, spawn: Callable[..., None], somebody_there: Callable[[], bool]
    ) -> None:
        """`spawn` starts a task that ends with the boot. `somebody_there`: whether anybody has the peer's address."""
        self.sent = 0
        self._stream = stream
        self._clock = clock
        self._spawn = spawn
        self._somebody_there = somebody_there
        self._keep_alive = 0
        self._resets = False
        self._repeating = False
        stream.on_lost = self._watch

    async def send(self, data: bytes) -> None:
        before = self._stream.sent
        try:
            if self._stream.lost and self._somebody_there():
                self._stream.reset()  # the answer to what has just been sent
                return
            self._repeat()
            await self._stream.send_all(data)
            self._repeat()
        except trio.BrokenResourceError as error:
            raise NetworkError(LWIP_RESET) from error
        except trio.ClosedResourceError as error:
            raise NetworkError(LWIP_NOT_CONNECTED) from error
        finally:
            self.sent += self._stream.sent - before

    async def receive(self, most: int) -> bytes:
        try:
            return await self._stream.receive_some(most)
        except trio.ClosedResourceError as error:
            raise NetworkError(LWIP_NOT_CONNECTED) from error

    def set_options(self, options: ConnectionOptions) -> None:
        self._keep_alive = options.keep_alive
        self._resets = options.linger == 0

    def finish(self) -> None:
        self._stream.end()
        if self._stream.lost and self._somebody_there():
            self._stream.reset()

    @property
    def acknowledged(self) -> bool:
        return not self._stream.lost or self._stream.broken  # what lies in the peer's window has arrived

    def reset(self) -> None:
        self._stream.reset()
        self._stream.close()

    def close(self) -> None:
        if self._resets:
            self._stream.reset()
        self._stream.close()

    def vanish(self) -> None:
        self._stream.vanish()

    def _watch(self) -> None:
        if self._keep_alive:
            self._spawn(self._reset_after, self._keep_alive + KEEP_ALIVE_INTERVAL * KEEP_ALIVE_COUNT)

    def _repeat(self) -> None:
        if self._stream.lost and not self._repeating:
            self._repeating = True
            self._spawn(self._reset_after, GIVE_UP)

    async def _reset_after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._stream.reset()
