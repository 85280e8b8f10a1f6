"""AT+CWSAP, AT+CWLIF, AT+CWQIF, AT+CWDHCPS, AT+CIPAP, AT+CIPAPMAC, and AT+CWDHCP for the softAP: exact bytes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from simulator.scenario.world import StationConfiguration, World
from tests.several import ERROR, OK, READY, modules, run
from tests.workbench import Workbench

SOFTAP = b'AT+CWSAP="lab","12345678",5,3'
PHONES = [bytes.fromhex("f887f10f35") + bytes([number]) for number in range(4)]
NAMES = [b"f8:87:f1:0f:35:%02x" % n for n in range(4)]


def phones(count: int = 1, password: bytes = b"12345678", address: str | None = None) -> World:
    return World(stations=tuple(StationConfiguration(mac, b"lab", password, address) for mac in PHONES[:count]))


def connected(number: int) -> bytes:
    return b'+STA_CONNECTED:"%b"\r\n' % NAMES[number]


def leased(number: int, address: bytes) -> bytes:
    return b'+DIST_STA_IP:"%b","%b"\r\n' % (NAMES[number], address)


def gone(number: int) -> bytes:
    return b'+STA_DISCONNECTED:"%b"\r\n' % NAMES[number]


@asynccontextmanager
async def softap(count: int = 0, *commands: bytes) -> AsyncIterator[Workbench]:
    """A module with a softAP that so many phones have joined."""
    async with modules(1, phones(count)) as (bench,):
        await run(bench, b"AT+CWMODE=2", *commands)
        assert (await bench.command(SOFTAP)).startswith(OK)
        yield bench


@asynccontextmanager
async def factory_new() -> AsyncIterator[Workbench]:
    async with modules(1) as (bench,):
        yield bench


async def code(bench: Workbench, line: bytes) -> bytes:
    """What a command is refused with, AT+SYSLOG being 1."""
    printed = await bench.command(line)
    assert printed.endswith(ERROR), printed
    return printed.removesuffix(ERROR).strip()


# AT+CWSAP


async def test_the_factory_settings_have_the_end_of_the_mac_address_in_the_ssid() -> None:
    async with factory_new() as bench:
        await run(bench, b"AT+CWMODE=2")
        assert await bench.command(b"AT+CWSAP?") == b'+CWSAP:"ESP_C21001","",1,0,10,0\r\n' + OK
        assert await bench.command(b"AT+CIPAPMAC?") == b'+CIPAPMAC:"24:6f:28:c2:10:01"\r\n' + OK


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b'AT+CWSAP="lab","12345678",5,3', b'"lab","12345678",5,3,10,0'),
        (b'AT+CWSAP="lab","12345678",13,2,1', b'"lab","12345678",13,2,1,0'),
        (b'AT+CWSAP="lab","12345678",1,4,10,1', b'"lab","12345678",1,4,10,1'),
        (b'AT+CWSAP="lab","",11,0,3', b'"lab","",11,0,3,0'),
        (b'AT+CWSAP="l","",14,0,,1', b'"l","",14,0,10,1'),
        (b'AT+CWSAP="' + b"s" * 32 + b'","' + b"p" * 63 + b'",5,3', b'"%b","%b",5,3,10,0' % (b"s" * 32, b"p" * 63)),
        (rb'AT+CWSAP="a\,b","1234\"5678",5,3', b'"a,b","1234"5678",5,3,10,0'),
    ],
)
async def test_settings_are_taken_and_survive_a_restart(line: bytes, shown: bytes) -> None:
    async with factory_new() as bench:
        await run(bench, b"AT+CWMODE=2", line)
        assert await bench.command(b"AT+CWSAP?") == b"+CWSAP:" + shown + b"\r\n" + OK
        assert (await bench.command(b"AT+RST")).endswith(READY)
        await bench.command(b"ATE0")
        assert await bench.command(b"AT+CWSAP?") == b"+CWSAP:" + shown + b"\r\n" + OK


async def test_without_storing_a_restart_brings_the_old_settings_back() -> None:
    async with factory_new() as bench:
        await run(bench, b"AT+CWMODE=2", SOFTAP, b"AT+SYSSTORE=0", b'AT+CWSAP="other","",1,0')
        assert (await bench.command(b"AT+CWSAP?")).startswith(b'+CWSAP:"other"')
        await bench.command(b"AT+RST")
        await bench.command(b"ATE0")
        assert await bench.command(b"AT+CWSAP?") == b'+CWSAP:"lab","12345678",5,3,10,0\r\n' + OK


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b'AT+CWSAP="lab","12345678",5', b"ERR CODE:0x01060403"),
        (b'AT+CWSAP="lab","12345678",5,3,4,0,1', b"ERR CODE:0x01060607"),
        (b'AT+CWSAP="","12345678",5,3', b"ERR CODE:0x01040001"),
        (b'AT+CWSAP="' + b"s" * 33 + b'","12345678",5,3', b"ERR CODE:0x01040001"),
        (b'AT+CWSAP="lab","1234567",5,3', b"ERR CODE:0x01040002"),
        (b'AT+CWSAP="lab","",5,4', b"ERR CODE:0x01040002"),
        (b'AT+CWSAP="lab","' + b"p" * 64 + b'",5,3', b"ERR CODE:0x01040002"),
        (b'AT+CWSAP="lab","12345678",0,3', b"ERR CODE:0x01070003"),
        (b'AT+CWSAP="lab","12345678",15,3', b"ERR CODE:0x01070003"),
        (b'AT+CWSAP="lab","12345678",5,1', b"ERR CODE:0x01070004"),  # WEP
        (b'AT+CWSAP="lab","12345678",5,5', b"ERR CODE:0x01070004"),
        (b'AT+CWSAP="lab","12345678",5,3,0', b"ERR CODE:0x01070005"),
        (b'AT+CWSAP="lab","12345678",5,3,11', b"ERR CODE:0x01070005"),
        (b'AT+CWSAP="lab","12345678",5,3,4,2', b"ERR CODE:0x01070006"),
        (b'AT+CWSAP=lab,"12345678",5,3', b"ERR CODE:0x01080001"),
        (b'AT+CWSAP="lab",12345678,5,3', b"ERR CODE:0x01080002"),
        (b"AT+CWSAP", b"ERR CODE:0x01090000"),
        (b'AT+CWQIF="f8:87:f1:0f:35"', b"ERR CODE:0x01070001"),
        (b'AT+CWQIF="f8:87:f1:0f:35:00"', b"ERR CODE:0x01070001"),  # has not joined
        (b"AT+CWQIF=1", b"ERR CODE:0x01080001"),
        (b'AT+CIPAPMAC="25:6f:28:c2:10:01"', b"ERR CODE:0x01070001"),
        (b'AT+CIPAPMAC="00:00:00:00:00:00"', b"ERR CODE:0x01070001"),
        (b'AT+CIPAPMAC="ff:ff:ff:ff:ff:ff"', b"ERR CODE:0x01070001"),
        (b'AT+CIPAPMAC="24:6f:28:c2:10:01",1', b"ERR CODE:0x01060102"),
        (b'AT+CWDHCPS=1,3,"192.168.5.10","192.168.4.15"', b"ERR CODE:0x01070003"),
        (b'AT+CWDHCPS=1,3,"192.168.4.1","192.168.4.15"', b"ERR CODE:0x01070003"),  # the softAP itself
        (b'AT+CWDHCPS=1,3,"192.168.4.x","192.168.4.15"', b"ERR CODE:0x01070003"),
        (b'AT+CWDHCPS=1,3,"192.168.4.10","192.168.5.15"', b"ERR CODE:0x01070004"),
        (b'AT+CWDHCPS=1,3,"192.168.4.10","192.168.4.9"', b"ERR CODE:0x01070004"),
        (b'AT+CWDHCPS=1,3,"192.168.4.10","192.168.4.111"', b"ERR CODE:0x01070004"),  # more than 100
        (b'AT+CWDHCPS=1,0,"192.168.4.10","192.168.4.15"', b"ERR CODE:0x01070002"),
        (b'AT+CWDHCPS=1,2881,"192.168.4.10","192.168.4.15"', b"ERR CODE:0x01070002"),
        (b'AT+CWDHCPS=2,3,"192.168.4.10","192.168.4.15"', b"ERR CODE:0x01070001"),
        (b'AT+CWDHCPS=1,3,"192.168.4.10"', b"ERR CODE:0x01060403"),
        (b"AT+CWDHCPS=0,3", b"ERR CODE:0x01060102"),
    ],
)
async def test_what_is_refused_and_with_which_code(line: bytes, shown: bytes) -> None:
    async with softap(0, b"AT+SYSLOG=1") as bench:
        assert await code(bench, line) == shown
        assert await bench.command(b"AT+CWSAP?") == b'+CWSAP:"lab","12345678",5,3,10,0\r\n' + OK
        assert await bench.command(b"AT+CWDHCPS?") == b"+CWDHCPS:120,192.168.4.2,192.168.4.101" + OK


@pytest.mark.parametrize("mode", [b"AT+CWMODE=0", b"AT+CWMODE=1", b"AT+CWINIT=0"])
@pytest.mark.parametrize(
    "line",
    [SOFTAP, b"AT+CWLIF", b"AT+CWQIF", b'AT+CWQIF="f8:87:f1:0f:35:00"', b"AT+CWDHCPS=0", b"AT+CWDHCPS=1"],
)
async def test_what_needs_a_softap(mode: bytes, line: bytes) -> None:
    async with softap() as bench:
        await run(bench, mode)
        if line.endswith(b"=1"):
            line += b',3,"192.168.4.10","192.168.4.15"'
        assert await bench.command(line) == ERROR


async def test_the_settings_can_be_looked_at_without_a_softap_but_not_without_the_driver() -> None:
    async with softap() as bench:
        await run(bench, b"AT+CWMODE=0")
        assert (await bench.command(b"AT+CWSAP?")).startswith(b'+CWSAP:"lab"')
        await run(bench, b"AT+CWINIT=0")
        assert await bench.command(b"AT+CWSAP?") == ERROR
        assert await bench.command(b'AT+CIPAPMAC="24:6f:28:c2:10:09"') == ERROR


# The phones of the world


async def test_phones_join_as_soon_as_the_softap_appears_and_its_command_answers_first() -> None:
    async with modules(1, phones(2)) as (bench,):
        await run(bench, b"AT+CWMODE=2")
        join = connected(0) + connected(1) + leased(0, b"192.168.4.2") + leased(1, b"192.168.4.3")
        assert await bench.command(SOFTAP) == OK + join
        assert await bench.command(b"AT+CWLIF") == (
            b"+CWLIF:192.168.4.2,f8:87:f1:0f:35:00\r\n+CWLIF:192.168.4.3,f8:87:f1:0f:35:01\r\n" + OK
        )
        assert await bench.command(SOFTAP) == gone(0) + gone(1) + OK + join  # with the same settings too
        assert await bench.command(b"AT+CWMODE=0") == gone(0) + gone(1) + OK
        assert await bench.command(b"AT+CWMODE=3") == OK + join
        assert await bench.command(b"AT+CWINIT=0") == gone(0) + gone(1) + OK
        assert await bench.command(b"AT+CWINIT=1") == OK + join


async def test_a_restart_and_the_phones_come_back() -> None:
    async with softap(1) as bench:
        assert await bench.command(b"AT+RST") == (OK + gone(0) + READY + connected(0) + leased(0, b"192.168.4.2"))


@pytest.mark.parametrize(
    "line",
    [
        b'AT+CWSAP="Lab","12345678",5,3',
        b'AT+CWSAP="lab","123456789",5,3',
        b'AT+CWSAP="lab","",5,0',
    ],
)
async def test_phones_do_not_join_what_does_not_match(line: bytes) -> None:
    async with modules(1, phones(1)) as (bench,):
        await run(bench, b"AT+CWMODE=2", line)
        assert await bench.advance(100) == b""


async def test_a_phone_without_a_password_joins_an_open_softap() -> None:
    async with modules(1, phones(1, b"")) as (bench,):
        await run(bench, b"AT+CWMODE=2")
        assert await bench.command(b'AT+CWSAP="lab","",5,0') == OK + connected(0) + leased(0, b"192.168.4.2")


async def test_a_phone_with_a_fixed_address_gets_none_and_is_not_listed() -> None:
    async with modules(1, phones(1, address="192.168.4.77")) as (bench,):
        await run(bench, b"AT+CWMODE=2")
        assert await bench.command(SOFTAP) == OK + connected(0)
        assert await bench.command(b"AT+CWLIF") == OK
        await run(bench, b"AT+CIPMUX=1", b"AT+SYSLOG=1")
        refused, nobody = b"+ERRNO:0x68\r\n" + ERROR, b"+ERRNO:0x71\r\n" + ERROR
        assert await bench.command(b'AT+CIPSTART=0,"TCP","192.168.4.77",80') == refused
        assert await bench.command(b'AT+CIPSTART=0,"TCP","192.168.4.78",80') == nobody


async def test_no_more_phones_than_may_join() -> None:
    async with modules(1, phones(4)) as (bench,):
        await run(bench, b"AT+CWMODE=2")
        assert await bench.command(SOFTAP + b",2") == (
            OK + connected(0) + connected(1) + leased(0, b"192.168.4.2") + leased(1, b"192.168.4.3")
        )


async def test_a_phone_is_told_to_leave_and_to_join() -> None:
    async with softap(2) as bench:
        phone = bench.simulation.stations[0]
        assert phone.addresses == {bench.module.softap.mac: "192.168.4.2"}
        phone.leave()
        assert await bench.settle() == gone(0)
        assert phone.addresses == {}
        phone.leave()
        assert await bench.settle() == b""
        phone.join()
        assert await bench.settle() == connected(0) + leased(0, b"192.168.4.2")
        phone.join()
        assert await bench.settle() == b""
        phone.vanish()
        assert await bench.settle() == b""
        assert await bench.advance(300) == gone(0)


async def test_a_phone_that_vanishes_and_joins_again() -> None:
    async with softap(1) as bench:
        phone = bench.simulation.stations[0]
        phone.vanish()
        assert await bench.command(b"AT+CWQIF") == gone(0) + OK
        phone.join()
        assert await bench.settle() == connected(0) + leased(0, b"192.168.4.2")
        phone.vanish()
        phone.join()
        assert await bench.settle() == gone(0) + connected(0) + leased(0, b"192.168.4.2")
        assert await bench.advance(1000) == b""


async def test_joining_and_leasing_take_the_time_of_the_profile() -> None:
    world = World(stations=phones(1).stations, timing={"join": 2.0, "lease": 0.5})
    async with modules(1, world) as (bench,):
        await run(bench, b"AT+CWMODE=2", SOFTAP)
        assert await bench.advance(1.9) == b""
        assert await bench.advance(0.1) == connected(0)
        assert await bench.command(b"AT+CWLIF") == OK
        assert await bench.advance(0.5) == leased(0, b"192.168.4.2")


# AT+CWQIF


async def test_one_station_or_all_are_thrown_out_and_stay_away() -> None:
    async with softap(3) as bench:
        assert await bench.command(b'AT+CWQIF="F8:87:F1:0F:35:01"') == gone(1) + OK
        assert await bench.command(b'AT+CWQIF="f8:87:f1:0f:35:01"') == ERROR
        assert await bench.command(b"AT+CWQIF") == gone(0) + gone(2) + OK
        assert await bench.advance(100) == b""
        await run(bench, b"AT+CWQIF")
        bench.simulation.stations[1].join()
        assert await bench.settle() == connected(1) + leased(1, b"192.168.4.3")


# AT+CWDHCPS


async def test_the_pool_decides_who_gets_what() -> None:
    async with modules(1, phones(3)) as (bench,):
        await run(bench, b"AT+CWMODE=2", b'AT+CWDHCPS=1,3,"192.168.4.10","192.168.4.11"')
        assert await bench.command(b"AT+CWDHCPS?") == b"+CWDHCPS:3,192.168.4.10,192.168.4.11" + OK
        assert await bench.command(SOFTAP) == (
            OK
            + (connected(0) + connected(1) + connected(2))
            + (leased(0, b"192.168.4.10") + leased(1, b"192.168.4.11"))
        )
        assert await bench.command(b"AT+CWDHCPS=0") == OK
        assert await bench.command(b"AT+CWDHCPS?") == b"+CWDHCPS:120,192.168.4.2,192.168.4.101" + OK
        phone = bench.simulation.stations[2]
        phone.leave()
        phone.join()
        assert await bench.settle() == gone(2) + connected(2) + leased(2, b"192.168.4.2")


async def test_an_address_is_kept_for_a_phone_as_long_as_it_was_given_for() -> None:
    async with modules(1, phones(3)) as (bench,):
        await run(bench, b"AT+CWMODE=2", b'AT+CWDHCPS=1,5,"192.168.4.2","192.168.4.3"')
        await bench.command(SOFTAP)
        first, _, third = bench.simulation.stations
        first.leave()
        third.leave()
        third.join()
        assert await bench.settle() == gone(0) + gone(2) + connected(2)  # no address is free
        first.join()
        assert await bench.settle() == connected(0) + leased(0, b"192.168.4.2")
        first.leave()
        assert await bench.advance(300) == gone(0)
        third.leave()
        third.join()
        assert await bench.settle() == gone(2) + connected(2) + leased(2, b"192.168.4.2")
        first.join()
        assert await bench.settle() == connected(0)


async def test_the_pool_survives_a_restart() -> None:
    async with softap() as bench:
        await run(bench, b'AT+CWDHCPS=1,7,"192.168.4.50","192.168.4.60"')
        await bench.command(b"AT+RST")
        await bench.command(b"ATE0")
        assert await bench.command(b"AT+CWDHCPS?") == b"+CWDHCPS:7,192.168.4.50,192.168.4.60" + OK


# AT+CWDHCP bit 1, AT+CIPAP


async def test_the_server_can_be_switched_off() -> None:
    async with modules(1, phones(1)) as (bench,):
        await run(bench, b"AT+CWMODE=2", b"AT+CWDHCP=0,2")
        assert await bench.command(b"AT+CWDHCP?") == b"+CWDHCP:1" + OK
        assert await bench.command(b"AT+CWDHCPS=0") == ERROR
        assert await bench.command(b'AT+CWDHCPS=1,3,"192.168.4.10","192.168.4.15"') == ERROR
        assert await bench.command(SOFTAP) == OK + connected(0)
        assert await bench.command(b"AT+CWLIF") == OK
        await run(bench, b"AT+CWDHCP=1,2", b"AT+CWDHCPS=0")
        assert await bench.command(b"AT+CWDHCP?") == b"+CWDHCP:3" + OK


def shown(address: bytes, gateway: bytes, netmask: bytes = b"255.255.255.0") -> bytes:
    return b'+CIPAP:ip:"%b"\r\n+CIPAP:gateway:"%b"\r\n+CIPAP:netmask:"%b"\r\n' % (address, gateway, netmask) + OK


async def test_a_fixed_address_switches_the_server_on_and_the_server_switches_it_off() -> None:
    async with softap(1) as bench:
        assert await bench.command(b"AT+CIPAP?") == shown(b"192.168.4.1", b"192.168.4.1")
        await run(bench, b"AT+CWDHCP=0,2", b'AT+CIPAP="192.168.5.1","192.168.5.254","255.255.0.0"')
        assert await bench.command(b"AT+CIPAP?") == shown(b"192.168.5.1", b"192.168.5.254", b"255.255.0.0")
        assert await bench.command(b"AT+CWDHCP?") == b"+CWDHCP:3" + OK
        assert await bench.command(b"AT+CWDHCPS?") == b"+CWDHCPS:120,192.168.5.2,192.168.5.101" + OK
        phone = bench.simulation.stations[0]
        phone.leave()
        phone.join()
        assert await bench.settle() == gone(0) + connected(0) + leased(0, b"192.168.5.2")
        await bench.command(b"AT+RST")
        await bench.command(b"ATE0")
        assert await bench.command(b"AT+CIPAP?") == shown(b"192.168.5.1", b"192.168.5.254", b"255.255.0.0")
        await run(bench, b"AT+CWDHCP=0,2", b"AT+CWDHCP=1,2")
        assert await bench.command(b"AT+CIPAP?") == shown(b"192.168.4.1", b"192.168.4.1")
        await run(bench, b"AT+CWDHCPS=0")
        phone.leave()
        phone.join()
        assert await bench.settle() == gone(0) + connected(0) + leased(0, b"192.168.4.2")


async def test_the_pool_is_before_a_high_address() -> None:
    async with softap() as bench:
        await run(bench, b'AT+CIPAP="192.168.4.200"')
        assert await bench.command(b"AT+CWDHCPS?") == b"+CWDHCPS:120,192.168.4.100,192.168.4.199" + OK


@pytest.mark.parametrize(
    "line", [b'AT+CIPAP="192.168.4"', b'AT+CIPAP="192.168.4.1","192.168.4.1"', b"AT+CIPAP=1", b"AT+CIPAP="]
)
async def test_addresses_that_are_none(line: bytes) -> None:
    async with softap() as bench:
        assert await bench.command(line) == ERROR
        assert await bench.command(b"AT+CIPAP?") == shown(b"192.168.4.1", b"192.168.4.1")
        assert await bench.command(b"AT+CWDHCP?") == b"+CWDHCP:3" + OK


# AT+CIPAPMAC


async def test_another_mac_address_is_another_bssid() -> None:
    async with softap(1) as bench:
        assert await bench.command(b'AT+CIPAPMAC="1A:FE:35:98:D3:7B"') == (
            gone(0) + OK + connected(0) + leased(0, b"192.168.4.2")
        )
        assert await bench.command(b"AT+CIPAPMAC?") == b'+CIPAPMAC:"1a:fe:35:98:d3:7b"\r\n' + OK
        await bench.command(b"AT+RST")
        await bench.command(b"ATE0")
        assert await bench.command(b"AT+CIPAPMAC?") == b'+CIPAPMAC:"1a:fe:35:98:d3:7b"\r\n' + OK
        assert (await bench.command(b"AT+CIFSR")).startswith(
            b'+CIFSR:APIP,"192.168.4.1"\r\n+CIFSR:APMAC,"1a:fe:35:98:d3:7b"\r\n'
        )


async def test_a_factory_reset_forgets_all_of_it() -> None:
    async with softap() as bench:
        await run(bench, b'AT+CWDHCPS=1,7,"192.168.4.50","192.168.4.60"', b'AT+CIPAPMAC="1a:fe:35:98:d3:7b"')
        await bench.command(b"AT+RESTORE")
        await bench.command(b"ATE0")
        await run(bench, b"AT+CWMODE=2")
        assert await bench.command(b"AT+CWSAP?") == b'+CWSAP:"ESP_C21001","",1,0,10,0\r\n' + OK
        assert await bench.command(b"AT+CWDHCPS?") == b"+CWDHCPS:120,192.168.4.2,192.168.4.101" + OK
        assert await bench.command(b"AT+CIPAPMAC?") == b'+CIPAPMAC:"24:6f:28:c2:10:01"\r\n' + OK
