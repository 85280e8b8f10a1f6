"""A joined module, and a host on its network that is in memory too: everything in stepped time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from espat.scenario.world.world import World
from espat.stack.address import Address
from espat.stack.endpoint import Endpoint
from espat.stack.errors import LWIP_RESET, NetworkError
from espat.stack.links import LinkTable
from espat.stack.memory_stream import MemoryStream, memory_stream_pair
from tests.network import station
from tests.texts import OPENED
from tests.workbench import Workbench

HOST = "192.168.3.50"


class Connection:
    """One connection that the host has got. `received`: what it has read, all that comes as long as it `reads`."""

    def __init__(self, stream: MemoryStream) -> None:
        self.received = b""
        self.ended = False
        self.reads = True
        self._stream = stream
        self._wanted = trio.Event()

    async def run(self) -> None:
        """Read until the connection ends, or is closed from here."""
        while not self.ended:
            while not self.reads:
                await self._wanted.wait()
            try:
                data = await self._stream.receive()
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
        await self._stream.send(data)

    def close(self) -> None:
        """Close it."""
        self._stream.close()


class MemoryHost:
    """The host. `connections`: those it has got, the latest last. `datagrams`: with the port they came to."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.connections: list[Connection] = []
        self.datagrams: list[tuple[int, bytes]] = []
        self.listens = True
        self.reads = True
        self.attempts = 0
        """How often somebody has tried to connect."""
        self._nursery = nursery

    @property
    def connection(self) -> Connection:
        """The latest one."""
        return self.connections[-1]

    def connect(self, port: int, client: Endpoint) -> MemoryStream:
        """Somebody connects."""
        self.attempts += 1
        if not self.listens:
            raise NetworkError(LWIP_RESET)
        far, near = memory_stream_pair(client, Endpoint(Address(HOST), port))
        connection = Connection(near)
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
    *commands: bytes, world: World | None = None, capacity: int | None = None
) -> AsyncIterator[tuple[Workbench, MemoryHost]]:
    """A module that has joined, with its echo off and after these commands, and the host at HOST."""
    async with station(world, *commands, capacity=capacity) as bench, trio.open_nursery() as nursery:
        it = MemoryHost(nursery)
        (lan,) = bench.simulation.lans.values()
        lan.nodes[Address(HOST)] = it
        yield bench, it
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def linked(
    *commands: bytes, world: World | None = None, capacity: int | None = None, reads: bool = True
) -> AsyncIterator[tuple[Workbench, MemoryHost]]:
    """As `host`, with a TCP link to it, number 0. `reads`: whether the host reads what comes."""
    async with host(*commands, world=world, capacity=capacity) as (bench, it):
        it.reads = reads
        multiple = bench.module[LinkTable].multiple
        line = b'AT+CIPSTART=%b"TCP","%b",80' % (b"0," * multiple, HOST.encode())
        assert await bench.command(line) == b"0," * multiple + OPENED
        yield bench, it
