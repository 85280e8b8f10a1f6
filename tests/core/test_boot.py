"""A boot: rooms, what they hear of, and how they end."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.boot import Boot, Ending
from espat.core.events import EVENTS, Event
from espat.core.parts import Parts, by_type
from espat.core.restart import Restart, RestartCause

OPENED: Final = Event[[str]]("test.opened", "{0}")
CLOSED: Final = Event[[]]()
KNOWN: Final = EVENTS.pop("test.opened")
"""Taken away again: scenarios do not know it."""


class Wall:
    """Something that the board has."""


class Cellar:
    """A room that others stand on."""

    def __init__(self, boot: Boot) -> None:
        self.wall = boot[Wall]
        self.log: list[object] = []
        boot.at_end(lambda how: self.log.append(("cellar", how)))


class Kitchen:
    """A room that hears of what happens while it is there."""

    def __init__(self, boot: Boot) -> None:
        self.cellar = boot[Cellar]
        boot.at_end(lambda how: self.cellar.log.append(("kitchen", how)))

    @OPENED.heard
    def _opened(self, what: str) -> None:
        self.cellar.log.append(f"kitchen hears of {what}")


class Watchman:
    """A room that is made when something happens."""

    def __init__(self, boot: Boot) -> None:
        self.cellar = boot[Cellar]

    @OPENED.wakes
    def _opened(self, what: str) -> None:
        self.cellar.log.append(f"watchman hears of {what}")

    @CLOSED.heard
    def _closed(self) -> None:
        self.cellar.log.append("closed")


class Hen:
    """Comes from an egg."""

    def __init__(self, boot: Boot) -> None:
        self.egg = boot[Egg]


class Egg:
    """Comes from a hen."""

    def __init__(self, boot: Boot) -> None:
        self.hen = boot[Hen]


class Colour(NamedTuple):
    """A trait."""

    name: str = "white"


def a_boot(
    *traits: object,
    reports: dict[Event[Any], Callable[..., None]] | None = None,
    record: Callable[[str], None] = lambda text: None,
    panicked: Callable[[str, BaseException], None] = lambda where, error: None,
) -> Boot:
    board = Parts()
    board.put(Wall, Wall())
    return Boot(
        board, module="module", traits=by_type(*traits), reports=reports or {}, record=record, panicked=panicked
    )


async def until_restart(boot: Boot) -> None:
    await boot.restarting.wait()


def test_a_room_is_made_once_when_it_is_asked_for() -> None:
    boot = a_boot()
    assert boot.find(Kitchen) is None
    assert boot[Kitchen] is boot[Kitchen]
    assert boot[Kitchen].cellar is boot[Cellar]
    assert boot[Cellar].wall is boot[Wall]


def test_rooms_of_another_boot_are_others() -> None:
    assert a_boot()[Cellar] is not a_boot()[Cellar]


def test_what_the_board_offers_is_made_once_for_all_boots() -> None:
    made: list[Wall] = []

    def build() -> Wall:
        made.append(Wall())
        return made[-1]

    board = Parts()
    board.offer(Wall, build)
    first, second = (Boot(board, module=None, traits={}, reports={}, record=print, panicked=print) for _ in range(2))
    assert first[Cellar].wall is second[Cellar].wall
    assert len(made) == 1


def test_what_nobody_has_is_said() -> None:
    with pytest.raises(KeyError, match="Wall"):
        Parts()[Wall]


def test_rooms_that_need_each_other_to_be_made_are_named() -> None:
    with pytest.raises(RuntimeError, match="Hen needs Egg needs Hen"):
        a_boot()[Hen]


def test_traits_are_those_of_the_firmware_or_the_defaults() -> None:
    assert a_boot().traits(Colour).name == "white"
    assert a_boot(Colour("black")).traits(Colour).name == "black"


def test_an_event_is_recorded_reported_and_heard_of_in_this_order() -> None:
    told: list[object] = []
    boot = a_boot(reports={OPENED: lambda module, what: told.append((module, what))}, record=told.append)
    boot[Cellar].log = told
    boot.announce(OPENED, "the door")
    assert told == ["test.opened the door", ("module", "the door"), "watchman hears of the door"]
    boot[Kitchen]
    boot.announcer(OPENED)("a window")
    assert told[-2:] == ["kitchen hears of a window", "watchman hears of a window"]


def test_an_event_without_a_name_is_not_recorded() -> None:
    told: list[object] = []
    boot = a_boot(record=told.append)
    boot.announce(CLOSED)
    boot[Watchman].cellar.log = told
    boot.announce(CLOSED)
    assert told == ["closed"]


def test_events_with_a_name_are_known_by_it() -> None:
    assert KNOWN is OPENED


async def test_the_last_room_ends_first_and_is_told_of_the_restart() -> None:
    boot = a_boot()
    log = boot[Kitchen].cellar.log
    boot.restart(Restart(RestartCause.RESTORE))
    assert await boot.run(lambda: until_restart(boot)) == Restart(RestartCause.RESTORE)
    assert log == [("kitchen", Ending.RESTART), ("cellar", Ending.RESTART)]


async def test_the_last_room_ends_first_and_is_told_of_the_power_cut() -> None:
    boot = a_boot()
    log = boot[Kitchen].cellar.log
    with trio.CancelScope() as power:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(boot.run, lambda: until_restart(boot))
            await wait_all_tasks_blocked()
            power.cancel()
    assert log == [("kitchen", Ending.POWER_LOST), ("cellar", Ending.POWER_LOST)]


async def test_all_rooms_end_though_one_fails() -> None:
    def fail(how: Ending) -> None:
        raise ValueError(how)

    boot = a_boot()
    log = boot[Cellar].log
    boot.at_end(fail)
    boot.restart(Restart())
    with pytest.raises(ValueError, match="RESTART"):
        await boot.run(lambda: until_restart(boot))
    assert log == [("cellar", Ending.RESTART)]


async def test_rooms_hear_of_nothing_while_the_boot_ends() -> None:
    recorded: list[str] = []
    boot = a_boot(record=recorded.append)
    log = boot[Kitchen].cellar.log
    boot.at_end(lambda how: boot.announce(OPENED, "the door"))
    boot.restart(Restart())
    await boot.run(lambda: until_restart(boot))
    assert recorded == ["test.opened the door"]
    assert [entry for entry in log if isinstance(entry, str)] == []


async def test_tasks_end_with_the_boot_and_start_no_more_when_it_is_ending() -> None:
    told: list[str] = []
    boot = a_boot()

    async def stay() -> None:
        try:
            await trio.sleep_forever()
        finally:
            told.append("gone")

    async def never() -> None:
        told.append("never")

    async def live() -> None:
        boot.spawn(stay)
        await wait_all_tasks_blocked()

    boot.at_end(lambda how: boot.spawn(never))
    await boot.run(live)
    boot.spawn(never)
    await wait_all_tasks_blocked()
    assert told == ["gone"]


async def test_a_task_that_fails_takes_the_boot_with_it() -> None:
    panics: list[str] = []
    boot = a_boot(panicked=lambda where, error: panics.append(where))

    async def broken() -> None:
        raise ZeroDivisionError

    async def live() -> None:
        boot.spawn(broken)
        await boot.restarting.wait()

    assert (await boot.run(live)).cause is RestartCause.PANIC
    assert len(panics) == 1
    assert panics[0].endswith("broken")
