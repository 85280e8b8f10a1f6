"""Links and the server (ESP8266 AT Instruction Set 0.30, chapter 5)."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Annotated, Any, Final

from espat.commands import links, passthrough, ping, server
from espat.commands.argument_types import ALL_LINKS, Host, HostText, Link, LinkNumber, Port
from espat.commands.link_failures import LinkFailure
from espat.core.at.answers import ERROR, Line, Result
from espat.core.at.arguments import Argument, Bool, Range, Word
from espat.core.at.engine import Engine
from espat.core.at.errors import CommandError
from espat.core.at.grammar import Form, Parameter
from espat.core.at.registry import Choice, CommandTable
from espat.module import Module
from espat.stack.address import address_text
from espat.stack.errors import ResolveError
from espat.stack.link import Link as OpenLink
from espat.stack.links import LINK_NOT_OPENED, LinkTable
from espat.stack.server import DEFAULT_PORT, Server
from espat.stack.station_interface import StationInterface

table = CommandTable()

NO_CHANGE: Final = Line(b"no change")


class Summary(IntEnum):
    """The number of `STATUS:`."""

    ADDRESS = 2
    LINKS = 3
    LINKS_GONE = 4
    NOT_JOINED = 5


HalfSeconds = Annotated[int, Range(0, 7200)]
"""Of silence, before TCP asks whether the peer is there; 0 never."""
LinkType = Annotated[bytes, Word(b"TCP", b"UDP")]


def is_right_and_udp(*kinds: bytes) -> Choice:
    """Choose AT+CIPSTART's signature for UDP, where there are links of these kinds.

    Its first parameters are read one after the other; choosing raises CommandError with the cause of the first that is
    wrong. A port that is there but impossible is no more than an ERROR (source of 0.2x).
    """
    is_udp = links.is_udp(0, behind_link=True)
    arguments: tuple[tuple[Argument, LinkFailure], ...] = (
        (LinkNumber(), LinkFailure.WRONG_LINK_NUMBER),
        (Word(*kinds), LinkFailure.WRONG_LINK_TYPE),
        (HostText(64, 1), LinkFailure.WRONG_ADDRESS),
        (Argument(), LinkFailure.WRONG_PORT),
    )

    def choose(module: Any, parameters: tuple[Parameter, ...]) -> bool:
        _check([(argument, cause) for argument, cause in arguments if argument.present(module)], parameters)
        return is_udp(module, parameters)

    return choose


def _check(arguments: Iterable[tuple[Argument, LinkFailure]], parameters: tuple[Parameter, ...]) -> None:
    for position, (argument, cause) in enumerate(arguments):
        value = parameters[position] if position < len(parameters) else None
        try:
            if type(value) is not argument.wire_type:
                raise CommandError
            argument.check(value, position)
        except CommandError:
            raise CommandError(cause=cause) from None


@table.command("AT+CIPSTART", Form.SET, when=is_right_and_udp(b"TCP", b"UDP"))
async def open_udp(
    module: Module,
    link: Link,
    kind: LinkType,
    host: Host,
    port: links.PeerPort,
    local_port: links.MaybeLocalPort = None,
    follows: links.Follows = 0,
) -> None:
    """AT+CIPSTART, UDP: a port with a peer. WiFiEsp and many programs open `"UDP","0",0,<local port>,2` and wait for
    who sends."""
    await links.open_port(module, link, links.UdpArguments(kind, host, port, local_port, follows))


@table.command("AT+CIPSTART", Form.SET)
async def open_tcp(
    module: Module, link: Link, kind: LinkType, host: Host, port: Port, keep_alive: HalfSeconds = 0
) -> None:
    """AT+CIPSTART, TCP: connect."""
    await dial(module, link, links.TcpArguments(kind, host, port, (keep_alive + 1) // 2))


async def dial(module: Module, link: int, peer: links.TcpArguments) -> None:
    """Connect; a connection that fails is reported as closed behind the ERROR (seen on modules)."""
    try:
        await links.open_tcp(module, link, peer)
    except CommandError as error:
        if error.cause is None:
            module[Engine].afterwards(lambda: module.announce(LINK_NOT_OPENED, link))
        raise


@table.command("AT+CIPCLOSE", Form.SET, takes="close")
async def close(module: Module, number: Annotated[int, Range(0, ALL_LINKS)]) -> None:
    """AT+CIPCLOSE: 5 is every link, but not while there is a server."""
    if number == ALL_LINKS and module[Server].running:
        raise CommandError
    await links.close(module, number)


@table.command("AT+CIPSTATUS", Form.EXECUTE)
def status(module: Module) -> list[Line]:
    """AT+CIPSTATUS: a summary, and a line for each link, without the local port."""
    return [summary(module), *(_five_fields(link) for link in open_links(module))]


def open_links(module: Module) -> list[OpenLink]:
    """Those AT+CIPSTATUS shows: not one that is over but has data left to read."""
    return [link for link in module[LinkTable] if not link.ended]


def summary(module: Module) -> Line:
    """The line before the links."""
    if open_links(module):
        status = Summary.LINKS
    elif not module[StationInterface].up:
        status = Summary.NOT_JOINED
    else:
        status = Summary.LINKS_GONE if module[LinkTable].had_links else Summary.ADDRESS
    return Line(b"STATUS:%d" % status)


def _five_fields(link: OpenLink) -> Line:
    address, port = link.remote
    values = (link.number, link.kind, address_text(address), port, link.accepted)
    return Line(b'+CIPSTATUS:%d,"%b","%b",%d,%d' % values)


@table.command("AT+CIPSERVER", Form.SET)
async def switch_server(module: Module, running: Bool, port: Port = DEFAULT_PORT) -> Line | None:
    """AT+CIPSERVER: what is so already is said to be, and is OK."""
    if running == module[Server].running:
        return NO_CHANGE
    if running:
        await server.start(module, 1, port)
    else:
        await server.stop(module, 0)
    return None


@table.command("AT+CIPMODE", Form.SET)
def set_mode(module: Module, raw: Bool) -> None:
    """AT+CIPMODE: 1 needs AT+CIPMUX=0 and no server."""
    if raw and (module[LinkTable].multiple or module[Server].running):
        raise CommandError(cause=LinkFailure.SEVERAL_OR_SERVER)
    passthrough.set_mode(module, raw)


@table.command("AT+CIPSTO", Form.SET)
def set_idle_limit(module: Module, seconds: Annotated[int, Range(0, 7200)]) -> None:
    """AT+CIPSTO: while there is a server (source of 0.2x)."""
    if not module[Server].running:
        raise CommandError
    server.set_idle_limit(module, seconds)


@table.command("AT+PING", Form.SET)
async def ping_host(module: Module, host: Host) -> list[Line | Result]:
    """AT+PING: milliseconds behind a plus sign; a name that nobody knows is just an ERROR (a driver for 0.30)."""
    try:
        took = await ping.milliseconds_to(module, host)
    except ResolveError:
        raise CommandError from None
    return [Line(b"+timeout"), ERROR] if took is None else [Line(b"+%d" % took)]
