"""The Wi-Fi driver's own state: mode, channels, protocols, power, for one boot of one module."""

from enum import IntFlag
from typing import Final, NamedTuple

from espat.core.boot import Boot
from espat.persist.factory import FactoryParameters
from espat.persist.settings import Setting, Settings
from espat.system.heap import Heap


class WifiMode(IntFlag):
    """AT+CWMODE: a bit for each side that is on."""

    NULL = 0
    STATION = 1
    SOFTAP = 2


DEFAULT_MODE: Final = WifiMode.NULL
"""The documents do not state the mode after a factory reset; new modules come up with the radio off."""
DEFAULT_PROTOCOLS: Final = 7
"""802.11 b, g and n."""
BANDWIDTH_40: Final = 2
WIFI_MEMORY: Final = 38_000
"""Bytes of the heap that the driver takes (an estimate)."""


class WifiTraits(NamedTuple):
    """Of a firmware. `mode`: which sides are on when nothing is stored."""

    mode: WifiMode = DEFAULT_MODE


class Wifi:
    """What applies to the radio as a whole."""

    _mode = Setting("nvs.net80211", "opmode", lambda wifi: int(wifi.traits.mode))
    station_bandwidth = Setting("nvs.net80211", "sta.bw", BANDWIDTH_40)
    softap_bandwidth = Setting("nvs.net80211", "ap.bw", BANDWIDTH_40)
    station_protocols = Setting("nvs.net80211", "sta.phym", DEFAULT_PROTOCOLS)
    softap_protocols = Setting("nvs.net80211", "ap.phym", DEFAULT_PROTOCOLS)
    softap_inactive_time = Setting("NVM_024", "ap_inactive", 300)
    country_policy = Setting("country", "policy", 1)
    country = Setting("country", "code", lambda wifi: wifi.parameters.country_code.encode())
    start_channel = Setting("country", "first", lambda wifi: wifi.parameters.start_channel)
    channel_count = Setting("country", "count", lambda wifi: wifi.parameters.channel_count)

    def __init__(self, boot: Boot) -> None:
        self.settings = boot[Settings]
        self.traits = boot.traits(WifiTraits)
        self.initialised = True
        self.parameters = boot[FactoryParameters]
        self.hostname = b"espressif"
        boot[Heap].charge(lambda: WIFI_MEMORY if self.initialised else 0)

    @property
    def mode(self) -> WifiMode:
        """Which sides are on."""
        return WifiMode(self._mode)

    @mode.setter
    def mode(self, mode: WifiMode) -> None:
        self._mode = int(mode)

    @property
    def channels(self) -> range:
        """Where the country allows to listen."""
        return range(self.start_channel, self.start_channel + self.channel_count)

    @property
    def has_station(self) -> bool:
        """Whether the station side can be used."""
        return self.initialised and WifiMode.STATION in self.mode

    @property
    def only_station(self) -> bool:
        """Whether the station side can be used, and is all there is."""
        return self.initialised and self.mode == WifiMode.STATION

    @property
    def has_softap(self) -> bool:
        """Whether the softAP side can be used."""
        return self.initialised and WifiMode.SOFTAP in self.mode
