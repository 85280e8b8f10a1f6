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
        ({"password": "1234567"}, f"found 7 bytes; {PSK}, as security is wpa2-psk,"),
        ({"security": "wpa3-psk", "password": "x" * 64}, f"found 64 bytes; {PSK}, as security is wpa3-psk,"),
        ({"security": "wpa2-psk"}, f"found nothing; {PSK}, as security is wpa2-psk,"),
        ({"security": "wep", "password": "123456"}, f"found 6 bytes; {WEP}, as security is wep,"),
        ({"security": "wep", "password": "012345678x"}, f"found 10 bytes; {WEP}, as security is wep,"),
        ({"security": "wep"}, f"found nothing; {WEP}, as security is wep,"),
        ({"security": "open", "password": "12345678"}, "found 8 bytes; no password, as security is open,"),
        ({"security": "owe", "password": "12345678"}, "found 8 bytes; no password, as security is owe,"),
        ({"security": "dpp", "password": "12345678"}, "found 8 bytes; no password, as security is dpp,"),
        ({"password": 12345678}, "found a number; a string"),
    ],
)
def test_passwords_that_do_not_fit_are_not_shown(fields: dict[str, object], message: str) -> None:
    assert mistakes(access_point(**fields)) == [f"access_point#1.password: {message} would be right"]


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
            f'access_point#1.first_address: found "{first}"; '
            "an address from 192.168.3.2 to 192.168.3.254 would be right"
        ]


HOST_ADDRESS = 'an IPv4 address like "192.168.3.50"'
PLACES = "an address from 192.168.3.2 to 192.168.3.254, or of another network,"
PORT = "a whole number from 1 to 65535"
SERVICE_NAMES = "one of " + ", ".join(f'"{name}"' for name in SERVICES)
TIME = 'a time like "2026-01-01T00:00:00Z", from 1970 to 2103'
TABLES = "one of seed, access_point, station, module, host, hosts, listen, timing"
MAC = 'a station address like "ca:6f:00:00:00:01"'
UNICAST = "a unicast address (the first byte even, not all zero)"
STATION_ADDRESS = 'an IPv4 address like "192.168.4.2"'
ALL_SECURITIES = "one of " + ", ".join(f'"{name}"' for name in SECURITIES)
HOST = "an IPv4 address or a name, with :port (1..65535) or without"
TARGET = 'an IPv4 address, with a port or without, like "127.0.0.1:8080"'
LINK = 'a path like "./ttyESP{n}", or a URI like "tcp:127.0.0.1:9000"'
DURATION = '"2.5s", "120ms" or a number of seconds, from 0 to 86400 s'


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"sead": 1}, "sead: found an unknown key; seed"),
        ({"q r": 1}, '"q r": found an unknown key; ' + TABLES),
        ({"seed": "1"}, 'seed: found "1"; a whole number from 0 to 9223372036854775807'),
        ({"seed": True}, "seed: found true; a whole number from 0 to 9223372036854775807"),
        ({"seed": 16**5000}, "seed: found a huge number; a whole number from 0 to 9223372036854775807"),
        ({"seed": date(2024, 1, 1)}, "seed: found a date or time; a whole number from 0 to 9223372036854775807"),
        ({"access_point": {}}, "access_point: found a table; [[access_point]], in double brackets,"),
        ({"access_point": [1]}, "access_point#1: found 1; a table"),
        ({"access_point": [{}]}, "access_point#1.ssid: found nothing; a string of 1 to 32 bytes"),
        (access_point(ssid=""), "access_point#1.ssid: found 0 bytes; a string of 1 to 32 bytes"),
        (access_point(ssid="ä" * 17), "access_point#1.ssid: found 34 bytes; a string of 1 to 32 bytes"),
        (access_point(ssid=[]), "access_point#1.ssid: found an array; a string of 1 to 32 bytes"),
        (access_point(chanel=6), "access_point#1.chanel: found an unknown key; channel"),
        (access_point(channel=15), "access_point#1.channel: found 15; a whole number from 1 to 14"),
        (access_point(channel=6.0), "access_point#1.channel: found 6.0; a whole number from 1 to 14"),
        (access_point(rssi=1), "access_point#1.rssi: found 1; a whole number from -100 to 0"),
        (access_point(rssi=-101), "access_point#1.rssi: found -101; a whole number from -100 to 0"),
        (access_point(hidden=1), "access_point#1.hidden: found 1; true or false"),
        (access_point(security="wpa2psk"), 'access_point#1.security: found "wpa2psk"; "wpa2-psk"'),
        (access_point(security="?"), f'access_point#1.security: found "?"; {ALL_SECURITIES}'),
        (access_point(pmf=1), 'access_point#1.pmf: found 1; one of "off", "capable", "required"'),
        (
            access_point(bssid="ca6f00000001"),
            'access_point#1.bssid: found "ca6f00000001"; a station address like "ca:6f:00:00:00:01"',
        ),
        (
            access_point(bssid="01:00:5e:00:00:01"),
            'access_point#1.bssid: found "01:00:5e:00:00:01"; a unicast address (the first byte even, not all zero)',
        ),
        (access_point(subnet="here"), 'access_point#1.subnet: found "here"; a subnet like "192.168.3.0/24"'),
        (
            access_point(subnet="192.168.3.0/33"),
            'access_point#1.subnet: found "192.168.3.0/33"; a subnet like "192.168.3.0/24"',
        ),
        (access_point(subnet="192.168.3.5/24"), 'access_point#1.subnet: found "192.168.3.5/24"; "192.168.3.0/24"'),
        (
            access_point(subnet="192.168.3.0/31"),
            'access_point#1.subnet: found "192.168.3.0/31"; '
            "a prefix from /8 to /30, with room for the gateway and a station",
        ),
        (
            access_point(subnet="127.0.0.0/24"),
            'access_point#1.subnet: found "127.0.0.0/24"; a subnet of unicast addresses, not loopback',
        ),
        (
            access_point(first_address="x"),
            'access_point#1.first_address: found "x"; an IPv4 address like "192.168.3.112"',
        ),
        ({"station": {}}, "station: found a table; [[station]], in double brackets,"),
        ({"station": [{"joins": "a"}]}, f"station#1.mac: found nothing; {MAC}"),
        (station(joins=""), "station#1.joins: found 0 bytes; a string of 1 to 32 bytes"),
        ({"station": [{"mac": "02:00:00:00:00:01"}]}, "station#1.joins: found nothing; a string of 1 to 32 bytes"),
        (station(mac="02:00:00:00:01"), f'station#1.mac: found "02:00:00:00:01"; {MAC}'),
        (station(password="1234567"), "station#1.password: found 7 bytes; 8 to 63 bytes or none"),
        (station(password="x" * 64), "station#1.password: found 64 bytes; 8 to 63 bytes or none"),
        (station(password=12345678), "station#1.password: found a number; a string"),
        (station(address="192.168.4"), f'station#1.address: found "192.168.4"; {STATION_ADDRESS}'),
        (station(address="127.0.0.1"), f'station#1.address: found "127.0.0.1"; {STATION_ADDRESS}'),
        (station(address="255.255.255.255"), f'station#1.address: found "255.255.255.255"; {STATION_ADDRESS}'),
        (station(join="a"), "station#1.join: found an unknown key; joins"),
        (
            station(mac="02:00:00:00:00:01") | access_point(bssid="02:00:00:00:00:01"),
            "access_point#1.bssid: found that of station#1; an address of its own",
        ),
        ({"module": "A"}, 'module: found "A"; [[module]], in double brackets,'),
        ({"module": [{"mac": "03:00:00:00:00:01"}]}, f'module#1.mac: found "03:00:00:00:00:01"; {UNICAST}'),
        (
            {"module": [{"dialect": "esp8266-v0.3"}]},
            'module#1.dialect: found "esp8266-v0.3"; "esp8266-v0.30"',
        ),
        ({"module": [{"variant": "WROVER-3"}]}, 'module#1.variant: found "WROVER-3"; "WROVER-32"'),
        (
            {"module": [{"dialect": "esp8266-v1.7", "variant": "MINI-1"}]},
            'module#1.variant: found "MINI-1"; for esp8266-v1.7 ESP8266',
        ),
        ({"module": [{"flash": ""}]}, 'module#1.flash: found ""; a path like "esp.bin"'),
        ({"module": [{"flash": "a1"}, {"flash": "a{n}"}]}, "module#2.flash: found that of module#1; a path of its own"),
        ({"module": [{"joined": "home"}]}, 'module#1.joined: found "home"; "espressif"'),
        ({"module": [{"link": ""}]}, f'module#1.link: found ""; {LINK}'),
        ({"module": [{"link": 1}]}, f"module#1.link: found 1; {LINK}"),
        ({"module": [{"link": "a1"}, {"link": "a{n}"}]}, "module#2.link: found that of module#1; a path of its own"),
        (
            {"module": [{"mac": "02:00:00:00:00:01"}, {"mac": "02:00:00:00:00:02"}]},  # the softAP of the first
            "module#2.mac: found that of module#1; an address of its own",
        ),
        ({"hosts": []}, "hosts: found an array; a table"),
        ({"hosts": {"a b": "127.0.0.1"}}, f'hosts."a b": found the key "a b"; {HOST}'),
        ({"hosts": {"1.2.3.456": "127.0.0.1"}}, f'hosts."1.2.3.456": found the key "1.2.3.456"; {HOST}'),
        ({"hosts": {"a:65536": "127.0.0.1"}}, f'hosts."a:65536": found the key "a:65536"; {HOST}'),
        ({"hosts": {"a:080": "127.0.0.1"}}, f'hosts."a:080": found the key "a:080"; {HOST}'),
        ({"hosts": {"a": "localhost"}}, f'hosts.a: found "localhost"; {TARGET}'),
        ({"hosts": {"a": "127.0.0.1:x"}}, f'hosts.a: found "127.0.0.1:x"; {TARGET}'),
        (
            {"hosts": {"broker": {"example": "127.0.0.1"}}},
            'hosts.broker: found a table; a string behind a name in quotes ("broker.example.com" = "127.0.0.1")',
        ),
        (
            {"hosts": {"a.b": "127.0.0.1", "A.B": "127.0.0.1"}},
            'hosts."A.B": found a second entry for the same name; one entry',
        ),
        ({"listen": {"port": {}}}, "listen.port: found an unknown key; ports"),
        (
            {"listen": {"address": "::1"}},
            'listen.address: found "::1"; an IPv4 address of this machine like "127.0.0.1"',
        ),
        ({"listen": {"ports": [80]}}, "listen.ports: found an array; a table"),
        ({"listen": {"ports": {"http": 1}}}, 'listen.ports.http: found the key "http"; a whole number from 1 to 65535'),
        ({"listen": {"ports": {"0": 1}}}, 'listen.ports.0: found the key "0"; a whole number from 1 to 65535'),
        ({"listen": {"ports": {"80": 0}}}, "listen.ports.80: found 0; a whole number from 1 to 65535"),
        (
            {"listen": {"ports": {"80": 8080, "81": 8080}}},
            "listen.ports.81: found 8080, which another port has; a port of its own",
        ),
        ({"host": [{}]}, f"host#1.address: found nothing; {HOST_ADDRESS}"),
        (host(address="example.com"), f'host#1.address: found "example.com"; {HOST_ADDRESS}'),
        (host(address="127.0.0.1"), f'host#1.address: found "127.0.0.1"; {HOST_ADDRESS}'),
        (host(address="192.168.3.1"), f'host#1.address: found "192.168.3.1"; {PLACES}'),
        (host(address="192.168.3.255"), f'host#1.address: found "192.168.3.255"; {PLACES}'),
        (
            {"host": [{"address": "8.8.8.8"}, {"address": "8.8.8.8"}]},
            "host#2.address: found that of host#1; an address of its own",
        ),
        (
            {"host": [{"address": "8.8.8.8", "name": "dns"}, {"address": "8.8.4.4", "name": "DNS"}]},
            "host#2.name: found that of host#1; a name of its own",
        ),
        (host(name="a b"), 'host#1.name: found "a b"; a name like "broker.example.com"'),
        (host(name="10.0.0.1"), 'host#1.name: found "10.0.0.1"; a name like "broker.example.com"'),
        (host(serves="tcp-echo 7"), 'host#1.serves: found "tcp-echo 7"; an array like ["tcp-echo 7"]'),
        (host(serves=[7]), 'host#1.serves#1: found 7; a service like "tcp-echo 7"'),
        (host(serves=["udp-echo", "tcp-ecco 7"]), 'host#1.serves#2: found "tcp-ecco 7"; "tcp-echo"'),
        (host(serves=["gopher"]), f'host#1.serves#1: found "gopher"; {SERVICE_NAMES}'),
        (host(serves=["tcp-echo 0"]), f'host#1.serves#1: found "tcp-echo 0"; "tcp-echo PORT" with {PORT}'),
        (host(serves=["tcp-peer"]), f'host#1.serves#1: found "tcp-peer"; "tcp-peer PORT" with {PORT}'),
        (host(serves=["tcp-echo 7 8"]), 'host#1.serves#1: found "tcp-echo 7 8"; "tcp-echo [PORT]"'),
        (host(serves=["tcp-echo x=1"]), 'host#1.serves#1: found "tcp-echo x=1"; "tcp-echo [PORT]"'),
        (
            host(serves=["tcp-source 1 byte=1"]),
            'host#1.serves#1: found "tcp-source 1 byte=1"; "tcp-source [PORT] [count=...]"',
        ),
        (
            host(serves=["tcp-source count=-1"]),
            'host#1.serves#1: found "tcp-source count=-1"; "count=" with a whole number from 0 to 1099511627776',
        ),
        (
            host(serves=["tcp-echo", "udp-echo", "tcp-peer 7"]),
            "host#1.serves#3: found tcp 7, which another service has; a port of its own",
        ),
        (host(time="noon"), f'host#1.time: found "noon"; {TIME}'),
        (host(time="2026-01-01T00:00:00"), f'host#1.time: found "2026-01-01T00:00:00"; {TIME}'),
        (host(time=date(2026, 1, 1)), f"host#1.time: found a date or time; {TIME}"),
        (host(time="1969-12-31T23:59:59Z"), f'host#1.time: found "1969-12-31T23:59:59Z"; {TIME}'),
        (host(time="2104-01-01T00:00:00Z"), f'host#1.time: found "2104-01-01T00:00:00Z"; {TIME}'),
        ({"timing": {"joyn": 1}}, "timing.joyn: found an unknown key; join"),
        ({"timing": {"join": "2.5"}}, f'timing.join: found "2.5"; {DURATION}'),
        ({"timing": {"join": "1min"}}, f'timing.join: found "1min"; {DURATION}'),
        ({"timing": {"join": -1}}, f"timing.join: found -1; {DURATION}"),
        ({"timing": {"join": float("nan")}}, f"timing.join: found nan; {DURATION}"),
        ({"timing": {"join": float("inf")}}, f"timing.join: found inf; {DURATION}"),
        ({"timing": {"join": False}}, f"timing.join: found false; {DURATION}"),
    ],
)
def test_a_mistake_names_the_key_what_was_found_and_what_would_be_right(document: dict[str, Any], message: str) -> None:
    assert mistakes(document) == [f"{message} would be right"]


def test_two_access_points_cannot_share_a_bssid() -> None:
    first, second = ({"ssid": "a", "bssid": text} for text in ("ca:6f:00:00:00:0a", "CA:6F:00:00:00:0A"))
    assert mistakes({"access_point": [first, second]}) == [
        "access_point#2.bssid: found that of access_point#1; an address of its own would be right"
    ]


def test_what_was_found_stays_on_one_line_and_is_cut() -> None:
    assert mistakes({"a\nb": 1, "seed": "x\n" * 50}) == [
        f'"a\\nb": found an unknown key; {TABLES} would be right',
        'seed: found "' + "x\\n" * 20 + '..."; a whole number from 0 to 9223372036854775807 would be right',
    ]
