"""AT 0.30: Wi-Fi, exact bytes; what is in force and what is stored."""

from dataclasses import replace

import pytest

from espat.scenario.world.world import AccessPointConfiguration, StationConfiguration, World
from tests.texts import ERROR, JOIN, JOINED, OK
from tests.workbench import Workbench, workbench

OLD = "esp8266-v0.30"
BSSID = bytes.fromhex("ca6f00000001")
POINT = AccessPointConfiguration(b"espressif", b"1234567890", World().access_points[0].security, bssid=BSSID)
WORLD = World(access_points=(POINT,))
THREE = (b"", b"_CUR", b"_DEF")


async def run(bench: Workbench, *lines: bytes) -> None:
    for line in lines:
        assert await bench.command(line) == OK, line


@pytest.mark.parametrize("suffix", THREE)
async def test_modes(suffix: bytes) -> None:
    async with workbench(dialect=OLD) as bench:
        name = b"+CWMODE" + suffix
        assert await bench.command(b"AT%b=?" % name) == name + b":(1-3)\r\n" + OK
        assert await bench.command(b"AT%b?" % name) == name + b":2\r\n" + OK
        await run(bench, b"AT%b=3" % name, b"AT%b=3" % name)
        assert await bench.command(b"AT%b=0" % name) == ERROR
        assert await bench.command(b"AT%b=4" % name) == ERROR
        await bench.command(b"AT+RST")
        assert await bench.command(b"AT+CWMODE?") == b"+CWMODE:%d\r\n" % (2 if suffix == b"_CUR" else 3) + OK


async def test_what_is_in_force_and_what_is_stored() -> None:
    async with workbench(dialect=OLD) as bench:
        await run(bench, b"AT+CWMODE_DEF=1", b"AT+CWMODE_CUR=3")
        assert await bench.command(b"AT+CWMODE_DEF?") == b"+CWMODE_DEF:1\r\n" + OK
        assert await bench.command(b"AT+CWMODE_CUR?") == b"+CWMODE_CUR:3\r\n" + OK
        assert await bench.command(b"AT+CWMODE?") == b"+CWMODE:3\r\n" + OK


async def test_only_what_differs_is_written() -> None:
    async with workbench(dialect=OLD) as bench:
        store = bench.module.board.storage.settings
        await run(bench, b"AT+CWMODE_DEF=1")
        before = store.writes
        await run(bench, b"AT+CWMODE=1", b"AT+CWMODE_DEF=1", b"AT+CWMODE_CUR=3", b"AT+UART_CUR=9600,8,1,0,0")
        assert store.writes == before


@pytest.mark.parametrize("suffix", THREE)
async def test_joining(suffix: bytes) -> None:
    async with workbench(WORLD, dialect=OLD) as bench:
        name = b"+CWJAP" + suffix
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(b"AT%b?" % name) == b"No AP\r\n" + OK
        assert await bench.command(b'AT%b="espressif","1234567890"' % name) == JOINED
        assert await bench.command(b"AT%b?" % name) == name + b':"espressif","ca:6f:00:00:00:01",6,-45\r\n' + OK
        assert await bench.command(b"AT+CWQAP") == OK + b"WIFI DISCONNECT\r\n"
        assert await bench.command(b"AT%b?" % name) == b"No AP\r\n" + OK
        printed = await bench.command(b"AT+RST")
        assert printed == OK + b"\r\nready\r\n" + (b"" if suffix == b"_CUR" else b"WIFI CONNECTED\r\nWIFI GOT IP\r\n")


@pytest.mark.parametrize("suffix", THREE)
async def test_joining_fails_without_a_suffix_in_its_line(suffix: bytes) -> None:
    async with workbench(WORLD, dialect=OLD) as bench:
        await run(bench, b"AT+CWMODE=1")
        name = b"AT+CWJAP" + suffix
        assert await bench.command(name + b'="nobody","1234567890"') == b"+CWJAP:3\r\n\r\nFAIL\r\n"
        assert await bench.command(name + b'="espressif","wrong-one"') == b"+CWJAP:2\r\n\r\nFAIL\r\n"
        other = b'="espressif","1234567890","ca:6f:00:00:00:02"'
        assert await bench.command(name + other) == b"+CWJAP:3\r\n\r\nFAIL\r\n"
        assert await bench.command(name + b'="espressif"') == ERROR


@pytest.mark.parametrize("dialect", [OLD, "esp8266-v1.7"])
async def test_without_an_address_it_leaves_behind_fail(dialect: str) -> None:
    world = World(access_points=(replace(POINT, dhcp=False),))
    async with workbench(world, dialect=dialect) as bench:
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(JOIN) == b"WIFI CONNECTED\r\n"
        assert await bench.advance(15) == b"+CWJAP:1\r\n\r\nFAIL\r\nWIFI DISCONNECT\r\n"
        assert await bench.advance(60) == b""


async def test_joining_needs_a_station() -> None:
    async with workbench(WORLD, dialect=OLD) as bench:
        assert await bench.command(JOIN) == ERROR


async def test_joining_again_leaves_first() -> None:
    async with workbench(WORLD, dialect=OLD) as bench:
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(JOIN) == b"WIFI DISCONNECT\r\n" + JOINED


async def test_a_lost_access_point_is_joined_again() -> None:
    async with workbench(WORLD, dialect=OLD) as bench:
        await run(bench, b"AT+CWMODE=1")
        await bench.command(JOIN)
        point = bench.simulation.access_point(b"espressif")
        point.deauthenticate()
        assert await bench.settle() == b"WIFI DISCONNECT\r\n"
        assert await bench.advance(2) == b"WIFI CONNECTED\r\nWIFI GOT IP\r\n"


async def test_not_joining_at_power_on() -> None:
    async with workbench(WORLD, dialect=OLD) as bench:
        await run(bench, b"AT+CWMODE=1")
        await bench.command(JOIN)
        await run(bench, b"AT+CWAUTOCONN=0")
        assert (await bench.command(b"AT+RST")).endswith(b"\r\nready\r\n")
        assert await bench.command(b"AT+CWAUTOCONN?") == ERROR


async def test_scanning_has_six_fields() -> None:
    line = b'+CWLAP:(3,"espressif",-45,"ca:6f:00:00:00:01",6,0)\r\n'
    async with workbench(WORLD, dialect=OLD) as bench:
        assert await bench.command(b"AT+CWLAP") == ERROR
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(b"AT+CWLAP") == line + OK
        assert await bench.command(b'AT+CWLAP="espressif"') == line + OK
        assert await bench.command(b'AT+CWLAP="espressif","ca:6f:00:00:00:01",6') == line + OK
        assert await bench.command(b'AT+CWLAP="nobody"') == OK


@pytest.mark.parametrize("suffix", THREE)
async def test_the_softap(suffix: bytes) -> None:
    world = World(modules=())
    async with workbench(world, dialect=OLD) as bench:
        name = b"+CWSAP" + suffix
        station = bench.module.board.mac
        default = b':"ESP_%b","",1,0\r\n' % station[3:].hex().upper().encode()
        assert await bench.command(b"AT%b?" % name) == name + default + OK
        await run(bench, b'AT%b="ESP8266","1234567890",5,3' % name)
        assert await bench.command(b"AT%b?" % name) == name + b':"ESP8266","1234567890",5,3\r\n' + OK
        for wrong in (
            b'"lab","1234567",5,3',
            b'"lab","12345678",5,1',
            b'"lab","12345678",5',
            b'"lab","12345678",5,3,4',
        ):
            assert await bench.command(b"AT%b=%b" % (name, wrong)) == ERROR
        await bench.command(b"AT+RST")
        kept = default if suffix == b"_CUR" else b':"ESP8266","1234567890",5,3\r\n'
        assert await bench.command(b"AT+CWSAP?") == b"+CWSAP" + kept + OK
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(b'AT%b="ESP8266","1234567890",5,3' % name) == ERROR


async def test_stations_of_the_softap_are_listed_and_not_reported() -> None:
    phone = StationConfiguration(bytes.fromhex("f887f10f353b"), b"ESP8266", b"1234567890")
    async with workbench(World(stations=(phone,)), dialect=OLD) as bench:
        assert await bench.command(b"AT+CWLIF") == OK
        assert await bench.command(b'AT+CWSAP="ESP8266","1234567890",5,3') == OK
        assert await bench.settle() == b""
        assert await bench.command(b"AT+CWLIF") == b"192.168.4.2,f8:87:f1:0f:35:3b\r\n" + OK


@pytest.mark.parametrize("suffix", THREE)
async def test_dhcp(suffix: bytes) -> None:
    async with workbench(dialect=OLD) as bench:
        name = b"+CWDHCP" + suffix
        assert await bench.command(b"AT%b?" % name) == name + b":3" + OK
        await run(bench, b"AT%b=0,0" % name)
        assert await bench.command(b"AT%b?" % name) == name + b":2" + OK
        await run(bench, b"AT%b=2,0" % name)
        assert await bench.command(b"AT%b?" % name) == name + b":0" + OK
        await run(bench, b"AT%b=1,1" % name)
        assert await bench.command(b"AT%b?" % name) == name + b":2" + OK
        assert await bench.command(b"AT%b=3,1" % name) == ERROR
        await bench.command(b"AT+RST")
        assert await bench.command(b"AT+CWDHCP?") == b"+CWDHCP:%d" % (3 if suffix == b"_CUR" else 2) + OK
