"""UDP links, with real peers on this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from espat.stack.links import LinkTable
from tests.network import UdpPeer, answer, expect, send, soon, taken
from tests.stations import LOCAL_PORT, OWN, around, station
from tests.texts import ERROR, LOST, OK, OPENED, SENT
from tests.workbench import Workbench


@asynccontextmanager
async def udp_link(
    arguments: bytes = b",%d" % LOCAL_PORT, *commands: bytes
) -> AsyncIterator[tuple[Workbench, UdpPeer, UdpPeer]]:
    """A module with a UDP link to the first of two peers, which has been opened with these further arguments."""
    async with UdpPeer() as peer, UdpPeer() as other, station(None, b"AT+CIPDINFO=1", *commands) as bench:
        number = b"0," if bench.module[LinkTable].multiple else b""
        line = b'AT+CIPSTART=%b"UDP","192.168.3.102",%d%b' % (number, peer.port, arguments)
        assert await answer(bench, line) == number + b"CONNECT\r\n\r\nOK\r\n"
        yield bench, peer, other


def arrived(peer: UdpPeer, data: bytes) -> bytes:
    return b'\r\n+IPD,%d,"192.168.3.102",%d:%b\r\n' % (len(data), peer.port, data)


async def current_peer(bench: Workbench) -> int:
    """The remote port that AT+CIPSTATE? shows."""
    return int((await bench.command(b"AT+CIPSTATE?")).split(b",")[3])


async def test_a_udp_link_from_a_chosen_port() -> None:
    async with udp_link() as (bench, peer, _):
        assert bench.announced == [(0, f"serves udp {LOCAL_PORT} at {OWN}:{LOCAL_PORT}")]
        assert await send(bench, b"AT+CIPSEND=7", b"abcdefg") == taken(7) + SENT
        assert await peer.receive() == (b"abcdefg", (OWN, LOCAL_PORT))
        await peer.send(b"test", LOCAL_PORT)
        await expect(bench, arrived(peer, b"test"))
        assert await bench.command(b"AT+CIPSTATE?") == (
            b'+CIPSTATE:0,"UDP","192.168.3.102",%d,%d,0\r\n' % (peer.port, LOCAL_PORT) + OK
        )
        assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        assert bench.announced[1:] == [(0, f"no longer serves udp {LOCAL_PORT}")]


async def test_a_udp_link_from_any_port() -> None:
    async with udp_link(b"") as (bench, peer, _):
        assert bench.announced == []
        assert await send(bench, b"AT+CIPSEND=1", b"x") == taken(1) + SENT
        _, (_, port) = await peer.receive()
        assert (await bench.command(b"AT+CIPSTATE?")).endswith(b",%d,0\r\n" % port + OK)
        await peer.send(b"test", port)
        await expect(bench, arrived(peer, b"test"))


@pytest.mark.parametrize(
    ("arguments", "answers"),
    [
        (b",%d" % LOCAL_PORT, ("peer", "peer", "peer")),
        (b",%d,0" % LOCAL_PORT, ("peer", "peer", "peer")),
        (b",%d,1" % LOCAL_PORT, ("peer", "other", "other")),
        (b",%d,2" % LOCAL_PORT, ("peer", "other", "peer")),
    ],
)
async def test_who_the_peer_is(arguments: bytes, answers: tuple[str, str, str]) -> None:
    async with udp_link(arguments) as (bench, peer, other):
        for sender, wanted in zip((peer, other, peer), answers, strict=True):
            await sender.send(b"hello", LOCAL_PORT)
            await expect(bench, arrived(sender, b"hello"))
            target = peer if wanted == "peer" else other
            assert await current_peer(bench) == target.port
            assert await send(bench, b"AT+CIPSEND=2", b"hi") == taken(2) + SENT
            assert (await target.receive())[0] == b"hi"


@pytest.mark.parametrize("dialect", ["esp32-v5", "ai-thinker", "esp8266-v1.7", "esp8266-v0.30"])
async def test_the_local_port_comes_before_the_mode(dialect: str) -> None:
    async with station(dialect=dialect) as bench:
        assert await answer(bench, b'AT+CIPSTART="UDP","192.168.3.102",80,,2', ERROR) == ERROR
        assert await answer(bench, b'AT+CIPSTART="UDP","192.168.3.102",80,,0') == OPENED


@pytest.mark.parametrize("dialect", ["esp32-v5", "ai-thinker", "esp8266-v1.7", "esp8266-v0.30"])
@pytest.mark.parametrize("host", [b"0.0.0.0", b"0"])
async def test_who_sends_first_becomes_the_peer(host: bytes, dialect: str) -> None:
    async with UdpPeer() as first, UdpPeer() as other, station(None, b"AT+CIPMUX=1", dialect=dialect) as bench:
        assert await answer(bench, b'AT+CIPSTART=0,"UDP","%b",0,%d,1' % (host, LOCAL_PORT)) == b"0," + OPENED
        assert b'"UDP","0.0.0.0",0,' in await bench.command(b"AT+CIPSTATUS")
        bench.port.send(b"AT+CIPSEND=0,1\r\n")
        await soon(bench.port.read_until(b">"))
        bench.port.send(b"x")
        assert (await soon(bench.port.read_until(b"SEND OK\r\n"))).endswith(taken(1) + SENT)  # nobody can get it
        for sender in (first, other):
            await sender.send(b"hello", LOCAL_PORT)
            await soon(bench.port.read_until(b"+IPD,0,5:hello"))
        assert b'"UDP","192.168.3.102",%d,' % first.port in await bench.command(b"AT+CIPSTATUS")


@pytest.mark.parametrize("mode", [0, 1, 2])
async def test_whoever_answers_is_called_as_the_module_has_called_them(mode: int) -> None:
    world = around({"10.0.0.1": "127.0.0.1", "10.0.0.2": "127.0.0.1"})
    async with UdpPeer() as echo, station(world, b"AT+CIPDINFO=1") as bench:
        assert await answer(bench, b'AT+CIPSTART="UDP","0.0.0.0",0,%d,%d' % (LOCAL_PORT, mode)) == OPENED
        for name in (b"10.0.0.2", b"10.0.0.1", b"10.0.0.2"):
            assert await send(bench, b'AT+CIPSEND=5,"%b",%d' % (name, echo.port), b"hello") == taken(5) + SENT
            assert (await echo.receive())[0] == b"hello"
            await echo.send(b"world", LOCAL_PORT)
            await expect(bench, b'\r\n+IPD,5,"%b",%d:world\r\n' % (name, echo.port))


async def test_a_datagram_to_somebody_else() -> None:
    async with udp_link() as (bench, peer, other):
        line = b'AT+CIPSEND=4,"192.168.3.102",%d' % other.port
        assert await send(bench, line, b"test") == taken(4) + SENT
        assert await other.receive() == (b"test", (OWN, LOCAL_PORT))
        assert await current_peer(bench) == peer.port
        assert await send(bench, b"AT+CIPSEND=2", b"hi") == taken(2) + SENT
        assert (await peer.receive())[0] == b"hi"


async def test_a_datagram_to_somebody_else_in_multiple_mode() -> None:
    async with udp_link(b",%d" % LOCAL_PORT, b"AT+CIPMUX=1") as (bench, _, other):
        for command in (b"AT+CIPSEND", b"AT+CIPSENDEX"):
            line = command + b'=0,4,"192.168.3.102",%d' % other.port
            assert await send(bench, line, b"test") == taken(4) + SENT
            assert (await other.receive())[0] == b"test"
        line = b'AT+CIPSEND=0,4,"nowhere.invalid",80'
        assert await answer(bench, line, ERROR) == ERROR


async def test_every_datagram_is_a_message_and_every_message_a_datagram() -> None:
    async with udp_link() as (bench, peer, _):
        for data in (b"one", b"two", b"", b"three"):
            await peer.send(data, LOCAL_PORT)
        await expect(bench, arrived(peer, b"one") + arrived(peer, b"two") + arrived(peer, b"three"))
        data = bytes(range(256)) * 32
        assert await send(bench, b"AT+CIPSEND=8192", data) == taken(8192) + SENT
        assert (await peer.receive())[0] == data
        await peer.send(data[:3000], LOCAL_PORT)
        await expect(bench, arrived(peer, data[:2920]) + arrived(peer, data[2920:3000]))


async def test_nobody_hears_it_and_the_module_does_not_know() -> None:
    async with station() as bench:
        for address in (b"192.168.3.77", b"255.255.255.255", b"192.168.3.255"):
            assert await answer(bench, b'AT+CIPSTART="UDP","%b",80' % address) == b"CONNECT\r\n\r\nOK\r\n"
            assert await send(bench, b"AT+CIPSEND=4", b"test") == taken(4) + SENT
            assert (await bench.command(b"AT+CIPSTATE?")).startswith(b'+CIPSTATE:0,"UDP","%b",80,' % address)
            assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK


async def test_the_gateway_stays_the_gateway() -> None:
    async with UdpPeer() as peer, station(None, b"AT+CIPDINFO=1") as bench:
        line = b'AT+CIPSTART="UDP","192.168.3.1",%d,%d,2' % (peer.port, LOCAL_PORT)
        assert await answer(bench, line) == b"CONNECT\r\n\r\nOK\r\n"
        await peer.send(b"test", LOCAL_PORT)
        await expect(bench, b'\r\n+IPD,4,"192.168.3.1",%d:test\r\n' % peer.port)


async def test_a_port_that_is_taken_gives_way() -> None:
    async with UdpPeer() as peer, UdpPeer(OWN) as taken_port, station() as bench:
        wanted = taken_port.port
        line = b'AT+CIPSTART="UDP","192.168.3.102",%d,%d' % (peer.port, wanted)
        assert await answer(bench, line) == b"CONNECT\r\n\r\nOK\r\n"
        ((_, text),) = bench.announced
        assert text.startswith(f"serves udp {wanted} at {OWN}:")
        port = int(text.rpartition(":")[2])
        assert port != wanted
        assert (await bench.command(b"AT+CIPSTATE?")).endswith(b",%d,0\r\n" % wanted + OK)
        await peer.send(b"test", port)
        await expect(bench, b"\r\n+IPD,4:test\r\n")


async def test_without_a_network_nothing_comes_in() -> None:
    async with udp_link() as (bench, peer, _):
        assert await bench.command(b"AT+CWQAP") == LOST + OK
        await peer.send(b"lost", LOCAL_PORT)
        assert await bench.settle() == b""
        assert (await bench.command(b"AT+CWJAP")).endswith(OK)
        await peer.send(b"found", LOCAL_PORT)
        await expect(bench, arrived(peer, b"found"))


@pytest.mark.parametrize("local_address", [b"0.0.0.0", b""])
async def test_any_local_address(local_address: bytes) -> None:
    async with udp_link(b',%d,2,"%b"' % (LOCAL_PORT, local_address)) as (bench, peer, _):
        await peer.send(b"test", LOCAL_PORT)
        await expect(bench, arrived(peer, b"test"))
