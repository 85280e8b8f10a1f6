"""Basic commands (ESP8266 AT Instruction Set 0.30, chapter 3)."""

import math
from typing import Annotated, Final, NamedTuple

from espat.commands import uart
from espat.core.at.answers import Line, Unterminated
from espat.core.at.arguments import UNSIGNED_32, Milliseconds, Range
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.core.ports.serial_line import UartParameters
from espat.core.restart import Restart, RestartCause
from espat.module import Module
from espat.radio.power import TransmitPower
from espat.system.sleep import Sleep, SleepMode

table = CommandTable()

SLEEP_MODES: Final = (SleepMode.AWAKE, SleepMode.LIGHT, SleepMode.MODEM_DTIM)
"""By the number of AT+SLEEP."""
SUPPLY: Final = 3300
"""Millivolts at VDD33."""


@table.command("AT+GMR", Form.EXECUTE, takes="version")
def version(module: Module) -> list[Line | Unterminated]:
    """AT+GMR: three lines, or four where there is a number of the binary; no blank line before OK (seen on modules)."""
    firmware = module.firmware.version
    lines = [b"AT version:" + firmware.core, b"SDK version:" + firmware.sdk, b"compile time:" + firmware.compiled]
    if firmware.application:
        lines.append(b"Bin version(%b):%b" % (firmware.module_name, firmware.application))
    return [*map(Line, lines[:-1]), Unterminated(lines[-1])]


@table.command("AT+GSLP", Form.SET)
def deep_sleep(module: Module, duration: Annotated[int, Milliseconds(0, UNSIGNED_32)]) -> list[Line | Restart]:
    """AT+GSLP: the time, OK, then nothing until the timer starts the module again; with 0 until somebody resets it
    (ESP8266 NONOS SDK API Reference, system_deep_sleep)."""
    return [Line(b"%d" % duration), Restart(RestartCause.DEEP_SLEEP, duration / 1000 if duration else math.inf)]


class UartArguments(NamedTuple):
    """What the commands take, in this order: other rates than later firmware."""

    baud_rate: Annotated[int, Range(110, 115200 * 40)]
    data_bits: uart.DataBits
    stop_bits: uart.StopBits
    parity: uart.Parity
    flow_control: uart.FlowControl


@table.command("AT+UART_CUR", Form.SET)
def set_current(module: Module, line: UartArguments) -> None:
    """AT+UART_CUR: until the next restart."""
    uart.put_in_force(module, UartParameters(*line))


@table.command("AT+UART_DEF", Form.SET)
@table.command("AT+UART", Form.SET)
def set_stored(module: Module, line: UartArguments) -> None:
    """AT+UART_DEF, and AT+UART before it: stored, and in force from now on."""
    uart.store(module, UartParameters(*line))


@table.command("AT+SLEEP", Form.QUERY)
def sleep_mode(module: Module) -> Line:
    """AT+SLEEP?: in the words of later versions; the manual gives none."""
    return Line(b"+SLEEP:%d" % SLEEP_MODES.index(module[Sleep].mode))


@table.command("AT+SLEEP", Form.SET)
def set_sleep_mode(module: Module, mode: Annotated[int, Range(0, 2)]) -> None:
    """AT+SLEEP: 0 none, 1 light, 2 modem; of effect in station mode only."""
    module[Sleep].mode = SLEEP_MODES[mode]


@table.command("AT+RFPOWER", Form.SET)
def set_transmit_power(module: Module, power: Annotated[int, Range(0, 82)]) -> None:
    """AT+RFPOWER: the most the radio may use, in 0.25 dBm."""
    module[TransmitPower].wifi = power


@table.command("AT+RFVDD", Form.QUERY)
def supply_voltage(module: Module) -> Line:
    """AT+RFVDD?: what is measured, in 1/1024 V."""
    return Line(b"+RFVDD:%d" % (SUPPLY * 1024 // 1000))


@table.command("AT+RFVDD", Form.SET)
def set_supply_voltage(module: Module, millivolts: Annotated[int, Range(1900, 3300)]) -> None:
    """AT+RFVDD=<mV>: what the transmit power is matched to."""
    module[TransmitPower].matched_supply = millivolts


@table.command("AT+RFVDD", Form.EXECUTE)
def match_supply_voltage(module: Module) -> None:
    """AT+RFVDD: match the transmit power to what is measured."""
    module[TransmitPower].matched_supply = SUPPLY
