"""AT+CIPSEND and AT+CIPSENDEX over TCP, with real peers on this machine."""

import pytest
import trio

from espat.scenario.reading.world_reader import read_world
from tests.hosts import linked
from tests.network import connected, expect, prompt, receive_exactly, send, soon, taken
from tests.stations import around
from tests.texts import BUSY, CANCELED, ERROR, FAILED, JOIN, LOST, OK, PROMPT, SENT
from tests.workbench import workbench

# AT+CIPSEND


async def test_so_many_bytes() -> None:
    async with connected() as (bench, stream):
        assert await send(bench, b"AT+CIPSEND=4", b"test") == taken(4) + SENT
        assert await receive_exactly(stream, 4) == b"test"


async def test_the_data_is_raw_and_not_echoed() -> None:
    async with connected() as (bench, stream):
        assert await bench.command(b"ATE1") == OK
        data = bytes(range(256)) + b'\r\nAT\r\n\\0,"' + b"AT+RST\r\n"
        bench.port.send(b"AT+CIPSEND=%d\r\n" % len(data))
        await expect(bench, b"AT+CIPSEND=%d\r\n" % len(data) + PROMPT)
        bench.port.send(data)
        await expect(bench, taken(len(data)) + SENT)
        assert await receive_exactly(stream, len(data)) == data


async def test_in_multiple_mode_the_link_comes_first() -> None:
    async with connected(None, b"AT+CIPMUX=1") as (bench, stream):
        assert await send(bench, b"AT+CIPSEND=0,4", b"test") == taken(4) + SENT
        assert await receive_exactly(stream, 4) == b"test"
        assert await bench.command(b"AT+CIPSEND=1,4") == ERROR


async def test_data_in_pieces() -> None:
    async with connected() as (bench, stream):
        await prompt(bench, b"AT+CIPSEND=8")
        for part in (b"te", b"st", b"+", b"++"):
            assert await bench.send(part) == b""
        bench.port.send(b"!")
        await expect(bench, taken(8) + SENT)
        assert await receive_exactly(stream, 8) == b"test+++!"


async def test_the_largest_payload() -> None:
    async with connected() as (bench, stream):
        data = bytes(range(256)) * 32
        assert await send(bench, b"AT+CIPSEND=8192", data) == taken(8192) + SENT
        assert await receive_exactly(stream, 8192) == data


async def test_too_many_bytes_are_refused_before_the_notice() -> None:
    async with connected() as (bench, stream):
        assert await send(bench, b"AT+CIPSEND=4", b"test and more") == BUSY + taken(4) + SENT
        assert await receive_exactly(stream, 4) == b"test"
        assert await send(bench, b"AT+CIPSEND=4", b"next") == taken(4) + SENT
        assert await bench.command(b"AT+SYSLOG=1") == OK
        assert await send(bench, b"AT+CIPSEND=1", b"x\r\n") == b"ERR CODE:0x010b0000\r\n" + BUSY + taken(1) + SENT


async def test_the_escape_cancels_the_entry() -> None:
    async with connected() as (bench, _):
        for line in (b"AT+CIPSEND=4", b"AT+CIPSENDEX=4"):
            await prompt(bench, line)
            assert await bench.send(b"x") == b""
            assert await bench.advance(0.02) == b""
            assert await bench.send(b"+++") == b""
            assert await bench.advance(0.019) == b""
            assert await bench.advance(0.001) == CANCELED
            assert await bench.command(b"AT") == OK


@pytest.mark.parametrize(
    ("before", "chunks", "after"),
    [
        (0.019, (b"+++",), 1.0),
        (0.02, (b"+++\r\n",), 1.0),
        (0.02, (b"++++",), 1.0),
        (0.02, (b"++",), 1.0),
        (0.02, (b"+++", b"."), 0.0),
    ],
)
async def test_anything_else_is_data(before: float, chunks: tuple[bytes, ...], after: float) -> None:
    data = b"".join(chunks) + b"end"
    async with connected() as (bench, stream):
        await prompt(bench, b"AT+CIPSEND=%d" % len(data))
        assert await bench.advance(before) == b""
        assert await bench.send(*chunks) == b""
        assert await bench.advance(after) == b""
        bench.port.send(b"end")
        await expect(bench, taken(len(data)) + SENT)
        assert await receive_exactly(stream, len(data)) == data


async def test_a_slow_escape_is_data() -> None:
    async with connected() as (bench, stream):
        await prompt(bench, b"AT+CIPSEND=3")
        for _ in range(2):
            assert await bench.advance(0.021) == b""
            assert await bench.send(b"+") == b""
        assert await bench.advance(0.021) == b""
        bench.port.send(b"+")
        assert await bench.settle() == b""
        await bench.clock.advance(0.02)
        await expect(bench, taken(3) + SENT)
        assert await receive_exactly(stream, 3) == b"+++"


async def test_the_peer_closes_before_the_prompt() -> None:
    async with connected() as (bench, stream):
        await stream.aclose()
        await expect(bench, b"CLOSED\r\n")
        assert await bench.command(b"AT+CIPSEND=4") == ERROR


async def test_the_peer_closes_behind_the_prompt() -> None:
    async with connected() as (bench, stream):
        await prompt(bench, b"AT+CIPSEND=4")
        await stream.aclose()
        await expect(bench, b"CLOSED\r\n")
        assert await bench.send(b"te") == b""
        assert await bench.send(b"st") == taken(4) + FAILED
        assert await bench.command(b"AT+CIPSEND=4") == ERROR


async def test_the_network_is_lost_behind_the_prompt() -> None:
    async with connected() as (bench, _):
        await prompt(bench, b"AT+CIPSEND=4")
        bench.simulation.access_point(b"espressif").deauthenticate()
        await expect(bench, LOST + b"CLOSED\r\n")
        assert await bench.send(b"test") == taken(4) + FAILED


async def test_the_network_is_lost_while_a_peer_takes_nothing() -> None:
    async with connected() as (bench, stream):
        stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, 4096)
        data = bytes(8192)
        with trio.fail_after(10):
            while True:
                await prompt(bench, b"AT+CIPSEND=8192")
                printed = await bench.send(data)
                if not printed.endswith(SENT):
                    break
        assert printed == taken(8192)
        assert await bench.send(b"AT\r\n") == BUSY
        bench.simulation.access_point(b"espressif").deauthenticate()
        await expect(bench, LOST + b"CLOSED\r\n" + FAILED)


async def test_the_times_of_a_real_module() -> None:
    world = around()
    world.timing.update(prompt=0.005, payload=0.004, send=0.008, close=0.013)
    async with connected(world) as (bench, _):
        assert await bench.send(b"AT+CIPSEND=1\r\n") == b""
        assert await bench.advance(0.005) == PROMPT
        assert await bench.send(b"x") == b""
        assert await bench.advance(0.004) == taken(1)
        assert await bench.send(b"AT\r\n") == BUSY
        assert await bench.advance(0.008) == SENT
        assert await bench.send(b"AT+CIPCLOSE\r\n") == b""
        assert await bench.advance(0.013) == b"CLOSED\r\n" + OK


REFUSED = [
    (b"AT+CIPSEND", b""),
    (b"AT+CIPSEND?", b"0x01090000"),
    (b"AT+CIPSEND=", b"0x01080001"),
    (b"AT+CIPSEND=0", b"0x01070001"),
    (b"AT+CIPSEND=-1", b"0x01070001"),
    (b"AT+CIPSEND=8193", b"0x01070001"),
    (b'AT+CIPSEND="4"', b"0x01080001"),
    (b"AT+CIPSEND=0,4", b"0x01070001"),
    (b'AT+CIPSEND=4,"192.168.3.102"', b""),
    (b"AT+CIPSEND=4,,80", b""),
    (b'AT+CIPSEND=4,"192.168.3.102",80', b""),
    (b'AT+CIPSEND=4,"192.168.3.102",0', b"0x01070003"),
    (b'AT+CIPSEND=4,"",80', b"0x01040002"),
    (b'AT+CIPSEND=4,"192.168.3.102",80,1', b"0x01060304"),
    (b"AT+CIPSENDEX", b"0x01090000"),
    (b"AT+CIPSENDEX=8193", b"0x01070001"),
]


async def test_wrong_parameters() -> None:
    async with connected(None, b"AT+SYSLOG=1") as (bench, _):
        for line, code in REFUSED:
            assert await bench.command(line) == (b"ERR CODE:%b\r\n" % code if code else b"") + ERROR, line


async def test_wrong_parameters_in_multiple_mode() -> None:
    async with connected(None, b"AT+CIPMUX=1", b"AT+SYSLOG=1") as (bench, _):
        for line, code in (
            (b"AT+CIPSEND=4", b"0x01060201"),
            (b"AT+CIPSEND=5,4", b"0x01070001"),
            (b"AT+CIPSEND=0,8193", b"0x01070002"),
            (b"AT+CIPSENDEX=0,0", b"0x01070002"),
            (b"AT+CIPSEND=,4", b"0x01080001"),
        ):
            assert await bench.command(line) == b"ERR CODE:%b\r\n" % code + ERROR, line


# AT+CIPSENDEX


@pytest.mark.parametrize(
    ("typed", "count", "sent"),
    [
        (b"test", 4, b"test"),
        (rb"te\0", 2048, b"te"),
        (rb"a\b\\c", 6, rb"ab\c"),
        (rb"a\\0b", 5, rb"a\0b"),
        (rb"\"\,\+", 6, b'",+'),
        (b"a\\\r\n\\0", 10, b"a\r\n"),
        (rb"abc\0", 5, b"abc"),
    ],
)
async def test_escaped_data(typed: bytes, count: int, sent: bytes) -> None:
    async with connected() as (bench, stream):
        assert await send(bench, b"AT+CIPSENDEX=%d" % count, typed) == taken(len(sent)) + SENT
        assert await receive_exactly(stream, len(sent)) == sent


async def test_escaped_data_split_inside_an_escape() -> None:
    async with connected(None, b"AT+CIPMUX=1") as (bench, stream):
        await prompt(bench, b"AT+CIPSENDEX=0,2048")
        for part in (b"a\\", b"b", b"c\\"):
            assert await bench.send(part) == b""
        bench.port.send(b"0AT\r\n")
        await expect(bench, BUSY + taken(3) + SENT)
        assert await receive_exactly(stream, 3) == b"abc"


@pytest.mark.parametrize("dialect", ["esp32-v5", "ai-thinker", "esp8266-v1.7", "esp8266-v0.30"])
async def test_nothing_is_sent_on_a_link_that_was_reported_as_closed(dialect: str) -> None:
    world = around()
    world.timing.update(send=0.008)
    async with connected(world, dialect=dialect) as (bench, stream):
        bench.port.send(b"AT+CIPSEND=1\r\n")
        await soon(bench.port.read_until(b">"))
        assert (await bench.send(b"x")).endswith(taken(1))
        await stream.aclose()
        await expect(bench, b"CLOSED\r\n")
        assert await bench.advance(0.008) == FAILED


async def test_what_the_peer_does_with_the_data_stands_behind_the_result() -> None:
    world = around()
    world.timing.update(send=0.008)
    async with linked(world=world) as (bench, it):
        assert await bench.command(b"AT+CIPSEND=1") == PROMPT
        assert await bench.send(b"x") == taken(1)
        assert await bench.advance(0.008) == SENT
        assert it.connection.taken() == b"x"
        it.connection.close()
        assert await bench.settle() == b"CLOSED\r\n"


@pytest.mark.parametrize("kind", [b"TCP", b"UDP"])
@pytest.mark.parametrize("dialect", ["esp32-v5", "esp8266-v1.7", "esp8266-v0.30"])
async def test_an_answer_that_comes_at_once_is_not_in_one_piece_with_the_result(
    dialect: str, kind: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that takes SEND OK for the end of what is there has its chance: see `core/timing.toml`."""
    world = read_world({"host": [{"address": "192.168.3.50", "serves": ["tcp-echo 7", "udp-echo 7"]}]}, "w")
    async with workbench(world, dialect=dialect) as bench:
        for line in (b"ATE0", b"AT+CWMODE=1", JOIN, b'AT+CIPSTART="%b","192.168.3.50",7' % kind):
            assert (await bench.command(line)).endswith(OK)
        await bench.command(b"AT+CIPSEND=1")
        pieces: list[bytes] = []
        send = bench.port.send_nowait

        def send_nowait(data: bytes) -> int:
            pieces.append(data)
            return send(data)

        monkeypatch.setattr(bench.port, "send_nowait", send_nowait)
        await bench.send(b"x")
        assert b"".join(pieces[:-1]) == taken(1) + SENT
        assert pieces[-1].startswith(b"\r\n+IPD,1:x")
