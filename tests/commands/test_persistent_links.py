"""AT+CIPCONNPERSIST: links that outlive their network."""

import os

import pytest

from tests.hosts import HOST, linked
from tests.network import connected, expect, receive_exactly, taken
from tests.stations import station
from tests.texts import CONNECTED, ERROR, LOST, OK, OPENED, PROMPT, READY, SENT


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
        assert (await bench.command(b"AT+RST")).endswith(READY + CONNECTED)
        assert await bench.command(b"ATE0") == OK
        assert await bench.command(b"AT+CIPCONNPERSIST?") == b"+CIPCONNPERSIST:0\r\n" + OK


async def test_only_a_persistent_link_outlives_the_network() -> None:
    async with linked(b"AT+CIPMUX=1", b"AT+CIPCONNPERSIST=1,1") as (bench, it):
        assert await bench.command(b'AT+CIPSTART=1,"TCP","192.168.3.50",80') == b"1," + OPENED
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST + b"0,CLOSED\r\n"
        await it.connection.send(b"while it was away")
        assert await bench.settle() == b""
        assert await bench.advance(1) == CONNECTED + b"\r\n+IPD,1,17:while it was away\r\n"
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
        assert await bench.advance(2) == CONNECTED + SENT
        assert it.connection.taken() == bytes(6000)


async def test_the_host_closes_while_the_network_is_away() -> None:
    async with linked(b"AT+CIPCONNPERSIST=1") as (bench, it):
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST
        it.connection.close()
        assert await bench.advance(0.5) == b""
        assert await bench.advance(0.5) == CONNECTED + b"CLOSED\r\n"


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
        assert await bench.advance(2) == CONNECTED
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
        assert await bench.advance(126) == b""
        assert await bench.advance(1) == b"CLOSED\r\n"
        assert it.connection.taken() == b""


async def test_closing_a_link_whose_network_is_away() -> None:
    async with linked(b"AT+CIPCONNPERSIST=1") as (bench, _):
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST
        assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        assert await bench.advance(1) == CONNECTED
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
        await expect(bench, CONNECTED + b"\r\n+IPD,4:back\r\n")
        assert await receive_exactly(stream, 4) == b"test"
