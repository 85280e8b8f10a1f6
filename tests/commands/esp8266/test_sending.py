"""AT 0.30: sending and receiving, exact bytes."""

import pytest
import trio

from espat.stack.errors import LWIP_RESET, NetworkError
from espat.stack.links import LinkTable
from tests.network import UdpPeer, answer, connected, expect, receive_exactly, soon, tcp_peer
from tests.stations import LOCAL_PORT, PEER, station
from tests.texts import ERROR, OK
from tests.workbench import Workbench

OLD = "esp8266-v0.30"
PROMPT = OK + b"> "


async def test_the_prompt_has_a_blank() -> None:
    async with connected(None, dialect=OLD) as (bench, stream):
        assert await answer(bench, b"AT+CIPSEND=4", b"> ") == PROMPT
        bench.port.send(b"ping")
        await expect(bench, b"\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n")
        assert await receive_exactly(stream, 4) == b"ping"


async def test_what_is_too_much_is_busy_before_the_receipt() -> None:
    async with connected(None, dialect=OLD) as (bench, stream):
        assert await answer(bench, b"AT+CIPSEND=4", b"> ") == PROMPT
        bench.port.send(b"pingpong\r\n")
        await expect(bench, b"\r\nbusy s...\r\n\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n")
        assert await receive_exactly(stream, 4) == b"ping"


async def test_the_longest_payload() -> None:
    async with connected(None, dialect=OLD) as (bench, _):
        for line in (b"AT+CIPSEND=2049", b"AT+CIPSENDEX=2049", b"AT+CIPSENDBUF=2049"):
            assert await bench.command(line) == b"too long\r\n" + ERROR
        assert await bench.command(b"AT+CIPSEND=0") == ERROR
        assert await answer(bench, b"AT+CIPSEND=2048", b"> ") == PROMPT


async def test_sending_without_a_link() -> None:
    async with station(dialect=OLD) as bench:
        for line in (b"AT+CIPSEND=4", b"AT+CIPSENDEX=4", b"AT+CIPSENDBUF=4", b"AT+CIPBUFSTATUS", b"AT+CIPBUFRESET"):
            assert await bench.command(line) == b"link is not valid\r\n" + ERROR


async def test_pieces_do_not_go_with_passthrough() -> None:
    async with connected(None, b"AT+CIPMODE=1", dialect=OLD) as (bench, _):
        for line in (b"AT+CIPSEND=4", b"AT+CIPSENDEX=4", b"AT+CIPSENDBUF=4", b"AT+CIPBUFSTATUS", b"AT+CIPCHECKSEQ=1"):
            assert await bench.command(line) == b"IPMODE=1\r\n" + ERROR


async def test_an_early_end() -> None:
    async with connected(None, b"AT+CIPMUX=1", dialect=OLD) as (bench, stream):
        assert await answer(bench, b"AT+CIPSENDEX=0,20", b"> ") == PROMPT
        bench.port.send(rb"a\\0b\0")
        await expect(bench, b"\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n")
        assert await receive_exactly(stream, 4) == rb"a\0b"


async def test_received_data_has_nothing_behind_it() -> None:
    async with connected(None, dialect=OLD) as (bench, stream):
        await stream.send_all(b"one")
        await expect(bench, b"\r\n+IPD,3:one")
        assert await bench.command(b"AT+CIPDINFO=1") == OK
        await stream.send_all(b"two")
        _, port = stream.socket.getsockname()
        await expect(bench, b"\r\n+IPD,3,%b,%d:two" % (PEER.encode(), port))
        assert await bench.command(b"AT+CIPDINFO?") == ERROR


async def test_received_data_is_printed_by_segments() -> None:
    async with connected(None, b"AT+CIPMUX=1", dialect=OLD) as (bench, stream):
        data = bytes(range(256)) * 12
        await stream.send_all(data)
        got = b""
        while len(got) < len(data):
            head = await soon(bench.port.read_until(b":"))
            assert head.startswith(b"\r\n+IPD,0,")
            count = int(head[9:-1])
            assert count <= 1460
            got += await soon(bench.port.read_exactly(count))
        assert got == data


async def test_a_datagram_elsewhere() -> None:
    async with UdpPeer() as peer, UdpPeer() as other, station(dialect=OLD) as bench:
        start = b'AT+CIPSTART="UDP","%b",%d,%d,0' % (PEER.encode(), peer.port, LOCAL_PORT)
        assert await answer(bench, start) == b"CONNECT\r\n" + OK
        line = b'AT+CIPSEND=2,"%b",%d' % (PEER.encode(), other.port)
        assert await answer(bench, line, b"> ") == PROMPT
        bench.port.send(b"hi")
        await expect(bench, b"\r\nRecv 2 bytes\r\n\r\nSEND OK\r\n")
        assert (await other.receive())[0] == b"hi"


async def write(bench: Workbench, line: bytes, numbers: bytes, data: bytes) -> None:
    """Write a segment."""
    assert await answer(bench, line, b"> ") == numbers + b"\r\n" + PROMPT
    bench.port.send(data)
    await expect(bench, b"\r\nRecv %d bytes\r\n" % len(data))


async def test_the_send_buffer_answers_later() -> None:
    async with connected(None, dialect=OLD) as (bench, stream):
        assert await bench.command(b"AT+CIPBUFSTATUS") == b"1,0,0,2920,8\r\n" + OK
        await write(bench, b"AT+CIPSENDBUF=4", b"1,0", b"ping")
        await expect(bench, b"\r\n1,SEND OK\r\n")
        await write(bench, b"AT+CIPSENDBUF=3", b"2,1", b"abc")
        await expect(bench, b"\r\n2,SEND OK\r\n")
        assert await receive_exactly(stream, 7) == b"pingabc"
        assert await bench.command(b"AT+CIPBUFSTATUS") == b"3,2,2,2920,8\r\n" + OK
        assert await bench.command(b"AT+CIPCHECKSEQ=1") == b"1,TRUE\r\n" + OK
        assert await bench.command(b"AT+CIPCHECKSEQ=3") == ERROR
        assert await bench.command(b"AT+CIPBUFRESET") == OK
        assert await bench.command(b"AT+CIPBUFSTATUS") == b"1,0,0,2920,8\r\n" + OK
        assert await bench.command(b"AT+CIPBUFSTATUS=0") == ERROR


async def test_the_send_buffer_of_one_of_several_links() -> None:
    async with connected(None, b"AT+CIPMUX=1", dialect=OLD) as (bench, stream):
        await write(bench, b"AT+CIPSENDBUF=0,4", b"1,0", b"ping")
        await expect(bench, b"\r\n0,1,SEND OK\r\n")
        assert await receive_exactly(stream, 4) == b"ping"
        assert await bench.command(b"AT+CIPCHECKSEQ=0,1") == b"0,1,TRUE\r\n" + OK
        assert await bench.command(b"AT+CIPBUFSTATUS=0") == b"2,1,1,2920,8\r\n" + OK
        assert await bench.command(b"AT+CIPBUFRESET=0") == OK
        assert await bench.command(b"AT+CIPBUFRESET") == ERROR
        assert await bench.command(b"AT+CIPBUFSTATUS=1") == b"link is not valid\r\n" + ERROR


async def test_a_send_buffer_that_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(link: object, payload: bytes) -> None:
        await trio.sleep_forever()

    async with connected(None, dialect=OLD) as (bench, _):
        monkeypatch.setattr(bench.module[LinkTable], "pass_on", never)
        await write(bench, b"AT+CIPSENDBUF=2048", b"1,0", bytes(2048))
        assert await bench.command(b"AT+CIPBUFSTATUS") == b"2,0,0,872,7\r\n" + OK
        assert await bench.command(b"AT+CIPCHECKSEQ=1") == b"1,FALSE\r\n" + OK
        assert await bench.command(b"AT+CIPSENDBUF=873") == ERROR
        assert await bench.command(b"AT+CIPBUFRESET") == ERROR
        for number in range(2, 9):
            await write(bench, b"AT+CIPSENDBUF=1", b"%d,0" % number, b"x")
        assert await bench.command(b"AT+CIPBUFSTATUS") == b"9,0,0,865,0\r\n" + OK
        assert await bench.command(b"AT+CIPSENDBUF=1") == ERROR


async def test_a_segment_that_does_not_get_through(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(link: object, payload: bytes) -> None:
        raise NetworkError(LWIP_RESET)

    async with connected(None, dialect=OLD) as (bench, _):
        monkeypatch.setattr(bench.module[LinkTable], "pass_on", fail)
        await write(bench, b"AT+CIPSENDBUF=4", b"1,0", b"ping")
        await expect(bench, b"\r\n1,SEND FAIL\r\n")
        assert await bench.command(b"AT+CIPBUFSTATUS") == b"2,1,0,2920,8\r\n" + OK
        assert await bench.command(b"AT+CIPCHECKSEQ=1") == b"1,FALSE\r\n" + OK


async def test_only_tcp_has_a_send_buffer() -> None:
    async with UdpPeer() as peer, station(dialect=OLD) as bench:
        await answer(bench, b'AT+CIPSTART="UDP","%b",%d' % (PEER.encode(), peer.port))
        assert await bench.command(b"AT+CIPSENDBUF=4") == ERROR


async def test_passthrough() -> None:
    async with connected(None, dialect=OLD) as (bench, stream):
        assert await bench.command(b"AT+CIPMODE=1") == OK
        assert await answer(bench, b"AT+CIPSEND", b">") == b"\r\nOK\r\n\r\n>"
        await bench.advance(0.05)
        bench.port.send(b"hello")
        await bench.advance(0.05)
        assert await receive_exactly(stream, 5) == b"hello"
        await stream.send_all(b"world")
        await expect(bench, b"world")
        await bench.send(b"+++")
        await bench.advance(1)
        assert await bench.command(b"AT") == OK


async def test_passthrough_sends_datagrams_of_2048_bytes() -> None:
    async with UdpPeer() as peer, station(dialect=OLD) as bench:
        await answer(bench, b'AT+CIPSTART="UDP","%b",%d' % (PEER.encode(), peer.port))
        await bench.command(b"AT+CIPMODE=1")
        await answer(bench, b"AT+CIPSEND", b">")
        bench.port.send(bytes(3000))
        await bench.settle()
        assert len((await peer.receive())[0]) == 2048
        await bench.advance(0.021)
        assert len((await peer.receive())[0]) == 952


async def test_a_peer_that_leaves_before_the_data() -> None:
    async with tcp_peer() as peer, station(dialect=OLD) as bench:
        await answer(bench, b'AT+CIPSTART="TCP","%b",%d' % (PEER.encode(), peer.port))
        async with await peer.accept():
            assert await answer(bench, b"AT+CIPSEND=4", b"> ") == PROMPT
        await expect(bench, b"CLOSED\r\n")
        bench.port.send(b"ping")
        await expect(bench, b"\r\nRecv 4 bytes\r\n\r\nSEND FAIL\r\n")
