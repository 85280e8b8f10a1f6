"""The Wi-Fi driver's own state: mode, channels, protocols, power, for one boot of one module."""

from enum import IntFlag
from typing import Final

from espat.persist.factory import FactoryParameters
from espat.persist.settings import Setting, Settings


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


class Wifi:
    """What applies to the radio as a whole."""

    _mode = Setting("nvs.net80211", "opmode", lambda wifi: int(wifi.default_mode))
    station_bandwidth = Setting("nvs.net80211", "sta.bw", BANDWIDTH_40)
    softap_bandwidth = Setting("nvs.net80211", "ap.bw", BANDWIDTH_40)
    station_protocols = Setting("nvs.net80211", "sta.phym", DEFAULT_PROTOCOLS)
    softap_protocols = Setting("nvs.net80211", "ap.phym", DEFAULT_PROTOCOLS)
    softap_inactive_time = Setting("NVM_024", "ap_inactive", 300)
    country_policy = Setting("country", "policy", 1)
    country = Setting("country", "code", lambda wifi: wifi.parameters.country_code.encode())
    start_channel = Setting("country", "first", lambda wifi: wifi.parameters.start_channel)
    channel_count = Setting("country", "count", lambda wifi: wifi.parameters.channel_count)

    def __init__(
        self, settings: Settings, parameters: FactoryParameters, default_mode: WifiMode = DEFAULT_MODE
    ) -> None:
        """`parameters`: of the board. `default_mode`: the firmware's."""
        self.settings = settings
        self.default_mode = default_mode
        self.initialised = True
        self.parameters = parameters
        self.hostname = b"espressif"

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
