"""The module's time: real, scaled, stepped or paced.

Everything the module or the scripted world does waits here; real sockets, PTYs and child processes wait on trio.
Times are seconds since the simulation began.
"""

import heapq
import warnings
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache, partial
from itertools import count
from typing import Final, NamedTuple

import trio


class Clock(ABC):
    """Module time in seconds, and the ways to wait for it."""

    @abstractmethod
    def now(self) -> float:
        """Seconds of module time since the simulation began."""

    @abstractmethod
    async def sleep_until(self, deadline: float) -> None:
        """Wait until `now()` has reached `deadline`; always a checkpoint."""

    @abstractmethod
    def move_on_after(self, seconds: float) -> AbstractContextManager[trio.CancelScope]:
        """A cancel scope that ends after so many seconds of module time."""

    @abstractmethod
    def real_seconds(self, seconds: float) -> float | None:
        """How long so many seconds of module time take in real time; None when it does not pass by itself."""

    @abstractmethod
    def real_work(self) -> AbstractContextManager[None]:
        """Marks a wait for something real (socket, child, resolver): stepped time does not run ahead of it."""

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of module time; always a checkpoint."""
        await self.sleep_until(self.now() + seconds)


class ScaledClock(Clock):
    """Module time runs `speed` times as fast as real time."""

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be more than 0, not {speed}")
        self.speed = speed
        self._origin = trio.current_time()

    def now(self) -> float:
        return (trio.current_time() - self._origin) * self.speed

    async def sleep_until(self, deadline: float) -> None:
        await trio.sleep_until(self._origin + deadline / self.speed)

    @contextmanager
    def move_on_after(self, seconds: float) -> Iterator[trio.CancelScope]:
        with trio.move_on_after(seconds / self.speed) as scope:
            yield scope

    def real_seconds(self, seconds: float) -> float | None:
        return seconds / self.speed

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield


class RealClock(ScaledClock):
    """Module time is real time."""

    def __init__(self) -> None:
        super().__init__(1.0)


TOLERANCE: Final = 1e-9
"""Seconds a timer may be ahead of the target of `advance`: eight steps of 0.1 are a little less than 0.8."""
FEW: Final = 64
"""Timers that nobody waits for are not worth sorting out below this number."""


class _Timer(NamedTuple):
    deadline: float
    order: int
    pending: list[Callable[[], None]]
    """What to call when it is due; empty when it has been, or when nobody waits for it any more."""


class MovableClock(Clock):
    """Module time that can be moved forward by hand.

    Due timers fire in order of their deadlines, and all module tasks settle between two of them.
    """

    def __init__(self) -> None:
        self._order = count()
        self._timers: list[_Timer] = []  # a heap
        self._given_up = 0  # how many of them nobody waits for any more
        self._earlier = trio.Event()
        self._real_work = 0
        self._real_work_done = trio.Event()

    @abstractmethod
    def _move_to(self, time: float) -> None:
        """Make it this late, unless it is later already."""

    @abstractmethod
    async def run(self) -> None:
        """Let time pass, for ever."""

    @property
    def next_deadline(self) -> float | None:
        """When the next timer is due; None when nobody waits."""
        while self._timers and not self._timers[0].pending:
            heapq.heappop(self._timers)
            self._given_up -= 1
        return self._timers[0].deadline if self._timers else None

    @property
    def pending(self) -> int:
        """How many timers somebody waits for."""
        return sum(bool(timer.pending) for timer in self._timers)

    async def advance(self, seconds: float) -> None:
        """Move module time forward by `seconds`, firing every timer that falls due on the way."""
        target = self.now() + seconds
        await self._settle()
        while (deadline := self.next_deadline) is not None and deadline <= target + TOLERANCE:
            self._fire_next()
            await self._settle()
        self._move_to(target)

    async def sleep_until(self, deadline: float) -> None:
        if deadline <= self.now():
            await trio.lowlevel.checkpoint()
            return
        timer = self._start(deadline, partial(trio.lowlevel.reschedule, trio.lowlevel.current_task()))

        def abort(_: object) -> trio.lowlevel.Abort:
            self._give_up(timer)
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)

    @contextmanager
    def move_on_after(self, seconds: float) -> Iterator[trio.CancelScope]:
        with trio.CancelScope() as scope:
            if seconds <= 0:
                scope.cancel()
            timer = self._start(self.now() + seconds, scope.cancel)
            try:
                yield scope
            finally:
                self._give_up(timer)

    def real_seconds(self, seconds: float) -> float | None:
        return None

    @contextmanager
    def real_work(self) -> Iterator[None]:
        self._real_work += 1
        try:
            yield
        finally:
            self._real_work -= 1
            if not self._real_work:
                self._real_work_done.set()
                self._real_work_done = trio.Event()

    def _fire_next(self) -> None:
        """Fire the first timer, of which there has to be one, at its time."""
        timer = heapq.heappop(self._timers)
        self._move_to(timer.deadline)
        timer.pending.pop()()

    def _start(self, deadline: float, fire: Callable[[], None]) -> _Timer:
        timer = _Timer(deadline, next(self._order), [fire])
        first = self.next_deadline
        heapq.heappush(self._timers, timer)
        if first is None or deadline < first:
            self._earlier.set()
        return timer

    def _give_up(self, timer: _Timer) -> None:
        """Nobody waits for it any more: it stays in the heap until it is due, or until half of them are like it."""
        if not timer.pending:
            return
        timer.pending.clear()
        self._given_up += 1
        if self._given_up > max(len(self._timers) // 2, FEW):
            self._timers = [timer for timer in self._timers if timer.pending]
            heapq.heapify(self._timers)
            self._given_up = 0

    async def _settle(self) -> None:
        wait_all_tasks_blocked = _all_tasks_blocked()
        await wait_all_tasks_blocked()
        while self._real_work:
            await self._real_work_done.wait()
            await wait_all_tasks_blocked()


@cache
def _all_tasks_blocked() -> Callable[[], Awaitable[None]]:
    """trio's function of that name, without what comes with `trio.testing`: all of pytest, where that is installed."""
    function = getattr(getattr(trio, "_core", None), "wait_all_tasks_blocked", None)
    if function is None:
        warnings.warn(f"trio {trio.__version__} hides a function of its own: stepped time starts late", stacklevel=2)
        from trio.testing import wait_all_tasks_blocked  # heavy, and only stepped time needs it

        function = wait_all_tasks_blocked
    found: Callable[[], Awaitable[None]] = function
    return found


class SteppedClock(MovableClock):
    """Module time stands still until `advance` moves it, or `run` does whenever there is nothing else to do."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def _move_to(self, time: float) -> None:
        self._now = max(self._now, time)

    async def run(self) -> None:
        """Go to the next timer whenever everything has settled and nothing real owes an answer, for ever."""
        while True:
            self._earlier = trio.Event()
            await self._settle()
            if self.next_deadline is None:
                await self._earlier.wait()
            else:
                self._fire_next()


class PacedClock(MovableClock):
    """Module time runs `speed` times as fast as real time as long as `run` does, and `advance` moves it ahead."""

    def __init__(self, speed: float = 1.0) -> None:
        super().__init__()
        if not 0 < speed < float("inf"):
            raise ValueError(f"speed must be more than 0, not {speed}")
        self._speed = speed
        self._origin = trio.current_time()

    @property
    def speed(self) -> float:
        """How many times as fast as real time; it can be set, and counts from now on."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        now = self.now()
        self._speed = speed
        self._origin = trio.current_time() - now / speed
        self._earlier.set()

    def now(self) -> float:
        return (trio.current_time() - self._origin) * self.speed

    def _move_to(self, time: float) -> None:
        self._origin = min(self._origin, trio.current_time() - time / self.speed)
        self._earlier.set()  # what `run` waits for is nearer now

    def real_seconds(self, seconds: float) -> float | None:
        return seconds / self.speed

    async def run(self) -> None:
        """Fire every timer when it is due, for ever."""
        while True:
            self._earlier = trio.Event()
            deadline = self.next_deadline
            with trio.move_on_at(float("inf") if deadline is None else self._origin + deadline / self.speed):
                await self._earlier.wait()
            while (deadline := self.next_deadline) is not None and deadline <= self.now() + TOLERANCE:
                self._fire_next()
