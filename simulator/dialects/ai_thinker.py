"""The factory firmware of Ai-Thinker's modules (ESP-12S, ESP-12K): a table of differences from ESP-AT.

Source: Ai-Thinker's description of softAP provisioning by a mini program, with its captured session. It is of the
family of ESP-AT 2.x: names without suffixes, `+IPD` with its CR LF, prompt without a blank.
"""

from typing import Final

from espat.commands import ai_thinker
from espat.core.at.conventions import Conventions
from espat.core.parts import by_type
from espat.dialects.esp32_v5 import Esp32V5
from espat.dialects.esp8266_board import HEAP
from espat.dialects.firmware import Dialect
from espat.radio.softap import SoftApTraits, local_mac
from espat.system.version import FirmwareVersion

CONVENTIONS: Final = Conventions(
    busy_behind_data=b"busy p...\r\n",  # on the line of the prompt
)
"""As captured."""


class AiThinker(Dialect):
    """Ai-Thinker's build for the ESP8266."""

    name = "ai-thinker"
    tables = (ai_thinker.table, *Esp32V5.tables)
    only_known = True
    version = FirmwareVersion(  # not captured: that of ESP-AT 2.2 on an ESP8266
        core=b"2.2.0.0(b097cdf - ESP8266 - Jun 17 2021 12:57:45)",
        sdk=b"v3.4-22-g967752e2",
        commit=b"6800286",
        compiled=b"Aug  4 2021 17:34:06",
        application=b"2.2.0",
    )
    ready = (b"Ai-Thinker Technology Co. Ltd.\r\n", b"\r\nready\r\n")
    conventions = CONVENTIONS
    traits = by_type(SoftApTraits(mac=local_mac), HEAP)
