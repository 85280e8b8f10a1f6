"""AT 0.30: the AT machine and the basic commands, exact bytes."""

import pytest

from espat.system.uart import UartConfiguration
from tests.texts import ERROR, OK
from tests.workbench import workbench

OLD = "esp8266-v0.30"


async def test_the_echo_ends_with_cr_cr_lf() -> None:
    async with workbench(dialect=OLD) as bench:
        assert await bench.send(b"AT\r\n") == b"AT\r\r\n\r\nOK\r\n"
        assert await bench.send(b"A", b"T", b"\r", b"\n") == b"AT\r\r\n\r\nOK\r\n"
        assert await bench.send(b"ATE0\r\n") == b"ATE0\r\r\n\r\nOK\r\n"
        assert await bench.send(b"AT\r\n") == OK
        assert await bench.send(b"ATE1\r\n") == OK
        assert await bench.send(b"AT\r\n") == b"AT\r\r\n\r\nOK\r\n"


async def test_what_is_no_command_gives_an_error_with_its_line_end() -> None:
    async with workbench(dialect=OLD) as bench:
        assert await bench.send(b" ") == b" "
        assert await bench.send(b"?\r\n") == b"?\r\r\nERROR\r\n"
        assert await bench.send(b"\r\nAT\r\n") == b"\r\r\nERROR\r\nAT\r\r\n\r\nOK\r\n"


async def test_names_have_to_be_in_capitals() -> None:
    async with workbench(dialect=OLD) as bench:
        assert (await bench.command(b"at+GMR")).endswith(OK)
        assert await bench.command(b"AT+gmr") == ERROR
        assert await bench.command(b"AT+NOTHING") == ERROR


async def test_gmr_has_three_lines_and_no_blank_one() -> None:
    async with workbench(dialect=OLD) as bench:
        assert await bench.command(b"AT+GMR") == (
            b"AT version:0.30.0.0(Jul  3 2015 19:35:49)\r\n"
            b"SDK version:1.2.0\r\n"
            b"compile time:Jul  7 2015 18:34:26\r\n"
            b"OK\r\n"
        )


async def test_a_restart() -> None:
    async with workbench(dialect=OLD) as bench:
        assert await bench.command(b"AT+RST") == OK + b"\r\nready\r\n"


async def test_input_while_a_command_runs_is_busy_for_each_line() -> None:
    async with workbench(dialect=OLD, profile="real") as bench:
        await bench.advance(1)
        await bench.send(b"ATE0\r\n")
        await bench.advance(1)
        assert await bench.send(b"AT\r\n \r\n\r\n") == b"\r\nbusy p...\r\n" * 2
        assert await bench.advance(1) == OK
        assert await bench.send(b"AT\r\n", b" ") == b""
        assert await bench.advance(1) == OK


async def test_a_restart_is_busy_like_anything_else() -> None:
    async with workbench(dialect=OLD, profile="real") as bench:
        await bench.send(b"ATE0\r\n")
        await bench.advance(1)
        assert await bench.send(b"AT\r\nAT+RST\r\n") == b"\r\nbusy p...\r\n"
        assert await bench.advance(1) == OK


async def test_deep_sleep_shows_its_time_and_ends_by_itself() -> None:
    async with workbench(dialect=OLD) as bench:
        assert await bench.command(b"AT+GSLP=1500") == b"1500\r\n" + OK
        assert await bench.advance(1.4) == b""
        assert await bench.advance(0.2) == b"\r\nready\r\n"
        assert await bench.send(b"AT\r\n") == b"AT\r\r\n\r\nOK\r\n"


async def test_a_sleep_without_end_ends_with_the_reset_pin() -> None:
    async with workbench(dialect=OLD) as bench:
        await bench.command(b"ATE0")
        assert await bench.command(b"AT+GSLP=0") == b"0\r\n" + OK
        assert await bench.advance(100_000) == b""
        bench.module.reset()
        assert await bench.settle() == b"\r\nready\r\n"


async def test_restore_forgets_everything() -> None:
    async with workbench(dialect=OLD) as bench:
        await bench.command(b"AT+CWMODE=1")
        assert await bench.command(b"AT+RESTORE") == OK + b"\r\nready\r\n"
        assert await bench.command(b"AT+CWMODE?") == b"+CWMODE:2\r\n" + OK


@pytest.mark.parametrize("name", [b"AT+UART", b"AT+UART_CUR", b"AT+UART_DEF"])
async def test_uart_parameters(name: bytes) -> None:
    async with workbench(dialect=OLD) as bench:
        assert bench.module[UartConfiguration].current == (115200, 8, 1, 0, 0)
        assert await bench.command(name + b"=9600,8,1,0,3") == OK
        assert bench.module[UartConfiguration].current == (9600, 8, 1, 0, 3)
        for wrong in (b"=109,8,1,0,0", b"=4608001,8,1,0,0", b"=9600,4,1,0,0", b"=9600,8,1,0", b"?"):
            assert await bench.command(name + wrong) == ERROR
        await bench.command(b"AT+RST")
        assert bench.module[UartConfiguration].current.baud_rate == (115200 if name.endswith(b"CUR") else 9600)


async def test_sleep() -> None:
    async with workbench(dialect=OLD) as bench:
        assert await bench.command(b"AT+SLEEP?") == b"+SLEEP:2\r\n" + OK
        assert await bench.command(b"AT+SLEEP=1") == OK
        assert await bench.command(b"AT+SLEEP?") == b"+SLEEP:1\r\n" + OK
        assert await bench.command(b"AT+SLEEP=0") == OK
        assert await bench.command(b"AT+SLEEP?") == b"+SLEEP:0\r\n" + OK
        assert await bench.command(b"AT+SLEEP=3") == ERROR


async def test_the_radio() -> None:
    async with workbench(dialect=OLD) as bench:
        assert await bench.command(b"AT+RFPOWER=0") == OK
        assert await bench.command(b"AT+RFPOWER=82") == OK
        assert await bench.command(b"AT+RFPOWER=83") == ERROR
        assert await bench.command(b"AT+RFPOWER?") == ERROR
        assert await bench.command(b"AT+RFVDD?") == b"+RFVDD:3379\r\n" + OK
        assert await bench.command(b"AT+RFVDD=2800") == OK
        assert await bench.command(b"AT+RFVDD=1899") == ERROR
        assert await bench.command(b"AT+RFVDD") == OK
