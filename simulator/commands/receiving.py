"""Passive receiving (ESP-AT User Guide, AT+CIPRECVTYPE, AT+CIPRECVDATA, AT+CIPRECVLEN).

AT+CIPRECVMODE is the older name: one value for all links. The newer form is accepted under it too.
"""

from functools import partial
from typing import Annotated, Any, Final

from espat.commands.argument_types import AnyLinkNumber, LinkNumber
from espat.commands.links import number_prefix
from espat.core.at.answers import Line, Unterminated
from espat.core.at.arguments import Bool, Range
from espat.core.at.engine import Engine
from espat.core.at.errors import CommandError
from espat.core.at.grammar import Form, Parameter
from espat.core.at.output import Output
from espat.core.at.registry import CommandTable
from espat.core.trace import Kind
from espat.module import Module
from espat.stack.address import address_text
from espat.stack.endpoint import Endpoint
from espat.stack.link import LINK_COUNT
from espat.stack.link import Link as OpenLink
from espat.stack.links import LinkTable
from espat.stack.receiving import LINK_DATA, LINK_DATA_KEPT, Receiving
from espat.system.heap import Heap

table = CommandTable()

LONG_LIMIT: Final = 2**31 - 1
READING_MEMORY: Final = 128
"""Bytes of memory that reading takes besides those asked for."""

AnyNumber = Annotated[int | None, AnyLinkNumber()]
Number = Annotated[int, LinkNumber()]


@table.command("AT+CIPRECVTYPE", Form.QUERY)
def receive_types(module: Module) -> list[Line]:
    """AT+CIPRECVTYPE?: a line for each link number, one in single mode."""
    links = module[LinkTable]
    numbers = range(LINK_COUNT) if links.multiple else range(1)
    return [Line(b"+CIPRECVTYPE:%d,%d" % (number, module[Receiving].passive[number])) for number in numbers]


@table.command("AT+CIPRECVTYPE", Form.SET)
def set_receive_type(module: Module, link: AnyNumber, passive: Bool) -> None:
    """AT+CIPRECVTYPE: 0 prints data as it comes, 1 keeps it until it is read; 5 is every link."""
    if module[Receiving].raw:
        raise CommandError
    for number in range(LINK_COUNT) if link is None else (link,):
        module[Receiving].set_passive(number, passive)


def _is_for_all(module: Any, parameters: tuple[Parameter, ...]) -> bool:
    return len(parameters) == 1


@table.command("AT+CIPRECVMODE", Form.QUERY)
def receive_mode(module: Module) -> Line:
    """AT+CIPRECVMODE?: the value of link 0."""
    return Line(b"+CIPRECVMODE:%d" % module[Receiving].passive[0])


@table.command("AT+CIPRECVMODE", Form.SET, when=_is_for_all)
def set_receive_mode(module: Module, passive: Bool) -> None:
    """AT+CIPRECVMODE: for every link."""
    if module[Receiving].raw:
        raise CommandError
    for number in range(LINK_COUNT):
        module[Receiving].set_passive(number, passive)


@table.command("AT+CIPRECVMODE", Form.SET)
def set_receive_mode_of_link(module: Module, link: AnyNumber, passive: Bool) -> None:
    """AT+CIPRECVMODE with a link number: as AT+CIPRECVTYPE."""
    set_receive_type(module, link, passive)


@table.command("AT+CIPRECVDATA", Form.SET)
def read(module: Module, link: Number, most: Annotated[int, Range(1, LONG_LIMIT)]) -> Unterminated:
    """AT+CIPRECVDATA: up to `most` bytes; the data is followed by the OK without a line end of its own."""
    data, sender = take(module, link, most)
    origin = b'"%b",%d,' % (address_text(sender.address), sender.port) if module[LinkTable].shows_sender else b""
    return Unterminated(b"+CIPRECVDATA:%d,%b%b" % (len(data), origin, data), private=True)


def take(module: Module, link: int, most: int) -> tuple[bytes, Endpoint]:
    """What was received passively, and where it came from. Raises CommandError when there is nothing."""
    links = module[LinkTable]
    source = links[link]
    if source is None or not module[Receiving].passive[link] or not source.unread:
        raise CommandError
    if most + READING_MEMORY > module[Heap].figures().largest:
        raise CommandError
    data, sender = module[Receiving].read(source, most)
    module[Engine].afterwards(partial(module[Receiving].conclude, source))
    if not data:  # it was the announced end
        raise CommandError
    return data, sender


@table.command("AT+CIPRECVLEN", Form.QUERY)
def unread_lengths(module: Module) -> Line:
    """AT+CIPRECVLEN?: bytes to read of each link, -1 without one; one number in single mode."""
    links = module[LinkTable]
    numbers = range(LINK_COUNT) if links.multiple else range(1)
    lengths = [-1 if (link := links[number]) is None else link.shown_length for number in numbers]
    return Line(b"+CIPRECVLEN:" + b",".join(b"%d" % length for length in lengths))


# What arrives


@table.report(LINK_DATA)
@table.wire("+IPD", "urc")
def incoming_data(module: Module, link: OpenLink, payload: bytes, sender: Endpoint) -> None:
    """+IPD of active receiving, with CR LF before it and behind the data, where it is not counted."""
    origin = b',"%b",%d' % (address_text(sender.address), sender.port) if module[LinkTable].shows_sender else b""
    print_data(module, link, payload, origin, b"\r\n")


def print_data(module: Module, link: OpenLink, payload: bytes, origin: bytes, behind: bytes = b"") -> None:
    """Print what has arrived: bare, or as +IPD. `origin`: from whom. `behind`: what follows the data."""
    if module[Receiving].raw:
        module[Output].write(payload, Kind.DATA)
    else:
        head = number_prefix(module, link.number)
        module[Output].report(b"\r\n+IPD,%b%d%b:%b%b" % (head, len(payload), origin, payload, behind), private=True)


@table.report(LINK_DATA_KEPT)
@table.wire("+IPD", "urc")
def incoming_notice(module: Module, link: OpenLink) -> None:
    """+IPD of passive receiving: how much there is to read in all."""
    module[Output].report(b"\r\n+IPD,%b%d\r\n" % (number_prefix(module, link.number), link.shown_length))
