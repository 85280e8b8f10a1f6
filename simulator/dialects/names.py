"""Which firmwares the simulator knows, by the names of the command line. Imports none before it is asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulator.dialects.firmware import Dialect

FIRMWARES: Final = {
    "esp32-v5": ("esp32_v5", "Esp32V5"),
    "esp8266-v0.30": ("esp8266_v030", "Esp8266V030"),
}
"""Those that run: by dialect, the file and the class. The first is the default."""
CATALOGUES: Final = ("tencent-tc",)
"""Those of which there is only a catalogue."""
RUNNABLE: Final = tuple(FIRMWARES)
DIALECTS: Final = (*RUNNABLE, *CATALOGUES)
BUILDS: Final = ("full", "release")
"""Of a firmware: with every command group, or with those of the released one."""


def load_firmware(dialect: str, build: str = "full") -> "Dialect":
    """A firmware of FIRMWARES. Raises KeyError, ValueError for a build that does not exist."""
    file, name = FIRMWARES[dialect]
    made: Dialect = getattr(import_module(f"simulator.dialects.{file}"), name)(build)  # only the one that runs
    return made
