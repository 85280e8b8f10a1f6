"""What is on the air: access points, and stations that join softAPs."""

from collections.abc import Mapping
from typing import Any, Final

from espat.core.suggestions import expected
from espat.radio.security import SECURITIES, Security
from espat.scenario.schema.kinds import BOOLEAN, one_of, whole_number
from espat.scenario.schema.tables import Field, Reading, Table, Tables
from espat.scenario.text.values import (
    LEASE_TIME,
    MAC,
    PASSWORD,
    SECURITY,
    SSID,
    SUBNET,
    address,
    host_address,
    right_password,
)
from espat.scenario.world.world import (
    DEFAULT_FIRST_ADDRESS,
    DEFAULT_SUBNET,
    AccessPointConfiguration,
    StationConfiguration,
)

ACCESS_POINTS_LIMIT: Final = 256
STATIONS_LIMIT: Final = 1024
OWN_ADDRESS: Final = "an address of its own"


def make_access_point(
    reading: Reading, place: str, written: Mapping[str, Any], fields: dict[str, Any]
) -> AccessPointConfiguration | None:
    """An access point, when what its fields say fits together."""
    given = "security" in written or "auth" in written
    if not given:
        fields["security"] = SECURITIES["wpa2-psk" if written.get("password") else "open"]
    if "security" in fields and ("password" in fields or "password" not in written):
        _check_password(reading, f"{place}.password", fields["security"], fields.get("password"))
    if "subnet" in fields or "subnet" not in written:
        _place_first_address(reading, f"{place}.first_address", fields)
    if "bssid" in fields:
        reading.claim("mac", fields["bssid"], place, "bssid", OWN_ADDRESS)
    return AccessPointConfiguration(**fields) if "ssid" in fields and "security" in fields else None


def _check_password(reading: Reading, place: str, security: Security, password: bytes | None) -> None:
    right = right_password(security, password or b"")
    if right is not None:
        found = f"{len(password)} bytes" if password is not None else "nothing"
        reading.wrong(place, expected(f"{right}, as security is {security.name}", found))


def _place_first_address(reading: Reading, place: str, fields: dict[str, Any]) -> None:
    subnet = fields.setdefault("subnet", DEFAULT_SUBNET)
    lowest, highest = subnet.network_address + 2, subnet.broadcast_address - 1
    if "first_address" not in fields:
        usual = subnet.network_address + (int(DEFAULT_FIRST_ADDRESS) - int(DEFAULT_SUBNET.network_address))
        fields["first_address"] = usual if usual <= highest else lowest
    elif not lowest <= fields["first_address"] <= highest:
        reading.wrong(place, expected(f"an address from {lowest} to {highest}", repr(str(fields["first_address"]))))


ACCESS_POINT: Final = Table(
    "A router: a network that modules can join, with a DHCP server and a gateway behind it.",
    {
        "ssid": Field(SSID, "its name", required=True),
        "password": Field(PASSWORD, "what its security demands: 8 to 63 bytes, or 64 hexadecimal digits", "none: open"),
        "security": Field(
            SECURITY,
            "what it demands of who joins; `auth` is the number that AT+CWLAP shows",
            "`wpa2-psk` with a password, else `open`",
            aliases=("auth",),
        ),
        "channel": Field(whole_number(1, 14), "its channel", "6"),
        "rssi": Field(whole_number(-100, 0), "how strong it is heard, in dBm", "-45"),
        "bssid": Field(MAC, "its MAC address", "derived from the seed"),
        "subnet": Field(
            SUBNET, "its network; the first address is the gateway and stands for your machine", "'192.168.3.0/24'"
        ),
        "first_address": Field(address("192.168.3.112"), "the first that its DHCP server gives", "`.112`"),
        "hidden": Field(BOOLEAN, "whether its beacons keep its name to themselves", "false"),
        "wps": Field(BOOLEAN, "whether it says that it can do WPS", "false"),
        "dhcp": Field(BOOLEAN, "false: it gives no addresses, so AT+CWJAP times out", "true"),
        "lease_time": Field(LEASE_TIME, "what its DHCP server gives an address for; renewed at half of it", "'1d'"),
        "pmf": Field(
            one_of({"off": 0, "capable": 1, "required": 2}),
            "protected management frames",
            "'off'",
            attribute="management_protection",
        ),
        "up": Field(BOOLEAN, "whether it has power when the simulation begins", "true"),
    },
    make_access_point,
    checks=True,
)


def make_station(
    reading: Reading, place: str, written: Mapping[str, Any], fields: dict[str, Any]
) -> StationConfiguration | None:
    """A station, whose address nobody else has."""
    if (password := fields.get("password")) and not 8 <= len(password) <= 63:
        reading.wrong(f"{place}.password", expected("8 to 63 bytes or none", f"{len(password)} bytes"))
    if "mac" in fields:
        reading.claim("mac", fields["mac"], place, "mac", OWN_ADDRESS)
    return StationConfiguration(**fields) if {"mac", "joins"} <= fields.keys() else None


STATION: Final = Table(
    "A phone: it joins every softAP with this SSID and password as soon as that appears.",
    {
        "mac": Field(MAC, "its MAC address", required=True),
        "joins": Field(SSID, "the SSID of the softAPs that it joins", required=True),
        "password": Field(PASSWORD, "their password: 8 to 63 bytes", "none: joins open ones"),
        "address": Field(host_address("192.168.4.2"), "a fixed address", "the softAP gives one"),
    },
    make_station,
    checks=True,
)

TABLES: Final = {
    "access_point": Field(
        Tables(ACCESS_POINT, ACCESS_POINTS_LIMIT), "", attribute="access_points", aliases=("access_points",)
    ),
    "station": Field(Tables(STATION, STATIONS_LIMIT), "", attribute="stations"),
}
