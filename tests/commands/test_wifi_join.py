"""Joining an access point, staying joined, and coming back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from simulator.radio.security import SECURITIES
from simulator.scenario.world import DEFAULT_ACCESS_POINT, AccessPointConfiguration, World
from tests.workbench import Workbench, workbench

OK = b"\r\nOK\r\n"
ERROR = b"\r\nERROR\r\n"
BUSY = b"\r\nbusy p...\r\n"
JOIN = b'AT+CWJAP="espressif","1234567890"'
CONNECTED = b"WIFI CONNECTED\r\nWIFI GOT IP\r\n"
JOINED = CONNECTED + OK
LOST = b"WIFI DISCONNECT\r\n"
BSSID = bytes.fromhex("ca6f00000001")

WPA2 = SECURITIES["wpa2-psk"]


def router(
    ssid: bytes = b"espressif",
    password: bytes = b"1234567890",
    security: str = "wpa2-psk",
    *,
    bssid: bytes | None = None,
    channel: int = 6,
    rssi: int = -45,
    dhcp: bool = True,
    protection: int = 0,
    up: bool = True,
) -> AccessPointConfiguration:
    return AccessPointConfiguration(
        ssid,
        password,
        SECURITIES[security],
        channel=channel,
        rssi=rssi,
        bssid=bssid,
        dhcp=dhcp,
        management_protection=protection,
        up=up,
    )


def world(*points: AccessPointConfiguration, **timing: float) -> World:
    return World(access_points=points or (DEFAULT_ACCESS_POINT,), timing=timing)


@asynccontextmanager
async def station(*points: AccessPointConfiguration, **timing: float) -> AsyncIterator[Workbench]:
    """A module in station mode among these access points."""
    async with workbench(world(*points, **timing)) as bench:
        assert await bench.command(b"AT+CWMODE=1") == OK
        yield bench


async def state(bench: Workbench) -> int:
    """The number that AT+CWSTATE? shows."""
    printed = await bench.command(b"AT+CWSTATE?")
    assert printed.startswith(b"+CWSTATE:")
    return int(printed[9:10])


# Joining


async def test_join_and_leave() -> None:
    async with station(router(bssid=BSSID)) as bench:
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
    async with station(router(bssid=BSSID, protection=1)) as bench:
        line = b'AT+CWJAP="espressif","1234567890","CA:6F:00:00:00:01",1,100,10,1,30,3'
        assert await bench.command(line) == JOINED
        assert await bench.command(b"AT+CWJAP?") == (
            b'+CWJAP:"espressif","ca:6f:00:00:00:01",6,-45,1,100,10,1,3\r\n\r\nOK\r\n'
        )
        assert await bench.command(b"AT+CWRECONNCFG?") == b"+CWRECONNCFG:100,0\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+CWCONFIG?") == b"+CWCONFIG:300,6,10\r\n\r\nOK\r\n"


async def test_the_address_comes_some_time_after_the_association() -> None:
    async with station(router(), join=2.0, lease=0.63) as bench:
        assert await bench.command(JOIN) == b""
        assert await bench.advance(1.9) == b""
        assert await bench.advance(0.1) == b"WIFI CONNECTED\r\n"
        assert await bench.send(b"AT+CWSTATE?\r\n") == BUSY
        assert await bench.advance(0.63) == b"WIFI GOT IP\r\n" + OK


async def test_input_during_a_join_is_refused_and_not_echoed() -> None:
    async with station(router(), join=2.0) as bench:
        assert await bench.command(JOIN) == b""
        assert await bench.send(b"AT\r\n", b"AT+CWMODE?\r\n", b"x") == BUSY * 3
        assert await bench.advance(2.0) == JOINED
        assert await bench.settle() == b""


async def test_special_characters_are_escaped_in_the_command_and_raw_in_the_query() -> None:
    async with station(router(b'ab\\,"c', b'0123,"\\56', bssid=BSSID)) as bench:
        assert await bench.command(rb'AT+CWJAP="ab\\\,\"c","0123\,\"\\56"') == JOINED
        assert await bench.command(b"AT+CWJAP?") == (
            b'+CWJAP:"ab\\,"c","ca:6f:00:00:00:01",6,-45,0,1,3,0,1\r\n\r\nOK\r\n'
        )


async def test_the_name_may_be_any_bytes() -> None:
    name = "地空导航".encode()
    async with station(router(name, b"", "open", bssid=BSSID)) as bench:
        assert await bench.command(b'AT+CWJAP="%b"' % name) == JOINED
        assert (await bench.command(b"AT+CWSTATE?")) == b'+CWSTATE:2,"%b"\r\n\r\nOK\r\n' % name


@pytest.mark.parametrize("name", [name for name, security in SECURITIES.items() if security.personal])
async def test_securities_that_a_password_opens(name: str) -> None:
    password = b"1234567890" if SECURITIES[name].encrypted else b""
    async with station(router(b"espressif", password, name)) as bench:
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
    async with station(point) as bench:
        assert await bench.command(line) == b"+CWJAP:%d\r\n\r\nERROR\r\n" % error
        assert await state(bench) == 4
        assert await bench.advance(100) == b""


async def test_pci_authentication_passes_over_an_open_twin() -> None:
    open_twin = router(b"espressif", b"", "open", channel=1)
    async with station(open_twin, router(bssid=BSSID)) as bench:
        assert await bench.command(JOIN + b",,1") == JOINED
        assert b"ca:6f:00:00:00:01" in await bench.command(b"AT+CWJAP?")


@pytest.mark.parametrize(("limit", "seconds"), [(b"", 15), (b",,,,,,3", 3), (b",,,,,,600", 600)])
async def test_a_join_without_an_address_times_out(limit: bytes, seconds: int) -> None:
    async with station(router(dhcp=False)) as bench:
        assert await bench.command(JOIN + limit) == b"WIFI CONNECTED\r\n"
        assert await bench.advance(seconds - 0.1) == b""
        assert await bench.advance(0.1) == LOST + b"+CWJAP:1\r\n\r\nERROR\r\n"
        assert await state(bench) == 4


async def test_a_join_that_takes_too_long_times_out_without_a_word() -> None:
    async with station(router(), join=20.0) as bench:
        assert await bench.command(JOIN) == b""
        assert await bench.advance(15) == b"+CWJAP:1\r\n\r\nERROR\r\n"
        assert await bench.command(b"AT+CWJAP") == b""
        assert await bench.advance(14.9) == b""
        assert await bench.advance(0.1) == b"+CWJAP:1\r\n\r\nERROR\r\n"
        assert await bench.advance(100) == b""


async def test_a_join_while_joined_drops_the_old_network_first() -> None:
    async with station(router(), router(b"other", b"87654321")) as bench:
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b'AT+CWJAP="other","87654321"') == LOST + JOINED
        assert await bench.command(b'AT+CWJAP="nowhere"') == LOST + b"+CWJAP:3\r\n\r\nERROR\r\n"
        assert await bench.command(b"AT+CWSTATE?") == b'+CWSTATE:4,"nowhere"\r\n\r\nOK\r\n'


async def test_the_last_configuration_is_used_when_name_and_password_are_left_out() -> None:
    async with station(router()) as bench:
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+CWJAP=,,,,5") == LOST + JOINED
        assert await bench.command(b"AT+CWRECONNCFG?") == b"+CWRECONNCFG:5,0\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+CWJAP=") == LOST + JOINED
        assert await bench.command(b"AT+CWJAP=,") == LOST + JOINED
        assert await bench.command(b'AT+CWJAP=,"wrong password"') == LOST + b"+CWJAP:2\r\n\r\nERROR\r\n"
        assert await bench.command(b'AT+CWJAP=,"1234567890"') == JOINED


async def test_a_restart_in_the_middle_of_a_join() -> None:
    async with station(router(dhcp=False)) as bench:
        assert await bench.command(JOIN) == b"WIFI CONNECTED\r\n"
        assert await bench.send(b"AT+RST\r\n") == (
            b"\r\nWill force to restart!!!\r\n\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\nWIFI CONNECTED\r\n"
        )


# Which one of several


async def test_the_fast_scan_takes_the_first_channel_and_the_full_scan_the_strongest() -> None:
    near = router(bssid=b"\xca\x6f\0\0\0\x0b", channel=11, rssi=-30)
    far = router(bssid=b"\xca\x6f\0\0\0\x01", channel=1, rssi=-80)
    async with station(near, far) as bench:
        for arguments, bssid in ((b"", b"01"), (b",,,,,1", b"0b"), (b',"ca:6f:00:00:00:0b"', b"0b")):
            assert (await bench.command(JOIN + arguments)).endswith(JOINED)
            assert (await bench.command(b"AT+CWJAP?")).startswith(b'+CWJAP:"espressif","ca:6f:00:00:00:%b",' % bssid)


async def test_a_network_comes_back_at_another_access_point() -> None:
    first, second = b"\xca\x6f\0\0\0\x01", b"\xca\x6f\0\0\0\x0b"
    async with station(router(bssid=first, channel=1), router(bssid=second, channel=11)) as bench:
        assert await bench.command(JOIN) == JOINED
        bench.simulation.air.access_points[0].switch_off()
        assert await bench.advance(6) == LOST
        assert await bench.advance(1) == CONNECTED
        assert (await bench.command(b"AT+CWJAP?")).startswith(b'+CWJAP:"espressif","ca:6f:00:00:00:0b",11,')


# Staying joined


async def test_a_silent_access_point_is_lost_after_the_inactive_time() -> None:
    async with station() as bench:
        assert await bench.command(JOIN) == JOINED
        point = bench.simulation.access_point(b"espressif")
        point.switch_off()
        assert await bench.advance(5.9) == b""
        assert await state(bench) == 2
        assert await bench.advance(0.1) == LOST
        assert await state(bench) == 3
        assert await bench.advance(1000) == b""
        assert await bench.command(b"AT+CWSTATE?") == b'+CWSTATE:3,"espressif"\r\n\r\nOK\r\n'
        point.switch_on()
        assert await bench.advance(1) == CONNECTED
        assert await state(bench) == 2


async def test_the_inactive_time_can_be_set() -> None:
    async with station() as bench:
        assert await bench.command(b"AT+CWCONFIG=,20") == OK
        assert await bench.command(JOIN) == JOINED
        bench.simulation.access_point(b"espressif").switch_off()
        assert await bench.advance(19.9) == b""
        assert await bench.advance(0.1) == LOST


async def test_an_access_point_that_comes_back_in_time_is_not_missed() -> None:
    async with station() as bench:
        assert await bench.command(JOIN) == JOINED
        point = bench.simulation.access_point(b"espressif")
        for _ in range(3):
            point.switch_off()
            assert await bench.advance(5) == b""
            point.switch_on()
            assert await bench.advance(5) == b""
        point.deauthenticate()
        assert await bench.settle() == LOST
        assert await bench.advance(1) == CONNECTED


async def test_a_plain_join_sets_the_interval_to_one_second_for_ever() -> None:
    async with station() as bench:
        assert await bench.command(b"AT+CWRECONNCFG=60,5") == OK
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+CWRECONNCFG?") == b"+CWRECONNCFG:1,5\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+CWRECONNCFG=60,5") == OK
        assert await bench.command(b"AT+CWJAP") == LOST + JOINED
        assert await bench.command(b"AT+CWRECONNCFG?") == b"+CWRECONNCFG:1,5\r\n\r\nOK\r\n"


async def test_the_interval_counts_from_the_loss() -> None:
    async with station() as bench:
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+CWRECONNCFG=30,0") == OK
        point = bench.simulation.access_point(b"espressif")
        for _ in range(3):
            point.deauthenticate()
            assert await bench.settle() == LOST
            assert await state(bench) == 3
            assert await bench.advance(29.9) == b""
            assert await bench.advance(0.1) == CONNECTED


async def test_without_an_interval_there_is_no_reconnection() -> None:
    async with station() as bench:
        assert await bench.command(JOIN + b",,,0") == JOINED
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST
        assert await state(bench) == 4
        assert await bench.advance(10_000) == b""
        assert await bench.command(b"AT+CWJAP") == JOINED


async def test_so_many_attempts_and_no_more() -> None:
    async with station() as bench:
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+CWRECONNCFG=10,3") == OK
        point = bench.simulation.access_point(b"espressif")
        point.switch_off()
        assert await bench.advance(6) == LOST
        assert await bench.advance(29.9) == b""
        assert await state(bench) == 3
        assert await bench.advance(0.1) == b""
        assert await state(bench) == 4
        point.switch_on()
        assert await bench.advance(1000) == b""


async def test_the_last_attempt_may_succeed_and_the_count_begins_anew() -> None:
    async with station() as bench:
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+CWRECONNCFG=10,2") == OK
        point = bench.simulation.access_point(b"espressif")
        for _ in range(2):
            point.switch_off()
            assert await bench.advance(6) == LOST
            assert await bench.advance(19) == b""
            point.switch_on()
            assert await bench.advance(1) == CONNECTED


async def test_leaving_is_no_loss_and_stops_a_reconnection() -> None:
    async with station() as bench:
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+CWQAP") == LOST + OK
        assert await bench.advance(1000) == b""
        assert await bench.command(b"AT+CWJAP") == JOINED
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST
        assert await bench.command(b"AT+CWQAP") == OK
        assert await state(bench) == 4
        assert await bench.advance(1000) == b""


async def test_a_join_takes_over_from_a_reconnection() -> None:
    async with station() as bench:
        assert await bench.command(JOIN + b",,,100") == JOINED
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST
        assert await bench.command(b"AT+CWJAP=,,,,100") == JOINED
        assert await bench.advance(1000) == b""


async def test_only_the_station_that_is_meant_is_thrown_out() -> None:
    async with station() as bench:
        assert await bench.command(JOIN) == JOINED
        point = bench.simulation.access_point(b"espressif")
        point.deauthenticate(b"\x02\0\0\0\0\0")
        assert await bench.settle() == b""
        point.deauthenticate(bench.module.station.mac)
        assert await bench.settle() == LOST


# By itself


async def test_the_saved_network_is_joined_at_power_on() -> None:
    async with station() as bench:
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+RST") == b"\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\n" + CONNECTED
        assert await bench.command(b"AT+CWAUTOCONN=0") == OK
        assert await bench.command(b"AT+RST") == b"\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\n"
        assert await bench.command(b"AT+CWSTATE?") == b'+CWSTATE:0,""\r\n\r\nOK\r\n'
        assert await bench.advance(100) == b""
        assert await bench.command(b"AT+CWJAP") == JOINED


async def test_cut_power_says_nothing_at_all() -> None:
    async with station() as bench:
        assert await bench.command(JOIN) == JOINED
        bench.module.power_off()
        assert await bench.settle() == b""
        bench.module.power_on()
        assert await bench.settle() == b"\r\nready\r\n" + CONNECTED


async def test_a_network_that_was_not_stored_is_not_joined_at_power_on() -> None:
    async with station() as bench:
        assert await bench.command(b"AT+SYSSTORE=0") == OK
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+RST") == b"\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\n"
        assert await bench.command(b"AT+CWMODE?") == b"+CWMODE:1\r\n\r\nOK\r\n"


async def test_the_join_at_power_on_follows_the_reconnect_policy() -> None:
    async with station() as bench:
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+CWRECONNCFG=10,2") == OK
        point = bench.simulation.access_point(b"espressif")
        point.switch_off()
        assert await bench.command(b"AT+RST") == b"\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\n"
        assert await state(bench) == 3
        assert await bench.advance(10) == b""
        point.switch_on()
        assert await bench.advance(9.9) == b""
        assert await bench.advance(0.1) == CONNECTED
        point.switch_off()
        assert await bench.command(b"AT+RST") == b"\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\n"
        assert await bench.advance(20) == b""
        assert await state(bench) == 4


async def test_without_an_interval_the_join_at_power_on_is_tried_once() -> None:
    async with station() as bench:
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+CWRECONNCFG=0,0") == OK
        point = bench.simulation.access_point(b"espressif")
        point.switch_off()
        assert await bench.command(b"AT+RST") == b"\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\n"
        assert await state(bench) == 4
        point.switch_on()
        assert await bench.advance(1000) == b""


async def test_station_mode_joins_the_saved_network_after_ok() -> None:
    async with station() as bench:
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+CWMODE=3") == OK
        assert await bench.command(b"AT+CWMODE=2") == LOST + OK
        assert await bench.command(b"AT+CWSTATE?") == b'+CWSTATE:0,""\r\n\r\nOK\r\n'
        assert await bench.command(b"AT+CWMODE=1,0") == OK
        assert await bench.advance(100) == b""
        assert await bench.command(b"AT+CWMODE=0,0") == OK
        assert await bench.command(b"AT+CWMODE=3,1") == OK + CONNECTED
        assert await bench.command(b"AT+CWMODE=0") == LOST + OK
        assert await bench.command(b"AT+CWMODE=1") == OK + CONNECTED


async def test_station_mode_without_a_saved_network_joins_nothing() -> None:
    async with station() as bench:
        assert await bench.advance(100) == b""
        assert await bench.command(b"AT+CWSTATE?") == b'+CWSTATE:0,""\r\n\r\nOK\r\n'


async def test_the_states_on_the_way() -> None:
    async with station(router(), join=2.0, lease=1.0) as bench:
        assert await state(bench) == 0
        await bench.command(JOIN)
        assert await bench.advance(3) == JOINED
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST
        for seconds, printed, number in ((2.9, b"", 3), (0.1, b"WIFI CONNECTED\r\n", 1), (1, b"WIFI GOT IP\r\n", 2)):
            assert await bench.advance(seconds) == printed
            assert await bench.command(b"AT+CWSTATE?") == b'+CWSTATE:%d,"espressif"\r\n\r\nOK\r\n' % number
