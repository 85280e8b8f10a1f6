"""The chip of the old firmwares: boot ROM and flash."""

import pytest

from simulator.dialects.esp8266_board import BOOT_TEXT, FLASH
from simulator.dialects.loading import load_firmware
from simulator.dialects.names import RUNNABLE
from simulator.persist.nvs_settings import NvsSettings
from tests.network import JOIN
from tests.workbench import workbench


def test_the_rom_prints_where_the_commands_are() -> None:
    texts = {dialect: load_firmware(dialect).boot_text for dialect in RUNNABLE}
    assert texts == {"esp32-v5": None, "esp8266-v0.30": BOOT_TEXT, "esp8266-v1.7": BOOT_TEXT, "ai-thinker": None}
    assert BOOT_TEXT.text.startswith(b"\r\n ets Jan  8 2013,rst cause:")
    assert BOOT_TEXT.baud_rate == 74880


def test_areas_of_the_flash_do_not_overlap() -> None:
    ends = [area.offset + area.size for area in FLASH]
    assert all(end <= area.offset for end, area in zip(ends, FLASH[1:], strict=False))
    assert ends[-1] == 2**20


async def test_every_setting_that_is_stored_has_its_area(monkeypatch: pytest.MonkeyPatch) -> None:
    namespaces = set()

    def write(store: NvsSettings, namespace: str, key: str, value: int | bytes) -> None:
        namespaces.add(namespace)
        written(store, namespace, key, value)

    written = NvsSettings.write
    monkeypatch.setattr(NvsSettings, "write", write)
    async with workbench(dialect="esp8266-v0.30") as bench:
        for line in (
            *(b"ATE0", b"AT+CWMODE=3", JOIN, b'AT+CWSAP="lab","12345678",5,3', b"AT+CWAUTOCONN=1"),
            *(b"AT+UART_DEF=9600,8,1,0,0", b"AT+CWDHCP=0,1", b'AT+CIPSTAMAC="18:fe:35:98:d3:7b"'),
            *(b'AT+CIPAPMAC="1a:fe:35:98:d3:7b"', b'AT+CIPSTA="192.168.3.60"', b"AT+SLEEP=1"),
            *(b'AT+SAVETRANSLINK=1,"192.168.3.102",8080', b"AT+SAVETRANSLINK=0"),
            b'AT+CIPAP="192.168.5.1","192.168.5.1","255.255.255.0"',
        ):
            assert b"OK\r\n" in await bench.command(line), line
    areas = {namespace: area.name for area in FLASH for namespace in area.namespaces}
    assert namespaces - set(areas) == set()
