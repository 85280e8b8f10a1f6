"""Which firmwares the simulator knows, by the names of the command line. Imports none of them."""

from typing import Final

DIALECTS: Final = ("esp32-v5", "esp8266-v0.30", "tencent-tc")
"""All that have a catalogue; the first is the default."""
BUILDS: Final = ("full", "release")
"""Of a firmware: with every command group, or with those of the released one."""
