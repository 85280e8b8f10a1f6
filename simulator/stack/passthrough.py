"""How passthrough sends and comes back (ESP-AT User Guide, AT+TRANSINTVL, AT+CIPRECONNINTV)."""

from typing import Final, NamedTuple

from espat.core.boot import Boot
from espat.persist.settings import Setting, Settings

DEFAULT_TRANSMIT_INTERVAL: Final = 20
"""Milliseconds, of AT+TRANSINTVL."""


class PassthroughTraits(NamedTuple):
    """Of a firmware. `block`: bytes it sends at a time."""

    block: int = 2920


class Passthrough:
    """`running`: data from the port goes to the link; `awaited`: it does from the next link on. `transmit_interval`:
    milliseconds after which it sends what is less than a full block."""

    reconnect_interval = Setting("NVM_018", "interval", 1)
    """Units of 100 ms between attempts to open its link again."""

    def __init__(self, boot: Boot) -> None:
        self.settings = boot[Settings]
        self.running = False
        self.awaited = False
        self.transmit_interval = DEFAULT_TRANSMIT_INTERVAL
