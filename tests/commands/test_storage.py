"""AT+SYSFLASH, AT+SYSMFG, AT+SYSROLLBACK, AT+RFCAL, and the factory parameters, in exact bytes."""

from contextlib import suppress

import pytest

from espat.persist.chip.flash import SECTOR_SIZE
from espat.persist.factory import manufacturing_image
from espat.persist.manufacturing import SHIPPED
from espat.persist.nvs.entry import Type
from espat.persist.nvs.partition import NvsFullError
from espat.persist.nvs_settings import CALIBRATION_VERSION
from espat.persist.storage import Storage
from espat.persist.variants import VARIANTS
from espat.stack.tls_options import LinkTls
from tests.texts import ERROR, OK, PROMPT, READY
from tests.workbench import Workbench, workbench

MANUFACTURING_SIZE = 0x1C000


async def quiet(bench: Workbench) -> None:
    assert (await bench.command(b"ATE0")).endswith(OK)


# AT+SYSFLASH


async def test_the_user_partitions() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSFLASH?") == (
            b'+SYSFLASH:"mfg_nvs",1,2,0x21000,0x1c000\r\n+SYSFLASH:"fatfs",1,129,0x70000,0x90000\r\n' + OK
        )
    async with workbench(storage=Storage(VARIANTS["D2WD"])) as bench:
        assert await bench.command(b"AT+SYSFLASH?") == b'+SYSFLASH:"mfg_nvs",1,2,0x21000,0x1c000\r\n' + OK


async def test_a_partition_is_written_read_and_erased() -> None:
    async with workbench() as bench:
        await quiet(bench)
        assert await bench.command(b'AT+SYSFLASH=1,"fatfs",0x10,8') == b">"
        assert await bench.send(b"abc\r\n", b"+++") == OK
        assert await bench.command(b'AT+SYSFLASH=2,"fatfs",15,10') == b"+SYSFLASH:10,\xffabc\r\n+++\xff" + OK
        assert await bench.command(b'AT+SYSFLASH=1,"fatfs",16,2') == b">"
        assert await bench.send(b"\xf0\xf0") == OK
        assert await bench.command(b'AT+SYSFLASH=2,"fatfs",16,2') == b"+SYSFLASH:2,\x60\x60" + OK  # bits only go
        assert await bench.command(b'AT+SYSFLASH=0,"fatfs",0,4096') == OK
        assert await bench.command(b'AT+SYSFLASH=2,"fatfs",0x10,3') == b"+SYSFLASH:3,\xff\xff\xff" + OK
        assert await bench.command(b'AT+SYSFLASH=2,"fatfs",0,0') == b"+SYSFLASH:0," + OK


async def test_what_comes_behind_the_data_is_the_next_command() -> None:
    async with workbench() as bench:
        await quiet(bench)
        assert await bench.command(b'AT+SYSFLASH=1,"fatfs",0,2') == b">"
        assert await bench.send(b"abAT\r\n") == OK + OK


async def test_the_manufacturing_data_are_replaced_as_a_whole() -> None:
    image = bytearray(manufacturing_image(VARIANTS["MINI-1"], MANUFACTURING_SIZE))
    async with workbench() as bench:
        await quiet(bench)
        assert await bench.command(b'AT+SYSFLASH=0,"mfg_nvs"') == OK
        for at in range(0, MANUFACTURING_SIZE, 4096):
            assert await bench.command(b'AT+SYSFLASH=1,"mfg_nvs",%d,4096' % at) == b">"
            assert await bench.send(bytes(image[at : at + 4096])) == OK
        assert (await bench.command(b"AT+GMR")).endswith(b"(WROOM-32)\r\n" + OK)
        assert await bench.command(b"AT+RST") == OK + READY
        await quiet(bench)
        assert (await bench.command(b"AT+GMR")).endswith(b"(MINI-1)\r\n" + OK)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'AT+SYSFLASH=2,"nothing",0,1', b"0x010a0000"),
        (b'AT+SYSFLASH=2,"nvs",0,1', b"0x010a0000"),
        (b'AT+SYSFLASH=0,"nothing"', b"0x010a0000"),
        (b'AT+SYSFLASH=0,"fatfs",1,4096', b"0x010a0001"),
        (b'AT+SYSFLASH=0,"fatfs",0,100', b"0x010a0001"),
        (b'AT+SYSFLASH=0,"fatfs",0x90000,4096', b"0x010a0001"),
        (b'AT+SYSFLASH=0,"fatfs",4096', b"0x010a0001"),
        (b'AT+SYSFLASH=1,"fatfs",0x8ffff,2', b"0x010a0002"),
        (b'AT+SYSFLASH=1,"fatfs",0,0', b"0x010a0002"),
        (b'AT+SYSFLASH=1,"fatfs",0,0x90000', b"0x010a0002"),
        (b'AT+SYSFLASH=2,"fatfs",0x8ffff,2', b"0x010a0003"),
        (b'AT+SYSFLASH=3,"fatfs",0,1', b"0x01070001"),
        (b'AT+SYSFLASH=2,"fatfs"', b"0x01060402"),
        (b'AT+SYSFLASH=2,"a name beyond limits",0,1', b"0x01040002"),
        (b"AT+SYSFLASH=2,fatfs,0,1", b"0x01080002"),
        (b"AT+SYSFLASH", b"0x01090000"),
    ],
)
async def test_flash_errors(line: bytes, code: bytes) -> None:
    async with workbench() as bench:
        await quiet(bench)
        await bench.command(b"AT+SYSLOG=1")
        assert await bench.command(line) == b"ERR CODE:%b\r\n\r\nERROR\r\n" % code


# AT+SYSMFG


async def test_the_factory_parameters_in_the_order_of_the_firmware() -> None:
    async with workbench() as bench:
        for line in (b"AT+SYSMFG?", b"AT+SYSMFG=1"):
            assert b'+SYSMFG:"factory_param"\r\n' in await bench.command(line)
        assert await bench.command(b'AT+SYSMFG=1,"factory_param"') == (
            b'+SYSMFG:"factory_param","version",2\r\n'
            b'+SYSMFG:"factory_param","module_name",7\r\n'
            b'+SYSMFG:"factory_param","max_tx_power",2\r\n'
            b'+SYSMFG:"factory_param","country_code",7\r\n'
            b'+SYSMFG:"factory_param","start_channel",1\r\n'
            b'+SYSMFG:"factory_param","channel_num",1\r\n'
            b'+SYSMFG:"factory_param","uart_port",2\r\n'
            b'+SYSMFG:"factory_param","uart_baudrate",6\r\n'
            b'+SYSMFG:"factory_param","uart_tx_pin",6\r\n'
            b'+SYSMFG:"factory_param","uart_rx_pin",6\r\n'
            b'+SYSMFG:"factory_param","uart_cts_pin",6\r\n'
            b'+SYSMFG:"factory_param","uart_rts_pin",6\r\n'
            b'+SYSMFG:"factory_param","sys_store",1\r\n' + OK
        )
        for key, shown in (
            (b"uart_baudrate", b"6,4,115200"),
            (b"max_tx_power", b"2,1,78"),
            (b"module_name", b"7,8,WROOM-32"),
        ):
            answer = await bench.command(b'AT+SYSMFG=1,"factory_param","%b"' % key)
            assert answer == b'+SYSMFG:"factory_param","%b",%b\r\n' % (key, shown) + OK


@pytest.mark.parametrize(
    ("kind", "value", "size"),
    [
        (1, 255, 1),
        (2, -128, 1),
        (3, 65535, 2),
        (4, -32768, 2),
        (5, 4294967295, 4),
        (6, -2147483648, 4),
    ],
)
async def test_a_number_is_stored(kind: int, value: int, size: int) -> None:
    async with workbench() as bench:
        assert await bench.command(b'AT+SYSMFG=2,"mine","number",%d,%d' % (kind, value)) == OK
        shown = b'+SYSMFG:"mine","number",%d,%d,%d\r\n' % (kind, size, value)
        assert await bench.command(b'AT+SYSMFG=1,"mine","number"') == shown + OK


async def test_strings_and_blobs_are_typed_at_a_prompt_and_read_in_parts() -> None:
    async with workbench() as bench:
        await quiet(bench)
        blob = b"\0\r\n+++" + bytes(range(200)) * 40
        assert await bench.command(b'AT+SYSMFG=2,"mine","blob",8,%d' % len(blob)) == PROMPT
        assert await bench.send(blob[:100], blob[100:] + b"AT\r\n") == OK + OK
        assert await bench.command(b'AT+SYSMFG=2,"mine","text",7,4') == PROMPT
        assert await bench.send(b"text") == OK
        assert await bench.command(b'AT+SYSMFG=1,"mine"') == (
            b'+SYSMFG:"mine","blob",8\r\n+SYSMFG:"mine","text",7\r\n' + OK
        )
        shown = b'+SYSMFG:"mine","blob",8,%d,%b\r\n' % (len(blob), blob)
        assert await bench.command(b'AT+SYSMFG=1,"mine","blob"') == shown + OK
        assert await bench.command(b'AT+SYSMFG=1,"mine","text",1,2') == b'+SYSMFG:"mine","text",7,2,ex\r\n' + OK
        assert await bench.command(b'AT+SYSMFG=1,"mine","text",2,9') == b'+SYSMFG:"mine","text",7,2,xt\r\n' + OK
        assert await bench.command(b'AT+SYSMFG=1,"mine","text",5,1') == ERROR
        assert await bench.command(b'AT+SYSMFG=1,"mine","text",1') == ERROR
        assert await bench.command(b'AT+SYSMFG=1,"mine","text",,1') == ERROR


async def test_values_are_erased_one_by_one_or_all_at_once() -> None:
    async with workbench() as bench:
        for key in (b"one", b"two", b"three"):
            assert await bench.command(b'AT+SYSMFG=2,"mine","%b",1,7' % key) == OK
        assert await bench.command(b'AT+SYSMFG=0,"mine","two"') == OK
        assert await bench.command(b'AT+SYSMFG=0,"mine","two"') == ERROR
        assert await bench.command(b'AT+SYSMFG=1,"mine","two"') == ERROR
        assert (await bench.command(b'AT+SYSMFG=1,"mine"')).count(b"+SYSMFG") == 2
        assert await bench.command(b'AT+SYSMFG=0,"mine"') == OK
        assert await bench.command(b'AT+SYSMFG=1,"mine"') == ERROR
        assert await bench.command(b'AT+SYSMFG=0,"mine"') == ERROR
        assert b"mine" not in await bench.command(b"AT+SYSMFG?")


@pytest.mark.parametrize(
    "line",
    [
        b'AT+SYSMFG=1,"nothing"',
        b'AT+SYSMFG=1,"nothing","key"',
        b'AT+SYSMFG=1,"factory_param","nothing"',
        b'AT+SYSMFG=0,"nothing"',
        b"AT+SYSMFG=0",
        b'AT+SYSMFG=2,"mine","key",1,256',
        b'AT+SYSMFG=2,"mine","key",1,-1',
        b'AT+SYSMFG=2,"mine","key",9,1',
        b'AT+SYSMFG=2,"mine","key",0,1',
        b'AT+SYSMFG=2,"mine","key",7,0',
        b'AT+SYSMFG=2,"mine","key",8,0x1000000',
        b'AT+SYSMFG=2,"a name that is too long","key",1,1',
        b'AT+SYSMFG=2,"mine","",1,1',
        b'AT+SYSMFG=3,"mine","key"',
        b"AT+SYSMFG",
    ],
)
async def test_manufacturing_errors(line: bytes) -> None:
    async with workbench() as bench:
        assert await bench.command(line) == ERROR


async def test_what_does_not_fit_is_refused_behind_the_prompt() -> None:
    async with workbench() as bench:
        await quiet(bench)
        assert await bench.command(b'AT+SYSMFG=2,"mine","text",7,3') == PROMPT
        assert await bench.send(b"a\0b") == ERROR
        assert await bench.command(b'AT+SYSMFG=2,"mine","blob",8,120000') == PROMPT
        assert await bench.send(b"x" * 120000) == ERROR
        assert await bench.command(b'AT+SYSMFG=1,"mine"') == ERROR


async def test_without_factory_parameters_there_is_no_manufacturing_command() -> None:
    async with workbench() as bench:
        assert await bench.command(b'AT+SYSMFG=0,"factory_param"') == OK
        assert await bench.command(b'AT+SYSMFG=2,"mine","key",1,1') == OK  # until the next start
        assert (await bench.command(b"AT+RST")).endswith(READY)
        for line in (b"AT+SYSMFG?", b"AT+SYSMFG=1", b'AT+SYSMFG=1,"mine"', b'AT+SYSMFG=2,"mine","key",1,2'):
            assert await bench.command(line) == ERROR
        assert (await bench.command(b"AT+GMR")).endswith(b"(Unknown)\r\n" + OK)


async def test_the_effects_of_the_factory_parameters_come_with_the_next_start() -> None:
    async with workbench() as bench:
        await quiet(bench)
        for key, kind, value in (
            (b"max_tx_power", 2, 60),
            (b"start_channel", 1, 3),
            (b"channel_num", 1, 5),
            (b"uart_baudrate", 6, 9600),
            (b"sys_store", 1, 0),
        ):
            assert await bench.command(b'AT+SYSMFG=2,"factory_param","%b",%d,%d' % (key, kind, value)) == OK
        for key, text in ((b"module_name", b"MINE"), (b"country_code", b"DE")):
            assert await bench.command(b'AT+SYSMFG=2,"factory_param","%b",7,%d' % (key, len(text))) == PROMPT
            assert await bench.send(text) == OK
        assert await bench.command(b"AT+CWCOUNTRY?") == b'+CWCOUNTRY:1,"CN",1,13\r\n' + OK
        assert await bench.command(b"AT+SYSSTORE?") == b"+SYSSTORE:1\r\n" + OK
        assert await bench.command(b"AT+CWMODE=1") == OK
        assert await bench.command(b"AT+RST") == OK + READY
        await quiet(bench)
        assert await bench.command(b"AT+CWCOUNTRY?") == b'+CWCOUNTRY:1,"DE",3,5\r\n' + OK
        assert await bench.command(b"AT+SYSSTORE?") == b"+SYSSTORE:0\r\n" + OK
        assert await bench.command(b"AT+RFPOWER?") == b"+RFPOWER:60\r\n" + OK
        assert (await bench.command(b"AT+GMR")).endswith(b"(MINE)\r\n" + OK)
        assert await bench.command(b"AT+UART_DEF?") == b"+UART_DEF:115200,8,1,0,1\r\n" + OK  # it is stored
        assert await bench.command(b"AT+RESTORE") == OK + READY
        await quiet(bench)
        assert await bench.command(b"AT+UART_DEF?") == b"+UART_DEF:9600,8,1,0,1\r\n" + OK
        assert await bench.command(b"AT+SYSSTORE?") == b"+SYSSTORE:0\r\n" + OK


# AT+SYSROLLBACK, AT+RFCAL


async def test_rollback_needs_another_application() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSROLLBACK?") == b'+SYSROLLBACK:0x100000,"v5.0.0.0",0x280000,"unknown"' + OK
        assert await bench.command(b"AT+SYSROLLBACK") == ERROR
        chip = bench.module[Storage].chip
        chip.program(0x280000, chip.read(0x100000, SECTOR_SIZE).replace(b"v5.0.0.0", b"v4.1.1.0"))
        assert await bench.command(b"AT+SYSROLLBACK?") == b'+SYSROLLBACK:0x100000,"v5.0.0.0",0x280000,"v4.1.1.0"' + OK
        assert await bench.command(b"AT+SYSROLLBACK") == OK + READY
        assert await bench.command(b"AT+SYSROLLBACK?") == b'+SYSROLLBACK:0x280000,"v4.1.1.0",0x100000,"v5.0.0.0"' + OK
        assert await bench.command(b"AT+SYSROLLBACK") == OK + READY
        assert await bench.command(b"AT+SYSROLLBACK?") == b'+SYSROLLBACK:0x100000,"v5.0.0.0",0x280000,"v4.1.1.0"' + OK


async def test_a_module_with_one_application_has_no_rollback() -> None:
    async with workbench(storage=Storage(VARIANTS["D2WD"])) as bench:
        assert await bench.command(b"AT+SYSROLLBACK?") == ERROR
        assert await bench.command(b"AT+SYSROLLBACK") == ERROR
        assert (await bench.command(b"AT+GMR")).endswith(b"(ESP32-D2WD)\r\n" + OK)


async def test_calibration_is_erased_and_made_again() -> None:
    async with workbench() as bench:
        store = bench.module.board.storage.settings
        assert store.read("phy", "cal_mac") == bench.module.board.mac
        store.partition.write("phy", "cal_version", Type.U32, 1)
        assert await bench.command(b"AT+SYSMSG=1") == OK
        assert await bench.command(b"AT+RST") == OK + READY
        assert store.read("phy", "cal_version") == 1
        assert await bench.command(b"AT+RFCAL") == OK + READY
        assert store.read("phy", "cal_version") == CALIBRATION_VERSION
        assert await bench.command(b"AT+SYSMSG?") == b"+SYSMSG:1" + OK


async def test_restore_leaves_everything_but_the_settings() -> None:
    async with workbench() as bench:
        await quiet(bench)
        assert await bench.command(b'AT+SYSMFG=2,"mine","key",1,1') == OK
        assert await bench.command(b'AT+SYSFLASH=1,"fatfs",0,4') == b">"
        assert await bench.send(b"file") == OK
        assert await bench.command(b"AT+UART_DEF=9600,8,1,0,0") == OK
        assert await bench.command(b"AT+RESTORE") == OK + READY
        await quiet(bench)
        assert await bench.command(b"AT+UART_DEF?") == b"+UART_DEF:115200,8,1,0,1\r\n" + OK
        assert await bench.command(b'AT+SYSMFG=1,"mine","key"') == b'+SYSMFG:"mine","key",1,1,1\r\n' + OK
        assert await bench.command(b'AT+SYSFLASH=2,"fatfs",0,4') == b"+SYSFLASH:4,file" + OK


async def test_a_setting_without_room_is_an_error_and_the_module_starts_all_the_same() -> None:
    async with workbench() as bench:
        store = bench.module.board.storage.settings
        assert await bench.command(b"AT+RESTORE") == OK + READY
        store.erase()
        for number in range(13):
            store.partition.write("filler", f"blob{number}", Type.BLOB, bytes(3900))
        with suppress(NvsFullError):
            for number in range(200):
                store.partition.write("filler", f"number{number}", Type.U8, 1)
        assert await bench.command(b"AT+SYSMSG=1") == ERROR
        assert (await bench.command(b"AT+RST")).endswith(READY)
        assert await bench.command(b"AT+UART_DEF?") == b"+UART_DEF:115200,8,1,0,1\r\n" + OK


async def test_certificates_are_read_and_replaced() -> None:
    async with workbench() as bench:
        await quiet(bench)
        kinds = [f"{kind}_{what}" for kind in ("server", "client", "mqtt") for what in ("cert", "key", "ca")]
        listed = b"".join(b'+SYSMFG:"%b"\r\n' % name.encode() for name in kinds)
        assert (await bench.command(b"AT+SYSMFG?")).startswith(listed)
        assert await bench.command(b'AT+SYSMFG=1,"client_cert"') == (
            b'+SYSMFG:"client_cert","client_cert.0",8\r\n+SYSMFG:"client_cert","client_cert.1",8\r\n' + OK
        )
        shipped = (SHIPPED / "client_cert.0.pem").read_bytes()
        shown = b'+SYSMFG:"client_cert","client_cert.0",8,%d,%b\r\n' % (len(shipped), shipped)
        assert await bench.command(b'AT+SYSMFG=1,"client_cert","client_cert.0"') == shown + OK
        assert bench.module[LinkTls].find("client_cert", 0) == shipped
        assert await bench.command(b'AT+SYSMFG=2,"client_cert","client_cert.0",8,5') == PROMPT
        assert await bench.send(b"other") == OK
        assert bench.module[LinkTls].find("client_cert", 0) == b"other"
        assert await bench.command(b'AT+SYSMFG=0,"client_cert","client_cert.0"') == OK
        assert bench.module[LinkTls].find("client_cert", 0) is None
