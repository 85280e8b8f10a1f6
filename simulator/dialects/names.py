"""Which firmwares the simulator knows, by the names of the command line. Imports none of them."""

from typing import Final

from espat.core.suggestions import any_of
from espat.persist.variants import AI_THINKER_VARIANTS, ESP32_VARIANTS, ESP8266_VARIANTS, Variant

FIRMWARES: Final = {
    "esp32-v5": ("esp32_v5", "Esp32V5"),
    "esp8266-v0.30": ("esp8266_v030", "Esp8266V030"),
    "esp8266-v1.7": ("esp8266_v17", "Esp8266V17"),
    "ai-thinker": ("ai_thinker", "AiThinker"),
}
"""Those that run: by dialect, the file and the class. The first is the default."""
CATALOGUES: Final = ("tencent-tc",)
"""Those of which there is only a catalogue."""
RUNNABLE: Final = tuple(FIRMWARES)
DIALECTS: Final = (*RUNNABLE, *CATALOGUES)
_VARIANTS: Final = {
    "esp8266-v0.30": ESP8266_VARIANTS,
    "esp8266-v1.7": ESP8266_VARIANTS,
    "ai-thinker": AI_THINKER_VARIANTS,
}
"""The modules of firmwares that are not for the ESP32."""
BUILDS: Final = ("full", "release")
"""Of a firmware: with every command group, or with those of the released one."""


def variants_of(dialect: str) -> dict[str, Variant]:
    """The modules a firmware is for; the first is the default."""
    return _VARIANTS.get(dialect, ESP32_VARIANTS)


def right_variant(dialect: str, variant: str) -> str | None:
    """What would be right instead of a module that a firmware is not for; None when it is."""
    variants = variants_of(dialect)
    if variant in variants:
        return None
    return f"{any_of(variants)}, for {dialect}"
