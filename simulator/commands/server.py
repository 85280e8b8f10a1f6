"""The server (ESP-AT User Guide, AT+CIPSERVER, AT+CIPSERVERMAXCONN, AT+CIPSTO)."""

from typing import Annotated, Any, Final

from espat.commands import reports
from espat.commands.argument_types import DefaultWord, Port
from espat.commands.link_failures import AT_CORE
from espat.core.at.answers import Line
from espat.core.at.arguments import Bool, Count, OneOf, Seconds
from espat.core.at.errors import CommandError
from espat.core.at.grammar import Form, Parameter
from espat.core.at.output import Output
from espat.core.at.registry import CommandTable
from espat.core.trace import Kind
from espat.module import Module
from espat.stack.active_interfaces import ANY_INTERFACE, InterfaceKind
from espat.stack.errors import NetworkError
from espat.stack.link import LINK_COUNT, TcpLink, TlsLink
from espat.stack.links import LinkTable
from espat.stack.receiving import Receiving
from espat.stack.server import DEFAULT_PORT, SERVER_FULL, Server
from espat.stack.tls_errors import TlsError
from espat.stack.tls_options import LinkTls

table = CommandTable()

Netif = Annotated[int, OneOf(ANY_INTERFACE, InterfaceKind.STATION, InterfaceKind.SOFTAP)]


@table.command("AT+CIPSERVER", Form.QUERY)
def server(module: Module) -> Line:
    """AT+CIPSERVER?: 0, or 1 with port, type, CA check and interface."""
    server = module[Server]
    if server.port is None:
        return Line(b"+CIPSERVER:0")
    security = server.security
    kind = TcpLink.kind if security is None else TlsLink.kind
    checks_clients = security is not None and security.trusted is not None
    return Line(b'+CIPSERVER:1,%d,"%b",%d,%d' % (server.port, kind, checks_clients, server.interface))


def _stops(module: Any, parameters: tuple[Parameter, ...]) -> bool:
    return parameters[:1] == (0,)


@table.command("AT+CIPSERVER", Form.SET, when=_stops)
async def stop(module: Module, started: Annotated[int, OneOf(0)], close_links: Bool = False) -> None:
    """AT+CIPSERVER=0: stop listening; with 1 every link is closed too, one after the other."""
    module[Server].stop()
    for link in module[LinkTable] if close_links else ():
        await module[LinkTable].finish(link)


@table.command("AT+CIPSERVER", Form.SET)
async def start(
    module: Module,
    started: Annotated[int, OneOf(1)],
    port: Port = DEFAULT_PORT,
    kind: Annotated[bytes, DefaultWord(b"TCP", b"SSL")] = b"TCP",
    checks_clients: Bool = False,
    interface: Netif = ANY_INTERFACE,
) -> None:
    """AT+CIPSERVER=1: listen; needs AT+CIPMUX=1, and with AT+CIPMODE=1 a limit of one client and no client link.

    `checks_clients`: whether clients of an SSL server have to show a certificate; without meaning for TCP.
    """
    links, server = module[LinkTable], module[Server]
    raw_is_taken = module[Receiving].raw and (any(links) or server.most_clients > 1)
    if not links.multiple or server.running or raw_is_taken:
        raise CommandError(errno=AT_CORE)
    try:
        security = module[LinkTls].server(checks_clients=checks_clients) if kind == TlsLink.kind else None
    except TlsError:  # a server's numbers are those of its socket, and that has none yet
        raise CommandError(errno=AT_CORE) from None
    try:
        await server.start(port, interface, security=security)
    except NetworkError as error:
        raise CommandError(errno=error.errno) from error


@table.command("AT+CIPSERVERMAXCONN", Form.QUERY)
def most_clients(module: Module) -> Line:
    """AT+CIPSERVERMAXCONN?: how many clients the server takes."""
    return Line(b"+CIPSERVERMAXCONN:%d" % module[Server].most_clients)


@table.command("AT+CIPSERVERMAXCONN", Form.SET)
def set_most_clients(module: Module, most: Annotated[int, Count(1, LINK_COUNT)]) -> None:
    """AT+CIPSERVERMAXCONN: before the server is started."""
    if module[Server].running:
        clients = len(module[Server].clients)
        if clients:
            module[Output].write(CONNECTIONS % clients, Kind.RESULT)
        raise CommandError
    module[Server].most_clients = most


CONNECTIONS: Final = b"Have %d Connections\r\n"
"""The limit is reached (ESP-AT User Guide, "AT Messages"); the firmware holds this text beside AT+CIPSERVERMAXCONN."""


@table.report(SERVER_FULL)
def full(module: Module, clients: int) -> None:
    """A client was refused."""
    reports.status(module, CONNECTIONS % clients)


@table.command("AT+CIPSTO", Form.QUERY)
def idle_limit(module: Module) -> Line:
    """AT+CIPSTO?: seconds after which a silent client is closed."""
    return Line(b"+CIPSTO:%d" % module[Server].idle_limit)


@table.command("AT+CIPSTO", Form.SET)
def set_idle_limit(module: Module, seconds: Annotated[int, Seconds(0, 7200)]) -> None:
    """AT+CIPSTO: 0 is never; only clients of the server."""
    module[Server].set_idle_limit(seconds)
