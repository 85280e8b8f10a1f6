"""A module with a softAP, and phones of the world that join it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from espat.scenario.world.world import StationConfiguration, World
from espat.stack.address import Address
from tests.several import modules, run
from tests.texts import ERROR, OK, SOFTAP
from tests.workbench import Workbench

PHONES = [bytes.fromhex("f887f10f35") + bytes([number]) for number in range(4)]
NAMES = [b"f8:87:f1:0f:35:%02x" % n for n in range(4)]


def phones(count: int = 1, password: bytes = b"12345678", address: str | None = None) -> World:
    fixed = Address(address) if address is not None else None
    return World(stations=tuple(StationConfiguration(mac, b"lab", password, fixed) for mac in PHONES[:count]))


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
