"""The radio as a whole: what it does after every start, and the passwords that nobody has typed."""

from collections.abc import Iterator

from espat.core.at.registry import CommandTable
from espat.module import Module
from espat.persist.nvs_settings import SECRETS
from espat.persist.storage import Storage
from espat.radio.air import Air
from espat.radio.softap import SoftAp
from espat.radio.station import Station
from espat.radio.wifi import Wifi

table = CommandTable()


@table.start
def go_on_air(module: Module) -> None:
    """Switch the softAP on, if that is the mode."""
    if module[Wifi].has_softap:
        module[SoftAp].update()


@table.start
def join(module: Module) -> None:
    """Join the access point that is configured, if that is wanted."""
    if module[Wifi].has_station:
        station = module[Station]
        if station.auto_connect and station.configured:
            station.connect_in_background()


@table.secrets
def passwords(module: Module) -> Iterator[bytes]:
    """Those of the world, and those that an earlier life has left in flash."""
    yield from (point.password for point in module[Air].access_points)
    stored = (module[Storage].settings.read(*key) for key in SECRETS)
    yield from (password for password in stored if isinstance(password, bytes))
