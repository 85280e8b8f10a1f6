"""The transmit power of the radio (ESP-AT User Guide, AT+RFPOWER)."""

from typing import Final

from espat.core.boot import Boot
from espat.persist.factory import FactoryParameters

TRANSMIT_POWER_STEPS: Final = (78, 72, 66, 60, 56, 52, 44, 34)
"""In 0.25 dBm."""


class TransmitPower:
    """`matched_supply`: millivolts that the power has been matched to, None where nobody has."""

    def __init__(self, boot: Boot) -> None:
        self.matched_supply: int | None = None
        self._wanted = boot[FactoryParameters].max_transmit_power

    @property
    def wifi(self) -> int:
        """Of Wi-Fi, in 0.25 dBm; the radio takes the next step that is not above the wanted one."""
        lowest = TRANSMIT_POWER_STEPS[-1]
        return next((step for step in TRANSMIT_POWER_STEPS if step <= self._wanted), lowest)

    @wifi.setter
    def wifi(self, power: int) -> None:
        self._wanted = power
