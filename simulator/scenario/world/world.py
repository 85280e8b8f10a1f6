"""The world outside the modules, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from espat.radio.security import SECURITIES, Security
from espat.stack.address import LOOPBACK
from espat.stack.lan import DEFAULT_LEASE

if TYPE_CHECKING:  # a world without hosts needs none of it
    from espat.scenario.services.service import ServiceConfiguration
    from espat.scenario.world.peers import PeerConfiguration

T = TypeVar("T")

DEFAULT_SUBNET = IPv4Network("192.168.3.0/24")
DEFAULT_FIRST_ADDRESS = IPv4Address("192.168.3.112")


@dataclass(frozen=True)
class AccessPointConfiguration:
    """One `[[access_point]]` of a world file."""

    ssid: bytes
    password: bytes = b""
    security: Security = SECURITIES["open"]
    channel: int = 6
    rssi: int = -45
    bssid: bytes | None = None
    subnet: IPv4Network = DEFAULT_SUBNET
    first_address: IPv4Address = DEFAULT_FIRST_ADDRESS
    hidden: bool = False
    wps: bool = False
    dhcp: bool = True
    lease_time: float = DEFAULT_LEASE
    management_protection: int = 0
    up: bool = True


DEFAULT_ACCESS_POINT = AccessPointConfiguration(b"espressif", b"1234567890", SECURITIES["wpa2-psk"])


class StationConfiguration(NamedTuple):
    """One `[[station]]` of a world file: it joins softAPs with this SSID and password. `address`: None asks for one."""

    mac: bytes
    joins: bytes
    password: bytes = b""
    address: IPv4Address | None = None


class ModuleConfiguration(NamedTuple):
    """One `[[module]]` of a world file. `mac`: the station's; None is derived from the seed. `link`: where its serial
    port appears, `{n}` is its number; None leaves that to the program, as it does `dialect`, the firmware's. `joined`:
    the SSID of an access point that it has joined in an earlier life, None none. `variant`: what it is, by the names of
    `VARIANTS`; None what its flash is of. `flash`: the file with its flash; None nothing is kept. `more`: what keys of
    chapters say, by these keys."""

    mac: bytes | None = None
    link: str | None = None
    dialect: str | None = None
    joined: bytes | None = None
    variant: str | None = None
    flash: str | None = None
    more: Mapping[str, Any] = {}


class HostConfiguration(NamedTuple):
    """One `[[host]]` of a world file: somebody in memory. `address`: None for one that has none before it joins a
    network. `name`: what DNS knows it by, empty for none. `time`: what its clock shows when the simulation begins, in
    seconds since 1970."""

    address: IPv4Address | None = None
    name: str = ""
    serves: "tuple[ServiceConfiguration, ...]" = ()
    time: float = 0.0


@dataclass(frozen=True)
class World:
    """A world file: what is on the air, who is around in memory, and how the module's addresses map to this machine's
    (`hosts`, which comes first). `peers`: the hosts that a scenario plays itself. `chapters`: what tables of chapters
    have become, by class."""

    seed: int = 1
    access_points: tuple[AccessPointConfiguration, ...] = (DEFAULT_ACCESS_POINT,)
    stations: tuple[StationConfiguration, ...] = ()
    modules: tuple[ModuleConfiguration, ...] = ()
    memory_hosts: tuple[HostConfiguration, ...] = ()
    peers: "tuple[PeerConfiguration, ...]" = ()
    hosts: dict[str, str] = field(default_factory=dict)
    listen_address: IPv4Address = LOOPBACK
    ports: dict[int, int] = field(default_factory=dict)
    timing: dict[str, float] = field(default_factory=dict)
    offline: bool = False
    chapters: Mapping[type, Any] = field(default_factory=dict)

    def get(self, kind: type[T]) -> T | None:
        """What the table of a chapter has become; None when the world has none."""
        found: T | None = self.chapters.get(kind)
        return found

    def all(self, kind: type[T]) -> tuple[T, ...]:
        """What the tables of a chapter have become, of which there may be many."""
        found: tuple[T, ...] = self.chapters.get(kind, ())
        return found
