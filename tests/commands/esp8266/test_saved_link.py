"""AT+SAVETRANSLINK of AT 0.30: a client's link from the start on."""

import pytest

from espat.stack.links import LinkTable
from tests.network import UdpPeer, receive_exactly, soon, tcp_peer
from tests.stations import LOCAL_PORT, PEER, station
from tests.texts import ERROR, OK
from tests.workbench import Workbench, workbench

OLD = "esp8266-v0.30"
SAVE = b'AT+SAVETRANSLINK=1,"%b",' % PEER.encode()
STARTED = OK + b"WIFI DISCONNECT\r\n\r\nready\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n\r\n>"


async def restart(bench: Workbench, line: bytes) -> None:
    """Save a link, and restart into it."""
    assert await bench.command(line) == OK
    await bench.command(b"ATE0")
    bench.port.send(b"AT+RST\r\n")
    await bench.rest()


async def test_tcp() -> None:
    async with tcp_peer() as peer, station(dialect=OLD) as bench:
        await restart(bench, SAVE + b'%d,"TCP",3' % peer.port)
        async with await peer.accept() as stream:
            await stream.send_all(b"hello")
            assert (await soon(bench.port.read_until(b"hello"))).endswith(STARTED + b"hello")
            bench.port.send(b"world")
            await bench.advance(0.02)
            assert await receive_exactly(stream, 5) == b"world"
            assert bench.module[LinkTable].options[0].keep_alive == 2  # three half seconds
            await bench.advance(1)
            await bench.send(b"+++")
            await bench.advance(1)
            assert (await bench.send(b'AT+SAVETRANSLINK=0,"192.168.3.102",80,"TCP"\r\n')).endswith(OK)
            assert (await bench.send(b"AT+RST\r\n")).endswith(b"WIFI GOT IP\r\n")


async def test_udp() -> None:
    async with UdpPeer() as peer, station(dialect=OLD) as bench:
        await restart(bench, SAVE + b'%d,"UDP",%d' % (peer.port, LOCAL_PORT))
        assert (await soon(bench.port.read_until(b">"))).endswith(STARTED)
        link = bench.module[LinkTable][0]
        assert link is not None
        assert link.local_port == LOCAL_PORT


@pytest.mark.parametrize(
    "line",
    [
        b"AT+SAVETRANSLINK=2",
        b"AT+SAVETRANSLINK=1",
        b"AT+SAVETRANSLINK=3,1002",
        SAVE + b'80,"SSL"',
        SAVE + b'80,"TCP",7201',
        SAVE + b'80,"UDP",65536',
        SAVE + b"0",
    ],
)
async def test_what_is_refused(line: bytes) -> None:
    async with station(dialect=OLD) as bench:
        assert await bench.command(line) == ERROR


async def test_the_first_firmware_takes_addresses_only() -> None:
    for dialect, printed in (("esp8266-v0.30", ERROR), ("esp8266-v1.7", OK)):
        async with workbench(dialect=dialect) as bench:
            for line in (b'AT+SAVETRANSLINK=1,"www.example.com",80', b'AT+SAVETRANSLINK=1,"www.example.com",80,"UDP"'):
                assert await bench.command(line) == printed
            assert await bench.command(b'AT+SAVETRANSLINK=1,"192.168.3.102",80,"UDP"') == OK
            assert await bench.command(b"AT+SAVETRANSLINK=0") == OK
