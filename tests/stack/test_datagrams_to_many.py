"""Broadcast and multicast between modules and programs of this machine."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import trio

from espat.stack.address import Address
from espat.stack.host_network import own_address
from tests.network import UdpPeer, expect, soon
from tests.stations import OWN, around
from tests.texts import JOIN, OK, PROMPT
from tests.workbench import Workbench, modules, run

GROUP = "239.73.12.9"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("0.0.0.0", 0))
        return int(probe.getsockname()[1])


@contextmanager
def member(group: str, port: int = 0) -> Iterator[trio.socket.SocketType]:
    """A program of this machine that has joined a group on loopback."""
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(
            socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton("127.0.0.1")
        )
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        yield sock


async def joined(*benches: Workbench) -> None:
    for bench in benches:
        await run(bench, b"AT+CWMODE=1", b"AT+CIPDINFO=1")
        assert (await bench.command(JOIN)).endswith(OK)


async def send(bench: Workbench, data: bytes) -> None:
    assert await bench.command(b"AT+CIPSEND=%d" % len(data)) == PROMPT
    bench.port.send(data)
    await soon(bench.port.read_until(b"SEND OK\r\n"))


async def open_udp(bench: Workbench, peer: str, port: int, local_port: int) -> None:
    assert await bench.command(b'AT+CIPSTART="UDP","%b",%d,%d' % (peer.encode(), port, local_port)) == (
        b"CONNECT\r\n" + OK
    )


async def test_a_broadcast_reaches_the_programs_that_listen_on_all_addresses_once() -> None:
    async with UdpPeer("0.0.0.0") as peer, UdpPeer("0.0.0.0") as mapped, UdpPeer() as deaf:
        world = around({f"192.168.3.104:{peer.port}": f"127.0.0.1:{mapped.port}", "192.168.4.9": "127.0.0.1:9"})
        async with modules(2, world) as (one, other):
            await joined(one, other)
            await open_udp(other, "192.168.3.255", peer.port, peer.port)
            await open_udp(one, "192.168.3.255", peer.port, 2000)
            await send(one, b"first")
            await send(one, b"second")
            sender = (await peer.receive())[1]
            assert sender[0] == OWN
            assert await peer.receive() == (b"second", sender)
            assert [await mapped.receive() for _ in range(2)] == [(b"first", sender), (b"second", sender)]
            await expect(
                other,
                b'\r\n+IPD,5,"192.168.3.112",2000:first\r\n\r\n+IPD,6,"192.168.3.112",2000:second\r\n',
            )
            assert await one.settle() == b""
            await deaf.send(b"x", deaf.port, "127.0.0.1")
            assert (await deaf.receive())[0] == b"x"  # and nothing before it


async def test_a_broadcast_of_a_program_reaches_the_modules_that_listen_on_its_port() -> None:
    port = free_port()
    async with UdpPeer() as program, modules(3, around()) as (one, other, elsewhere):
        program.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        await joined(one, other, elsewhere)
        await open_udp(one, "192.168.3.102", program.port, port)
        await open_udp(other, "192.168.3.255", port, port)
        await open_udp(elsewhere, "192.168.3.102", program.port, free_port())
        await program.send(b"all of you", port, "127.255.255.255")
        arrived = b'\r\n+IPD,10,"192.168.3.102",%d:all of you\r\n' % program.port
        for bench in (one, other):
            await expect(bench, arrived)
        await send(other, b"from other")  # comes back to this machine too
        for bench in (one, other):
            await program.send(b"the end", port, str(own_address(Address(OWN), bench.module.number)))
        origin = b'"192.168.3.102",%d' % program.port
        await expect(one, b'\r\n+IPD,10,"192.168.3.113",%d:from other\r\n' % port)
        for bench in (one, other):
            await expect(bench, b"\r\n+IPD,7,%b:the end\r\n" % origin)
        assert await elsewhere.settle() == b""


async def test_a_group_of_modules_and_programs() -> None:
    port = free_port()
    with member(GROUP) as program:
        await program.bind((GROUP, port))
        async with modules(2, around()) as (one, other):
            await joined(one, other)
            for bench in (one, other):
                await open_udp(bench, GROUP, port, port)
            await send(one, b"from one")
            data, sender = await soon(program.recvfrom(100))
            assert (data, sender) == (b"from one", (OWN, port))
            with member(GROUP) as speaker:
                await speaker.bind(("127.0.0.1", 0))
                await speaker.sendto(b"from a program", (GROUP, port))
                origin = b'"192.168.3.102",%d' % speaker.getsockname()[1]
                await expect(one, b"\r\n+IPD,14,%b:from a program\r\n" % origin)  # and not its own datagram before it
                await expect(
                    other,
                    b'\r\n+IPD,8,"192.168.3.112",%d:from one\r\n' % port
                    + b"\r\n+IPD,14,%b:from a program\r\n" % origin,
                )
