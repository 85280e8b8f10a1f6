"""`espat play` of one scenario that leaves the serial port to firmware: it moves the world, and watches."""

import signal
import sys
from argparse import Namespace
from pathlib import Path

import trio

from simulator.scenario.playing.outcome import report
from simulator.scenario.playing.player import PlayError, Prepared, on_stage, perform, prepare_file
from simulator.scenario.playing.stage import Setting


def play_attached(path: Path, options: Namespace, speed: float | None) -> int:
    """Serve the modules until the steps are done; a scenario without steps goes on until SIGINT or SIGTERM. Returns 0,
    or 1 when something else happened than it says. Raises ScenarioError, OSError."""
    prepared = prepare_file(path)
    if options.speed == "max":
        options.usage_error("--speed max: firmware lives in real time; a number would be right")
    if prepared.awaited:
        print(f"{path}: waiting for {', '.join(prepared.awaited)}")
        return 0
    count = len(prepared.scenario.modules)
    if count > 1 and "{n}" not in options.link:
        options.usage_error("--link: needs {n} where the module's number goes, with more than one module")
    links = tuple(Path(options.link.replace("{n}", str(number))) for number in range(count))
    trace = options.trace / f"{path.stem}.jsonl" if options.trace is not None else None
    setting = Setting(speed=speed or 1.0, sockets=True, profile=options.timing, links=links, trace=trace)
    return trio.run(_play, prepared, setting, options.seed)


async def _play(prepared: Prepared, setting: Setting, seed: int | None) -> int:
    result = 0
    async with trio.open_nursery() as nursery:

        async def stop_on_signal() -> None:
            with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                async for _ in signals:
                    nursery.cancel_scope.cancel()

        nursery.start_soon(stop_on_signal)
        async with on_stage(prepared, setting, seed=seed) as stage:
            for number, link in enumerate(setting.links):
                print(f"module {number} ready to open at {link.absolute()}", flush=True)
            try:
                await perform(prepared, stage, forever=not prepared.scenario.steps)
            except PlayError as error:
                print("\n".join(report(error)), file=sys.stderr)
                result = 1
        nursery.cancel_scope.cancel()
    return result
