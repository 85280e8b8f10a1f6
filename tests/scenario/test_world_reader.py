"""The tables of a world file: what is read of them, and how a mistake is named."""

from datetime import date
from ipaddress import IPv4Address
from typing import Any

import pytest

from espat.radio.security import SECURITIES
from espat.scenario.reading.world_reader import WorldError, read_world
from espat.scenario.services.table import SERVICES
from espat.scenario.world.world import (
    AccessPointConfiguration,
    World,
)


def mistakes(content: dict[str, Any]) -> list[str]:
    """The lines about a document, without the name of the file."""
    with pytest.raises(WorldError) as raised:
        read_world(content, "w")
    return [line.removeprefix("w: ") for line in str(raised.value).split("\n")]


def access_point(**fields: object) -> dict[str, Any]:
    """A document with one access point."""
    return {"access_point": [{"ssid": "a"} | fields]}


def station(**fields: object) -> dict[str, Any]:
    """A document with one station."""
    return {"station": [{"mac": "02:00:00:00:00:01", "joins": "a"} | fields]}


def host(**fields: object) -> dict[str, Any]:
    """A document with one host."""
    return {"host": [{"address": "192.168.3.50"} | fields]}


def point(**fields: object) -> AccessPointConfiguration:
    """The access point that a file would make."""
    (made,) = read_world(access_point(**fields), "w").access_points
    return made


def test_a_file_without_access_points_keeps_the_usual_one_and_an_empty_list_means_none() -> None:
    assert read_world({"timing": {"join": 1}}, "w").access_points == World().access_points
    assert read_world({"access_point": []}, "w").access_points == ()


def test_the_security_follows_the_password_when_left_out() -> None:
    assert point().security.name == "open"
    assert point(password="").security.name == "open"
    assert point(password="12345678").security.name == "wpa2-psk"


@pytest.mark.parametrize("name", list(SECURITIES))
def test_every_security_of_a_scan_has_a_name(name: str) -> None:
    security = SECURITIES[name]
    password = {} if not security.encrypted or not security.personal else {"password": "abcdefgh01234"}
    assert point(security=name, **password).security is security


@pytest.mark.parametrize(
    ("security", "password"),
    [
        ("wep", "abcde"),
        ("wep", "abcdefghijklm"),
        ("wep", "0123456789"),
        ("wep", "0123456789abcdefABCDEF0123"),
        ("wpa-psk", "12345678"),
        ("wpa2-psk", "x" * 63),
        ("wpa2-psk", "0123456789abcdef" * 4),
        ("wpa3-psk", "pässwörd"),
        ("wapi-psk", "12345678"),
    ],
)
def test_passwords_that_fit(security: str, password: str) -> None:
    assert point(security=security, password=password).password == password.encode()


PSK = "8 to 63 bytes or 64 hexadecimal digits"
WEP = "5 or 13 bytes or 10 or 26 hexadecimal digits"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"password": "1234567"},
            "expected 8 to 63 bytes or 64 hexadecimal digits, as security is wpa2-psk, got 7 bytes",
        ),
        (
            {"security": "wpa3-psk", "password": "x" * 64},
            "expected 8 to 63 bytes or 64 hexadecimal digits, as security is wpa3-psk, got 64 bytes",
        ),
        (
            {"security": "wpa2-psk"},
            "expected 8 to 63 bytes or 64 hexadecimal digits, as security is wpa2-psk, got nothing",
        ),
        (
            {"security": "wep", "password": "123456"},
            "expected 5 or 13 bytes or 10 or 26 hexadecimal digits, as security is wep, got 6 bytes",
        ),
        (
            {"security": "wep", "password": "012345678x"},
            "expected 5 or 13 bytes or 10 or 26 hexadecimal digits, as security is wep, got 10 bytes",
        ),
        ({"security": "wep"}, "expected 5 or 13 bytes or 10 or 26 hexadecimal digits, as security is wep, got nothing"),
        ({"security": "open", "password": "12345678"}, "expected no password, as security is open, got 8 bytes"),
        ({"security": "owe", "password": "12345678"}, "expected no password, as security is owe, got 8 bytes"),
        ({"security": "dpp", "password": "12345678"}, "expected no password, as security is dpp, got 8 bytes"),
        ({"password": 12345678}, "expected a text, got a number"),
    ],
)
def test_passwords_that_do_not_fit_are_not_shown(fields: dict[str, object], message: str) -> None:
    assert mistakes(access_point(**fields)) == [f"access_point#1.password: {message}"]


@pytest.mark.parametrize(
    ("subnet", "first"),
    [
        ("192.168.3.0/24", "192.168.3.112"),
        ("10.0.0.0/8", "10.0.0.112"),
        ("192.168.3.128/25", "192.168.3.240"),
        ("192.168.3.64/26", "192.168.3.66"),
        ("192.168.3.4/30", "192.168.3.6"),
    ],
)
def test_the_first_address_when_left_out(subnet: str, first: str) -> None:
    assert point(subnet=subnet).first_address == IPv4Address(first)


def test_a_first_address_is_checked_against_the_subnet() -> None:
    for first in ("192.168.3.0", "192.168.3.1", "192.168.3.255", "192.168.4.2"):
        assert mistakes(access_point(first_address=first)) == [
            f"access_point#1.first_address: expected an address from 192.168.3.2 to 192.168.3.254, got '{first}'"
        ]


HOST_ADDRESS = "an IPv4 address like '192.168.3.50'"
PLACES = "an address from 192.168.3.2 to 192.168.3.254, or of another network"
PORT = "a whole number from 1 to 65535"
SERVICE_NAMES = ", ".join(SERVICES)
TIME = "a time like '2026-01-01T00:00:00Z', from 1970 to 2103"
TABLES = "access_point, station, host, hosts, listen, module, peer, seed, timing"
MAC = "a MAC address like 'ca:6f:00:00:00:01'"
UNICAST = "a unicast address (the first byte even, not all zero)"
STATION_ADDRESS = "an IPv4 address like '192.168.4.2'"
ALL_SECURITIES = "one of " + ", ".join(map(repr, SECURITIES))
HOST = "an IPv4 address or a name, with :port (1 to 65535) or without"
TARGET = "an IPv4 address, with a port or without, like '127.0.0.1:8080'"
LINK = "a path like './ttyESP{n}', or a URI like 'tcp:127.0.0.1:9000'"
DURATION = "a duration like 10s, 250ms, 5min, 2h or 1d, of at most 86400 s"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"sead": 1}, "unknown key 'sead' (did you mean 'seed'?)"),
        ({"q r": 1}, f"unknown key 'q r' (known: {TABLES})"),
        ({"seed": "1"}, "seed: expected a whole number from 0 to 9223372036854775807, got '1'"),
        ({"seed": True}, "seed: expected a whole number from 0 to 9223372036854775807, got true"),
        ({"seed": 16**5000}, "seed: expected a whole number from 0 to 9223372036854775807, got a huge number"),
        ({"seed": date(2024, 1, 1)}, "seed: expected a whole number from 0 to 9223372036854775807, got a date or time"),
        (
            {"access_point": {}},
            "access_point: expected a list of tables, [[access_point]] in a world file, got a table",
        ),
        ({"access_point": [1]}, "access_point#1: expected a table, got 1"),
        ({"access_point": [{}]}, "access_point#1: missing key 'ssid' (a text of 1 to 32 bytes)"),
        (access_point(ssid=""), "access_point#1.ssid: expected a text of 1 to 32 bytes, got 0 bytes"),
        (access_point(ssid="ä" * 17), "access_point#1.ssid: expected a text of 1 to 32 bytes, got 34 bytes"),
        (access_point(ssid=[]), "access_point#1.ssid: expected a text of 1 to 32 bytes, got a list"),
        (access_point(chanel=6), "access_point#1: unknown key 'chanel' (did you mean 'channel'?)"),
        (access_point(channel=15), "access_point#1.channel: expected a whole number from 1 to 14, got 15"),
        (access_point(channel=6.0), "access_point#1.channel: expected a whole number from 1 to 14, got 6.0"),
        (access_point(rssi=1), "access_point#1.rssi: expected a whole number from -100 to 0, got 1"),
        (access_point(rssi=-101), "access_point#1.rssi: expected a whole number from -100 to 0, got -101"),
        (access_point(hidden=1), "access_point#1.hidden: expected true or false, got 1"),
        (
            access_point(security="wpa2psk"),
            "access_point#1.security: unknown security 'wpa2psk' (did you mean 'wpa2-psk'?)",
        ),
        (access_point(security="?"), f"access_point#1.security: expected {ALL_SECURITIES}, got '?'"),
        (access_point(pmf=1), "access_point#1.pmf: expected one of 'off', 'capable', 'required', got 1"),
        (
            access_point(bssid="ca6f00000001"),
            f"access_point#1.bssid: expected {MAC}, got 'ca6f00000001'",
        ),
        (
            access_point(bssid="01:00:5e:00:00:01"),
            f"access_point#1.bssid: expected {UNICAST}, got '01:00:5e:00:00:01'",
        ),
        (access_point(subnet="here"), "access_point#1.subnet: expected a subnet like '192.168.3.0/24', got 'here'"),
        (
            access_point(subnet="192.168.3.0/33"),
            "access_point#1.subnet: expected a subnet like '192.168.3.0/24', got '192.168.3.0/33'",
        ),
        (
            access_point(subnet="192.168.3.5/24"),
            "access_point#1.subnet: expected '192.168.3.0/24', got '192.168.3.5/24'",
        ),
        (
            access_point(subnet="192.168.3.0/31"),
            "access_point#1.subnet: "
            "expected a prefix from /8 to /30, with room for the gateway and a station, got '192.168.3.0/31'",
        ),
        (
            access_point(subnet="127.0.0.0/24"),
            "access_point#1.subnet: expected a subnet of unicast addresses, not loopback, got '127.0.0.0/24'",
        ),
        (
            access_point(first_address="x"),
            "access_point#1.first_address: expected an IPv4 address like '192.168.3.112', got 'x'",
        ),
        ({"station": {}}, "station: expected a list of tables, [[station]] in a world file, got a table"),
        ({"station": [{"joins": "a"}]}, f"station#1: missing key 'mac' ({MAC})"),
        (station(joins=""), "station#1.joins: expected a text of 1 to 32 bytes, got 0 bytes"),
        ({"station": [{"mac": "02:00:00:00:00:01"}]}, "station#1: missing key 'joins' (a text of 1 to 32 bytes)"),
        (station(mac="02:00:00:00:01"), f"station#1.mac: expected {MAC}, got '02:00:00:00:01'"),
        (station(password="1234567"), "station#1.password: expected 8 to 63 bytes or none, got 7 bytes"),
        (station(password="x" * 64), "station#1.password: expected 8 to 63 bytes or none, got 64 bytes"),
        (station(password=12345678), "station#1.password: expected a text, got a number"),
        (station(address="192.168.4"), f"station#1.address: expected {STATION_ADDRESS}, got '192.168.4'"),
        (station(address="127.0.0.1"), f"station#1.address: expected {STATION_ADDRESS}, got '127.0.0.1'"),
        (station(address="255.255.255.255"), f"station#1.address: expected {STATION_ADDRESS}, got '255.255.255.255'"),
        (station(join="a"), "station#1: unknown key 'join' (did you mean 'joins'?)"),
        (
            station(mac="02:00:00:00:00:01") | access_point(bssid="02:00:00:00:00:01"),
            "access_point#1.bssid: expected an address of its own, got that of station#1",
        ),
        ({"module": "A"}, "module: expected a list of tables, [[module]] in a world file, got 'A'"),
        ({"module": [{"mac": "03:00:00:00:00:01"}]}, f"module#1.mac: expected {UNICAST}, got '03:00:00:00:00:01'"),
        (
            {"module": [{"dialect": "esp8266-v0.3"}]},
            "module#1.dialect: unknown dialect 'esp8266-v0.3' (did you mean 'esp8266-v0.30'?)",
        ),
        (
            {"module": [{"variant": "WROVER-3"}]},
            "module#1.variant: unknown variant 'WROVER-3' (did you mean 'WROVER-32'?)",
        ),
        (
            {"module": [{"dialect": "esp8266-v1.7", "variant": "MINI-1"}]},
            "module#1.variant: expected ESP8266, for esp8266-v1.7, got 'MINI-1'",
        ),
        ({"module": [{"flash": ""}]}, "module#1.flash: expected a path like 'esp.bin', got ''"),
        (
            {"module": [{"flash": "a1"}, {"flash": "a{n}"}]},
            "module#2.flash: expected a path of its own, got that of module#1",
        ),
        ({"module": [{"joined": "home"}]}, "module#1.joined: unknown access point 'home' (known: espressif)"),
        ({"module": [{"link": ""}]}, f"module#1.link: expected {LINK}, got ''"),
        ({"module": [{"link": 1}]}, f"module#1.link: expected {LINK}, got 1"),
        (
            {"module": [{"link": "a1"}, {"link": "a{n}"}]},
            "module#2.link: expected a path of its own, got that of module#1",
        ),
        (
            {"module": [{"mac": "02:00:00:00:00:01"}, {"mac": "02:00:00:00:00:02"}]},  # the softAP of the first
            "module#2.mac: expected an address of its own, got that of module#1",
        ),
        ({"hosts": []}, "hosts: expected a table, got a list"),
        ({"hosts": {"a b": "127.0.0.1"}}, f"hosts.\"a b\": expected {HOST}, got the key 'a b'"),
        ({"hosts": {"1.2.3.456": "127.0.0.1"}}, f"hosts.\"1.2.3.456\": expected {HOST}, got the key '1.2.3.456'"),
        ({"hosts": {"a:65536": "127.0.0.1"}}, f"hosts.\"a:65536\": expected {HOST}, got the key 'a:65536'"),
        ({"hosts": {"a:080": "127.0.0.1"}}, f"hosts.\"a:080\": expected {HOST}, got the key 'a:080'"),
        ({"hosts": {"a": "localhost"}}, f"hosts.a: expected {TARGET}, got 'localhost'"),
        ({"hosts": {"a": "127.0.0.1:x"}}, f"hosts.a: expected {TARGET}, got '127.0.0.1:x'"),
        (
            {"hosts": {"broker": {"example": "127.0.0.1"}}},
            "hosts.broker: expected a text behind a name in quotes ('broker.example.com' = '127.0.0.1'), got a table",
        ),
        (
            {"hosts": {"a.b": "127.0.0.1", "A.B": "127.0.0.1"}},
            'hosts."A.B": expected one entry, got a second one for the same name',
        ),
        ({"listen": {"port": {}}}, "listen: unknown key 'port' (did you mean 'ports'?)"),
        (
            {"listen": {"address": "::1"}},
            "listen.address: expected an IPv4 address of this machine like '127.0.0.1', got '::1'",
        ),
        ({"listen": {"ports": [80]}}, "listen.ports: expected a table, got a list"),
        ({"listen": {"ports": {"http": 1}}}, f"listen.ports.http: expected {PORT}, got the key 'http'"),
        ({"listen": {"ports": {"0": 1}}}, f"listen.ports.0: expected {PORT}, got the key '0'"),
        ({"listen": {"ports": {"80": 0}}}, f"listen.ports.80: expected {PORT}, got 0"),
        (
            {"listen": {"ports": {"80": 8080, "81": 8080}}},
            "listen.ports.81: expected a port of its own, got 8080, which another one has",
        ),
        ({"host": [{}]}, f"host#1: missing key 'address' ({HOST_ADDRESS})"),
        (host(address="example.com"), f"host#1.address: expected {HOST_ADDRESS}, got 'example.com'"),
        (host(address="127.0.0.1"), f"host#1.address: expected {HOST_ADDRESS}, got '127.0.0.1'"),
        (host(address="192.168.3.1"), f"host#1.address: expected {PLACES}, got '192.168.3.1'"),
        (host(address="192.168.3.255"), f"host#1.address: expected {PLACES}, got '192.168.3.255'"),
        (
            {"host": [{"address": "8.8.8.8"}, {"address": "8.8.8.8"}]},
            "host#2.address: expected an address of its own, got that of host#1",
        ),
        (
            {"host": [{"address": "8.8.8.8", "name": "dns"}, {"address": "8.8.4.4", "name": "DNS"}]},
            "host#2.name: expected a name of its own, got that of host#1",
        ),
        (host(name="a b"), "host#1.name: expected a name like 'broker.example.com', got 'a b'"),
        (host(name="10.0.0.1"), "host#1.name: expected a name like 'broker.example.com', got '10.0.0.1'"),
        (host(serves="tcp-echo 7"), "host#1.serves: expected a list like ['tcp-echo 7'], got 'tcp-echo 7'"),
        (host(serves=[7]), "host#1.serves#1: expected a service like 'tcp-echo 7', got 7"),
        (
            host(serves=["udp-echo", "tcp-ecco 7"]),
            "host#1.serves#2: unknown service 'tcp-ecco' (did you mean 'tcp-echo'?)",
        ),
        (host(serves=["gopher"]), f"host#1.serves#1: unknown service 'gopher' (known: {SERVICE_NAMES})"),
        (host(serves=["tcp-echo 0"]), f"host#1.serves#1: expected 'tcp-echo PORT' with {PORT}, got 'tcp-echo 0'"),
        (host(serves=["tcp-peer"]), f"host#1.serves#1: expected 'tcp-peer PORT' with {PORT}, got 'tcp-peer'"),
        (host(serves=["tcp-echo 7 8"]), "host#1.serves#1: expected 'tcp-echo [PORT]', got 'tcp-echo 7 8'"),
        (host(serves=["tcp-echo x=1"]), "host#1.serves#1: expected 'tcp-echo [PORT]', got 'tcp-echo x=1'"),
        (
            host(serves=["tcp-source 1 byte=1"]),
            "host#1.serves#1: expected 'tcp-source [PORT] [count=...]', got 'tcp-source 1 byte=1'",
        ),
        (
            host(serves=["tcp-source count=-1"]),
            "host#1.serves#1: expected 'count=' with a whole number from 0 to 1099511627776, got 'tcp-source count=-1'",
        ),
        (
            host(serves=["tcp-echo", "udp-echo", "tcp-peer 7"]),
            "host#1.serves#3: expected a port of its own, got tcp 7, which another service has",
        ),
        (host(time="noon"), f"host#1.time: expected {TIME}, got 'noon'"),
        (host(time="2026-01-01T00:00:00"), f"host#1.time: expected {TIME}, got '2026-01-01T00:00:00'"),
        (host(time=date(2026, 1, 1)), f"host#1.time: expected {TIME}, got a date or time"),
        (host(time="1969-12-31T23:59:59Z"), f"host#1.time: expected {TIME}, got '1969-12-31T23:59:59Z'"),
        (host(time="2104-01-01T00:00:00Z"), f"host#1.time: expected {TIME}, got '2104-01-01T00:00:00Z'"),
        ({"timing": {"joyn": 1}}, "timing: unknown key 'joyn' (did you mean 'join'?)"),
        ({"timing": {"join": "2.5"}}, f"timing.join: expected {DURATION}, got '2.5'"),
        ({"timing": {"join": "2d"}}, f"timing.join: expected {DURATION}, got '2d'"),
        ({"timing": {"join": -1}}, f"timing.join: expected {DURATION}, got -1"),
        ({"timing": {"join": float("nan")}}, f"timing.join: expected {DURATION}, got nan"),
        ({"timing": {"join": float("inf")}}, f"timing.join: expected {DURATION}, got inf"),
        ({"timing": {"join": False}}, f"timing.join: expected {DURATION}, got false"),
    ],
)
def test_a_mistake_names_the_key_what_was_found_and_what_would_be_right(document: dict[str, Any], message: str) -> None:
    assert mistakes(document) == [message]


def test_two_access_points_cannot_share_a_bssid() -> None:
    first, second = ({"ssid": "a", "bssid": text} for text in ("ca:6f:00:00:00:0a", "CA:6F:00:00:00:0A"))
    assert mistakes({"access_point": [first, second]}) == [
        "access_point#2.bssid: expected an address of its own, got that of access_point#1"
    ]


def test_what_was_found_stays_on_one_line_and_is_cut() -> None:
    assert mistakes({"a\nb": 1, "seed": "x\n" * 50}) == [
        f"unknown key 'a\\nb' (known: {TABLES})",
        "seed: expected a whole number from 0 to 9223372036854775807, got '" + "x\\n" * 40 + "'...",
    ]
