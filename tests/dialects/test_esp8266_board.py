"""The chip of the old firmwares: boot ROM and flash."""

import pytest

from espat.dialects.esp8266_board import FIRST_BOOT_TEXT, LAST_BOOT_TEXT
from espat.dialects.loading import load_firmware
from espat.dialects.names import RUNNABLE
from espat.persist.storage import Storage
from espat.persist.variants import VARIANTS
from tests.texts import JOIN
from tests.workbench import workbench

FLASH = VARIANTS["ESP8266"]


def test_the_rom_prints_where_the_commands_are() -> None:
    texts = {dialect: load_firmware(dialect).boot_text for dialect in RUNNABLE}
    first, last = FIRST_BOOT_TEXT, LAST_BOOT_TEXT
    assert texts == {"esp32-v5": None, "esp8266-v0.30": first, "esp8266-v1.7": last, "ai-thinker": None}
    for text, baud_rate in (first, last):
        assert text.startswith(b"\r\n ets Jan  8 2013,rst cause:")
        assert baud_rate == 74880


def test_the_map_is_that_of_the_manual() -> None:
    names = [(partition.name, partition.offset) for partition in FLASH.system]
    assert names == [
        ("boot", 0x0),
        ("user1", 0x1000),
        ("user_param", 0x7C000),
        ("user2", 0x81000),
        ("system_param", 0xFC000),
    ]
    ends = [partition.offset + partition.size for partition in FLASH.system]
    assert all(end <= after.offset for end, after in zip(ends, FLASH.system.partitions[1:], strict=False))
    assert ends[-1] == FLASH.size == 2**20


USER = (
    *("AT+UART_DEF=9600,8,1,0,0", "AT+CWDHCP=0,1", 'AT+CIPSTAMAC="18:fe:35:98:d3:7b"', 'AT+CIPSTA="192.168.3.60"'),
    *('AT+CIPAPMAC="1a:fe:35:98:d3:7b"', 'AT+CIPAP="192.168.5.1","192.168.5.1","255.255.255.0"'),
    *('AT+SAVETRANSLINK=1,"192.168.3.102",8080', "AT+SAVETRANSLINK=0"),
)
SYSTEM = ("AT+CWMODE_DEF=3", JOIN.decode(), "AT+CWAUTOCONN=0", 'AT+CWSAP="lab","12345678",5,3')


@pytest.mark.parametrize(("lines", "place"), [(USER, "user_param"), (SYSTEM, "system_param")])
async def test_settings_are_in_the_area_that_the_manual_says(lines: tuple[str, ...], place: str) -> None:
    async with workbench(dialect="esp8266-v0.30") as bench:
        for line in ("ATE0", "AT+CWMODE_CUR=3"):
            assert b"OK\r\n" in await bench.command(line.encode())
        storage = bench.module[Storage]
        for line in lines:
            before = {name: content(storage, name) for name in ("user_param", "system_param")}
            assert b"OK\r\n" in await bench.command(line.encode()), line
            assert {name for name in before if content(storage, name) != before[name]} == {place}, line


def content(storage: Storage, name: str) -> bytes:
    """What is in a partition."""
    partition = storage.find(name)
    assert partition is not None
    return storage.region(partition).read(0, partition.size)


async def test_a_restore_forgets_both_areas() -> None:
    async with workbench(dialect="esp8266-v0.30") as bench:
        for line in (b"ATE0", b"AT+CWMODE=3", b'AT+CIPAPMAC="1a:fe:35:98:d3:7b"', b"AT+RESTORE"):
            assert b"OK\r\n" in await bench.command(line)
        await bench.command(b"ATE0")
        assert b"1a:fe:35:98:d3:7b" not in await bench.command(b"AT+CIPAPMAC?")
        assert await bench.command(b"AT+CWMODE?") == b"+CWMODE:2\r\n\r\nOK\r\n"


@pytest.mark.parametrize(("dialect", "mark"), [("esp8266-v1.7", b""), ("ai-thinker", b",")])
async def test_memory_is_that_of_the_chip(dialect: str, mark: bytes) -> None:
    async with workbench(dialect=dialect) as bench:
        printed = await bench.command(b"AT+SYSRAM?")
        free, _, lowest = printed.removeprefix(b"+SYSRAM:").split(b"\r\n")[0].partition(b",")
        assert 40_000 <= int(lowest or free) <= int(free) < 50_000
        assert mark in printed
