"""The UART of the command port (ESP-AT User Guide, AT+UART_CUR and AT+UART_DEF).

These commands stand in the open source part of the firmware: wrong counts and ranges have no error code. They answer
and store; the answer goes out at the old parameters.
"""

from typing import Annotated, NamedTuple

from espat.core.at.answers import Line
from espat.core.at.arguments import Range
from espat.core.at.engine import Engine
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.core.at.uart import Uart
from espat.core.ports.serial_line import UartParameters
from espat.module import Module
from espat.system.uart import UART_LIMITS, UartConfiguration

table = CommandTable()

_BAUD_RATES, _DATA_BITS, _STOP_BITS, _PARITIES, _FLOW_CONTROLS = (Range(*limits) for limits in UART_LIMITS)

DataBits = Annotated[int, _DATA_BITS]
StopBits = Annotated[int, _STOP_BITS]
"""1: one, 2: one and a half, 3: two."""
Parity = Annotated[int, _PARITIES]
"""0: none, 1: odd, 2: even."""
FlowControl = Annotated[int, _FLOW_CONTROLS]
"""0: none, 1: RTS, 2: CTS, 3: both."""


class UartArguments(NamedTuple):
    """What the commands take, in this order."""

    baud_rate: Annotated[int, _BAUD_RATES]
    data_bits: DataBits
    stop_bits: StopBits
    parity: Parity
    flow_control: FlowControl


@table.command("AT+UART_CUR", Form.QUERY)
def current(module: Module) -> Line:
    """AT+UART_CUR?: what the hardware runs at."""
    return _line(b"+UART_CUR", module[UartConfiguration].measured)


@table.command("AT+UART_CUR", Form.SET, reports_codes=False)
def set_current(module: Module, line: UartArguments) -> None:
    """AT+UART_CUR=...: until the next restart."""
    put_in_force(module, UartParameters(*line))


@table.command("AT+UART_DEF", Form.QUERY)
def stored(module: Module) -> Line:
    """AT+UART_DEF?: what is stored, as it was set."""
    return _line(b"+UART_DEF", module[UartConfiguration].stored)


@table.command("AT+UART_DEF", Form.SET, reports_codes=False)
@table.command("AT+UART", Form.SET, reports_codes=False)
def set_stored(module: Module, line: UartArguments) -> None:
    """AT+UART_DEF=...: stored, and in force from now on. AT+UART=... is an undocumented other name."""
    store(module, UartParameters(*line))


@table.command("AT+UART", Form.QUERY)
def current_by_other_name(module: Module) -> Line:
    """AT+UART?: undocumented, as AT+UART_CUR?."""
    return _line(b"+UART", module[UartConfiguration].measured)


def store(module: Module, parameters: UartParameters) -> None:
    """Store them, and put them in force."""
    module[UartConfiguration].stored = parameters
    put_in_force(module, parameters)


def put_in_force(module: Module, parameters: UartParameters) -> None:
    """Queries show them at once; on the wire they follow the answer."""
    module[UartConfiguration].current = parameters
    module[Engine].afterwards(lambda: module[Uart].change_line(parameters))


def _line(name: bytes, parameters: UartParameters) -> Line:
    return Line(b"%b:%d,%d,%d,%d,%d" % (name, *parameters))
