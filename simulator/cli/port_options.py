"""Where the ports of modules are: `--link`, `--port` and `--log-port`, and the tables of the world behind them."""

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from espat.core.ports.uri import NUMBER, PortUri, parse_link, parse_port_uri

if TYPE_CHECKING:
    from argparse import ArgumentParser, _ArgumentGroup

    from espat.scenario.world.world import ModuleConfiguration

DEFAULT_LINK: Final = "./ttyESP{n}"
NAMES: Final = ("link", "port", "log_port")


class PortUris(NamedTuple):
    """The ports of the modules. `logs`: those of their firmware's logs, none when nobody wants them."""

    commands: list[PortUri]
    logs: list[PortUri]


def add_port_options(parser: "ArgumentParser | _ArgumentGroup") -> None:
    """Describe the options."""
    port = parser.add_mutually_exclusive_group()
    port.add_argument("--link", metavar="PATH", help="where the serial port appears, the same as --port pty:PATH")
    port.add_argument(
        "--port",
        metavar="URI",
        help="pty:PATH, tcp:HOST:PORT, unix:PATH or exec:COMMAND; {n} is the module's number (pty:./ttyESP{n})",
    )
    parser.add_argument(
        "--log-port", metavar="URI", help="where the log of the firmware appears, which it writes to UART0"
    )


def port_uris(options: Namespace, modules: "Sequence[ModuleConfiguration]", count: int) -> PortUris:
    """The ports of `count` modules: as the command line says, or their tables of the world, or by default. Raises
    ValueError."""
    given, log = _port(options), _log_port(options)
    if given is not None and count > 1 and given.scheme == "exec":
        options.usage_error("--port: exec: is for one module")
    for option, uri in (("--link" if options.link else "--port", given), ("--log-port", log)):
        if uri is not None and count > 1 and not uri.numbered:
            options.usage_error(f"{option}: needs {NUMBER} where the module's number goes, with more than one module")
    own = [module.link for module in modules] + [None] * (count - len(modules))
    uris = [given or parse_link(each or DEFAULT_LINK) for each in own]
    commands = [uri.of_module(number) for number, uri in enumerate(uris)]
    if len(set(commands)) < count and given is None:
        options.usage_error("--world: two modules have the same link")
    logs = [log.of_module(number) for number in range(count)] if log is not None else []
    if same := {uri.place for uri in commands if uri.scheme in ("pty", "unix")} & {uri.place for uri in logs}:
        options.usage_error(f"--log-port: expected a port of its own, got that of the commands, {min(same)!r}")
    return PortUris(commands, logs)


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
