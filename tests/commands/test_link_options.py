"""AT+CIPTCPOPT: its values, and the send time-out."""

import pytest

from tests.hosts import linked
from tests.network import answer, taken, tcp_peer
from tests.stations import PEER, station
from tests.texts import CONNECTED, ERROR, FAILED, OK, OPENED, PROMPT, READY, SENT
from tests.workbench import Workbench

WINDOW = 5760


async def options(bench: Workbench) -> bytes:
    """What AT+CIPTCPOPT? shows."""
    printed = await bench.command(b"AT+CIPTCPOPT?")
    assert printed.endswith(OK)
    return printed.removesuffix(OK)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (b",,", b"-1,0,0,0"),
        (b"0,1,5000", b"0,1,5000,0"),
        (b"-1,0,0,7200", b"-1,0,0,7200"),
        (b"60,,,60", b"60,0,0,60"),
        (b",1,", b"-1,1,0,0"),
        (b",,10000,", b"-1,0,10000,0"),
        (b"2147483647,1,2147483647,0", b"2147483647,1,2147483647,0"),
    ],
)
async def test_options_in_single_mode(values: bytes, shown: bytes) -> None:
    async with station() as bench:
        assert await options(bench) == b"+CIPTCPOPT:0,-1,0,0,0\r\n"
        assert await bench.command(b"AT+CIPTCPOPT=" + values) == OK
        assert await options(bench) == b"+CIPTCPOPT:0,%b\r\n" % shown


async def test_what_is_left_out_is_off_again_but_for_the_keep_alive() -> None:
    async with station() as bench:
        assert await bench.command(b"AT+CIPTCPOPT=0,1,5000,60") == OK
        assert await bench.command(b"AT+CIPTCPOPT=,,") == OK
        assert await options(bench) == b"+CIPTCPOPT:0,-1,0,0,60\r\n"


async def test_options_of_links_in_multiple_mode() -> None:
    async with station(None, b"AT+CIPMUX=1") as bench:
        assert await bench.command(b"AT+CIPTCPOPT=2,0,1,5000,60") == OK
        lines = [b"+CIPTCPOPT:%d,-1,0,0,0\r\n" % number for number in range(5)]
        lines[2] = b"+CIPTCPOPT:2,0,1,5000,60\r\n"
        assert await options(bench) == b"".join(lines)
        for all_links in (b"5", b""):
            assert await bench.command(b"AT+CIPTCPOPT=5,,,,0") == OK
            assert await bench.command(b"AT+CIPTCPOPT=%b,3,,7,9" % all_links) == OK
            assert await options(bench) == b"".join(b"+CIPTCPOPT:%d,3,0,7,9\r\n" % number for number in range(5))


@pytest.mark.parametrize(
    "values",
    [b"", b"0", b",", b"-2,,", b",2,", b",,-1", b",,,-1", b",,,7201", b",,,,", b'"0",,', b"2147483648,,", b"0,0,1,5,5"],
)
async def test_wrong_values(values: bytes) -> None:
    async with station() as bench:
        assert await bench.command(b"AT+CIPTCPOPT=" + values) == ERROR
        assert await options(bench) == b"+CIPTCPOPT:0,-1,0,0,0\r\n"


@pytest.mark.parametrize("values", [b"6,,,", b"0,,", b"-1,,,"])
async def test_wrong_values_in_multiple_mode(values: bytes) -> None:
    async with station(None, b"AT+CIPMUX=1") as bench:
        assert await bench.command(b"AT+CIPTCPOPT=" + values) == ERROR


async def test_options_are_stored() -> None:
    async with station() as bench:
        assert await bench.command(b"AT+CIPTCPOPT=0,1,5000,60") == OK
        assert await bench.command(b"AT+SYSSTORE=0") == OK
        assert await bench.command(b"AT+CIPTCPOPT=9,0,9,9") == OK
        assert await options(bench) == b"+CIPTCPOPT:0,9,0,9,9\r\n"
        assert (await bench.command(b"AT+RST")).endswith(READY + CONNECTED)
        assert await bench.command(b"ATE0") == OK
        assert await options(bench) == b"+CIPTCPOPT:0,0,1,5000,60\r\n"
        assert (await bench.command(b"AT+RESTORE")).endswith(READY)
        assert await bench.command(b"ATE0") == OK
        assert await options(bench) == b"+CIPTCPOPT:0,-1,0,0,0\r\n"


async def test_the_keep_alive_is_that_of_opening_a_link_and_the_later_one_wins() -> None:
    async with tcp_peer() as peer, station() as bench:
        start = b'AT+CIPSTART="TCP","%b",%d' % (PEER.encode(), peer.port)
        assert await answer(bench, start + b",100") == OPENED
        assert await options(bench) == b"+CIPTCPOPT:0,-1,0,0,100\r\n"
        assert await bench.command(b"AT+CIPTCPOPT=,,,50") == OK
        assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        assert await answer(bench, start) == OPENED
        assert await options(bench) == b"+CIPTCPOPT:0,-1,0,0,50\r\n"
        assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        assert await answer(bench, start + b",0") == OPENED
        assert await options(bench) == b"+CIPTCPOPT:0,-1,0,0,0\r\n"


@pytest.mark.parametrize("command", [b"AT+CIPSEND=6000", b"AT+CIPSENDEX=6000"])
async def test_the_send_time_out_of_a_block_of_which_a_part_leaves(command: bytes) -> None:
    async with linked(b"AT+CIPTCPOPT=,,5000", reads=False) as (bench, it):
        assert await bench.command(command) == PROMPT
        assert await bench.send(b"x" * 6000) == taken(6000)
        assert await bench.advance(4.9) == b""
        assert await bench.send(b"AT\r\n") == b"\r\nbusy p...\r\n"
        assert await bench.advance(0.1) == FAILED
        it.connection.read()
        assert await bench.settle() == b""
        assert it.connection.taken() == b"x" * WINDOW
        assert (await bench.command(b"AT+CIPSTATE?")).startswith(b'+CIPSTATE:0,"TCP",')


async def test_the_send_time_out_is_one_of_each_link_and_applies_at_once() -> None:
    async with linked(b"AT+CIPMUX=1", reads=False) as (bench, it):
        assert await bench.command(b'AT+CIPSTART=1,"TCP","192.168.3.50",80') == b"1," + OPENED
        assert await bench.command(b"AT+CIPTCPOPT=1,,,100") == OK
        assert await bench.command(b"AT+CIPSEND=1,6000") == PROMPT
        assert await bench.send(bytes(6000)) == taken(6000)
        assert await bench.advance(0.1) == FAILED
        assert await bench.command(b"AT+CIPSEND=0,6000") == PROMPT
        assert await bench.send(bytes(6000)) == taken(6000)
        assert await bench.advance(3600) == b""
        it.connections[0].read()
        assert await bench.settle() == SENT


async def test_the_send_time_out_is_not_for_passthrough() -> None:
    async with linked(b"AT+CIPTCPOPT=,,100", b"AT+CIPMODE=1", reads=False) as (bench, it):
        assert await bench.command(b"AT+CIPSEND") == PROMPT
        assert await bench.send(b"x" * 6000) == b""
        assert await bench.advance(60) == b""
        it.connection.read()
        assert await bench.advance(1) == b""
        assert it.connection.taken() == b"x" * 6000
