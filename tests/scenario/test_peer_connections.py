"""What hosts keep for a scenario is bounded, and ports of this machine behave as those of a host in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import trio
from trio.lowlevel import ParkingLot

from espat.core.time.clock import RealClock
from espat.module import Module
from espat.scenario.hosts import bridge
from espat.scenario.hosts.bridge import Bridge
from espat.scenario.hosts.peers import Peer, PeerError
from espat.scenario.hosts.world_host import WorldHost
from espat.scenario.services import peer as services
from espat.scenario.services import peer_connection
from espat.scenario.services.peer_connection import PeerConnection
from espat.scenario.world.peers import PeerConfiguration
from espat.scenario.world.world import HostConfiguration
from espat.stack.address import LOOPBACK
from espat.stack.endpoint import Endpoint, socket_endpoint
from espat.stack.errors import LWIP_ADDRESS_IN_USE, NetworkError
from espat.stack.memory_stream import WINDOW, memory_stream_pair

LIMIT = 10.0
"""Seconds after which a test gives up."""
PORT = 9090


@asynccontextmanager
async def meter(module: Endpoint) -> AsyncIterator[tuple[Peer, Endpoint]]:
    """A peer with a UDP port, and where that is; the ports of modules are at one place."""
    entries: dict[str, str] = {}

    async def find_port(_: object, transport: str, port: int) -> Endpoint:
        return module

    with trio.fail_after(LIMIT):
        async with trio.open_nursery() as nursery:
            configuration = PeerConfiguration("meter", host="meter.test", later=(("udp", PORT),))
            host = WorldHost(HostConfiguration(), RealClock(), (), nursery.start_soon)
            way = Bridge(configuration, host, nursery.start_soon, find_port, entries.update)
            assert entries.pop("meter.test") == str(LOOPBACK)
            ((key, value),) = entries.items()
            assert key == f"meter.test:{PORT}"
            yield Peer(configuration, host, way), Endpoint(LOOPBACK, int(value.rpartition(":")[2]))
            nursery.cancel_scope.cancel()
    way.close()


@asynccontextmanager
async def program() -> AsyncIterator[trio.socket.SocketType]:
    """A UDP socket of this machine."""
    with trio.socket.socket(type=trio.socket.SOCK_DGRAM) as sock:
        await sock.bind((str(LOOPBACK), 0))
        yield sock


async def test_a_connection_that_nobody_takes_from_stops_its_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_connection, "RECEIVED_LIMIT", WINDOW)
    far, near = memory_stream_pair(Endpoint(LOOPBACK, 1), Endpoint(LOOPBACK, 2))
    connection = PeerConnection(near, 2, ParkingLot())
    data = bytes(5 * WINDOW)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.run)
        nursery.start_soon(far.send, data)
        await trio.testing.wait_all_tasks_blocked()
        kept = len(connection.received)
        assert WINDOW <= kept < len(data)
        taken = 0
        while taken < len(data):
            taken += len(await connection.receive(WINDOW))
        assert taken == len(data)
        nursery.cancel_scope.cancel()


async def test_a_datagram_goes_both_ways() -> None:
    async with program() as sock, meter(socket_endpoint(sock.getsockname())) as (peer, here):
        peer.serve("udp", PORT)
        await sock.sendto(b"to the meter", here.of_socket)
        while not peer.datagrams[PORT]:
            await peer.changed.park()
        (datagram,) = peer.datagrams[PORT]
        assert datagram.data == b"to the meter"
        module = cast("Module", None)
        assert await peer.is_from(datagram, module, 80)
        await peer.send_datagram(module, b"to the module", None, 80)
        assert await sock.recvfrom(100) == (b"to the module", here.of_socket)


async def test_datagrams_from_before_the_service_are_lost() -> None:
    async with program() as sock, meter(socket_endpoint(sock.getsockname())) as (peer, here):
        await sock.sendto(b"too early", here.of_socket)
        peer.serve("udp", PORT)
        await sock.sendto(b"in time", here.of_socket)
        while not peer.datagrams[PORT]:
            await peer.changed.park()
        assert [one.data for one in peer.datagrams[PORT]] == [b"in time"]


async def test_datagrams_that_nobody_takes_are_lost_at_some_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "DATAGRAMS_LIMIT", 2)
    async with program() as sock, meter(socket_endpoint(sock.getsockname())) as (peer, here):
        peer.serve("udp", PORT)
        for number in range(5):
            await sock.sendto(b"%d" % number, here.of_socket)
        while len(peer.datagrams[PORT]) < 2:
            await peer.changed.park()
        await trio.testing.wait_all_tasks_blocked()
        assert [one.data for one in peer.datagrams[PORT]] == [b"0", b"1"]


def nobody(*_: object) -> Any:
    raise AssertionError("nothing is started or found")


async def test_a_machine_without_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(clock: object) -> None:
        raise NetworkError(LWIP_ADDRESS_IN_USE)

    monkeypatch.setattr(bridge, "ReservedPort", none_left)
    configuration = PeerConfiguration("meter", host="meter.test", later=(("udp", PORT),))
    host = WorldHost(HostConfiguration(), RealClock(), (), nobody)
    entries: dict[str, str] = {}
    with pytest.raises(PeerError, match=r"this machine has no port for meter\.test: "):
        Bridge(configuration, host, nobody, nobody, entries.update)
