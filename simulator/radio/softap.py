"""The softAP: the module as an access point (ESP-AT User Guide, AT+CWSAP, AT+CWLIF, AT+CWQIF, AT+CWCONFIG).

It is an access point on the air like any other, with a room of its own that knows its settings and its stations.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from espat.core.boot import Boot, Ending, Identity
from espat.core.events import Event
from espat.core.time.clock import Clock
from espat.persist.settings import Setting, Settings
from espat.radio.access_point import AccessPoint
from espat.radio.air import Air
from espat.radio.security import OPEN, SECURITIES, Security
from espat.radio.wifi import Wifi

SOFTAP_SECURITIES: Final = {
    security.number: security for security in SECURITIES.values() if security.number in (0, 2, 3, 4)
}
"""What AT+CWSAP offers, by its `ecn`: WEP is not supported."""
MOST_STATIONS: Final = 10
"""ESP-IDF's limit; the documents give no number."""
DEAUTHENTICATED: Final = 2
"""The 802.11 reason code a station gets when the softAP throws it out."""


SOFTAP_ON: Final = Event[["SoftAccessPoint"]]("softap.on")
"""The softAP is about to go on the air."""
SOFTAP_OFF: Final = Event[["SoftAccessPoint"]]("softap.off")
SOFTAP_STATION_JOINED: Final = Event[[bytes]]()
SOFTAP_STATION_LEFT: Final = Event[[bytes]]()
"""By its MAC address."""


def next_mac(station: bytes) -> bytes:
    """The address behind a station's: the softAP's of an ESP32."""
    return (int.from_bytes(station, "big") + 1).to_bytes(6, "big")


def local_mac(station: bytes) -> bytes:
    """A station's address as a locally administered one, bit 1 of its first byte set: the softAP's of an ESP8266."""
    return bytes([station[0] | 2]) + station[1:]


class SoftApTraits(NamedTuple):
    """Of a firmware. `stations`: the most of them when nothing is stored. `mac`: makes its address of the station's."""

    stations: int = MOST_STATIONS
    mac: Callable[[bytes], bytes] = next_mac


class SoftAccessPoint(AccessPoint):
    """The softAP as stations see it."""

    def __init__(
        self,
        ssid: bytes,
        bssid: bytes,
        *,
        security: Security,
        password: bytes,
        channel: int,
        hidden: bool,
        most_stations: int,
        joined: Callable[[bytes], None],
        left: Callable[[bytes], None],
        silent: Callable[["SoftAccessPoint", bytes], None],
    ) -> None:
        """`joined`, `left`, `silent` are told what stations do; the last one of those that are gone without a word."""
        super().__init__(ssid, bssid, security=security, password=password, channel=channel, hidden=hidden)
        self._most_stations = most_stations
        self._joined = joined
        self._left = left
        self._silent = silent
        self._absent: dict[bytes, object] = {}  # those gone without a word, each with a token of its own

    @property
    def full(self) -> bool:
        """Whether it takes no more stations."""
        return len(self._stations) >= self._most_stations

    def associate(self, mac: bytes, deauthenticated: Callable[[int], None]) -> None:
        """A station has joined; whoever had that address before is gone."""
        self.dissociate(mac)
        super().associate(mac, deauthenticated)
        self._joined(mac)

    def dissociate(self, mac: bytes) -> None:
        """A station has left."""
        if mac in self._stations:
            self._absent.pop(mac, None)
            super().dissociate(mac)
            self._left(mac)

    def lose(self, mac: bytes) -> None:
        """A station is gone without a word, and counts as joined until it has been silent for too long."""
        if mac in self._stations:
            self._stations[mac] = _nobody
            self._absent[mac] = object()
            self._silent(self, mac)

    def absence(self, mac: bytes) -> object | None:
        """What stands for a station's silence; another one for each, None for a station that is there."""
        return self._absent.get(mac)

    def deauthenticate(self, mac: bytes | None = None, reason: int = DEAUTHENTICATED) -> None:
        """Throw out one station, or all."""
        for station in [mac] if mac is not None else list(self._stations):
            deauthenticated = self._stations.pop(station, None)
            if deauthenticated is not None:
                self._absent.pop(station, None)
                deauthenticated(reason)
                self._left(station)


def _nobody(reason: int) -> None:
    pass


class SoftAp:
    """The softAP side of the radio, for one boot of one module."""

    _ssid = Setting("nvs.net80211", "ap.ssid", b"")
    password = Setting("nvs.net80211", "ap.passwd", b"")
    channel = Setting("nvs.net80211", "ap.chan", 1)
    _security = Setting("nvs.net80211", "ap.authmode", OPEN.number)
    most_stations = Setting("nvs.net80211", "ap.max.conn", lambda softap: softap.traits.stations)
    hidden = Setting("nvs.net80211", "ap.hidden", 0)
    own_mac = Setting("NVM_003", "mac", b"")

    def __init__(self, boot: Boot) -> None:
        self.settings = boot[Settings]
        self.traits = boot.traits(SoftApTraits)
        self.access_point: SoftAccessPoint | None = None
        self._boot = boot
        self._air = boot[Air]
        self._wifi = boot[Wifi]
        self._clock = boot[Clock]
        self._factory_mac = self.traits.mac(boot[Identity].mac)
        self._station_at: AccessPoint | None = None
        boot.at_end(self._end)

    @property
    def ssid(self) -> bytes:
        """The configured SSID; the factory's has the end of the MAC address in it."""
        return self._ssid or b"ESP_" + self._factory_mac[3:].hex().upper().encode()

    @property
    def security(self) -> Security:
        """What it demands of stations."""
        return SOFTAP_SECURITIES[self._security]

    @property
    def mac(self) -> bytes:
        """The MAC address in force, which is the BSSID."""
        return self.own_mac or self._factory_mac

    @mac.setter
    def mac(self, mac: bytes) -> None:
        self.own_mac = mac
        self.restart()

    def configure(
        self, ssid: bytes, password: bytes, channel: int, security: Security, most_stations: int, hidden: bool
    ) -> None:
        """Take new settings; if it is on, it starts again with them and its stations are gone."""
        self._ssid = ssid
        self.password = password
        self.channel = channel
        self._security = security.number
        self.most_stations = most_stations
        self.hidden = int(hidden)
        self.restart()

    def update(self) -> None:
        """Go on the air or off it, as the mode of the radio says."""
        if self._wifi.has_softap and self.access_point is None:
            self._start()
        elif not self._wifi.has_softap and self.access_point is not None:
            self.stop()

    def follow_station(self, point: AccessPoint | None) -> None:
        """One radio has one channel: the softAP goes where the station has joined, and its stations come along. It
        stays there until it starts again. `point`: None when the station has left."""
        self._station_at = point
        if self.access_point is not None and point is not None:
            self.access_point.channel = point.channel

    def restart(self) -> None:
        """Leave the air and come back."""
        if self.access_point is not None:
            self.stop()
            self._start()

    def stop(self) -> None:
        """Leave the air; the stations are told."""
        point, self.access_point = self.access_point, None
        if point is not None:
            point.deauthenticate()
            self._air.remove(point)
            self._boot.announce(SOFTAP_OFF, point)

    def _end(self, how: Ending) -> None:
        if how is Ending.RESTART:
            self.stop()
        elif self.access_point is not None:
            self._air.remove(self.access_point)  # without a word

    def _start(self) -> None:
        point = SoftAccessPoint(
            self.ssid,
            self.mac,
            security=self.security,
            password=self.password,
            channel=self.channel if self._station_at is None else self._station_at.channel,
            hidden=bool(self.hidden),
            most_stations=self.most_stations,
            joined=self._boot.announcer(SOFTAP_STATION_JOINED),
            left=self._boot.announcer(SOFTAP_STATION_LEFT),
            silent=partial(self._boot.spawn, self._throw_out_silent),
        )
        self._boot.announce(SOFTAP_ON, point)
        self.access_point = point
        self._air.add(point)

    async def _throw_out_silent(self, point: SoftAccessPoint, mac: bytes) -> None:
        """Give up a station that is gone without a word; those that are there always have something to say."""
        absence = point.absence(mac)
        await self._clock.sleep(self._wifi.softap_inactive_time)
        if absence is not None and point.absence(mac) is absence:
            point.dissociate(mac)
