"""SmartConfig: a phone tells the modules that listen which access point to join (ESP-AT User Guide, AT+CWSTARTSMART).

The phone speaks to everybody on the air. How it puts what it says into the lengths of packets is not simulated: what
is heard is what a module has made of them.
"""

from collections.abc import Callable, Collection
from typing import Final

from espat.core.boot import Boot
from espat.core.events import Event
from espat.radio.air import Air
from espat.radio.broadcast import Broadcast, Protocol
from espat.radio.wifi import Wifi

SMART_CONFIG_HEARD: Final = Event[[Broadcast]]()
"""A phone has told which access point to join."""
SMART_CONFIG_ENDED: Final = Event[[bool]]()
"""The station has joined it and has an address, or could not."""


class SmartConfig:
    """The listening side, for one boot of one module.

    `running`: from the start to the stop. It has heard enough with the first broadcast, and listens no more.
    """

    def __init__(self, boot: Boot) -> None:
        self.running = False
        self._listeners = boot[Air].smart_config_listeners
        self._wifi = boot[Wifi]
        self._protocols: Collection[Protocol] = ()
        self._heard: Callable[[Broadcast], None] = lambda broadcast: None
        boot.at_end(lambda how: self.stop())

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
        if broadcast.protocol not in self._protocols or not self._wifi.only_station:
            return False
        self._protocols = ()
        self._heard(broadcast)
        return True
