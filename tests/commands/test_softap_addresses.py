"""The addresses of a softAP: AT+CWDHCPS, AT+CWDHCP for it, AT+CIPAP."""

import pytest

from tests.stations import phone_gone, phone_joined, phone_leased, phones, softap
from tests.texts import ERROR, OK, SOFTAP
from tests.workbench import modules, run

# AT+CWDHCPS


async def test_the_pool_decides_who_gets_what() -> None:
    async with modules(1, phones(3)) as (bench,):
        await run(bench, b"AT+CWMODE=2", b'AT+CWDHCPS=1,3,"192.168.4.10","192.168.4.11"')
        assert await bench.command(b"AT+CWDHCPS?") == b"+CWDHCPS:3,192.168.4.10,192.168.4.11" + OK
        assert await bench.command(SOFTAP) == (
            OK
            + (phone_joined(0) + phone_joined(1) + phone_joined(2))
            + (phone_leased(0, b"192.168.4.10") + phone_leased(1, b"192.168.4.11"))
        )
        assert await bench.command(b"AT+CWDHCPS=0") == OK
        assert await bench.command(b"AT+CWDHCPS?") == b"+CWDHCPS:120,192.168.4.2,192.168.4.101" + OK
        phone = bench.simulation.stations[2]
        phone.leave()
        phone.join()
        assert await bench.settle() == phone_gone(2) + phone_joined(2) + phone_leased(2, b"192.168.4.2")


async def test_an_address_is_kept_for_a_phone_as_long_as_it_was_given_for() -> None:
    async with modules(1, phones(3)) as (bench,):
        await run(bench, b"AT+CWMODE=2", b'AT+CWDHCPS=1,5,"192.168.4.2","192.168.4.3"')
        await bench.command(SOFTAP)
        first, _, third = bench.simulation.stations
        first.leave()
        third.leave()
        third.join()
        assert await bench.settle() == phone_gone(0) + phone_gone(2) + phone_joined(2)  # no address is free
        first.join()
        assert await bench.settle() == phone_joined(0) + phone_leased(0, b"192.168.4.2")
        first.leave()
        assert await bench.advance(300) == phone_gone(0)
        third.leave()
        third.join()
        assert await bench.settle() == phone_gone(2) + phone_joined(2) + phone_leased(2, b"192.168.4.2")
        first.join()
        assert await bench.settle() == phone_joined(0)


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
        assert await bench.command(SOFTAP) == OK + phone_joined(0)
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
        assert await bench.settle() == phone_gone(0) + phone_joined(0) + phone_leased(0, b"192.168.5.2")
        await bench.command(b"AT+RST")
        await bench.command(b"ATE0")
        assert await bench.command(b"AT+CIPAP?") == shown(b"192.168.5.1", b"192.168.5.254", b"255.255.0.0")
        await run(bench, b"AT+CWDHCP=0,2", b"AT+CWDHCP=1,2")
        assert await bench.command(b"AT+CIPAP?") == shown(b"192.168.4.1", b"192.168.4.1")
        await run(bench, b"AT+CWDHCPS=0")
        phone.leave()
        phone.join()
        assert await bench.settle() == phone_gone(0) + phone_joined(0) + phone_leased(0, b"192.168.4.2")


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
