"""Sleeping (ESP-AT User Guide, AT+SLEEP, AT+SLEEPWKCFG)."""

from enum import IntEnum
from typing import NamedTuple

from espat.core.boot import Boot


class SleepMode(IntEnum):
    """AT+SLEEP."""

    AWAKE = 0
    MODEM_DTIM = 1
    LIGHT = 2
    MODEM_LISTEN_INTERVAL = 3


class WakePin(NamedTuple):
    """The pin that ends a light-sleep, and the level that does."""

    gpio: int
    level: int


class SleepTraits(NamedTuple):
    """Of a firmware. `mode`: after a boot."""

    mode: SleepMode = SleepMode.AWAKE


class Sleep:
    """How the module sleeps when it has nothing to do."""

    def __init__(self, boot: Boot) -> None:
        self.mode = boot.traits(SleepTraits).mode
        self.wake_pin: WakePin | None = None
