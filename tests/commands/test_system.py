"""Memory, messages, clock, error codes, storage, registers, radio power."""

import pytest

from espat.radio.wifi import Wifi, WifiMode
from espat.system.heap import Heap
from tests.workbench import Workbench, workbench


async def numbers(bench: Workbench, line: bytes) -> list[int]:
    """The numbers a query or set form of AT+SYSRAM answers."""
    printed = await bench.command(line)
    assert printed.startswith(b"+SYSRAM:")
    assert printed.endswith(b"\r\nOK\r\n")
    assert printed.count(b"\r\n") == 2  # no blank line
    return [int(number) for number in printed.removeprefix(b"+SYSRAM:").split(b"\r\n")[0].split(b",")]


async def test_memory_of_a_fresh_module() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSRAM?") == b"+SYSRAM:148408,84044\r\nOK\r\n"


@pytest.mark.parametrize("capabilities", [b"0", b"4", b"0x800", b"0x1800", b"6144", b"0x1", b"2", b"8"])
async def test_memory_figures_hold_together(capabilities: bytes) -> None:
    async with workbench() as bench:
        largest, free, minimum, total = await numbers(bench, b"AT+SYSRAM=" + capabilities)
        assert 0 < largest <= free <= total
        assert 0 < minimum <= free


async def test_memory_of_a_kind_the_module_lacks() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSRAM=0x400") == b"+SYSRAM:0,0,0,0\r\nOK\r\n"
        assert await bench.command(b"AT+SYSRAM=4294967295") == b"+SYSRAM:0,0,0,0\r\nOK\r\n"


async def test_both_forms_agree() -> None:
    async with workbench() as bench:
        free, minimum = await numbers(bench, b"AT+SYSRAM?")
        assert (await numbers(bench, b"AT+SYSRAM=0x1000"))[1:3] == [free, minimum]


async def test_wifi_costs_memory_and_the_minimum_never_rises() -> None:
    async with workbench() as bench:
        heap = bench.module[Heap]
        before, _ = await numbers(bench, b"AT+SYSRAM?")
        bench.module[Wifi].initialised = False
        without_wifi, _ = await numbers(bench, b"AT+SYSRAM?")
        assert without_wifi > before
        taken = [110_000]
        heap.charge(lambda: taken[0])
        free, minimum = await numbers(bench, b"AT+SYSRAM?")
        assert free == minimum == without_wifi - 110_000
        taken[0] = 10_000_000
        assert await numbers(bench, b"AT+SYSRAM?") == [0, 0]
        taken[0] = 0
        assert await numbers(bench, b"AT+SYSRAM?") == [without_wifi, 0]


async def test_messages() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSMSG?") == b"+SYSMSG:0\r\nOK\r\n"
        assert await bench.command(b"AT+SYSMSG=7") == b"\r\nOK\r\n"
        assert await bench.command(b"AT+SYSMSG?") == b"+SYSMSG:7\r\nOK\r\n"
        await bench.command(b"AT+RST")
        assert await bench.command(b"AT+SYSMSG?") == b"+SYSMSG:7\r\nOK\r\n"
        assert bench.module.board.storage.settings.read("NVM_012", "s_msg") == 7


async def test_messages_that_are_not_stored() -> None:
    async with workbench() as bench:
        await bench.command(b"AT+SYSMSG=2")
        assert await bench.command(b"AT+SYSSTORE=0") == b"\r\nOK\r\n"
        await bench.command(b"AT+SYSMSG=4")
        assert await bench.command(b"AT+SYSSTORE=1") == b"\r\nOK\r\n"
        assert await bench.command(b"AT+SYSMSG?") == b"+SYSMSG:4\r\nOK\r\n"
        await bench.command(b"AT+RST")
        assert await bench.command(b"AT+SYSMSG?") == b"+SYSMSG:2\r\nOK\r\n"


async def test_storing() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSSTORE?") == b"+SYSSTORE:1\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+SYSSTORE=0") == b"\r\nOK\r\n"
        assert await bench.command(b"AT+SYSSTORE?") == b"+SYSSTORE:0\r\n\r\nOK\r\n"


async def test_clock() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSTIMESTAMP?") == b"+SYSTIMESTAMP:0\r\nOK\r\n"
        assert await bench.command(b"AT+SYSTIMESTAMP=1565853509") == b"\r\nOK\r\n"
        await bench.advance(10)
        assert await bench.command(b"AT+SYSTIMESTAMP?") == b"+SYSTIMESTAMP:1565853519\r\nOK\r\n"
        await bench.command(b"AT+RST")
        assert await bench.command(b"AT+SYSTIMESTAMP?") == b"+SYSTIMESTAMP:1565853519\r\nOK\r\n"
        assert await bench.command(b"AT+SYSTIMESTAMP=2147483647") == b"\r\nOK\r\n"


async def test_error_codes() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSLOG?") == b"+SYSLOG:0\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+FAKE") == b"\r\nERROR\r\n"
        assert await bench.command(b"AT+SYSLOG=1") == b"\r\nOK\r\n"
        assert await bench.command(b"AT+SYSLOG?") == b"+SYSLOG:1\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+FAKE") == b"ERR CODE:0x01090000\r\n\r\nERROR\r\n"
        assert await bench.command(b"AT+SYSLOG=0") == b"\r\nOK\r\n"
        assert await bench.command(b"AT+FAKE") == b"\r\nERROR\r\n"


async def test_registers() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSREG=0,0x3FF44004") == b"+SYSREG:0x0\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+SYSREG=1,0x3FF44004,0xDEADBEEF") == b"\r\nOK\r\n"
        assert await bench.command(b"AT+SYSREG=0,1072971780") == b"+SYSREG:0xdeadbeef\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+SYSREG=1,4294967295,4294967295") == b"\r\nOK\r\n"
        assert await bench.command(b"AT+SYSREG=0,0xffffffff") == b"+SYSREG:0xffffffff\r\n\r\nOK\r\n"


@pytest.mark.parametrize(
    ("wanted", "power"),
    [
        (40, 34),
        (43, 34),
        (44, 44),
        (51, 44),
        (52, 52),
        (55, 52),
        (56, 56),
        (59, 56),
        (60, 60),
        (65, 60),
        (66, 66),
        (71, 66),
        (72, 72),
        (77, 72),
        (78, 78),
        (84, 78),
    ],
)
async def test_transmit_power_goes_by_steps(wanted: int, power: int) -> None:
    async with workbench() as bench:
        bench.module[Wifi].mode = WifiMode.STATION
        assert await bench.command(b"AT+RFPOWER?") == b"+RFPOWER:78\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+RFPOWER=%d" % wanted) == b"\r\nOK\r\n"
        assert await bench.command(b"AT+RFPOWER?") == b"+RFPOWER:%d\r\n\r\nOK\r\n" % power


async def test_transmit_power_needs_a_radio() -> None:
    async with workbench() as bench:
        for line in (b"AT+RFPOWER?", b"AT+RFPOWER=78"):
            bench.module[Wifi].mode = WifiMode.NULL
            assert await bench.command(line) == b"\r\nERROR\r\n"
            bench.module[Wifi].mode = WifiMode.SOFTAP
            assert await bench.command(line) != b"\r\nERROR\r\n"
            bench.module[Wifi].initialised = False
            assert await bench.command(line) == b"\r\nERROR\r\n"
            bench.module[Wifi].initialised = True


async def test_ble_power_needs_an_initialised_ble() -> None:
    async with workbench() as bench:
        bench.module[Wifi].mode = WifiMode.STATION
        assert await bench.command(b"AT+RFPOWER=60,0,0,0") == b"\r\nERROR\r\n"
        assert await bench.command(b"AT+RFPOWER?") == b"+RFPOWER:78\r\n\r\nOK\r\n"


async def test_calibration_restarts_and_keeps_the_settings() -> None:
    async with workbench() as bench:
        await bench.command(b"AT+SYSMSG=1")
        assert await bench.command(b"AT+RFCAL") == b"\r\nOK\r\n\r\nready\r\n"
        assert await bench.command(b"AT+SYSMSG?") == b"+SYSMSG:1\r\nOK\r\n"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"AT+SYSRAM=-1", b"0x01070001"),
        (b'AT+SYSRAM="1"', b"0x01080001"),
        (b"AT+SYSRAM=1,2", b"0x01060102"),
        (b"AT+SYSRAM", b"0x01090000"),
        (b"AT+SYSMSG=8", b"0x01070001"),
        (b"AT+SYSMSG=-1", b"0x01070001"),
        (b"AT+SYSMSG=1,1", b"0x01060102"),
        (b"AT+SYSTIMESTAMP=-1", b"0x01070001"),
        (b"AT+SYSTIMESTAMP=2147483648", b"0x01070001"),
        (b"AT+SYSTIMESTAMP=4294967296", b"0x01080001"),
        (b"AT+SYSLOG=2", b"0x01070001"),
        (b'AT+SYSLOG="1"', b"0x01080001"),
        (b"AT+SYSSTORE=2", b"0x01070001"),
        (b"AT+SYSSTORE=", b"0x01080001"),
        (b"AT+SYSREG=2,0", b"0x01070001"),
        (b"AT+SYSREG=0,-1", b"0x01070002"),
        (b"AT+SYSREG=0,1,2", b"0x01060203"),
        (b"AT+SYSREG=1,1", b"0x01060302"),
        (b"AT+SYSREG=1,1,4294967296", b"0x01080003"),
        (b"AT+SYSREG=", b"0x01060201"),
        (b"AT+SYSREG?", b"0x01090000"),
        (b"AT+RFPOWER=39", b"0x01070001"),
        (b"AT+RFPOWER=85", b"0x01070001"),
        (b"AT+RFPOWER=78,8", b"0x01070002"),
        (b"AT+RFPOWER=78,0,0,0,0", b"0x01060405"),
        (b"AT+RFCAL?", b"0x01090000"),
    ],
)
async def test_errors(line: bytes, code: bytes) -> None:
    async with workbench() as bench:
        await bench.command(b"AT+SYSLOG=1")
        assert await bench.command(line) == b"ERR CODE:%b\r\n\r\nERROR\r\n" % code
