"""Stations of the world: phones and computers that join the modules' softAPs."""

from collections.abc import Mapping

from simulator.radio.access_point import AccessPoint
from simulator.radio.air import Air
from simulator.radio.softap import SoftAccessPoint
from simulator.stack.lan import Lan


class WorldStation:
    """Joins every softAP with its SSID and password, as soon as it appears."""

    def __init__(
        self, mac: bytes, ssid: bytes, password: bytes, address: str | None, air: Air, lans: Mapping[bytes, Lan]
    ) -> None:
        """`address`: a fixed one; None asks the softAP for one. `lans`: by BSSID."""
        self.mac = mac
        self._ssid = ssid
        self._password = password
        self._address = address
        self._lans = lans
        self._joined: SoftAccessPoint | None = None
        air.listeners.append(self._appeared)

    def leave(self) -> None:
        """Leave the softAP it has joined."""
        if self._joined is not None:
            self._joined.dissociate(self.mac)
            self._joined = None

    def _appeared(self, point: AccessPoint) -> None:
        if not isinstance(point, SoftAccessPoint) or point.ssid != self._ssid or point.full:
            return
        if point.security.encrypted and point.password != self._password:
            return
        self._joined = point
        point.associate(self.mac, self._thrown_out)
        lan = self._lans.get(point.bssid)
        if lan is not None and self._address is None and lan.dhcp:
            lan.lease(self.mac)

    def _thrown_out(self, reason: int) -> None:
        self._joined = None
