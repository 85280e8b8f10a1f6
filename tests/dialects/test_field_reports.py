"""Situations that people with real modules have described in public: what the module did, byte for byte."""

import pytest

from espat.scenario.world.world import World
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
