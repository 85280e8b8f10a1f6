"""The shared medium: which access points a radio can hear."""

from collections.abc import Callable, Iterable

from espat.radio.access_point import AccessPoint
from espat.radio.broadcast import Broadcast, Listener


class Air:
    """All access points of a simulation, the softAPs of its modules among them."""

    def __init__(self, access_points: Iterable[AccessPoint] = ()) -> None:
        self.access_points = list(access_points)
        self.listeners: list[Callable[[AccessPoint], None]] = []
        """Called with every access point that appears."""
        self.smart_config_listeners: list[Listener] = []
        """Told of what phones say."""
        self._removed: dict[bytes, AccessPoint] = {}  # the last one of each BSSID that is gone

    def add(self, point: AccessPoint) -> None:
        """An access point appears."""
        self.access_points.append(point)
        before = self._removed.pop(point.bssid, None)
        if before is not None and before.channel == point.channel:
            before.replace()
        for listener in self.listeners:
            listener(point)

    def remove(self, point: AccessPoint) -> None:
        """An access point is gone for good."""
        self.access_points.remove(point)
        self._removed[point.bssid] = point
        point.switch_off()

    def broadcast(self, broadcast: Broadcast) -> int:
        """A phone says something; returns how many have understood it."""
        return sum(listener(broadcast) for listener in tuple(self.smart_config_listeners))

    def scan(self, wanted: Callable[[AccessPoint], bool]) -> list[AccessPoint]:
        """The access points that are up and wanted, the strongest first."""
        found = [point for point in self.access_points if point.up and wanted(point)]
        return sorted(found, key=lambda point: -point.rssi)
