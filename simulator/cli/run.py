"""`espat run`: serve modules on virtual serial ports. Here are its options; `serving` does it."""

import logging
import math
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.cli.console import Console, ConsoleHandler
from simulator.cli.ending import Ending
from simulator.cli.reasons import reason
from simulator.cli.serving import serve
from simulator.core.port_uri import PortUri, parse_link, parse_port_uri
from simulator.core.suggestions import any_of
from simulator.core.timing import PROFILES
from simulator.core.trace import Trace
from simulator.dialects.names import RUNNABLE, variants_of
from simulator.persist.variants import VARIANTS
from simulator.scenario.world import World
from simulator.stack.endpoint import LOOPBACK

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction

    from simulator.persist.storage import Storage

DEFAULT_LINK = "./ttyESP{n}"


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("run", help="serve modules on virtual serial ports")
    add = parser.add_argument
    port = parser.add_mutually_exclusive_group()
    port.add_argument("--link", metavar="PATH", help="where the serial port appears, the same as --port pty:PATH")
    port.add_argument(
        "--port",
        metavar="URI",
        help="pty:PATH, tcp:HOST:PORT, unix:PATH or exec:COMMAND; {n} is the module's number (pty:./ttyESP{n})",
    )
    add("--log-port", metavar="URI", help="where the log of the firmware appears, which it writes to UART0")
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
    add("--trace", metavar="FILE", type=Path, help="write every message as JSON Lines; it holds passwords")
    loudness = parser.add_mutually_exclusive_group()
    loudness.add_argument("-v", "--verbose", action="store_true", help="log commands and what they answer")
    loudness.add_argument("-q", "--quiet", action="store_true", help="log errors only")
    parser.set_defaults(main=main, usage_error=parser.error)


def _speed(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        only_played = ", max is for espat play" if text == "max" else ""
        raise ArgumentTypeError(f"found {text!r}; a number would be right{only_played}") from None


def main(options: Namespace) -> int:
    """Run until SIGINT, SIGTERM or SIGHUP, or until the program at an `exec:` port ends."""
    with Ending() as ending:
        return _run(options, ending)


def _run(options: Namespace, ending: Ending) -> int:
    if options.modules is not None and options.modules < 1:
        options.usage_error(f"--modules: found {options.modules}; 1 or more would be right")
    if options.seed is not None and options.seed < 0:
        options.usage_error(f"--seed: found {options.seed}; 0 or more would be right")
    if not 0 < options.speed < math.inf:
        options.usage_error(f"--speed: found {options.speed}; more than 0 would be right")
    try:
        given, log = _port(options), _log_port(options)
        world = _world(options)
        ports = _ports(options, given, log, world)
        logs = [log.of_module(number) for number in range(len(ports))] if log is not None else []
        if same := {uri.place for uri in ports if uri.scheme in ("pty", "unix")} & {uri.place for uri in logs}:
            options.usage_error(
                f"--log-port: found {min(same)!r}, the port of the commands; another one would be right"
            )
        dialects = _dialects(options, world, len(ports))
        storages = open_flash_files(options, dialects) if options.flash is not None else []
        _check_listening(options, world)
        trace = Trace(options.trace) if options.trace is not None else None
    except (OSError, ValueError) as error:
        print(f"espat: {reason(error)}", file=sys.stderr)
        return 2
    console = Console()
    logging.basicConfig(level=_level(options), format="%(message)s", handlers=[ConsoleHandler(console)])
    try:
        return ending.run(serve, options, ports, logs, world, storages, trace, console, ending)
    finally:
        console.close()


def _dialects(options: Namespace, world: World, count: int) -> list[str]:
    """The firmware of each module. Raises ValueError when it is not for the variant."""
    own = [module.dialect for module in world.modules] + [None] * (count - len(world.modules))
    dialects = [options.dialect or each or RUNNABLE[0] for each in own]
    for dialect in dialects:
        variants = variants_of(dialect)
        if options.variant is not None and options.variant not in variants:
            raise ValueError(f"--variant: found {options.variant}; for {dialect} {any_of(variants)} would be right")
    return dialects


def open_flash_files(options: Namespace, dialects: Sequence[str]) -> "list[Storage]":
    """The flash of each module, which is for its firmware. Raises ValueError."""
    from simulator.persist.image_file import FlashFileError  # only those who have a file wait for it
    from simulator.persist.storage import open_storage

    if len(dialects) > 1 and "{n}" not in options.flash:
        options.usage_error("--flash: needs {n} where the module's number goes, with more than one module")
    variant = VARIANTS[options.variant] if options.variant is not None else None
    try:
        return [
            open_storage(
                Path(options.flash.replace("{n}", str(number))),
                variant,
                variants=list(variants_of(dialect).values()),
            )
            for number, dialect in enumerate(dialects)
        ]
    except FlashFileError as error:
        raise ValueError(f"--flash: {error}") from None


def _level(options: Namespace) -> int:
    return logging.DEBUG if options.verbose else logging.ERROR if options.quiet else logging.INFO


def _port(options: Namespace) -> PortUri | None:
    """What the command line says about ports. Raises ValueError."""
    if options.link is not None:
        return PortUri("pty", options.link)
    try:
        return parse_port_uri(options.port) if options.port is not None else None
    except ValueError as error:
        raise ValueError(f"--port: {error}") from None


def _log_port(options: Namespace) -> PortUri | None:
    """Where the logs go. Raises ValueError."""
    if options.log_port is None:
        return None
    try:
        uri = parse_port_uri(options.log_port)
    except ValueError as error:
        raise ValueError(f"--log-port: {error}") from None
    if uri.scheme == "exec":
        raise ValueError("--log-port: exec: is for the port of the commands")
    return uri


def _ports(options: Namespace, given: PortUri | None, log: PortUri | None, world: World) -> list[PortUri]:
    """The port of each module: as the command line says, or the world, or by default."""
    count = max(1, options.modules or 0, len(world.modules))
    if given is not None and count > 1 and given.scheme == "exec":
        options.usage_error("--port: exec: is for one module")
    for option, uri in (("--link" if options.link else "--port", given), ("--log-port", log)):
        if uri is not None and count > 1 and not uri.numbered:
            options.usage_error(f"{option}: needs {{n}} where the module's number goes, with more than one module")
    own = [module.link for module in world.modules] + [None] * (count - len(world.modules))
    uris = [given or parse_link(each or DEFAULT_LINK) for each in own]
    ports = [uri.of_module(number) for number, uri in enumerate(uris)]
    if len(set(ports)) < count and given is None:
        options.usage_error("--world: two modules have the same link")
    return ports


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


def _check_listening(options: Namespace, world: World) -> None:
    """Raises ValueError for an address that is not this machine's: servers of modules could not listen there."""
    if world.listen_address == LOOPBACK:
        return
    from simulator.stack.host_network import check_own  # half of the program, for those who say an address

    try:
        check_own(world.listen_address)
    except OSError as error:
        place = "--listen" if options.listen is not None else f"{options.world}: listen.address"
        found = f"found {world.listen_address} ({error.strerror})"
        raise ValueError(f"{place}: {found}; an IPv4 address of this machine would be right") from None


def _address(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except ValueError:
        raise ValueError(f"--listen: found {text!r}; an IPv4 address of this machine would be right") from None
