"""A joined module, and its peers: real sockets on this machine.

Stepped time does not cover sockets, so what a test expects is waited for, never looked up after settling.
"""

import os
import socket
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from ipaddress import IPv4Address
from typing import Final, TypeVar

import trio

from espat.scenario.world.world import World
from espat.stack.address import Address
from espat.stack.links import LinkTable
from tests.texts import JOIN, OK, PROMPT
from tests.workbench import Workbench, workbench

PEER = "192.168.3.102"
"""What the module calls the peers of a test."""


OWN: Final = str(IPv4Address("127.64.0.0") + os.getpid() % 2**18 * 16 + 1)
"""Where the first module of a test appears on this machine, and the others behind it: loopback addresses that no other
process of tests has, so any port is free there."""
LOCAL_PORT: Final = 21112
"""A UDP port for the module, where a test needs to know it."""
NO_ANSWER = 10.0
"""Seconds after which a test gives up. They are never waited for unless it fails."""

T = TypeVar("T")


async def soon(awaitable: Awaitable[T]) -> T:
    """The result of something that a socket decides."""
    with trio.fail_after(NO_ANSWER):
        return await awaitable


def around(hosts: Mapping[str, str] | None = None, *, offline: bool = False) -> World:
    """A world with the peers on this machine, and further entries of [hosts]."""
    return World(hosts={PEER: "127.0.0.1", **(hosts or {})}, offline=offline, listen_address=Address(OWN))


@asynccontextmanager
async def station(
    world: World | None = None, *commands: bytes, capacity: int | None = None, dialect: str = "esp32-v5"
) -> AsyncIterator[Workbench]:
    """A module that has joined, with its echo off, and after these commands."""
    async with workbench(world or around(), capacity=capacity, dialect=dialect) as bench:
        for line in (b"ATE0", b"AT+CWMODE=1", JOIN, *commands):
            assert (await bench.command(line)).endswith(OK), line
        yield bench


async def answer(bench: Workbench, line: bytes, end: bytes = OK) -> bytes:
    """Send a command and read as far as `end`."""
    bench.port.send(line + b"\r\n")
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
