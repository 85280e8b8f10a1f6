"""What sets reactions off: everything that happens is in the trace, so whoever waits for something watches that."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import trio

from espat.core.trace import Kind, Record
from espat.scenario.reading.scenario import Trigger
from espat.scenario.stage.stage import Stage
from espat.scenario.text.patterns import REGULAR_EXPRESSION, fullmatch

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
        return any(fullmatch(_pattern(wanted), line) for line in lines)
    return wanted in lines


@dataclass
class _Watched:
    """What starts a task. `module`: its number, None any. `seen`: how often it has happened."""

    trigger: Trigger
    module: int | None
    task: Callable[..., Awaitable[None]]
    arguments: tuple[Any, ...]
    seen: int = 0

    def starts_with(self, record: Record) -> bool:
        """Whether this is the time."""
        if self.module not in (None, record.module) or not matches(self.trigger, record):
            return False
        self.seen += 1
        return self.trigger.nth in (None, self.seen)


class Watcher:
    """Starts tasks when something happens on a stage."""

    def __init__(self, stage: Stage, nursery: trio.Nursery) -> None:
        self._stage = stage
        self._nursery = nursery
        self._watched: list[_Watched] = []
        stage.trace.listeners.append(self._look)

    def add(self, trigger: Trigger, task: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        """Start a task each time, or the nth time, that this happens."""
        if trigger.kind == "at":
            self._nursery.start_soon(self._at, float(trigger.wanted), task, arguments)
            return
        module = None if trigger.module is None else self._stage.modules[trigger.module].number
        self._watched.append(_Watched(trigger, module, task, arguments))

    def close(self) -> None:
        """Watch no longer."""
        self._stage.trace.listeners.remove(self._look)

    async def _at(self, time: float, task: Callable[..., Awaitable[None]], arguments: Any) -> None:
        await self._stage.clock.sleep_until(time)
        await task(*arguments)

    def _look(self, record: Record) -> None:
        for watched in self._watched:
            if watched.starts_with(record):
                self._nursery.start_soon(watched.task, *watched.arguments)
