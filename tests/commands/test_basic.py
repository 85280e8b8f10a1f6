"""Basic commands: start-up, echo, version, restarts."""

from typing import NoReturn

import pytest
import trio

from espat.stack.address import Address
from espat.stack.endpoint import Endpoint
from espat.stack.link import Link
from espat.stack.links import LinkTable
from espat.system.heap import Heap
from tests.workbench import Workbench, workbench


class QuietLink(Link):
    """A link to a peer that never says anything."""

    kind = b"TCP"

    def __init__(self, number: int) -> None:
        super().__init__(number, Endpoint(Address("192.168.3.102"), 8080), 50000 + number, None)
        self.open = True

    @property
    def room(self) -> int:
        return 5760

    def take(self, most: int) -> tuple[bytes, Endpoint]:
        raise AssertionError("nothing was ever received")

    async def send(self, payload: bytes) -> None:
        """Into the void."""

    async def receive(self) -> NoReturn:
        await trio.sleep_forever()
        raise AssertionError

    def close(self) -> None:
        self.open = False


async def joined(bench: Workbench) -> None:
    """Join the access point of the default world."""
    await bench.command(b"AT+CWMODE=1")
    printed = await bench.command(b'AT+CWJAP="espressif","1234567890"')
    assert printed == b"WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n"


async def test_at() -> None:
    async with workbench() as bench:
        assert await bench.send(b"AT\r\n") == b"AT\r\n\r\nOK\r\n"
        assert await bench.send(b"at\r\n") == b"at\r\n\r\nOK\r\n"


@pytest.mark.parametrize("line", [b"AT?", b"AT=1", b"ATE", b"ATE2", b"ATE0?", b"AT+RST?", b"AT+RST=1", b"AT+GMR?"])
async def test_forms_that_do_not_exist(line: bytes) -> None:
    async with workbench() as bench:
        await bench.command(b"AT+SYSLOG=1")
        assert await bench.command(line) == b"ERR CODE:0x01090000\r\n\r\nERROR\r\n"


async def test_echo_goes_off_behind_its_own_line_and_on_before_the_next() -> None:
    async with workbench() as bench:
        assert await bench.send(b"ATE0\r\n") == b"ATE0\r\n\r\nOK\r\n"
        assert await bench.send(b"AT\r\n") == b"\r\nOK\r\n"
        assert await bench.send(b"ATE1\r\n") == b"\r\nOK\r\n"
        assert await bench.send(b"AT\r\n") == b"AT\r\n\r\nOK\r\n"


async def test_restart() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+RST") == b"\r\nOK\r\n\r\nready\r\n"
        assert await bench.command(b"AT") == b"\r\nOK\r\n"


async def test_a_restart_takes_back_what_is_not_stored() -> None:
    async with workbench() as bench:
        for line in (
            b"AT+SYSLOG=1",
            b"AT+TRANSINTVL=5",
            b"AT+UART_CUR=9600,7,2,1,0",
            b"AT+SLEEP=2",
            b"AT+SYSSTORE=0",
            b"AT+SYSMSG=7",
            b"AT+SYSREG=1,16,1",
            b"AT+SYSMSGFILTER=1",
            b"ATE0",
        ):
            assert await bench.command(line) == b"\r\nOK\r\n"
        assert await bench.command(b"AT+RST") == b"\r\nOK\r\n\r\nready\r\n"
        assert await bench.send(b"AT\r\n") == b"AT\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+SYSLOG?") == b"+SYSLOG:0\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+TRANSINTVL?") == b"+TRANSINTVL:20\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+UART_CUR?") == b"+UART_CUR:115201,8,1,0,1\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+SLEEP?") == b"+SLEEP:0\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+SYSSTORE?") == b"+SYSSTORE:1\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+SYSMSG?") == b"+SYSMSG:0\r\nOK\r\n"
        assert await bench.command(b"AT+SYSREG=0,16") == b"+SYSREG:0x0\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+SYSMSGFILTER?") == b"+SYSMSGFILTER:0\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+SYSMSGFILTERCFG?") == b"\r\nOK\r\n"


async def test_version() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+GMR") == (
            b"AT version:5.0.0.0(3258eee - ESP32 - Nov 17 2025 09:58:48)\r\n"
            b"SDK version:v5.4\r\n"
            b"compile time(3258eee):Nov 17 2025 09:58:48\r\n"
            b"Bin version:v5.0.0.0(WROOM-32)\r\n"
            b"\r\nOK\r\n"
        )


async def test_version_texts_can_be_replaced() -> None:
    async with workbench() as bench:
        bench.module.firmware.version = bench.module.firmware.version._replace(
            core=b"3.2.0.0(s-ec2dec2 - ESP32 - Jul 28 2023 07:05:28)",
            sdk=b"v5.0.2-376-g24b9d38a24-dirty",
            commit=b"6118fc22",
            compiled=b"Jul 28 2023 09:47:28",
            application=b"v3.2.0.0",
        )
        assert await bench.command(b"AT+GMR") == (
            b"AT version:3.2.0.0(s-ec2dec2 - ESP32 - Jul 28 2023 07:05:28)\r\n"
            b"SDK version:v5.0.2-376-g24b9d38a24-dirty\r\n"
            b"compile time(6118fc22):Jul 28 2023 09:47:28\r\n"
            b"Bin version:v3.2.0.0(WROOM-32)\r\n"
            b"\r\nOK\r\n"
        )


async def test_restore_forgets_every_setting_and_restarts() -> None:
    async with workbench() as bench:
        for line in (b"AT+UART_DEF=9600,7,2,1,0", b"AT+SYSMSG=5", b"AT+CWMODE=1"):
            assert await bench.command(line) == b"\r\nOK\r\n"
        assert await bench.command(b"AT+RESTORE") == b"\r\nOK\r\n\r\nready\r\n"
        assert await bench.command(b"AT+UART_DEF?") == b"+UART_DEF:115200,8,1,0,1\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+UART_CUR?") == b"+UART_CUR:115201,8,1,0,1\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+SYSMSG?") == b"+SYSMSG:0\r\nOK\r\n"
        assert await bench.command(b"AT+CWMODE?") == b"+CWMODE:0\r\n\r\nOK\r\n"


async def test_restore_closes_the_links_first_the_highest_number_first() -> None:
    async with workbench() as bench:
        links = bench.module[LinkTable]
        opened = [QuietLink(0), QuietLink(3), QuietLink(1)]
        links.multiple = True
        for link in opened:
            links.add(link)
        await bench.settle()
        assert await bench.command(b"AT+RESTORE") == (b"3,CLOSED\r\n1,CLOSED\r\n0,CLOSED\r\n\r\nOK\r\n\r\nready\r\n")
        assert not any(link.open for link in opened)


async def test_restore_closes_a_single_link() -> None:
    async with workbench() as bench:
        bench.module[LinkTable].add(QuietLink(0))
        await bench.settle()
        assert await bench.command(b"AT+RESTORE") == b"CLOSED\r\n\r\nOK\r\n\r\nready\r\n"


async def test_a_restart_leaves_the_access_point_and_joins_it_again() -> None:
    async with workbench() as bench:
        await joined(bench)
        assert await bench.command(b"AT+RST") == (
            b"\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n"
        )


async def test_restore_forgets_the_access_point() -> None:
    async with workbench() as bench:
        await joined(bench)
        assert await bench.command(b"AT+RESTORE") == b"\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\n"
        assert await bench.command(b"AT+CWMODE?") == b"+CWMODE:0\r\n\r\nOK\r\n"


async def test_links_cost_memory() -> None:
    async with workbench() as bench:
        free = [bench.module[Heap].figures().free]
        links = [QuietLink(number) for number in range(5)]
        for link in links:
            bench.module[LinkTable].add(link)
            free.append(bench.module[Heap].figures().free)
        assert free == sorted(set(free), reverse=True)
        for link in links:
            bench.module[LinkTable].close(link)
        assert bench.module[Heap].figures().free == free[0]


async def test_restore_takes_its_time_and_is_busy_meanwhile() -> None:
    async with workbench(profile="real") as bench:
        assert await bench.command(b"AT+RESTORE") == b""
        assert await bench.send(b"AT\r\n") == b"\r\nbusy p...\r\n"
        assert await bench.advance(0.588) == b""
        assert await bench.advance(0.002) == b"\r\nOK\r\n"
        assert await bench.send(b"AT\r\n") == b""  # lost: the module boots
        assert await bench.advance(1.2) == b""
        assert await bench.advance(0.02) == b"\r\nready\r\n"


async def test_a_forced_restart_during_restore_keeps_the_settings() -> None:
    async with workbench(profile="real") as bench:
        await bench.send(b"AT+UART_DEF=9600,8,1,0,0\r\n")
        assert await bench.advance(0.01) == b"\r\nOK\r\n"
        await bench.send(b"AT+RESTORE\r\n")
        assert await bench.send(b"AT+RST\r\n") == b"\r\nWill force to restart!!!\r\n\r\nOK\r\n"
        assert await bench.advance(1.21) == b"\r\nready\r\n"
        assert await bench.send(b"AT+UART_DEF?\r\n") == b"AT+UART_DEF?\r\n"
        assert await bench.advance(0.01) == b"+UART_DEF:9600,8,1,0,0\r\n\r\nOK\r\n"


async def test_transmit_interval() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+TRANSINTVL?") == b"+TRANSINTVL:20\r\n\r\nOK\r\n"
        for interval in (0, 1000):
            assert await bench.command(b"AT+TRANSINTVL=%d" % interval) == b"\r\nOK\r\n"
            assert await bench.command(b"AT+TRANSINTVL?") == b"+TRANSINTVL:%d\r\n\r\nOK\r\n" % interval


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"AT+TRANSINTVL=1001", b"0x01070001"),
        (b"AT+TRANSINTVL=-1", b"0x01070001"),
        (b'AT+TRANSINTVL="1"', b"0x01080001"),
        (b"AT+TRANSINTVL=", b"0x01080001"),
        (b"AT+TRANSINTVL=1,2", b"0x01060102"),
        (b"AT+TRANSINTVL", b"0x01090000"),
        (b"AT+TRANSINTVL=?", b"0x01090000"),
    ],
)
async def test_transmit_interval_errors(line: bytes, code: bytes) -> None:
    async with workbench() as bench:
        await bench.command(b"AT+SYSLOG=1")
        assert await bench.command(line) == b"ERR CODE:%b\r\n\r\nERROR\r\n" % code
        assert await bench.command(b"AT+TRANSINTVL?") == b"+TRANSINTVL:20\r\n\r\nOK\r\n"


async def test_the_first_boot_stores_the_factory_uart() -> None:
    async with workbench() as bench:
        store = bench.module.board.storage.settings
        assert [
            store.read("UART", key) for key in ("rate", "databits", "stopbits", "parity", "flow_ctrl")
        ] == [115200, 8, 1, 0, 1]  # fmt: skip
