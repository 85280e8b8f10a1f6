"""Passthrough (ESP-AT User Guide, AT+CIPMODE, AT+CIPSEND without a length, AT+CIPRECONNINTV, +++).

AT+CIPMODE=1 is the receiving mode: what arrives is printed bare, and commands still work. AT+CIPSEND then makes the
port a pipe to the link, until `+++`, which goes back to the receiving mode. While a client's link is broken it is
opened again and again; a server waits for the next client.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Any, Final

import trio

from espat.commands.link_failures import LinkFailure
from espat.core.at.answers import NOTHING, OK, Line, Prompt, PromptMessage, Result
from espat.core.at.arguments import Bool, Range
from espat.core.at.engine import Engine
from espat.core.at.errors import CommandError
from espat.core.at.grammar import Form
from espat.core.at.output import Output
from espat.core.at.registry import CommandTable
from espat.core.at.stream_entry import StreamEntry
from espat.core.at.uart import Uart
from espat.core.ports.serial_line import RTS
from espat.core.time.clock import Clock
from espat.module import Module
from espat.stack.active_interfaces import ActiveInterfaces
from espat.stack.errors import NetworkError, ResolveError, UnreachableError
from espat.stack.link import Link, TcpLink, UdpLink
from espat.stack.links import LinkTable
from espat.stack.passthrough import Passthrough, PassthroughTraits
from espat.stack.receiving import Receiving
from espat.stack.server import Server
from espat.system.messages import Messages, SystemMessages

table = CommandTable()

FLUSH_LIMIT: Final = 0.9
"""Seconds that data from before `+++` has to leave: the host waits one second before its next command."""
QUIT: Final = b"\r\n+QUITT\r\n"
PROMPT: Final = (OK, Prompt(b"\r\n>"))
"""The same in all firmwares, whatever their prompt for a payload."""
BOOT_PROMPT: Final = (Prompt(b"\r\n>"),)
"""Of a module that boots into passthrough, once its link is up. No OK comes before it, and no CONNECT: that one is
suppressed as all status messages of passthrough are. No session shows the latter: an inference."""

Opening = Callable[[], Awaitable[None]]
"""Opens a link. Raises ResolveError, UnreachableError, NetworkError."""


@table.command("AT+CIPMODE", Form.QUERY)
def mode(module: Module) -> Line:
    """AT+CIPMODE?: 0 normal, 1 passthrough receiving."""
    return Line(b"+CIPMODE:%d" % module[Receiving].raw)


@table.command("AT+CIPMODE", Form.SET)
def set_mode(module: Module, raw: Bool) -> None:
    """AT+CIPMODE: 1 needs one client link, or a server of at most one client, or neither; never stored."""
    links, server = module[LinkTable], module[Server]
    if raw:
        others = list(links)
        if len(others) > 1 or any(_follows(link) for link in others):
            raise CommandError
        if server.running and (server.most_clients > 1 or any(not link.accepted for link in others)):
            raise CommandError
    module[Receiving].set_raw(raw)


def _follows(link: Link) -> bool:
    """Whether the peer of a link may change: such a UDP link is not for passthrough."""
    return isinstance(link, UdpLink) and link.follows > 0


@table.command("AT+CIPRECONNINTV", Form.QUERY)
def reconnect_interval(module: Module) -> Line:
    """AT+CIPRECONNINTV?: in units of 100 ms."""
    return Line(b"+CIPRECONNINTV:%d" % module[Passthrough].reconnect_interval)


@table.command("AT+CIPRECONNINTV", Form.SET)
def set_reconnect_interval(module: Module, interval: Annotated[int, Range(1, 36000)]) -> None:
    """AT+CIPRECONNINTV: between attempts to open the link of a client in passthrough again."""
    module[Passthrough].reconnect_interval = interval


@table.command("AT+CIPSEND", Form.EXECUTE, takes="prompt")
async def enter(module: Module) -> Result:
    """AT+CIPSEND: enter passthrough; refused with AT+CIPMODE=0 or without the one link."""
    links = module[LinkTable]
    link = links.only
    if not module[Receiving].raw or link is None or _follows(link):
        raise CommandError(cause=LinkFailure.NO_LINK if link is None else None)
    module[Passthrough].running = True
    keep_open = None if link.accepted else partial(_keep_open, module, partial(links.reopen, link))
    await pipe(module, PROMPT, keep_open)
    return NOTHING


async def pipe(module: Module, prompt: Sequence[PromptMessage], keep_open: Callable[[StreamEntry], Any] | None) -> None:
    """Make the port a pipe to the one link until `+++`. `keep_open`: a task that opens it; None for a server's."""
    links = module[LinkTable]
    entry = StreamEntry(None, module[Uart].port)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_send, module, entry, nursery.cancel_scope)
            nursery.start_soon(_watch_link, module, entry)
            nursery.start_soon(entry.lose_for_new_clients)
            with module[Engine].taking(entry, prompt):
                if keep_open is not None:
                    nursery.start_soon(keep_open, entry)
                await entry.wait_end()
            if links.only is not None:
                await module[Clock].sleep(FLUSH_LIMIT)
            nursery.cancel_scope.cancel()
    finally:
        module[Passthrough].running = module[Passthrough].awaited = False
    if SystemMessages.QUIT in module[Messages].shown:
        module[Output].report(QUIT)


async def _watch_link(module: Module, entry: StreamEntry) -> None:
    """While there is no link, a client that is not held by RTS loses what does not fit."""
    links = module[LinkTable]
    while True:
        entry.lose(links.only is None and not module[Uart].line.flow_control & RTS)
        await links.changed.wait()


async def _send(module: Module, entry: StreamEntry, whole: trio.CancelScope) -> None:
    """Send what comes in over the port, until nothing more comes; then end the `whole`."""
    links, size = module[LinkTable], module.traits(PassthroughTraits).block
    while True:
        of_tcp = not isinstance(links.only, UdpLink)  # where nobody sees the borders of blocks
        block = await entry.block(size, module[Passthrough].transmit_interval / 1000, several=of_tcp)
        if not block:
            whole.cancel()
            return
        while (link := links.only) is None:
            await links.changed.wait()
        try:
            await links.pass_on(link, block)
        except NetworkError:  # what was under way is lost
            if isinstance(link, TcpLink):
                await links.gone(link)


async def _keep_open(module: Module, reopen: Opening, entry: StreamEntry) -> None:
    """Open the link again whenever it breaks, until `+++`."""
    links = module[LinkTable]
    while True:
        while links.only is not None:
            await links.changed.wait()
        await module[Clock].sleep(module[Passthrough].reconnect_interval / 10)
        if entry.ended:
            return
        await _try(module, reopen)


async def open_and_keep(module: Module, opening: Opening, entry: StreamEntry) -> None:
    """As a module does that boots into passthrough: open the link as soon as there is a network, print the prompt once
    it is up, and open it again whenever it breaks."""
    await module[ActiveInterfaces].wait()
    while not await _try(module, opening):
        await module[Clock].sleep(module[Passthrough].reconnect_interval / 10)
    module[Engine].ask(BOOT_PROMPT)
    await _keep_open(module, opening, entry)


async def _try(module: Module, opening: Opening) -> bool:
    """Try to open a link; whether it is up."""
    try:
        await opening()
    except (NetworkError, ResolveError, UnreachableError):
        pass
    else:
        return True
    return False
