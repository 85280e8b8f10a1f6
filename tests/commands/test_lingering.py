"""What so_linger of AT+CIPTCPOPT does to whatever closes a connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from espat.scenario.reading.world_reader import read_world
from espat.scenario.services.peer_connection import PeerConnection
from espat.stack.address import Address
from tests.hosts import HOST, linked
from tests.network import connected, expect, receive_exactly, taken
from tests.stations import around, station
from tests.texts import CONNECTED, FAILED, LOST, OK, OPENED, PROMPT, SENT
from tests.workbench import Workbench

WINDOW = 5760


async def test_closing_without_lingering_resets_the_connection() -> None:
    async with connected(None, b"AT+CIPTCPOPT=0,,") as (bench, stream):
        assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        with trio.fail_after(10), pytest.raises(trio.BrokenResourceError):
            await stream.receive_some()


async def test_closing_otherwise_ends_it() -> None:
    async with connected(None, b"AT+CIPTCPOPT=-1,,") as (bench, stream):
        assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        assert await receive_exactly(stream, 1) == b""


async def test_closing_with_lingering_waits_for_a_real_peer_to_close_too() -> None:
    async with connected(None, b"AT+CIPTCPOPT=60,,") as (bench, stream):
        assert await bench.command(b"AT+CIPCLOSE") == b""
        assert await receive_exactly(stream, 1) == b""
        await stream.send_all(b"too late")
        assert await bench.send(b"AT\r\n") == b"\r\nbusy p...\r\n"
        await stream.aclose()
        await expect(bench, b"CLOSED\r\n" + OK)


async def test_closing_with_lingering_waits_no_longer_than_that() -> None:
    async with connected(None, b"AT+CIPTCPOPT=60,,") as (bench, stream):
        assert await bench.command(b"AT+CIPCLOSE") == b""
        assert await bench.advance(59.9) == b""
        assert await bench.advance(0.1) == b"CLOSED\r\n" + OK
        assert await receive_exactly(stream, 1) == b""


async def test_what_a_real_peer_has_not_acknowledged_is_lost_when_lingering_ends() -> None:
    async with connected(None, b"AT+CIPTCPOPT=1,,100") as (bench, stream):
        while True:  # until the buffers of this machine are full
            assert await bench.command(b"AT+CIPSEND=8192") == PROMPT
            if not (await bench.send(bytes(8192))).endswith(SENT):
                break
        assert await bench.advance(0.1) == FAILED
        assert await bench.command(b"AT+CIPCLOSE") == b""
        assert await bench.advance(1) == b"CLOSED\r\n" + OK
        with pytest.raises(trio.BrokenResourceError):
            await receive_exactly(stream, 2**31)


async def test_closing_with_lingering_is_quick_when_the_peer_is() -> None:
    async with linked(b"AT+CIPTCPOPT=60,,") as (bench, it):
        assert await bench.command(b"AT+CIPCLOSE") == b""
        assert it.connection.ended
        await it.connection.send(b"too late")
        assert await bench.advance(10) == b""
        it.connection.close()
        assert await bench.settle() == b"CLOSED\r\n" + OK


async def test_closing_with_lingering_discards_what_waits_to_be_read() -> None:
    async with linked(b"AT+CIPTCPOPT=3,,", b"AT+CIPRECVTYPE=1") as (bench, it):
        await it.connection.send(bytes(WINDOW))
        assert await bench.settle() == b"\r\n+IPD,5760\r\n"
        assert await bench.command(b"AT+CIPCLOSE") == b""
        await it.connection.send(bytes(WINDOW))  # taken, and nobody's
        assert await bench.advance(2.9) == b""
        assert await bench.advance(0.1) == b"CLOSED\r\n" + OK


async def test_several_links_linger_one_after_the_other() -> None:
    async with linked(b"AT+CIPMUX=1", b"AT+CIPTCPOPT=5,2,,") as (bench, _):
        assert await bench.command(b'AT+CIPSTART=1,"TCP","192.168.3.50",80') == b"1," + OPENED
        assert await bench.command(b"AT+CIPCLOSE=5") == b""
        assert await bench.advance(2) == b"0,CLOSED\r\n"
        assert await bench.advance(2) == b"1,CLOSED\r\n" + OK


async def test_closing_the_links_with_the_server_lingers_too() -> None:
    async with linked(b"AT+CIPMUX=1", b"AT+CIPTCPOPT=5,2,,", b"AT+CIPSERVER=1,8080") as (bench, it):
        assert await bench.command(b'AT+CIPSTART=1,"TCP","192.168.3.50",80') == b"1," + OPENED
        assert await bench.command(b"AT+CIPSERVER=0,1") == b""
        assert await bench.send(b"AT\r\n") == b"\r\nbusy p...\r\n"
        assert await bench.advance(2) == b"0,CLOSED\r\n"
        it.connection.close()
        assert await bench.settle() == b"1,CLOSED\r\n" + OK


@asynccontextmanager
async def silent_client(*commands: bytes) -> AsyncIterator[tuple[Workbench, PeerConnection]]:
    """A client of the module's server, which lingers for two seconds and takes ten seconds of silence."""
    world = read_world({"host": [{"address": HOST}]}, "w")
    commands = (b"AT+CIPMUX=1", b"AT+CIPTCPOPT=5,2,,", b"AT+CIPSTO=10", b"AT+CIPSERVER=1,333", *commands)
    async with station(world, *commands) as bench:
        (host,) = bench.simulation.hosts
        client = host.connect(Address("192.168.3.112"), 333)
        assert await bench.settle() == b"0,CONNECT\r\n"
        yield bench, client


async def test_a_silent_client_is_closed_with_lingering() -> None:
    async with silent_client() as (bench, client):
        assert await bench.advance(10) == b""
        assert client.ended
        await client.send(b"too late")
        assert await bench.advance(1.9) == b""
        assert await bench.command(b"AT+CIPSEND=0,4") == PROMPT
        assert await bench.send(b"test") == taken(4) + FAILED
        assert await bench.advance(0.1) == b"0,CLOSED\r\n"
        assert await bench.advance(60) == b""
    async with silent_client() as (bench, client):
        assert await bench.advance(11) == b""
        client.close()
        assert await bench.settle() == b"0,CLOSED\r\n"


@pytest.mark.parametrize("closes", [True, False])
async def test_what_a_silent_client_has_sent_can_be_read_after_lingering(closes: bool) -> None:
    async with silent_client(b"AT+CIPRECVTYPE=5,1") as (bench, client):
        await client.send(b"for later")
        assert await bench.settle() == b"\r\n+IPD,0,9\r\n"
        assert await bench.advance(10) == b""
        if closes:
            client.close()
        assert await bench.advance(2) == b""
        assert await bench.command(b"AT+CIPRECVDATA=0,9") == b"+CIPRECVDATA:9,for later" + OK + b"0,CLOSED\r\n"


async def test_the_network_is_lost_while_a_link_lingers() -> None:
    async with linked(b"AT+CIPTCPOPT=60,,") as (bench, _):
        assert await bench.command(b"AT+CIPCLOSE") == b""
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST + b"CLOSED\r\n" + OK


async def test_a_link_lingers_while_its_network_is_away() -> None:
    async with linked(b"AT+CIPTCPOPT=5,,", b"AT+CIPCONNPERSIST=1") as (bench, it):
        point = bench.simulation.access_point(b"espressif")
        point.up = False
        point.deauthenticate()
        assert await bench.settle() == LOST
        assert await bench.command(b"AT+CIPSEND=4") == PROMPT
        assert await bench.send(b"test") == taken(4) + SENT
        assert await bench.command(b"AT+CIPCLOSE") == b""
        assert await bench.advance(1) == b""
        assert not it.connection.ended
        point.up = True
        assert await bench.advance(1) == CONNECTED
        assert (it.connection.taken(), it.connection.ended) == (b"test", True)
        assert await bench.advance(3) == b"CLOSED\r\n" + OK


async def test_clients_of_the_server_have_the_options_of_their_number() -> None:
    async with station(around(), b"AT+CIPMUX=1", b"AT+CIPTCPOPT=0,0,,", b"AT+CIPSERVER=1,8080") as bench:
        (text,) = (text for _, text in bench.announced if text.startswith("serves tcp"))
        address, _, port = text.rpartition(" ")[2].rpartition(":")
        async with await trio.open_tcp_stream(address, int(port)) as stream:
            await expect(bench, b"0,CONNECT\r\n")
            assert await bench.command(b"AT+CIPCLOSE=0") == b"0,CLOSED\r\n" + OK
            with trio.fail_after(10), pytest.raises(trio.BrokenResourceError):
                await stream.receive_some()
