"""A parsed world file becomes a World, or a list of everything that is wrong with it.

Sans-IO. A table of readers stands for each table of the file; a reader turns a value of the TOML document into what a
World holds, and raises what would be right instead.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from espat.core.suggestions import right_word
from espat.core.time.timing import figures
from espat.dialects.names import RUNNABLE, right_variant
from espat.persist.variants import VARIANTS
from espat.radio.security import SECURITIES, Security
from espat.scenario.services.service import ServiceConfiguration
from espat.scenario.services.table import read_service
from espat.scenario.text.values import (
    SSID,
    TIME,
    Reader,
    WrongValueError,
    check_host,
    one_of,
    read_address,
    read_boolean,
    read_duration,
    read_flash,
    read_host_name,
    read_host_target,
    read_lease_time,
    read_link,
    read_listen_address,
    read_mac,
    read_password,
    read_ssid,
    read_station_address,
    read_subnet,
    read_time,
    right_password,
    shown,
    shown_key,
    shown_value,
    whole_number,
)
from espat.scenario.world.world import (
    DEFAULT_ACCESS_POINT,
    DEFAULT_FIRST_ADDRESS,
    DEFAULT_SUBNET,
    AccessPointConfiguration,
    HostConfiguration,
    ModuleConfiguration,
    StationConfiguration,
    World,
)

T = TypeVar("T")


class Mistake(NamedTuple):
    """One thing that is wrong. `place`: a key, or a line of the file; empty for the file as a whole. `line`: where the
    key stands, if that is known."""

    place: str
    found: str
    right: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place else ""
        return f"{place}found {self.found}; {self.right} would be right"

    @property
    def at(self) -> str:
        """What stands behind the name of the file: the line, if it is known."""
        return f":{self.line}" if self.line is not None else ""


class WorldError(ValueError):
    """A world file cannot be used. The message has one line for each mistake."""

    def __init__(self, source: str, mistakes: Collection[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(f"{source}{mistake.at}: {mistake}" for mistake in self.mistakes))


def read_world(document: Mapping[str, object], source: str, folder: Path = Path()) -> World:
    """Make a World of a parsed document; `source` names it in the messages, in `folder` are the files that it names.
    Raises WorldError."""
    reader = _WorldReader(folder)
    world = reader.read(document)
    if reader.mistakes:
        raise WorldError(source, reader.mistakes)
    return world


# The tables of the file

_ACCESS_POINT: Final[Mapping[str, Reader]] = {
    "ssid": read_ssid,
    "password": read_password,
    "security": one_of(SECURITIES),
    "channel": whole_number(1, 14),
    "rssi": whole_number(-100, 0),
    "bssid": read_mac,
    "subnet": read_subnet,
    "first_address": read_address,
    "hidden": read_boolean,
    "wps": read_boolean,
    "dhcp": read_boolean,
    "lease_time": read_lease_time,
    "pmf": one_of({"off": 0, "capable": 1, "required": 2}),
    "up": read_boolean,
}
_STATION: Final[Mapping[str, Reader]] = {
    "mac": read_mac,
    "joins": read_ssid,
    "password": read_password,
    "address": read_station_address,
}
HOST_ADDRESS: Final = 'an IPv4 address like "192.168.3.50"'
_MODULE: Final[Mapping[str, Reader]] = {
    "mac": read_mac,
    "link": read_link,
    "dialect": one_of({name: name for name in RUNNABLE}),
    "joined": read_ssid,
    "variant": one_of({name: name for name in VARIANTS}),
}
_LISTEN: Final = {"address": "listen_address", "ports": "ports"}
_TIMING: Final[Mapping[str, Reader]] = dict.fromkeys(figures(), read_duration)


class _WorldReader:
    """Reads one document and collects its mistakes."""

    def __init__(self, folder: Path) -> None:
        self.mistakes: list[Mistake] = []
        self._folder = folder
        self._paths: dict[tuple[str, str], str] = {}  # links and flash files
        self._macs: dict[bytes, str] = {}
        self._hosts_by: dict[str, str] = {}  # address or name: the place of its host

    def read(self, document: Mapping[str, object]) -> World:
        """The World, of use only when there are no mistakes."""
        fields = self._fields(
            "",
            document,
            {
                "seed": whole_number(0, 2**63 - 1),
                "access_point": partial(self._tables, "access_point", self._access_point),
                "station": partial(self._tables, "station", self._station),
                "module": partial(self._tables, "module", self._module),
                "host": partial(self._tables, "host", self._host),
                "hosts": self._hosts,
                "listen": self._listen,
                "timing": self._timing,
            },
        )
        for key in ("access_point", "station", "module"):
            if key in fields:
                fields[f"{key}s"] = fields.pop(key)
        points = fields.get("access_points", (DEFAULT_ACCESS_POINT,))
        self._check_joined(fields.get("modules", ()), list(dict.fromkeys(point.ssid for point in points)))
        if "host" in fields:
            fields["memory_hosts"] = fields.pop("host")
            self._check_places(fields["memory_hosts"], points)
        listen = {_LISTEN[key]: value for key, value in fields.pop("listen", {}).items()}
        return World(**fields, **listen)

    def _mistake(self, place: str, found: str, right: str) -> None:
        self.mistakes.append(Mistake(place, found, right))

    def _table(self, place: str, value: object) -> Mapping[str, object]:
        if isinstance(value, Mapping):
            return value
        self._mistake(place, shown_value(value), "a table")
        return {}

    def _value(self, place: str, value: object, reader: Reader) -> Any:
        """The value as the World holds it; None when it is wrong."""
        try:
            return reader(value)
        except WrongValueError as error:
            self._mistake(place, error.found or shown_value(value), error.right)
            return None

    def _fields(self, place: str, table: object, readers: Mapping[str, Reader]) -> dict[str, Any]:
        """The right ones of a table's values."""
        fields = {}
        for key, value in self._table(place, table).items():
            at = f"{place}.{shown_key(key)}" if place else shown_key(key)
            if key not in readers:
                self._mistake(at, "an unknown key", right_word(key.lower(), readers))
            elif (read := self._value(at, value, readers[key])) is not None:
                fields[key] = read
        return fields

    def _tables(self, key: str, read: Callable[[str, object], T | None], value: object) -> tuple[T, ...]:
        """The right ones of an array of tables."""
        if not isinstance(value, list):
            self._mistake(key, shown_value(value), f"[[{key}]], in double brackets,")
            return ()
        configurations = [read(f"{key}#{number}", table) for number, table in enumerate(value, 1)]
        return tuple(configuration for configuration in configurations if configuration is not None)

    def _own_mac(self, place: str, key: str, mac: bytes) -> None:
        """Note an address on the air, which nobody else may have."""
        owner = self._macs.setdefault(mac, place)
        if owner != place:
            self._mistake(f"{place}.{key}", f"that of {owner}", "an address of its own")

    def _station(self, place: str, value: object) -> StationConfiguration | None:
        before = len(self.mistakes)
        table = self._table(place, value)
        fields = self._fields(place, table, _STATION)
        if isinstance(value, Mapping):
            for key, right in (("mac", 'a station address like "ca:6f:00:00:00:01"'), ("joins", SSID)):
                if key not in table:
                    self._mistake(f"{place}.{key}", "nothing", right)
        if (password := fields.get("password")) and not 8 <= len(password) <= 63:
            self._mistake(f"{place}.password", f"{len(password)} bytes", "8 to 63 bytes or none")
        if "mac" in fields:
            self._own_mac(place, "mac", fields["mac"])
        return StationConfiguration(**fields) if len(self.mistakes) == before else None

    def _module(self, place: str, value: object) -> ModuleConfiguration | None:
        before = len(self.mistakes)
        number = str(int(place.rpartition("#")[2]) - 1)
        flash = partial(read_flash, folder=self._folder, number=number)
        fields = self._fields(place, value, {**_MODULE, "flash": flash})
        if "mac" in fields:
            self._own_mac(place, "mac", fields["mac"])
            self._own_mac(place, "mac", (int.from_bytes(fields["mac"], "big") + 1).to_bytes(7, "big")[1:])
        if "dialect" in fields and "variant" in fields:
            right = right_variant(fields["dialect"], fields["variant"])
            if right is not None:
                self._mistake(f"{place}.variant", shown_value(fields["variant"]), right)
        paths = {"link": fields.get("link", "").replace("{n}", number), "flash": fields.get("flash", "")}
        for key, path in paths.items():
            if path and (owner := self._paths.setdefault((key, path), place)) != place:
                self._mistake(f"{place}.{key}", f"that of {owner}", "a path of its own")
        return ModuleConfiguration(**fields) if len(self.mistakes) == before else None

    def _check_joined(self, modules: Iterable[ModuleConfiguration], known: Collection[bytes]) -> None:
        """A module can have joined only what there is; nothing is said when an access point is wrong itself."""
        names = [ssid.decode(errors="replace") for ssid in known]
        for number, module in enumerate(modules if not self.mistakes else (), 1):
            if module.joined is not None and module.joined not in known:
                name = module.joined.decode(errors="replace")
                right = right_word(name.lower(), names, '"{}"') if names else "an access point that there is"
                self._mistake(f"module#{number}.joined", shown_value(name), right)

    def _host(self, place: str, value: object) -> HostConfiguration | None:
        before = len(self.mistakes)
        table = self._table(place, value)
        readers: dict[str, Reader] = {
            "address": partial(read_station_address, right=HOST_ADDRESS),
            "name": read_host_name,
            "serves": partial(self._services, f"{place}.serves"),
            "time": read_time,
        }
        fields = self._fields(place, table, readers)
        if isinstance(value, Mapping) and "address" not in table:
            self._mistake(f"{place}.address", "nothing", HOST_ADDRESS)
        if "time" not in table and any(service.kind.needs_time for service in fields.get("serves", ()) if service):
            self._mistake(f"{place}.time", "nothing", TIME)
        for key in ("address", "name"):
            if key in fields and (owner := self._hosts_by.setdefault(str(fields[key]), place)) != place:
                self._mistake(
                    f"{place}.{key}", f"that of {owner}", f"{'an address' if key == 'address' else 'a name'} of its own"
                )
        return HostConfiguration(**fields) if len(self.mistakes) == before else None

    def _services(self, place: str, value: object) -> tuple[ServiceConfiguration, ...]:
        if not isinstance(value, list):
            raise WrongValueError('an array like ["tcp-echo 7"]')
        read = partial(read_service, folder=self._folder)
        services = [self._value(f"{place}#{number}", entry, read) for number, entry in enumerate(value, 1)]
        taken: set[tuple[str, int]] = set()
        for number, service in enumerate(services, 1):
            if service is None:
                continue
            if (service.kind.transport, service.port) in taken:
                found = f"{service.kind.transport} {service.port}, which another service has"
                self._mistake(f"{place}#{number}", found, "a port of its own")
            taken.add((service.kind.transport, service.port))
        return tuple(services)

    def _check_places(self, hosts: Collection[HostConfiguration], points: Collection[AccessPointConfiguration]) -> None:
        """A host cannot have an address that somebody else has, or nobody may have."""
        for host in hosts:
            for point in points:
                subnet, address = point.subnet, host.address
                first, last = subnet.network_address + 2, subnet.broadcast_address - 1
                if address is not None and address in subnet and not first <= address <= last:
                    right = f"an address from {first} to {last}, or of another network,"
                    self._mistake(f"{self._hosts_by[str(address)]}.address", f'"{address}"', right)
                    break

    def _access_point(self, place: str, value: object) -> AccessPointConfiguration | None:
        before = len(self.mistakes)
        table = self._table(place, value)
        fields = self._fields(place, table, _ACCESS_POINT)
        if isinstance(value, Mapping) and "ssid" not in table:
            self._mistake(f"{place}.ssid", "nothing", SSID)
        if "security" not in table:
            fields["security"] = SECURITIES["wpa2-psk" if table.get("password") else "open"]
        if "security" in fields and ("password" in fields or "password" not in table):
            self._check_password(f"{place}.password", fields["security"], fields.get("password"))
        if "subnet" in fields or "subnet" not in table:
            self._place_first_address(f"{place}.first_address", fields)
        if "bssid" in fields:
            self._own_mac(place, "bssid", fields["bssid"])
        if len(self.mistakes) > before:
            return None
        if "pmf" in fields:
            fields["management_protection"] = fields.pop("pmf")
        return AccessPointConfiguration(**fields)

    def _check_password(self, place: str, security: Security, password: bytes | None) -> None:
        right = right_password(security, password or b"")
        if right is not None:
            found = f"{len(password)} bytes" if password is not None else "nothing"
            self._mistake(place, found, f"{right}, as security is {security.name},")

    def _place_first_address(self, place: str, fields: dict[str, Any]) -> None:
        subnet: IPv4Network = fields.setdefault("subnet", DEFAULT_SUBNET)
        lowest, highest = subnet.network_address + 2, subnet.broadcast_address - 1
        if "first_address" not in fields:
            usual = subnet.network_address + (int(DEFAULT_FIRST_ADDRESS) - int(DEFAULT_SUBNET.network_address))
            fields["first_address"] = usual if usual <= highest else lowest
        elif not lowest <= fields["first_address"] <= highest:
            self._mistake(place, f'"{fields["first_address"]}"', f"an address from {lowest} to {highest}")

    def _hosts(self, value: object) -> dict[str, str]:
        hosts = {}
        folded = set()
        for key, target in self._table("hosts", value).items():
            place = f"hosts.{shown_key(key)}"
            try:
                check_host(key)
            except WrongValueError as error:
                if not isinstance(target, Mapping):  # else the name lacks its quotes, which is said below
                    self._mistake(place, f'the key "{shown(key)}"', error.right)
            if key.lower() in folded:
                self._mistake(place, "a second entry for the same name", "one entry")
            folded.add(key.lower())
            hosts[key] = self._value(place, target, read_host_target)
        return hosts

    def _listen(self, value: object) -> dict[str, Any]:
        return self._fields("listen", value, {"address": read_listen_address, "ports": self._ports})

    def _ports(self, value: object) -> dict[int, int]:
        ports: dict[int, int] = {}
        taken = set()
        for key, target in self._table("listen.ports", value).items():
            place = f"listen.ports.{shown_key(key)}"
            if not re.fullmatch(r"[1-9][0-9]{0,4}", key) or int(key) > 65535:
                self._mistake(place, f'the key "{shown(key)}"', "a whole number from 1 to 65535")
                continue
            port = self._value(place, target, whole_number(1, 65535))
            if port in taken:
                self._mistake(place, f"{port}, which another port has", "a port of its own")
            elif port is not None:
                ports[int(key)] = port
                taken.add(port)
        return ports

    def _timing(self, value: object) -> dict[str, float]:
        return self._fields("timing", value, _TIMING)
