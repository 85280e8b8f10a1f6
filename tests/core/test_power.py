"""Power and the reset pin, whatever their order."""

from tests.workbench import workbench

READY = b"\r\nready\r\n"
OK = b"\r\nOK\r\n"


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
