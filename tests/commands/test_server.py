"""AT+CIPSERVER, AT+CIPSERVERMAXCONN, AT+CIPSTO, with real clients of this machine."""

import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import trio

from simulator.scenario.world import World
from tests.network import (
    ERROR,
    NO_ANSWER,
    OK,
    PEER,
    PROMPT,
    answer,
    expect,
    receive_exactly,
    soon,
    station,
    taken,
    tcp_peer,
)
from tests.workbench import Workbench

OWN = f"127.3.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
"""A loopback address that no other test run uses at the same time: any port is free there."""
PORT = 20333
"""Of the server: a port that needs no special rights."""
START = b"AT+CIPSERVER=1,%d" % PORT
LOST = b"WIFI DISCONNECT\r\n"
SENT = b"\r\nSEND OK\r\n"


def own_world() -> World:
    return World(hosts={PEER: "127.0.0.1"}, listen_address=OWN)


@asynccontextmanager
async def server(*commands: bytes, port: int = PORT) -> AsyncIterator[Workbench]:
    """A joined module with a server, after these commands."""
    async with station(own_world(), b"AT+CIPMUX=1", *commands) as bench:
        assert await answer(bench, b"AT+CIPSERVER=1,%d" % port) == OK
        yield bench


class Clients:
    """Clients of this machine, which are closed in the end."""

    def __init__(self, port: int = PORT) -> None:
        self.port = port
        self.streams: list[trio.SocketStream] = []

    async def one(self) -> trio.SocketStream:
        with trio.fail_after(NO_ANSWER):
            stream = await trio.open_tcp_stream(OWN, self.port, local_address="127.0.0.1")
        self.streams.append(stream)
        return stream

    async def link(self, bench: Workbench, number: int) -> trio.SocketStream:
        """One more client, which becomes that link."""
        stream = await self.one()
        await expect(bench, b"%d,CONNECT\r\n" % number)
        return stream


@asynccontextmanager
async def some_clients(port: int = PORT) -> AsyncIterator[Clients]:
    clients = Clients(port)
    try:
        yield clients
    finally:
        for stream in clients.streams:
            stream.socket.close()


async def ended(stream: trio.SocketStream) -> None:
    """The module has closed the connection, one way or another."""
    with suppress(trio.BrokenResourceError):
        assert await soon(stream.receive_some()) == b""


async def sends(bench: Workbench, number: int, data: bytes, stream: trio.SocketStream) -> None:
    """The module sends, and the client receives."""
    assert await answer(bench, b"AT+CIPSEND=%d,%d" % (number, len(data)), PROMPT) == PROMPT
    bench.port.send(data)
    assert await soon(bench.port.read_until(b"SEND OK\r\n")) == taken(len(data)) + SENT
    assert await receive_exactly(stream, len(data)) == data


def reset(stream: trio.SocketStream) -> None:
    """Close a connection the hard way."""
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.socket.close()


# Starting and stopping


async def test_the_default_port_and_what_is_announced() -> None:
    async with station(own_world(), b"AT+CIPMUX=1") as bench:
        assert await bench.command(b"AT+CIPSERVER?") == b"+CIPSERVER:0\r\n" + OK
        assert await answer(bench, b"AT+CIPSERVER=1") == OK
        assert await bench.command(b"AT+CIPSERVER?") == b'+CIPSERVER:1,333,"TCP",0,0\r\n' + OK
        assert bench.announced.pop() in (
            (0, f"serves tcp 333 at {OWN}:333"),
            (0, f"serves tcp 333 at {OWN}:10333"),  # without the right to have a low port
        )
        assert await bench.command(b"AT+CIPSERVER=0") == OK
        assert bench.announced == [(0, "no longer serves tcp 333")]
        assert await bench.command(b"AT+CIPSERVER?") == b"+CIPSERVER:0\r\n" + OK


async def test_a_port_that_is_taken_here_is_shifted() -> None:
    with socket.socket() as taken_port:
        taken_port.bind((OWN, 21333))
        taken_port.listen()
        async with server(port=21333) as bench, some_clients(31333) as clients:
            assert bench.announced == [(0, f"serves tcp 21333 at {OWN}:31333")]
            await clients.link(bench, 0)
            state = await bench.command(b"AT+CIPSTATE?")
            assert state.endswith(b",21333,1\r\n" + OK)


async def test_a_port_that_the_world_maps() -> None:
    world = World(hosts={PEER: "127.0.0.1"}, listen_address=OWN, ports={80: 21080})
    async with station(world, b"AT+CIPMUX=1") as bench, some_clients(21080) as clients:
        assert await answer(bench, b"AT+CIPSERVER=1,80") == OK
        await clients.link(bench, 0)


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        (b"AT+CIPSERVER=1,20001", b'1,20001,"TCP",0,0'),
        (b'AT+CIPSERVER=1,20001,"TCP"', b'1,20001,"TCP",0,0'),
        (b'AT+CIPSERVER=1,20001,"TCP",0,1', b'1,20001,"TCP",0,1'),
        (b'AT+CIPSERVER=1,20001,"TCP",0,2', b'1,20001,"TCP",0,2'),
        (b"AT+CIPSERVER=1,20001,,,2", b'1,20001,"TCP",0,2'),
        (b"AT+CIPSERVER=1,,,,1", b'1,333,"TCP",0,1'),
    ],
)
async def test_ways_to_start(line: bytes, printed: bytes) -> None:
    async with station(own_world(), b"AT+CIPMUX=1") as bench:
        assert await answer(bench, line) == OK
        assert await bench.command(b"AT+CIPSERVER?") == b"+CIPSERVER:%b\r\n" % printed + OK


@pytest.mark.parametrize(
    "line",
    [
        b"AT+CIPSERVER=2",
        b"AT+CIPSERVER=1,0",
        b"AT+CIPSERVER=1,65536",
        b'AT+CIPSERVER=1,80,"UDP"',
        b'AT+CIPSERVER=1,80,"tcp"',
        b'AT+CIPSERVER=1,80,"TCP",2',
        b'AT+CIPSERVER=1,80,"TCP",0,4',
        b'AT+CIPSERVER=0,0,"TCP"',
        b"AT+CIPSERVER=0,2",
        b"AT+CIPSERVER",
        b"AT+CIPSERVERMAXCONN=0",
        b"AT+CIPSERVERMAXCONN=6",
        b"AT+CIPSTO=-1",
        b"AT+CIPSTO=7201",
    ],
)
async def test_what_is_refused(line: bytes) -> None:
    async with station(own_world(), b"AT+CIPMUX=1") as bench:
        assert await answer(bench, line, ERROR) == ERROR
        assert await bench.command(b"AT+CIPSERVER?") == b"+CIPSERVER:0\r\n" + OK


async def test_what_a_server_needs_and_what_it_forbids() -> None:
    async with station(own_world()) as bench:
        assert await answer(bench, b"AT+CIPSERVER=1", ERROR) == ERROR  # AT+CIPMUX=0
        assert await bench.command(b"AT+CIPMUX=1") == OK
        assert await answer(bench, START) == OK
        for line in (START, b"AT+CIPSERVER=1,334", b"AT+CIPMUX=0", b"AT+CIPMODE=1"):
            assert await answer(bench, line, ERROR) == ERROR
        assert await bench.command(b"AT+CIPSERVER=0") == OK
        assert await bench.command(b"AT+CIPSERVER=0") == OK
        assert await answer(bench, b"AT+CIPSERVER=1,334") == OK
        assert await bench.command(b"AT+CIPSERVER=0,1") == OK
        assert await bench.command(b"AT+CIPMUX=0") == OK


@pytest.mark.parametrize(
    ("stop", "closes"), [(b"AT+CIPSERVER=0", False), (b"AT+CIPSERVER=0,0", False), (b"AT+CIPSERVER=0,1", True)]
)
async def test_stopping_with_clients(stop: bytes, closes: bool) -> None:
    async with tcp_peer() as peer, server() as bench, some_clients() as clients:
        stream = await clients.link(bench, 0)
        assert (await answer(bench, b'AT+CIPSTART=3,"TCP","%b",%d' % (PEER.encode(), peer.port))).startswith(b"3,")
        assert await bench.command(stop) == b"0,CLOSED\r\n3,CLOSED\r\n" * closes + OK
        with pytest.raises(OSError, match="all attempts to connect"):
            await trio.open_tcp_stream(OWN, PORT)
        if closes:
            await ended(stream)
        else:
            await sends(bench, 0, b"still here", stream)
        assert await answer(bench, b"AT+CIPSERVER=1,334") == OK


# Clients


async def test_five_clients_and_a_sixth() -> None:
    async with server() as bench, some_clients() as clients:
        streams = [await clients.link(bench, number) for number in range(5)]
        await ended(await clients.one())
        for number, stream in enumerate(streams):
            await sends(bench, number, b"to %d" % number, stream)
            await stream.send_all(b"from %d" % number)
            await expect(bench, b"\r\n+IPD,%d,6:from %d\r\n" % (number, number))
        assert await answer(bench, b'AT+CIPSTART=0,"TCP","192.168.3.102",80', ERROR) == ERROR
        assert await answer(bench, b'AT+CIPSTARTEX="TCP","192.168.3.102",80', ERROR) == ERROR
        await streams[2].aclose()
        await expect(bench, b"2,CLOSED\r\n")
        await clients.link(bench, 2)


async def test_a_client_shows_its_address_and_port() -> None:
    async with server(b"AT+CIPDINFO=1", b"AT+SYSMSG=2") as bench, some_clients() as clients:
        stream = await clients.one()
        port = stream.socket.getsockname()[1]
        await expect(bench, b'+LINK_CONN:0,0,"TCP",1,"192.168.3.102",%d,20333\r\n' % port)
        state = b'+CIPSTATE:0,"TCP","192.168.3.102",%d,20333,1\r\n' % port
        assert await bench.command(b"AT+CIPSTATE?") == state + OK
        await stream.send_all(b"hi")
        await expect(bench, b'\r\n+IPD,0,2,"192.168.3.102",%d:hi\r\n' % port)
        assert await bench.command(b"AT+CIPCLOSE=0") == b"0,CLOSED\r\n" + OK
        await ended(stream)


async def test_link_numbers_are_shared_with_the_modules_own_links() -> None:
    async with tcp_peer() as peer, server() as bench, some_clients() as clients:
        for number in (0, 3):
            line = b'AT+CIPSTART=%d,"TCP","192.168.3.102",%d' % (number, peer.port)
            assert await answer(bench, line) == b"%d,CONNECT\r\n" % number + OK
        for number in (1, 2, 4):
            await clients.link(bench, number)
        await ended(await clients.one())
        assert await bench.command(b"AT+CIPCLOSE=0") == b"0,CLOSED\r\n" + OK
        await clients.link(bench, 0)
        roles = [line.rpartition(b",")[2] for line in (await bench.command(b"AT+CIPSTATE?")).split(b"\r\n")[:5]]
        assert roles == [b"1", b"1", b"1", b"0", b"1"]


async def test_most_clients() -> None:
    async with station(own_world(), b"AT+CIPMUX=1") as bench, some_clients() as clients:
        assert await bench.command(b"AT+CIPSERVERMAXCONN?") == b"+CIPSERVERMAXCONN:5\r\n" + OK
        assert await bench.command(b"AT+CIPSERVERMAXCONN=2") == OK
        assert await bench.command(b"AT+CIPSERVERMAXCONN?") == b"+CIPSERVERMAXCONN:2\r\n" + OK
        assert await answer(bench, START) == OK
        assert await answer(bench, b"AT+CIPSERVERMAXCONN=3", ERROR) == ERROR
        streams = [await clients.link(bench, number) for number in range(2)]
        await ended(await clients.one())
        assert await answer(bench, b"AT+CIPSERVERMAXCONN=3", ERROR) == b"Have 2 Connections\r\n" + ERROR
        await streams[0].aclose()
        await expect(bench, b"0,CLOSED\r\n")
        await clients.link(bench, 0)
        assert await bench.command(b"AT+CIPSERVER=0,1") == b"0,CLOSED\r\n1,CLOSED\r\n" + OK
        assert await bench.command(b"AT+CIPSERVERMAXCONN=5") == OK


async def test_clients_that_stayed_behind_count_for_the_next_server() -> None:
    async with server(b"AT+CIPSERVERMAXCONN=1") as bench, some_clients() as clients:
        await clients.link(bench, 0)
        assert await bench.command(b"AT+CIPSERVER=0") == OK
        assert await answer(bench, START) == OK
        await ended(await clients.one())


async def test_a_client_that_resets_at_once() -> None:
    async with server() as bench, some_clients() as clients:
        for _ in range(3):
            stream = await clients.one()
            reset(stream)
            printed = await soon(bench.port.read_until(b"0,CLOSED\r\n"))
            assert printed == b"0,CONNECT\r\n0,CLOSED\r\n"
        await clients.link(bench, 0)


async def test_fifty_clients_against_five_links() -> None:
    async with server() as bench, some_clients() as clients:
        streams = [await clients.one() for _ in range(50)]
        for number in range(5):
            await expect(bench, b"%d,CONNECT\r\n" % number)
        for stream in streams[5:]:
            await ended(stream)
        assert await bench.command(b"AT") == OK
        for number, stream in enumerate(streams[:5]):
            await sends(bench, number, bytes(range(256)), stream)


async def test_a_client_that_sends_everything_and_half_closes() -> None:
    data = bytes(range(256)) * 40
    async with server() as bench, some_clients() as clients:
        stream = await clients.link(bench, 0)
        await stream.send_all(data)
        await stream.send_eof()
        printed = await soon(bench.port.read_until(b"0,CLOSED\r\n"))
        received = b""
        while printed != b"0,CLOSED\r\n":
            head, _, rest = printed.removeprefix(b"\r\n+IPD,0,").partition(b":")
            received += rest[: int(head)]
            printed = rest[int(head) :].removeprefix(b"\r\n")
        assert received == data


# AT+CIPSTO


async def test_silent_clients_are_closed_and_the_modules_own_links_are_not() -> None:
    async with tcp_peer() as peer, server() as bench, some_clients() as clients:
        assert await bench.command(b"AT+CIPSTO?") == b"+CIPSTO:0\r\n" + OK
        stream = await clients.link(bench, 0)
        line = b'AT+CIPSTART=3,"TCP","192.168.3.102",%d' % peer.port
        assert await answer(bench, line) == b"3,CONNECT\r\n" + OK
        assert await bench.advance(10000) == b""
        assert await bench.command(b"AT+CIPSTO=10") == OK + b"0,CLOSED\r\n"  # which has been silent for long enough
        await ended(stream)
        assert await bench.advance(10000) == b""


async def test_traffic_either_way_restarts_the_idle_time() -> None:
    async with server(b"AT+CIPSTO=10") as bench, some_clients() as clients:
        assert await bench.command(b"AT+CIPSTO?") == b"+CIPSTO:10\r\n" + OK
        silent, speaking, spoken_to = [await clients.link(bench, number) for number in range(3)]
        assert await bench.advance(6) == b""
        await speaking.send_all(b"x")
        await expect(bench, b"\r\n+IPD,1,1:x\r\n")
        await sends(bench, 2, b"y", spoken_to)
        assert await bench.advance(3.9) == b""
        assert await bench.advance(0.1) == b"0,CLOSED\r\n"
        await ended(silent)
        assert await bench.advance(5.9) == b""
        assert await bench.advance(0.1) == b"1,CLOSED\r\n2,CLOSED\r\n"
        await ended(speaking)
        stream = await clients.link(bench, 0)
        assert await bench.command(b"AT+CIPSTO=0") == OK
        assert await bench.advance(10000) == b""
        await sends(bench, 0, b"still here", stream)


async def test_what_a_silent_client_has_sent_can_still_be_read() -> None:
    async with server(b"AT+CIPSTO=10", b"AT+CIPRECVTYPE=5,1") as bench, some_clients() as clients:
        stream = await clients.link(bench, 0)
        await stream.send_all(b"for later")
        await expect(bench, b"\r\n+IPD,0,9\r\n")
        assert await bench.advance(10) == b""
        await ended(stream)
        assert await bench.advance(1000) == b""
        assert await bench.command(b"AT+CIPRECVDATA=0,4") == b"+CIPRECVDATA:4,for " + OK + b"\r\n+IPD,0,5\r\n"
        assert await bench.command(b"AT+CIPRECVDATA=0,9") == b"+CIPRECVDATA:5,later" + OK + b"0,CLOSED\r\n"


# The network


async def test_losing_the_network_closes_the_clients_and_the_server_goes_on() -> None:
    async with server() as bench, some_clients() as clients:
        stream = await clients.link(bench, 0)
        bench.simulation.access_point(b"espressif").switch_off()
        assert await bench.advance(6) == LOST + b"0,CLOSED\r\n"
        await ended(stream)
        await ended(await clients.one())  # it cannot get in
        bench.simulation.access_point(b"espressif").switch_on()
        assert await bench.advance(1) == b"WIFI CONNECTED\r\nWIFI GOT IP\r\n"
        await clients.link(bench, 0)


@pytest.mark.parametrize(
    ("interface", "mode", "heard"),
    [(0, 1, True), (1, 1, True), (2, 1, False), (0, 2, True), (1, 2, False), (2, 2, True), (1, 3, True), (2, 3, True)],
)
async def test_the_interface_it_listens_on(interface: int, mode: int, heard: bool) -> None:
    async with station(own_world(), b"AT+CIPMUX=1") as bench, some_clients() as clients:
        assert (await bench.command(b"AT+CWMODE=%d" % mode)).endswith(OK)
        assert await answer(bench, START + b',"TCP",0,%d' % interface) == OK
        stream = await clients.one()
        if heard:
            await expect(bench, b"0,CONNECT\r\n")
        else:
            await ended(stream)


async def test_the_side_of_a_client_follows_from_its_address() -> None:
    world = World(hosts={"192.168.4.2": "127.0.0.1"}, listen_address=OWN)
    async with station(world, b"AT+CIPMUX=1", b"AT+CWMODE=3") as bench, some_clients() as clients:
        assert await answer(bench, START) == OK
        await clients.link(bench, 0)
        assert (await bench.command(b"AT+CIPSTATE?")).startswith(b'+CIPSTATE:0,"TCP","192.168.4.2",')
        assert await bench.command(b"AT+CWQAP") == LOST + OK  # its network is still there
        assert await bench.command(b"AT+CWMODE=1") == b"0,CLOSED\r\n" + OK


async def test_a_restart_ends_the_server_and_gives_its_port_back() -> None:
    async with server() as bench, some_clients() as clients:
        stream = await clients.link(bench, 0)
        assert (await answer(bench, b"AT+RST", b"ready\r\n")) == OK + LOST + b"\r\nready\r\n"
        assert bench.announced[1:] == [(0, f"no longer serves tcp {PORT}")]
        await ended(stream)
        with pytest.raises(OSError, match="all attempts to connect"):
            await trio.open_tcp_stream(OWN, PORT)
        await expect(bench, b"WIFI CONNECTED\r\nWIFI GOT IP\r\n")
        await bench.command(b"ATE0")
        assert await bench.command(b"AT+CIPSERVER?") == b"+CIPSERVER:0\r\n" + OK
        assert await bench.command(b"AT+CIPSERVERMAXCONN?") == b"+CIPSERVERMAXCONN:5\r\n" + OK
        assert await bench.command(b"AT+CIPMUX=1") == OK
        assert await answer(bench, START) == OK
        await clients.link(bench, 0)


async def test_cutting_the_power_ends_the_server() -> None:
    async with server() as bench, some_clients() as clients:
        stream = await clients.link(bench, 0)
        bench.module.power_off()
        await ended(stream)
        assert bench.announced[1:] == [(0, f"no longer serves tcp {PORT}")]
        assert await bench.settle() == b""
