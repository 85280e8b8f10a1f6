"""The engine over a memory port: what each kind of input is answered with."""

from tests.workbench import workbench


async def test_a_command_is_echoed_and_answered() -> None:
    async with workbench() as bench:
        assert await bench.send(b"AT\r\n") == b"AT\r\n\r\nOK\r\n"


async def test_surplus_behind_a_command_is_busy_before_the_answer() -> None:
    async with workbench() as bench:
        assert await bench.send(b"AT\r\nAT\r\n") == b"AT\r\n\r\nbusy p...\r\n\r\nOK\r\n"
