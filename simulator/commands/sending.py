"""Sending (ESP-AT User Guide, AT+CIPSEND, AT+CIPSENDEX, AT+CIPSENDL, AT+CIPSENDLCFG).

A broken link before the prompt is ERROR; after it, the data is taken all the same and SEND FAIL follows.
"""

from typing import Annotated, Final

import trio

from espat.commands.argument_types import Host, LinkNumber, Port
from espat.commands.link_failures import LinkFailure
from espat.core.at.answers import Line, Result
from espat.core.at.arguments import Range
from espat.core.at.data_entry import CountedEntry, DataEntry, EscapedEntry
from espat.core.at.engine import DataEntryCancelledError, Engine
from espat.core.at.errors import CommandError
from espat.core.at.grammar import Form
from espat.core.at.output import Output
from espat.core.at.registry import CommandTable
from espat.core.at.stream_entry import StreamEntry
from espat.core.at.uart import Uart
from espat.core.trace import Kind
from espat.module import Module
from espat.stack.errors import NetworkError, ResolveError
from espat.stack.link import Link, UdpLink
from espat.stack.links import LinkTable
from espat.stack.passthrough import Passthrough
from espat.stack.receiving import Receiving
from espat.stack.routing import Route, Routing

table = CommandTable()

PAYLOAD_LIMIT: Final = 8192
LONG_LIMIT: Final = 2**31 - 1

SEND_OK: Final = Result(b"\r\nSEND OK\r\n")
SEND_FAIL: Final = Result(b"\r\nSEND FAIL\r\n")
SEND_CANCELED: Final = Result(b"\r\nSEND Canceled\r\n")
LONG_SEND_CANCELLED: Final = Result(b"\r\nSEND CANCELLED\r\n")
"""That of AT+CIPSENDL."""

Number = Annotated[int, LinkNumber()]
Length = Annotated[int, Range(1, PAYLOAD_LIMIT)]


@table.command("AT+CIPSEND", Form.SET, takes="prompt")
async def send(
    module: Module, link: Number, length: Length, host: Host | None = None, port: Port | None = None
) -> Result:
    """AT+CIPSEND: `length` raw bytes; host and port are for UDP only."""
    return await _send(module, link, CountedEntry(length), host, port)


@table.command("AT+CIPSENDEX", Form.SET, takes="prompt")
async def send_escaped(
    module: Module, link: Number, length: Length, host: Host | None = None, port: Port | None = None
) -> Result:
    r"""AT+CIPSENDEX: as AT+CIPSEND, but the data is escaped and may end early with `\0`."""
    return await _send(module, link, EscapedEntry(length), host, port)


@table.wire("+++", "execute")
def cancelled() -> Result:
    """`+++`, standing alone, ends the data entry."""
    return SEND_CANCELED


async def _send(module: Module, number: int, entry: DataEntry, host: str | None, port: int | None) -> Result:
    engine, links = module[Engine], module[LinkTable]
    link, route = await _prepare(module, number, host, port)
    try:
        payload = await engine.data_entry(entry)
    except DataEntryCancelledError:
        return cancelled()
    await module.pause("payload")
    engine.confirm_data(entry)
    await module.pause("send")  # before the stack has it: what the peer does then stands behind the result
    if not await _hand_over(links, link, route, payload) or links.told_closed(link):
        return SEND_FAIL
    return SEND_OK


def usable_link(module: Module, number: int) -> Link:
    """The link to send on. Raises CommandError."""
    if module[Receiving].raw:
        raise CommandError(cause=LinkFailure.RAW_SENDING)
    link = module[LinkTable][number]
    if link is None or link.ended:
        raise CommandError(cause=LinkFailure.NO_LINK)
    return link


async def _prepare(module: Module, number: int, host: str | None, port: int | None) -> tuple[Link, Route | None]:
    """The link to send on, and the way of a datagram that goes somewhere else. Raises CommandError."""
    link = usable_link(module, number)
    if (host is None) != (port is None):
        raise CommandError
    route = None
    if host is not None and port is not None:
        if not isinstance(link, UdpLink):
            raise CommandError
        try:
            route = await module[Routing].locate_datagram(host, port)
        except ResolveError:
            raise CommandError from None
    if not module[LinkTable].alive(link):  # closed meanwhile
        raise CommandError(cause=LinkFailure.NO_LINK)
    return link, route


async def _hand_over(links: LinkTable, link: Link, route: Route | None, payload: bytes) -> bool:
    """Give a payload to the stack; whether it took it."""
    if not links.alive(link):
        links.failed(link)
        return False
    try:
        if route is not None and isinstance(link, UdpLink):
            await link.send_to(payload, route)
        else:
            await links.send(link, payload)
    except NetworkError:
        return False
    return True


# Long data


@table.command("AT+CIPSENDLCFG", Form.QUERY)
def long_configuration(module: Module) -> Line:
    """AT+CIPSENDLCFG?: bytes between progress lines, and of a block."""
    links = module[LinkTable]
    return Line(b"+CIPSENDLCFG:%d,%d" % (links.report_size, links.transmit_size))


@table.command("AT+CIPSENDLCFG", Form.SET)
def set_long_configuration(
    module: Module,
    report_size: Annotated[int, Range(100, 2**20)],
    transmit_size: Annotated[int | None, Range(100, 2920)] = None,
) -> None:
    """AT+CIPSENDLCFG: never stored."""
    module[LinkTable].report_size = report_size
    if transmit_size is not None:
        module[LinkTable].transmit_size = transmit_size


@table.command("AT+CIPSENDL", Form.SET, takes="prompt")
async def send_long(
    module: Module,
    link: Number,
    length: Annotated[int, Range(1, LONG_LIMIT)],
    host: Host | None = None,
    port: Port | None = None,
) -> Result:
    """AT+CIPSENDL: sends while it receives. A broken link does not end the data; it is taken to its end and lost."""
    links = module[LinkTable]
    target, route = await _prepare(module, link, host, port)
    entry = StreamEntry(length, module[Uart].port)
    progress = _Progress(module, target, entry)
    last = bytearray()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_send_blocks, module, target, route, entry, progress, last)
        with module[Engine].taking(entry):
            await entry.wait_end()
        if entry.cancelled:
            nursery.cancel_scope.cancel()
        else:
            module[Engine].refuse_surplus(entry)
    if last:  # behind everything that waits: what the peer does when it has all of it stands behind the result
        await _hand_over(links, target, route, bytes(last))
    await progress.conclude()
    if entry.cancelled:
        return LONG_SEND_CANCELLED
    all_sent = progress.sent == length and not links.told_closed(target)
    return SEND_OK if all_sent else SEND_FAIL


async def _send_blocks(
    module: Module, link: Link, route: Route | None, entry: StreamEntry, progress: "_Progress", last: bytearray
) -> None:
    """Send what the entry receives, but for the block that is the last of all, which is put into `last`; once the link
    fails, only take it."""
    links = module[LinkTable]
    size, interval = links.transmit_size, module[Passthrough].transmit_interval / 1000
    alive = True
    while block := await entry.block(size, interval):
        if alive and entry.is_complete:
            last += block
            return
        alive = alive and await _hand_over(links, link, route, block)
        if alive:
            await progress.report()


class _Progress:
    """The progress lines of one AT+CIPSENDL: one for every `report_size` bytes sent, and one for the true total."""

    def __init__(self, module: Module, link: Link, entry: StreamEntry) -> None:
        self._output = module[Output]
        self._link = link
        self._entry = entry
        self._before = link.sent
        self._size = module[LinkTable].report_size
        self._reported = 0

    @property
    def sent(self) -> int:
        """Bytes handed to the stack."""
        return self._link.sent - self._before

    async def report(self) -> None:
        """Print the lines that are due."""
        while self.sent - self._reported >= self._size:
            await self._print(self._reported + self._size)

    async def conclude(self) -> None:
        """Print what is still missing: the last line bears the true total."""
        await self.report()
        if self.sent > self._reported:
            await self._print(self.sent)

    async def _print(self, sent: int) -> None:
        self._reported = sent
        await self._output.room()
        self._output.write(b"+CIPSENDL:%d,%d\r\n" % (sent, self._entry.received), Kind.RESULT)
