"""Hosts on the network of a joined module, in memory as it is: everything in stepped time."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Generic, TypeVar

import trio

from espat.core.time.real_time_clock import RealTimeClock
from espat.scenario.world.world import World
from espat.stack.address import Address
from espat.stack.endpoint import Endpoint
from espat.stack.errors import LWIP_RESET, NetworkError
from espat.stack.links import LinkTable
from espat.stack.memory_stream import MemoryStream, memory_stream_pair
from tests.certificates import NOW, Manufactured, server_context, shipped
from tests.stations import around, station
from tests.texts import OK, OPENED, PROMPT
from tests.workbench import Workbench

HOST: Final = "192.168.3.50"
TLS_PORT: Final = 8070


class Connection:
    """One connection that the host has got. `received`: what it has read, all that comes as long as it `reads`."""

    def __init__(self, stream: MemoryStream) -> None:
        self.stream = stream
        self.received = b""
        self.ended = False
        self.reads = True
        self._wanted = trio.Event()

    async def run(self) -> None:
        """Read until the connection ends, or is closed from here."""
        while not self.ended:
            while not self.reads:
                await self._wanted.wait()
            try:
                data = await self.stream.receive()
            except NetworkError:
                return
            self.ended = not data
            self.received += data

    def taken(self) -> bytes:
        """What it has read since the last look."""
        data, self.received = self.received, b""
        return data

    def read(self) -> None:
        """Read again."""
        self.reads = True
        self._wanted.set()

    async def send(self, data: bytes) -> None:
        """Send, as fast as the module takes it."""
        await self.stream.send(data)

    def close(self) -> None:
        """Close it."""
        self.stream.close()


class Secured(Connection):
    """One with TLS. `failure`: of TLS, once it has failed.

    Like OpenSSL's own programs, and unlike trio's stream, it sends the alert that a failure has for the peer.
    """

    def __init__(self, stream: MemoryStream, context: ssl.SSLContext, *, server_side: bool = True) -> None:
        super().__init__(stream)
        self.established = False
        self.failure: ssl.SSLError | None = None
        self.outgoing = ssl.MemoryBIO()
        """What TLS wants to send."""
        self._incoming = ssl.MemoryBIO()
        self.session = context.wrap_bio(self._incoming, self.outgoing, server_side)

    async def run(self) -> None:
        """Shake hands, and read until it ends."""
        try:
            await self._repeat(self.session.do_handshake)
            self.established = True
            while data := await self._repeat(self.session.read):
                self.received += data
        except ssl.SSLError as error:
            self.failure = error
        except NetworkError:
            pass
        self.ended = True
        self.close()

    async def send(self, data: bytes) -> None:
        """Send, as fast as the module takes it."""
        for at in range(0, len(data), 4096):
            self.session.write(data[at : at + 4096])
            await self.stream.send(self.outgoing.read())

    async def _repeat(self, operation: Callable[[], Any]) -> Any:
        while True:
            result, wants_more, failure = None, False, None
            try:
                result = operation()
            except ssl.SSLWantReadError:
                wants_more = True
            except ssl.SSLError as error:
                failure = error
            if self.outgoing.pending:
                await self.stream.send(self.outgoing.read())
            if failure is not None:
                raise failure
            if not wants_more:
                return result
            data = await self.stream.receive()
            if data:
                self._incoming.write(data)
            else:
                self._incoming.write_eof()


Behaviour = Callable[[MemoryStream], Awaitable[None]]
"""What a peer does with a connection instead of speaking TLS."""


class Behaving(Connection):
    """One with which the host does something else than to read."""

    def __init__(self, stream: MemoryStream, behaviour: Behaviour) -> None:
        super().__init__(stream)
        self._behaviour = behaviour

    async def run(self) -> None:
        """Do it."""
        await self._behaviour(self.stream)


C = TypeVar("C", bound=Connection)


class MemoryHost(Generic[C]):
    """The host. `connections`: those it has got, the latest last. `datagrams`: with the port they came to."""

    def __init__(self, nursery: trio.Nursery, accept: Callable[[MemoryStream], C]) -> None:
        """`accept`: makes a connection of what somebody has opened."""
        self.connections: list[C] = []
        self.datagrams: list[tuple[int, bytes]] = []
        self.accept = accept
        self.listens = True
        self.reads = True
        self.attempts = 0
        """How often somebody has tried to connect."""
        self._nursery = nursery

    @property
    def connection(self) -> C:
        """The latest one."""
        return self.connections[-1]

    def connect(self, port: int, client: Endpoint) -> MemoryStream:
        """Somebody connects."""
        self.attempts += 1
        if not self.listens:
            raise NetworkError(LWIP_RESET)
        far, near = memory_stream_pair(client, Endpoint(Address(HOST), port))
        connection = self.accept(near)
        connection.reads = self.reads
        self.connections.append(connection)
        self._nursery.start_soon(connection.run)
        return far

    def datagram(self, data: bytes, sender: Endpoint, destination: Endpoint) -> None:
        """A datagram arrives."""
        self.datagrams.append((destination.port, data))

    def taken(self) -> list[bytes]:
        """The datagrams since the last look."""
        datagrams, self.datagrams = self.datagrams, []
        return [data for _, data in datagrams]


@asynccontextmanager
async def host(
    *commands: bytes, world: World | None = None, capacity: int | None = None, dialect: str = "esp32-v5"
) -> AsyncIterator[tuple[Workbench, MemoryHost[Connection]]]:
    """A module that has joined, with its echo off and after these commands, and the host at HOST."""
    async with station(world, *commands, capacity=capacity, dialect=dialect) as bench, trio.open_nursery() as nursery:
        it = MemoryHost(nursery, Connection)
        _put(bench, it)
        yield bench, it
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def linked(
    *commands: bytes,
    world: World | None = None,
    capacity: int | None = None,
    dialect: str = "esp32-v5",
    reads: bool = True,
) -> AsyncIterator[tuple[Workbench, MemoryHost[Connection]]]:
    """As `host`, with a TCP link to it, number 0. `reads`: whether the host reads what comes."""
    async with host(*commands, world=world, capacity=capacity, dialect=dialect) as (bench, it):
        it.reads = reads
        multiple = bench.module[LinkTable].multiple
        line = b'AT+CIPSTART=%b"TCP","%b",80' % (b"0," * multiple, HOST.encode())
        assert await bench.command(line) == b"0," * multiple + OPENED
        yield bench, it


@asynccontextmanager
async def tls_host(
    *commands: bytes,
    context: ssl.SSLContext | None = None,
    behaviour: Behaviour | None = None,
    manufacturing: Manufactured | None = None,
    capacity: int | None = None,
    offline: bool = False,
    dialect: str = "esp32-v5",
) -> AsyncIterator[tuple[Workbench, MemoryHost[Secured]]]:
    """As `host`, but the host speaks TLS by that context, or does something else. The module knows the time.

    `manufacturing`: the certificates and keys of the module, when they are not the shipped ones.
    """

    def accept(stream: MemoryStream) -> Any:
        if behaviour is not None:
            return Behaving(stream, behaviour)
        return Connection(stream) if context is None else Secured(stream, context)

    async with (
        station(around(offline=offline), capacity=capacity, dialect=dialect) as bench,
        trio.open_nursery() as nursery,
    ):
        if manufacturing is not None:
            await manufacture(bench, manufacturing)
        bench.module[RealTimeClock].set(NOW)
        for line in commands:
            assert (await bench.command(line)) == OK, line
        it = MemoryHost[Secured](nursery, accept)
        _put(bench, it)
        yield bench, it
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def secured(
    *commands: bytes, context: ssl.SSLContext | None = None, capacity: int | None = None
) -> AsyncIterator[tuple[Workbench, MemoryHost[Secured]]]:
    """As `tls_host`, with an SSL link to it, number 0."""
    async with tls_host(*commands, context=context or server_context(), capacity=capacity) as (bench, it):
        multiple = bench.module[LinkTable].multiple
        assert await bench.command(start(multiple)) == b"0," * multiple + OPENED
        yield bench, it


def speaking(context: ssl.SSLContext) -> Callable[[MemoryStream], Secured]:
    """What `accept` of a host is that speaks TLS by that context from now on."""
    return lambda stream: Secured(stream, context)


def start(multiple: bool = False) -> bytes:
    """The command that connects to a host with TLS."""
    return b'AT+CIPSTART=%b"SSL","%b",%d' % (b"0," * multiple, HOST.encode(), TLS_PORT)


async def manufacture(bench: Workbench, data: Manufactured) -> None:
    """Give a module that has the shipped certificates and keys these instead, as a user does."""
    old = shipped()
    for key in old.keys() | data.keys():
        namespace = key.partition(".")[0].encode()
        if key not in data:
            assert await bench.command(b'AT+SYSMFG=0,"%b","%b"' % (namespace, key.encode())) == OK
        elif data[key] != old.get(key):
            line = b'AT+SYSMFG=2,"%b","%b",8,%d' % (namespace, key.encode(), len(data[key]))
            assert await bench.command(line) == PROMPT
            assert await bench.send(data[key]) == OK


def _put(bench: Workbench, it: MemoryHost[Any]) -> None:
    (lan,) = bench.simulation.lans.values()
    lan.nodes[Address(HOST)] = it
