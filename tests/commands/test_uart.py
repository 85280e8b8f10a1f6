"""The UART of the command port: the commands answer and store."""

import pytest

from tests.workbench import workbench


async def test_current_shows_what_the_clock_divider_makes_of_the_rate() -> None:
    async with workbench() as bench:
        for wanted, measured in ((115200, 115201), (9600, 9600), (921600, 922190), (80, 80), (5_000_000, 5_000_000)):
            assert await bench.command(b"AT+UART_CUR=%d,8,1,0,3" % wanted) == b"\r\nOK\r\n"
            assert await bench.command(b"AT+UART_CUR?") == b"+UART_CUR:%d,8,1,0,3\r\n\r\nOK\r\n" % measured
        assert await bench.command(b"AT+UART_DEF?") == b"+UART_DEF:115200,8,1,0,1\r\n\r\nOK\r\n"


async def test_stored_parameters_are_in_force_at_once_and_after_a_restart() -> None:
    async with workbench() as bench:
        await bench.command(b"AT+SYSSTORE=0")
        assert await bench.command(b"AT+UART_DEF=57600,7,3,2,0") == b"\r\nOK\r\n"
        assert await bench.command(b"AT+UART_CUR?") == b"+UART_CUR:57600,7,3,2,0\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+RST") == b"\r\nOK\r\n\r\nready\r\n"
        assert await bench.command(b"AT+UART_DEF?") == b"+UART_DEF:57600,7,3,2,0\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+UART_CUR?") == b"+UART_CUR:57600,7,3,2,0\r\n\r\nOK\r\n"


async def test_the_undocumented_name_shows_current_and_stores() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+UART?") == b"+UART:115201,8,1,0,1\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+UART=19200,8,1,0,0") == b"\r\nOK\r\n"
        assert await bench.command(b"AT+UART?") == b"+UART:19200,8,1,0,0\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+UART_DEF?") == b"+UART_DEF:19200,8,1,0,0\r\n\r\nOK\r\n"


@pytest.mark.parametrize("command", [b"AT+UART_CUR", b"AT+UART_DEF", b"AT+UART"])
async def test_wrong_counts_and_values_have_no_code(command: bytes) -> None:
    async with workbench() as bench:
        await bench.command(b"AT+SYSLOG=1")
        for parameters in (
            b"79,8,1,0,0",
            b"5000001,8,1,0,0",
            b"115200,4,1,0,0",
            b"115200,9,1,0,0",
            b"115200,8,0,0,0",
            b"115200,8,4,0,0",
            b"115200,8,1,-1,0",
            b"115200,8,1,3,0",
            b"115200,8,1,0,-1",
            b"115200,8,1,0,4",
            b"115200,8,1,0",
            b"115200,8,1,0,0,0",
            b"115200",
            b"",
            b"115200,8,,0,0",
            b",8,1,0,0",
            b"115200,8,1,0,",
        ):
            assert await bench.command(command + b"=" + parameters) == b"\r\nERROR\r\n", parameters
        assert await bench.command(b"AT+UART_CUR?") == b"+UART_CUR:115201,8,1,0,1\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+UART_DEF?") == b"+UART_DEF:115200,8,1,0,1\r\n\r\nOK\r\n"


async def test_a_malformed_number_has_the_code_of_the_parser() -> None:
    async with workbench() as bench:
        await bench.command(b"AT+SYSLOG=1")
        assert await bench.command(b"AT+UART_CUR=115200,8x,1,0,0") == b"ERR CODE:0x01080002\r\n\r\nERROR\r\n"
        assert await bench.command(b'AT+UART_DEF="115200",8,1,0,0') == b"ERR CODE:0x01080001\r\n\r\nERROR\r\n"


@pytest.mark.parametrize(
    ("key", "value"), [("rate", 79), ("databits", 9), ("stopbits", 0), ("parity", 3), ("flow_ctrl", -1)]
)
async def test_a_stored_value_out_of_range_is_passed_over(key: str, value: int) -> None:
    async with workbench() as bench:
        bench.module.board.storage.settings.write("UART", key, value)
        await bench.command(b"AT+RST")
        assert await bench.command(b"AT+UART_CUR?") == b"+UART_CUR:115201,8,1,0,1\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+UART_DEF?") == b"+UART_DEF:115200,8,1,0,1\r\n\r\nOK\r\n"
