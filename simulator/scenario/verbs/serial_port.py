"""Verbs on the serial port of a module: typing, and reading along."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from espat.core.suggestions import expected
from espat.scenario.stage.matching import Quiet
from espat.scenario.stage.mismatch import MismatchError
from espat.scenario.stage.stage import Stage
from espat.scenario.verbs.arguments import Data, Duration, Hexadecimal, Milliseconds
from espat.scenario.verbs.table import verb


@verb("send")
async def send(stage: Stage, *, value: Data, module: str) -> None:
    """Type a command line."""
    await stage.terminal(module).send_command(value)


@verb("send_raw")
async def send_raw(stage: Stage, *, value: Data, module: str, guard_ms: Milliseconds | None = None) -> None:
    """Send data; `guard_ms`: with more silence than that around it."""
    silence = 2 * guard_ms if guard_ms is not None else 0.0
    if silence:
        await stage.advance(silence)
    await stage.terminal(module).send(value)
    if silence:
        await stage.advance(silence)


@verb("send_raw_hex")
async def send_raw_hex(stage: Stage, *, value: Hexadecimal, module: str) -> None:
    """Send data given in hexadecimal."""
    await stage.terminal(module).send(value)


@verb("expect", substituted=False)
async def expect(
    stage: Stage,
    *,
    value: list[str],
    module: str,
    optional: bool,
    or_: list[str] | None = None,
    blanks: Literal["lenient"] | None = None,
    within: Duration | None = None,
) -> None:
    """Exactly these lines, or those of `or`. An optional step is skipped when something else comes, or nothing."""
    alternatives: list[Sequence[str]] = [value]
    if or_ is not None:
        alternatives.append(or_)
    if optional:
        alternatives.append([])
    printed = stage.terminal(module).printed

    def attempt(quiet: Quiet) -> bool:
        return printed.lines(alternatives, lenient=blanks == "lenient", quiet=quiet)

    try:
        await stage.terminal(module).until(attempt, f"the lines {value!r}", within)
    except MismatchError as error:
        difference = printed.difference(value, lenient=blanks == "lenient")
        raise MismatchError(str(error), difference) from None


@verb("expect_set", substituted=False)
async def expect_set(
    stage: Stage, *, value: list[str], module: str, also: str = "", within_ms: Milliseconds | None = None
) -> None:
    """Each of these lines at least once, in any order."""
    terminal = stage.terminal(module)
    ignored = [also] if also else []
    await terminal.until(lambda _: terminal.printed.line_set(value, ignored), f"any order of {value!r}", within_ms)


@verb("expect_raw")
async def expect_raw(stage: Stage, *, value: Data, module: str) -> None:
    """Exactly these bytes, without line structure."""
    terminal = stage.terminal(module)
    await terminal.until(lambda _: terminal.printed.raw(value), f"the bytes {value!r}")


@verb("wait_ready")
async def wait_ready(stage: Stage, *, module: str, within: Duration | None = None) -> None:
    """The module restarts by itself: everything up to `ready` is discarded."""
    terminal = stage.terminal(module)
    await terminal.until(lambda _: terminal.printed.through("ready"), "a restart up to 'ready'", within)


@verb("discard")
async def discard(stage: Stage, *, module: str) -> None:
    """What the module has printed so far does not matter, nor what it prints until it rests."""
    terminal = stage.terminal(module)
    await terminal.until(lambda quiet: quiet >= Quiet.RESTING, "a pause")
    terminal.printed.forget()


def _check_quiet(given: Mapping[str, Any]) -> str | None:
    return expected("one of ms and time", "both") if {"ms", "time"} <= given.keys() else None


@verb("quiet", substituted=False, check=_check_quiet)
async def quiet(stage: Stage, *, module: str, ms: Milliseconds | None = None, time: Duration | None = None) -> None:
    """Nothing may be printed for so long; a second when nothing is said."""
    await stage.advance(ms if ms is not None else time if time is not None else 1.0)
    stage.terminal(module).printed.nothing()
