"""What modules look like on this machine: addresses, ports, and what is announced."""

import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import trio

from espat.core.time.clock import Clock, RealClock, ScaledClock, SteppedClock
from espat.stack.address import Address
from espat.stack.datagrams import Arrival, Datagrams
from espat.stack.endpoint import Endpoint
from espat.stack.errors import NetworkError
from espat.stack.host_map import HostMap
from espat.stack.host_network import HostNetwork, own_address
from espat.stack.host_stream import HostStream
from espat.stack.tcp_options import ConnectionOptions
from tests.network import UdpPeer, closed_port, soon, tcp_peer
from tests.stations import LOCAL_PORT, OWN


@asynccontextmanager
async def datagrams(
    port: int | None, own: str = OWN, ports: dict[int, int] | None = None
) -> AsyncIterator[tuple[Datagrams, list[str]]]:
    """An open UDP port of a module, and what has been announced."""
    announced: list[str] = []
    network = HostNetwork(HostMap(), RealClock(), own_address=Address(own), ports=ports, announce=announced.append)
    async with trio.open_nursery() as nursery:
        opened = await network.open_datagrams(port, nursery.start_soon)
        yield opened, announced
        opened.close()


@pytest.mark.parametrize(
    ("base", "module", "address"),
    [
        ("127.0.0.1", 0, "127.0.0.1"),
        ("127.0.0.1", 4, "127.0.0.5"),
        ("127.0.0.1", 300, "127.0.1.45"),
        ("127.0.0.7", 1, "127.0.0.8"),
        ("192.0.2.1", 4, "192.0.2.1"),
        ("0.0.0.0", 4, "0.0.0.0"),
    ],
)
def test_every_module_has_a_loopback_address_of_its_own(base: str, module: int, address: str) -> None:
    assert own_address(Address(base), module) == Address(address)


async def test_connections_to_loopback_come_from_there() -> None:
    network = HostNetwork(HostMap(), RealClock(), own_address=Address("127.0.0.5"))
    async with tcp_peer() as peer:
        here = Endpoint(Address("127.0.0.1"), peer.port)
        connection = await network.connect(here)
        async with await peer.accept() as stream:
            assert stream.socket.getpeername()[0] == "127.0.0.5"
        connection.close()


async def test_datagrams_to_loopback_come_from_there() -> None:
    async with UdpPeer() as peer, datagrams(LOCAL_PORT) as (opened, announced):
        assert announced == [f"serves udp {LOCAL_PORT} at {OWN}:{LOCAL_PORT}"]
        await opened.send_to_host(b"hello", Endpoint(Address("127.0.0.1"), peer.port))
        assert await peer.receive() == (b"hello", (OWN, LOCAL_PORT))
        await peer.send(b"answer", LOCAL_PORT)
        assert await soon(opened.receive()) == Arrival(b"answer", Endpoint(Address("127.0.0.1"), peer.port), None)


@asynccontextmanager
async def connected(clock: Clock) -> AsyncIterator[tuple[HostStream, trio.SocketStream, socket.socket]]:
    """A connection of a module, its other end, and its own socket to look at."""
    async with tcp_peer() as peer:
        connection = await HostNetwork(HostMap(), clock).connect(Endpoint(Address("127.0.0.1"), peer.port))
        async with await peer.accept() as stream:
            with socket.socket(fileno=os.dup(connection.descriptor)) as look:
                yield connection, stream, look
        connection.close()


@pytest.mark.parametrize(
    ("clock", "seconds", "idle"),
    [
        (RealClock, 0, None),
        (RealClock, 60, 60),
        (lambda: ScaledClock(30), 7200, 240),
        (lambda: ScaledClock(1000), 60, 1),  # the least a host can do
        (lambda: ScaledClock(0.1), 7200, 32767),  # and the most
        (SteppedClock, 60, None),  # its time does not pass by itself
    ],
)
async def test_the_host_asks_for_a_silent_peer_in_module_time(
    clock: Callable[[], Clock], seconds: int, idle: int | None
) -> None:
    async with connected(clock()) as (connection, _, look):
        connection.set_options(ConnectionOptions(keep_alive=seconds))
        assert bool(look.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)) == (idle is not None)
        if idle is not None:
            options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            assert [look.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [idle, 1, 3]


@pytest.mark.parametrize("no_delay", [False, True])
async def test_small_segments_wait_unless_told_otherwise(no_delay: bool) -> None:
    async with connected(RealClock()) as (connection, _, look):
        connection.set_options(ConnectionOptions(no_delay=no_delay))
        assert bool(look.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)) == no_delay


async def test_a_refused_connection() -> None:
    here = Endpoint(Address("127.0.0.1"), closed_port())
    with pytest.raises(NetworkError) as failure:
        await HostNetwork(HostMap(), RealClock()).connect(here)
    assert failure.value.errno == 104


async def test_a_port_that_the_world_maps() -> None:
    async with datagrams(333, ports={333: LOCAL_PORT}) as (opened, announced):
        assert announced == [f"serves udp 333 at {OWN}:{LOCAL_PORT}"]
        assert opened.local_port == 333
    assert announced[1:] == ["no longer serves udp 333"]


async def test_a_taken_port_is_shifted_and_then_any() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as first, socket.socket(type=socket.SOCK_DGRAM) as second:
        first.bind((OWN, 21112))
        async with datagrams(21112, OWN) as (opened, announced):
            assert announced == [f"serves udp 21112 at {OWN}:31112"]
            assert opened.local_port == 21112
        second.bind((OWN, 31112))
        async with datagrams(21112, OWN) as (opened, announced):
            prefix, _, given = announced[0].rpartition(":")
            assert prefix == f"serves udp 21112 at {OWN}"
            assert int(given) not in (21112, 31112)
            assert opened.local_port == 21112


async def test_a_port_that_is_too_high_to_be_shifted() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
        first.bind((OWN, 65530))
        async with datagrams(65530, OWN) as (opened, announced):
            assert opened.local_port == 65530
            assert announced[0].startswith(f"serves udp 65530 at {OWN}:")


async def test_a_port_nobody_chose_is_not_announced() -> None:
    async with datagrams(None) as (opened, announced):
        assert opened.local_port > 0
    assert announced == []
