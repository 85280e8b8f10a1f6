"""The world a scenario takes place in: what it says under `world`, as a World and as peers.

Sans-IO but for a world file that it names.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any, Final, NamedTuple

from espat.core.suggestions import right_word
from espat.radio.security import SECURITIES
from espat.scenario.reading.scenario import Awaited, Place, Scenario, ScenarioError, shown
from espat.scenario.reading.world_file import load_world
from espat.scenario.reading.world_reader import Mistake, WorldError, read_world
from espat.scenario.text.document import Items, Table
from espat.scenario.text.variables import UnknownVariableError, Variables
from espat.scenario.world.peers import TRANSPORTS, Credentials, PeerConfiguration
from espat.scenario.world.world import World
from espat.stack.address import parse_address
from espat.stack.sntp import time_zone

ARRANGED: Final = ("STA_IP", "GATEWAY", "NETMASK")
"""Variables whose documented values the DHCP server of the access points gives out."""
OF_PROTOCOLS: Final = ("user", "password", "path")
"""What belongs to protocols that no peer speaks yet."""
OF_BLUETOOTH: Final = ("addr", "ble", "bt", "app")
"""What belongs to phones that there are not yet."""
FOR_THE_READER: Final = ("wifi", "tools", "network")
"""Notes in the words of a transcript."""
PEER_KEYS: Final = (
    *("id", "ip", "host", "serves", "refuses", "udp_port", "mac"),
    *("client_auth", "ca", "cert", "client_cert"),
    *(*OF_PROTOCOLS, *OF_BLUETOOTH, *FOR_THE_READER),
)
"""What transcripts say about a peer."""
ELSEWHERE: Final = ("http", "advertisers", "bt_devices", "bonded", "ethernet")
"""Parts of a transcript's world that nothing here provides yet."""
AWAITED_PROTOCOLS: Final = ("http", "https", "mqtt", "mqtts", "ws-echo", "wss-echo", "wss")
"""What peers of transcripts serve that nothing here speaks yet."""

TIME_SERVER: Final = "203.0.113.{}"
"""Addresses of time servers: somewhere on the internet (RFC 5737), behind those of peers."""
FIRST_TIME_SERVER: Final = 201
_ZONE: Final = re.compile(r"AT\+CIPSNTPCFG=1,(-?[0-9]{1,4})(?:,.*)?")
_SERVES: Final = re.compile(r"([a-z-]+) ([0-9]{1,5})")


class ScenarioWorld(NamedTuple):
    """The world, offline because a scenario reaches nothing but what it brings, and the hosts that it plays itself.
    `awaited`: what it needs besides that there is not."""

    world: World
    peers: tuple[PeerConfiguration, ...]
    awaited: tuple[Awaited, ...]


def arrange(scenario: Scenario, variables: Variables) -> ScenarioWorld:
    """The surroundings of a scenario; what the world fixes is bound in `variables`. Raises ScenarioError."""
    return _Arrangement(scenario, variables).result()


class _Arrangement:
    def __init__(self, scenario: Scenario, variables: Variables) -> None:
        self._scenario = scenario
        self._variables = variables
        self._mistakes: list[str] = []
        self._awaited: list[Awaited] = []
        self._found = scenario.world if isinstance(scenario.world, Table) else Table(1)

    def result(self) -> ScenarioWorld:
        found = self._found
        peers = tuple(self._peers(found.get("peers", Items(1))))
        world = World(access_points=(), offline=True)
        try:
            if isinstance(self._scenario.world, str):
                path = Path(self._scenario.file).parent / self._scenario.world
                if path.exists() and not path.is_file():  # a FIFO would never end
                    raise WorldError(str(path), [Mistake("", "no regular file", "a TOML file")])
                world = load_world(path)
            else:
                for key in ELSEWHERE:
                    if key in found:
                        self._await(f"world: {key}", found.lines[key])
                world = self._inline(found)
        except WorldError as error:
            if isinstance(self._scenario.world, str):
                self._mistakes += [str(self._scenario.place("world").error(line)) for line in str(error).splitlines()]
            else:
                self._mistakes += [str(self._place_of(mistake.place).error(str(mistake))) for mistake in error.mistakes]
        except UnknownVariableError as error:
            self._wrong("world", f"variable {error} is not defined in vars")
        if self._mistakes:
            raise ScenarioError("\n".join(self._mistakes))
        return ScenarioWorld(replace(world, offline=True), peers, tuple(self._awaited))

    def _inline(self, found: Table) -> World:
        document: dict[str, Any] = {
            key: value
            for key, value in found.items()
            if key not in ("access_points", "peers", "services", "stored", *ELSEWHERE)
        }
        if "services" in found:
            hosts = document.get("host", [])
            document["host"] = [*hosts, *self._time_servers(found["services"])] if isinstance(hosts, list) else hosts
        if "access_points" in found:
            if "access_point" in found:
                self._wrong("world", "found access_point and access_points; one of them would be right")
            points = found["access_points"]
            if not isinstance(points, list):
                self._wrong("world", f"access_points: found {shown(points)}; a list would be right")
                points = Items(1)
            document["access_point"] = [
                {**self._access_point(point), **self._addresses()} if isinstance(point, Table) else point
                for point in points
            ]
        elif "access_point" not in found:
            document["access_point"] = []
        if "stored" in found:
            if found["stored"] is not True and not isinstance(found["stored"], str):
                self._wrong("world", f"stored: found {shown(found['stored'])}; true or a sentence would be right")
            if "module" in document:
                self._wrong("world", "found stored and module; 'joined' in module would be right")
            elif not document["access_point"]:
                self._wrong("world", "found stored without access points; one would be right with it")
        if "stored" in found and document["access_point"] and "module" not in document:
            joined = document["access_point"][0]
            name = joined.get("ssid") if isinstance(joined, dict) else None
            document["module"] = [{"joined": name} for _ in self._scenario.modules]
        return read_world(self._substituted(document), self._scenario.file, Path(self._scenario.file).parent)

    def _time_servers(self, services: Any) -> list[dict[str, Any]]:
        """The hosts that `services` asks for. The time it documents is that of the zone that the scenario sets."""
        line = self._found.lines["services"]
        if not isinstance(services, Table) or not isinstance(services.get("sntp_servers", []), list):
            self._wrong("world", "services: found no table with sntp and sntp_servers; one would be right", line)
            return []
        for key in services:
            if key not in ("sntp", "sntp_servers"):
                self._wrong("world", f"services: found {shown(key)}; sntp or sntp_servers would be right", line)
        try:
            then = datetime.strptime(str(services.get("sntp")), "%a %b %d %H:%M:%S %Y")
        except ValueError:
            found = shown(services.get("sntp"))
            self._wrong("world", f"services: sntp: found {found}; 'Mon Oct 18 20:12:27 2021' would be right", line)
            return []
        moment = f"{then:%Y-%m-%dT%H:%M:%S}{self._zone()}"
        return [
            {"address": TIME_SERVER.format(FIRST_TIME_SERVER + number), "name": name, "serves": ["ntp"], "time": moment}
            for number, name in enumerate(services.get("sntp_servers", []))
        ]

    def _zone(self) -> str:
        """The zone that the scenario sets, as `+08:00`."""
        typed = (_ZONE.fullmatch(step.value) for step in self._scenario.every_step() if step.action == "send")
        number = next((int(match[1]) for match in typed if match is not None), 0)
        try:
            hours, minutes = divmod(abs(time_zone(number).minutes), 60)
        except ValueError:  # the module will say so
            return "+00:00"
        return f"{'-' if number < 0 else '+'}{hours:02}:{minutes:02}"

    def _access_point(self, point: Table) -> dict[str, Any]:
        table: dict[str, Any] = {key: value for key, value in point.items() if key != "auth"}
        if table.get("password") == "":
            del table["password"]
        if "auth" in point:
            names = [security.name for security in SECURITIES.values() if security.number == point["auth"]]
            if names:
                table["security"] = names[0]
            else:
                line = point.lines["auth"]
                self._wrong("world", f"auth: found {shown(point['auth'])}; 0 to 15 would be right", line)
        return table

    def _addresses(self) -> dict[str, str]:
        """The addresses that DHCP gives, from the variables that document them."""
        variables = self._scenario.variables
        documented = {name: value for name in ARRANGED if (value := variables.get(name)) is not None}
        if "STA_IP" not in documented:
            return {}
        try:
            first = IPv4Address(documented["STA_IP"])
            subnet = IPv4Network((str(first), documented.get("NETMASK", "255.255.255.0")), strict=False)
            gateway = IPv4Address(documented.get("GATEWAY", str(subnet[1])))
        except ValueError as error:
            self._wrong("vars", str(error))
            return {}
        if gateway != subnet[1]:
            self._wrong("vars", f"GATEWAY: found {gateway}; {subnet[1]} would be right, which access points give")
        self._variables.bind(documented)
        return {"subnet": str(subnet), "first_address": str(first)}

    def _peers(self, found: Any) -> list[PeerConfiguration]:
        if not isinstance(found, list):
            self._wrong("world", f"peers: found {shown(found)}; a list would be right")
            return []
        peers = []
        for entry, line in zip(found, found.lines if isinstance(found, Items) else [1] * len(found), strict=True):
            if not isinstance(entry, Table):
                self._wrong("world", f"peers: found {shown(entry)}; a table would be right", line)
            elif not isinstance(entry.get("id"), str):
                self._wrong("world", f"peers: id: found {shown(entry.get('id'))}; a text would be right", line)
            else:
                peers.append(self._peer(entry, line))
        names = [peer.name for peer in peers]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._wrong("world", f"peers: found {shown(name)} again; each id once would be right")
        return peers

    def _peer(self, entry: Table, line: int) -> PeerConfiguration:
        name = entry["id"]
        for key, value in entry.items():
            at = entry.lines[key]
            if key not in PEER_KEYS:
                self._wrong("world", f"peers: found {shown(key)}; {right_word(key, PEER_KEYS)} would be right", at)
            elif key in ("ip", "host", "mac") and not isinstance(value, str):
                self._wrong("world", f"peers: {key}: found {shown(value)}; a text would be right", at)
        address, host = self._used(entry.get("ip", ""), line), self._used(entry.get("host", ""), line)
        joining = (step.arguments for step in self._scenario.every_step() if step.action in ("join_ap", "station.join"))
        given = next((one["ip"] for one in joining if one.get("peer") == name and "ip" in one), "")
        address = address or self._used(given, line)
        if address and parse_address(address) is None:
            self._wrong(
                "world",
                f"peers: ip: found {shown(address)}; an IPv4 address would be right",
                entry.lines.get("ip", line),
            )
        served = self._served(entry)
        self._check_claims(entry)
        later = tuple(
            (step.arguments["proto"], step.arguments["port"])
            for step in self._scenario.every_step()
            if step.arguments.get("peer") == name
            and isinstance(step.arguments.get("port"), int)
            and step.action in ("serve", "peer.serve")
            and step.arguments.get("proto") in TRANSPORTS
        )
        at_first = () if entry.get("refuses") else served
        return PeerConfiguration(
            name,
            address,
            host,
            at_first,
            (*later, *served),
            self._port(entry, "udp_port"),
            self._mac(entry),
            Credentials(self._certificate(entry, "client_cert", "cert"), self._certificate(entry, "ca")),
            demands=entry.get("client_auth") == "required",
        )

    def _check_claims(self, entry: Table) -> None:
        """Nothing is said of a peer that it does not keep."""
        served = entry.get("serves", "")
        texts = [text for text in (served if isinstance(served, list) else [served]) if isinstance(text, str)]
        later = any(text.partition(" ")[0] in AWAITED_PROTOCOLS for text in texts)
        for key, value in entry.items():
            found = f"peers: {key}: found {shown(value)}"
            if key == "refuses" and not isinstance(value, bool):
                self._wrong("world", f"{found}; true or false would be right", entry.lines[key])
            elif key == "client_auth" and value != "required":
                self._wrong("world", f"{found}; 'required' would be right", entry.lines[key])
            elif key in OF_PROTOCOLS and not later:
                right = f"{' or '.join(AWAITED_PROTOCOLS)} among what it serves"
                self._wrong("world", f"peers: found {shown(key)}; {right} would be right with it", entry.lines[key])
            elif key in OF_BLUETOOTH:
                self._await(f"a peer with {key}", entry.lines[key])
            elif key in FOR_THE_READER and not isinstance(value, str):
                self._wrong("world", f"{found}; a text would be right", entry.lines[key])

    def _certificate(self, entry: Table, *keys: str) -> str | None:
        """The key of a certificate in the manufacturing data: `client_cert_00.crt` is `client_cert.0` there."""
        name = next((entry[key] for key in keys if key in entry), None)
        if name is None:
            return None
        if not isinstance(name, str) or not re.fullmatch(r"[\w.]{1,40}", name):
            line = entry.lines.get(keys[-1], entry.line)
            self._wrong("world", f"peers: found {shown(name)}; the name of a certificate would be right", line)
            return None
        return re.sub(r"_0([0-9])$", r".\1", name.removesuffix(".crt").removesuffix(".pem"))

    def _served(self, entry: Table) -> tuple[tuple[str, int], ...]:
        found = entry.get("serves", Items(1))
        texts = [found] if isinstance(found, str) else found
        served = []
        for text in texts if isinstance(texts, list) else [texts]:
            parts = _SERVES.fullmatch(text) if isinstance(text, str) else None
            if parts is None or not 0 < int(parts[2]) < 65536 or parts[1] not in (*TRANSPORTS, *AWAITED_PROTOCOLS):
                line = entry.lines["serves"]
                self._wrong(
                    "world", f"peers: serves: found {shown(text)}; 'tcp 80', 'udp 53' or 'ssl 443' would be right", line
                )
            elif parts[1] in AWAITED_PROTOCOLS:
                self._await(f"a peer that serves {parts[1]}", entry.lines["serves"])
            else:
                served.append((parts[1], int(parts[2])))
        return tuple(served)

    def _port(self, entry: Table, key: str) -> int | None:
        port = entry.get(key)
        if port is not None and (not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536):
            self._wrong("world", f"peers: {key}: found {shown(port)}; 1 to 65535 would be right", entry.lines[key])
            return None
        return port

    def _mac(self, entry: Table) -> bytes | None:
        text = entry.get("mac")
        if not isinstance(text, str):
            return None
        if not re.fullmatch(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", text):
            self._wrong("world", f"peers: mac: found {shown(text)}; a MAC address would be right", entry.lines["mac"])
            return None
        return bytes.fromhex(text.replace(":", ""))

    def _used(self, text: Any, line: int) -> str:
        if not isinstance(text, str):
            return ""
        try:
            return self._variables.use(text)
        except UnknownVariableError as error:
            self._wrong("world", f"variable {error} is not defined in vars", line)
            return ""

    def _substituted(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._variables.use(value)
        if isinstance(value, Mapping):
            return {key: self._substituted(inner) for key, inner in value.items()}
        return [self._substituted(inner) for inner in value] if isinstance(value, list) else value

    def _wrong(self, key: str, problem: str, line: int | None = None) -> None:
        place = self._scenario.place(key)
        self._mistakes.append(str((place if line is None else place._replace(line=line)).error(problem)))

    def _await(self, what: str, line: int) -> None:
        self._awaited.append(Awaited(what, self._scenario.place("world")._replace(line=line)))

    def _place_of(self, place: str) -> Place:
        """Where a mistake in the world stands in the scenario, as near as can be told."""
        found: Any = self._found
        line = self._scenario.lines.get("world", 1)
        for part in place.split("."):
            key, _, number = part.partition("#")
            if isinstance(found, Table):
                key = "access_points" if key == "access_point" and "access_points" in found else key
                line, found = found.lines.get(key, line), found.get(key)
            if number.isdigit() and isinstance(found, Items) and int(number) <= len(found):
                line, found = found.lines[int(number) - 1], found[int(number) - 1]
        return self._scenario.place("world")._replace(line=line)
