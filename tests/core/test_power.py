"""Power and the reset pin, whatever their order."""

from collections.abc import Callable

import pytest

from espat.module import Module
from tests.hosts import linked
from tests.texts import JOIN, OK, READY
from tests.workbench import workbench


async def test_power_that_is_cut_twice_comes_back() -> None:
    async with workbench() as bench:
        bench.module.power_off()
        assert await bench.settle() == b""
        bench.module.power_off()
        assert await bench.settle() == b""
        bench.module.power_on()
        assert await bench.settle() == READY
        assert await bench.command(b"AT") == OK


async def test_power_that_comes_back_and_goes_at_once() -> None:
    async with workbench() as bench:
        bench.module.power_off()
        await bench.settle()
        bench.module.power_on()
        bench.module.power_off()
        assert await bench.settle() == b""
        assert await bench.send(b"AT\r\n") == b""
        bench.module.power_on()
        assert await bench.settle() == READY


async def test_the_reset_pin_gives_no_power() -> None:
    async with workbench() as bench:
        bench.module.power_off()
        await bench.settle()
        bench.module.reset()
        assert await bench.settle() == b""
        bench.module.power_on()
        assert await bench.settle() == READY


def cut_and_restore(module: Module) -> None:
    module.power_off()
    module.power_on()


@pytest.mark.parametrize("restart", [Module.reset, cut_and_restore])
@pytest.mark.parametrize("lines", [(b"AT+CIPMODE=1", b"AT+CIPSEND"), (b"AT+CIPSENDL=100000",)])
async def test_a_module_that_has_taken_all_the_data_it_can_hears_again_after_a_restart(
    restart: Callable[[Module], None], lines: tuple[bytes, ...]
) -> None:
    async with linked(reads=False) as (bench, _):
        for line in lines:
            await bench.command(line)
        for _ in range(20):
            await bench.send(b"x" * 1000)
        restart(bench.module)
        await bench.settle()
        await bench.settle()
        await bench.send(b"\r\n")
        assert await bench.command(b"ATE0") == OK
        assert await bench.command(JOIN) == b"WIFI DISCONNECT\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n" + OK
