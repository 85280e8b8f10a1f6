"""Options of links (ESP-AT User Guide, AT+CIPCONNPERSIST, AT+CIPTCPOPT)."""

from typing import Annotated, Final

from espat.commands.argument_types import AnyLinkNumber, DefaultFlag, DefaultRange, LinkNumber
from espat.core.at.answers import Line
from espat.core.at.arguments import Bool, Seconds
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.module import Module
from espat.stack.link import LINK_COUNT
from espat.stack.links import LinkTable
from espat.stack.tcp_options import NO_LINGER

table = CommandTable()

LARGEST: Final = 2**31 - 1


def _numbers(module: Module) -> range:
    return range(LINK_COUNT) if module[LinkTable].multiple else range(1)


@table.command("AT+CIPCONNPERSIST", Form.QUERY)
def persistence(module: Module) -> Line:
    """AT+CIPCONNPERSIST?: a value for each link number, one in single mode."""
    values = (b"%d" % module[LinkTable].persistent[number] for number in _numbers(module))
    return Line(b"+CIPCONNPERSIST:" + b",".join(values))


@table.command("AT+CIPCONNPERSIST", Form.SET)
def set_persistence(module: Module, link: Annotated[int, LinkNumber()], persistent: Bool) -> None:
    """AT+CIPCONNPERSIST: whether a TCP link is left to the stack when its network goes."""
    module[LinkTable].persistent[link] = persistent


@table.command("AT+CIPTCPOPT", Form.QUERY)
def tcp_options(module: Module) -> list[Line]:
    """AT+CIPTCPOPT?: a line for each link number, one in single mode."""
    lines = []
    for number in _numbers(module):
        options = module[LinkTable].options[number]
        values = (number, options.linger, options.no_delay, options.send_timeout, options.keep_alive)
        lines.append(Line(b"+CIPTCPOPT:%d,%d,%d,%d,%d" % values))
    return lines


@table.command("AT+CIPTCPOPT", Form.SET)
def set_tcp_options(
    module: Module,
    link: Annotated[int | None, AnyLinkNumber()],
    linger: Annotated[int | None, DefaultRange(NO_LINGER, LARGEST)],
    no_delay: Annotated[bool | None, DefaultFlag()],
    send_timeout: Annotated[int | None, DefaultRange(0, LARGEST)],
    keep_alive: Annotated[int | None, Seconds(0, 7200)] = None,
) -> None:
    """AT+CIPTCPOPT: for connections opened from now on; the send time-out, in ms, applies at once. 5 is every link.

    Left empty, an option is off again; only the keep-alive keeps the value it had.
    """
    for number in range(LINK_COUNT) if link is None else (link,):
        options = module[LinkTable].options[number]
        options.linger = NO_LINGER if linger is None else linger
        options.no_delay, options.send_timeout = int(no_delay or 0), send_timeout or 0
        if keep_alive is not None:
            options.keep_alive = keep_alive
        options.save()
