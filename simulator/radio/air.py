"""The shared medium: which access points a radio can hear."""

from collections.abc import Callable, Iterable

from simulator.radio.access_point import AccessPoint


class Air:
    """All access points of a simulation."""

    def __init__(self, access_points: Iterable[AccessPoint] = ()) -> None:
        self.access_points = list(access_points)

    def scan(self, wanted: Callable[[AccessPoint], bool]) -> list[AccessPoint]:
        """The access points that are up and wanted, the strongest first."""
        found = [point for point in self.access_points if point.up and wanted(point)]
        return sorted(found, key=lambda point: -point.rssi)
