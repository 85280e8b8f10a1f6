"""AT 0.30: links and the server, exact bytes."""

import pytest
import trio

from espat.scenario.world.world import HostConfiguration, World
from espat.stack.active_interfaces import ActiveInterfaces
from espat.stack.address import Address
from espat.stack.links import LinkTable
from tests.network import PORT, UdpPeer, answer, closed_port, connected, expect, soon, tcp_peer
from tests.stations import LOCAL_PORT, OWN, PEER, around, station
from tests.texts import ERROR, JOIN, OK
from tests.workbench import workbench

OLD = "esp8266-v0.30"
TO_PEER = b'"TCP","%b",' % PEER.encode()


async def test_opening_and_closing_the_only_link() -> None:
    async with tcp_peer() as peer, station(dialect=OLD) as bench:
        start = b"AT+CIPSTART=%b%d" % (TO_PEER, peer.port)
        assert await bench.command(b"AT+CIPSTATUS") == b"STATUS:2\r\n" + OK
        assert await answer(bench, start) == b"CONNECT\r\n" + OK
        async with await peer.accept() as stream:
            assert await bench.command(start) == b"ALREADY CONNECTED\r\n" + ERROR
            line = b'+CIPSTATUS:0,"TCP","%b",%d,0\r\n' % (PEER.encode(), peer.port)
            assert await bench.command(b"AT+CIPSTATUS") == b"STATUS:3\r\n" + line + OK
            assert await bench.command(b"AT+CIPMUX=1") == b"link is builded\r\n" + ERROR
            assert await bench.command(b"AT+CIPCLOSE=0") == b"MUX=0\r\n" + ERROR
            assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
            assert await soon(stream.receive_some()) == b""
        assert await bench.command(b"AT+CIPSTATUS") == b"STATUS:4\r\n" + OK
        assert await bench.command(b"AT+CIPCLOSE") == b"UNLINK\r\n" + ERROR


async def test_several_links() -> None:
    async with tcp_peer() as peer, station(None, b"AT+CIPMUX=1", dialect=OLD) as bench:
        for number in (0, 3):
            start = b"AT+CIPSTART=%d,%b%d,10" % (number, TO_PEER, peer.port)
            assert await answer(bench, start) == b"%d,CONNECT\r\n" % number + OK
        assert bench.module[LinkTable].options[3].keep_alive == 5
        async with await peer.accept(), await peer.accept():
            assert await bench.command(b"AT+CIPCLOSE") == b"MUX=1\r\n" + ERROR
            assert await bench.command(b"AT+CIPCLOSE=1") == b"UNLINK\r\n" + ERROR
            assert await bench.command(b"AT+CIPCLOSE=0") == b"0,CLOSED\r\n" + OK
            assert await bench.command(b"AT+CIPSERVER=1,%d" % PORT) == OK
            assert await bench.command(b"AT+CIPCLOSE=5") == ERROR
            assert await bench.command(b"AT+CIPSERVER=0") == OK
            assert await bench.command(b"AT+CIPCLOSE=5") == b"3,CLOSED\r\n" + OK


@pytest.mark.parametrize(
    ("multiple", "parameters", "text"),
    [
        (0, b'0,"TCP","192.168.3.102",80', b"Link type ERROR"),
        (0, b'"SSL","192.168.3.102",443', b"Link type ERROR"),
        (0, b'"TCP",192,80', b"IP ERROR"),
        (0, b'"TCP","192.168.3.102"', b"ENTRY ERROR"),
        (0, b'"TCP"', b"IP ERROR"),
        (1, b'"TCP","192.168.3.102",80', b"ID ERROR"),
        (1, b'5,"TCP","192.168.3.102",80', b"ID ERROR"),
        (1, b'0,"HTTP","192.168.3.102",80', b"Link type ERROR"),
    ],
)
async def test_parameters_that_are_wrong_are_named(multiple: int, parameters: bytes, text: bytes) -> None:
    async with station(None, b"AT+CIPMUX=%d" % multiple, dialect=OLD) as bench:
        assert await bench.command(b"AT+CIPSTART=" + parameters) == text + b"\r\n" + ERROR


async def test_too_many_parameters_are_just_an_error() -> None:
    async with station(dialect=OLD) as bench:
        assert await bench.command(b'AT+CIPSTART="TCP","192.168.3.102",80,7201') == ERROR
        assert await bench.command(b'AT+CIPSTART="TCP","192.168.3.102",80,1,2') == ERROR
        assert await bench.command(b'AT+CIPSTART="UDP","192.168.3.102",80,1000,3') == ERROR


async def test_without_an_address_there_is_no_link() -> None:
    async with workbench(dialect=OLD) as bench:
        await bench.command(b"ATE0")
        await bench.command(b"AT+CWMODE=1")
        assert await bench.command(b"AT+CIPSTART=%b80" % TO_PEER) == b"no ip\r\n" + ERROR
        assert await bench.command(b"AT+CIPSTATUS") == b"STATUS:5\r\n" + OK
        await bench.command(JOIN)
        assert await bench.command(b"AT+CIPSTATUS") == b"STATUS:2\r\n" + OK


async def test_a_refused_connection_is_closed_behind_its_error() -> None:
    async with station(dialect=OLD) as bench:
        start = b"AT+CIPSTART=%b%d" % (TO_PEER, closed_port())
        assert await answer(bench, start, b"CLOSED\r\n") == ERROR + b"CLOSED\r\n"
        await bench.command(b"AT+CIPMUX=1")
        start = b"AT+CIPSTART=2,%b%d" % (TO_PEER, closed_port())
        assert await answer(bench, start, b"CLOSED\r\n") == ERROR + b"2,CLOSED\r\n"
        assert await bench.command(b"AT") == OK


async def test_a_client_does_not_get_the_number_of_a_link_that_is_about_to_fail() -> None:
    one = HostConfiguration(Address("192.168.3.50"))
    async with workbench(World(memory_hosts=(one,), offline=True), dialect=OLD, profile="real") as bench:
        await bench.command(b"AT+CWMODE=1")
        for line in (b"AT+CWMODE=1", b"ATE0", JOIN, b"AT+CIPMUX=1", b"AT+CIPSERVER=1"):
            await bench.send(line + b"\r\n")
            await bench.advance(10)
        (host,) = bench.simulation.hosts
        (active,) = bench.module[ActiveInterfaces]
        bench.port.send(b'AT+CIPSTART=0,"TCP","192.168.3.99",80\r\n')
        assert await bench.advance(1) == b""
        host.connect(active.address, 333)
        assert await bench.advance(1) == b"1,CONNECT\r\n"
        assert await bench.advance(10) == ERROR + b"0,CLOSED\r\n"


async def test_an_unknown_host() -> None:
    async with station(around(offline=True), dialect=OLD) as bench:
        assert await answer(bench, b'AT+CIPSTART="TCP","nobody.example",80', ERROR) == b"DNS Fail\r\n" + ERROR


async def test_a_link_that_the_peer_ends() -> None:
    async with connected(None, dialect=OLD) as (bench, stream):
        await stream.aclose()
        await expect(bench, b"CLOSED\r\n")
        assert await bench.command(b"AT+CIPSTATUS") == b"STATUS:4\r\n" + OK


async def test_udp_counts_as_a_link() -> None:
    async with UdpPeer() as peer, station(dialect=OLD) as bench:
        start = b'AT+CIPSTART="UDP","%b",%d,%d,2' % (PEER.encode(), peer.port, LOCAL_PORT)
        assert await answer(bench, start) == b"CONNECT\r\n" + OK
        line = b'+CIPSTATUS:0,"UDP","%b",%d,0\r\n' % (PEER.encode(), peer.port)
        assert await bench.command(b"AT+CIPSTATUS") == b"STATUS:3\r\n" + line + OK


async def test_the_server_says_what_is_so_already() -> None:
    async with station(dialect=OLD) as bench:
        assert await bench.command(b"AT+CIPSERVER=1,%d" % PORT) == ERROR
        await bench.command(b"AT+CIPMUX=1")
        assert await bench.command(b"AT+CIPSERVER=0") == b"no change\r\n" + OK
        assert await answer(bench, b"AT+CIPSERVER=1,%d" % PORT) == OK
        assert await bench.command(b"AT+CIPSERVER=1,%d" % PORT) == b"no change\r\n" + OK
        assert await bench.command(b"AT+CIPMUX=0") == b"CIPSERVER must be 0\r\n" + ERROR
        assert await bench.command(b"AT+CIPMODE=1") == b"CIPMUX and CIPSERVER must be 0\r\n" + ERROR
        assert await bench.command(b"AT+CIPSTO?") == b"+CIPSTO:180\r\n" + OK
        assert await bench.command(b"AT+CIPSTO=10") == OK
        assert await bench.command(b"AT+CIPSTO=7201") == ERROR
        (_, text) = bench.announced[-1]
        async with await trio.open_tcp_stream(OWN, int(text.rpartition(":")[2])) as client:
            await expect(bench, b"0,CONNECT\r\n")
            await client.send_all(b"hello")
            await expect(bench, b"\r\n+IPD,0,5:hello")
            assert b",1\r\n" in await bench.command(b"AT+CIPSTATUS")
            assert await bench.command(b"AT+CIPSERVER=0") == OK


@pytest.mark.parametrize("port", [b"0", b"65536"])
async def test_a_port_that_there_is_not_has_no_name(port: bytes) -> None:
    async with station(dialect=OLD) as bench:
        assert await bench.command(b'AT+CIPSTART="TCP","192.168.3.102",' + port) == ERROR


async def test_the_time_limit_of_clients_needs_a_server() -> None:
    async with station(None, b"AT+CIPMUX=1", dialect=OLD) as bench:
        assert await bench.command(b"AT+CIPSTO=10") == ERROR
        assert await bench.command(b"AT+CIPSTO?") == b"+CIPSTO:180\r\n" + OK


async def test_modes_exclude_each_other() -> None:
    async with station(dialect=OLD) as bench:
        assert await bench.command(b"AT+CIPMUX?") == b"+CIPMUX:0\r\n" + OK
        assert await bench.command(b"AT+CIPMODE=1") == OK
        assert await bench.command(b"AT+CIPMODE?") == b"+CIPMODE:1\r\n" + OK
        assert await bench.command(b"AT+CIPMUX=1") == b"IPMODE must be 0\r\n" + ERROR
        assert await bench.command(b"AT+CIPMODE=0") == OK
        assert await bench.command(b"AT+CIPMUX=1") == OK
        assert await bench.command(b"AT+CIPMODE=1") == b"CIPMUX and CIPSERVER must be 0\r\n" + ERROR


async def test_ping() -> None:
    async with station(around(offline=True), dialect=OLD) as bench:
        assert await answer(bench, b'AT+PING="192.168.3.1"') == b"+1\r\n" + OK
        assert await answer(bench, b'AT+PING="nobody.example"', ERROR) == ERROR
