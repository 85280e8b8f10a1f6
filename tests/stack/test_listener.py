"""Listening, for whoever takes connections of its own: nothing of it is a link."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trio
import trio.testing

from espat.scenario.reading.world_reader import read_world
from espat.scenario.world.world import World
from espat.stack.active_interfaces import ANY_INTERFACE, InterfaceKind
from espat.stack.address import Address
from espat.stack.endpoint import Endpoint
from espat.stack.errors import LWIP_ADDRESS_IN_USE, LWIP_RESET, NetworkError
from espat.stack.lan import Node
from espat.stack.listener import BACKLOG, Listener, listen
from espat.stack.memory_stream import MemoryStream
from tests.network import PORT
from tests.stations import OWN, station
from tests.texts import OK
from tests.workbench import Workbench

MODULE = Address("192.168.3.112")
NEAR = Endpoint(Address("192.168.3.50"), 50000)
WORLD = read_world({"host": [{"address": "192.168.3.50", "name": "near"}]}, "w")


@asynccontextmanager
async def listening(
    world: World = WORLD, interface: int = ANY_INTERFACE
) -> AsyncIterator[tuple[Workbench, Listener, Node]]:
    """A module that has joined and listens, and how those on its network see it."""
    async with station(replace(world, listen_address=Address(OWN))) as bench:
        listener = await listen(bench.module.boot, PORT, interface)
        (lan,) = bench.simulation.lans.values()
        yield bench, listener, lan.nodes[MODULE]
        listener.close()


async def test_a_client_of_the_simulation() -> None:
    async with listening() as (bench, listener, _):
        host = bench.simulation.hosts[0].connect(MODULE, PORT)
        client = await listener.accept()
        assert (client.local_port, client.remote.address) == (PORT, NEAR.address)
        await client.stream.send(b"hello")
        assert await host.receive(5) == b"hello"
        assert await bench.command(b"AT+CIPSTATE?") == OK


async def test_a_program_of_this_machine() -> None:
    async with listening() as (bench, listener, _), await trio.open_tcp_stream(OWN, PORT) as program:
        client = await listener.accept()
        assert client.remote.address == Address("192.168.3.1")
        await client.stream.send(b"hello")
        assert await program.receive_some(5) == b"hello"
        client.stream.close()
        assert await bench.command(b"AT+CIPSTATE?") == OK


async def test_only_over_one_interface() -> None:
    async with listening(interface=InterfaceKind.SOFTAP) as (_, _, module):
        with pytest.raises(NetworkError) as raised:
            module.connect(PORT, NEAR)
        assert raised.value.errno == LWIP_RESET


async def test_who_is_not_accepted_in_time_is_refused() -> None:
    async with listening() as (_, listener, module):
        waiting = [module.connect(PORT, NEAR) for _ in range(BACKLOG)]
        with pytest.raises(NetworkError):
            module.connect(PORT, NEAR)
        await listener.accept()
        waiting.append(module.connect(PORT, NEAR))
        assert len(waiting) == BACKLOG + 1


async def test_who_still_waits_when_it_closes_is_let_go() -> None:
    async with listening() as (_, listener, module):
        stream: MemoryStream = module.connect(PORT, NEAR)
        listener.close()
        assert await stream.receive() == b""
        with pytest.raises(trio.ClosedResourceError):
            await listener.accept()
        with pytest.raises(NetworkError):
            module.connect(PORT, NEAR)
        with pytest.raises(OSError, match="all attempts to connect"):
            await trio.open_tcp_stream(OWN, PORT)


async def test_a_module_that_ends_tells_nobody() -> None:
    async with listening() as (_, listener, module):
        stream: MemoryStream = module.connect(PORT, NEAR)
        listener.abandon()
        assert stream.lost


async def test_who_waits_for_a_client_learns_that_it_closes() -> None:
    async with listening() as (_, listener, _):
        ended = False

        async def serve() -> None:
            nonlocal ended
            with pytest.raises(trio.ClosedResourceError):
                await listener.accept()
            ended = True

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            await trio.testing.wait_all_tasks_blocked()
            listener.close()
        assert ended


async def test_a_port_is_for_one_who_listens() -> None:
    async with listening() as (bench, listener, _):
        with pytest.raises(NetworkError) as raised:
            await listen(bench.module.boot, PORT)
        assert raised.value.errno == LWIP_ADDRESS_IN_USE
        listener.close()
        (await listen(bench.module.boot, PORT)).close()


async def test_the_server_of_the_links_is_another_one() -> None:
    async with listening() as (bench, listener, module):
        for line in (b"AT+CIPMUX=1", b"AT+CIPSERVER=1,333"):
            assert await bench.command(line) == OK
        module.connect(333, NEAR)
        module.connect(PORT, NEAR)
        assert await bench.settle() == b"0,CONNECT\r\n"
        assert (await listener.accept()).local_port == PORT
