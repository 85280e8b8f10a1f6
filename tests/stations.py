"""What is on the air with a module: access points it joins, softAPs of modules, and phones of the world."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from typing import Final

from espat.radio.security import SECURITIES
from espat.scenario.world.world import DEFAULT_ACCESS_POINT, AccessPointConfiguration, StationConfiguration, World
from espat.stack.address import Address
from tests.texts import ERROR, JOIN, JOIN_LAB, JOINED, OK, SOFTAP
from tests.workbench import Workbench, modules, run, workbench

PEER: Final = "192.168.3.102"
"""What the module calls the peers of a test."""
OWN: Final = str(IPv4Address("127.64.0.0") + os.getpid() % 2**18 * 16 + 1)
"""Where the first module of a test appears on this machine, and the others behind it: loopback addresses that no other
process of tests has, so any port is free there."""
LOCAL_PORT: Final = 21112
"""A UDP port for the module, where a test needs to know it."""
BSSID: Final = bytes.fromhex("ca6f00000001")
PHONES: Final = [bytes.fromhex("f887f10f35") + bytes([number]) for number in range(4)]
NAMES: Final = [b"f8:87:f1:0f:35:%02x" % number for number in range(4)]
"""Their addresses as they are printed."""

# Worlds


def around(hosts: Mapping[str, str] | None = None, *, offline: bool = False) -> World:
    """A world with the peers on this machine, and further entries of [hosts]."""
    return World(hosts={PEER: "127.0.0.1", **(hosts or {})}, offline=offline, listen_address=Address(OWN))


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
    """An access point of the world."""
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


def phones(count: int = 1, password: bytes = b"12345678", address: str | None = None) -> World:
    """A world with so many phones that know the softAP of the tests."""
    fixed = Address(address) if address is not None else None
    return World(stations=tuple(StationConfiguration(mac, b"lab", password, fixed) for mac in PHONES[:count]))


# Modules


@asynccontextmanager
async def station(
    world: World | None = None, *commands: bytes, capacity: int | None = None, dialect: str = "esp32-v5"
) -> AsyncIterator[Workbench]:
    """A module that has joined, with its echo off, and after these commands."""
    async with workbench(world or around(), capacity=capacity, dialect=dialect) as bench:
        for line in (b"ATE0", b"AT+CWMODE=1", JOIN, *commands):
            assert (await bench.command(line)).endswith(OK), line
        yield bench


@asynccontextmanager
async def among(*points: AccessPointConfiguration, **timing: float) -> AsyncIterator[Workbench]:
    """A module in station mode among these access points, which has joined none."""
    async with workbench(World(access_points=points or (DEFAULT_ACCESS_POINT,), timing=timing)) as bench:
        assert await bench.command(b"AT+CWMODE=1") == OK
        yield bench


@asynccontextmanager
async def softap(count: int = 0, *commands: bytes) -> AsyncIterator[Workbench]:
    """A module with a softAP that so many phones have joined, its echo off."""
    async with modules(1, phones(count)) as (bench,):
        await run(bench, b"AT+CWMODE=2", *commands)
        assert (await bench.command(SOFTAP)).startswith(OK)
        yield bench


@asynccontextmanager
async def on_one_softap(
    *commands: bytes, world: World | None = None, count: int = 2, capacity: int | None = None
) -> AsyncIterator[Sequence[Workbench]]:
    """The first module has a softAP at 192.168.4.1; the others have joined it and are .2, .3 and so on. All of them
    have run these commands."""
    async with modules(count, world, capacity=capacity) as benches:
        await run(benches[0], b"AT+CWMODE=2", SOFTAP)
        for bench in benches[1:]:
            await run(bench, b"AT+CWMODE=1")
            assert await bench.command(JOIN_LAB) == JOINED
            benches[0].port.read()
        for bench in benches:
            await run(bench, *commands)
        yield benches


# What they print


async def state(bench: Workbench) -> int:
    """The number that AT+CWSTATE? shows."""
    printed = await bench.command(b"AT+CWSTATE?")
    assert printed.startswith(b"+CWSTATE:")
    return int(printed[9:10])


async def mac_of(bench: Workbench, interface: bytes) -> bytes:
    """The MAC address of the station (STA) or softAP (AP), as printed."""
    printed = await bench.command(b"AT+CIFSR")
    return printed.partition(b"+CIFSR:%bMAC," % interface)[2].partition(b"\r\n")[0]


async def code(bench: Workbench, line: bytes) -> bytes:
    """What a command is refused with, AT+SYSLOG being 1."""
    printed = await bench.command(line)
    assert printed.endswith(ERROR), printed
    return printed.removesuffix(ERROR).strip()


def phone_joined(number: int) -> bytes:
    """The report of a softAP that a phone has joined."""
    return b'+STA_CONNECTED:"%b"\r\n' % NAMES[number]


def phone_leased(number: int, address: bytes) -> bytes:
    """That it has given it an address."""
    return b'+DIST_STA_IP:"%b","%b"\r\n' % (NAMES[number], address)


def phone_gone(number: int) -> bytes:
    """That it has left."""
    return b'+STA_DISCONNECTED:"%b"\r\n' % NAMES[number]
