"""The parameters of the UART (ESP-AT User Guide, AT+UART_CUR, AT+UART_DEF)."""

from contextlib import suppress
from typing import Final, NamedTuple

from espat.core.at.errors import CommandError
from espat.core.boot import Boot
from espat.core.ports.serial_line import FACTORY_UART, UartParameters
from espat.persist.factory import PARAMETER_RANGES, FactoryParameters
from espat.persist.settings import Setting, Settings

UART_LIMITS: Final = (PARAMETER_RANGES["uart_baudrate"], (5, 8), (1, 3), (0, 2), (0, 3))
"""Least and most of each parameter."""
UART_CLOCK: Final = 80_000_000
"""The clock of the UART in Hz."""


class UartTraits(NamedTuple):
    """Of a firmware. `parameters`: when nothing is stored; the baud rate is the board's. `divider_steps`: of the
    divider of the UART's clock between two whole numbers (ESP32 Technical Reference Manual: 16). `stored`: whether the
    first boot stores the parameters."""

    parameters: UartParameters = FACTORY_UART
    divider_steps: int = 16
    stored: bool = True


class UartConfiguration:
    """The stored parameters, and those in force."""

    _baud_rate = Setting("UART", "rate", lambda uart: uart.factory.baud_rate, always=True)
    _data_bits = Setting("UART", "databits", lambda uart: uart.factory.data_bits, always=True)
    _stop_bits = Setting("UART", "stopbits", lambda uart: uart.factory.stop_bits, always=True)
    _parity = Setting("UART", "parity", lambda uart: uart.factory.parity, always=True)
    _flow_control = Setting("UART", "flow_ctrl", lambda uart: uart.factory.flow_control, always=True)

    def __init__(self, boot: Boot) -> None:
        """Take the stored parameters into force."""
        self.settings = boot[Settings]
        self.traits = boot.traits(UartTraits)
        self.factory = self.traits.parameters._replace(baud_rate=_baud_rate(boot[FactoryParameters]))
        if self.traits.stored and not self.is_stored:
            with suppress(CommandError):  # a flash without room for them works too
                self.stored = self.factory
        self.current = self.stored

    @property
    def is_stored(self) -> bool:
        """Whether flash holds any."""
        return self.settings.store.read("UART", "rate") is not None

    @property
    def stored(self) -> UartParameters:
        """What flash holds; assigning stores at once, whatever AT+SYSSTORE says."""
        return UartParameters(self._baud_rate, self._data_bits, self._stop_bits, self._parity, self._flow_control)

    @stored.setter
    def stored(self, parameters: UartParameters) -> None:
        self._baud_rate, self._data_bits, self._stop_bits, self._parity, self._flow_control = parameters

    @property
    def measured(self) -> UartParameters:
        """The parameters in force, with the baud rate that the clock divider makes of the wanted one."""
        fine_clock = UART_CLOCK * self.traits.divider_steps
        return self.current._replace(baud_rate=fine_clock // (fine_clock // self.current.baud_rate))


def _baud_rate(factory: FactoryParameters) -> int:
    """The factory's baud rate, unless it is none."""
    least, most = UART_LIMITS[0]
    return factory.uart_baud_rate if least <= factory.uart_baud_rate <= most else FACTORY_UART.baud_rate
