"""Scanning for access points (ESP-AT User Guide, AT+CWLAP, AT+CWLAPOPT)."""

from functools import partial
from typing import Final, NamedTuple

from espat.core.boot import Boot
from espat.core.time.clock import Clock
from espat.core.time.timing import Timing
from espat.radio.access_point import AccessPoint
from espat.radio.hearing import Hearing
from espat.radio.wifi import Wifi

ALL_FIELDS: Final = 0x7FF
ALL_SECURITIES: Final = 0xFFFF
WEAKEST: Final = -100
PASSIVE_FACTOR: Final = 3
"""How much longer a passive scan stays by default: 360 ms instead of 120 ms (ESP-AT User Guide, AT+CWLAP)."""


class ScanOptions(NamedTuple):
    """What AT+CWLAPOPT sets.

    `fields`: a bit for each printed field. `weakest`: dBm. `securities`: a bit for each `ecn` that is shown. `sorts`:
    whether the strongest comes first, of all channels; else they come by channel.
    """

    fields: int = ALL_FIELDS
    weakest: int = WEAKEST
    securities: int = ALL_SECURITIES
    sorts: bool = True


class Dwell(NamedTuple):
    """How long a scan stays on a channel, in seconds; 0: as the driver does by itself.

    An active scan leaves after `least` where it hears nobody. `passive`: only listens, which takes longer.
    """

    least: float = 0.0
    most: float = 0.0
    passive: bool = False


class ScanTraits(NamedTuple):
    """Of a firmware. `fields`: a bit for each field that AT+CWLAP prints by default. `frequency`: its offset and
    calibration there, the same for all access points. `sorts`: see ScanOptions (captured sessions of ESP-AT 1.x to 3.x;
    of the older firmwares 1.7 sorts when AT+CWLAPOPT tells it to, and 0.30 has no such command)."""

    fields: int = ALL_FIELDS
    frequency: tuple[int, int] = (-1, -1)
    sorts: bool = True


class Scanner:
    """Listens on the channels of the country."""

    def __init__(self, boot: Boot) -> None:
        traits = boot.traits(ScanTraits)
        self.options = ScanOptions(traits.fields, sorts=traits.sorts)
        self._air = boot[Hearing]
        self._wifi = boot[Wifi]
        self._clock = boot[Clock]
        self._scan_time = boot[Timing]["scan"]
        self._channel_time = boot[Timing]["scan_channel"]

    async def scan(
        self, ssid: bytes | None, bssid: bytes | None, channel: int, bitmap: int, dwell: Dwell
    ) -> list[AccessPoint]:
        """The access points that match, once all channels have been listened on: the strongest first, or by channel and
        the strongest of each first.

        `channel`: 0 for those of `bitmap` (bit n is channel n; 0: all). Only channels of the country are listened on.
        """
        found: list[AccessPoint] = []
        if self._scan_time:
            await self._clock.sleep(self._scan_time)
        mask = 1 << channel if channel else bitmap
        channels = [number for number in self._wifi.channels if not mask or mask >> number & 1]
        for number in channels:
            seconds = self._time_on(number, dwell)
            if seconds:
                await self._clock.sleep(seconds)
            for point in self._air.scan(partial(_is_on, number)):
                wanted = (ssid is None or point.ssid == ssid) and (bssid is None or point.bssid == bssid)
                if wanted and self._shows(point):
                    found.append(point)
        if self.options.sorts:
            found.sort(key=lambda point: -point.rssi)
        return found

    def _shows(self, point: AccessPoint) -> bool:
        options = self.options
        return point.rssi >= options.weakest and bool(options.securities >> point.security.number & 1)

    def _time_on(self, channel: int, dwell: Dwell) -> float:
        if dwell.passive:
            return dwell.most or self._channel_time * PASSIVE_FACTOR
        if dwell.least and dwell.most and not self._air.scan(partial(_is_on, channel)):
            return dwell.least
        return dwell.most or self._channel_time


def _is_on(channel: int, point: AccessPoint) -> bool:
    return point.channel == channel
