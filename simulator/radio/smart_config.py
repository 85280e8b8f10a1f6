"""SmartConfig: a phone tells the modules that listen which access point to join (ESP-AT User Guide, AT+CWSTARTSMART).

The phone speaks to everybody on the air. How it puts what it says into the lengths of packets is not simulated: what
is heard is what a module has made of them.
"""

from collections.abc import Callable, Collection
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


class SmartConfig:
    """The listening side, for one boot of one module.

    `running`: from the start to the stop. It has heard enough with the first broadcast, and listens no more.
    """

    def __init__(self, listeners: list[Listener], can_listen: Callable[[], bool]) -> None:
        """`listeners`: all on the air. `can_listen`: whether the radio is free for it."""
        self.running = False
        self._listeners = listeners
        self._can_listen = can_listen
        self._protocols: Collection[Protocol] = ()
        self._heard: Callable[[Broadcast], None] = lambda broadcast: None

    def start(self, protocols: Collection[Protocol], heard: Callable[[Broadcast], None]) -> None:
        """Listen for phones that speak one of these; `heard` is called with what the first of them says."""
        self.stop()
        self.running = True
        self._protocols, self._heard = protocols, heard
        self._listeners.append(self._hear)

    def stop(self) -> None:
        """Listen no more."""
        self.running = False
        self._protocols = ()
        if self._hear in self._listeners:
            self._listeners.remove(self._hear)

    def _hear(self, broadcast: Broadcast) -> bool:
        if broadcast.protocol not in self._protocols or not self._can_listen():
            return False
        self._protocols = ()
        self._heard(broadcast)
        return True
