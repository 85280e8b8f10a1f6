"""What a run is at the moment, for whoever asks."""

from typing import Any

from espat import __version__
from espat.core.ports.port import Attachment
from espat.module import Module
from espat.radio.access_point import AccessPoint
from espat.radio.station import Station
from espat.radio.wifi import Wifi
from espat.scenario.stage.stage import Stage
from espat.stack.active_interfaces import ActiveInterfaces
from espat.stack.links import LinkTable


def status(stage: Stage) -> dict[str, Any]:
    """Version, module time, modules and access points, as JSON has it."""
    return {
        "version": __version__,
        "time": round(stage.clock.now(), 6),
        "speed": getattr(stage.clock, "speed", None),
        "modules": [_module(name, module, stage) for name, module in stage.modules.items()],
        "access_points": [_access_point(point) for point in stage.simulation.air.access_points],
    }


def _module(name: str, module: Module, stage: Stage) -> dict[str, Any]:
    announcements = stage.announcements_of(module.number)
    told: dict[str, Any] = {
        "name": name,
        "dialect": module.firmware.name,
        "port": announcements[0].removeprefix("ready to open at ") if announcements else None,
        "client": stage.ports[name].attachment is Attachment.ATTACHED,
        "powered": module.board.powered,
        "booted": module.board.booted.is_set(),
    }
    # Rooms that nobody has asked for are not made here: looking changes nothing.
    rooms = module.boot.rooms if module.board.powered and module.board.booted.is_set() else {}
    if (wifi := rooms.get(Wifi)) is not None:
        told["wifi_mode"] = int(wifi.mode)
    if (station := rooms.get(Station)) is not None:
        point = station.access_point
        told["station"] = {
            "state": station.state.value,
            "access_point": None if point is None else {"ssid": _text(point.ssid), "bssid": _mac(point.bssid)},
        }
    if (interfaces := rooms.get(ActiveInterfaces)) is not None:
        told["addresses"] = {one.kind.name.lower(): str(one.address) for one in interfaces}
    if (links := rooms.get(LinkTable)) is not None:
        told["links"] = [
            {
                "number": link.number,
                "kind": link.kind.decode(),
                "remote": str(link.remote),
                "local_port": link.local_port,
                "accepted": link.accepted,
                "unread": link.unread_length,
            }
            for link in links
        ]
    return told


def _access_point(point: AccessPoint) -> dict[str, Any]:
    return {
        "ssid": _text(point.ssid),
        "bssid": _mac(point.bssid),
        "channel": point.channel,
        "rssi": point.rssi,
        "up": point.up,
        "stations": [_mac(mac) for mac in point.stations],
    }


def _text(data: bytes) -> str:
    return data.decode(errors="backslashreplace")


def _mac(mac: bytes) -> str:
    return mac.hex(":")
