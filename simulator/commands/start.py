"""What the radio does after every start."""

from espat.core.at.registry import CommandTable
from espat.module import Module
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
