"""Streams in memory, of this machine and over TLS are the same to who has one: trio's check of streams, and ends."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest
import trio
from trio import socket
from trio.testing import check_half_closeable_stream, check_two_way_stream, wait_all_tasks_blocked

from espat.core.time.clock import RealClock
from espat.scenario.services.tls import read_certificate
from espat.stack.address import LOOPBACK, Address
from espat.stack.endpoint import Endpoint, socket_endpoint
from espat.stack.host_map import HostMap
from espat.stack.host_network import HostListener, HostNetwork
from espat.stack.memory_stream import memory_stream_pair
from espat.stack.stream import Stream
from espat.stack.tls import start_tls
from espat.stack.tls_context import TlsConfiguration
from tests.stack.trio_stream import TrioStream

Pair: TypeAlias = tuple[Stream, Stream]
Make: TypeAlias = Callable[[], Awaitable[Pair]]

CLIENT, SERVER = Endpoint(Address("192.168.4.2"), 50000), Endpoint(Address("192.168.4.1"), 333)


async def in_memory() -> Pair:
    return memory_stream_pair(CLIENT, SERVER)


async def of_this_machine() -> Pair:
    sock = socket.socket()
    await sock.bind((str(LOOPBACK), 0))
    sock.listen()
    here = socket_endpoint(sock.getsockname())
    listener = HostListener(sock, RealClock())
    near = await HostNetwork(HostMap(), RealClock()).connect(here)
    far = await listener.accept()
    listener.close()
    return near, far


def over_tls(below: Make) -> Make:
    async def make() -> Pair:
        near, far = await below()
        ends: dict[bool, Stream] = {}

        async def shake_hands(stream: Stream, *, is_server: bool) -> None:
            own = read_certificate("server_cert") if is_server else None
            configuration = TlsConfiguration(is_server=is_server, own=own)
            ends[is_server] = await start_tls(stream, configuration, RealClock(), now=None)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: shake_hands(near, is_server=False))
            nursery.start_soon(lambda: shake_hands(far, is_server=True))
        return ends[False], ends[True]

    return make


STREAMS = pytest.mark.parametrize(
    "make",
    [in_memory, of_this_machine, over_tls(in_memory), over_tls(of_this_machine)],
    ids=["memory", "socket", "TLS in memory", "TLS over a socket"],
)


@STREAMS
async def test_it_is_what_trio_calls_a_stream(make: Make) -> None:
    async def pair() -> tuple[TrioStream, TrioStream]:
        one, other = await make()
        return TrioStream(one), TrioStream(other)

    if make in (in_memory, of_this_machine):
        await check_half_closeable_stream(pair, None)
    else:  # OpenSSL sends nothing more when TLS has ended without an alert
        await check_two_way_stream(pair, None)


@STREAMS
async def test_either_end_knows_both_addresses(make: Make) -> None:
    one, other = await make()
    assert (one.local, one.remote) == (other.remote, other.local)
    one.close()
    other.close()


@STREAMS
@pytest.mark.parametrize("end", ["close", "reset"])
async def test_who_does_not_read_can_wait_for_the_end(make: Make, end: str) -> None:
    one, other = await make()
    await other.send(b"hello")
    ended = trio.Event()

    async def wait() -> None:
        await one.wait_ended()
        ended.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        assert not ended.is_set()
        getattr(other, end)()
        with trio.fail_after(10):
            await ended.wait()
    one.close()
    other.close()


@STREAMS
async def test_what_has_been_sent_is_counted(make: Make) -> None:
    one, other = await make()
    await one.send(b"hello")
    assert one.sent == 5
    assert await other.receive(100) == b"hello"
    one.close()
    other.close()
