"""Passthrough and its links: what is reported, reconnecting, sides that do not read, the server's clients."""

import pytest
import trio

from tests.commands.test_passthrough import SILENCE, START_TCP, enter, leave, piped
from tests.hosts import linked
from tests.network import NO_ANSWER, TcpPeer, expect, receive_exactly
from tests.stations import around, station
from tests.texts import ERROR, LOST, OK, OPENED, PROMPT
from tests.workbench import Workbench

# Status reports


async def test_status_reports_are_suppressed() -> None:
    async with linked() as (bench, it):
        await enter(bench)
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == b""
        assert await bench.advance(1.2) == b""
        assert len(it.connections) == 2
        assert await piped(bench, it, b"data")
        assert await leave(bench) == b""
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST + b"CLOSED\r\n"


@pytest.mark.parametrize(
    ("messages", "opened"), [(4, b"CONNECT\r\n"), (6, b'+LINK_CONN:0,0,"TCP",0,"192.168.3.50",80,49153\r\n')]
)
async def test_status_reports_with_bit_2(messages: int, opened: bytes) -> None:
    async with linked() as (bench, it):
        assert await bench.command(b"AT+SYSMSG=%d" % messages) == OK
        await enter(bench)
        it.connection.close()
        assert await bench.settle() == b"CLOSED\r\n"
        assert await bench.advance(0.1) == opened
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST + b"CLOSED\r\n"
        printed = await bench.advance(1.2)
        assert printed.startswith(b"WIFI CONNECTED\r\nWIFI GOT IP\r\n")


# A broken link


@pytest.mark.parametrize(("interval", "seconds"), [(None, 0.1), (1, 0.1), (10, 1.0), (36000, 3600.0)])
async def test_the_link_of_a_client_is_opened_again(interval: int | None, seconds: float) -> None:
    commands = () if interval is None else (b"AT+CIPRECONNINTV=%d" % interval,)
    async with linked(*commands) as (bench, it):
        await enter(bench)
        it.connection.close()
        assert await bench.settle() == b""
        for _ in range(3):
            assert await bench.advance(seconds - 0.01) == b""
            attempts = it.attempts
            it.listens = attempts == 3
            assert await bench.advance(0.01) == b""
            assert it.attempts == attempts + 1
        assert len(it.connections) == 2
        assert await piped(bench, it, b"data")
        await it.connection.send(b"answer")
        assert await bench.settle() == b"answer"


async def test_the_interval_of_reconnecting() -> None:
    async with station() as bench:
        assert await bench.command(b"AT+CIPRECONNINTV?") == b"+CIPRECONNINTV:1\r\n" + OK
        assert await bench.command(b"AT+CIPRECONNINTV=36000") == OK
        assert await bench.command(b"AT+CIPRECONNINTV=0") == ERROR
        assert await bench.command(b"AT+CIPRECONNINTV=36001") == ERROR
        assert await bench.command(b"AT+SYSSTORE=0") == OK
        assert await bench.command(b"AT+CIPRECONNINTV=7") == OK
        assert await bench.command(b"AT+CIPRECONNINTV?") == b"+CIPRECONNINTV:7\r\n" + OK
        assert (await bench.command(b"AT+RST")).endswith(b"\r\nready\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n")
        assert await bench.command(b"ATE0") == OK
        assert await bench.command(b"AT+CIPRECONNINTV?") == b"+CIPRECONNINTV:36000\r\n" + OK


async def test_data_waits_for_the_link() -> None:
    async with linked() as (bench, it):
        await enter(bench)
        it.listens = False
        it.connection.close()
        assert await bench.settle() == b""
        assert await bench.send(b"data for later") == b""
        assert await bench.advance(10) == b""
        it.listens = True
        assert await bench.advance(0.2) == b""
        assert it.connection.taken() == b"data for later"
        assert await piped(bench, it, b" and more")


async def test_the_escape_stops_the_reconnecting() -> None:
    async with linked() as (bench, it):
        await enter(bench)
        it.listens = False
        it.connection.close()
        assert await bench.settle() == b""
        assert await bench.send(b"lost") == b""
        assert await bench.advance(10) == b""
        assert await leave(bench) == b""
        attempts = it.attempts
        it.listens = True
        assert await bench.command(b"AT+CIPSTATE?") == OK
        assert await bench.advance(10) == b""
        assert it.attempts == attempts > 90
        assert await bench.command(b"AT+CIPSEND") == ERROR
        assert await bench.command(START_TCP) == OPENED
        assert await bench.command(b"AT+CIPSEND") == PROMPT
        assert await piped(bench, it, b"data")


async def test_the_network_is_lost_for_a_while() -> None:
    async with linked() as (bench, it):
        await enter(bench)
        point = bench.simulation.access_point(b"espressif")
        point.up = False
        point.deauthenticate()
        assert await bench.send(b"data") == b""
        assert await bench.advance(30) == b""
        assert it.attempts == 1
        point.up = True
        assert await bench.advance(2) == b""
        assert it.attempts == 2
        assert it.connection.taken() == b"data"


async def test_the_closing_peer_is_told_from_one_that_resets() -> None:
    """Over real sockets: data that meets a reset is lost, what comes behind it goes over the next link."""
    async with station() as bench:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        async with listeners[0] as listener:
            peer = TcpPeer(listener)
            bench.port.send(b'AT+CIPSTART="TCP","127.0.0.1",%d\r\n' % peer.port)
            await expect(bench, OPENED)
            assert await bench.command(b"AT+SYSMSG=4") == OK
            await enter(bench)
            for way in ("close", "reset"):
                stream = await peer.accept()
                assert await bench.send(b"over " + way.encode()) == b""
                await bench.clock.advance(SILENCE)
                assert await receive_exactly(stream, 5 + len(way)) == b"over " + way.encode()
                if way == "reset":
                    stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                await stream.aclose()
                await expect(bench, b"CLOSED\r\n")
                await bench.clock.advance(0.1)
                await expect(bench, b"CONNECT\r\n")
            async with await peer.accept() as stream:
                await stream.send_all(b"still there")
                await expect(bench, b"still there")


# Clients that do not read, and peers that do not


async def test_a_host_that_does_not_read_stops_the_port_and_nothing_is_lost() -> None:
    async with linked(reads=False) as (bench, it):
        await enter(bench)
        data = bytes(range(251)) * 400
        for at in range(0, len(data), 1000):
            assert await bench.send(data[at : at + 1000]) == b""
        assert await bench.advance(60) == b""
        it.connection.read()
        assert await bench.settle() == b""
        assert await bench.advance(SILENCE) == b""
        assert it.connection.taken() == data


async def test_a_client_that_does_not_read_stops_the_host_and_nothing_is_lost() -> None:
    async with linked(capacity=1000) as (bench, it):
        await enter(bench)
        data = bytes(range(251)) * 400
        sent = trio.Event()

        async def flood() -> None:
            await it.connection.send(data)
            sent.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood)
            received = await bench.settle()
            assert not sent.is_set()
            while part := await bench.settle():
                received += part
            assert sent.is_set()
        assert received == data


async def test_a_client_that_does_not_read_can_still_send() -> None:
    async with linked(capacity=1000) as (bench, it), trio.open_nursery() as nursery:
        await enter(bench)
        nursery.start_soon(it.connection.send, bytes(100_000))
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(20):
            bench.port.send(b"data" * 1000)
            await trio.testing.wait_all_tasks_blocked()
        await bench.clock.advance(SILENCE)
        assert it.connection.taken() == b"data" * 20_000
        nursery.cancel_scope.cancel()


# The server


async def server_client(bench: Workbench) -> trio.SocketStream:
    """Somebody connects to the module's server."""
    text = next(text for _, text in bench.announced if text.startswith("serves tcp"))
    address, _, port = text.rpartition(" ")[2].rpartition(":")
    with trio.fail_after(NO_ANSWER):
        return await trio.open_tcp_stream(address, int(port))


SERVER = (b"AT+CIPMUX=1", b"AT+CIPSERVERMAXCONN=1", b"AT+CIPSERVER=1,8080", b"AT+SYSMSG=4")


async def test_a_server_of_one_client() -> None:
    async with station(around(), *SERVER) as bench:
        assert await bench.command(b"AT+CIPMODE=1") == OK
        assert await bench.command(b"AT+CIPSEND") == ERROR
        async with await server_client(bench) as stream:
            await expect(bench, b"0,CONNECT\r\n")
            assert await bench.command(b"AT+CIPSEND") == PROMPT
            assert await bench.send(b"to the client") == b""
            await bench.clock.advance(SILENCE)
            assert await receive_exactly(stream, 13) == b"to the client"
            await stream.send_all(b"from the client")
            await expect(bench, b"from the client")
        await expect(bench, b"0,CLOSED\r\n")
        assert await bench.advance(60) == b""
        assert await bench.send(b"while nobody is there") == b""
        assert await bench.advance(60) == b""
        async with await server_client(bench) as stream:
            await expect(bench, b"0,CONNECT\r\n")
            assert await receive_exactly(stream, 21) == b"while nobody is there"
            await stream.send_all(b"here")
            await expect(bench, b"here")
            assert await leave(bench) == b""
            assert await bench.command(b"AT+CIPCLOSE") == b"0,CLOSED\r\n" + OK
