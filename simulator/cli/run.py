"""`espat run`: serve modules on virtual serial ports."""

import logging
import math
import signal
import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from simulator.cli.console import Console, ConsoleHandler
from simulator.core.clock import Clock, RealClock, ScaledClock
from simulator.core.inotify import DeviceWatcher
from simulator.core.pty_port import LinkError, PtyPort
from simulator.core.timing import PROFILES
from simulator.core.trace import Trace
from simulator.dialects.loading import load_firmware
from simulator.dialects.names import RUNNABLE
from simulator.scenario.world import World

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction

DEFAULT_LINK = "./ttyESP{n}"


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("run", help="serve modules on virtual serial ports")
    add = parser.add_argument
    add("--link", metavar="PATH", help="where the serial port appears; {n} is the module's number (./ttyESP{n})")
    add("--port", metavar="URI", help="the long form of --link: pty:PATH")
    add("--world", metavar="FILE", type=Path, help="the access points and hosts around the module (world.toml)")
    add("--dialect", choices=RUNNABLE, help=f"the firmware of every module ({RUNNABLE[0]})")
    add("--build", choices=("full", "release"), default="full", help="its command groups: all, or those released")
    add("--modules", metavar="N", type=int, help="how many modules, if more than the world file has (1)")
    add("--timing", choices=PROFILES, default="fast", help="answer at once, or take a real module's time")
    add("--speed", metavar="FACTOR", type=float, default=1.0, help="module time runs so many times as fast")
    add("--seed", metavar="N", type=int, help="of everything random; the world file's otherwise")
    add("--listen", metavar="ADDRESS", help="where servers of the module listen (127.0.0.1)")
    add("--offline", action="store_true", help="only [hosts], [[host]], the gateway and loopback can be reached")
    add("--power-on", choices=("start", "open"), default="start", help="boot now, or when the port is opened")
    add("--trace", metavar="FILE", type=Path, help="write every message as JSON Lines; it holds passwords")
    loudness = parser.add_mutually_exclusive_group()
    loudness.add_argument("-v", "--verbose", action="store_true", help="log commands and what they answer")
    loudness.add_argument("-q", "--quiet", action="store_true", help="log errors only")
    parser.set_defaults(main=main, usage_error=parser.error)


def main(options: Namespace) -> int:
    """Run until SIGINT or SIGTERM."""
    link = _link(options)
    if options.modules is not None and options.modules < 1:
        options.usage_error("--modules: at least 1")
    if not 0 < options.speed < math.inf:
        options.usage_error("--speed: more than 0")
    try:
        world = _world(options)
        links = _links(options, link, world)
        trace = Trace(options.trace) if options.trace is not None else None
    except (OSError, ValueError) as error:
        print(f"espat: {error}", file=sys.stderr)
        return 2
    console = Console()
    logging.basicConfig(level=_level(options), format="%(message)s", handlers=[ConsoleHandler(console)])
    try:
        return trio.run(_serve, options, links, world, trace, console)
    finally:
        console.close()


def _level(options: Namespace) -> int:
    return logging.DEBUG if options.verbose else logging.ERROR if options.quiet else logging.INFO


def _links(options: Namespace, link: str | None, world: World) -> list[Path]:
    """Where the port of each module appears: as the command line says, or the world, or by default."""
    count = max(1, options.modules or 0, len(world.modules))
    if link is not None and count > 1 and "{n}" not in link:
        options.usage_error("--link: needs {n} where the module's number goes, with more than one module")
    own = [module.link for module in world.modules] + [None] * (count - len(world.modules))
    links = [Path((link or each or DEFAULT_LINK).replace("{n}", str(number))) for number, each in enumerate(own)]
    if len(set(links)) < count:
        options.usage_error("--world: two modules have the same link")
    return links


def _link(options: Namespace) -> str | None:
    """What the command line says about links."""
    if options.port is None:
        return str(options.link) if options.link is not None else None
    scheme, _, path = options.port.partition(":")
    if scheme != "pty" or not path:
        options.usage_error(f"--port: found {options.port!r}; pty:PATH would be right")
    if options.link is not None:
        options.usage_error("--link and --port pty:PATH say the same: give one")
    return str(path)


def _world(options: Namespace) -> World:
    if options.world is None:
        world = World()
    else:
        from simulator.scenario.world_file import load_world  # the TOML parser, only for those who have a file

        world = load_world(options.world)
    changes: dict[str, object] = {}
    if options.seed is not None:
        changes["seed"] = options.seed
    if options.listen is not None:
        changes["listen_address"] = _address(options.listen)
    if options.offline:
        changes["offline"] = True
    return replace(world, **changes)  # type: ignore[arg-type]


def _address(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except ValueError:
        raise ValueError(f"--listen: found {text!r}; an IPv4 address of this machine would be right") from None


async def _serve(options: Namespace, links: list[Path], world: World, trace: Trace | None, console: Console) -> int:
    def announce(module: int, text: str) -> None:
        console.print(f"module {module} {text}")

    watcher = DeviceWatcher()
    ports: list[PtyPort] = []
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watcher.run)
            with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
                for link in links:
                    try:
                        ports.append(PtyPort(link, watcher, nursery.start_soon))
                    except (LinkError, OSError) as error:
                        console.log(f"espat: {error}")
                        nursery.cancel_scope.cancel()
                        return 2 if isinstance(error, LinkError) else 1
                for number, port in enumerate(ports):
                    announce(number, f"ready to open at {port.link}")
                nursery.start_soon(_run_modules, options, world, trace, announce, ports)
                async for _ in signals:
                    nursery.cancel_scope.cancel()
                    return 0
    finally:
        for port in ports:
            port.close()
        watcher.close()
        if trace is not None:
            trace.close()
    return 1  # unreachable: the signal receiver never ends by itself


async def _run_modules(
    options: Namespace,
    world: World,
    trace: Trace | None,
    announce: Callable[[int, str], None],
    ports: list[PtyPort],
) -> None:
    # Half of the program: the ports can be opened while it loads, as a chip's can while it boots.
    from simulator.scenario.simulation import Simulation

    clock: Clock = RealClock() if options.speed == 1 else ScaledClock(options.speed)
    simulation = Simulation(world, clock, profile=options.timing, trace=trace, announce=announce)
    own = [module.dialect for module in world.modules] + [None] * (len(ports) - len(world.modules))
    for port, dialect in zip(ports, own, strict=True):
        simulation.add_module(load_firmware(options.dialect or dialect or RUNNABLE[0], options.build), port)
    await simulation.run(when_opened=options.power_on == "open")
