"""AT+CIPTCPOPT and AT+CIPCONNPERSIST."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from simulator.scenario.services.peer_connection import PeerConnection
from simulator.scenario.world_reader import read_world
from tests.memory_host import HOST, OPENED, linked
from tests.network import ERROR, OK, PEER, PROMPT, answer, around, connected, expect, receive_exactly, station, tcp_peer
from tests.workbench import Workbench

LOST = b"WIFI DISCONNECT\r\n"
BACK = b"WIFI CONNECTED\r\nWIFI GOT IP\r\n"
READY = b"\r\nready\r\n"
SENT = b"\r\nSEND OK\r\n"
FAILED = b"\r\nSEND FAIL\r\n"
WINDOW = 5760


async def options(bench: Workbench) -> bytes:
    """What AT+CIPTCPOPT? shows."""
    printed = await bench.command(b"AT+CIPTCPOPT?")
    assert printed.endswith(OK)
    return printed.removesuffix(OK)


def taken(count: int) -> bytes:
    return b"\r\nRecv %d bytes\r\n" % count


# AT+CIPTCPOPT


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (b",,", b"-1,0,0,0"),
        (b"0,1,5000", b"0,1,5000,0"),
        (b"-1,0,0,7200", b"-1,0,0,7200"),
        (b"60,,,60", b"60,0,0,60"),
        (b",1,", b"-1,1,0,0"),
        (b",,10000,", b"-1,0,10000,0"),
        (b"2147483647,1,2147483647,0", b"2147483647,1,2147483647,0"),
    ],
)
async def test_options_in_single_mode(values: bytes, shown: bytes) -> None:
    async with station() as bench:
        assert await options(bench) == b"+CIPTCPOPT:0,-1,0,0,0\r\n"
        assert await bench.command(b"AT+CIPTCPOPT=" + values) == OK
        assert await options(bench) == b"+CIPTCPOPT:0,%b\r\n" % shown


async def test_what_is_left_out_is_off_again_but_for_the_keep_alive() -> None:
    async with station() as bench:
        assert await bench.command(b"AT+CIPTCPOPT=0,1,5000,60") == OK
        assert await bench.command(b"AT+CIPTCPOPT=,,") == OK
        assert await options(bench) == b"+CIPTCPOPT:0,-1,0,0,60\r\n"


async def test_options_of_links_in_multiple_mode() -> None:
    async with station(None, b"AT+CIPMUX=1") as bench:
        assert await bench.command(b"AT+CIPTCPOPT=2,0,1,5000,60") == OK
        lines = [b"+CIPTCPOPT:%d,-1,0,0,0\r\n" % number for number in range(5)]
        lines[2] = b"+CIPTCPOPT:2,0,1,5000,60\r\n"
        assert await options(bench) == b"".join(lines)
        for all_links in (b"5", b""):
            assert await bench.command(b"AT+CIPTCPOPT=5,,,,0") == OK
            assert await bench.command(b"AT+CIPTCPOPT=%b,3,,7,9" % all_links) == OK
            assert await options(bench) == b"".join(b"+CIPTCPOPT:%d,3,0,7,9\r\n" % number for number in range(5))


@pytest.mark.parametrize(
    "values",
    [b"", b"0", b",", b"-2,,", b",2,", b",,-1", b",,,-1", b",,,7201", b",,,,", b'"0",,', b"2147483648,,", b"0,0,1,5,5"],
)
async def test_wrong_values(values: bytes) -> None:
    async with station() as bench:
        assert await bench.command(b"AT+CIPTCPOPT=" + values) == ERROR
        assert await options(bench) == b"+CIPTCPOPT:0,-1,0,0,0\r\n"


@pytest.mark.parametrize("values", [b"6,,,", b"0,,", b"-1,,,"])
async def test_wrong_values_in_multiple_mode(values: bytes) -> None:
    async with station(None, b"AT+CIPMUX=1") as bench:
        assert await bench.command(b"AT+CIPTCPOPT=" + values) == ERROR


async def test_options_are_stored() -> None:
    async with station() as bench:
        assert await bench.command(b"AT+CIPTCPOPT=0,1,5000,60") == OK
        assert await bench.command(b"AT+SYSSTORE=0") == OK
        assert await bench.command(b"AT+CIPTCPOPT=9,0,9,9") == OK
        assert await options(bench) == b"+CIPTCPOPT:0,9,0,9,9\r\n"
        assert (await bench.command(b"AT+RST")).endswith(READY + BACK)
        assert await bench.command(b"ATE0") == OK
        assert await options(bench) == b"+CIPTCPOPT:0,0,1,5000,60\r\n"
        assert (await bench.command(b"AT+RESTORE")).endswith(READY)
        assert await bench.command(b"ATE0") == OK
        assert await options(bench) == b"+CIPTCPOPT:0,-1,0,0,0\r\n"


async def test_the_keep_alive_is_that_of_opening_a_link_and_the_later_one_wins() -> None:
    async with tcp_peer() as peer, station() as bench:
        start = b'AT+CIPSTART="TCP","%b",%d' % (PEER.encode(), peer.port)
        assert await answer(bench, start + b",100") == OPENED
        assert await options(bench) == b"+CIPTCPOPT:0,-1,0,0,100\r\n"
        assert await bench.command(b"AT+CIPTCPOPT=,,,50") == OK
        assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        assert await answer(bench, start) == OPENED
        assert await options(bench) == b"+CIPTCPOPT:0,-1,0,0,50\r\n"
        assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        assert await answer(bench, start + b",0") == OPENED
        assert await options(bench) == b"+CIPTCPOPT:0,-1,0,0,0\r\n"


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
        client = host.connect("192.168.3.112", 333)
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
        assert await bench.advance(1) == BACK
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


@pytest.mark.parametrize("command", [b"AT+CIPSEND=6000", b"AT+CIPSENDEX=6000"])
async def test_the_send_time_out(command: bytes) -> None:
    async with linked(b"AT+CIPTCPOPT=,,5000", reads=False) as (bench, it):
        assert await bench.command(command) == PROMPT
        assert await bench.send(b"x" * 6000) == taken(6000)
        assert await bench.advance(4.9) == b""
        assert await bench.send(b"AT\r\n") == b"\r\nbusy p...\r\n"
        assert await bench.advance(0.1) == FAILED
        it.connection.read()
        assert await bench.settle() == b""
        assert it.connection.taken() == b"x" * WINDOW
        assert (await bench.command(b"AT+CIPSTATE?")).startswith(b'+CIPSTATE:0,"TCP",')


async def test_the_send_time_out_is_one_of_each_link_and_applies_at_once() -> None:
    async with linked(b"AT+CIPMUX=1", reads=False) as (bench, it):
        assert await bench.command(b'AT+CIPSTART=1,"TCP","192.168.3.50",80') == b"1," + OPENED
        assert await bench.command(b"AT+CIPTCPOPT=1,,,100") == OK
        assert await bench.command(b"AT+CIPSEND=1,6000") == PROMPT
        assert await bench.send(bytes(6000)) == taken(6000)
        assert await bench.advance(0.1) == FAILED
        assert await bench.command(b"AT+CIPSEND=0,6000") == PROMPT
        assert await bench.send(bytes(6000)) == taken(6000)
        assert await bench.advance(3600) == b""
        it.connections[0].read()
        assert await bench.settle() == SENT


async def test_the_send_time_out_is_not_for_passthrough() -> None:
    async with linked(b"AT+CIPTCPOPT=,,100", b"AT+CIPMODE=1", reads=False) as (bench, it):
        assert await bench.command(b"AT+CIPSEND") == PROMPT
        assert await bench.send(b"x" * 6000) == b""
        assert await bench.advance(60) == b""
        it.connection.read()
        assert await bench.advance(1) == b""
        assert it.connection.taken() == b"x" * 6000


# AT+CIPCONNPERSIST


async def test_persistence_is_one_of_each_link() -> None:
    async with station() as bench:
        assert await bench.command(b"AT+CIPCONNPERSIST?") == b"+CIPCONNPERSIST:0\r\n" + OK
        assert await bench.command(b"AT+CIPCONNPERSIST=1") == OK
        assert await bench.command(b"AT+CIPCONNPERSIST?") == b"+CIPCONNPERSIST:1\r\n" + OK
        assert await bench.command(b"AT+CIPMUX=1") == OK
        assert await bench.command(b"AT+CIPCONNPERSIST=3,1") == OK
        assert await bench.command(b"AT+CIPCONNPERSIST?") == b"+CIPCONNPERSIST:1,0,0,1,0\r\n" + OK
        for values in (b"5,1", b"1", b"0,2", b"-1,0", b"0,0,0", b""):
            assert await bench.command(b"AT+CIPCONNPERSIST=" + values) == ERROR, values
        assert (await bench.command(b"AT+RST")).endswith(READY + BACK)
        assert await bench.command(b"ATE0") == OK
        assert await bench.command(b"AT+CIPCONNPERSIST?") == b"+CIPCONNPERSIST:0\r\n" + OK


async def test_only_a_persistent_link_outlives_the_network() -> None:
    async with linked(b"AT+CIPMUX=1", b"AT+CIPCONNPERSIST=1,1") as (bench, it):
        assert await bench.command(b'AT+CIPSTART=1,"TCP","192.168.3.50",80') == b"1," + OPENED
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST + b"0,CLOSED\r\n"
        await it.connection.send(b"while it was away")
        assert await bench.settle() == b""
        assert await bench.advance(1) == BACK + b"\r\n+IPD,1,17:while it was away\r\n"
        assert await bench.command(b"AT+CIPSEND=1,4") == PROMPT
        assert await bench.send(b"test") == taken(4) + SENT
        assert it.connection.taken() == b"test"


async def test_what_is_sent_without_a_network_waits_in_the_stack() -> None:
    async with linked(b"AT+CIPCONNPERSIST=1") as (bench, it):
        point = bench.simulation.access_point(b"espressif")
        point.up = False
        point.deauthenticate()
        assert await bench.settle() == LOST
        for _ in range(2):
            assert await bench.command(b"AT+CIPSEND=2000") == PROMPT
            assert await bench.send(bytes(2000)) == taken(2000) + SENT
        assert await bench.command(b"AT+CIPSEND=2000") == PROMPT
        assert await bench.send(bytes(2000)) == taken(2000)  # more than the stack holds
        assert await bench.advance(10) == b""
        assert it.connection.taken() == b""
        point.up = True
        assert await bench.advance(2) == BACK + SENT
        assert it.connection.taken() == bytes(6000)


async def test_the_host_closes_while_the_network_is_away() -> None:
    async with linked(b"AT+CIPCONNPERSIST=1") as (bench, it):
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST
        it.connection.close()
        assert await bench.advance(0.5) == b""
        assert await bench.advance(0.5) == BACK + b"CLOSED\r\n"


async def test_keep_alive_ends_a_link_whose_network_stays_away() -> None:
    async with linked(b"AT+CIPCONNPERSIST=1", b"AT+CIPTCPOPT=,,,10") as (bench, _):
        point = bench.simulation.access_point(b"espressif")
        point.up = False
        point.deauthenticate()
        assert await bench.settle() == LOST
        assert await bench.advance(12.9) == b""
        assert (await bench.command(b"AT+CIPSTATE?")).startswith(b'+CIPSTATE:0,"TCP",')
        assert await bench.advance(0.1) == b"CLOSED\r\n"
        assert await bench.command(b"AT+CIPSTATE?") == OK


async def test_a_link_without_keep_alive_waits_for_its_network() -> None:
    async with linked(b"AT+CIPCONNPERSIST=1") as (bench, it):
        point = bench.simulation.access_point(b"espressif")
        point.up = False
        point.deauthenticate()
        assert await bench.settle() == LOST
        assert await bench.advance(7200) == b""
        point.up = True
        assert await bench.advance(2) == BACK
        await it.connection.send(b"still there")
        assert await bench.settle() == b"\r\n+IPD,11:still there\r\n"


async def test_data_that_nobody_acknowledges_ends_a_link() -> None:
    async with linked(b"AT+CIPCONNPERSIST=1") as (bench, it):
        point = bench.simulation.access_point(b"espressif")
        point.up = False
        point.deauthenticate()
        assert await bench.settle() == LOST
        assert await bench.advance(3600) == b""
        assert await bench.command(b"AT+CIPSEND=4") == PROMPT
        assert await bench.send(b"test") == taken(4) + SENT
        assert await bench.advance(1022) == b""
        assert await bench.advance(1) == b"CLOSED\r\n"
        assert it.connection.taken() == b""


async def test_closing_a_link_whose_network_is_away() -> None:
    async with linked(b"AT+CIPCONNPERSIST=1") as (bench, _):
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST
        assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        assert await bench.advance(1) == BACK
        assert await bench.command(b'AT+CIPSTART="TCP","%b",80' % HOST.encode()) == OPENED


async def test_a_real_peer_gets_nothing_while_the_network_is_away() -> None:
    async with connected(None, b"AT+CIPCONNPERSIST=1") as (bench, stream):
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST
        assert await bench.command(b"AT+CIPSEND=4") == PROMPT
        assert await bench.send(b"test") == taken(4) + SENT
        await stream.send_all(b"back")
        with pytest.raises(BlockingIOError):
            os.read(stream.socket.fileno(), 1)
        await bench.clock.advance(1)
        await expect(bench, BACK + b"\r\n+IPD,4:back\r\n")
        assert await receive_exactly(stream, 4) == b"test"
