"""`+ERRNO:` of links and servers that do not come about (ESP-AT User Guide, AT+CIPSTART and AT+CIPSERVER)."""

import pytest

from tests.network import answer
from tests.stations import station
from tests.texts import ERROR, OK
from tests.workbench import run, workbench

CORE = b"+ERRNO:0x4001\r\n" + ERROR
"""The AT core has refused it."""
STARTS = (b'AT+CIPSTART=0,"TCP","192.168.3.102",80', b'AT+CIPSTART=0,"UDP","192.168.3.102",80')
SSL = b'AT+CIPSTART=0,"SSL","192.168.3.102",80'


async def test_nothing_is_joined() -> None:
    async with workbench() as bench:
        await run(bench, b"ATE0", b"AT+CWMODE=1", b"AT+CIPMUX=1")
        for line in (*STARTS, SSL, b'AT+CIPSTARTEX="TCP","192.168.3.102",80'):
            assert await bench.command(line) == ERROR
            await run(bench, b"AT+SYSLOG=1")
            assert await bench.command(line) == CORE
            await run(bench, b"AT+SYSLOG=0")


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        (STARTS[0] + b',,"192.168.3.99"', b"+ERRNO:0x7d\r\n"),
        (STARTS[1] + b',,,"192.168.3.99"', b"+ERRNO:0x7d\r\n"),
        (SSL + b',,"192.168.3.99"', b"+ERRNO:0x8004\r\n"),
    ],
)
async def test_a_local_address_that_is_not_the_modules(line: bytes, printed: bytes) -> None:
    async with station(None, b"AT+CIPMUX=1", b"AT+SYSLOG=1") as bench:
        assert await bench.command(line) == printed + ERROR


async def test_what_the_core_refuses() -> None:
    async with station(None, b"AT+SYSLOG=1") as bench:
        assert await bench.command(b'AT+CIPSTART="TCP","fe80::1",80') == CORE
        assert await bench.command(b'AT+CIPSTART="UDP","192.168.3.102",80,,2') == CORE
        assert await bench.command(b"AT+CIPSERVER=1") == CORE
        await answer(bench, b'AT+CIPSTART="UDP","192.168.3.102",80')
        assert await bench.command(b'AT+CIPSTART="UDP","192.168.3.102",80') == CORE


async def test_a_second_server() -> None:
    async with station(None, b"AT+CIPMUX=1", b"AT+SYSLOG=1") as bench:
        assert await answer(bench, b"AT+CIPSERVER=1,20333") == OK
        assert await bench.command(b"AT+CIPSERVER=1,20334") == CORE


async def test_a_server_without_certificate() -> None:
    async with workbench() as bench:
        await run(bench, b"ATE0", b"AT+CIPMUX=1", b"AT+SYSLOG=1", b'AT+SYSMFG=0,"server_cert"')
        assert await bench.command(b'AT+CIPSERVER=1,20333,"SSL"') == CORE
