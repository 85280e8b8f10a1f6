"""The log of UART0: what is in it, line by line, and that nothing of it comes out where the commands go in."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.ports.port import MemoryPort
from espat.core.time.clock import SteppedClock
from espat.dialects.esp32_v5 import Esp32V5
from espat.persist.storage import Storage
from espat.persist.variants import VARIANTS
from espat.scenario.reading.world_reader import read_world
from espat.scenario.stage.running_world import RunningWorld
from espat.scenario.world.world import World
from espat.stack.links import LinkTable
from espat.stack.station_interface import StationInterface

BOOT = 0.1
"""Seconds, of the fast profile."""


class LoggedModule:
    """A module, its two ports and its clock."""

    def __init__(self, world: World, profile: str, storage: Storage | None) -> None:
        self.clock = SteppedClock()
        self.port, self.log = (MemoryPort(now=self.clock.now, move_on_after=self.clock.move_on_after) for _ in range(2))
        self.simulation = RunningWorld(world, self.clock, profile=profile)
        self.simulation.add_module(Esp32V5(), self.port, storage, log_port=self.log)

    async def command(self, line: bytes, seconds: float = 0.0) -> list[str]:
        """Type a command; returns the lines of the log."""
        self.port.send(line + b"\r\n")
        await self.clock.advance(seconds)
        await wait_all_tasks_blocked()
        return self.lines()

    def lines(self) -> list[str]:
        """The lines of the log since the last look, without their times."""
        text = self.log.read().decode()
        assert not text or text.endswith("\r\n")
        return [re.sub(r"^I \(\d+\) ", "", line) for line in text.split("\r\n")[:-1]]


@asynccontextmanager
async def logged_module(
    world: World | None = None, profile: str = "fast", storage: Storage | None = None
) -> AsyncIterator[LoggedModule]:
    it = LoggedModule(world or World(offline=True), profile, storage)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(it.simulation.run)
        if profile == "fast":
            await it.clock.advance(BOOT)
        yield it
        nursery.cancel_scope.cancel()


START = [
    "no external 32k oscillator, disable it now.",
    "at-init: at param mode: 1",
    "at-uart: AT cmd port:uart1 tx:17 rx:16 cts:15 rts:14 baudrate:115200",
    "at-init: module_name: WROOM-32",
    "at-init: max tx power=78, ret=0",
    "at-init: v5.0.0.0 (3258eee)",
]


async def test_a_boot_goes_to_the_log_and_only_ready_to_the_commands() -> None:
    async with logged_module() as it:
        lines = it.lines()
        assert lines[0] == "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)"
        assert "boot: ESP-IDF v5.4 2nd stage bootloader" in lines
        assert lines[-6:] == START
        assert it.port.read() == b"\r\nready\r\n"


async def test_it_names_the_partitions_and_the_factory_parameters() -> None:
    async with logged_module() as it:
        lines = it.lines()
        assert "boot:  5 ota_1            OTA app          00 11 00280000 00180000" in lines
        assert "boot: Loaded app from partition at offset 0x100000" in lines
    async with logged_module(storage=Storage(VARIANTS["D2WD"])) as it:
        lines = it.lines()
        assert "boot.esp32: SPI Flash Size : 2MB" in lines
        assert "boot:  4 factory          factory app      00 00 00080000 00180000" in lines
        assert "boot: Loaded app from partition at offset 0x80000" in lines
        assert "at-uart: AT cmd port:uart1 tx:22 rx:19 cts:15 rts:14 baudrate:115200" in lines
        assert "at-init: module_name: ESP32-D2WD" in lines


async def test_lines_have_the_milliseconds_since_the_reset() -> None:
    async with logged_module(profile="real") as it:
        await it.clock.advance(2)
        assert b"I (1210) at-init: at param mode: 1\r\n" in it.log.read()
        it.port.send(b"AT+RST\r\n")
        await it.clock.advance(5)
        assert b"I (1210) at-init: at param mode: 1\r\n" in it.log.read()


async def test_a_restart_names_its_reason_and_the_rate_in_force() -> None:
    async with logged_module() as it:
        await it.command(b"AT+UART_DEF=9600,8,1,0,0")
        lines = await it.command(b"AT+RST", BOOT)
        assert lines[0] == "rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)"
        assert "at-uart: AT cmd port:uart1 tx:17 rx:16 cts:15 rts:14 baudrate:9600" in lines
        await it.command(b"AT+GSLP=1000")
        await it.clock.advance(2)
        assert it.lines()[0] == "rst:0x5 (DEEPSLEEP_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)"


async def test_the_station_logs_why_it_is_not_joined_and_its_attempts() -> None:
    async with logged_module() as it:
        it.lines()
        assert await it.command(b"AT+CWMODE=1") == []
        assert await it.command(b'AT+CWJAP="nowhere","12345678"', 30) == ["at-wifi: wifi disconnected, rc:201"]
        assert await it.command(b'AT+CWJAP="espressif","1234567890"') == ["at-wifi: negotiated phy mode: 4"]
        await it.command(b"AT+CWRECONNCFG=2,3")
        it.simulation.access_point(b"espressif").switch_off()
        await it.clock.advance(20)
        lost = [f"at-wifi: wifi disconnected, rc:{reason}" for reason in (200, 201, 201, 201)]
        attempts = [f"at-wifi: wifi reconnect..({number}/3)" for number in (1, 2, 3)]
        assert it.lines() == [lost[0], *(line for pair in zip(attempts, lost[1:], strict=True) for line in pair)]


async def test_the_network_logs_unknown_hosts_and_where_links_are() -> None:
    async with logged_module() as it:
        await it.command(b"AT+CWMODE=1")
        await it.command(b'AT+CWJAP="espressif","1234567890"')
        unknown = await it.command(b'AT+CIPSTART="TCP","no.such.host",80', 30)
        assert unknown == ["at-net: unknown host: no.such.host"]
        assert await it.command(b'AT+CIPSTART="UDP","192.168.3.1",1000,1112,0') == ["at-net: link:0 is on netif:1"]


async def test_the_log_tells_when_data_was_for_a_client_before() -> None:
    world = read_world({"host": [{"address": "192.168.3.50", "serves": []}]}, "w")
    async with logged_module(world) as it:
        client = it.simulation.host("192.168.3.50")
        for line in (b"AT+CWMODE=1", b'AT+CWJAP="espressif","1234567890"', b"AT+CIPMUX=1", b"AT+CIPSERVER=1,333"):
            await it.command(line)
        module = it.simulation.modules[0]
        address = module[StationInterface].ipv4.address
        first = client.connect(address, 333)
        await wait_all_tasks_blocked()
        await it.command(b"AT+CIPSEND=0,4")
        first.close()
        await wait_all_tasks_blocked()
        client.connect(address, 333)
        await wait_all_tasks_blocked()
        it.lines()
        it.port.read()
        it.port.send(b"data")
        await wait_all_tasks_blocked()
        assert it.port.read() == b"\r\nRecv 4 bytes\r\n\r\nSEND FAIL\r\n"
        assert it.lines() == ["at-net: link is changed"]


async def test_a_link_that_is_only_gone_has_not_changed() -> None:
    async with logged_module() as it:
        for line in (b"AT+CWMODE=1", b'AT+CWJAP="espressif","1234567890"'):
            await it.command(line)
        await it.command(b'AT+CIPSTART="UDP","192.168.3.1",1000,1112,0')
        await it.command(b"AT+CIPSEND=4")
        (link,) = it.simulation.modules[0][LinkTable]
        it.simulation.modules[0][LinkTable].close(link)
        it.lines()
        it.port.send(b"data")
        await wait_all_tasks_blocked()
        assert it.port.read().endswith(b"\r\nSEND FAIL\r\n")
        assert it.lines() == []


async def test_zero_bytes_where_a_command_belongs_are_logged() -> None:
    async with logged_module() as it:
        it.lines()
        assert await it.command(b"\0\0\0") == ["at-common: write dlen:0"]
        assert await it.command(b"garbage") == []


async def test_memory_that_is_not_there_is_logged() -> None:
    async with logged_module() as it:
        it.lines()
        assert await it.command(b'AT+SYSFLASH=1,"fatfs",0,0x20001') == ["alloc failed, size:131073, caps:0x1000"]
        assert await it.command(b'AT+SYSMFG=2,"client_cert","x",8,131073') == ["alloc failed, size:131073, caps:0x1000"]


async def test_a_log_that_nobody_reads_holds_nothing_up() -> None:
    clock = SteppedClock()
    port, log = MemoryPort(), MemoryPort(capacity=100)
    simulation = RunningWorld(World(), clock)
    simulation.add_module(Esp32V5(), port, log_port=log)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(simulation.run)
        await clock.advance(BOOT)
        for _ in range(50):
            port.send(b"AT+RST\r\n")
            await clock.advance(BOOT)
        assert port.read().count(b"\r\nready\r\n") == 51
        assert len(log.read()) == 100
        nursery.cancel_scope.cancel()
