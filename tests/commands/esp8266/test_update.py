"""AT 0.30: AT+CIUPDATE against a server in memory, in stepped time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from espat.scenario.reading.world_reader import read_world
from espat.scenario.services.peer import TcpPeer
from tests.texts import ERROR, JOIN, OK
from tests.workbench import Workbench, workbench

OLD = "esp8266-v0.30"
ASKED = b"GET /v1/device/rom/?is_format_simple=true HTTP/1.0\r\nHost: iot.espressif.cn:80\r\n\r\n"
WANTED = (
    b"GET /v1/device/rom/?action=download_rom&version=v0.40&filename=user2.bin HTTP/1.0\r\n"
    b"Host: iot.espressif.cn:80\r\n\r\n"
)
VERSION = b'HTTP/1.1 200 OK\r\n\r\n{"rom_version": "v0.40"}'


@asynccontextmanager
async def updating(*, serves: str = "tcp-peer 80") -> AsyncIterator[tuple[Workbench, TcpPeer | None]]:
    """A module that has joined, and the maker's server."""
    host = {"address": "203.0.113.5", "name": "iot.espressif.cn", "serves": [serves]}
    async with workbench(read_world({"host": [host]}, "w"), dialect=OLD) as bench:
        for line in (b"ATE0", b"AT+CWMODE=1", JOIN):
            assert (await bench.command(line)).endswith(OK)
        services = bench.simulation.host("iot.espressif.cn").services
        yield bench, services[0] if isinstance(services[0], TcpPeer) else None


async def answered(bench: Workbench, peer: TcpPeer | None, asked: bytes, answer: bytes) -> bytes:
    """Let the server answer a request and close; returns what the module prints."""
    assert peer is not None
    connection = await peer.accept()
    assert await connection.receive(len(asked)) == asked
    await connection.send(answer)
    connection.close()
    return await bench.settle()


async def test_an_update() -> None:
    async with updating() as (bench, peer):
        assert await bench.command(b"AT+CIUPDATE") == b"+CIPUPDATE:1\r\n+CIPUPDATE:2\r\n"
        assert await bench.send(b"AT\r\n") == b"\r\nbusy p...\r\n"
        assert await answered(bench, peer, ASKED, VERSION) == b"+CIPUPDATE:3\r\n+CIPUPDATE:4\r\n"
        image = bytes(5000)
        printed = await answered(
            bench, peer, WANTED, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(image) + image
        )
        assert printed == OK + b"WIFI DISCONNECT\r\n\r\nready\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n"


async def test_a_download_that_breaks_off() -> None:
    async with updating() as (bench, peer):
        await bench.command(b"AT+CIUPDATE")
        await answered(bench, peer, ASKED, VERSION)
        assert await answered(bench, peer, WANTED, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort") == ERROR
        assert await bench.command(b"AT") == OK


async def test_a_server_that_has_no_image() -> None:
    async with updating() as (bench, peer):
        await bench.command(b"AT+CIUPDATE")
        await answered(bench, peer, ASKED, VERSION)
        assert await answered(bench, peer, WANTED, b"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx") == ERROR


async def test_a_server_that_names_no_version() -> None:
    async with updating() as (bench, peer):
        await bench.command(b"AT+CIUPDATE")
        assert await answered(bench, peer, ASKED, b"HTTP/1.1 404 Not Found\r\n\r\n") == ERROR


async def test_a_server_that_stays_silent() -> None:
    async with updating(serves="tcp-silent 80") as (bench, _):
        assert await bench.command(b"AT+CIUPDATE") == b"+CIPUPDATE:1\r\n+CIPUPDATE:2\r\n"
        assert await bench.advance(59.9) == b""
        assert await bench.advance(0.2) == ERROR


async def test_a_server_that_refuses() -> None:
    async with updating(serves="tcp-refuse 80") as (bench, _):
        assert await bench.command(b"AT+CIUPDATE") == b"+CIPUPDATE:1\r\n" + ERROR


async def test_without_a_network() -> None:
    async with workbench(dialect=OLD) as bench:
        assert await bench.command(b"AT+CIUPDATE") == ERROR
