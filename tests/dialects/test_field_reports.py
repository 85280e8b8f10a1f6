"""Situations that people with real modules have described in public: what the module did, byte for byte."""

import pytest

from espat.scenario.world.world import World
from tests.network import connected, receive_exactly, soon
from tests.stations import router
from tests.texts import ERROR, JOINED, OK
from tests.workbench import workbench

COMMAS = World(access_points=(router(b"lab 2,4", b"12345,678"),))
NAMES = ["esp32-v5", "ai-thinker", "esp8266-v1.7", "esp8266-v0.30"]
ESP_AT = NAMES[:2]
OLD = NAMES[2:]


@pytest.mark.parametrize("dialect", ESP_AT)
async def test_a_comma_between_quotes_separates_unless_it_is_escaped(dialect: str) -> None:
    async with workbench(COMMAS, dialect=dialect) as bench:
        assert await bench.command(b"AT+CWMODE=1") == OK
        assert await bench.command(b'AT+CWJAP="lab 2,4","12345,678"') == ERROR
        assert await bench.command(b'AT+CWJAP="lab 2\\,4","12345\\,678"') == JOINED


@pytest.mark.parametrize("dialect", OLD)
async def test_a_comma_between_quotes_belongs_to_the_string_in_the_old_firmwares(dialect: str) -> None:
    async with workbench(COMMAS, dialect=dialect) as bench:
        assert await bench.command(b"AT+CWMODE=1") == OK
        name = b"AT+CWJAP" if dialect == "esp8266-v0.30" else b"AT+CWJAP_CUR"
        assert (await bench.command(name + b'="lab 2,4","12345,678"')).endswith(OK)


@pytest.mark.parametrize("dialect", NAMES)
async def test_what_is_too_much_is_refused_before_the_receipt(dialect: str) -> None:
    async with connected(dialect=dialect) as (bench, peer):
        bench.port.send(b"AT+CIPSEND=4\r\n")
        await soon(bench.port.read_until(b">"))
        bench.port.send(b"data\r\n")
        printed = await soon(bench.port.read_until(b"\r\nSEND OK\r\n"))
        refused, receipt, _ = printed.partition(b"\r\nRecv 4 bytes\r\n")
        assert refused.strip() in (b"busy p...", b"busy s...")
        assert receipt
        assert await receive_exactly(peer, 4) == b"data"


@pytest.mark.parametrize("dialect", ESP_AT)
async def test_a_line_that_is_too_long(dialect: str) -> None:
    async with workbench(dialect=dialect) as bench:
        assert await bench.command(b"AT+SYSLOG=1") == OK
        assert await bench.command(b"AT+" + b"X" * 261) == b"ERR CODE:0x01030000\r\n" + ERROR
        assert await bench.command(b"AT+" + b"X" * 227) == b"ERR CODE:0x01090000\r\n" + ERROR
