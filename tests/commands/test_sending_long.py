"""AT+CIPSENDL and AT+CIPSENDLCFG, in stepped time."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from espat.stack.links import LinkTable
from tests.hosts import HOST, host, linked
from tests.texts import BUSY, ERROR, FAILED, LOST, OK, OPENED, PROMPT, SENT
from tests.workbench import Workbench

SILENCE = 0.02
CANCELLED = b"\r\nSEND CANCELLED\r\n"
WINDOW = 5760
START_UDP = b'AT+CIPSTART="UDP","%b",80' % HOST.encode()


def progress(*lines: tuple[int, int]) -> bytes:
    """Progress lines, each with the bytes sent and received."""
    return b"".join(b"+CIPSENDL:%d,%d\r\n" % line for line in lines)


async def prompt(bench: Workbench, line: bytes) -> None:
    assert await bench.command(line) == PROMPT


async def test_progress_at_every_report_size_and_at_the_end() -> None:
    async with linked() as (bench, it):
        data = bytes(range(250)) * 10
        await prompt(bench, b"AT+CIPSENDL=2500")
        assert await bench.send(data) == progress((1024, 2500), (2048, 2500), (2500, 2500)) + SENT
        assert it.connection.taken() == data


async def test_no_line_twice_at_the_end() -> None:
    async with linked(b"AT+CIPSENDLCFG=100") as (bench, it):
        await prompt(bench, b"AT+CIPSENDL=300")
        assert await bench.send(bytes(300)) == progress((100, 300), (200, 300), (300, 300)) + SENT
        assert it.connection.taken() == bytes(300)


async def test_a_short_one() -> None:
    async with linked() as (bench, it):
        await prompt(bench, b"AT+CIPSENDL=1")
        assert await bench.send(b"x") == progress((1, 1)) + SENT
        assert it.connection.taken() == b"x"


async def test_sending_goes_on_while_data_comes_in() -> None:
    async with linked(b"AT+CIPSENDLCFG=1000,500") as (bench, it):
        await prompt(bench, b"AT+CIPSENDL=2200")
        assert await bench.send(b"a" * 499) == b""
        assert it.connection.taken() == b""
        assert await bench.send(b"a") == b""
        assert it.connection.taken() == b"a" * 500
        assert await bench.send(b"b" * 700) == progress((1000, 1200))
        assert it.connection.taken() == b"b" * 500
        assert await bench.advance(0.019) == b""
        assert await bench.advance(0.001) == b""
        assert it.connection.taken() == b"b" * 200
        assert await bench.send(b"c" * 1000) == progress((2000, 2200), (2200, 2200)) + SENT
        assert it.connection.taken() == b"c" * 1000


async def test_the_interval_of_short_blocks_can_be_set() -> None:
    async with linked(b"AT+TRANSINTVL=500") as (bench, it):
        await prompt(bench, b"AT+CIPSENDL=1000")
        assert await bench.send(b"data") == b""
        assert await bench.advance(0.499) == b""
        assert it.connection.taken() == b""
        assert await bench.advance(0.001) == b""
        assert it.connection.taken() == b"data"


async def test_the_data_is_raw_and_not_echoed() -> None:
    async with linked() as (bench, it):
        assert await bench.command(b"ATE1") == OK
        data = bytes(range(256)) + b'\r\nAT\r\n\\0,"' + b"AT+RST\r\n"
        assert await bench.send(b"AT+CIPSENDL=%d\r\n" % len(data)) == b"AT+CIPSENDL=%d\r\n" % len(data) + PROMPT
        assert await bench.send(data[:100], data[100:]) == progress((len(data), len(data))) + SENT
        assert it.connection.taken() == data


async def test_in_multiple_mode_the_link_comes_first() -> None:
    async with linked(b"AT+CIPMUX=1") as (bench, it):
        await prompt(bench, b"AT+CIPSENDL=0,4")
        assert await bench.send(b"test") == progress((4, 4)) + SENT
        assert it.connection.taken() == b"test"
        assert await bench.command(b"AT+CIPSENDL=1,4") == ERROR


async def test_too_many_bytes_are_refused() -> None:
    async with linked() as (bench, it):
        await prompt(bench, b"AT+CIPSENDL=4")
        assert await bench.send(b"test and more") == BUSY + progress((4, 4)) + SENT
        assert it.connection.taken() == b"test"


async def test_input_is_refused_while_the_last_bytes_leave() -> None:
    async with linked(b"AT+CIPSENDLCFG=5000", reads=False) as (bench, it):
        await prompt(bench, b"AT+CIPSENDL=10000")
        assert await bench.send(bytes(10_000)) == b""
        for _ in range(3):
            assert await bench.send(b"AT\r\n") == BUSY
        it.connection.read()
        assert await bench.settle() == progress((5000, 10000), (10000, 10000)) + SENT
        assert it.connection.taken() == bytes(10_000)


# +++


async def test_the_escape_cancels() -> None:
    async with linked() as (bench, it):
        await prompt(bench, b"AT+CIPSENDL=2147483647")
        assert await bench.send(b"data") == b""
        assert await bench.advance(SILENCE) == b""
        assert await bench.send(b"+++") == b""
        assert await bench.advance(0.019) == b""
        assert await bench.advance(0.001) == progress((4, 4)) + CANCELLED
        assert it.connection.taken() == b"data"
        assert await bench.command(b"AT") == OK


async def test_the_escape_before_any_data() -> None:
    async with linked() as (bench, _):
        await prompt(bench, b"AT+CIPSENDL=4")
        assert await bench.advance(SILENCE) == b""
        assert await bench.send(b"+++") == b""
        assert await bench.advance(SILENCE) == CANCELLED


async def test_the_escape_while_the_host_does_not_read() -> None:
    async with linked(b"AT+CIPSENDLCFG=5000", reads=False) as (bench, it):
        await prompt(bench, b"AT+CIPSENDL=100000")
        assert await bench.send(bytes(8000)) == b""
        assert await bench.advance(SILENCE) == b""
        assert await bench.send(b"+++") == b""
        assert await bench.advance(SILENCE) == progress((5000, 8000), (WINDOW, 8000)) + CANCELLED
        assert await bench.command(b"AT") == OK
        it.connection.read()
        assert await bench.settle() == b""
        assert it.connection.taken() == bytes(WINDOW)


@pytest.mark.parametrize("data", [b"++++", b"+++\r\n", b"++"])
async def test_anything_else_is_data(data: bytes) -> None:
    async with linked() as (bench, it):
        await prompt(bench, b"AT+CIPSENDL=100")
        assert await bench.advance(SILENCE) == b""
        assert await bench.send(data) == b""
        assert await bench.advance(1) == b""
        assert it.connection.taken() == data


# Links that break


async def test_a_broken_link_does_not_end_the_data() -> None:
    async with linked() as (bench, it):
        await prompt(bench, b"AT+CIPSENDL=6000")
        assert await bench.send(bytes(2920)) == progress((1024, 2920), (2048, 2920))
        it.connection.close()
        assert await bench.settle() == b"CLOSED\r\n"
        assert await bench.send(bytes(3000)) == b""
        assert await bench.advance(60) == b""
        assert await bench.send(bytes(80)) == progress((2920, 6000)) + FAILED
        assert it.connection.taken() == bytes(2920)
        assert await bench.command(b"AT") == OK


async def test_a_broken_link_and_the_escape() -> None:
    async with linked() as (bench, _):
        await prompt(bench, b"AT+CIPSENDL=6000")
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST + b"CLOSED\r\n"
        assert await bench.send(bytes(3000)) == b""
        assert await bench.advance(SILENCE) == b""
        assert await bench.send(b"+++") == b""
        assert await bench.advance(SILENCE) == CANCELLED


async def test_nothing_goes_over_the_next_link_with_that_number() -> None:
    async with linked() as (bench, it):
        await prompt(bench, b"AT+CIPSENDL=10")
        it.connection.close()
        assert await bench.settle() == b"CLOSED\r\n"
        await bench.module[LinkTable].open_tcp(0, HOST, 80)
        assert await bench.settle() == b"CONNECT\r\n"
        assert await bench.send(b"0123456789") == FAILED
        assert it.connection.taken() == b""


async def test_no_link_is_an_error_before_the_prompt() -> None:
    async with linked() as (bench, it):
        it.connection.close()
        assert await bench.settle() == b"CLOSED\r\n"
        assert await bench.command(b"AT+CIPSENDL=4") == ERROR


async def test_the_send_time_out() -> None:
    async with linked(b"AT+CIPTCPOPT=,,5000", reads=False) as (bench, it):
        await prompt(bench, b"AT+CIPSENDL=10000")
        assert await bench.send(bytes(10_000)) == progress((1024, 10000), (2048, 10000))
        assert await bench.advance(4.9) == b""
        assert await bench.advance(0.1) == (
            progress((3072, 10000), (4096, 10000), (5120, 10000), (WINDOW, 10000)) + FAILED
        )
        it.connection.read()
        assert await bench.settle() == b""
        assert it.connection.taken() == bytes(WINDOW)


# Clients that do not read, and hosts that do not


async def test_a_host_that_does_not_read_stops_the_port_and_nothing_is_lost() -> None:
    async with linked(b"AT+CIPSENDLCFG=1048576", reads=False) as (bench, it):
        data = bytes(range(251)) * 400
        await prompt(bench, b"AT+CIPSENDL=%d" % len(data))
        for at in range(0, len(data), 1000):
            assert await bench.send(data[at : at + 1000]) == b""
        assert await bench.advance(60) == b""
        it.connection.read()
        assert await bench.settle() == progress((len(data), len(data))) + SENT
        assert it.connection.taken() == data


async def test_a_client_that_does_not_read_the_progress_stops_the_sending() -> None:
    async with linked(b"AT+CIPSENDLCFG=100", capacity=1000) as (bench, it):
        data = bytes(range(250)) * 400
        await prompt(bench, b"AT+CIPSENDL=%d" % len(data))
        bench.port.send(data[:50_000])
        bench.port.send(data[50_000:])
        await wait_all_tasks_blocked()
        assert len(it.connection.received) < len(data)
        printed = b""
        while part := await bench.settle():
            printed += part
        assert printed.endswith(progress((len(data) - 100, len(data)), (len(data), len(data))) + SENT)
        assert printed.count(b"+CIPSENDL:") == len(data) // 100
        assert it.connection.taken() == data


async def test_reports_come_between_the_progress_lines() -> None:
    async with linked(b"AT+CIPSENDLCFG=100,100") as (bench, it):
        await prompt(bench, b"AT+CIPSENDL=200")
        assert await bench.send(bytes(100)) == progress((100, 100))
        await it.connection.send(b"hello")
        assert await bench.settle() == b"\r\n+IPD,5:hello\r\n"
        assert await bench.send(bytes(100)) == progress((200, 200)) + SENT


# UDP


async def test_udp_shows_the_blocks() -> None:
    async with host(b"AT+CIPSENDLCFG=1024,1000") as (bench, it):
        assert await bench.command(START_UDP) == OPENED
        await prompt(bench, b"AT+CIPSENDL=2500")
        assert await bench.send(b"a" * 1700) == b""
        assert it.taken() == [b"a" * 1000]
        assert await bench.advance(SILENCE) == progress((1024, 1700))
        assert it.taken() == [b"a" * 700]
        assert await bench.send(b"b" * 800) == progress((2048, 2500), (2500, 2500)) + SENT
        assert it.taken() == [b"b" * 800]


async def test_udp_to_another_destination() -> None:
    async with host() as (bench, it):
        assert await bench.command(START_UDP) == OPENED
        await prompt(bench, b'AT+CIPSENDL=4,"%b",1000' % HOST.encode())
        assert await bench.send(b"test") == progress((4, 4)) + SENT
        await prompt(bench, b"AT+CIPSENDL=4")
        assert await bench.send(b"back") == progress((4, 4)) + SENT
        assert it.datagrams == [(1000, b"test"), (80, b"back")]


async def test_a_destination_is_for_udp_only() -> None:
    async with linked() as (bench, _):
        assert await bench.command(b'AT+CIPSENDL=4,"192.168.3.50",80') == ERROR


# Parameters


async def test_the_configuration() -> None:
    async with host() as (bench, _):
        assert await bench.command(b"AT+CIPSENDLCFG?") == b"+CIPSENDLCFG:1024,2920\r\n" + OK
        assert await bench.command(b"AT+CIPSENDLCFG=100,100") == OK
        assert await bench.command(b"AT+CIPSENDLCFG?") == b"+CIPSENDLCFG:100,100\r\n" + OK
        assert await bench.command(b"AT+CIPSENDLCFG=1048576") == OK
        assert await bench.command(b"AT+CIPSENDLCFG?") == b"+CIPSENDLCFG:1048576,100\r\n" + OK
        for values in (b"99", b"1048577", b"100,99", b"100,2921", b"", b"100,100,100", b'"100"'):
            assert await bench.command(b"AT+CIPSENDLCFG=" + values) == ERROR, values
        assert await bench.command(b"AT+CIPSENDLCFG?") == b"+CIPSENDLCFG:1048576,100\r\n" + OK
        assert (await bench.command(b"AT+RST")).endswith(b"\r\nready\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n")
        assert await bench.command(b"ATE0") == OK
        assert await bench.command(b"AT+CIPSENDLCFG?") == b"+CIPSENDLCFG:1024,2920\r\n" + OK


@pytest.mark.parametrize("values", [b"0", b"-1", b"2147483648", b'"4"', b"", b"4,5,6", b'4,"192.168.3.50"'])
async def test_wrong_parameters(values: bytes) -> None:
    async with linked() as (bench, _):
        assert await bench.command(b"AT+CIPSENDL=" + values) == ERROR


async def test_a_restart_in_the_middle() -> None:
    async with linked(reads=False) as (bench, it):
        await prompt(bench, b"AT+CIPSENDL=8000")
        assert await bench.send(bytes(8000)) == b"".join(progress((size, 8000)) for size in (1024, 2048))
        printed = await bench.send(b"AT+RST\r\n")
        assert printed.startswith(b"\r\nWill force to restart!!!\r\n" + OK)
        assert printed.endswith(b"\r\nready\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n")
        it.connection.read()
        with trio.fail_after(10):
            assert await bench.settle() == b""
