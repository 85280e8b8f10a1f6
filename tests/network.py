"""A joined module, and its peers: real sockets on this machine.

Stepped time does not cover sockets, so what a test expects is waited for, never looked up after settling.
"""

import socket
import struct
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import TypeVar

import trio

from espat.scenario.world.world import World
from espat.stack.links import LinkTable
from tests.stations import OWN, PEER, around, station
from tests.texts import OK, PROMPT, SENT
from tests.workbench import Workbench

NO_ANSWER = 10.0
"""Seconds after which a test gives up. They are never waited for unless it fails."""
PORT = 20333
"""Of the server: a port that needs no special rights."""
START = b"AT+CIPSERVER=1,%d" % PORT

T = TypeVar("T")


async def soon(awaitable: Awaitable[T]) -> T:
    """The result of something that a socket decides."""
    with trio.fail_after(NO_ANSWER):
        return await awaitable


async def answer(bench: Workbench, line: bytes, end: bytes = OK) -> bytes:
    """Send a command and read as far as `end`."""
    bench.port.send(line + b"\r\n")
    await bench.rest()
    return await soon(bench.port.read_until(end))


async def expect(bench: Workbench, printed: bytes) -> None:
    """The next bytes that the module prints are these."""
    assert await soon(bench.port.read_exactly(len(printed))) == printed


class TcpPeer:
    """A listening socket, and the connections it has accepted."""

    def __init__(self, listener: trio.SocketListener) -> None:
        self.listener = listener
        self.port: int = listener.socket.getsockname()[1]

    async def accept(self) -> trio.SocketStream:
        return await soon(self.listener.accept())


@asynccontextmanager
async def tcp_peer() -> AsyncIterator[TcpPeer]:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        yield TcpPeer(listener)


async def receive_exactly(stream: trio.SocketStream, count: int) -> bytes:
    """So many bytes from a connection, or fewer if it ends before."""
    data = b""
    with trio.fail_after(NO_ANSWER):
        while len(data) < count:
            part = await stream.receive_some(count - len(data))
            if not part:
                break
            data += part
    return data


class UdpPeer:
    """A UDP socket of this machine."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.socket = trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM)
        self._address = address

    async def __aenter__(self) -> "UdpPeer":
        await self.socket.bind((self._address, 0))
        self.port: int = self.socket.getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.socket.close()

    async def receive(self) -> tuple[bytes, tuple[str, int]]:
        data, sender = await soon(self.socket.recvfrom(65535))
        return data, (sender[0], sender[1])

    async def send(self, data: bytes, port: int, address: str = OWN) -> None:
        await self.socket.sendto(data, (address, port))


@cache
def closed_port() -> int:
    """A TCP port of this machine where nobody listens, and nobody can begin to: it is taken until the process ends."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        taken.detach()
    return port


@asynccontextmanager
async def connected(
    world: World | None = None, *commands: bytes, capacity: int | None = None, dialect: str = "esp32-v5"
) -> AsyncIterator[tuple[Workbench, trio.SocketStream]]:
    """A module with one TCP link, 0, in single or in multiple mode, and the other end of it."""
    async with tcp_peer() as peer, station(world, *commands, capacity=capacity, dialect=dialect) as bench:
        multiple = bench.module[LinkTable].multiple
        line = b'AT+CIPSTART=%b"TCP","%b",%d' % (b"0," * multiple, PEER.encode(), peer.port)
        assert await answer(bench, line) == b"0," * multiple + b"CONNECT\r\n\r\nOK\r\n"
        async with await peer.accept() as stream:
            yield bench, stream


async def send(bench: Workbench, command: bytes, data: bytes) -> bytes:
    """Send data behind the prompt of a command; returns what follows the prompt, to the final result."""
    assert await answer(bench, command, PROMPT) == PROMPT
    bench.port.send(data)
    printed = await soon(bench.port.read_until(b"SEND "))
    return printed + await soon(bench.port.read_until(b"\r\n"))


async def prompt(bench: Workbench, command: bytes) -> None:
    """Send a command that asks for data."""
    assert await answer(bench, command, PROMPT) == PROMPT


def taken(count: int) -> bytes:
    """The notice that so many bytes have come in."""
    return b"\r\nRecv %d bytes\r\n" % count


# Clients of a module's server


@asynccontextmanager
async def server(*commands: bytes, port: int = PORT) -> AsyncIterator[Workbench]:
    """A joined module with a server, after these commands."""
    async with station(around(), b"AT+CIPMUX=1", *commands) as bench:
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
