"""One boot of a module: what runs from a start to the next one.

It consists of rooms, one of each type, and makes one when it is asked for first:

    boot[Station].connect()

A room is a class that is made of a boot. In its constructor it takes what it needs from there, other rooms and what
the board has (clock, settings, output ...), and says what it has to do when the boot ends:

    class Station:
        def __init__(self, boot: Boot) -> None:
            self._clock = boot[Clock]
            boot.at_end(self._end)

So whatever a room needs is older than the room and outlives it. Two rooms that need each other ask late, or one of
them hears of what the other announces (`core/events.py`).
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from enum import Enum
from functools import partial
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar

import trio

from espat.core.events import Event
from espat.core.panics import name_of
from espat.core.parts import Parts
from espat.core.restart import Restart, RestartCause

P = ParamSpec("P")
Room = TypeVar("Room")
Traits = TypeVar("Traits")
PANIC_PAUSE: Final = 1.0
"""Seconds a module is down after a panic, so that one that comes back at each boot leaves time for anything else; an
ESP32 takes about as long to print its registers and start again (an inference)."""


class Ending(Enum):
    """How a boot ends: others are told, as far as there is a way to tell them, or everything just stops."""

    RESTART = "restart"
    POWER_LOST = "power lost"


class Identity(NamedTuple):
    """Which module this is. `number`: from 0 within the simulation. `mac`: the factory's address of the station, from
    which the other ones follow."""

    number: int
    mac: bytes


class Boot(Parts):
    """The rooms of one boot, and the tasks that run in it."""

    def __init__(
        self,
        board: Parts,
        *,
        module: Any,
        traits: Mapping[type[Any], Any],
        reports: Mapping[Event[Any], Callable[..., None]],
        record: Callable[[str], None],
        panicked: Callable[[str, BaseException], None],
    ) -> None:
        """`board`: what is older than the boot. `traits`: of the firmware, by type. `reports`: print what the firmware
        says of an event, called with the `module` and what is announced. `record` puts an event into the trace.
        `panicked` is told where the simulator itself has failed."""
        super().__init__(board)
        self.restarting = trio.Event()
        """Set when the boot is to end."""
        self._module = module
        self._traits = traits
        self._reports = reports
        self._record = record
        self._panicked = panicked
        self.rooms = self._parts
        """What has been asked for so far, by type."""
        self._making: list[type[Any]] = []
        self._endings: list[Callable[[Ending], None]] = []
        self._ending = False
        self._restart = Restart()
        self._nursery: trio.Nursery | None = None

    def __getitem__(self, kind: type[Room]) -> Room:
        """The room of that type, made now if nobody has asked for it before, or what the board has of that type."""
        room: Room | None = self.rooms.get(kind)
        if room is None:
            room = self.find(kind)
            self.rooms[kind] = room = self._make(kind) if room is None else room
        return room

    def _make(self, kind: type[Room]) -> Room:
        if kind in self._making:
            circle = " needs ".join(each.__qualname__ for each in (*self._making, kind))
            raise RuntimeError(f"rooms that need each other to be made: {circle}")
        self._making.append(kind)
        try:
            return kind(self)  # type: ignore[call-arg]
        finally:
            self._making.pop()

    def traits(self, kind: type[Traits]) -> Traits:
        """What the firmware says of itself for one room, else the defaults, which are those of ESP-AT."""
        traits: Traits | None = self._traits.get(kind)
        return kind() if traits is None else traits

    # What happens

    def announce(self, event: Event[P], *about: P.args, **named: P.kwargs) -> None:
        """Something has happened: trace, report of the firmware, rooms that hear of it, in this order. Rooms are not
        called any more while the boot ends: each ends by itself."""
        if event.name:
            self._record(event.text(*about))
        report = self._reports.get(event)
        if report is not None:
            report(self._module, *about)
        for room, method, wakes in () if self._ending else event.listeners:
            listener = self[room] if wakes else self.rooms.get(room)
            if listener is not None:
                getattr(listener, method)(*about)

    def announcer(self, event: Event[P]) -> Callable[P, None]:
        """Announces that, with what it is called with."""
        return partial(self.announce, event)

    # Life

    async def run(self, live: Callable[[], Awaitable[None]]) -> Restart:
        """Live, then end: when `live` returns the tasks of the boot are cancelled. Returns the restart that was asked
        for."""
        ending = Ending.POWER_LOST
        try:
            async with trio.open_nursery() as self._nursery:
                try:
                    await live()
                finally:
                    nursery, self._nursery = self._nursery, None
                nursery.cancel_scope.cancel()
            ending = Ending.RESTART
        finally:
            self._end(ending)
        return self._restart

    @property
    def is_running(self) -> bool:
        """Whether it has begun, and its tasks have not been told to end."""
        return self._nursery is not None

    def spawn(self, task: Callable[..., Any], *arguments: Any) -> None:
        """Start a task that ends with this boot; nothing starts any more when the boot is ending."""
        if self._nursery is not None:
            self._nursery.start_soon(self._run_task, task, *arguments, name=task)

    async def _run_task(self, task: Callable[..., Any], *arguments: Any) -> None:
        """Run a task of this boot. One that fails in the simulator itself takes the boot with it, as on the chip:
        others may wait for it."""
        try:
            await task(*arguments)
        except* Exception as errors:
            self._panicked(name_of(task), errors)
            self.restart(Restart(RestartCause.PANIC, PANIC_PAUSE))

    def restart(self, restart: Restart) -> None:
        """End this boot; the next one follows."""
        self._restart = restart
        self.restarting.set()

    def at_end(self, end: Callable[[Ending], None]) -> None:
        """Call `end` when the boot ends, and tell it how; the last ones first."""
        self._endings.append(end)

    def _end(self, how: Ending) -> None:
        self._ending = True
        with ExitStack() as endings:  # all of them are called, whatever one raises
            for end in self._endings:
                endings.callback(end, how)
        self._endings.clear()
