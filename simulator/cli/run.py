"""`espat run`: serve modules on virtual serial ports."""

import logging
import signal
import sys
from argparse import Namespace
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from simulator.core.clock import Clock, RealClock, ScaledClock
from simulator.core.inotify import DeviceWatcher
from simulator.core.pty_port import LinkError, PtyPort
from simulator.core.timing import PROFILES
from simulator.core.trace import Trace
from simulator.dialects.esp32_v5 import Esp32V5
from simulator.scenario.simulation import Simulation
from simulator.scenario.world import World

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction

DEFAULT_LINK = "./ttyESP{n}"
RUNNABLE_DIALECTS = ("esp32-v5",)


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("run", help="serve modules on virtual serial ports")
    add = parser.add_argument
    add("--link", metavar="PATH", help="where the serial port appears; {n} is the module's number (./ttyESP{n})")
    add("--port", metavar="URI", help="the long form of --link: pty:PATH")
    add("--world", metavar="FILE", type=Path, help="the access points and hosts around the module (world.toml)")
    add("--dialect", choices=RUNNABLE_DIALECTS, default=RUNNABLE_DIALECTS[0], help="the firmware")
    add("--build", choices=("full", "release"), default="full", help="its command groups: all, or those released")
    add("--modules", metavar="N", type=int, default=1, help="how many modules")
    add("--timing", choices=PROFILES, default="fast", help="answer at once, or take a real module's time")
    add("--speed", metavar="FACTOR", type=float, default=1.0, help="module time runs so many times as fast")
    add("--seed", metavar="N", type=int, help="of everything random; the world file's otherwise")
    add("--listen", metavar="ADDRESS", help="where servers of the module listen (127.0.0.1)")
    add("--offline", action="store_true", help="only [hosts], the gateway and loopback can be reached")
    add("--power-on", choices=("start", "open"), default="start", help="boot now, or when the port is opened")
    add("--trace", metavar="FILE", type=Path, help="write every message as JSON Lines; it holds passwords")
    loudness = parser.add_mutually_exclusive_group()
    loudness.add_argument("-v", "--verbose", action="store_true", help="log commands and what they answer")
    loudness.add_argument("-q", "--quiet", action="store_true", help="log errors only")
    parser.set_defaults(main=main, usage_error=parser.error)


def main(options: Namespace) -> int:
    """Run until SIGINT or SIGTERM."""
    level = logging.DEBUG if options.verbose else logging.ERROR if options.quiet else logging.INFO
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)
    link = _link(options)
    if options.modules < 1:
        options.usage_error("--modules: at least 1")
    if options.modules > 1 and "{n}" not in link:
        options.usage_error("--link: needs {n} where the module's number goes, with more than one module")
    if options.speed <= 0:
        options.usage_error("--speed: more than 0")
    try:
        world = _world(options)
        trace = Trace(options.trace) if options.trace is not None else None
    except (OSError, ValueError) as error:
        print(f"espat: {error}", file=sys.stderr)
        return 2
    return trio.run(_serve, options, link, world, trace)


def _link(options: Namespace) -> str:
    if options.port is None:
        return str(options.link or DEFAULT_LINK)
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


async def _serve(options: Namespace, link: str, world: World, trace: Trace | None) -> int:
    clock: Clock = RealClock() if options.speed == 1 else ScaledClock(options.speed)
    simulation = Simulation(world, clock, profile=options.timing, trace=trace, announce=_announce)
    firmware = Esp32V5(options.build)
    watcher = DeviceWatcher()
    ports: list[PtyPort] = []
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watcher.run)
            with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                for number in range(options.modules):
                    try:
                        port = PtyPort(Path(link.replace("{n}", str(number))), watcher, nursery.start_soon)
                    except LinkError as error:
                        print(f"espat: {error}", file=sys.stderr)
                        nursery.cancel_scope.cancel()
                        return 2
                    ports.append(port)
                    simulation.add_module(firmware, port)
                nursery.start_soon(partial(simulation.run, when_opened=options.power_on == "open"))
                for number, port in enumerate(ports):
                    _announce(number, f"ready to open at {port.link}")
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


def _announce(module: int, text: str) -> None:
    print(f"module {module} {text}", flush=True)
