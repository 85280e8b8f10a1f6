"""Panics: exceptions in the simulator itself, which no module and no user has to answer for.

Whatever fails so is caught where the rest can go on without it, and noted here: as a record of the trace, with its
traceback in the log. Whoever has run the simulation asks at the end: a run with a panic is never a success.
"""

import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from espat.core.trace import Kind, Trace

PACKAGE: Final = str(Path(__file__).parent.parent)
KEPT: Final = 100
"""Panics that are remembered; a module that restarts again and again may have any number of them."""
LONGEST: Final = 500
"""Characters of the sentence about one."""

log = logging.getLogger(__name__)


class Panic(NamedTuple):
    """One failure. `module`: the number of the module, 0 for the world around them. `where`: a command, a task or a
    verb. `text`: what was raised, and in which line."""

    module: int
    where: str
    text: str

    def __str__(self) -> str:
        return f"module {self.module}: {self.where}: {self.text}"


class PanicError(Exception):
    """The simulator itself has failed in this run. `panics`: where, each failure once."""

    def __init__(self, panics: Sequence[Panic]) -> None:
        super().__init__("\n  ".join(("the simulator itself failed", *map(str, panics))))
        self.panics = tuple(panics)


class Panics:
    """The panics of one simulation. `count`: how many there were. `now`: module seconds, once there is a clock."""

    def __init__(self, trace: Trace | None = None) -> None:
        self.count = 0
        self.now: Callable[[], float] = float
        self._trace = trace
        self._found: dict[Panic, int] = {}  # in their order; how often

    def note(self, module: int, where: str, error: BaseException) -> None:
        """Put a failure into the trace, and the first ones of each into the log, the first with its traceback."""
        error = _innermost(error)
        panic = Panic(module, where, _sentence(error))
        self.count += 1
        if self._trace is not None:
            text = f"{panic.where}: {panic.text}".encode("ascii", errors="backslashreplace")
            self._trace.record(self.now(), module, "world", Kind.PANIC, text)
        times = self._found.get(panic, 0) + 1
        if times > 1 or len(self._found) < KEPT:
            self._found[panic] = times
        if times == 1:
            log.error("the simulator itself failed: %s", panic, exc_info=error)
        elif times == 2:  # a boot may fail so for ever
            log.error("the simulator itself failed again: %s; only the trace tells further ones", panic)

    @property
    def found(self) -> tuple[Panic, ...]:
        """The first ones, each once."""
        return tuple(self._found)

    async def alone(self, module: int, task: Callable[..., Awaitable[Any]], *arguments: Any) -> None:
        """Run a task that everything else can go on without when it fails so."""
        try:
            await task(*arguments)
        except* Exception as errors:
            self.note(module, name_of(task), errors)

    def check(self, cause: BaseException | None = None) -> None:
        """Raises PanicError when there was one. `cause`: what has ended the run."""
        if self._found:
            raise PanicError(self.found) from cause


def name_of(task: Callable[..., Any]) -> str:
    """How a panic calls a task."""
    while isinstance(task, partial):
        task = task.func
    return getattr(task, "__qualname__", type(task).__qualname__)


def _innermost(error: BaseException) -> BaseException:
    """What a group is about that has nothing else in it."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _sentence(error: BaseException) -> str:
    """What was raised, and the line of this package that it came through last."""
    raised = " ".join("".join(traceback.format_exception_only(error)).split())[:LONGEST]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(PACKAGE)]
    if not frames:
        return raised
    return f"{raised} ({Path(frames[-1].filename).relative_to(PACKAGE)}:{frames[-1].lineno})"
