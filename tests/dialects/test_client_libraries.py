"""What libraries for the old firmwares do at start and for a TCP exchange, matched on the very bytes they look for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from espat.scenario.world.world import World
from tests.certificates import server_context
from tests.hosts import HOST, TLS_PORT, tls_host
from tests.network import receive_exactly, soon, tcp_peer
from tests.stations import PEER, around
from tests.workbench import Workbench, workbench

SSID, PASSWORD = b"espressif", b"1234567890"


class Library:
    """A client that types a command and looks for bytes, as most libraries do; what it has not looked at is kept."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    async def find(self, wanted: bytes) -> bytes:
        """All that is printed, as far as these bytes."""
        return await soon(self._bench.port.read_until(wanted))

    async def command(self, line: bytes, wanted: bytes = b"OK\r\n") -> bytes:
        """Type a command, and find something."""
        self._bench.port.send(line + b"\r\n")
        await self._bench.rest()
        return await self.find(wanted)

    async def filtered(self, line: bytes, begin: bytes, end: bytes) -> bytes:
        """Type a command; what stands between two texts of its answer."""
        printed = await self.command(line)
        assert begin in printed, printed
        assert end in printed, printed
        return printed.partition(begin)[2].partition(end)[0]

    def send(self, data: bytes) -> None:
        """Type data."""
        self._bench.port.send(data)

    async def read(self, count: int) -> bytes:
        """So many bytes."""
        return await soon(self._bench.port.read_exactly(count))


@asynccontextmanager
async def library(dialect: str, world: World | None = None) -> AsyncIterator[Library]:
    async with workbench(world or around(), dialect=dialect) as bench:
        yield Library(bench)


@pytest.mark.parametrize("dialect", ["esp8266-v0.30", "esp8266-v1.7"])
async def test_wee_esp8266(dialect: str) -> None:
    async with tcp_peer() as peer, library(dialect) as mcu:
        await mcu.command(b"AT+RST")
        await mcu.find(b"ready\r\n")
        assert await mcu.command(b"AT") == b"AT\r\r\n\r\nOK\r\n"
        assert await mcu.filtered(b"AT+GMR", b"\r\r\n", b"\r\nOK") != b""
        assert await mcu.filtered(b"AT+CWMODE?", b"+CWMODE:", b"\r\n\r\nOK") == b"2"
        await mcu.command(b"AT+CWMODE=1")
        assert await mcu.filtered(b"AT+CWLAP", b"\r\r\n", b"\r\n\r\nOK") != b""
        await mcu.command(b'AT+CWJAP="nobody","%b"' % PASSWORD, b"FAIL\r\n")
        await mcu.command(b'AT+CWJAP="%b","%b"' % (SSID, PASSWORD))
        assert b'+CIFSR:STAIP,"192.168.3.112"' in await mcu.filtered(b"AT+CIFSR", b"\r\r\n", b"\r\n\r\nOK")
        await mcu.command(b"AT+CIPMUX=0")
        assert await mcu.filtered(b"AT+CIPSTATUS", b"\r\r\n", b"\r\n\r\nOK") == b"STATUS:2"
        start = b'AT+CIPSTART="TCP","%b",%d' % (PEER.encode(), peer.port)
        assert b"CONNECT\r\n" in await mcu.command(start)
        async with await peer.accept() as stream:
            assert b"ALREADY CONNECT" in await mcu.command(start, b"ERROR\r\n")
            await mcu.command(b"AT+CIPSEND=5", b">")
            mcu.send(b"hello")
            await mcu.find(b"SEND OK")
            assert await receive_exactly(stream, 5) == b"hello"
            await stream.send_all(b"world")
            await mcu.find(b"+IPD,5:")
            assert await mcu.read(5) == b"world"
            await mcu.command(b"AT+CIPCLOSE")
        await mcu.command(b"AT+CIPMUX=1")
        assert b"no change\r\n" in await mcu.command(b"AT+CIPSERVER=0")
        await mcu.command(b"AT+CWQAP")
        await mcu.find(b"WIFI DISCONNECT\r\n")


@pytest.mark.parametrize("dialect", ["esp8266-v0.30", "esp8266-v1.7"])
async def test_wifi_esp(dialect: str) -> None:
    async with tcp_peer() as peer, library(dialect) as mcu:
        await mcu.command(b"AT+RST")
        await mcu.find(b"\r\nready\r\n")
        await mcu.command(b"ATE0")
        for line in (b"AT+CWMODE=1", b"AT+CIPMUX=1", b"AT+CIPDINFO=1", b"AT+CWAUTOCONN=0", b"AT+CWDHCP=1,1"):
            assert await mcu.command(line) == b"\r\nOK\r\n"
        assert (await mcu.command(b"AT+GMR")).startswith(b"AT version:")
        await mcu.command(b'AT+CWJAP_CUR="%b","%b"' % (SSID, PASSWORD))
        assert (await mcu.command(b"AT+CIPSTATUS")).startswith(b"STATUS:2\r\n")
        assert b'"espressif"' in await mcu.command(b"AT+CWJAP_CUR?")
        start = b'AT+CIPSTART=3,"TCP","%b",%d' % (PEER.encode(), peer.port)
        assert await mcu.command(start) == b"3,CONNECT\r\n\r\nOK\r\n"
        async with await peer.accept() as stream:
            await mcu.command(b"AT+CIPSEND=3,5", b">")
            mcu.send(b"hello")
            await mcu.find(b"\r\nSEND OK\r\n")
            assert await receive_exactly(stream, 5) == b"hello"
            await stream.send_all(b"world")
            _, port = stream.socket.getsockname()
            await mcu.find(b"+IPD,3,5,%b,%d:" % (PEER.encode(), port))
            assert await mcu.read(5) == b"world"
        await mcu.find(b"3,CLOSED\r\n")


async def test_tiny_gsm() -> None:
    """It wants the local port in AT+CIPSTATUS, which 0.30 does not print."""
    async with tcp_peer() as peer, library("esp8266-v1.7") as mcu:
        for line in (b"AT", b"ATE0", b"AT+CIPMUX=1", b"AT+CWMODE=1"):
            await mcu.command(line, b"OK\r\n")
        await mcu.command(b'AT+CWJAP="%b","%b"' % (SSID, PASSWORD), b"\r\nOK\r\n")
        await mcu.command(b"AT+CIPSTATUS", b"STATUS:2")
        await mcu.find(b"OK\r\n")
        await mcu.command(b'AT+CIPSTART=0,"TCP","%b",%d,%d' % (PEER.encode(), peer.port, 120))
        async with await peer.accept() as stream:
            await mcu.command(b"AT+CIPSTATUS", b"STATUS:3")
            status = await mcu.find(b"OK\r\n")
            assert status.partition(b"+CIPSTATUS:")[2].partition(b"\r\n")[0].count(b",") == 5
            await mcu.command(b"AT+CIPSEND=0,5", b">")
            mcu.send(b"hello")
            await mcu.find(b"\r\nSEND OK\r\n")
            assert await receive_exactly(stream, 5) == b"hello"
            await stream.send_all(b"world")
            await mcu.find(b"\r\n+IPD,0,5:")
            assert await mcu.read(5) == b"world"
        await mcu.find(b",CLOSED\r\n")
        await mcu.command(b"AT+RST", b"\r\nready\r\n")


async def test_tiny_gsm_with_tls() -> None:
    async with tls_host(b"AT+CIPMUX=1", context=server_context(), dialect="esp8266-v1.7") as (bench, it):
        mcu = Library(bench)
        await mcu.command(b"AT+CIPSSLCCONF=0,0", b"ERROR\r\n")
        await mcu.command(b"AT+CIPSSLSIZE=4096")
        await mcu.command(b'AT+CIPSTART=0,"SSL","%b",%d,120' % (HOST.encode(), TLS_PORT))
        await mcu.command(b"AT+CIPSEND=0,5", b">")
        mcu.send(b"hello")
        await mcu.find(b"\r\nSEND OK\r\n")
        await bench.settle()
        assert it.connection.taken() == b"hello"
        await it.connection.send(b"world")
        await mcu.find(b"\r\n+IPD,0,5:")
        assert await mcu.read(5) == b"world"


async def test_wifi_esp_at() -> None:
    async with tcp_peer() as peer, library("esp8266-v1.7") as mcu:
        await mcu.command(b"AT+RST", b"ready\r\n")
        for line in (b"ATE0", b"AT+CIPMUX=1", b"AT+CIPRECVMODE=1"):
            await mcu.command(line)
        assert (await mcu.command(b"AT+CWMODE?")).startswith(b"+CWMODE:2\r\n")
        await mcu.command(b"AT+CWMODE_CUR=3")
        await mcu.command(b"AT+CWLAPOPT=1,31")
        assert (await mcu.command(b"AT+CWLAP")).startswith(b'+CWLAP:(3,"espressif",')
        await mcu.command(b'AT+CWJAP_CUR="%b","%b"' % (SSID, PASSWORD))
        assert await mcu.command(b"AT+CIPSTA?") == (
            b'+CIPSTA:ip:"192.168.3.112"\r\n+CIPSTA:gateway:"192.168.3.1"\r\n+CIPSTA:netmask:"255.255.255.0"\r\n'
            b"\r\nOK\r\n"
        )
        assert (await mcu.command(b"AT+CIPDNS_CUR?")).startswith(b"+CIPDNS_CUR:192.168.3.1\r\n")
        assert await mcu.command(b"?", b"ERROR\r\n") == b"\r\nERROR\r\n"
        await mcu.command(b'AT+CIPSTART=4,"TCP","%b",%d' % (PEER.encode(), peer.port))
        async with await peer.accept() as stream:
            await mcu.command(b"AT+CIPSENDEX=4,2048", b"> ")
            mcu.send(b"hello")
            mcu.send(rb"\0")
            assert await mcu.find(b"SEND OK\r\n") == b"\r\nRecv 5 bytes\r\n\r\nSEND OK\r\n"
            assert await receive_exactly(stream, 5) == b"hello"
            await stream.send_all(b"world")
            assert await mcu.find(b"\n+IPD,4,5\r\n") == b"\r\n+IPD,4,5\r\n"
            assert await mcu.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:0,0,0,0,5\r\n\r\nOK\r\n"
            assert await mcu.command(b"AT+CIPRECVDATA=4,64", b":") == b"+CIPRECVDATA,5:"
            assert await mcu.read(5) == b"world"
            await mcu.find(b"OK\r\n")
        await mcu.find(b"4,CLOSED\r\n")
        assert await mcu.command(b"AT+CIPCLOSE=4", b"ERROR\r\n") == b"UNLINK\r\n\r\nERROR\r\n"


async def test_a_library_that_is_impatient_gets_busy() -> None:
    async with workbench(around(offline=True), dialect="esp8266-v1.7", profile="real") as bench:
        for line in (b"ATE0", b"AT+CWMODE=1"):
            await bench.send(line + b"\r\n")
            await bench.advance(1)
        await bench.send(b'AT+CWJAP="%b","%b"\r\n' % (SSID, PASSWORD))
        assert await bench.advance(1) == b""
        assert await bench.send(b"?\r\n") == b"\r\nbusy p...\r\n"
        with trio.fail_after(10):
            assert (await bench.advance(5)).endswith(b"WIFI GOT IP\r\n\r\nOK\r\n")
