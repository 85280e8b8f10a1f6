"""The system: memory, messages, clock, error codes, storage, registers, radio (ESP-AT User Guide, AT+SYSRAM,
AT+SYSMSG, AT+SYSTIMESTAMP, AT+SYSLOG, AT+SYSSTORE, AT+SYSREG, AT+RFPOWER, AT+RFCAL)."""

from typing import Annotated, Final

from espat.core.at.answers import Line, Unterminated
from espat.core.at.arguments import UNSIGNED_32, Bool, OneOf, Range
from espat.core.at.engine import Engine
from espat.core.at.errors import CommandError
from espat.core.at.grammar import Form, Parameter
from espat.core.at.registry import CommandTable
from espat.core.restart import Restart
from espat.core.time.real_time_clock import RealTimeClock
from espat.module import Module
from espat.persist.factory import PARAMETER_RANGES
from espat.persist.settings import Settings
from espat.persist.storage import Storage
from espat.radio.power import TransmitPower
from espat.radio.wifi import Wifi
from espat.system.heap import Heap
from espat.system.messages import Messages, SystemMessages
from espat.system.registers import Registers

READ: Final = 0
WRITE: Final = 1
"""First parameter of AT+SYSREG."""

BlePower = Annotated[int | None, Range(0, 7)]
"""From 7 dBm down to -14 dBm in steps of 3 dB."""

table = CommandTable()


@table.command("AT+SYSRAM", Form.QUERY)
def memory(module: Module) -> Unterminated:
    """AT+SYSRAM?: bytes that are free, and the least that ever were."""
    figures = module[Heap].figures()
    return Unterminated(b"+SYSRAM:%d,%d" % (figures.free, figures.minimum))


@table.command("AT+SYSRAM", Form.SET)
def memory_with(module: Module, capabilities: Annotated[int, Range(0, UNSIGNED_32)]) -> Unterminated:
    """AT+SYSRAM=<caps>: the largest block, what is free, at least was free, and is there at all."""
    return Unterminated(b"+SYSRAM:%d,%d,%d,%d" % module[Heap].figures(capabilities))


@table.command("AT+SYSMSG", Form.QUERY)
def messages(module: Module) -> Unterminated:
    """AT+SYSMSG?."""
    return Unterminated(b"+SYSMSG:%d" % module[Messages].shown)


@table.command("AT+SYSMSG", Form.SET)
def set_messages(module: Module, state: Annotated[int, Range(0, 7)]) -> None:
    """AT+SYSMSG=<state>. No document names the range; there are three bits."""
    module[Messages].shown = SystemMessages(state)


@table.command("AT+SYSTIMESTAMP", Form.QUERY)
def timestamp(module: Module) -> Unterminated:
    """AT+SYSTIMESTAMP?: seconds since 1970."""
    return Unterminated(b"+SYSTIMESTAMP:%d" % module[RealTimeClock].time())


@table.command("AT+SYSTIMESTAMP", Form.SET)
def set_timestamp(module: Module, seconds: Annotated[int, Range(0, 2**31 - 1)]) -> None:
    """AT+SYSTIMESTAMP=<seconds since 1970>."""
    module[RealTimeClock].set(seconds)


@table.command("AT+SYSLOG", Form.QUERY)
def error_codes(module: Module) -> Line:
    """AT+SYSLOG?."""
    return Line(b"+SYSLOG:%d" % module[Engine].syslog)


@table.command("AT+SYSLOG", Form.SET)
def set_error_codes(module: Module, enabled: Bool) -> None:
    """AT+SYSLOG=<0|1>: whether failures show their code."""
    module[Engine].syslog = enabled


@table.command("AT+SYSSTORE", Form.QUERY)
def storing(module: Module) -> Line:
    """AT+SYSSTORE?."""
    return Line(b"+SYSSTORE:%d" % module[Settings].stores)


@table.command("AT+SYSSTORE", Form.SET)
def set_storing(module: Module, enabled: Bool) -> None:
    """AT+SYSSTORE=<0|1>: whether settings made from now on reach the flash."""
    module[Settings].stores = enabled


def _writes(module: Module, parameters: tuple[Parameter, ...]) -> bool:
    return parameters[0] == WRITE


@table.command("AT+SYSREG", Form.SET, when=_writes)
def write_register(
    module: Module,
    direction: Annotated[int, OneOf(WRITE)],
    address: Annotated[int, Range(0, UNSIGNED_32)],
    value: Annotated[int, Range(0, UNSIGNED_32)],
) -> None:
    """AT+SYSREG=1,<address>,<value>. The firmware does not look at the address."""
    module[Registers][address] = value


@table.command("AT+SYSREG", Form.SET)
def read_register(
    module: Module, direction: Annotated[int, OneOf(READ)], address: Annotated[int, Range(0, UNSIGNED_32)]
) -> Line:
    """AT+SYSREG=0,<address>."""
    return Line(b"+SYSREG:0x%x" % module[Registers].get(address, 0))


@table.command("AT+RFPOWER", Form.QUERY)
def transmit_power(module: Module) -> Line:
    """AT+RFPOWER?: the Wi-Fi power in 0.25 dBm; the three of BLE are shown only while BLE is initialised."""
    _require_radio(module)
    return Line(b"+RFPOWER:%d" % module[TransmitPower].wifi)


@table.command("AT+RFPOWER", Form.SET)
def set_transmit_power(
    module: Module,
    wifi: Annotated[int, Range(*PARAMETER_RANGES["max_tx_power"])],
    ble_advertising: BlePower = None,
    ble_scan: BlePower = None,
    ble_connection: BlePower = None,
) -> None:
    """AT+RFPOWER=<Wi-Fi>[,<BLE advertising>,<BLE scan>,<BLE connection>]."""
    _require_radio(module)
    if (ble_advertising, ble_scan, ble_connection) != (None, None, None):
        raise CommandError  # there is no Bluetooth yet that could be initialised
    module[TransmitPower].wifi = wifi


@table.command("AT+RFCAL", Form.EXECUTE)
def calibrate(module: Module) -> Restart:
    """AT+RFCAL: forget the calibration of the radio; the next boot makes a new one."""
    module[Storage].settings.forget_calibration()
    return Restart()


def _require_radio(module: Module) -> None:
    """The driver knows its power only while the radio is on. Raises CommandError."""
    if not (module[Wifi].has_station or module[Wifi].has_softap):
        raise CommandError
