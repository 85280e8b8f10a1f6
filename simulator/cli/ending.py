"""Ending on a signal, in order, whenever it comes and however often.

Ctrl-C, a terminal that goes away, `timeout`, a service: whoever ends a program may send several signals, one right
behind the other. The first one counts; those that come while the program cleans up change nothing.
"""

import signal
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, Final, Self, TypeVarTuple

import trio

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Arguments = TypeVarTuple("Arguments")


class Ending:
    """Within its context the signals of this program are its; one that comes before `run` ends the program at once,
    with exit code 0."""

    def __init__(self) -> None:
        self._asked = False
        self._running = False
        self._token: trio.lowlevel.TrioToken | None = None
        self._event = trio.Event()
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in SIGNALS:
            before = signal.getsignal(number)
            if number is not signal.SIGHUP or before is not signal.SIG_IGN:  # else nohup wants it ignored
                self._before[number] = before
                signal.signal(number, self._signalled)
        return self

    def __exit__(self, *_: object) -> None:
        # A Python that ends takes its handlers down, and would die of a further signal; what is ignored stays ignored.
        for number, before in self._before.items():
            signal.signal(number, signal.SIG_IGN if self._asked else before)

    def run(self, main: Callable[[*Arguments], Awaitable[int]], *arguments: *Arguments) -> int:
        """As trio.run; what runs learns of the signal by `wait`."""
        self._running = True
        return trio.run(main, *arguments)

    async def wait(self) -> None:
        """Wait for the first signal; returns at once when it has come."""
        self._token = trio.lowlevel.current_trio_token()
        if not self._asked:
            await self._event.wait()

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            return
        self._asked = True
        if not self._running:
            raise SystemExit(0)
        if self._token is not None:
            self._token.run_sync_soon(self._event.set)
