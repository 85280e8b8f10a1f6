"""One scenario file, played: what came of it."""

import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple

import trio

from espat.core.panics import PanicError
from espat.core.ports.port import PortError
from espat.scenario.hosts.peers import PeerError
from espat.scenario.play.player import PlayError, Prepared, play, prepare_file
from espat.scenario.reading.scenario import ScenarioError
from espat.scenario.stage.options import StageOptions

PASSED, FAILED, WAITING, WRONG = "passed", "failed", "waiting", "wrong"
"""It did what it says; the module did not; it waits for something that is not built; the file cannot be used."""
LIMIT: Final = 600
"""Real seconds a scenario may take: one from anybody may do very much, or have a pattern that never ends."""


class Outcome(NamedTuple):
    """`details`: lines that say why, the first of them in one sentence. `seconds`: of real time."""

    file: str
    title: str
    status: str
    details: tuple[str, ...]
    seconds: float


GRACE: Final = 2
"""Seconds it has to end by itself when they are over."""


def play_file(path: Path, setting: StageOptions, seed: int | None = None, limit: int = LIMIT) -> Outcome:
    """Read and play one scenario file, for so many real seconds at most; in the main thread."""
    began = time.perf_counter()
    title = path.stem

    def outcome(status: str, *details: str) -> Outcome:
        return Outcome(str(path), title, status, details, time.perf_counter() - began)

    try:
        prepared = prepare_file(path)
        title = prepared.scenario.title
        if prepared.awaited and prepared.scenario.waits:
            return outcome(WAITING, ", ".join(map(str, prepared.awaited)))
        if prepared.awaited:
            return outcome(FAILED, *unbuilt(prepared))
        if prepared.scenario.attach:
            return outcome(WRONG, f"{path}:1: it leaves the serial port to somebody else; play it alone")
        trio.run(_play, prepared, setting, seed, limit)
    except ScenarioError as error:
        return outcome(WRONG, *str(error).splitlines())
    except PlayError as error:
        return outcome(FAILED, *report(error))
    except PanicError as error:
        return outcome(FAILED, *panicked(path, error))
    except (PeerError, PortError, OSError) as error:
        return outcome(FAILED, f"{path}: {error}")
    except (_TooLongError, BaseExceptionGroup) as error:
        if _is_too_long(error):
            return outcome(FAILED, f"{path}: it takes more than {limit} s")
        if not isinstance(error, Exception):
            raise
        return outcome(FAILED, *_crash(path, error))
    except Exception as error:
        return outcome(FAILED, *_crash(path, error))
    return outcome(PASSED)


def _crash(path: Path, error: Exception) -> list[str]:
    """What to say of a failure of the simulator itself; the other scenarios are played all the same."""
    text = "".join(traceback.format_exception(error))
    return [f"{path}: the simulator itself failed", *text.splitlines()]


class _TooLongError(BaseException):
    """A scenario has had its time. Nothing between here and there takes it for an error of its own."""


@contextmanager
def _limited(seconds: int) -> Iterator[None]:
    """Cancel the body after so many seconds, and raise _TooLongError where it is when it does not listen."""
    token = trio.lowlevel.current_trio_token()
    late = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal late
        if late:
            raise _TooLongError
        late = True
        token.run_sync_soon(scope.cancel)
        signal.alarm(GRACE)

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        with trio.CancelScope() as scope:
            yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    if scope.cancelled_caught:
        raise _TooLongError


def _is_too_long(error: BaseException) -> bool:
    """Whether that is what it is, or all that is in the group."""
    return isinstance(error, _TooLongError) or (
        isinstance(error, BaseExceptionGroup) and all(_is_too_long(inner) for inner in error.exceptions)
    )


async def _play(prepared: Prepared, setting: StageOptions, seed: int | None, limit: int) -> None:
    with _limited(limit):
        await play(prepared, setting, seed=seed)


def unbuilt(prepared: Prepared) -> list[str]:
    """What to say of a scenario that uses what there is not, and does not wait for it."""
    hint = "  a scenario with 'waits: true' waits for it, and does not fail"
    return [*(each.problem for each in prepared.awaited), hint]


def panicked(path: Path, error: PanicError) -> list[str]:
    """What to say of a play in which the simulator itself has failed; tracebacks are in the log. What has not happened
    as it should may come of that."""
    lines = [f"{path}: the simulator itself failed", *(f"  {panic}" for panic in error.panics)]
    return lines + (report(error.__cause__) if isinstance(error.__cause__, PlayError) else [])


def report(error: PlayError) -> list[str]:
    """What a failure says: where, what was expected and what came, and what happened before."""
    lines = [f"{error.place}: {error.action}"]
    expected, _, got = error.problem.partition(", got ")
    lines += [f"  {expected}", *([f"       got {got}"] if got else [])]
    if error.difference:
        lines += ["  the first line that is missing (-), and what came (+):"]
        lines += [f"    {line}" for line in error.difference]
    if error.recent:
        lines.append("  before that (module seconds, module, direction):")
        lines += [f"    {line}" for line in error.recent]
    return lines
