"""AT 0.30: addresses, exact bytes; what is in force and what is stored."""

import pytest

from espat.radio.softap import SoftAp
from tests.commands.esp8266.test_wifi import THREE, WORLD, run
from tests.texts import ERROR, JOIN, OK
from tests.workbench import workbench

OLD = "esp8266-v0.30"
ERASED = b'"ff:ff:ff:ff:ff:ff"\r\n'
NO_SOFTAP = b':"0.0.0.0","0.0.0.0","0.0.0.0"\r\n'


@pytest.mark.parametrize("suffix", THREE)
@pytest.mark.parametrize("side", [b"STA", b"AP"])
async def test_mac_addresses(side: bytes, suffix: bytes) -> None:
    async with workbench(WORLD, dialect=OLD) as bench:
        name = b"+CIP%bMAC%b" % (side, suffix)
        station = bench.module.board.mac
        own = station if side == b"STA" else bytes([station[0] | 2]) + station[1:]
        factory = b'"%b"\r\n' % own.hex(":").encode()
        stored = b"+CIP%bMAC_DEF" % side
        shown = ERASED if suffix == b"_DEF" else factory
        assert await bench.command(b"AT%b?" % name) == name + b":" + shown + OK
        await run(bench, b'AT%b="18:fe:35:98:d3:7b"' % name)
        assert await bench.command(b"AT%b?" % name) == name + b':"18:fe:35:98:d3:7b"\r\n' + OK
        assert await bench.command(b'AT%b="18:fe:35:98:d3"' % name) == ERROR
        kept = ERASED if suffix == b"_CUR" else b'"18:fe:35:98:d3:7b"\r\n'
        assert await bench.command(b"AT%b?" % stored) == stored + b":" + kept + OK


@pytest.mark.parametrize("suffix", THREE)
async def test_station_and_softap_never_have_the_same_mac(suffix: bytes) -> None:
    async with workbench(WORLD, dialect=OLD) as bench:
        await run(bench, b'AT+CIPSTAMAC="18:fe:35:98:d3:7b"', b'AT+CIPAPMAC="1a:fe:35:98:d3:7b"')
        assert await bench.command(b'AT+CIPAPMAC%b="18:fe:35:98:d3:7b"' % suffix) == ERROR
        assert await bench.command(b'AT+CIPSTAMAC%b="1a:fe:35:98:d3:7b"' % suffix) == ERROR


@pytest.mark.parametrize("suffix", THREE)
async def test_the_address_of_the_station(suffix: bytes) -> None:
    async with workbench(WORLD, dialect=OLD) as bench:
        name = b"+CIPSTA" + suffix
        assert await bench.command(b"AT%b?" % name) == name + b':"0.0.0.0"\r\n' + OK
        await run(bench, b"AT+CWMODE=1")
        await bench.command(JOIN)
        assert await bench.command(b"AT+CIPSTA?") == b'+CIPSTA:"192.168.3.112"\r\n' + OK
        assert await bench.command(b"AT+CIPSTA_DEF?") == b'+CIPSTA_DEF:"0.0.0.0"\r\n' + OK
        printed = await bench.command(b'AT%b="192.168.3.50","192.168.3.1","255.255.255.0"' % name)
        assert printed == b"WIFI GOT IP\r\n" + OK
        assert await bench.command(b"AT%b?" % name) == name + b':"192.168.3.50"\r\n' + OK
        assert await bench.command(b"AT+CWDHCP?") == b"+CWDHCP:1" + OK
        stored = b"0.0.0.0" if suffix == b"_CUR" else b"192.168.3.50"
        assert await bench.command(b"AT+CIPSTA_DEF?") == b'+CIPSTA_DEF:"%b"\r\n' % stored + OK
        assert await bench.command(b'AT%b="192.168.3.51","192.168.3.1"' % name) == ERROR


@pytest.mark.parametrize("suffix", THREE)
async def test_the_address_of_the_softap(suffix: bytes) -> None:
    async with workbench(dialect=OLD) as bench:
        name = b"+CIPAP" + suffix
        default = b':"192.168.4.1","192.168.4.1","255.255.255.0"\r\n'
        shown = NO_SOFTAP if suffix == b"_DEF" else default
        assert await bench.command(b"AT%b?" % name) == name + shown + OK
        await run(bench, b'AT%b="192.168.5.1","192.168.5.1","255.255.255.0"' % name)
        moved = b':"192.168.5.1","192.168.5.1","255.255.255.0"\r\n'
        assert await bench.command(b"AT%b?" % name) == name + moved + OK
        assert await bench.command(b"AT+CWDHCP?") == b"+CWDHCP:2" + OK
        kept = NO_SOFTAP if suffix == b"_CUR" else moved
        assert await bench.command(b"AT+CIPAP_DEF?") == b"+CIPAP_DEF" + kept + OK
        assert await bench.command(b'AT%b="10.0.0.1","10.0.0.1","255.255.255.0"' % name) == ERROR
        assert await bench.command(b'AT%b="192.168.6.1"' % name) == (OK if suffix else ERROR)


@pytest.mark.parametrize("suffix", THREE)
async def test_a_softap_that_is_off_has_no_address(suffix: bytes) -> None:
    async with workbench(dialect=OLD) as bench:
        name = b"+CIPAP" + suffix
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(b"AT%b?" % name) == name + NO_SOFTAP + OK
        await run(bench, b"AT+CWMODE=2")
        shown = NO_SOFTAP if suffix == b"_DEF" else b':"192.168.4.1","192.168.4.1","255.255.255.0"\r\n'
        assert await bench.command(b"AT%b?" % name) == name + shown + OK


async def test_dhcp_gives_the_softap_its_own_address_back() -> None:
    async with workbench(dialect=OLD) as bench:
        await run(bench, b'AT+CIPAP_DEF="192.168.5.1"', b"AT+CWDHCP_DEF=0,1")
        assert await bench.command(b"AT+CIPAP_DEF?") == b"+CIPAP_DEF" + NO_SOFTAP + OK
        assert await bench.command(b"AT+CIPAP?") == b'+CIPAP:"192.168.4.1","192.168.4.1","255.255.255.0"\r\n' + OK


async def test_the_addresses_of_all_interfaces() -> None:
    async with workbench(WORLD, dialect=OLD) as bench:
        station, softap = bench.module.board.mac.hex(":").encode(), bench.module[SoftAp].mac.hex(":").encode()
        of_softap = b'+CIFSR:APIP,"192.168.4.1"\r\n+CIFSR:APMAC,"%b"\r\n' % softap
        assert await bench.command(b"AT+CIFSR") == of_softap + OK
        await run(bench, b"AT+CWMODE=3")
        of_station = b'+CIFSR:STAIP,"0.0.0.0"\r\n+CIFSR:STAMAC,"%b"\r\n' % station
        assert await bench.command(b"AT+CIFSR") == of_softap + of_station + OK
        await bench.command(JOIN)
        assert b'+CIFSR:STAIP,"192.168.3.112"\r\n' in await bench.command(b"AT+CIFSR")
