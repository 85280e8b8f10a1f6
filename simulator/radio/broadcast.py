"""What phones tell the modules around them, for SmartConfig (ESP-AT User Guide, AT+CWSTARTSMART)."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple


class Protocol(StrEnum):
    """What phones speak, as firmware names it."""

    ESPTOUCH = "ESPTOUCH"
    AIRKISS = "AIRKISS"
    ESPTOUCH_V2 = "ESPTOUCH_V2"


class Broadcast(NamedTuple):
    """What a phone says."""

    protocol: Protocol
    ssid: bytes
    password: bytes


Listener = Callable[[Broadcast], bool]
"""Told of every broadcast; returns whether it has understood it."""
