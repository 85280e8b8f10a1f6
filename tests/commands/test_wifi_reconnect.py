"""Staying joined, coming back, and joining without being told."""

import trio

from espat.radio.station import Station
from tests.stations import among, router, state
from tests.texts import CONNECTED, JOIN, JOINED, LOST, OK


async def test_a_silent_access_point_is_lost_after_the_inactive_time() -> None:
    async with among() as bench:
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
    async with among() as bench:
        assert await bench.command(b"AT+CWCONFIG=,20") == OK
        assert await bench.command(JOIN) == JOINED
        bench.simulation.access_point(b"espressif").switch_off()
        assert await bench.advance(19.9) == b""
        assert await bench.advance(0.1) == LOST


async def test_an_access_point_that_comes_back_in_time_is_not_missed() -> None:
    async with among() as bench:
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
    async with among() as bench:
        assert await bench.command(b"AT+CWRECONNCFG=60,5") == OK
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+CWRECONNCFG?") == b"+CWRECONNCFG:1,5\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+CWRECONNCFG=60,5") == OK
        assert await bench.command(b"AT+CWJAP") == LOST + JOINED
        assert await bench.command(b"AT+CWRECONNCFG?") == b"+CWRECONNCFG:1,5\r\n\r\nOK\r\n"


async def test_the_interval_counts_from_the_loss() -> None:
    async with among() as bench:
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
    async with among() as bench:
        assert await bench.command(JOIN + b",,,0") == JOINED
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST
        assert await state(bench) == 4
        assert await bench.advance(10_000) == b""
        assert await bench.command(b"AT+CWJAP") == JOINED


async def test_so_many_attempts_and_no_more() -> None:
    async with among() as bench:
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
    async with among() as bench:
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
    async with among() as bench:
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
    async with among() as bench:
        assert await bench.command(JOIN + b",,,100") == JOINED
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST
        assert await bench.command(b"AT+CWJAP=,,,,100") == JOINED
        assert await bench.advance(1000) == b""


async def test_only_the_station_that_is_meant_is_thrown_out() -> None:
    async with among() as bench:
        assert await bench.command(JOIN) == JOINED
        point = bench.simulation.access_point(b"espressif")
        point.deauthenticate(b"\x02\0\0\0\0\0")
        assert await bench.settle() == b""
        point.deauthenticate(bench.module[Station].mac)
        assert await bench.settle() == LOST


# By itself


async def test_the_saved_network_is_joined_at_power_on() -> None:
    async with among() as bench:
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+RST") == b"\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\n" + CONNECTED
        assert await bench.command(b"AT+CWAUTOCONN=0") == OK
        assert await bench.command(b"AT+RST") == b"\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\n"
        assert await bench.command(b"AT+CWSTATE?") == b'+CWSTATE:0,""\r\n\r\nOK\r\n'
        assert await bench.advance(100) == b""
        assert await bench.command(b"AT+CWJAP") == JOINED


async def test_cut_power_says_nothing_at_all() -> None:
    async with among() as bench:
        assert await bench.command(JOIN) == JOINED
        bench.module.power_off()
        assert await bench.settle() == b""
        bench.module.power_on()
        assert await bench.settle() == b"\r\nready\r\n" + CONNECTED


async def test_a_network_that_was_not_stored_is_not_joined_at_power_on() -> None:
    async with among() as bench:
        assert await bench.command(b"AT+SYSSTORE=0") == OK
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+RST") == b"\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\n"
        assert await bench.command(b"AT+CWMODE?") == b"+CWMODE:1\r\n\r\nOK\r\n"


async def test_the_join_at_power_on_follows_the_reconnect_policy() -> None:
    async with among() as bench:
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
    async with among() as bench:
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+CWRECONNCFG=0,0") == OK
        point = bench.simulation.access_point(b"espressif")
        point.switch_off()
        assert await bench.command(b"AT+RST") == b"\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\n"
        assert await state(bench) == 4
        point.switch_on()
        assert await bench.advance(1000) == b""


async def test_station_mode_joins_the_saved_network_after_ok() -> None:
    async with among() as bench:
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
    async with among() as bench:
        assert await bench.advance(100) == b""
        assert await bench.command(b"AT+CWSTATE?") == b'+CWSTATE:0,""\r\n\r\nOK\r\n'


async def test_the_states_on_the_way() -> None:
    async with among(router(), join=2.0, lease=1.0) as bench:
        assert await state(bench) == 0
        await bench.command(JOIN)
        assert await bench.advance(3) == JOINED
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST
        for seconds, printed, number in ((2.9, b"", 3), (0.1, b"WIFI CONNECTED\r\n", 1), (1, b"WIFI GOT IP\r\n", 2)):
            assert await bench.advance(seconds) == printed
            assert await bench.command(b"AT+CWSTATE?") == b'+CWSTATE:%d,"espressif"\r\n\r\nOK\r\n' % number


async def test_an_access_point_may_come_and_go_for_ever() -> None:
    async with among() as bench:
        assert await bench.command(JOIN) == JOINED
        point = bench.simulation.access_point(b"espressif")
        for _ in range(600):
            point.switch_off()
            assert await bench.advance(6) == LOST
            point.switch_on()
            assert await bench.advance(1) == CONNECTED


async def test_thrown_out_in_the_moment_of_joining() -> None:
    async with among() as bench:
        await bench.command(b"ATE0")
        (point,) = bench.simulation.air.access_points
        bench.port.send(JOIN + b"\r\n")
        while not point.stations:
            await trio.lowlevel.checkpoint()
        point.deauthenticate()
        assert await bench.settle() == b"WIFI CONNECTED\r\n" + LOST
        assert await bench.advance(1) == CONNECTED + OK
        assert await state(bench) == 2
