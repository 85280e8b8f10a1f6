"""An access point on the air."""

from collections.abc import Callable

import trio

from espat.radio.security import Security


class AccessPoint:
    """A router of the world: what it broadcasts, what it demands, and who has joined it.

    `rssi` is in dBm as the stations see it. `protocol` is the bit mask of AT+CWLAP: 1 b, 2 g, 4 n.
    `management_protection`: what it wants of 802.11w: 0 nothing, 1 capable, 2 required.
    """

    def __init__(
        self,
        ssid: bytes,
        bssid: bytes,
        *,
        security: Security,
        password: bytes = b"",
        channel: int = 6,
        rssi: int = -45,
        hidden: bool = False,
        wps: bool = False,
        protocol: int = 7,
        management_protection: int = 0,
        up: bool = True,
    ) -> None:
        self.ssid = ssid
        self.bssid = bssid
        self.security = security
        self.password = password
        self.channel = channel
        self.rssi = rssi
        self.hidden = hidden
        self.wps = wps
        self.protocol = protocol
        self.management_protection = management_protection
        self.up = up
        self.changed = trio.lowlevel.ParkingLot()
        """Who waits here is woken when `up` or `restarted` changes."""
        self.restarted = False
        """Whether another access point has appeared in its place, which knows none of its stations."""
        self._stations: dict[bytes, Callable[[int], None]] = {}

    @property
    def stations(self) -> list[bytes]:
        """The MAC addresses of those who have joined, in order."""
        return list(self._stations)

    @property
    def full(self) -> bool:
        """Whether it takes no more stations; a router of the world always does."""
        return False

    def switch_on(self) -> None:
        """Begin to broadcast."""
        self._switch(True)

    def switch_off(self) -> None:
        """Vanish without a word: stations notice when they have heard no beacon for long enough."""
        self._stations.clear()
        self._switch(False)

    def replace(self) -> None:
        """Another one has appeared in its place."""
        self.restarted = True
        self.changed.unpark_all()

    def associate(self, mac: bytes, deauthenticated: Callable[[int], None]) -> None:
        """A station has joined; `deauthenticated` is called with a reason code when it is thrown out."""
        self._stations[mac] = deauthenticated

    def dissociate(self, mac: bytes) -> None:
        """A station has left."""
        self._stations.pop(mac, None)

    def lose(self, mac: bytes) -> None:
        """A station is gone without a word."""
        self._stations.pop(mac, None)

    def deauthenticate(self, mac: bytes | None = None, reason: int = 2) -> None:
        """Throw out one station, or all; `reason` is the 802.11 reason code."""
        for station in [mac] if mac is not None else list(self._stations):
            deauthenticated = self._stations.pop(station, None)
            if deauthenticated is not None:
                deauthenticated(reason)

    def _switch(self, up: bool) -> None:
        if self.up != up:
            self.up = up
            self.changed.unpark_all()
