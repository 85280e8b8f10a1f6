"""Passthrough over a real serial port and real sockets: bytes both ways, the escape, and sides that do not read."""

import os
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import LIMIT, Client
from tests.texts import OK, PROMPT

MEGABYTE = 2**20
GUARD = 0.05
"""Seconds of silence around `+++`, more than twice what the module needs."""
ATTEMPTS = 10
QUIT = b"\r\n+QUITT\r\n"


def command(client: Client, line: bytes) -> bytes:
    """Type a command; returns the answer, with the echo off."""
    client.write(line + b"\r\n")
    return client.read_until(OK)


@contextmanager
def pipe(client: Client) -> Iterator[socket.socket]:
    """Bring a module that has just booted into passthrough; the connection's other end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LIMIT)
        client.started().join()
        assert client.command(b"ATE0") == OK
        opening = b'AT+CIPSTART="TCP","127.0.0.1",%d' % server.getsockname()[1]
        for line in (b"AT+SYSMSG=1", opening, b"AT+CIPMODE=1"):
            assert command(client, line) in (OK, b"CONNECT\r\n" + OK)
        client.write(b"AT+CIPSEND\r\n")
        assert client.read_until(b">") == PROMPT
        connection, _ = server.accept()
        with connection:
            connection.settimeout(LIMIT)
            yield connection


def receive(connection: socket.socket, count: int) -> bytes:
    """So many bytes from a connection."""
    data = bytearray()
    while len(data) < count:
        part = connection.recv(min(65536, count - len(data)))
        assert part, f"it ends after {len(data)} bytes"
        data += part
    return bytes(data)


def escape(client: Client, connection: socket.socket, pieces: tuple[bytes, ...]) -> None:
    """Leave passthrough with `+++` in these pieces.

    On a machine that is busy the pieces may come too far apart: then they are data, all of them, and it is tried again.
    """
    for _ in range(ATTEMPTS):
        time.sleep(GUARD)
        for piece in pieces:
            client.write(piece)
        readable, _, _ = select.select([client.serial.fileno(), connection.fileno()], [], [], LIMIT)
        assert readable, "neither an escape nor data"
        if connection.fileno() not in readable:
            assert client.read_until(b"T\r\n") == QUIT
            return
        assert receive(connection, 3) == b"+++"
    pytest.fail("none of the attempts was an escape")


def test_a_megabyte_each_way_at_the_same_time(start: Start) -> None:
    up, down = Random(1).randbytes(MEGABYTE), Random(2).randbytes(MEGABYTE)
    with Client(start().port()) as client, pipe(client) as connection:
        received = []
        threads = [
            threading.Thread(target=connection.sendall, args=(down,), daemon=True),
            threading.Thread(target=lambda: received.append(receive(connection, len(up))), daemon=True),
            threading.Thread(target=client.write, args=(up,), daemon=True),
        ]
        for thread in threads:
            thread.start()
        assert client.serial.read(len(down)) == down
        for thread in threads:
            thread.join(LIMIT)
        assert received == [up]


def test_the_escape_in_every_split(start: Start) -> None:
    with Client(start().port()) as client, pipe(client) as connection:
        for pieces in ((b"+++",), (b"+", b"++"), (b"++", b"+"), (b"+", b"+", b"+")):
            client.write(b"data")
            assert receive(connection, 4) == b"data"
            escape(client, connection, pieces)
            assert command(client, b"AT+CIPMODE?") == b"+CIPMODE:1\r\n" + OK
            connection.sendall(b"bare")
            assert client.serial.read(4) == b"bare"
            client.write(b"AT+CIPSEND\r\n")
            assert client.read_until(b">") == PROMPT


@pytest.mark.parametrize("data", [b"++++", b"+++\r\n", b"\r\n+++", b"a+++", b"+++a"])
def test_anything_else_is_data(start: Start, data: bytes) -> None:
    with Client(start().port()) as client, pipe(client) as connection:
        time.sleep(GUARD)
        client.write(data)
        assert receive(connection, len(data)) == data
        escape(client, connection, (b"+++",))


def test_a_peer_that_does_not_read_stops_the_port_and_loses_nothing(start: Start) -> None:
    with Client(start().port()) as client, pipe(client) as connection:
        device = os.dup(client.serial.fileno())
        sent = bytearray()
        source = Random(3)
        os.set_blocking(device, False)
        chunk = source.randbytes(4096)
        while select.select([], [device], [], 0.5)[1]:  # in half a second it would take any amount of data
            count = os.write(device, chunk)
            sent += chunk[:count]
            chunk = chunk[count:] or source.randbytes(4096)
        assert receive(connection, len(sent)) == sent
        client.write(b"and on")
        assert receive(connection, 6) == b"and on"
        os.close(device)


def test_a_client_that_does_not_read_stops_the_peer_and_loses_nothing(start: Start) -> None:
    with Client(start().port()) as client, pipe(client) as connection:
        sent = bytearray()
        source = Random(4)
        connection.setblocking(False)
        chunk = source.randbytes(65536)
        while select.select([], [connection], [], 0.5)[1]:
            count = connection.send(chunk)
            sent += chunk[:count]
            chunk = chunk[count:] or source.randbytes(65536)
        connection.settimeout(LIMIT)
        client.write(b"it can still send")
        assert receive(connection, 17) == b"it can still send"
        assert client.serial.read(len(sent)) == sent


def test_udp_datagrams_are_the_blocks(start: Start) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer, Client(start().port()) as client:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(LIMIT)
        client.started().join()
        assert client.command(b"ATE0") == OK
        start_udp = b'AT+CIPSTART="UDP","127.0.0.1",%d' % peer.getsockname()[1]
        assert command(client, start_udp) == b"CONNECT\r\n" + OK
        for line in (b"AT+TRANSINTVL=1000", b"AT+CIPMODE=1"):
            assert command(client, line) == OK
        client.write(b"AT+CIPSEND\r\n")
        assert client.read_until(b">") == PROMPT
        data = Random(5).randbytes(3 * 2920 + 100)
        client.write(data)
        for at in range(0, len(data), 2920):
            datagram, sender = peer.recvfrom(65536)
            assert datagram == data[at : at + 2920]
            peer.sendto(datagram[:10], sender)
            assert client.serial.read(len(datagram[:10])) == datagram[:10]
