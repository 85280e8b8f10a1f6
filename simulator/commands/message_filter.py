"""The filter for system messages (ESP-AT User Guide, AT+SYSMSGFILTER, AT+SYSMSGFILTERCFG)."""

from typing import Annotated, Final

from espat.core.at.answers import Line
from espat.core.at.arguments import Bool, Count, OneOf
from espat.core.at.basic_expression import ExpressionError
from espat.core.at.data_entry import CountedEntry
from espat.core.at.engine import Engine
from espat.core.at.errors import CommandError, invalid
from espat.core.at.grammar import Form, Parameter
from espat.core.at.output import Output
from espat.core.at.registry import CommandTable
from espat.module import Module
from espat.system.messages import Messages

CLEAR: Final = 0
ADD: Final = 1
DELETE: Final = 2
LENGTH_LIMIT: Final = 64
"""Bytes of one expression."""
FIRST_INDEX: Final = 0
"""The number of the first filter; no document shows one. AT+CMD? counts from 0."""

ExpressionLength = Annotated[int, Count(0, LENGTH_LIMIT)]

table = CommandTable()


@table.command("AT+SYSMSGFILTER", Form.QUERY)
def filtering(module: Module) -> Line:
    """AT+SYSMSGFILTER?."""
    return Line(b"+SYSMSGFILTER:%d" % (module[Output].message_filter is not None))


@table.command("AT+SYSMSGFILTER", Form.SET)
def set_filtering(module: Module, enabled: Bool) -> None:
    """AT+SYSMSGFILTER=<0|1>. The OK comes after the switch: a filter may swallow it."""
    module[Output].message_filter = module[Messages].filter.apply if enabled else None


@table.command("AT+SYSMSGFILTERCFG", Form.QUERY)
def filters(module: Module) -> list[Line]:
    """AT+SYSMSGFILTERCFG?: the expressions as they were typed, past the filter."""
    return [
        Line(b'+SYSMSGFILTERCFG:%d,"%b","%b"' % (index, head, tail), filtered=False)
        for index, (head, tail) in enumerate(module[Messages].filter, FIRST_INDEX)
    ]


def _clears(module: Module, parameters: tuple[Parameter, ...]) -> bool:
    return parameters[0] == CLEAR


@table.command("AT+SYSMSGFILTERCFG", Form.SET, when=_clears)
def clear_filters(module: Module, operator: Annotated[int, OneOf(CLEAR)]) -> None:
    """AT+SYSMSGFILTERCFG=0."""
    module[Messages].filter.clear()


@table.command("AT+SYSMSGFILTERCFG", Form.SET)
async def change_filters(
    module: Module,
    operator: Annotated[int, OneOf(ADD, DELETE)],
    head_length: ExpressionLength,
    tail_length: ExpressionLength,
) -> None:
    """AT+SYSMSGFILTERCFG=<1|2>,<head length>,<tail length>: add or delete the filter that is typed at the prompt."""
    if not head_length and not tail_length:
        raise invalid(3)  # inference: no document names the code of two empty expressions
    typed = await module[Engine].data_entry(
        CountedEntry(head_length + tail_length, cancellable=False, surplus_is_input=True)
    )
    head, tail = typed[:head_length], typed[head_length:]
    message_filter = module[Messages].filter
    try:
        if operator == ADD:
            message_filter.add(head, tail)
        else:
            message_filter.remove(head, tail)
    except (ExpressionError, KeyError):
        raise CommandError from None
