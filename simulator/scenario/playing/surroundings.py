"""The world a transcript takes place in: its peers on this machine, and the world file the module needs for it."""

import json
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final, NamedTuple

import trio

from simulator.radio.security import SECURITIES
from simulator.scenario.playing.peers import LOOPBACK, Peer
from simulator.scenario.playing.tls_peers import Credentials
from simulator.scenario.playing.variables import Variables
from simulator.scenario.transcript import Transcript

PROTOCOLS: Final = ("tcp", "udp", "ssl")
SERVER_CERTIFICATE: Final = "server_cert"
"""What a peer shows that serves TLS, unless `cert` says otherwise."""
ARRANGED: Final = ("STA_IP", "GATEWAY", "NETMASK")
"""Variables whose documented values the DHCP server of the access points gives out."""

TIME_SERVERS: Final = "203.0.113."
"""How the addresses of time servers begin: somewhere on the internet."""
STATION_MAC: Final = "02:00:00:00:00:"
"""How the MAC addresses of those who join a softAP begin."""


class Surroundings(NamedTuple):
    """The peers by their names, and the text of a world file."""

    peers: Mapping[str, Peer]
    world: str


async def arrange(
    transcript: Transcript, variables: Variables, nursery: trio.Nursery, peers: dict[str, Peer]
) -> Surroundings:
    """Reserve the ports of all peers and start those that serve from the beginning.

    The peers are put into `peers` as they are made. What the world fixes is bound in `variables`. Raises
    TranscriptError when the transcript needs more of a world than there is, PeerError when there are no free ports.
    """
    if transcript.elsewhere:
        raise transcript.place("world").error(f"{', '.join(transcript.elsewhere)} cannot be played")
    hosts: dict[str, str] = {}
    for entry in transcript.peers:
        address = variables.use(entry.get("ip") or entry.get("host") or "")
        peer = Peer(entry["id"], address, nursery, _credentials(entry, serves=bool(address)))
        peers[peer.name] = peer
        served = _served(transcript, entry)
        if not peer.address:
            continue
        for port in sorted({port for _, port in served} | _served_later(transcript, peer.name)):
            hosts[f"{peer.address}:{port}"] = f"{LOOPBACK}:{await peer.reserve(port)}"
        if "host" in entry:
            hosts[peer.address] = LOOPBACK
        if not entry.get("refuses"):
            for protocol, port in served:
                if protocol == "ssl":
                    await peer.serve_tls(port, wants_certificate=entry.get("client_auth") == "required")
                else:
                    peer.serve(protocol, port)
    return Surroundings(peers, _world_file(transcript, variables, hosts))


def _credentials(entry: Mapping[str, Any], *, serves: bool) -> Credentials:
    shown = entry.get("client_cert") or entry.get("cert") or (SERVER_CERTIFICATE if serves else None)
    return Credentials(shown, entry.get("ca"))


def _served(transcript: Transcript, entry: Mapping[str, Any]) -> list[tuple[str, int]]:
    text = entry.get("serves")
    if text is None:
        return []
    protocol, _, port = str(text).partition(" ")
    if protocol not in PROTOCOLS or not port.isdigit():
        raise transcript.place("world").error(
            f"peer {entry['id']}: serves: {text!r} cannot be played; 'tcp PORT', 'udp PORT' and 'ssl PORT' can"
        )
    return [(protocol, int(port))]


def _served_later(transcript: Transcript, peer: str) -> set[int]:
    return {
        step.arguments["port"]
        for step in transcript.steps
        if step.action == "serve" and step.arguments.get("peer") == peer and isinstance(step.arguments["port"], int)
    }


def _world_file(transcript: Transcript, variables: Variables, hosts: Mapping[str, str]) -> str:
    lines: list[str] = []
    for point in transcript.access_points:
        lines += ["[[access_point]]", *_access_point(transcript, variables, point), ""]
    joining = (step.arguments for step in transcript.steps if step.action == "join_ap")
    for number, arguments in enumerate(joining, 1):
        lines += ["[[station]]", *_station(variables, number, arguments), ""]
    for number, name in enumerate(transcript.services.get("sntp_servers", []), 1):
        lines += ["[[host]]", f'address = "{TIME_SERVERS}{number}"', f"name = {_text(name)}", 'serves = ["ntp"]']
        lines += [f"time = {_text(transcript.services['sntp'])}", ""]
    lines.append("[hosts]")
    lines += [f"{_text(name)} = {_text(target)}" for name, target in hosts.items()]
    return "\n".join(lines) + "\n"


def _access_point(transcript: Transcript, variables: Variables, point: Mapping[str, Any]) -> list[str]:
    password = variables.use(str(point.get("password", "")))
    security = "wpa2-psk" if password else "open"
    if "auth" in point:
        names = [known.name for known in SECURITIES.values() if known.number == point["auth"]]
        if not names:
            raise transcript.place("world").error(
                f"{point['ssid']}: auth: found {point['auth']!r}; 0 to 15 would be right"
            )
        security = names[0]
    lines = [f"ssid = {_text(variables.use(point['ssid']))}", f"security = {_text(security)}"]
    if password:
        lines.append(f"password = {_text(password)}")
    if "bssid" in point:
        lines.append(f"bssid = {_text(variables.use(point['bssid']))}")
    lines += [f"{key} = {json.dumps(point[key])}" for key in ("wps", "up") if key in point]
    if "STA_IP" in transcript.variables:
        lines += _addresses(transcript, variables)
    return lines


def _station(variables: Variables, number: int, arguments: Mapping[str, Any]) -> list[str]:
    """Somebody who joins a softAP of the module's as soon as it appears."""
    lines = [f'mac = "{STATION_MAC}{number:02x}"', f"joins = {_text(variables.use(arguments['ssid']))}"]
    if "password" in arguments:
        lines.append(f"password = {_text(variables.use(arguments['password']))}")
    return lines


def _addresses(transcript: Transcript, variables: Variables) -> list[str]:
    """The addresses that DHCP gives, from the variables that document them."""
    documented: dict[str, str] = {name: transcript.variables[name] for name in ARRANGED if name in transcript.variables}
    try:
        first = IPv4Address(documented["STA_IP"])
        subnet = IPv4Network((str(first), documented.get("NETMASK", "255.255.255.0")), strict=False)
        gateway = IPv4Address(documented.get("GATEWAY", str(subnet[1])))
    except ValueError as error:
        raise transcript.place("vars").error(f"{error}") from error
    if gateway != subnet[1]:
        raise transcript.place("vars").error(f"GATEWAY: found {gateway}; access points give {subnet[1]}")
    variables.bind(documented)
    return [f"subnet = {_text(str(subnet))}", f"first_address = {_text(str(first))}"]


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a TOML basic string
