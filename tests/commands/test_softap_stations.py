"""Stations of a softAP: who joins, AT+CWLIF, AT+CWQIF."""

import pytest

from espat.radio.softap import SoftAp
from espat.scenario.world.world import World
from espat.stack.address import Address
from tests.stations import phone_gone, phone_joined, phone_leased, phones, softap
from tests.texts import ERROR, OK, READY, SOFTAP
from tests.workbench import modules, run


async def test_phones_join_as_soon_as_the_softap_appears_and_its_command_answers_first() -> None:
    async with modules(1, phones(2)) as (bench,):
        await run(bench, b"AT+CWMODE=2")
        join = phone_joined(0) + phone_joined(1) + phone_leased(0, b"192.168.4.2") + phone_leased(1, b"192.168.4.3")
        assert await bench.command(SOFTAP) == OK + join
        assert await bench.command(b"AT+CWLIF") == (
            b"+CWLIF:192.168.4.2,f8:87:f1:0f:35:00\r\n+CWLIF:192.168.4.3,f8:87:f1:0f:35:01\r\n" + OK
        )
        assert await bench.command(SOFTAP) == phone_gone(0) + phone_gone(1) + OK + join  # with the same settings too
        assert await bench.command(b"AT+CWMODE=0") == phone_gone(0) + phone_gone(1) + OK
        assert await bench.command(b"AT+CWMODE=3") == OK + join
        assert await bench.command(b"AT+CWINIT=0") == phone_gone(0) + phone_gone(1) + OK
        assert await bench.command(b"AT+CWINIT=1") == OK + join


async def test_a_restart_and_the_phones_come_back() -> None:
    async with softap(1) as bench:
        assert await bench.command(b"AT+RST") == (
            OK + phone_gone(0) + READY + phone_joined(0) + phone_leased(0, b"192.168.4.2")
        )


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
        assert await bench.command(b'AT+CWSAP="lab","",5,0') == OK + phone_joined(0) + phone_leased(0, b"192.168.4.2")


async def test_a_phone_with_a_fixed_address_gets_none_and_is_not_listed() -> None:
    async with modules(1, phones(1, address="192.168.4.77")) as (bench,):
        await run(bench, b"AT+CWMODE=2")
        assert await bench.command(SOFTAP) == OK + phone_joined(0)
        assert await bench.command(b"AT+CWLIF") == OK
        await run(bench, b"AT+CIPMUX=1", b"AT+SYSLOG=1")
        refused, nobody = b"+ERRNO:0x68\r\n" + ERROR, b"+ERRNO:0x71\r\n" + ERROR
        assert await bench.command(b'AT+CIPSTART=0,"TCP","192.168.4.77",80') == refused
        assert await bench.command(b'AT+CIPSTART=0,"TCP","192.168.4.78",80') == nobody


async def test_no_more_phones_than_may_join() -> None:
    async with modules(1, phones(4)) as (bench,):
        await run(bench, b"AT+CWMODE=2")
        assert await bench.command(SOFTAP + b",2") == (
            OK + phone_joined(0) + phone_joined(1) + phone_leased(0, b"192.168.4.2") + phone_leased(1, b"192.168.4.3")
        )


async def test_a_phone_is_told_to_leave_and_to_join() -> None:
    async with softap(2) as bench:
        phone = bench.simulation.stations[0]
        assert phone.addresses == {bench.module[SoftAp].mac: Address("192.168.4.2")}
        phone.leave()
        assert await bench.settle() == phone_gone(0)
        assert phone.addresses == {}
        phone.leave()
        assert await bench.settle() == b""
        phone.join()
        assert await bench.settle() == phone_joined(0) + phone_leased(0, b"192.168.4.2")
        phone.join()
        assert await bench.settle() == b""
        phone.vanish()
        assert await bench.settle() == b""
        assert await bench.advance(300) == phone_gone(0)


async def test_a_phone_that_vanishes_and_joins_again() -> None:
    async with softap(1) as bench:
        phone = bench.simulation.stations[0]
        phone.vanish()
        assert await bench.command(b"AT+CWQIF") == phone_gone(0) + OK
        phone.join()
        assert await bench.settle() == phone_joined(0) + phone_leased(0, b"192.168.4.2")
        phone.vanish()
        phone.join()
        assert await bench.settle() == phone_gone(0) + phone_joined(0) + phone_leased(0, b"192.168.4.2")
        assert await bench.advance(1000) == b""


async def test_joining_and_leasing_take_the_time_of_the_profile() -> None:
    world = World(stations=phones(1).stations, timing={"join": 2.0, "lease": 0.5})
    async with modules(1, world) as (bench,):
        await run(bench, b"AT+CWMODE=2", SOFTAP)
        assert await bench.advance(1.9) == b""
        assert await bench.advance(0.1) == phone_joined(0)
        assert await bench.command(b"AT+CWLIF") == OK
        assert await bench.advance(0.5) == phone_leased(0, b"192.168.4.2")


# AT+CWQIF


async def test_one_station_or_all_are_thrown_out_and_stay_away() -> None:
    async with softap(3) as bench:
        assert await bench.command(b'AT+CWQIF="F8:87:F1:0F:35:01"') == phone_gone(1) + OK
        assert await bench.command(b'AT+CWQIF="f8:87:f1:0f:35:01"') == ERROR
        assert await bench.command(b"AT+CWQIF") == phone_gone(0) + phone_gone(2) + OK
        assert await bench.advance(100) == b""
        await run(bench, b"AT+CWQIF")
        bench.simulation.stations[1].join()
        assert await bench.settle() == phone_joined(1) + phone_leased(1, b"192.168.4.3")
