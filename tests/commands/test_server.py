"""AT+CIPSERVER with real clients of this machine: starting, stopping, and the network under it."""

import socket
from dataclasses import replace

import pytest
import trio

from espat.scenario.world.world import World
from espat.stack.address import Address
from tests.network import PORT, START, answer, ended, expect, sends, server, some_clients, tcp_peer
from tests.stations import OWN, PEER, around, station
from tests.texts import ERROR, LOST, OK

# Starting and stopping


async def test_the_default_port_and_what_is_announced() -> None:
    async with station(around(), b"AT+CIPMUX=1") as bench:
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
    world = replace(around(), ports={80: 21080})
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
    async with station(around(), b"AT+CIPMUX=1") as bench:
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
    async with station(around(), b"AT+CIPMUX=1") as bench:
        assert await answer(bench, line, ERROR) == ERROR
        assert await bench.command(b"AT+CIPSERVER?") == b"+CIPSERVER:0\r\n" + OK


async def test_what_a_server_needs_and_what_it_forbids() -> None:
    async with station(around()) as bench:
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
    async with station(around(), b"AT+CIPMUX=1") as bench, some_clients() as clients:
        assert (await bench.command(b"AT+CWMODE=%d" % mode)).endswith(OK)
        assert await answer(bench, START + b',"TCP",0,%d' % interface) == OK
        stream = await clients.one()
        if heard:
            await expect(bench, b"0,CONNECT\r\n")
        else:
            await ended(stream)


async def test_the_side_of_a_client_follows_from_its_address() -> None:
    world = World(hosts={"192.168.4.2": "127.0.0.1"}, listen_address=Address(OWN))
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
