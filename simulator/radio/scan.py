"""Scanning for access points (ESP-AT User Guide, AT+CWLAP, AT+CWLAPOPT)."""

from typing import Final, NamedTuple

from simulator.core.clock import Clock
from simulator.radio.access_point import AccessPoint
from simulator.radio.air import Air
from simulator.radio.wifi import Wifi

ALL_FIELDS: Final = 0x7FF
ALL_SECURITIES: Final = 0xFFFF
WEAKEST: Final = -100


class ScanOptions(NamedTuple):
    """What AT+CWLAPOPT sets.

    `fields`: a bit for each printed field. `weakest`: dBm. `securities`: a bit for each `ecn` that is shown.
    """

    fields: int = ALL_FIELDS
    weakest: int = WEAKEST
    securities: int = ALL_SECURITIES


class Scanner:
    """Listens on the channels of the country."""

    def __init__(self, air: Air, wifi: Wifi, clock: Clock, channel_time: float) -> None:
        """`channel_time`: seconds on one channel when the command does not say."""
        self.options = ScanOptions()
        self._air = air
        self._wifi = wifi
        self._clock = clock
        self._channel_time = channel_time

    async def scan(
        self, ssid: bytes | None, bssid: bytes | None, channel: int, bitmap: int, channel_time: float
    ) -> list[AccessPoint]:
        """The access points that match, the strongest first.

        `channel`: 0 for those of `bitmap` (bit n is channel n; 0: all). `channel_time`: seconds, 0 for the default.
        """
        allowed = range(self._wifi.start_channel, self._wifi.start_channel + self._wifi.channel_count)
        if channel:
            channels = [channel]
        else:
            channels = [number for number in allowed if not bitmap or bitmap >> number & 1]
        await self._clock.sleep(len(channels) * (channel_time or self._channel_time))
        options = self.options
        return self._air.scan(
            lambda point: (
                point.channel in channels
                and (ssid is None or point.ssid == ssid)
                and (bssid is None or point.bssid == bssid)
                and point.rssi >= options.weakest
                and bool(options.securities >> point.security.number & 1)
            )
        )
