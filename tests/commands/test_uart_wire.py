"""The UART on a wire: when new parameters come into force, and what a ROM prints at a rate of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.ports.paced import PacedPort
from espat.core.ports.serial_line import heard
from espat.core.time.clock import SteppedClock
from espat.dialects.esp32_v5 import Esp32V5
from espat.dialects.esp8266_board import FIRST_BOOT_TEXT
from espat.dialects.firmware import Dialect
from espat.dialects.loading import load_firmware
from espat.firmware import BootText
from espat.scenario.stage.running_world import RunningWorld
from espat.scenario.world.world import World
from tests.core.ports.test_paced_port import RatedPort

SECOND = 1.0
ROM = BootText(b" ets Jan  8 2013,rst cause:2\r\n", 74880)


class TalkativeFirmware(Esp32V5):
    """A firmware whose chip prints on the port of the commands when it boots."""

    boot_text = ROM


class Bench:
    """A module behind a wire, in stepped time, at no other pace than that of its UART."""

    def __init__(self, firmware: Dialect, *, paced: bool) -> None:
        self.clock = SteppedClock()
        self.client = RatedPort(self.clock, None)
        port = PacedPort(self.client, self.clock) if paced else self.client
        self.simulation = RunningWorld(World(), self.clock)
        self.simulation.add_module(firmware, port)

    async def command(self, line: bytes, seconds: float = SECOND) -> bytes:
        self.client.send(line + b"\r\n")
        await self.clock.advance(seconds)
        return self.client.read()

    async def restart(self) -> bytes:
        """Restart; returns what comes behind the OK."""
        printed = await self.command(b"AT+RST")
        assert printed.startswith(b"AT+RST\r\n\r\nOK\r\n")
        return printed.removeprefix(b"AT+RST\r\n\r\nOK\r\n")

    async def wake_up(self) -> bytes:
        """Sleep deeply, and have the chip reset by its timer; returns what comes behind the OK."""
        printed = await self.command(b"AT+GSLP=1")
        assert printed.startswith(b"AT+GSLP=1\r\n\r\nOK\r\n")
        return printed.removeprefix(b"AT+GSLP=1\r\n\r\nOK\r\n")


@asynccontextmanager
async def bench(firmware: Dialect | None = None, *, paced: bool = True) -> AsyncIterator[Bench]:
    it = Bench(firmware or Esp32V5(), paced=paced)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(it.simulation.run)
        await wait_all_tasks_blocked()
        await it.clock.advance(SECOND)
        assert it.client.read().endswith(b"\r\nready\r\n")
        yield it
        nursery.cancel_scope.cancel()


async def test_the_answer_goes_out_at_the_old_rate_and_what_follows_at_the_new_one() -> None:
    async with bench() as it:
        it.client.rate = 115200
        assert await it.command(b"AT+UART_CUR=9600,8,1,0,0") == b"AT+UART_CUR=9600,8,1,0,0\r\n\r\nOK\r\n"
        assert b"OK" not in await it.command(b"AT")  # the client still sends at the old rate
        it.client.rate = 9600
        await it.command(b"")  # an end for what the noise began
        assert await it.command(b"AT") == b"AT\r\n\r\nOK\r\n"


async def test_bytes_take_the_time_of_the_new_rate() -> None:
    async with bench() as it:
        await it.command(b"AT+UART_CUR=100,8,1,0,0")
        await it.command(b"ATE0", 5)
        assert await it.command(b"AT", 4 * 0.1 + 10 * 0.1) == b""  # the line, and the silence behind it
        await it.clock.advance(6 * 0.1)
        assert it.client.read() == b"\r\nOK\r\n"


async def test_a_restart_goes_back_to_the_stored_rate() -> None:
    async with bench() as it:
        await it.command(b"AT+UART_DEF=57600,8,1,0,0")
        await it.command(b"AT+UART_CUR=19200,8,1,0,0")
        it.client.rate = 19200
        printed = await it.command(b"AT+RST")
        assert printed == b"AT+RST\r\n\r\nOK\r\n" + heard(b"\r\nready\r\n", 57600, 19200)
        it.client.rate = 57600
        assert await it.command(b"AT") == b"AT\r\n\r\nOK\r\n"


async def test_rom_text_is_noise_to_who_listens_at_the_rate_of_the_commands() -> None:
    async with bench(TalkativeFirmware()) as it:
        for rate in (0, 115200):
            it.client.rate = rate
            assert await it.wake_up() == heard(ROM.text, 74880, 115200) + b"\r\nready\r\n"


@pytest.mark.parametrize("command", [b"AT+RST", b"AT+RESTORE"])
async def test_rom_text_can_be_read_after_a_restart_by_software(command: bytes) -> None:
    async with bench(TalkativeFirmware()) as it:
        for rate in (0, 115200):
            it.client.rate = rate
            assert await it.command(command) == command + b"\r\n\r\nOK\r\n" + ROM.text + b"\r\nready\r\n"


async def test_after_a_restart_by_software_rom_text_has_the_rate_of_the_command() -> None:
    async with bench(TalkativeFirmware()) as it:
        await it.command(b"AT+UART_CUR=19200,8,1,0,0")
        it.client.rate = 19200
        assert await it.restart() == ROM.text + heard(b"\r\nready\r\n", 115200, 19200)


async def test_a_port_without_a_wire_is_spared_the_noise() -> None:
    async with bench(TalkativeFirmware(), paced=False) as it:
        assert await it.restart() == b"\r\nready\r\n"


async def test_the_rom_of_an_old_module() -> None:
    async with bench(load_firmware("esp8266-v0.30")) as it:
        it.client.rate = 115200
        it.client.send(b"AT+GSLP=1\r\n")
        await it.clock.advance(SECOND)
        assert heard(FIRST_BOOT_TEXT.text, 74880, 115200) in it.client.read()
        it.client.send(b"AT+RST\r\n")
        await it.clock.advance(SECOND)
        assert b"\r\r\n\r\nOK\r\n" + FIRST_BOOT_TEXT.text in it.client.read()


async def test_rom_text_can_be_read_at_its_own_rate() -> None:
    async with bench(TalkativeFirmware()) as it:
        it.client.rate = 115200
        it.client.send(b"AT+GSLP=1\r\n")
        await it.clock.advance(0.005)  # OK has passed, the ROM has begun
        it.client.rate = 74880
        await it.clock.advance(SECOND)
        assert ROM.text[12:] in it.client.read()
