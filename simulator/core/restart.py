"""Restarts: why the module starts again, and when."""

from enum import Enum
from typing import NamedTuple


class RestartCause(Enum):
    """Why the module starts again."""

    POWER_ON = "power-on"
    SOFTWARE = "software"
    RESTORE = "restore"
    DEEP_SLEEP = "deep sleep"
    PANIC = "panic"


class Restart(NamedTuple):
    """OK, drained to the last byte; then the module restarts, after `sleep` seconds of module time, of which
    infinitely many end with the wake-up pin or the reset pin only."""

    cause: RestartCause = RestartCause.SOFTWARE
    sleep: float = 0.0
