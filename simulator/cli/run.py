"""`espat run`: serve modules on virtual serial ports. Here are its options; `serving` does it."""

import logging
import math
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

from espat.cli.console import Console, ConsoleHandler
from espat.cli.ending import Ending
from espat.cli.port_options import add_port_options, port_uris
from espat.cli.reasons import reason
from espat.cli.serving import serve
from espat.core.ports.uri import PortUri
from espat.core.time.timing import PROFILES
from espat.core.trace import RECENT
from espat.dialects.names import RUNNABLE
from espat.persist.variants import VARIANTS
from espat.scenario.stage.options import StageOptions
from espat.scenario.stage.resources import Resources
from espat.scenario.world.modules import MODULES_LIMIT, with_modules
from espat.scenario.world.world import ModuleConfiguration, World
from espat.stack.address import LOOPBACK

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction

    from espat.control.server import ControlServer
    from espat.persist.storage import Storage


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("run", help="serve modules on virtual serial ports")
    add = parser.add_argument
    add_port_options(parser)
    add("--flash", metavar="FILE", help="keep what is stored in this file; {n} is the module's number")
    add("--variant", choices=VARIANTS, help="the module, of a new flash (WROOM-32, ESP8266 for its firmwares)")
    add("--world", metavar="FILE", type=Path, help="the access points and hosts around the module (world.toml)")
    add("--dialect", choices=RUNNABLE, help=f"the firmware of every module ({RUNNABLE[0]})")
    add("--build", choices=("full", "release"), default="full", help="its command groups: all, or those released")
    add("--modules", metavar="N", type=int, help="how many modules, if more than the world file has (1)")
    add("--timing", choices=PROFILES, default="fast", help="answer at once, or take a real module's time")
    add("--speed", metavar="FACTOR", type=_speed, default=1.0, help="module time runs so many times as fast")
    add("--seed", metavar="N", type=int, help="of everything random; the world file's otherwise")
    add("--listen", metavar="ADDRESS", help="where servers of the module listen (127.0.0.1)")
    add("--offline", action="store_true", help="only [hosts], [[host]], the gateway and loopback can be reached")
    add("--power-on", choices=("start", "open"), default="start", help="boot now, or when the port is opened")
    add(
        "--control",
        metavar="PLACE",
        nargs="?",
        const="",
        help="let other programs of yours act on the run (espat do): unix:PATH, tcp:127.0.0.1:PORT, or beside the link",
    )
    add("--trace", metavar="FILE", type=Path, help="write every message as JSON Lines; it holds passwords")
    loudness = parser.add_mutually_exclusive_group()
    loudness.add_argument("-v", "--verbose", action="store_true", help="log commands and what they answer")
    loudness.add_argument("-q", "--quiet", action="store_true", help="log errors only")
    parser.set_defaults(main=main, usage_error=parser.error)


def _speed(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        only_played = " (max is for espat play)" if text == "max" else ""
        raise ArgumentTypeError(f"expected a number{only_played}, got {text!r}") from None


def main(options: Namespace) -> int:
    """Run until SIGINT, SIGTERM or SIGHUP, or until the program at an `exec:` port ends."""
    with Ending() as ending:
        return _run(options, ending)


def _run(options: Namespace, ending: Ending) -> int:
    if options.modules is not None and not 1 <= options.modules <= MODULES_LIMIT:
        options.usage_error(f"--modules: expected 1 to {MODULES_LIMIT}, got {options.modules}")
    if options.seed is not None and options.seed < 0:
        options.usage_error(f"--seed: expected 0 or more, got {options.seed}")
    if not 0 < options.speed < math.inf:
        options.usage_error(f"--speed: expected more than 0, got {options.speed}")
    try:
        world = _world(options)
        count = max(1, options.modules or 0, len(world.modules))
        ports, logs = port_uris(options, world.modules, count)
        given = ModuleConfiguration(dialect=options.dialect, variant=options.variant, flash=options.flash)
        world = with_modules(world, count, given, overrules=True, prefix="--")
        storages = _open_flash_files(options, world)
        _check_listening(options, world)
        resources = Resources(_stage_options(options, world, ports, logs), storages)
        control = _control(options, ports[0])
    except (OSError, ValueError) as error:
        print(f"espat: {reason(error)}", file=sys.stderr)
        return 2
    console = Console()
    logging.basicConfig(level=_level(options), format="%(message)s", handlers=[ConsoleHandler(console)])
    try:
        with resources, control or nullcontext():
            return ending.run(serve, world, resources, console, ending, control)
    finally:
        console.close()


def _stage_options(options: Namespace, world: World, ports: Sequence[PortUri], logs: Sequence[PortUri]) -> StageOptions:
    flash_files = [Path(module.flash) for module in world.modules if module.flash is not None]
    return StageOptions(
        speed=options.speed,
        movable=options.control is not None,
        profile=options.timing,
        ports=tuple(ports),
        logs=tuple(logs),
        clients=False,
        trace=options.trace,
        inputs=(*([options.world] if options.world is not None else []), *flash_files),
        remember=RECENT if options.control is not None else 0,
        build=options.build,
        when_opened=options.power_on == "open",
    )


def _control(options: Namespace, first: PortUri) -> "ControlServer | None":
    """The control channel, if there is to be one. `first`: where the port of the first module is. Raises OSError,
    ValueError."""
    if options.control is None:
        return None
    from espat.control.places import PlaceError, beside, parse_place  # JSON, and sockets
    from espat.control.server import ControlServer

    try:
        return ControlServer(parse_place(options.control) if options.control else beside(first))
    except (PlaceError, ValueError) as error:
        raise ValueError(f"--control: {error}") from None


def _open_flash_files(options: Namespace, world: World) -> "list[Storage | None]":
    """Raises ValueError."""
    if all(module.flash is None for module in world.modules):
        return []
    from espat.scenario.stage.flash_files import open_flash_files  # only those who have a file wait for it

    try:
        return open_flash_files(world.modules)
    except ValueError as error:
        raise ValueError(f"--flash: {error}" if options.flash is not None else str(error)) from None


def _level(options: Namespace) -> int:
    return logging.DEBUG if options.verbose else logging.ERROR if options.quiet else logging.INFO


def _world(options: Namespace) -> World:
    if options.world is None:
        world = World()
    else:
        from espat.scenario.reading.world_file import load_world  # the TOML parser, only for those who have a file

        world = load_world(options.world)
        if world.peers:
            raise ValueError(
                f"{options.world}: peer: a scenario plays peers, and here is none; [[host]] serves by itself"
            )
    changes: dict[str, object] = {}
    if options.seed is not None:
        changes["seed"] = options.seed
    if options.listen is not None:
        changes["listen_address"] = _address(options.listen)
    if options.offline:
        changes["offline"] = True
    return replace(world, **changes)  # type: ignore[arg-type]


def _check_listening(options: Namespace, world: World) -> None:
    """Raises ValueError for an address that is not this machine's: servers of modules could not listen there."""
    if world.listen_address == LOOPBACK:
        return
    from espat.stack.host_network import check_own  # half of the program, for those who say an address

    try:
        check_own(world.listen_address)
    except OSError as error:
        place = "--listen" if options.listen is not None else f"{options.world}: listen.address"
        got = f"{world.listen_address} ({error.strerror})"
        raise ValueError(f"{place}: expected an IPv4 address of this machine, got {got}") from None


def _address(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except ValueError:
        raise ValueError(f"--listen: expected an IPv4 address of this machine, got {text!r}") from None
