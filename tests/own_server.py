"""A module with a server, and clients of this machine."""

import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import trio

from tests.network import NO_ANSWER, OWN, answer, around, expect, receive_exactly, soon, station, taken
from tests.texts import OK, PROMPT, SENT
from tests.workbench import Workbench

PORT = 20333
"""Of the server: a port that needs no special rights."""
START = b"AT+CIPSERVER=1,%d" % PORT


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
