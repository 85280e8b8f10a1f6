"""The air as the radio of one module hears it."""

from collections.abc import Callable

from espat.core.boot import Boot
from espat.radio.access_point import AccessPoint
from espat.radio.air import Air
from espat.radio.softap import SoftAp


class Hearing:
    """What a radio hears that cannot hear its own softAP."""

    def __init__(self, boot: Boot) -> None:
        self._air = boot[Air]
        self._softap = boot[SoftAp]

    def scan(self, wanted: Callable[[AccessPoint], bool]) -> list[AccessPoint]:
        """The access points that can be heard and are wanted, the strongest first."""
        own = self._softap.access_point
        return self._air.scan(lambda point: point is not own and wanted(point))
