"""What `espat run` does: opens the ports, runs the modules behind them, and ends when it is told to."""

import errno
import logging
import resource
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from espat.cli.console import Console
from espat.cli.ending import Ending
from espat.cli.reasons import reason
from espat.core.ports.port import PortError
from espat.scenario.stage.resources import Resources
from espat.scenario.world.world import World

if TYPE_CHECKING:  # half of the program
    from espat.board import Board
    from espat.control.server import ControlServer

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
    world: World, resources: Resources, console: Console, ending: Ending, control: "ControlServer | None"
) -> int:
    """Serve modules at ports until a signal, the program at a port, or somebody at the control channel ends it;
    returns the exit code."""
    allow_files(len(resources.options.ports))
    code = 0

    def end(with_code: int) -> None:
        nonlocal code
        code = with_code
        nursery.cancel_scope.cancel()

    with ExitStack() as exits:
        async with trio.open_nursery() as nursery:
            try:
                resources.open_ports(exits, nursery.start_soon, end)
            except (PortError, OSError) as error:
                console.log(f"espat: {reason(error)}")
                end(2 if isinstance(error, PortError) or error.errno == errno.EMFILE else 1)
                return code
            for line in resources.announcements:
                console.print(line)
            if control is not None:
                console.print(control.announcement)
            nursery.start_soon(_run_stage, world, resources, console, control, partial(end, 0))
            await ending.wait()
            end(0)
    if (count := resources.panics.count) and not code:
        console.log(f"espat: failures of the simulator itself: {count}")
        return 1
    return code


async def _run_stage(
    world: World,
    resources: Resources,
    console: Console,
    control: "ControlServer | None",
    shut_down: Callable[[], None],
) -> None:
    # Half of the program: the ports can be opened while it loads, as a chip's can while it boots.
    from espat.scenario.stage.stage import open_stage

    if not any(resources.storages):
        logging.info(NOTHING_KEPT)
    names = [str(number) for number in range(len(world.modules))]
    async with open_stage(world, names, resources) as stage:
        stage.announced.append(lambda module, text: console.print(f"module {module} {text}"))
        stage.start()
        async with trio.open_nursery() as nursery:
            if control is not None:
                nursery.start_soon(control.serve, stage, shut_down)
            for module in stage.modules.values():
                nursery.start_soon(_tell_of_boot, module.board, console)
            await trio.sleep_forever()


async def _tell_of_boot(board: "Board", console: Console) -> None:
    """Say that the first boot of a module is over, and what it has printed is out."""
    await board.booted.wait()
    await board.output.drained()
    console.print(f"module {board.number} has booted")
