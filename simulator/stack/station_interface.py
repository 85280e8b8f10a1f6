"""The station's network interface (ESP-AT User Guide, AT+CIPSTA)."""

from typing import Final

from espat.core.boot import Boot
from espat.core.events import Event
from espat.persist.settings import Setting
from espat.radio.access_point import AccessPoint
from espat.radio.station import STATION_ASSOCIATED, STATION_DISCONNECTED, Station
from espat.stack.active_interfaces import InterfaceKind
from espat.stack.address import Address
from espat.stack.dhcp import DHCP_SWITCHED
from espat.stack.interface import ClientInterface
from espat.stack.lan import Lans

STATION_GOT_IP: Final = Event[[Address]]("station.got_ip", "{0}")
STATION_LEASE_RENEWED: Final = Event[[]]("station.lease_renewed")
STATION_LOST_IP: Final = Event[[]]("station.lost_ip")
"""The station has no address any more, though it is still joined."""


class StationInterface(ClientInterface):
    """The IPv4 side of the station."""

    kind = InterfaceKind.STATION
    _address = Setting("NVM_002", "ip", b"")
    _gateway = Setting("NVM_002", "gw", b"")
    _netmask = Setting("NVM_002", "netmask", b"")

    def __init__(self, boot: Boot) -> None:
        super().__init__(boot)
        self._station = boot[Station]
        self._lans = boot[Lans]

    @STATION_ASSOCIATED.wakes
    def _associated(self, point: AccessPoint) -> None:
        self._joined(self._lans.get(point.bssid))

    @STATION_DISCONNECTED.heard
    def _disconnected(self, reason: int) -> None:
        self._left()

    @DHCP_SWITCHED.wakes
    def _switched(self, kind: InterfaceKind) -> None:
        if kind is self.kind:
            self._dhcp_switched()

    def _mac(self) -> bytes:
        return self._station.mac

    def _got_address(self, address: Address) -> None:
        self._boot.announce(STATION_GOT_IP, address)

    def _lease_renewed(self) -> None:
        self._boot.announce(STATION_LEASE_RENEWED)

    def _lost_address(self) -> None:
        self._boot.announce(STATION_LOST_IP)
