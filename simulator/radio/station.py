"""The station: joins an access point, notices when it is gone, and comes back (ESP-AT User Guide, AT+CWJAP, AT+CWSTATE,
AT+CWRECONNCFG).

States and what changes them:

    IDLE          never started                       connect, auto-connect -> CONNECTING
    CONNECTING    on the way, or between two tries    associated -> ASSOCIATED, tries used up or failed -> DISCONNECTED
    ASSOCIATED    joined                              access point lost -> CONNECTING, or DISCONNECTED without a policy
    DISCONNECTED  tried, or was joined

Addresses are none of its business: it announces when it is associated and when it no longer is.
"""

from collections.abc import Callable
from enum import Enum, IntEnum
from typing import Any, Final, NamedTuple

import trio

from espat.core.at.system_log import SystemLog
from espat.core.boot import Boot, Ending, Identity
from espat.core.events import Event
from espat.core.time.clock import Clock
from espat.core.time.timing import Timing
from espat.persist.settings import Setting, Settings
from espat.radio.access_point import AccessPoint
from espat.radio.hearing import Hearing
from espat.radio.security import OPEN, WEP
from espat.radio.softap import SoftAp
from espat.radio.wifi import Wifi, WifiMode

STATION_ASSOCIATED: Final = Event[[AccessPoint]]("station.associated")
STATION_DISCONNECTED: Final = Event[[int]]("station.disconnected", "rc:{0}")
"""The station has lost or left its access point, for this reason."""


class StationState(Enum):
    """What the station is doing."""

    IDLE = "idle"
    CONNECTING = "connecting"
    ASSOCIATED = "associated"
    DISCONNECTED = "disconnected"


class Reason(IntEnum):
    """Why a join failed or ended: 802.11 reason codes and the driver's own."""

    NOT_AUTHENTICATED = 6
    LEFT = 8
    HANDSHAKE_TIMEOUT = 15
    BEACON_TIMEOUT = 200
    NO_ACCESS_POINT = 201
    AUTHENTICATION_FAILED = 202
    ASSOCIATION_FAILED = 203
    NO_COMPATIBLE_SECURITY = 210


class JoinError(Exception):
    """The station could not associate. `reason`: the last reason the driver gave."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason


DEFAULT_RECONNECT_INTERVAL: Final = 1
"""Seconds. AT+CWJAP without an interval of its own sets this one, whatever AT+CWRECONNCFG has said before."""
DEFAULT_JOIN_LIMIT: Final = 15
"""Seconds AT+CWJAP waits for an address."""
DEFAULT_LISTEN_INTERVAL: Final = 3
DEFAULT_PMF: Final = 1
PMF_REQUIRED: Final = 2
"""Bit of the <pmf> of AT+CWJAP: join only who protects management frames; bit 0: do so where it can be."""
MANAGEMENT_PROTECTION_REQUIRED: Final = 2
"""Of an access point: stations that do not are refused."""
LOG_TAG: Final = "at-wifi"
PHY_MODE: Final = 4
"""HT20: what a station of 802.11n and an access point of 20 MHz agree on; the world has no other ones."""


class StationTraits(NamedTuple):
    """Of a firmware. `reconnect_interval`: seconds between the station's attempts to come back when nothing is stored,
    0 never."""

    reconnect_interval: int = 0


class Station:
    """The station side of the radio, for one boot of one module."""

    ssid = Setting("nvs.net80211", "sta.ssid", b"")
    password = Setting("nvs.net80211", "sta.pswd", b"")
    bssid = Setting("nvs.net80211", "sta.bssid", b"")
    only_encrypted = Setting("nvs.net80211", "sta.pci_en", 0)
    all_channels = Setting("nvs.net80211", "sta.scan_mode", 0)
    pmf = Setting("nvs.net80211", "sta.pmf", DEFAULT_PMF)
    reconnect_interval = Setting("NVM_017", "interval", lambda station: station.traits.reconnect_interval)
    reconnect_attempts = Setting("NVM_017", "count", 0)
    auto_connect = Setting("NVM_022", "autoconn", 1, always=True)
    own_mac = Setting("NVM_004", "mac", b"")
    inactive_time = Setting("NVM_024", "sta_inactive", 6)
    listen_interval = Setting("NVM_024", "listen_intv", DEFAULT_LISTEN_INTERVAL)

    def __init__(self, boot: Boot) -> None:
        self.settings = boot[Settings]
        self.traits = boot.traits(StationTraits)
        self.state = StationState.IDLE
        self.access_point: AccessPoint | None = None
        self.join_limit = DEFAULT_JOIN_LIMIT
        """Seconds: that of the last AT+CWJAP."""
        self.was_joined = False
        """Whether this boot has seen an association."""
        self._boot = boot
        self._factory_mac = boot[Identity].mac
        self._air = boot[Hearing]
        self._wifi = boot[Wifi]
        self._softap = boot[SoftAp]
        self._clock = boot[Clock]
        self._log = boot[SystemLog]
        self._join_time = boot[Timing]["join"]
        self._scope: trio.CancelScope | None = None  # of the task that watches or reconnects
        boot.at_end(self._end)

    @property
    def mac(self) -> bytes:
        """The MAC address in force: the factory's unless another one was set."""
        return self.own_mac or self._factory_mac

    @mac.setter
    def mac(self, mac: bytes) -> None:
        self.own_mac = mac

    @property
    def configured(self) -> bool:
        """Whether there is an access point to join."""
        return bool(self.ssid)

    def remember(self, ssid: bytes, password: bytes) -> None:
        """Have joined an access point in an earlier life: it is in flash, unless another one is."""
        if not self.configured:
            self._wifi.mode = WifiMode.STATION
            self.ssid, self.password = ssid, password
            self.reconnect_interval = DEFAULT_RECONNECT_INTERVAL  # as AT+CWJAP leaves it

    async def connect(self) -> None:
        """Join the configured access point once. Raises JoinError."""
        self._stop()
        self.leave()
        self.state = StationState.CONNECTING
        try:
            await self._associate()
        except JoinError:
            self.state = StationState.DISCONNECTED
            raise
        self._keep(self._stay)

    def connect_in_background(self) -> None:
        """Join now, and as often as the reconnect policy says; nothing is reported unless it succeeds."""
        self._stop()
        self.state = StationState.CONNECTING
        self._keep(self._join_and_stay)

    def disconnect(self) -> None:
        """Leave, and stop whatever join or reconnection is on its way."""
        self._stop()
        self.leave()
        if self.state is not StationState.IDLE:
            self.state = StationState.DISCONNECTED

    def stop(self) -> None:
        """Leave and forget that there ever was a connection: the station is switched off."""
        self.disconnect()
        self.state = StationState.IDLE

    def _end(self, how: Ending) -> None:
        if how is Ending.RESTART:
            self.leave()
        elif self.access_point is not None:
            self.access_point.lose(self.mac)  # without a word

    def leave(self) -> None:
        """End the association, if there is one."""
        if self.access_point is not None:
            self.access_point.dissociate(self.mac)
            self._lost(Reason.LEFT)

    # The join itself

    async def _associate(self) -> None:
        await self._clock.sleep(self._join_time)
        try:
            point = self._choose()
        except JoinError as error:
            self._log_disconnected(error.reason)
            raise
        self.access_point = point
        self.was_joined = True
        self.state = StationState.ASSOCIATED
        point.associate(self.mac, self._thrown_out)
        self._log.info(LOG_TAG, f"negotiated phy mode: {PHY_MODE}")
        self._softap.follow_station(point)
        self._boot.announce(STATION_ASSOCIATED, point)

    def _choose(self) -> AccessPoint:
        channels = self._wifi.channels
        found = self._air.scan(
            lambda point: (
                point.ssid == self.ssid and (not self.bssid or point.bssid == self.bssid) and point.channel in channels
            )
        )
        if not found:
            raise JoinError(Reason.NO_ACCESS_POINT)
        if self.only_encrypted:
            found = [point for point in found if point.security not in (OPEN, WEP)]
            if not found:
                raise JoinError(Reason.NO_COMPATIBLE_SECURITY)
        if not self.all_channels:
            found.sort(key=lambda point: point.channel)  # fast scan: the first match wins
        reason = self._refusal(found[0])
        if reason is not None:
            raise JoinError(reason)
        return found[0]

    def _refusal(self, point: AccessPoint) -> Reason | None:
        security = point.security
        if not security.personal:
            return Reason.ASSOCIATION_FAILED
        if security.encrypted and self.password != point.password:
            return Reason.HANDSHAKE_TIMEOUT
        if point.full:
            return Reason.ASSOCIATION_FAILED
        if point.management_protection == MANAGEMENT_PROTECTION_REQUIRED and not self.pmf:
            return Reason.ASSOCIATION_FAILED
        if self.pmf & PMF_REQUIRED and not point.management_protection:
            return Reason.ASSOCIATION_FAILED
        return None

    # Staying joined

    def _keep(self, task: Callable[..., Any]) -> None:
        self._scope = scope = trio.CancelScope()

        async def run() -> None:
            with scope:
                await trio.lowlevel.checkpoint_if_cancelled()  # before it has begun
                await task()

        self._boot.spawn(run)

    def _stop(self) -> None:
        if self._scope is not None:
            self._scope.cancel()
            self._scope = None

    async def _join_and_stay(self) -> None:
        try:
            await self._associate()
        except JoinError:
            self.state = StationState.DISCONNECTED
            await self._come_back()
        else:
            await self._stay()

    async def _stay(self) -> None:
        """Stay joined for as long as the policy has something to say."""
        while True:
            self._lost(await self._loss())
            if not await self._reconnect():
                return

    async def _come_back(self) -> None:
        if await self._reconnect():
            await self._stay()

    async def _loss(self) -> Reason:
        """Wait until the access point has been silent for too long, or has come back and does not know the station."""
        point = self.access_point
        assert point is not None
        while True:
            while point.up:
                await point.changed.park()
            with self._clock.move_on_after(self.inactive_time):
                while not (point.up or point.restarted):
                    await point.changed.park()
                if point.restarted:
                    return Reason.NOT_AUTHENTICATED
                point.associate(self.mac, self._thrown_out)  # it came back in time
                continue
            return Reason.BEACON_TIMEOUT

    def _thrown_out(self, reason: int) -> None:
        self._stop()
        self._lost(reason)
        self._keep(self._come_back)

    async def _reconnect(self) -> bool:
        """Try again as often as the policy says, which may change meanwhile; whether that succeeded."""
        attempts = 0
        while self.reconnect_interval and not 0 < self.reconnect_attempts <= attempts:
            self.state = StationState.CONNECTING
            await self._clock.sleep(self.reconnect_interval)
            attempts += 1
            self._log.info(LOG_TAG, f"wifi reconnect..({attempts}/{self.reconnect_attempts})")
            try:
                await self._associate()
            except JoinError:
                continue
            return True
        self.state = StationState.DISCONNECTED
        return False

    def _lost(self, reason: int) -> None:
        self.access_point = None
        self._softap.follow_station(None)
        self.state = StationState.DISCONNECTED
        self._log_disconnected(reason)
        self._boot.announce(STATION_DISCONNECTED, reason)

    def _log_disconnected(self, reason: int) -> None:
        self._log.info(LOG_TAG, f"wifi disconnected, rc:{int(reason)}")
