"""Sending without waiting (ESP8266 AT Instruction Set 0.30, AT+CIPSENDBUF, AT+CIPBUFRESET, AT+CIPBUFSTATUS,
AT+CIPCHECKSEQ)."""

from typing import Annotated, Final

from espat.commands.argument_types import Link
from espat.commands.esp8266.sending import Length
from espat.commands.sending import SEND_CANCELED, usable_link
from espat.core.at.answers import NOTHING, Line, Result
from espat.core.at.arguments import Range
from espat.core.at.data_entry import CountedEntry
from espat.core.at.engine import DataEntryCancelledError, Engine
from espat.core.at.errors import CommandError
from espat.core.at.grammar import Form
from espat.core.at.output import Output
from espat.core.at.registry import CommandTable
from espat.module import Module
from espat.stack.errors import NetworkError
from espat.stack.link import TcpLink
from espat.stack.links import LinkTable
from espat.stack.segments import LAST_NUMBER

table = CommandTable()

SegmentNumber = Annotated[int, Range(1, LAST_NUMBER)]

OUTCOME: Final = b"\r\n%b%d,SEND %b\r\n"
"""With CR LF before it, as SEND OK has: so a client library and an analysis of firmware 1.1; no session shows it."""


@table.command("AT+CIPSENDBUF", Form.SET, takes="prompt")
async def write(module: Module, link: Link, length: Length) -> Result:
    """AT+CIPSENDBUF: the segment's number and that of the last one that got through, before the prompt; `SEND OK` with
    the number comes later. That the receipt is printed as for AT+CIPSEND is an inference."""
    target = _tcp_link(module, link)
    segments = target.segments
    if length > segments.room or not segments.queue:
        raise CommandError
    entry = CountedEntry(length)
    numbers = Line(b"%d,%d" % (segments.next, segments.confirmed))
    try:
        payload = await module[Engine].data_entry(entry, (numbers, *module[Engine].conventions.prompt))
    except DataEntryCancelledError:
        return SEND_CANCELED
    await module.pause("payload")
    module[Engine].confirm_data(entry)
    idle = segments.waiting is None
    segments.write(payload)
    if idle:
        module.spawn(_hand_over, module, target)
    return NOTHING


async def _hand_over(module: Module, link: TcpLink) -> None:
    """Send what waits, and report each segment."""
    prefix = b"%d," % link.number if module[LinkTable].multiple else b""
    while (segment := link.segments.waiting) is not None:
        number, data = segment
        try:
            await module.pause("send")
            await module[LinkTable].pass_on(link, data)
        except NetworkError:
            delivered = False
        else:
            delivered = not module[LinkTable].told_closed(link)
        link.segments.conclude(delivered=delivered)
        module[Output].report(OUTCOME % (prefix, number, b"OK" if delivered else b"FAIL"))


@table.command("AT+CIPBUFRESET", Form.SET)
def reset(module: Module, link: Link) -> None:
    """AT+CIPBUFRESET: count from 1 again, once everything has been sent."""
    segments = _tcp_link(module, link).segments
    if segments.waiting is not None:
        raise CommandError
    segments.reset()


@table.command("AT+CIPBUFRESET", Form.EXECUTE)
def reset_only(module: Module) -> None:
    """AT+CIPBUFRESET with AT+CIPMUX=0."""
    reset(module, _only(module))


@table.command("AT+CIPBUFSTATUS", Form.SET)
def status(module: Module, link: Link) -> Line:
    """AT+CIPBUFSTATUS: next, sent and confirmed segment, bytes and segments there is room for; no name before them."""
    segments = _tcp_link(module, link).segments
    return Line(b"%d,%d,%d,%d,%d" % (segments.next, segments.sent, segments.confirmed, segments.room, segments.queue))


@table.command("AT+CIPBUFSTATUS", Form.EXECUTE)
def status_of_only(module: Module) -> Line:
    """AT+CIPBUFSTATUS with AT+CIPMUX=0."""
    return status(module, _only(module))


@table.command("AT+CIPCHECKSEQ", Form.SET)
def outcome(module: Module, link: Link, number: SegmentNumber) -> Line:
    """AT+CIPCHECKSEQ: whether a segment got through; FALSE too while it waits. The last 32 are remembered."""
    delivered = _tcp_link(module, link).segments.outcome(number)
    if delivered is None:
        raise CommandError
    prefix = b"%d," % link if module[LinkTable].multiple else b""
    return Line(b"%b%d,%b" % (prefix, number, b"TRUE" if delivered else b"FALSE"))


def _tcp_link(module: Module, number: int) -> TcpLink:
    link = usable_link(module, number)
    if not isinstance(link, TcpLink):
        raise CommandError
    return link


def _only(module: Module) -> int:
    """The number of the only link; refused with AT+CIPMUX=1."""
    if module[LinkTable].multiple:
        raise CommandError
    return 0
