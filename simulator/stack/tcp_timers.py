"""How the TCP of one end notices that the other end of a stream in memory has vanished.

Data that is sent meets a reset where somebody has the peer's address again, who knows nothing of the connection, and is
repeated in vain where nobody has; keep-alive notices it too.
"""

from collections.abc import Callable
from typing import Final

from espat.core.time.clock import Clock
from espat.stack.memory_stream import MemoryStream
from espat.stack.tcp_options import KEEP_ALIVE_COUNT, KEEP_ALIVE_INTERVAL

GIVE_UP: Final = 127.0
"""Seconds until data that nobody acknowledges ends a connection: ESP-AT repeats it six times (ESP-AT User Guide, FAQ),
the first time after a second and then each time after twice as long."""


class TcpTimers:
    """Those of one stream."""

    def __init__(self, clock: Clock, spawn: Callable[..., None], somebody_there: Callable[[], bool]) -> None:
        """`spawn` starts a task that ends with the boot. `somebody_there`: whether anybody has the peer's address."""
        self._clock = clock
        self._spawn = spawn
        self._somebody_there = somebody_there
        self._repeating = False

    def vanished(self, stream: MemoryStream) -> None:
        if stream.keep_alive:
            self._spawn(self._break_off_after, stream.keep_alive + KEEP_ALIVE_INTERVAL * KEEP_ALIVE_COUNT, stream)

    def is_reset(self, stream: MemoryStream) -> bool:
        return self._somebody_there()

    def unanswered(self, stream: MemoryStream) -> None:
        if not self._repeating:
            self._repeating = True
            self._spawn(self._break_off_after, GIVE_UP, stream)

    async def _break_off_after(self, seconds: float, stream: MemoryStream) -> None:
        await self._clock.sleep(seconds)
        stream.break_off()
