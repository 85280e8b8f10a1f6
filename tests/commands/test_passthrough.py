"""Passthrough over TCP and UDP, in stepped time."""

import pytest

from espat.core.at.stream_entry import RX_BUFFER
from espat.stack.address import Address
from espat.stack.links import LinkTable
from tests.hosts import HOST, Connection, MemoryHost, host, linked
from tests.stations import around, station
from tests.texts import BUSY, ERROR, OK, OPENED, PROMPT
from tests.workbench import Workbench

SILENCE = 0.02
BLOCK = 2920
START_TCP = b'AT+CIPSTART="TCP","%b",80' % HOST.encode()
START_UDP = b'AT+CIPSTART="UDP","%b",80,1112,%%d' % HOST.encode()


async def enter(bench: Workbench) -> None:
    """Into passthrough."""
    assert await bench.command(b"AT+CIPMODE=1") == OK
    assert await bench.command(b"AT+CIPSEND") == PROMPT


async def leave(bench: Workbench) -> bytes:
    """Out of passthrough; returns what is printed."""
    assert await bench.advance(SILENCE) == b""
    assert await bench.send(b"+++") == b""
    return await bench.advance(SILENCE)


async def piped(bench: Workbench, it: MemoryHost[Connection], data: bytes) -> bool:
    """Whether data gets through the pipe now."""
    printed = await bench.send(data)
    printed += await bench.advance(SILENCE)
    return it.connection.taken() == data and printed == b""


# Receiving mode


async def test_receiving_mode_prints_bare_data_and_takes_commands() -> None:
    async with linked() as (bench, it):
        assert await bench.command(b"AT+CIPMODE?") == b"+CIPMODE:0\r\n" + OK
        await it.connection.send(b"one")
        assert await bench.settle() == b"\r\n+IPD,3:one\r\n"
        assert await bench.command(b"AT+CIPMODE=1") == OK
        assert await bench.command(b"AT+CIPMODE?") == b"+CIPMODE:1\r\n" + OK
        await it.connection.send(b"two\r\n\x00\xff")
        assert await bench.settle() == b"two\r\n\x00\xff"
        assert await bench.command(b"AT") == OK
        assert await bench.command(b"AT+CIPMODE=0") == OK
        await it.connection.send(b"three")
        assert await bench.settle() == b"\r\n+IPD,5:three\r\n"


@pytest.mark.parametrize("line", [b"AT+CIPSEND=4", b"AT+CIPSENDEX=4", b"AT+CIPSENDL=4", b"AT+CIPRECVTYPE=1"])
async def test_receiving_mode_refuses_what_belongs_to_normal_mode(line: bytes) -> None:
    async with linked() as (bench, _):
        assert await bench.command(b"AT+CIPMODE=1") == OK
        assert await bench.command(line) == ERROR


async def test_the_end_of_the_link_shows_in_receiving_mode() -> None:
    async with linked() as (bench, it):
        assert await bench.command(b"AT+CIPMODE=1") == OK
        it.connection.close()
        assert await bench.settle() == b"CLOSED\r\n"
        assert await bench.advance(60) == b""
        assert it.attempts == 1
        assert await bench.command(b"AT+CIPSEND") == ERROR
        assert await bench.command(START_TCP) == OPENED
        assert await bench.command(b"AT+CIPSEND") == PROMPT


async def test_what_waits_to_be_read_is_printed_first() -> None:
    async with linked(b"AT+CIPRECVTYPE=1") as (bench, it):
        await it.connection.send(b"first ")
        assert await bench.settle() == b"\r\n+IPD,6\r\n"
        assert await bench.command(b"AT+CIPMODE=1") == OK + b"first "
        await it.connection.send(b"second")
        assert await bench.settle() == b"second"
        assert await bench.command(b"AT+CIPMODE=0") == OK
        await it.connection.send(b"third")
        assert await bench.settle() == b"\r\n+IPD,5\r\n"


# The pipe


async def test_a_pipe_both_ways() -> None:
    async with linked() as (bench, it):
        assert await bench.command(b"ATE1") == OK
        assert await bench.send(b"AT+CIPMODE=1\r\n") == b"AT+CIPMODE=1\r\n" + OK
        assert await bench.send(b"AT+CIPSEND\r\n") == b"AT+CIPSEND\r\n" + PROMPT
        data = bytes(range(256)) + b"\r\nAT\r\n\\0AT+RST\r\n"
        assert await piped(bench, it, data)
        await it.connection.send(data)
        assert await bench.settle() == data


async def test_data_in_the_chunk_of_the_command_is_busy() -> None:
    async with linked() as (bench, it):
        assert await bench.command(b"AT+CIPMODE=1") == OK
        assert await bench.send(b"AT+CIPSEND\r\ndata") == BUSY + PROMPT
        assert await piped(bench, it, b"more")


async def test_less_than_a_block_waits_for_the_interval() -> None:
    async with linked() as (bench, it):
        await enter(bench)
        assert await bench.send(b"ab") == b""
        assert await bench.advance(0.019) == b""
        assert it.connection.taken() == b""
        assert await bench.send(b"c") == b""
        assert await bench.advance(0.001) == b""
        assert it.connection.taken() == b"abc"


async def test_a_block_goes_at_once() -> None:
    async with linked() as (bench, it):
        await enter(bench)
        assert await bench.send(bytes(BLOCK) + b"rest") == b""
        assert it.connection.taken() == bytes(BLOCK)
        assert await bench.advance(SILENCE) == b""
        assert it.connection.taken() == b"rest"


@pytest.mark.parametrize("interval", [0, 1, 1000])
async def test_the_interval_can_be_set(interval: int) -> None:
    async with linked(b"AT+TRANSINTVL=%d" % interval) as (bench, it):
        await enter(bench)
        assert await bench.send(b"data") == b""
        if interval:
            assert await bench.advance((interval - 0.5) / 1000) == b""
            assert it.connection.taken() == b""
            assert await bench.advance(0.0005) == b""
        assert it.connection.taken() == b"data"


# +++


@pytest.mark.parametrize("chunks", [(b"+++",), (b"+", b"++"), (b"++", b"+"), (b"+", b"+", b"+")])
@pytest.mark.parametrize("gap", [0.0, 0.019])
async def test_the_escape_leads_back_to_receiving_mode(chunks: tuple[bytes, ...], gap: float) -> None:
    async with linked() as (bench, it):
        await enter(bench)
        assert await piped(bench, it, b"data")
        assert await bench.advance(SILENCE) == b""
        for chunk in chunks[:-1]:
            assert await bench.send(chunk) == b""
            assert await bench.advance(gap) == b""
        assert await bench.send(chunks[-1]) == b""
        assert await bench.advance(0.02) == b""
        assert await bench.command(b"AT") == OK
        assert await bench.command(b"AT+CIPMODE?") == b"+CIPMODE:1\r\n" + OK
        assert (await bench.command(b"AT+CIPSTATE?")).startswith(b'+CIPSTATE:0,"TCP","192.168.3.50",80,')
        await it.connection.send(b"bare")
        assert await bench.settle() == b"bare"
        assert it.connection.taken() == b""
        assert await bench.command(b"AT+CIPSEND") == PROMPT
        assert await piped(bench, it, b"again")


async def test_the_escape_works_at_once_behind_the_prompt() -> None:
    async with linked() as (bench, _):
        await enter(bench)
        assert await leave(bench) == b""
        assert await bench.command(b"AT") == OK


@pytest.mark.parametrize(
    ("before", "chunks", "gap"),
    [
        (0.02, (b"++++",), 0.0),
        (0.02, (b"+++", b"+"), 0.019),
        (0.02, (b"+++\r\n",), 0.0),
        (0.02, (b"+++", b"\r\n"), 0.019),
        (0.02, (b"a+++",), 0.0),
        (0.02, (b"+++a",), 0.0),
        (0.02, (b"+++", b"a"), 0.019),
        (0.02, (b"++",), 0.0),
        (0.019, (b"+++",), 0.0),
        (0.02, (b"+", b"+", b"+"), 0.021),
        (0.02, (b"++", b"+"), 0.021),
        (0.02, (b"+++", b"+++"), 0.01),
    ],
)
async def test_anything_else_is_data(before: float, chunks: tuple[bytes, ...], gap: float) -> None:
    async with linked() as (bench, it):
        await enter(bench)
        assert await bench.send(b"data") == b""
        assert await bench.advance(before) == b""
        for chunk in chunks:
            assert await bench.send(chunk) == b""
            assert await bench.advance(gap) == b""
        assert await bench.advance(1) == b""
        assert it.connection.taken() == b"data" + b"".join(chunks)
        assert await leave(bench) == b""
        assert await bench.command(b"AT") == OK


async def test_what_came_before_the_escape_is_sent() -> None:
    async with linked(b"AT+TRANSINTVL=1000") as (bench, it):
        await enter(bench)
        assert await bench.send(b"data") == b""
        assert it.connection.taken() == b""
        assert await leave(bench) == b""
        assert it.connection.taken() == b"data"
        assert await bench.command(b"AT") == OK


@pytest.mark.parametrize(
    ("messages", "quit_report"), [(0, b""), (1, b"\r\n+QUITT\r\n"), (6, b""), (7, b"\r\n+QUITT\r\n")]
)
async def test_the_escape_is_reported_with_bit_0(messages: int, quit_report: bytes) -> None:
    async with linked() as (bench, _):
        assert await bench.command(b"AT+SYSMSG=%d" % messages) == OK
        await enter(bench)
        assert await leave(bench) == quit_report
        assert await bench.command(b"AT+CIPSEND") == PROMPT
        assert await leave(bench) == quit_report
        assert await bench.command(b"AT") == OK


async def test_the_escape_while_the_host_does_not_read() -> None:
    async with linked(reads=False) as (bench, it):
        await enter(bench)
        assert await bench.send(bytes(8000)) == b""  # more than the window of the connection
        assert await bench.advance(SILENCE) == b""
        assert await leave(bench) == b""
        assert await bench.send(b"AT\r\n") == BUSY
        assert await bench.advance(1) == b""
        assert await bench.command(b"AT") == OK
        it.connection.read()
        assert await bench.settle() == b""
        assert it.connection.taken() == bytes(5760)


async def test_the_escape_behind_what_the_port_could_not_take() -> None:
    async with linked(reads=False) as (bench, it):
        await enter(bench)
        assert await bench.send(bytes(RX_BUFFER)) == b""
        assert await bench.send(bytes(RX_BUFFER)) == b""
        assert await bench.advance(SILENCE) == b""
        assert await bench.send(b"+++") == b""  # the module has not read it: its buffer is full
        assert await bench.advance(60) == b""
        it.connection.read()
        assert await bench.settle() == b""
        assert await bench.advance(SILENCE) == b""
        assert it.connection.taken() == bytes(2 * RX_BUFFER)
        assert await bench.command(b"AT") == OK


# UDP


async def test_udp_shows_the_blocks() -> None:
    async with host() as (bench, it):
        assert await bench.command(START_UDP % 0) == OPENED
        await enter(bench)
        assert await bench.send(b"a" * 3000, b"b" * 3000) == b""
        assert it.taken() == [b"a" * 2920, b"a" * 80 + b"b" * 2840]
        assert await bench.advance(SILENCE) == b""
        assert it.taken() == [b"b" * 160]
        assert await bench.send(b"one") == b""
        assert await bench.advance(0.01) == b""
        assert await bench.send(b"two") == b""
        assert await bench.advance(0.01) == b""
        assert await bench.send(b"three") == b""
        assert await bench.advance(SILENCE) == b""
        assert it.taken() == [b"onetwo", b"three"]


async def test_udp_datagrams_come_in_bare() -> None:
    async with host() as (bench, _):
        assert await bench.command(START_UDP % 0) == OPENED
        await enter(bench)
        (lan,) = bench.simulation.lans.values()
        (address,) = (address for address in lan.nodes if address != Address(HOST))
        (link,) = bench.module[LinkTable]
        for data in (b"one", b"two"):
            lan.nodes[address].datagram(data, link.remote, link.remote._replace(address=address, port=1112))
        assert await bench.settle() == b"onetwo"


@pytest.mark.parametrize("follows", [1, 2])
async def test_udp_with_a_changing_peer_is_refused(follows: int) -> None:
    async with host() as (bench, _):
        assert await bench.command(START_UDP % follows) == OPENED
        assert await bench.command(b"AT+CIPMODE=1") == ERROR
        assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        assert await bench.command(b"AT+CIPMODE=1") == OK
        assert await bench.command(START_UDP % follows) == OPENED
        assert await bench.command(b"AT+CIPSEND") == ERROR


# Preconditions


async def test_what_the_mode_needs() -> None:
    async with linked(b"AT+CIPMUX=1") as (bench, _):
        start = b'AT+CIPSTART=%%d,"TCP","%b",80' % HOST.encode()
        assert await bench.command(start % 1) == b"1," + OPENED
        assert await bench.command(b"AT+CIPMODE=1") == ERROR
        assert await bench.command(b"AT+CIPCLOSE=1") == b"1,CLOSED\r\n" + OK
        assert await bench.command(b"AT+CIPMODE=1") == OK
        assert await bench.command(b"AT+CIPSEND") == PROMPT
        assert await leave(bench) == b""
        assert await bench.command(start % 1) == ERROR
        assert await bench.command(b"AT+CIPSERVER=1,8080") == ERROR
        assert await bench.command(b"AT+CIPMODE=0") == OK
        assert await bench.command(b"AT+CIPSERVER=1,8080") == OK
        assert await bench.command(b"AT+CIPMODE=1") == ERROR  # a client and a server
        assert await bench.command(b"AT+CIPCLOSE=0") == b"0,CLOSED\r\n" + OK
        assert await bench.command(b"AT+CIPMODE=1") == ERROR  # a server of five
        assert await bench.command(b"AT+CIPSERVER=0") == OK
        assert await bench.command(b"AT+CIPSERVERMAXCONN=1") == OK
        assert await bench.command(b"AT+CIPSERVER=1,8080") == OK
        assert await bench.command(b"AT+CIPMODE=1") == OK
        assert await bench.command(start % 0) == ERROR


async def test_what_the_mode_forbids() -> None:
    async with host(b"AT+CIPMODE=1") as (bench, _):
        assert await bench.command(b"AT+CIPMUX=1") == ERROR
        assert await bench.command(b"AT+CIPSEND") == ERROR
        assert await bench.command(START_TCP) == OPENED
        assert await bench.command(START_TCP) == ERROR
        assert await bench.command(b"AT+CIPMODE=2") == ERROR
        assert await bench.command(b"AT+CIPMODE=0") == OK
        assert await bench.command(b"AT+CIPSEND") == ERROR


async def test_a_server_may_be_started_in_the_mode_when_it_takes_one_client() -> None:
    async with station(around(), b"AT+CIPMUX=1", b"AT+CIPMODE=1") as bench:
        assert await bench.command(b"AT+CIPSERVER=1,8080") == ERROR
        assert await bench.command(b"AT+CIPSERVERMAXCONN=1") == OK
        assert await bench.command(b"AT+CIPSERVER=1,8080") == OK


async def test_the_mode_is_never_stored() -> None:
    async with linked(b"AT+CIPMODE=1") as (bench, _):
        assert (await bench.command(b"AT+RST")).endswith(b"\r\nready\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n")
        assert await bench.command(b"ATE0") == OK
        assert await bench.command(b"AT+CIPMODE?") == b"+CIPMODE:0\r\n" + OK


async def test_the_link_goes_before_the_prompt() -> None:
    world = around()
    world.timing.update(prompt=0.005)
    async with linked(b"AT+CIPMODE=1", world=world) as (bench, it):
        assert await bench.send(b"AT+CIPSEND\r\n") == b""
        it.connection.close()
        assert await bench.advance(0.005) == b"CLOSED\r\n" + ERROR
