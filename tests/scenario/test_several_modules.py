"""Modules that share the air: one joins another's softAP, and each sees what becomes of the other."""

import pytest

from espat.scenario.world.world import StationConfiguration, World
from tests.stations import mac_of, on_one_softap
from tests.texts import CONNECTED, ERROR, JOIN_LAB, JOINED, LOST, OK, PROMPT, READY, SOFTAP
from tests.workbench import Workbench, modules, run

CONNECT = b'AT+CIPSTART=0,"TCP","192.168.4.1",333'
FIRST, SECOND, THIRD = b"24:6f:28:c2:10:00", b"24:6f:28:c2:10:04", b"24:6f:28:c2:10:08"
"""The MAC addresses of the stations of the modules, in a world with the usual seed."""


def came(mac: bytes, address: bytes) -> bytes:
    return b'+STA_CONNECTED:"%b"\r\n+DIST_STA_IP:"%b","%b"\r\n' % (mac, mac, address)


def went(mac: bytes) -> bytes:
    return b'+STA_DISCONNECTED:"%b"\r\n' % mac


async def linked(softap: Workbench, station: Workbench) -> None:
    """The station has link 0 to the softAP's server."""
    await run(softap, b"AT+CIPSERVER=1,333")
    assert await station.command(CONNECT) == b"0,CONNECT\r\n" + OK
    assert softap.port.read() == b"0,CONNECT\r\n"


# Joining


async def test_a_module_joins_the_softap_of_another_and_gets_its_address_from_it() -> None:
    async with modules(3) as (softap, station, another):
        assert [await mac_of(bench, b"STA") for bench in (softap, station, another)] == [b"", b"", b""]
        await run(softap, b"AT+CWMODE=2", SOFTAP)
        await run(station, b"AT+CWMODE=1")
        assert await mac_of(station, b"STA") == b'"%b"' % SECOND
        assert await station.command(b'AT+CWLAP="lab"') == (
            b'+CWLAP:(3,"lab",-45,"24:6f:28:c2:10:01",5,-1,-1,4,4,7,0)\r\n' + OK
        )
        assert await station.command(JOIN_LAB) == JOINED
        assert await softap.settle() == came(SECOND, b"192.168.4.2")
        assert await station.command(b"AT+CIPSTA?") == (
            b'+CIPSTA:ip:"192.168.4.2"\r\n+CIPSTA:gateway:"192.168.4.1"\r\n+CIPSTA:netmask:"255.255.255.0"\r\n' + OK
        )
        await run(another, b"AT+CWMODE=1")
        assert await another.command(JOIN_LAB) == JOINED
        assert await softap.settle() == came(THIRD, b"192.168.4.3")
        assert await softap.command(b"AT+CWLIF") == (
            b"+CWLIF:192.168.4.2,24:6f:28:c2:10:04\r\n+CWLIF:192.168.4.3,24:6f:28:c2:10:08\r\n" + OK
        )


@pytest.mark.parametrize(
    ("softap", "join", "printed"),
    [
        (SOFTAP, b'AT+CWJAP="lab","87654321"', b"+CWJAP:2\r\n" + ERROR),
        (SOFTAP, b'AT+CWJAP="lab"', b"+CWJAP:2\r\n" + ERROR),
        (SOFTAP, b'AT+CWJAP="bal","12345678"', b"+CWJAP:3\r\n" + ERROR),
        (SOFTAP, b'AT+CWJAP="lab","12345678","24:6f:28:c2:10:00"', b"+CWJAP:3\r\n" + ERROR),
        (SOFTAP, b'AT+CWJAP="lab","12345678","24:6f:28:c2:10:01"', JOINED),
        (b'AT+CWSAP="lab","",5,0', b'AT+CWJAP="lab",""', JOINED),
        (b'AT+CWSAP="lab","",5,0', b'AT+CWJAP="lab","",,1', b"+CWJAP:3\r\n" + ERROR),
        (b'AT+CWSAP="lab","12345678",5,2', JOIN_LAB, JOINED),
        (b'AT+CWSAP="lab","12345678",5,4', JOIN_LAB, JOINED),
        (b'AT+CWSAP="lab","12345678",5,3,10,1', JOIN_LAB, JOINED),  # hidden
    ],
)
async def test_what_it_takes_to_join(softap: bytes, join: bytes, printed: bytes) -> None:
    async with modules(2) as (one, other):
        await run(one, b"AT+CWMODE=2", softap)
        await run(other, b"AT+CWMODE=1")
        assert await other.command(join) == printed
        assert await one.settle() == came(SECOND, b"192.168.4.2") * (printed == JOINED)


async def test_a_softap_that_is_full_refuses_until_somebody_leaves() -> None:
    async with modules(3) as (softap, first, second):
        await run(softap, b"AT+CWMODE=2", SOFTAP + b",1")
        for bench in (first, second):
            await run(bench, b"AT+CWMODE=1")
        assert await first.command(JOIN_LAB) == JOINED
        assert await second.command(JOIN_LAB) == b"+CWJAP:4\r\n" + ERROR
        assert await softap.settle() == came(SECOND, b"192.168.4.2")
        assert await first.command(b"AT+CWQAP") == LOST + OK
        assert await second.command(JOIN_LAB) == JOINED
        assert await softap.settle() == went(SECOND) + came(THIRD, b"192.168.4.3")  # .2 is kept for who had it


async def test_a_hidden_softap_shows_no_name_in_a_scan() -> None:
    async with modules(2) as (softap, station):
        await run(softap, b"AT+CWMODE=2", SOFTAP + b",4,1")
        await run(station, b"AT+CWMODE=1", b"AT+CWLAPOPT=1,2")
        assert await station.command(b"AT+CWLAP") == b'+CWLAP:("")\r\n+CWLAP:("espressif")\r\n' + OK
        assert await station.command(b'AT+CWLAP="lab"') == b'+CWLAP:("lab")\r\n' + OK


async def test_a_station_with_a_fixed_address_gets_none_and_is_not_listed() -> None:
    async with modules(2) as (softap, station):
        await run(softap, b"AT+CWMODE=2", SOFTAP)
        await run(station, b"AT+CWMODE=1", b'AT+CIPSTA="192.168.4.50"')
        assert await station.command(JOIN_LAB) == JOINED
        assert await softap.settle() == b'+STA_CONNECTED:"%b"\r\n' % SECOND
        assert await softap.command(b"AT+CWLIF") == OK


async def test_without_its_server_a_softap_gives_no_address() -> None:
    async with modules(2) as (softap, station):
        await run(softap, b"AT+CWMODE=2", SOFTAP, b"AT+CWDHCP=0,2")
        await run(station, b"AT+CWMODE=1")
        station.port.send(JOIN_LAB + b"\r\n")
        assert await station.advance(14.9) == b"WIFI CONNECTED\r\n"
        assert await station.advance(0.2) == LOST + b"+CWJAP:1\r\n" + ERROR
        assert await softap.settle() == b'+STA_CONNECTED:"%b"\r\n' % SECOND + went(SECOND)


async def test_station_and_softap_at_once() -> None:
    async with modules(2) as (both, station):
        await run(both, b"AT+CWMODE=3", SOFTAP, b'AT+CIPAP="192.168.5.1"', b"AT+CIPMUX=1", b"AT+CIPSERVER=1,333")
        assert await both.command(b'AT+CWJAP="espressif","1234567890"') == JOINED
        await run(station, b"AT+CWMODE=1", b'AT+CIPSTA="192.168.5.2"', b"AT+CIPMUX=1")
        assert await station.command(JOIN_LAB) == JOINED
        assert await both.settle() == b'+STA_CONNECTED:"%b"\r\n' % SECOND
        assert await both.command(b"AT+CIFSR") == (
            b'+CIFSR:APIP,"192.168.5.1"\r\n+CIFSR:APMAC,"24:6f:28:c2:10:01"\r\n'
            b'+CIFSR:STAIP,"192.168.3.112"\r\n+CIFSR:STAMAC,"24:6f:28:c2:10:00"\r\n' + OK
        )
        assert await station.command(CONNECT.replace(b"4.1", b"5.1")) == b"0,CONNECT\r\n" + OK
        assert await station.command(b'AT+CIPSTART=1,"TCP","192.168.3.112",333') == ERROR  # no way there
        assert await both.settle() == b"0,CONNECT\r\n"
        assert await both.command(b"AT+CWQAP") == LOST + OK  # the softAP's side goes on
        assert (await both.command(b"AT+CIPSTATE?")).startswith(b'+CIPSTATE:0,"TCP","192.168.5.2"')
        assert await both.command(b"AT+CWMODE=1") == b'+STA_DISCONNECTED:"%b"\r\n0,CLOSED\r\n' % SECOND + OK
        assert await station.settle() == LOST + b"0,CLOSED\r\n"


# What the station sees of the softAP


async def test_the_softap_restarts_and_the_station_comes_back() -> None:
    async with on_one_softap(b"AT+CIPMUX=1") as (softap, station):
        await linked(softap, station)
        assert await softap.command(b"AT+RST") == OK + went(SECOND) + READY
        assert await station.settle() == LOST + b"0,CLOSED\r\n"
        assert await station.advance(0.8) == b""  # since the reset, a boot ago
        assert await station.advance(0.1) == CONNECTED
        assert await softap.settle() == came(SECOND, b"192.168.4.2")


async def test_the_softap_loses_its_power_and_the_station_hears_no_beacon_for_six_seconds() -> None:
    async with on_one_softap(b"AT+CIPMUX=1") as (softap, station):
        await linked(softap, station)
        softap.module.power_off()
        assert await softap.settle() == b""
        assert await station.advance(5.9) == b""
        assert await station.advance(0.1) == LOST + b"0,CLOSED\r\n"
        assert await station.command(b"AT+CWSTATE?") == b'+CWSTATE:3,"lab"\r\n' + OK
        assert await station.advance(10) == b""
        softap.module.power_on()
        assert await softap.settle() == READY
        assert await station.advance(1) == CONNECTED
        assert await softap.settle() == came(SECOND, b"192.168.4.2")


async def test_a_softap_that_is_back_before_its_beacons_are_missed_does_not_know_the_station() -> None:
    async with on_one_softap(b"AT+CIPMUX=1") as (softap, station):
        await linked(softap, station)
        softap.module.power_off()
        assert await station.advance(3) == b""
        softap.module.power_on()
        assert await softap.settle() == READY
        assert await station.settle() == LOST + b"0,CLOSED\r\n"
        assert await softap.command(b"AT+CWLIF") == OK
        assert await station.advance(1) == CONNECTED
        assert await softap.settle() == came(SECOND, b"192.168.4.2")


async def test_a_softap_that_is_back_somewhere_else_is_missed_all_the_same() -> None:
    async with on_one_softap() as (softap, station):
        await run(softap, b"AT+SYSSTORE=0")
        assert await softap.command(SOFTAP.replace(b",5,", b",9,")) == went(SECOND) + OK
        assert await station.advance(1) == LOST + CONNECTED
        softap.module.power_off()
        assert await station.advance(3) == b""
        softap.module.power_on()
        await softap.settle()
        assert await station.advance(2.8) == b""
        assert await station.advance(0.1) == LOST
        assert await station.advance(1) == CONNECTED


async def test_the_softap_goes_to_the_channel_of_its_station() -> None:
    async with modules(2) as (both, station):
        await run(both, b"AT+CWMODE=3", SOFTAP, b'AT+CIPAP="192.168.5.1"', b"AT+CWDHCP=1,2")
        await run(station, b"AT+CWMODE=1", b"AT+CWLAPOPT=,18")

        async def channel() -> bytes:
            return await station.command(b'AT+CWLAP="lab"')

        assert await channel() == b'+CWLAP:("lab",5)\r\n' + OK
        assert await station.command(JOIN_LAB) == JOINED
        await both.settle()
        assert await both.command(b'AT+CWJAP="espressif","1234567890"') == JOINED
        assert await channel() == b'+CWLAP:("lab",6)\r\n' + OK
        assert await station.advance(60) == b""  # it has come along
        assert await station.command(b"AT+CWQAP") == LOST + OK
        assert await both.settle() == went(SECOND)
        assert (await both.command(b"AT+CWSAP?")).startswith(b'+CWSAP:"lab","12345678",5,3,')
        assert (await both.command(SOFTAP)).endswith(OK)  # it starts again
        assert await channel() == b'+CWLAP:("lab",6)\r\n' + OK
        assert await both.command(b"AT+CWQAP") == LOST + OK
        assert (await both.command(SOFTAP)).endswith(OK)
        assert await channel() == b'+CWLAP:("lab",5)\r\n' + OK


async def test_beacons_are_missed_for_as_long_as_the_station_says() -> None:
    async with on_one_softap() as (softap, station):
        await run(station, b"AT+CWCONFIG=,30")
        softap.module.power_off()
        assert await station.advance(29.9) == b""
        assert await station.advance(0.1) == LOST


@pytest.mark.parametrize(
    ("command", "returns"),
    [
        (b"AT+CWMODE=0", False),
        (b"AT+CWMODE=1", False),
        (b"AT+CWINIT=0", False),
        (b"AT+CWQIF", True),
        (b'AT+CWQIF="24:6f:28:c2:10:04"', True),
        (SOFTAP, True),
        (b'AT+CIPAPMAC="26:6f:28:c2:10:01"', True),
    ],
)
async def test_the_softap_throws_its_stations_out(command: bytes, returns: bool) -> None:
    async with on_one_softap(b"AT+CIPMUX=1") as (softap, station):
        await linked(softap, station)
        printed = await softap.command(command)
        stops = b"CWQIF" not in command
        assert printed == went(SECOND) + b"0,CLOSED\r\n" * stops + OK
        assert await station.settle() == LOST + b"0,CLOSED\r\n"
        assert await station.advance(1) == CONNECTED * returns
        assert await softap.settle() == came(SECOND, b"192.168.4.2") * returns


async def test_another_address_of_the_softap_ends_its_links_and_leaves_the_stations_joined() -> None:
    async with on_one_softap(b"AT+CIPMUX=1") as (softap, station):
        await linked(softap, station)
        assert await softap.command(b'AT+CIPAP="192.168.5.1"') == b"0,CLOSED\r\n" + OK
        assert await station.advance(60) == b""
        assert await station.command(b'AT+CIPSTART=1,"TCP","192.168.4.1",333') == ERROR


# What the softAP sees of the station


@pytest.mark.parametrize("command", [b"AT+CWQAP", b"AT+CWMODE=0", b"AT+CWMODE=2", b"AT+CWINIT=0"])
async def test_the_station_leaves(command: bytes) -> None:
    async with on_one_softap() as (softap, station):
        assert await station.command(command) == LOST + OK
        assert await softap.settle() == went(SECOND)
        assert await softap.command(b"AT+CWLIF") == OK


async def test_the_station_restarts() -> None:
    async with on_one_softap() as (softap, station):
        assert await station.command(b"AT+RST") == OK + LOST + READY + CONNECTED
        assert await softap.settle() == went(SECOND) + came(SECOND, b"192.168.4.2")


async def test_the_station_loses_its_power_and_is_given_up_after_its_silence() -> None:
    async with on_one_softap() as (softap, station):
        station.module.power_off()
        assert await softap.advance(299.9) == b""
        assert await softap.command(b"AT+CWLIF") == b"+CWLIF:192.168.4.2,24:6f:28:c2:10:04\r\n" + OK
        assert await softap.advance(0.1) == went(SECOND)
        assert await softap.command(b"AT+CWLIF") == OK


async def test_the_silence_of_stations_can_be_chosen_and_those_that_are_there_are_never_silent() -> None:
    async with on_one_softap(count=3) as (softap, station, other):
        await run(softap, b"AT+CWCONFIG=10")
        station.module.power_off()
        assert await softap.advance(9.9) == b""
        assert await softap.advance(0.1) == went(SECOND)
        assert await softap.advance(1000) == b""
        assert await other.settle() == b""


async def test_the_station_is_back_before_its_silence_was_too_long() -> None:
    async with on_one_softap() as (softap, station):
        station.module.power_off()
        assert await softap.advance(100) == b""
        station.module.power_on()
        assert await station.settle() == READY + CONNECTED
        assert await softap.settle() == went(SECOND) + came(SECOND, b"192.168.4.2")
        assert await softap.advance(1000) == b""


async def test_both_lose_their_power_at_once() -> None:
    async with on_one_softap(b"AT+CIPMUX=1") as (softap, station):
        await linked(softap, station)
        for bench in (softap, station):
            bench.module.power_off()
        assert await softap.advance(400) + await station.settle() == b""
        for bench in (softap, station):
            bench.module.power_on()
        assert await softap.settle() == READY + came(SECOND, b"192.168.4.2")
        assert await station.settle() == READY + CONNECTED


# The same again


async def play() -> list[bytes]:
    """All that four modules print while they do many things in the same instant, with phones on the same softAP."""
    phones = tuple(StationConfiguration(bytes([2, 0, 0, 0, 0, n]), b"lab", b"12345678") for n in range(3))
    async with modules(4, World(stations=phones)) as benches:
        printed = [b""] * 4
        softap, *stations = benches

        async def all_type(line: bytes, who: list[Workbench] = benches) -> None:
            for bench in who:
                bench.port.send(line)
            await note()

        async def note(seconds: float = 0) -> None:
            await softap.clock.advance(seconds)
            for number, bench in enumerate(benches):
                printed[number] += bench.port.read() + b"|"

        for line in (b"AT+CWMODE=2\r\n", SOFTAP + b"\r\n", b"AT+CIPMUX=1\r\n", b"AT+CIPSERVER=1,333\r\n"):
            await all_type(line, [softap])
        for line in (b"AT+CIPMUX=1\r\n", b"AT+CWMODE=1\r\n", JOIN_LAB + b"\r\n", CONNECT + b"\r\n"):
            await all_type(line, stations)
        for line in (b'AT+CIPSTART=4,"UDP","255.255.255.255",1000,1000\r\n', b"AT+CIPSEND=4,5\r\n", b"hello"):
            await all_type(line)
        await all_type(b"AT+CIPSEND=0,8000\r\n")
        await all_type(bytes(range(250)) * 32)
        softap.module.power_off()
        await note(7)
        softap.module.power_on()
        await note(1)
        await all_type(b"AT+RST\r\n")
        await note(10)
        return printed


async def test_the_same_input_gives_the_same_output() -> None:
    first = await play()
    assert b"+DIST_STA_IP" in first[0]
    assert b"+IPD,4,5:hello" in first[1]
    for _ in range(8):
        assert await play() == first


async def test_prompts_and_reports_of_several_modules_do_not_meet() -> None:
    async with on_one_softap(b"AT+CIPMUX=1") as (softap, station):
        await linked(softap, station)
        assert await softap.command(b"AT+CIPSEND=0,2") == PROMPT
        assert await station.command(b"AT+CIPSEND=0,2") == PROMPT
        assert await station.send(b"up") == b"\r\nRecv 2 bytes\r\n\r\nSEND OK\r\n"
        assert await softap.settle() == b"\r\n+IPD,0,2:up\r\n"
        assert await softap.send(b"dn") == b"\r\nRecv 2 bytes\r\n\r\nSEND OK\r\n"
        assert await station.settle() == b"\r\n+IPD,0,2:dn\r\n"
