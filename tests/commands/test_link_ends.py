"""How links end, and what AT+CIPSTATUS says of them."""

import trio

from espat.scenario.world.world import DEFAULT_ACCESS_POINT, World
from espat.stack.links import LinkTable
from tests.network import UdpPeer, answer, connected, expect, receive_exactly, send
from tests.stations import station
from tests.texts import CONNECTED, ERROR, LOST, OK
from tests.workbench import workbench


async def test_the_peer_closes() -> None:
    async with connected() as (bench, stream):
        await stream.aclose()
        await expect(bench, b"CLOSED\r\n")
        assert await bench.command(b"AT+CIPSTATE?") == OK
    async with connected(None, b"AT+CIPMUX=1") as (bench, stream):
        await stream.send_all(b"bye")
        await stream.send_eof()
        await expect(bench, b"\r\n+IPD,0,3:bye\r\n0,CLOSED\r\n")
        assert await bench.command(b"AT+CIPCLOSE=0") == ERROR


async def test_the_peer_resets() -> None:
    async with connected() as (bench, stream):
        stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        await stream.aclose()
        await expect(bench, b"CLOSED\r\n")


async def test_the_network_is_lost_and_takes_the_tcp_links_with_it() -> None:
    async with UdpPeer() as udp, connected(None, b"AT+CIPMUX=1") as (bench, stream):
        line = b'AT+CIPSTART=1,"UDP","192.168.3.102",%d' % udp.port
        assert await answer(bench, line) == b"1,CONNECT\r\n\r\nOK\r\n"
        bench.simulation.access_point(b"espressif").deauthenticate()
        await expect(bench, LOST + b"0,CLOSED\r\n")
        assert await receive_exactly(stream, 1) == b""
        (link,) = bench.module[LinkTable]
        line = b'STATUS:5\r\n+CIPSTATUS:1,"UDP","192.168.3.102",%d,%d,0\r\n' % (udp.port, link.local_port)
        assert await bench.command(b"AT+CIPSTATUS") == line + OK
        assert await send(bench, b"AT+CIPSEND=1,1", b"x") == b"\r\nRecv 1 bytes\r\n\r\nSEND FAIL\r\n"
        assert await bench.advance(1) == CONNECTED
        assert await send(bench, b"AT+CIPSEND=1,1", b"y") == b"\r\nRecv 1 bytes\r\n\r\nSEND OK\r\n"
        assert (await udp.receive())[0] == b"y"


async def test_leaving_the_network_ends_the_tcp_links_before_ok() -> None:
    async with connected() as (bench, _):
        assert await bench.command(b"AT+CWQAP") == LOST + b"CLOSED\r\n" + OK
    async with connected() as (bench, _):
        assert await bench.command(b"AT+CWMODE=2") == LOST + b"CLOSED\r\n" + OK
    async with connected() as (bench, _):
        assert await bench.command(b"AT+CWINIT=0") == LOST + b"CLOSED\r\n" + OK


async def test_a_restart_ends_links_without_a_word() -> None:
    async with connected() as (bench, stream):
        assert await bench.command(b"AT+RST") == b"\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\n" + CONNECTED
        assert await receive_exactly(stream, 1) == b""
        assert await bench.command(b"AT+CIPSTATE?") == OK


# AT+CIPSTATUS


async def test_status_numbers_without_links() -> None:
    world = World(access_points=(DEFAULT_ACCESS_POINT,), timing={"join": 2.0, "lease": 1.0})
    async with workbench(world) as bench:

        async def status() -> int:
            printed = await bench.command(b"AT+CIPSTATUS")
            assert printed[:7] == b"STATUS:"
            assert printed[8:] == b"\r\n" + OK
            return int(printed[7:8])

        assert await status() == 0
        assert await bench.command(b"AT+CWMODE=1") == OK
        assert await status() == 1
        assert await bench.command(b'AT+CWJAP="espressif","1234567890"') == b""
        assert await bench.advance(3) == CONNECTED + OK
        assert await status() == 2
        assert await bench.command(b"AT+CWQAP") == LOST + OK
        assert await status() == 5
        assert (await bench.command(b"AT+RST")).endswith(b"\r\nready\r\n")
        assert await status() == 0
        assert await bench.advance(2) == b"WIFI CONNECTED\r\n"
        assert await status() == 1
        assert await bench.advance(1) == b"WIFI GOT IP\r\n"
        assert await status() == 2
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST
        assert await status() == 5


async def test_status_of_a_udp_link_alone() -> None:
    async with UdpPeer() as peer, station() as bench:
        assert await answer(bench, b'AT+CIPSTART="UDP","192.168.3.102",%d' % peer.port) == b"CONNECT\r\n\r\nOK\r\n"
        assert (await bench.command(b"AT+CIPSTATUS")).startswith(b'STATUS:4\r\n+CIPSTATUS:0,"UDP","192.168.3.102",')
