"""Joining an access point: what works, what fails and why, and which one is taken."""

import pytest

from espat.radio.security import SECURITIES
from espat.scenario.world.world import AccessPointConfiguration
from tests.stations import BSSID, among, router, state
from tests.texts import BUSY, CONNECTED, JOIN, JOINED, LOST, OK


async def test_join_and_leave() -> None:
    async with among(router(bssid=BSSID)) as bench:
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+CWJAP?") == (
            b'+CWJAP:"espressif","ca:6f:00:00:00:01",6,-45,0,1,3,0,1\r\n\r\nOK\r\n'
        )
        assert await bench.command(b"AT+CWSTATE?") == b'+CWSTATE:2,"espressif"\r\n\r\nOK\r\n'
        assert await bench.command(b"AT+CWQAP") == LOST + OK
        assert await bench.command(b"AT+CWJAP?") == b"No AP\r\nOK\r\n"
        assert await bench.command(b"AT+CWSTATE?") == b'+CWSTATE:4,"espressif"\r\n\r\nOK\r\n'
        assert await bench.command(b"AT+CWQAP") == OK
        assert await bench.command(b"AT+CWJAP") == JOINED


async def test_every_parameter_shows_in_the_query() -> None:
    async with among(router(bssid=BSSID, protection=1)) as bench:
        line = b'AT+CWJAP="espressif","1234567890","CA:6F:00:00:00:01",1,100,10,1,30,3'
        assert await bench.command(line) == JOINED
        assert await bench.command(b"AT+CWJAP?") == (
            b'+CWJAP:"espressif","ca:6f:00:00:00:01",6,-45,1,100,10,1,3\r\n\r\nOK\r\n'
        )
        assert await bench.command(b"AT+CWRECONNCFG?") == b"+CWRECONNCFG:100,0\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+CWCONFIG?") == b"+CWCONFIG:300,6,10\r\n\r\nOK\r\n"


async def test_the_address_comes_some_time_after_the_association() -> None:
    async with among(router(), join=2.0, lease=0.63) as bench:
        assert await bench.command(JOIN) == b""
        assert await bench.advance(1.9) == b""
        assert await bench.advance(0.1) == b"WIFI CONNECTED\r\n"
        assert await bench.send(b"AT+CWSTATE?\r\n") == BUSY
        assert await bench.advance(0.63) == b"WIFI GOT IP\r\n" + OK


async def test_input_during_a_join_is_refused_and_not_echoed() -> None:
    async with among(router(), join=2.0) as bench:
        assert await bench.command(JOIN) == b""
        assert await bench.send(b"AT\r\n", b"AT+CWMODE?\r\n", b"x") == BUSY * 3
        assert await bench.advance(2.0) == JOINED
        assert await bench.settle() == b""


async def test_special_characters_are_escaped_in_the_command_and_raw_in_the_query() -> None:
    async with among(router(b'ab\\,"c', b'0123,"\\56', bssid=BSSID)) as bench:
        assert await bench.command(rb'AT+CWJAP="ab\\\,\"c","0123\,\"\\56"') == JOINED
        assert await bench.command(b"AT+CWJAP?") == (
            b'+CWJAP:"ab\\,"c","ca:6f:00:00:00:01",6,-45,0,1,3,0,1\r\n\r\nOK\r\n'
        )


async def test_the_name_may_be_any_bytes() -> None:
    name = "地空导航".encode()
    async with among(router(name, b"", "open", bssid=BSSID)) as bench:
        assert await bench.command(b'AT+CWJAP="%b"' % name) == JOINED
        assert (await bench.command(b"AT+CWSTATE?")) == b'+CWSTATE:2,"%b"\r\n\r\nOK\r\n' % name


@pytest.mark.parametrize("name", [name for name, security in SECURITIES.items() if security.personal])
async def test_securities_that_a_password_opens(name: str) -> None:
    password = b"1234567890" if SECURITIES[name].encrypted else b""
    async with among(router(b"espressif", password, name)) as bench:
        assert await bench.command(JOIN) == JOINED


# Failing


@pytest.mark.parametrize(
    ("point", "line", "error"),
    [
        (router(), b'AT+CWJAP="espressif","12345678"', 2),
        (router(), b'AT+CWJAP="espressif"', 2),
        (router(), b'AT+CWJAP="nowhere","1234567890"', 3),
        (router(), b'AT+CWJAP="Espressif","1234567890"', 3),
        (router(), b'AT+CWJAP="espressif","1234567890","ca:6f:00:00:00:09"', 3),
        (router(up=False), JOIN, 3),
        (router(channel=14), JOIN, 3),
        (router(b"cafe", b"", "open"), b'AT+CWJAP="cafe",,,1', 3),
        (router(b"cafe", b"12345", "wep"), b'AT+CWJAP="cafe","12345",,1', 3),
        (router(security="wapi-psk"), JOIN, 4),
        (router(b"espressif", b"", "wpa2-enterprise"), JOIN, 4),
        (router(b"espressif", b"", "dpp"), JOIN, 4),
        (router(protection=2), JOIN + b",,,,,,,0", 4),
        (router(), JOIN + b",,,,,,,2", 4),
    ],
)
async def test_a_failing_join_names_its_reason(point: AccessPointConfiguration, line: bytes, error: int) -> None:
    async with among(point) as bench:
        assert await bench.command(line) == b"+CWJAP:%d\r\n\r\nERROR\r\n" % error
        assert await state(bench) == 4
        assert await bench.advance(100) == b""


async def test_pci_authentication_passes_over_an_open_twin() -> None:
    open_twin = router(b"espressif", b"", "open", channel=1)
    async with among(open_twin, router(bssid=BSSID)) as bench:
        assert await bench.command(JOIN + b",,1") == JOINED
        assert b"ca:6f:00:00:00:01" in await bench.command(b"AT+CWJAP?")


@pytest.mark.parametrize(("limit", "seconds"), [(b"", 15), (b",,,,,,3", 3), (b",,,,,,600", 600)])
async def test_a_join_without_an_address_times_out(limit: bytes, seconds: int) -> None:
    async with among(router(dhcp=False)) as bench:
        assert await bench.command(JOIN + limit) == b"WIFI CONNECTED\r\n"
        assert await bench.advance(seconds - 0.1) == b""
        assert await bench.advance(0.1) == LOST + b"+CWJAP:1\r\n\r\nERROR\r\n"
        assert await state(bench) == 4
        assert await bench.command(b"AT+CWJAP") == b"WIFI CONNECTED\r\n"  # within the last limit
        assert await bench.advance(seconds - 0.1) == b""
        assert await bench.advance(0.1) == LOST + b"+CWJAP:1\r\n\r\nERROR\r\n"


async def test_a_join_that_takes_too_long_times_out_without_a_word() -> None:
    async with among(router(), join=20.0) as bench:
        assert await bench.command(JOIN) == b""
        assert await bench.advance(15) == b"+CWJAP:1\r\n\r\nERROR\r\n"
        assert await bench.command(b"AT+CWJAP") == b""
        assert await bench.advance(14.9) == b""
        assert await bench.advance(0.1) == b"+CWJAP:1\r\n\r\nERROR\r\n"
        assert await bench.advance(100) == b""


async def test_a_join_while_joined_drops_the_old_network_first() -> None:
    async with among(router(), router(b"other", b"87654321")) as bench:
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b'AT+CWJAP="other","87654321"') == LOST + JOINED
        assert await bench.command(b'AT+CWJAP="nowhere"') == LOST + b"+CWJAP:3\r\n\r\nERROR\r\n"
        assert await bench.command(b"AT+CWSTATE?") == b'+CWSTATE:4,"nowhere"\r\n\r\nOK\r\n'


async def test_the_last_configuration_is_used_when_name_and_password_are_left_out() -> None:
    async with among(router()) as bench:
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+CWJAP=,,,,5") == LOST + JOINED
        assert await bench.command(b"AT+CWRECONNCFG?") == b"+CWRECONNCFG:5,0\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+CWJAP=") == LOST + JOINED
        assert await bench.command(b"AT+CWJAP=,") == LOST + JOINED
        assert await bench.command(b'AT+CWJAP=,"wrong password"') == LOST + b"+CWJAP:2\r\n\r\nERROR\r\n"
        assert await bench.command(b'AT+CWJAP=,"1234567890"') == JOINED


async def test_a_restart_in_the_middle_of_a_join() -> None:
    async with among(router(dhcp=False)) as bench:
        assert await bench.command(JOIN) == b"WIFI CONNECTED\r\n"
        assert await bench.send(b"AT+RST\r\n") == (
            b"\r\nWill force to restart!!!\r\n\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\nWIFI CONNECTED\r\n"
        )


# Which one of several


async def test_the_fast_scan_takes_the_first_channel_and_the_full_scan_the_strongest() -> None:
    near = router(bssid=b"\xca\x6f\0\0\0\x0b", channel=11, rssi=-30)
    far = router(bssid=b"\xca\x6f\0\0\0\x01", channel=1, rssi=-80)
    async with among(near, far) as bench:
        for arguments, bssid in ((b"", b"01"), (b",,,,,1", b"0b"), (b',"ca:6f:00:00:00:0b"', b"0b")):
            assert (await bench.command(JOIN + arguments)).endswith(JOINED)
            assert (await bench.command(b"AT+CWJAP?")).startswith(b'+CWJAP:"espressif","ca:6f:00:00:00:%b",' % bssid)


async def test_a_network_comes_back_at_another_access_point() -> None:
    first, second = b"\xca\x6f\0\0\0\x01", b"\xca\x6f\0\0\0\x0b"
    async with among(router(bssid=first, channel=1), router(bssid=second, channel=11)) as bench:
        assert await bench.command(JOIN) == JOINED
        bench.simulation.air.access_points[0].switch_off()
        assert await bench.advance(6) == LOST
        assert await bench.advance(1) == CONNECTED
        assert (await bench.command(b"AT+CWJAP?")).startswith(b'+CWJAP:"espressif","ca:6f:00:00:00:0b",11,')
