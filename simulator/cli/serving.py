"""What `espat run` does: opens the ports, runs the modules behind them, and ends when it is told to."""

import logging
import resource
from argparse import Namespace
from collections.abc import Callable, Sequence
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Final

import trio

from espat.cli.console import Console
from espat.cli.ending import Ending
from espat.core.ports.opener import PortOpener
from espat.core.ports.paced import PacedPort
from espat.core.ports.port import Port, PortError
from espat.core.ports.uri import PortUri
from espat.core.time.clock import Clock, RealClock, ScaledClock
from espat.core.trace import Trace
from espat.dialects.names import RUNNABLE
from espat.scenario.world.world import World

if TYPE_CHECKING:
    from espat.persist.storage import Storage

Announce = Callable[[int, str], None]
"""Tells the user something of a module, by its number."""


NOTHING_KEPT: Final = "nothing that is stored is kept when this program ends; --flash FILE would keep it"
FILES: Final = 64
"""Open files of the program itself."""
FILES_OF_MODULE: Final = 24
"""Open files a module has at most: two ports, five links, a server and who waits there."""


def allow_files(modules: int) -> None:
    """Let the program have as many open files as its modules may need, as far as this machine lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES + FILES_OF_MODULE * modules
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )


async def serve(
    options: Namespace,
    uris: Sequence[PortUri],
    log_uris: Sequence[PortUri],
    world: World,
    storages: "Sequence[Storage | None]",
    trace: Trace | None,
    console: Console,
    ending: Ending,
) -> int:
    """Serve modules at ports until a signal, or the program at a port, ends it; returns the exit code.

    `storages`: the flash of each module, None when nothing of it is kept.
    """

    def announce(module: int, text: str) -> None:
        console.print(f"module {module} {text}")

    allow_files(len(uris))
    code = 0

    def end(with_code: int) -> None:
        nonlocal code
        code = with_code
        nursery.cancel_scope.cancel()

    try:
        async with trio.open_nursery() as nursery:
            opener = PortOpener(nursery.start_soon, end)
            try:
                ports = [opener.open(uri) for uri in uris]
                logs = [opener.open(uri) for uri in log_uris]
            except (PortError, OSError) as error:
                console.log(f"espat: {error}")
                end(2 if isinstance(error, PortError) else 1)
                return code
            for number, port in enumerate(ports):
                announce(number, port.announcement)
            for number, port in enumerate(logs):
                announce(number, f"log {port.announcement}")
            nursery.start_soon(_run_modules, options, world, storages, trace, announce, ports, logs)
            await ending.wait()
            end(0)
    finally:
        opener.close()
        if trace is not None:
            trace.close()
    return code


async def _run_modules(
    options: Namespace,
    world: World,
    storages: "Sequence[Storage | None]",
    trace: Trace | None,
    announce: Announce,
    ports: Sequence[Port],
    logs: Sequence[Port],
) -> None:
    # Half of the program: the ports can be opened while it loads, as a chip's can while it boots.
    from espat.dialects.loading import load_firmware
    from espat.scenario.stage.running_world import RunningWorld

    clock: Clock = RealClock() if options.speed == 1 else ScaledClock(options.speed)
    simulation = RunningWorld(world, clock, profile=options.timing, trace=trace, announce=announce)
    if not any(storages):
        logging.info(NOTHING_KEPT)
    for port, log, storage, own in islice(zip_longest(ports, logs, storages, world.modules), len(ports)):
        if options.timing == "real":
            port = PacedPort(port, clock)
            log = PacedPort(log, clock) if log is not None else None
        simulation.add_module(load_firmware(own.dialect or RUNNABLE[0], options.build), port, storage, log)
    await simulation.run(when_opened=options.power_on == "open")
