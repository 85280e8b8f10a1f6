"""The firmwares a simulation can have, by dialect. Importing this loads them."""

from typing import Final

from simulator.dialects.coverage import FIRMWARES
from simulator.dialects.esp32_v5 import Esp32V5

RUNNABLE: Final = FIRMWARES
"""By dialect."""


def firmware(dialect: str, build: str = "full") -> Esp32V5:
    """A firmware. Raises KeyError."""
    return RUNNABLE[dialect](build)
