"""`espat play` of one scenario that leaves the serial port to firmware: it moves the world, and watches."""

import sys
import time
from argparse import Namespace
from pathlib import Path

import trio

from espat.cli.ending import Ending
from espat.cli.play_report import write_junit
from espat.cli.port_options import port_uris
from espat.cli.reasons import reason
from espat.core.panics import PanicError
from espat.core.ports.port import PortError
from espat.scenario.play.outcome import FAILED, PASSED, WRONG, Outcome, panicked, report, unbuilt
from espat.scenario.play.player import PlayError, Prepared, on_stage, perform, prepare_file
from espat.scenario.reading.scenario import ScenarioError
from espat.scenario.stage.options import StageOptions
from espat.scenario.stage.stage import Stage


def play_attached(path: Path, options: Namespace, speed: float | None) -> int:
    """Serve the modules until the steps are done; a scenario without steps goes on until a signal, or the program at
    the port, ends it. Returns 0, 1 when something else happened than it says, 2 when a port cannot be had, or the exit
    code of the program. Raises ScenarioError, OSError."""
    prepared = prepare_file(path)
    if options.speed == "max":
        options.usage_error(
            "--speed: expected a number where a scenario has 'attach' (firmware lives in real time), got 'max'"
        )
    if prepared.awaited and prepared.scenario.waits:
        print(f"{path}: waiting for {', '.join(map(str, prepared.awaited))}")
        return 0
    if prepared.awaited:
        print("\n".join(unbuilt(prepared)), file=sys.stderr)
        return 1
    try:
        ports, logs = port_uris(options, prepared.surroundings.world.modules, len(prepared.scenario.modules))
    except ValueError as error:
        print(f"espat: {error}", file=sys.stderr)
        return 2
    trace = options.trace / f"{path.stem}.jsonl" if options.trace is not None else None
    setting = StageOptions(
        speed=speed or 1.0, sockets=True, profile=options.timing, ports=tuple(ports), logs=tuple(logs), trace=trace
    )
    began = time.perf_counter()
    details: list[str] = []
    with Ending() as ending:
        code = ending.run(_play, prepared, setting, options.seed, ending, details)
    if options.junit is not None:
        status = PASSED if not code else WRONG if code == 2 and not details else FAILED
        told = tuple(details) or ((f"{path}: it ended with code {code}",) if code else ())
        outcome = Outcome(str(path), prepared.scenario.title, status, told, time.perf_counter() - began)
        write_junit(options.junit, [outcome], [path])
    return code


async def _play(prepared: Prepared, setting: StageOptions, seed: int | None, ending: Ending, details: list[str]) -> int:
    """`details`: takes what failed."""
    result = 0
    stage: Stage | None = None
    forever = not prepared.scenario.steps
    async with trio.open_nursery() as nursery:

        async def stop_on_signal() -> None:
            await ending.wait()
            nursery.cancel_scope.cancel()

        def program_ended(code: int) -> None:
            nonlocal result
            if code or forever:  # else the steps say how it goes on
                result = code
                nursery.cancel_scope.cancel()

        nursery.start_soon(stop_on_signal)
        try:
            async with on_stage(prepared, setting, seed=seed, ended=program_ended) as stage:
                print("\n".join(stage.announcements), flush=True)
                await perform(prepared, stage, forever=forever)
        except PlayError as error:
            details += report(error)
            print("\n".join(details), file=sys.stderr)
            result = 1
        except PanicError as error:
            details += panicked(Path(prepared.scenario.file), error)
            print("\n".join(details), file=sys.stderr)
            result = 1
        except ScenarioError as error:
            print(error, file=sys.stderr)
            result = 2
        except (PortError, OSError) as error:
            print(f"espat: {reason(error)}", file=sys.stderr)
            result = 2
        nursery.cancel_scope.cancel()
    return result or int(stage is not None and stage.simulation.panics.count > 0)
