"""The shared medium: which access points a radio can hear."""

from collections.abc import Callable, Iterable

from simulator.radio.access_point import AccessPoint


class Air:
    """All access points of a simulation."""

    def __init__(self, access_points: Iterable[AccessPoint] = ()) -> None:
        self.access_points = list(access_points)
        self.listeners: list[Callable[[AccessPoint], None]] = []
        """Called with every access point that appears."""

    def add(self, point: AccessPoint) -> None:
        """An access point appears."""
        self.access_points.append(point)
        for listener in self.listeners:
            listener(point)

    def remove(self, point: AccessPoint) -> None:
        """An access point is gone for good."""
        self.access_points.remove(point)
        point.switch_off()

    def scan(self, wanted: Callable[[AccessPoint], bool]) -> list[AccessPoint]:
        """The access points that are up and wanted, the strongest first."""
        found = [point for point in self.access_points if point.up and wanted(point)]
        return sorted(found, key=lambda point: -point.rssi)
