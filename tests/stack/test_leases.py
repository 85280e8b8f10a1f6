"""The DHCP client of the station: renewals that nobody sees, and an address that is lost."""

from dataclasses import replace

from espat.radio.station import Station
from espat.scenario.world.world import DEFAULT_ACCESS_POINT, World
from espat.stack.address import Address
from espat.stack.station_interface import StationInterface
from tests.workbench import Workbench, workbench

HOUR = 3600.0
WORLD = World(access_points=(replace(DEFAULT_ACCESS_POINT, lease_time=2 * HOUR),))


async def join(bench: Workbench) -> None:
    await bench.command(b"ATE0")
    await bench.command(b"AT+CWMODE=1")
    assert b"WIFI GOT IP" in await bench.command(b'AT+CWJAP="espressif","1234567890"')


async def test_renewals_are_silent_and_keep_the_address() -> None:
    async with workbench(WORLD) as bench:
        await join(bench)
        for _ in range(48):
            assert await bench.advance(HOUR / 2) == b""
        assert bench.module[StationInterface].ipv4.address == Address("192.168.3.112")


async def test_without_a_server_the_address_lasts_as_long_as_the_lease() -> None:
    async with workbench(WORLD) as bench:
        await join(bench)
        (lan,) = bench.simulation.lans.values()
        assert await bench.advance(HOUR + 1) == b""  # renewed once
        lan.dhcp = False
        assert await bench.advance(2 * HOUR - 2) == b""
        assert (await bench.command(b"AT+CIPSTA?")).startswith(b'+CIPSTA:ip:"192.168.3.112"')
        await bench.advance(1)
        assert (await bench.command(b"AT+CIPSTA?")).startswith(b'+CIPSTA:ip:"0.0.0.0"')
        lan.dhcp = True
        assert await bench.advance(60) == b"WIFI GOT IP\r\n"


async def test_a_server_that_comes_back_in_time_renews_the_lease() -> None:
    async with workbench(WORLD) as bench:
        await join(bench)
        (lan,) = bench.simulation.lans.values()
        lan.dhcp = False
        assert await bench.advance(1.9 * HOUR) == b""
        lan.dhcp = True
        assert await bench.advance(2 * HOUR) == b""
        assert bench.module[StationInterface].ipv4.address == Address("192.168.3.112")


async def test_a_refused_renewal_loses_the_address_and_asks_for_another() -> None:
    async with workbench(WORLD) as bench:
        await join(bench)
        (lan,) = bench.simulation.lans.values()
        lan.leases.clear()  # the router has restarted, and gives the address to somebody else
        lan.leases[b"\2\0\0\0\0\1"] = Address("192.168.3.112")
        assert await bench.advance(HOUR - 1) == b""
        assert await bench.advance(1) == b"WIFI GOT IP\r\n"
        assert (await bench.command(b"AT+CIPSTA?")).startswith(b'+CIPSTA:ip:"192.168.3.113"')


async def test_a_fixed_address_needs_no_lease() -> None:
    async with workbench(WORLD) as bench:
        await join(bench)
        assert b"OK" in await bench.command(b'AT+CIPSTA="192.168.3.50"')
        (lan,) = bench.simulation.lans.values()
        lan.dhcp = False
        assert await bench.advance(24 * HOUR) == b""
        assert bench.module[StationInterface].ipv4.address == Address("192.168.3.50")


async def test_a_server_that_is_there_too_late_for_the_join_gives_its_address_later() -> None:
    async with workbench(WORLD) as bench:
        (lan,) = bench.simulation.lans.values()
        lan.dhcp = False
        bench.module[Station].remember(b"espressif", b"1234567890")
        bench.module.reset()
        assert b"ready" in await bench.settle()
        printed = await bench.advance(60)
        assert b"WIFI GOT IP" not in printed
        lan.dhcp = True
        assert b"WIFI GOT IP\r\n" in await bench.advance(120)
