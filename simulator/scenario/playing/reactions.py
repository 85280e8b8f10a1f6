"""What sets reactions off: everything that happens is in the trace, so whoever waits for something watches that."""

import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, Final

import trio

from simulator.core.trace import Kind, Record
from simulator.scenario.playing.stage import Stage
from simulator.scenario.playing.variables import REGULAR_EXPRESSION
from simulator.scenario.scenario import Trigger

DIRECTIONS: Final = {"module_prints": "out", "command": "in", "event": "world"}


@lru_cache(maxsize=256)
def _pattern(wanted: str) -> re.Pattern[str]:
    return re.compile(wanted.removeprefix(REGULAR_EXPRESSION))


def matches(trigger: Trigger, record: Record) -> bool:
    """Whether a message is what a trigger waits for: one of its lines for what is printed or typed, an event by its
    name. A text that begins with `re:` is a regular expression for the whole line. Raises re.error."""
    if record.direction != DIRECTIONS.get(trigger.kind) or record.kind is Kind.ECHO:
        return False
    text = record.data.decode(errors="surrogateescape")
    if trigger.kind == "event":
        return record.kind is Kind.EVENT and text.split(" ")[0] == trigger.wanted
    wanted = str(trigger.wanted)
    lines = [line for line in text.split("\r\n") if line]
    if wanted.startswith(REGULAR_EXPRESSION):
        return any(_pattern(wanted).fullmatch(line) for line in lines)
    return wanted in lines


class Watcher:
    """Starts tasks when something happens on a stage."""

    def __init__(self, stage: Stage, nursery: trio.Nursery) -> None:
        self._stage = stage
        self._nursery = nursery
        self._watched: list[tuple[Trigger, int | None, list[int], Callable[..., Awaitable[None]], Any]] = []
        stage.trace.listeners.append(self._look)

    def add(self, trigger: Trigger, task: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        """Start a task each time, or the nth time, that this happens."""
        if trigger.kind == "at":
            self._nursery.start_soon(self._at, float(trigger.wanted), task, arguments)
            return
        module = None if trigger.module is None else self._stage.modules[trigger.module].number
        self._watched.append((trigger, module, [0], task, arguments))

    def close(self) -> None:
        """Watch no longer."""
        self._stage.trace.listeners.remove(self._look)

    async def _at(self, time: float, task: Callable[..., Awaitable[None]], arguments: Any) -> None:
        await self._stage.clock.sleep_until(time)
        await task(*arguments)

    def _look(self, record: Record) -> None:
        for trigger, module, seen, task, arguments in self._watched:
            if module in (None, record.module) and matches(trigger, record):
                seen[0] += 1
                if trigger.nth in (None, seen[0]):
                    self._nursery.start_soon(task, *arguments)
