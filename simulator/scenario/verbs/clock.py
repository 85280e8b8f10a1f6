"""Verbs of time. All times are module time."""

from espat.scenario.stage.mismatch import MismatchError
from espat.scenario.stage.stage import Stage
from espat.scenario.verbs.arguments import Duration, Milliseconds
from espat.scenario.verbs.table import verb


@verb("pause_ms")
async def pause_ms(stage: Stage, *, value: Milliseconds) -> None:
    """Wait."""
    await stage.clock.sleep(value)


@verb("advance_time")
async def advance_time(stage: Stage, *, ms: Milliseconds) -> None:
    """Time passes: nobody waits for it, whatever the speed."""
    await stage.advance(ms)


@verb("clock.advance")
async def clock_advance(stage: Stage, *, time: Duration) -> None:
    """Time passes: nobody waits for it, whatever the speed."""
    await stage.advance(time)


@verb("clock.set", to="how long after the beginning")
async def clock_set(stage: Stage, *, to: Duration) -> None:
    """It is now so long after the beginning; there is no way back."""
    missing = to - stage.clock.now()
    if missing < 0:
        raise MismatchError(f"it is {stage.clock.now():.3f} s after the beginning already")
    await stage.advance(missing)
