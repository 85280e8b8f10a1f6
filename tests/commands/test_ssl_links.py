"""SSL links as clients: every way of sending and receiving works as over TCP, in stepped time."""

import ssl
from collections.abc import Callable
from contextlib import suppress
from random import Random

import pytest

from espat.stack.memory_stream import WINDOW, MemoryStream
from tests.certificates import issued, server_context
from tests.commands.test_passive_receiving import notice
from tests.hosts import HOST, TLS_PORT, MemoryHost, Secured, secured, speaking, start, tls_host
from tests.texts import ERROR, OK, OPENED, PROMPT, SENT
from tests.workbench import Workbench

SILENCE = 0.02
AROUND = 5 + 8 + 16
"""Bytes of a record besides the data: its head, nonce and tag (RFC 5288)."""


def received(count: int) -> bytes:
    return b"\r\nRecv %d bytes\r\n" % count


def stop_reading(bench: Workbench, connection: Secured) -> Callable[[], None]:
    """Have the peer read nothing from now on; returns what has it read again, a second of module time later."""
    stream = connection.stream
    take, stopped = stream.receive, True

    async def later(most: int = WINDOW) -> bytes:
        while stopped:
            await bench.clock.sleep(1)
        return await take(most)

    def read_again() -> None:
        nonlocal stopped
        stopped = False

    stream.receive = later  # type: ignore[method-assign]
    return read_again


# What a link is


async def test_it_is_an_ssl_link() -> None:
    async with secured() as (bench, it):
        assert it.connection.session.version() == "TLSv1.2"
        shown = b'+CIPSTATE:0,"SSL","192.168.3.50",8070,49152,0\r\n'
        assert await bench.command(b"AT+CIPSTATE?") == shown + OK
        assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        assert it.connection.ended


async def test_several_links_of_both_kinds() -> None:
    async with secured(b"AT+CIPMUX=1") as (bench, it):
        assert await bench.command(b'AT+CIPSTART=2,"SSL","%b",%d' % (HOST.encode(), TLS_PORT)) == b"2," + OPENED
        assert await bench.command(b'AT+CIPSTARTEX="SSL","%b",%d,60' % (HOST.encode(), TLS_PORT)) == b"1," + OPENED
        assert await bench.command(b"AT+CIPSEND=2,3") == PROMPT
        assert await bench.send(b"two") == received(3) + SENT
        assert [connection.taken() for connection in it.connections] == [b"", b"two", b""]
        await it.connections[2].send(b"one")
        assert await bench.settle() == b"\r\n+IPD,1,3:one\r\n"
        it.connections[0].close()
        assert await bench.settle() == b"0,CLOSED\r\n"


async def test_sysmsg_tells_the_kind() -> None:
    async with tls_host(b"AT+SYSMSG=2", context=server_context()) as (bench, _):
        shown = b'+LINK_CONN:0,0,"SSL",0,"192.168.3.50",8070,49152\r\n'
        assert await bench.command(start()) == shown + OK


async def test_the_memory_it_takes_is_given_back() -> None:
    async with tls_host(context=server_context()) as (bench, _):
        before = await bench.command(b"AT+SYSRAM?")
        assert await bench.command(start()) == OPENED
        assert await bench.command(b"AT+SYSRAM?") != before
        assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        free = before.removeprefix(b"+SYSRAM:").partition(b",")[0]
        assert (await bench.command(b"AT+SYSRAM?")).startswith(b"+SYSRAM:" + free + b",")


@pytest.mark.parametrize("words", [b'"SSLv6"', b'"ssl"', b'"TLS"'])
async def test_other_words_are_refused(words: bytes) -> None:
    async with tls_host(context=server_context()) as (bench, it):
        assert await bench.command(b'AT+CIPSTART=%b,"%b",8070' % (words, HOST.encode())) == ERROR
        assert not it.connections


async def test_the_time_limit_of_the_command_holds_for_the_handshake() -> None:
    seen: list[bytes] = []

    async def listen(stream: MemoryStream) -> None:
        while not seen or seen[-1]:
            seen.append(await stream.receive())

    async with tls_host(b"AT+SYSLOG=1", behaviour=listen) as (bench, _):
        assert await bench.command(b'AT+CIPSTART="SSL","%b",8070,,,3000' % HOST.encode()) == b""
        assert await bench.advance(2.9) == b""
        assert seen[-1]
        assert await bench.advance(0.2) == b"+ERRNO:0x8006\r\n" + ERROR
        assert seen[-1] == b""  # the module has closed it
        assert await bench.command(b"AT+CIPSTATE?") == OK


async def test_each_packet_of_the_handshake_has_ten_seconds() -> None:
    """A peer that is slow all along, but never for too long, takes as long as it likes."""

    async with tls_host(context=server_context()) as (bench, it):
        clock = bench.clock
        answer = it.connect

        def slowly(port: int, client: object) -> object:
            stream = answer(port, client)  # type: ignore[arg-type]
            send = stream.other.send

            async def send_late(data: bytes) -> None:
                await clock.sleep(9)
                await send(data[:20])
                await clock.sleep(9)
                await send(data[20:])

            stream.other.send = send_late  # type: ignore[method-assign, assignment]
            return stream

        it.connect = slowly  # type: ignore[method-assign, assignment]
        assert await bench.command(start()) == b""
        assert await bench.advance(35) == b""
        assert await bench.advance(2) == OPENED


# Sending


@pytest.mark.parametrize("length", [1, 2920, 4096, 4097, 8192])
async def test_cipsend(length: int) -> None:
    async with secured() as (bench, it):
        data = Random(length).randbytes(length)
        assert await bench.command(b"AT+CIPSEND=%d" % length) == PROMPT
        assert await bench.send(data) == received(length) + SENT
        assert it.connection.taken() == data


async def test_cipsendex() -> None:
    async with secured() as (bench, it):
        assert await bench.command(b"AT+CIPSENDEX=10") == PROMPT
        assert await bench.send(b"ab\\\\c\\0") == received(4) + SENT
        assert it.connection.taken() == b"ab\\c"


async def test_cipsendl_counts_data_and_not_what_tls_makes_of_it() -> None:
    async with secured() as (bench, it):
        data = bytes(range(250)) * 10
        assert await bench.command(b"AT+CIPSENDL=2500") == PROMPT
        lines = b"+CIPSENDL:1024,2500\r\n+CIPSENDL:2048,2500\r\n+CIPSENDL:2500,2500\r\n"
        assert await bench.send(data) == lines + SENT
        assert it.connection.taken() == data


async def test_a_peer_that_is_gone_after_the_prompt() -> None:
    async with secured() as (bench, it):
        assert await bench.command(b"AT+CIPSEND=4") == PROMPT
        it.connection.close()
        assert await bench.settle() == b"CLOSED\r\n"
        assert await bench.send(b"test") == received(4) + b"\r\nSEND FAIL\r\n"


async def test_a_peer_that_does_not_read_stops_the_module_until_it_does() -> None:
    async with secured() as (bench, it):
        connection = it.connection
        read_again = stop_reading(bench, connection)
        data = Random(2).randbytes(8192)
        first = b""
        for _ in range(3):
            assert await bench.command(b"AT+CIPSEND=8192") == PROMPT
            first = await bench.send(data)
            if not first.endswith(SENT):
                break
        assert first == received(8192)
        read_again()
        assert await bench.advance(2) == SENT
        assert len(connection.received) % 8192 == 0
        assert connection.received == data * (len(connection.received) // 8192)


async def test_a_send_time_out_breaks_no_record() -> None:
    """What is left of a record when a send is given up has its place in the stream all the same."""
    async with secured(b"AT+CIPTCPOPT=-1,0,2000") as (bench, it):
        connection = it.connection
        read_again = stop_reading(bench, connection)
        data = Random(3).randbytes(8192)
        printed = b""
        while b"FAIL" not in printed:
            assert await bench.command(b"AT+CIPSEND=8192") == PROMPT
            printed = await bench.send(data) + await bench.advance(3)
        read_again()
        await bench.advance(2)
        connection.taken()
        assert await bench.command(b"AT+CIPSEND=5") == PROMPT
        assert await bench.send(b"after") == received(5) + SENT
        assert connection.failure is None
        assert connection.taken().endswith(b"after")


# Receiving


async def test_ipd() -> None:
    async with secured(b"AT+CIPDINFO=1") as (bench, it):
        await it.connection.send(b"test")
        assert await bench.settle() == b'\r\n+IPD,4,"192.168.3.50",8070:test\r\n'


async def test_much_data_comes_whole_and_in_messages_of_2920() -> None:
    async with secured() as (bench, it):
        data = Random(1).randbytes(100_000)
        bench.module.spawn(it.connection.send, data)
        printed = await bench.settle()
        found, at = b"", 0
        while at < len(printed):
            assert printed.startswith(b"\r\n+IPD,", at)
            colon = printed.index(b":", at)
            length = int(printed[at + 7 : colon])
            assert 0 < length <= 2920
            found += printed[colon + 1 : colon + 1 + length]
            at = colon + 1 + length + 2
        assert found == data


async def test_passive_receiving() -> None:
    async with secured(b"AT+CIPRECVTYPE=1") as (bench, it):
        await it.connection.send(b"hello")
        assert await bench.settle() == notice(5 + AROUND)
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:%d\r\n" % (5 + AROUND) + OK
        assert await bench.command(b"AT+CIPRECVDATA=2") == b"+CIPRECVDATA:2,he" + OK + notice(3)
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:3\r\n" + OK
        assert (await bench.command(b"AT+CIPRECVDATA=9")).startswith(b"+CIPRECVDATA:3,llo" + OK)


async def test_records_wait_as_they_are_until_one_is_begun() -> None:
    async with secured(b"AT+CIPRECVTYPE=1") as (bench, it):
        for data in (b"first", b"second", b"third"):
            await it.connection.send(data)
        assert await bench.settle() == notice(5 + AROUND)
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:%d\r\n" % (16 + 3 * AROUND) + OK
        assert await bench.command(b"AT+CIPRECVDATA=5") == b"+CIPRECVDATA:5,first" + OK + notice(11 + 2 * AROUND)
        assert await bench.command(b"AT+CIPRECVDATA=4") == b"+CIPRECVDATA:4,seco" + OK + notice(2)
        assert await bench.command(b"AT+CIPRECVDATA=2") == b"+CIPRECVDATA:2,nd" + OK + notice(5 + AROUND)
        assert await bench.command(b"AT+CIPRECVDATA=34") == b"+CIPRECVDATA:5,third" + OK
        assert await bench.command(b"AT+CIPRECVDATA=29") == ERROR
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:0\r\n" + OK


async def test_a_host_that_does_not_read_stops_the_peer_and_loses_nothing() -> None:
    async with secured(b"AT+CIPRECVTYPE=1") as (bench, it):
        data = Random(4).randbytes(60_000)
        bench.module.spawn(it.connection.send, data)
        await bench.settle()
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:5760\r\n" + OK
        found = b""
        while len(found) < len(data):
            printed = await bench.command(b"AT+CIPRECVDATA=5000")
            head, _, rest = printed.partition(b",")
            found += rest[: int(head.removeprefix(b"+CIPRECVDATA:"))]
        assert found == data


async def test_the_end_waits_until_all_is_read() -> None:
    async with secured(b"AT+CIPRECVTYPE=1") as (bench, it):
        await it.connection.send(b"last words")
        it.connection.close()
        assert await bench.settle() == notice(10 + AROUND)
        assert await bench.command(b"AT+CIPRECVDATA=10") == b"+CIPRECVDATA:10,last words" + OK + b"CLOSED\r\n"


async def test_the_peers_closing_alert_is_announced_and_cannot_be_read() -> None:
    """As a module of 3.x."""
    async with secured(b"AT+CIPRECVTYPE=1") as (bench, it):
        await close_properly(it)
        assert await bench.settle() == notice(2 + AROUND)
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:31\r\n" + OK
        assert await bench.command(b"AT+CIPRECVDATA=31") == ERROR + b"CLOSED\r\n"
    async with secured(b"AT+CIPRECVTYPE=1") as (bench, it):
        await it.connection.send(b"last words")
        assert await bench.settle() == notice(10 + AROUND)
        await close_properly(it)
        assert await bench.settle() == b""
        assert await bench.command(b"AT+CIPRECVDATA=100") == b"+CIPRECVDATA:10,last words" + OK + notice(31)
        assert await bench.command(b"AT+CIPRECVDATA=31") == ERROR + b"CLOSED\r\n"


async def test_the_closing_alert_is_nothing_where_data_is_printed() -> None:
    async with secured() as (bench, it):
        await it.connection.send(b"last words")
        await close_properly(it)
        assert await bench.settle() == b"\r\n+IPD,10:last words\r\nCLOSED\r\n"
    async with secured(b"AT+CIPRECVTYPE=1") as (bench, it):
        await it.connection.send(b"last words")
        await bench.settle()
        await close_properly(it)
        assert await bench.command(b"AT+CIPRECVTYPE=0") == OK + b"\r\n+IPD,10:last words\r\nCLOSED\r\n"


async def close_properly(it: MemoryHost[Secured]) -> None:
    """End TLS, then the connection."""
    with suppress(ssl.SSLWantReadError):
        it.connection.session.unwrap()
    await it.connection.stream.send(it.connection.outgoing.read())
    it.connection.close()


async def test_a_closing_alert_ends_the_link() -> None:
    async with secured() as (bench, it):
        with pytest.raises(ssl.SSLWantReadError):
            it.connection.session.unwrap()
        await it.connection.stream.send(it.connection.outgoing.read())
        assert await bench.settle() == b"CLOSED\r\n"


@pytest.mark.parametrize(
    "garbage", [b"\x00" * 40, b"hello", b"\x17\x03\x03\x00\x20" + b"x" * 32, b"\x16\x03\x03\xff\xff"]
)
async def test_bytes_that_are_no_tls_end_the_link(garbage: bytes) -> None:
    async with secured() as (bench, it):
        await it.connection.stream.send(garbage)
        printed = await bench.settle()
        it.connection.close()
        assert printed + await bench.settle() == b"CLOSED\r\n"
        assert await bench.command(b"AT+CIPSTATE?") == OK
        assert await bench.command(start()) == OPENED


# Passthrough


async def enter(bench: Workbench) -> None:
    assert await bench.command(b"AT+CIPMODE=1") == OK
    assert await bench.command(b"AT+CIPSEND") == PROMPT


async def piped(bench: Workbench, it: MemoryHost[Secured], data: bytes) -> None:
    """Data gets through the pipe, both ways."""
    assert await bench.send(data) + await bench.advance(SILENCE) == b""
    assert it.connection.taken() == data
    bench.module.spawn(it.connection.send, data[::-1])
    assert await bench.settle() == data[::-1]


async def test_passthrough_and_out_of_it() -> None:
    async with secured() as (bench, it):
        await enter(bench)
        await piped(bench, it, b"through the pipe\r\n")
        await piped(bench, it, Random(1).randbytes(50_000))
        assert await bench.advance(SILENCE) + await bench.send(b"+++") + await bench.advance(1) == b""
        await it.connection.send(b"bare")
        assert await bench.settle() == b"bare"
        assert await bench.command(b"AT+CIPMODE=0") == OK
        await it.connection.send(b"framed")
        assert await bench.settle() == b"\r\n+IPD,6:framed\r\n"


async def test_in_passthrough_a_broken_link_is_opened_again_with_tls() -> None:
    async with secured(b"AT+CIPSSLCCONF=3") as (bench, it):
        await enter(bench)
        for _ in range(3):
            it.connection.close()
            assert await bench.advance(0.2) == b""
            assert it.connection.established
            await piped(bench, it, b"again")
        assert len(it.connections) == 4


async def test_in_passthrough_a_peer_that_fails_is_tried_again() -> None:
    async with secured(b"AT+CIPSSLCCONF=2") as (bench, it):
        await enter(bench)
        it.accept = speaking(server_context(issued()))  # unknown
        it.connection.close()
        assert await bench.advance(1) == b""
        assert len(it.connections) > 5
        assert not it.connection.established
        it.accept = speaking(server_context())
        await bench.advance(0.2)
        await piped(bench, it, b"again")
