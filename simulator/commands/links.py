"""Opening, closing and listing links (ESP-AT User Guide, AT+CIPMUX, AT+CIPSTART, AT+CIPCLOSE, AT+CIPSTATE)."""

import math
from collections.abc import Coroutine, Iterable
from typing import Annotated, Any, Final, NamedTuple

from espat.commands import reports
from espat.commands.argument_types import ALL_LINKS, DefaultWord, Host, Link, LocalAddress, Port
from espat.commands.link_failures import AT_CORE, LinkFailure, refused_by_core
from espat.core.at.answers import Line, Unterminated
from espat.core.at.arguments import Bool, Milliseconds, Range, Seconds, Word
from espat.core.at.errors import CommandError, invalid
from espat.core.at.grammar import Form, Parameter
from espat.core.at.registry import Choice, CommandTable
from espat.module import Module
from espat.radio.station import Station, StationState
from espat.radio.wifi import Wifi
from espat.stack.active_interfaces import ActiveInterfaces
from espat.stack.address import NO_ADDRESS, Address, address_text, is_ipv6
from espat.stack.errors import LWIP_ABORTED, LWIP_ADDRESS_NOT_AVAILABLE, NetworkError, ResolveError, UnreachableError
from espat.stack.link import Link as OpenLink
from espat.stack.link import TlsLink, UdpLink
from espat.stack.links import LINK_CLOSED, LINK_NOT_OPENED, LINK_OPENED, LinkTable
from espat.stack.receiving import Receiving
from espat.stack.server import Server
from espat.stack.station_interface import StationInterface
from espat.stack.tls_errors import EspTls
from espat.system.messages import Messages, SystemMessages

table = CommandTable()

LWIP_HOST_NOT_FOUND: Final = 202
"""What `+ERRNO:` shows for a name without an address: lwIP's EAI_FAIL. No session shows it: an inference."""

Timeout = Annotated[int, Milliseconds(0, 60000)]
KeepAlive = Annotated[int | None, Seconds(0, 7200)]
LocalPort = Annotated[int, Range(0, 65535)]
"""0: a free one."""
MaybeLocalPort = Annotated[int | None, Range(0, 65535)]
"""0, and left out: a free one."""
PeerPort = Annotated[int, Range(0, 65535)]
"""0: there is no peer yet."""
Follows = Annotated[int, Range(0, 2)]
WILD_CARDS: Final = (str(NO_ADDRESS), "0")
"""The address of a peer that there is not yet; lwIP reads the second as the first."""
TcpType = Annotated[bytes | None, DefaultWord(b"TCP", b"SSL")]
UdpType = Annotated[bytes, Word(b"UDP")]


@table.command("AT+CIPMUX", Form.QUERY)
def multiple(module: Module) -> Line:
    """AT+CIPMUX?: 0 one link, 1 several."""
    return Line(b"+CIPMUX:%d" % module[LinkTable].multiple)


@table.command("AT+CIPMUX", Form.SET)
def set_multiple(module: Module, multiple: Bool) -> None:
    """AT+CIPMUX: refused while there are links; 1 needs AT+CIPMODE=0, 0 that no server runs."""
    if any(module[LinkTable]):
        raise CommandError(cause=LinkFailure.LINKS_OPEN)
    if multiple and module[Receiving].raw:
        raise CommandError(cause=LinkFailure.RAW)
    if not multiple and module[Server].running:
        raise CommandError(cause=LinkFailure.SERVER_RUNS)
    module[LinkTable].multiple = multiple


@table.command("AT+CIPDINFO", Form.QUERY)
def shows_sender(module: Module) -> Unterminated:
    """AT+CIPDINFO?: in words, and without a line end of its own."""
    return Unterminated(b"+CIPDINFO:%b" % (b"true" if module[LinkTable].shows_sender else b"false"))


@table.command("AT+CIPDINFO", Form.SET)
def set_shows_sender(module: Module, shown: Bool) -> None:
    """AT+CIPDINFO: whether +IPD carries the sender's address and port."""
    module[LinkTable].shows_sender = shown


def is_udp(position: int, *, behind_link: bool) -> Choice:
    """Choose a signature for UDP by the type argument at `position`, one later where a link number stands before."""

    def choose(module: Any, parameters: tuple[Parameter, ...]) -> bool:
        at = position + (behind_link and module[LinkTable].multiple)
        return at < len(parameters) and parameters[at] == b"UDP"

    return choose


class UdpArguments(NamedTuple):
    """What AT+CIPSTART takes for UDP: a port with a peer; `follows` says whether the peer changes to who sends."""

    kind: UdpType
    host: Host
    port: PeerPort
    local_port: MaybeLocalPort = None
    follows: Follows = 0
    local_address: LocalAddress = None
    limit: Timeout = 0


class TcpArguments(NamedTuple):
    """What AT+CIPSTART takes for TCP and SSL."""

    kind: TcpType
    host: Host
    port: Port
    keep_alive: KeepAlive = None
    local_address: LocalAddress = None
    limit: Timeout = 0


@table.command("AT+CIPSTART", Form.SET, when=is_udp(0, behind_link=True))
async def open_udp(module: Module, link: Link, peer: UdpArguments) -> None:
    """AT+CIPSTART, UDP."""
    _need_peer(peer, 3 + module[LinkTable].multiple)
    await open_port(module, link, peer)


def _need_peer(peer: UdpArguments, position: int) -> None:
    """Port 0, at `position`, is for `"0.0.0.0"`, the wild card: who sends first becomes the peer (two public drivers
    open their UDP servers so)."""
    if peer.port == 0 and peer.host not in WILD_CARDS:
        raise invalid(position)


async def open_port(module: Module, link: int, peer: UdpArguments) -> None:
    """Open a UDP port."""
    with refused_by_core():
        _need_free(module, link)
        need_ipv4(peer.host)
        if peer.follows and peer.local_port is None:  # the local port comes first (ESP-AT User Guide, AT+CIPSTART)
            raise CommandError
    host = str(NO_ADDRESS) if peer.host in WILD_CARDS else peer.host
    limit = _seconds(peer.limit)
    opening = module[LinkTable].open_udp(link, host, peer.port, peer.local_port or None, peer.follows, limit=limit)
    await _open(module, link, opening, peer.local_address)


@table.command("AT+CIPSTART", Form.SET)
async def open_tcp(module: Module, link: Link, peer: TcpArguments) -> None:
    """AT+CIPSTART, TCP and SSL: connect."""
    with refused_by_core():
        _need_free(module, link)
        need_ipv4(peer.host)
    if peer.keep_alive is not None:
        module[LinkTable].options[link].keep_alive = peer.keep_alive
    secure = peer.kind == TlsLink.kind
    limit = _seconds(peer.limit)
    opening = module[LinkTable].open_tcp(link, peer.host, peer.port, secure=secure, limit=limit)
    await _open(module, link, opening, peer.local_address, TLS_FAILURES if secure else FAILURES)


@table.command("AT+CIPSTARTEX", Form.SET, when=is_udp(0, behind_link=False))
async def open_udp_anywhere(module: Module, peer: UdpArguments) -> None:
    """AT+CIPSTARTEX, UDP: as AT+CIPSTART, with the lowest free number."""
    _need_peer(peer, 3)
    await open_port(module, _free(module), peer)


@table.command("AT+CIPSTARTEX", Form.SET)
async def open_tcp_anywhere(module: Module, peer: TcpArguments) -> None:
    """AT+CIPSTARTEX, TCP and SSL: as AT+CIPSTART, with the lowest free number."""
    await open_tcp(module, _free(module), peer)


class Failures(NamedTuple):
    """What `+ERRNO:` shows for a name without an address, for an address that nobody has, and for a local address that
    is not the module's."""

    unresolved: int
    unreachable: int
    not_own: int


FAILURES: Final = Failures(LWIP_HOST_NOT_FOUND, LWIP_ABORTED, LWIP_ADDRESS_NOT_AVAILABLE)
TLS_FAILURES: Final = Failures(
    EspTls.CANNOT_RESOLVE_HOST_NAME, EspTls.CONNECTION_TIMEOUT, EspTls.FAILED_CONNECT_TO_HOST
)


async def _open(
    module: Module,
    number: int,
    opening: Coroutine[Any, Any, None],
    local_address: Address | None,
    failures: Failures = FAILURES,
) -> None:
    """Open a link; raises CommandError with the errno of what went wrong. Nobody else gets its number before the
    answer."""
    own = [active.address for active in module[ActiveInterfaces]]
    if not own or local_address not in (None, *own):
        opening.close()
        raise CommandError(errno=failures.not_own if own else AT_CORE, cause=LinkFailure.NO_NETWORK)
    cause = None
    with module[LinkTable].reserved(number):
        try:
            await opening
        except ResolveError:
            errno, cause = failures.unresolved, LinkFailure.NO_SUCH_HOST
        except UnreachableError:
            errno = failures.unreachable
        except NetworkError as error:
            errno = error.errno
        else:
            return
    raise CommandError(errno=errno, cause=cause)


def _seconds(milliseconds: int) -> float:
    """A time limit; none for 0."""
    return milliseconds / 1000 or math.inf


def need_ipv4(host: str) -> None:
    """Refuse an address that is not of the family of the type."""
    if is_ipv6(host):
        raise CommandError


def _need_free(module: Module, number: int) -> None:
    raw_is_taken = module[Receiving].raw and (any(module[LinkTable]) or module[Server].running)
    if module[LinkTable][number] is not None or raw_is_taken:
        raise CommandError(cause=LinkFailure.LINK_EXISTS)


def _free(module: Module) -> int:
    number = module[LinkTable].lowest_free if module[LinkTable].multiple else 0
    if number is None:
        raise CommandError(errno=AT_CORE)
    return number


@table.command("AT+CIPCLOSE", Form.EXECUTE, takes="close")
async def close_only(module: Module) -> None:
    """AT+CIPCLOSE: end the only link; refused with AT+CIPMUX=1, but for a server of at most one client."""
    links = list(module[LinkTable])
    if module[LinkTable].multiple and module[Server].most_clients > 1:
        raise CommandError(cause=LinkFailure.NEEDS_SINGLE_MODE)
    if len(links) != 1:
        raise CommandError(cause=LinkFailure.NO_ONLY_LINK)
    await module[LinkTable].finish(links[0])


@table.command("AT+CIPCLOSE", Form.SET, takes="close")
async def close(module: Module, number: Annotated[int, Range(0, ALL_LINKS)]) -> None:
    """AT+CIPCLOSE: end one link, or all with 5, one after the other; refused with AT+CIPMUX=0."""
    links = module[LinkTable]
    if not links.multiple:
        raise CommandError(cause=LinkFailure.NEEDS_MULTIPLE_MODE)
    if number != ALL_LINKS and links[number] is None:
        raise CommandError(cause=LinkFailure.NOTHING_TO_CLOSE)
    for link in links:
        if number in (ALL_LINKS, link.number):
            await links.finish(link)


@table.command("AT+CIPSTATE", Form.QUERY)
def state(module: Module) -> list[Line]:
    """AT+CIPSTATE?: one line a link; the number is there in single mode too."""
    return link_lines(b"+CIPSTATE", module[LinkTable])


@table.command("AT+CIPSTATUS", Form.EXECUTE)
def status(module: Module) -> list[Line]:
    """AT+CIPSTATUS: the predecessor of AT+CIPSTATE, with a summary before the links."""
    return [Line(b"STATUS:%d" % _summary(module)), *link_lines(b"+CIPSTATUS", module[LinkTable])]


def _summary(module: Module) -> int:
    """The number of `STATUS:`.

    0 no station, or its join at boot is still on its way; 1 nothing joined yet, or joined without address; 2 with
    address; 3 with TCP links; 4 with UDP links only, or all links closed; 5 not connected. That UDP does not count was
    seen on modules of version 2.1; the documents know only "links".
    """
    station = module[Station]
    if not module[Wifi].has_station:
        return 0
    if station.state is StationState.IDLE:
        return 1
    if any(link.kind != UdpLink.kind for link in module[LinkTable]):
        return 3
    if station.state is StationState.CONNECTING and not station.was_joined:
        return 0
    if station.state is not StationState.ASSOCIATED:
        return 5
    if not module[StationInterface].up:
        return 1
    return 4 if module[LinkTable].had_links else 2


def link_lines(name: bytes, links: Iterable[OpenLink]) -> list[Line]:
    """A line for each link, behind the name of a command."""
    return [_state_line(name, link) for link in links]


def _state_line(name: bytes, link: OpenLink) -> Line:
    address, port = link.remote
    return Line(
        b'%b:%d,"%b","%b",%d,%d,%d'
        % (name, link.number, link.kind, address_text(address), port, link.local_port, link.accepted)
    )


# What happens to links


@table.report(LINK_OPENED)
def opened(module: Module, link: OpenLink) -> None:
    """CONNECT, or with AT+SYSMSG bit 1 +LINK_CONN."""
    if SystemMessages.LINK_DETAILS in module[Messages].shown:
        address, port = link.remote
        values = (link.number, link.kind, link.accepted, address_text(address), port, link.local_port)
        reports.status(module, b'+LINK_CONN:0,%d,"%b",%d,"%b",%d,%d\r\n' % values)
    else:
        reports.status(module, number_prefix(module, link.number) + b"CONNECT\r\n")


@table.report(LINK_CLOSED)
def closed(module: Module, link: OpenLink) -> None:
    """CLOSED."""
    reports.status(module, number_prefix(module, link.number) + b"CLOSED\r\n")


@table.report(LINK_NOT_OPENED)
def not_opened(module: Module, number: int) -> None:
    """A link could not be opened, in firmwares that report it as closed then."""
    reports.status(module, number_prefix(module, number) + b"CLOSED\r\n")


def number_prefix(module: Module, number: int) -> bytes:
    """What reports of a link begin with."""
    return b"%d," % number if module[LinkTable].multiple else b""
