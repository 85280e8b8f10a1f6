"""AT+SAVETRANSLINK: what is taken and stored, and the start into passthrough, in stepped time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from espat.core.at.stream_entry import RX_BUFFER
from espat.core.ports.port import Attachment
from espat.stack.address import Address
from espat.stack.endpoint import Endpoint
from espat.stack.links import LinkTable
from espat.stack.network import Network
from espat.stack.station_interface import StationInterface
from tests.commands.test_passthrough import SILENCE
from tests.hosts import HOST, Connection, MemoryHost, host
from tests.texts import CONNECTED, ERROR, JOIN, JOIN_LAB, JOINED, LOST, OK, READY, SOFTAP
from tests.workbench import Workbench, modules, run, workbench

START = b"\r\n>"
TCP = b'AT+SAVETRANSLINK=1,"%b",80' % HOST.encode()


@asynccontextmanager
async def restarted(*commands: bytes, listens: bool = True) -> AsyncIterator[tuple[Workbench, MemoryHost[Connection]]]:
    """A joined module that restarts after these commands, and its host; the restart is still on its way."""
    async with host(*commands) as (bench, it):
        it.listens = listens
        bench.port.send(b"AT+RST\r\n")
        yield bench, it


async def leave(bench: Workbench) -> None:
    """Out of passthrough, and a second to wait."""
    assert await bench.advance(SILENCE) == b""
    assert await bench.send(b"+++") == b""
    assert await bench.advance(1) == b""


@pytest.mark.parametrize(
    "line",
    [
        b'AT+SAVETRANSLINK=1,"192.168.6.110",1002,"TCP"',
        b'AT+SAVETRANSLINK=1,"192.168.6.110",1002',
        b'AT+SAVETRANSLINK=1,"www.example.com",443,"TCP",60',
        b'AT+SAVETRANSLINK=1,"www.example.com",443,,7200',
        b'AT+SAVETRANSLINK=1,"192.168.6.110",1002,"UDP",1005',
        b'AT+SAVETRANSLINK=1,"255.255.255.255",6123,"UDP"',
        b'AT+SAVETRANSLINK=1,"www.example.com",443,"SSL",60',
        b'AT+SAVETRANSLINK=3,1002,"TCP",2',
        b'AT+SAVETRANSLINK=3,1002,"SSL"',
        b'AT+SAVETRANSLINK=3,1002,"SSL",1,2',
        b'AT+SAVETRANSLINK=3,,"SSL",1',
        b"AT+SAVETRANSLINK=3,1002",
        b"AT+SAVETRANSLINK=3",
        b"AT+SAVETRANSLINK=0",
    ],
)
async def test_what_is_taken(line: bytes) -> None:
    async with workbench() as bench:
        assert await bench.command(line) == OK


@pytest.mark.parametrize(
    "line",
    [
        b'AT+SAVETRANSLINK=1,"192.168.6.110"',
        b'AT+SAVETRANSLINK=1,"192.168.6.110",0',
        b'AT+SAVETRANSLINK=1,"192.168.6.110",65536',
        b'AT+SAVETRANSLINK=1,"",1',
        b'AT+SAVETRANSLINK=1,"%b",1' % (b"a" * 65),
        b'AT+SAVETRANSLINK=1,"192.168.6.110",1,"TCP",7201',
        b'AT+SAVETRANSLINK=1,"192.168.6.110",1,"OTHER"',
        b'AT+SAVETRANSLINK=1,"192.168.6.110",1,"UDP",1,2',
        b'AT+SAVETRANSLINK=2,2,1,7,1,5,"26:a2:11:22:33:88"',
        b"AT+SAVETRANSLINK=2",
        b"AT+SAVETRANSLINK=3,0",
        b'AT+SAVETRANSLINK=3,1,"TCP",4',
        b'AT+SAVETRANSLINK=3,1,"UDP"',
        b'AT+SAVETRANSLINK=3,1,"SSL",2',
        b'AT+SAVETRANSLINK=3,1,"TCP",1,1',
        b'AT+SAVETRANSLINK=1,"240e:3a1:2070:11c0:55ce:4e19:9649:b75",8080,"TCP"',
        b"AT+SAVETRANSLINK=4",
        b"AT+SAVETRANSLINK=0,1",
        b"AT+SAVETRANSLINK?",
        b"AT+SAVETRANSLINK",
    ],
)
async def test_what_is_refused(line: bytes) -> None:
    async with workbench() as bench:
        assert await bench.command(line) == ERROR
        assert bench.module.board.storage.settings.read("NVM_005", "enable") in (None, 0)


async def test_it_is_stored_whatever_sysstore_says_and_not_twice() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSSTORE=0") == OK
        assert await bench.command(TCP + b',"TCP",9') == OK
        store = bench.module.board.storage.settings
        assert [store.read("NVM_005", key) for key in ("enable", "r_ip", "r_port", "keep_alive")] == [
            1,
            HOST.encode(),
            80,
            9,
        ]
        writes = store.writes
        assert await bench.command(TCP + b',"TCP",9') == OK
        assert store.writes == writes


async def test_a_client_is_a_pipe_after_the_start() -> None:
    async with restarted(TCP) as (bench, it):
        assert await bench.settle() == OK + LOST + READY + CONNECTED + START
        assert await bench.send(b"AT+GMR\r\n") == b""
        await bench.advance(SILENCE)
        assert it.connection.taken() == b"AT+GMR\r\n"
        await it.connection.send(b"bare")
        assert await bench.settle() == b"bare"
        await leave(bench)
        assert await bench.send(b"AT+CIPMODE?\r\n") == b"AT+CIPMODE?\r\n+CIPMODE:1\r\n" + OK
        assert await bench.send(b"ATE0\r\n") == b"ATE0\r\n" + OK
        await it.connection.send(b"still bare")
        assert await bench.settle() == b"still bare"
        assert await bench.command(b"AT+RST") == OK + LOST + READY + CONNECTED + START


async def test_nothing_happens_when_it_is_switched_off_again() -> None:
    async with restarted(TCP, b"AT+SAVETRANSLINK=0") as (bench, it):
        assert await bench.settle() == OK + LOST + READY + CONNECTED
        assert await bench.send(b"AT\r\n") == b"AT\r\n" + OK
        assert it.connections == []


async def test_it_tries_until_the_host_is_there_and_after_every_break() -> None:
    async with restarted(TCP, listens=False) as (bench, it):
        assert await bench.settle() == OK + LOST + READY + CONNECTED
        await bench.send(b"early")
        assert await bench.advance(1) == b""
        assert it.attempts == 11
        it.listens = True
        assert await bench.advance(0.1) == START
        assert it.connection.taken() == b"early"
        it.connection.close()
        assert await bench.advance(0.1) == b""
        assert len(it.connections) == 2
        await bench.send(b"late")
        await bench.advance(SILENCE)
        assert it.connection.taken() == b"late"


async def test_it_can_be_left_before_there_is_a_link() -> None:
    async with restarted(TCP, b"AT+SYSMSG=1", listens=False) as (bench, it):
        assert await bench.settle() == OK + LOST + READY + CONNECTED
        await bench.advance(SILENCE)
        await bench.send(b"+++")
        assert await bench.advance(SILENCE) == b"\r\n+QUITT\r\n"
        assert await bench.send(b"AT\r\n") == b"AT\r\n" + OK
        it.listens = True
        await bench.advance(10)
        assert it.connections == []


async def test_without_a_network_it_waits() -> None:
    async with workbench() as bench:
        assert await bench.command(TCP) == OK
        assert await bench.command(b"AT+RST") == OK + READY
        assert await bench.send(b"AT\r\n") == b""
        await leave(bench)
        assert await bench.send(b"AT\r\n") == b"AT\r\n" + OK


async def test_the_connect_shows_with_sysmsg_bit_2() -> None:
    async with restarted(TCP, b"AT+SYSMSG=4") as (bench, _):
        assert await bench.settle() == OK + LOST + READY + CONNECTED + b"CONNECT\r\n" + START


async def test_keep_alive_is_that_of_the_saved_link() -> None:
    async with restarted(TCP + b',"TCP",60') as (bench, it):
        await bench.settle()
        assert bench.module[LinkTable].options[0].keep_alive == 60
        assert len(it.connections) == 1


async def test_udp() -> None:
    line = b'AT+SAVETRANSLINK=1,"%b",1002,"UDP",1005' % HOST.encode()
    async with restarted(line) as (bench, it):
        assert await bench.settle() == OK + LOST + READY + CONNECTED + START
        await bench.send(b"datagram")
        await bench.advance(SILENCE)
        assert it.datagrams == [(1002, b"datagram")]
        address = bench.module[StationInterface].ipv4.address
        bench.module[Network].deliver(b"answer", Endpoint(Address(HOST), 1002), Endpoint(address, 1005))
        assert await bench.settle() == b"answer"


async def test_a_server_is_a_pipe_to_its_one_client() -> None:
    async with modules(3) as benches:
        server, first, second = benches
        await run(server, b"AT+CWMODE=2", SOFTAP, b'AT+SAVETRANSLINK=3,1002,"TCP",2')
        assert await server.command(b"AT+RST") == OK + READY
        assert await server.send(b"AT\r\n") == b""
        for bench in (first, second):
            await run(bench, b"AT+CWMODE=1")
            assert await bench.command(JOIN_LAB) == JOINED
        assert b"+DIST_STA_IP" in server.port.read()
        start = b'AT+CIPSTART="TCP","192.168.4.1",1002'
        assert await first.command(start) == b"CONNECT\r\n" + OK
        assert await server.settle() == START
        await server.advance(SILENCE)
        assert await first.settle() == b"\r\n+IPD,4:AT\r\n\r\n"
        assert await second.command(start) == b"CONNECT\r\n" + OK + b"CLOSED\r\n"
        await first.command(b"AT+CIPSEND=2")
        await first.send(b"hi")
        assert await server.settle() == b"hi"
        assert await first.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        assert await second.command(start) == b"CONNECT\r\n" + OK
        assert await server.send(b"next") == b""
        await server.advance(SILENCE)
        assert await second.settle() == b"\r\n+IPD,4:next\r\n"
        await leave(server)
        assert await server.send(b"ATE0\r\n") == b"ATE0\r\n" + OK
        assert await server.command(b"AT+CIPMODE?") == b"+CIPMODE:0\r\n" + OK
        assert await server.command(b"AT+CIPSERVER?") == b'+CIPSERVER:1,1002,"TCP",0,2\r\n' + OK
        assert await server.command(b"AT+CIPSERVERMAXCONN?") == b"+CIPSERVERMAXCONN:1\r\n" + OK
        await second.command(b"AT+CIPSEND=2")
        await second.send(b"yo")
        assert await server.settle() == b"\r\n+IPD,0,2:yo\r\n"


async def test_a_server_takes_normal_connections_after_its_network_was_gone() -> None:
    async with modules(2) as (server, client):
        for bench in (server, client):
            await run(bench, b"AT+CWMODE=1")
            assert await bench.command(JOIN) == JOINED
        await run(server, b'AT+SAVETRANSLINK=3,,"TCP",1')
        assert (await server.command(b"AT+RST")).endswith(READY + CONNECTED)
        start = b'AT+CIPSTART="TCP","%b",333' % str(server.module[StationInterface].ipv4.address).encode()
        assert await client.command(start) == b"CONNECT\r\n" + OK
        assert await server.settle() == START
        assert await server.send(b"data") == b""
        server.simulation.access_point(b"espressif").deauthenticate()
        await server.settle()
        client.port.read()
        assert (await server.advance(2)).endswith(CONNECTED)
        client.port.read()
        assert await server.send(b"ATE0\r\n") == b"ATE0\r\n" + OK
        assert await server.command(b"AT+CIPSERVER?") == b'+CIPSERVER:1,333,"TCP",0,1\r\n' + OK
        assert await client.command(start) == b"CONNECT\r\n" + OK
        assert await server.settle() == b"0,CONNECT\r\n"
        await client.command(b"AT+CIPSEND=2")
        await client.send(b"yo")
        assert await server.settle() == b"\r\n+IPD,0,2:yo\r\n"


async def test_an_ssl_server_and_an_ssl_client_find_each_other() -> None:
    async with modules(2) as benches:
        server, client = benches
        await run(server, b"AT+CWMODE=2", SOFTAP, b'AT+SAVETRANSLINK=3,1002,"SSL",0,2')
        assert await server.command(b"AT+RST") == OK + READY
        await run(client, b"AT+CWMODE=1")
        assert await client.command(JOIN_LAB) == JOINED
        server.port.read()
        await run(client, b'AT+SAVETRANSLINK=1,"192.168.4.1",1002,"SSL"')
        assert await client.command(b"AT+RST") == OK + LOST + READY + CONNECTED + START
        assert (await server.settle()).endswith(START)
        await client.send(b"in secret")
        await client.advance(SILENCE)
        assert await server.settle() == b"in secret"
        link = client.module[LinkTable][0]
        assert link is not None
        assert link.kind == b"SSL"


async def test_an_ssl_server_without_its_certificate_does_not_serve() -> None:
    async with workbench() as bench:
        assert (await bench.command(b"ATE0")).endswith(OK)
        assert await bench.command(b'AT+SYSMFG=0,"server_cert"') == OK
        assert await bench.command(b'AT+SAVETRANSLINK=3,1002,"SSL"') == OK
        assert (await bench.command(b"AT+RST")).endswith(READY)
        assert await bench.command(b"AT") == OK


NO_FLOW_CONTROL = b"AT+UART_DEF=115200,8,1,0,0"
FLOOD = [b"x" * 4096] * 11
"""More than a module holds."""


async def test_plus_plus_plus_is_heard_behind_more_than_the_buffer_holds() -> None:
    async with restarted(NO_FLOW_CONTROL, TCP, listens=False) as (bench, _):
        await bench.advance(30)
        await bench.send(*FLOOD)
        await leave(bench)
        assert await bench.command(b"AT") == OK


async def test_a_client_that_rts_holds_waits_and_the_next_one_is_heard() -> None:
    async with restarted(TCP, listens=False) as (bench, _):
        await bench.advance(30)
        await bench.send(*FLOOD)
        assert bench.port.waiting
        bench.port.set_attachment(Attachment.LEFT)
        await bench.settle()
        bench.port.set_attachment(Attachment.ATTACHED)
        await bench.settle()
        assert not bench.port.waiting
        await leave(bench)
        assert await bench.command(b"AT") == OK


async def test_what_fits_is_there_when_the_link_is() -> None:
    async with restarted(NO_FLOW_CONTROL, TCP, listens=False) as (bench, it):
        await bench.advance(30)
        await bench.send(*FLOOD)
        it.listens = True
        await bench.advance(30)
        assert RX_BUFFER <= len(it.connection.received) < len(b"".join(FLOOD))
