"""What survives a restart, setting by setting: always, by AT+SYSSTORE, or never."""

from pathlib import Path

import pytest

from espat.core.at.grammar import Form
from espat.persist.storage import Storage, open_storage
from tests.stored_settings import BASE, NOT_YET, STORED, StoredSetting
from tests.texts import OK
from tests.workbench import Workbench, workbench

BY_NAME = pytest.mark.parametrize("setting", STORED.values(), ids=STORED)


async def run(bench: Workbench, *lines: bytes) -> None:
    for line in lines:
        printed = await bench.command(line)
        assert printed.endswith(OK), (line, printed)


async def restart(bench: Workbench) -> None:
    assert (await bench.command(b"AT+RST")).endswith(b"\r\nready\r\n")
    await run(bench, b"ATE0")


async def shows(bench: Workbench, setting: StoredSetting, which: int) -> bool:
    return setting.shown[which] in await bench.command(setting.query)


@BY_NAME
async def test_the_last_value_is_there_after_a_restart(setting: StoredSetting) -> None:
    async with workbench() as bench:
        await run(bench, b"ATE0", BASE)
        for which in (0, 1, 0):
            await run(bench, setting.values[which])
            assert await shows(bench, setting, which)
            await restart(bench)
            assert await shows(bench, setting, which)


@BY_NAME
async def test_without_sysstore_only_some_are(setting: StoredSetting) -> None:
    async with workbench() as bench:
        await run(bench, b"ATE0", BASE, setting.values[0], b"AT+SYSSTORE=0", setting.values[1])
        assert await shows(bench, setting, 1)
        await restart(bench)
        assert await shows(bench, setting, 1 if setting.always else 0)


@BY_NAME
async def test_it_is_in_the_file_and_gone_after_restore(setting: StoredSetting, tmp_path: Path) -> None:
    storage = open_storage(tmp_path / "flash")
    async with workbench(storage=storage) as bench:
        await run(bench, b"ATE0", BASE, setting.values[0], setting.values[1])
    storage.close()
    storage = open_storage(tmp_path / "flash")
    async with workbench(storage=storage) as bench:
        await run(bench, b"ATE0")
        assert await shows(bench, setting, 1)
        await run(bench, setting.values[0])
        assert (await bench.command(b"AT+RESTORE")).endswith(b"\r\nready\r\n")
        factory = await bench.command(setting.query)
    storage.close()
    async with workbench(storage=Storage()) as bench:
        assert await bench.command(setting.query) == factory.removeprefix(setting.query + b"\r\n")


@BY_NAME
async def test_an_unchanged_value_is_not_written(setting: StoredSetting) -> None:
    async with workbench() as bench:
        await run(bench, b"ATE0", BASE, setting.values[0])
        before = bench.module.board.storage.settings.writes
        await run(bench, setting.values[0])
        assert bench.module.board.storage.settings.writes == before


async def test_the_list_is_complete() -> None:
    async with workbench() as bench:
        registry = bench.module.firmware.registry
        assert all((f"AT+{name}", Form.SET) in registry for name in STORED)
        assert not any((f"AT+{name}", Form.SET) in registry for name in NOT_YET)
    stored_by_sysstore = 31
    elsewhere = {"CWJAP"}
    always = {name for name, setting in STORED.items() if setting.always}
    assert len(NOT_YET | STORED.keys() | elsewhere) - len(always) == stored_by_sysstore


async def test_the_access_point_is_joined_again() -> None:
    join = b'AT+CWJAP="espressif","1234567890"'
    async with workbench() as bench:
        await run(bench, b"ATE0", b"AT+CWMODE=1", join)
        printed = await bench.command(b"AT+RST")
        assert printed.endswith(b"\r\nready\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n")
        await run(bench, b"ATE0", b"AT+CWQAP", b"AT+SYSSTORE=0", b'AT+CWJAP="espressif","1234567890"')
        assert (await bench.command(b"AT+RST")).endswith(b"WIFI GOT IP\r\n")


@pytest.mark.parametrize("line", [b"AT+RST", b"AT+RFCAL", b"AT+GSLP=0"])
async def test_other_restarts_keep_the_settings_and_lose_the_rest(line: bytes) -> None:
    async with workbench() as bench:
        await run(bench, b"AT+SYSMSG=4", b"AT+SYSLOG=1", b"AT+TRANSINTVL=7", b"AT+UART_CUR=9600,8,1,0,0")
        await run(bench, b"AT+SYSSTORE=0", b"ATE0")
        assert (await bench.command(line)).startswith(OK)
        await bench.advance(0.001)
        for query, shown in (
            (b"AT+SYSMSG?", b"+SYSMSG:4"),
            (b"AT+SYSLOG?", b"+SYSLOG:0"),
            (b"AT+TRANSINTVL?", b"+TRANSINTVL:20"),
            (b"AT+SYSSTORE?", b"+SYSSTORE:1"),
            (b"AT+UART_CUR?", b"+UART_CUR:115201,8,1,0,1"),
        ):
            assert shown in await bench.command(query)
