"""Verbs on the air: access points, stations, and what the names of the world lead to."""

from hashlib import sha256
from ipaddress import IPv4Address
from typing import Annotated, Final, Literal

from espat.core.suggestions import expected
from espat.radio.access_point import AccessPoint
from espat.radio.broadcast import Broadcast, Protocol
from espat.radio.softap import SoftAccessPoint
from espat.scenario.hosts.world_station import WorldStation
from espat.scenario.stage.company import peer_of
from espat.scenario.stage.mismatch import MismatchError
from espat.scenario.stage.stage import Stage
from espat.scenario.verbs.arguments import Address, Data, Duration
from espat.scenario.verbs.table import verb
from espat.scenario.world.world import StationConfiguration
from espat.stack.lan import Lan

LOCAL_MAC: Final = b"\x02\x00\x00"
"""How the MAC addresses of stations begin that have none of their own."""

ANYBODY: Final = "station"
"""The name of a station that is no peer."""


def _point(stage: Stage, ssid: bytes) -> AccessPoint:
    points = [point for point in stage.simulation.air.access_points if not isinstance(point, SoftAccessPoint)]
    for point in points:
        if point.ssid == ssid:
            return point
    known = ", ".join(repr(point.ssid.decode(errors="replace")) for point in points)
    raise MismatchError(f"the world has no access point {ssid.decode(errors='replace')!r}; it has {known or 'none'}")


@verb("access_point.on", "ap_up")
async def access_point_on(stage: Stage, *, ssid: Data) -> None:
    """An access point is switched on."""
    _point(stage, ssid).switch_on()


@verb("access_point.off")
async def access_point_off(stage: Stage, *, ssid: Data) -> None:
    """An access point vanishes without a word: who has joined it notices when it hears no beacon for long enough."""
    _point(stage, ssid).switch_off()


@verb("access_point.throw_out")
async def access_point_throw_out(stage: Stage, *, ssid: Data, reason: Annotated[int, range(1, 256)] = 2) -> None:
    """An access point throws out everybody who has joined it; `reason`: the 802.11 reason code."""
    _point(stage, ssid).deauthenticate(reason=reason)


@verb("access_point.set")
async def access_point_set(
    stage: Stage,
    *,
    ssid: Data,
    password: Data | None = None,
    channel: Annotated[int, range(1, 15)] | None = None,
    rssi: Annotated[int, range(-100, 1)] | None = None,
    hidden: bool | None = None,
    dhcp: bool | None = None,
    internet: bool | None = None,
) -> None:
    """Change an access point. `dhcp`: whether it gives addresses; `internet`: whether it leads anywhere beyond."""
    point = _point(stage, ssid)
    for key, setting in (("password", password), ("channel", channel), ("rssi", rssi), ("hidden", hidden)):
        if setting is not None:
            setattr(point, key, setting)
    lan: Lan = stage.simulation.lans[point.bssid]
    if dhcp is not None:
        lan.dhcp = dhcp
    if internet is not None:
        lan.has_uplink = internet


@verb("station.join", "join_ap")
async def station_join(
    stage: Stage,
    *,
    ssid: Data,
    peer: str = "",
    password: Data = b"",  # type: ignore[assignment]
    ip: str = "",
    within: Duration | None = None,
) -> None:
    """A station has joined a softAP of a module and got an address: `ip` when that is said. `peer`: who it is."""
    name = peer or ANYBODY
    station = stage.stations.get(name)
    if station is None:
        known = stage.peers.get(peer)
        mac = known.configuration.mac if known is not None else None
        mac = mac or LOCAL_MAC + sha256(name.encode()).digest()[:3]
        host = known.host if known is not None and known.host.outside is None else None
        station = stage.simulation.add_station(StationConfiguration(mac, ssid, password), host)
        stage.stations[name] = station
    elif ssid != station.joins or password not in (b"", station.password):
        joined = station.joins.decode(errors="replace")
        raise MismatchError(expected(f"another peer than {name}", f"one that knows {joined!r}"))
    station.join()
    await stage.until(
        station.changed,
        lambda: bool(station.addresses),
        lambda: f"{name} cannot join {ssid.decode(errors='replace')!r}",
        within,
    )
    addresses = [str(address) for address in station.addresses.values()]
    if ip and ip not in addresses:
        raise MismatchError(f"{name} expected the address {ip}, got {', '.join(addresses)}")


def _joined(stage: Stage, peer: str) -> WorldStation:
    name = peer or ANYBODY
    if name not in stage.stations:
        raise MismatchError(f"{name} has joined nothing")
    return stage.stations[name]


@verb("station.leave")
async def station_leave(stage: Stage, *, peer: str = "") -> None:
    """A station leaves the softAPs it has joined."""
    _joined(stage, peer).leave()


@verb("station.vanish")
async def station_vanish(stage: Stage, *, peer: str = "") -> None:
    """A station is gone without a word."""
    _joined(stage, peer).vanish()


@verb("phone.smart_config", "smartconfig")
async def phone_smart_config(
    stage: Stage,
    *,
    ssid: Data,
    password: Data = b"",  # type: ignore[assignment]
    type_: Literal["ESPTOUCH", "AIRKISS", "ESPTOUCH_V2"] = "ESPTOUCH",
    peer: str = "",
) -> None:
    """A phone tells all modules that listen which access point to join. `peer`: whose phone it is."""
    if peer:
        peer_of(stage, peer)
    if not stage.simulation.air.broadcast(Broadcast(Protocol(type_), ssid, password)):
        raise MismatchError(f"no module listens for {type_}")


@verb("dns.set")
async def dns_set(stage: Stage, *, name: str, address: Address) -> None:
    """A name leads to this address from now on."""
    stage.simulation.set_name(name, IPv4Address(address))


@verb("dns.remove")
async def dns_remove(stage: Stage, *, name: str) -> None:
    """Nobody knows a name any more."""
    stage.simulation.set_name(name, None)
