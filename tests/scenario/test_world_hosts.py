"""The hosts of the world: peers in memory, in stepped time."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from trio.testing import wait_all_tasks_blocked

from espat.scenario.hosts.world_host import WorldHost
from espat.scenario.reading.world_reader import read_world
from espat.scenario.services.peer import TcpPeer, UdpPeer
from espat.scenario.services.streams import ENDLESS_RATE, PATTERN
from espat.stack.address import Address
from espat.stack.endpoint import Endpoint
from espat.stack.errors import LWIP_ABORTED, LWIP_RESET, NetworkError
from tests.texts import ERROR, JOIN, JOINED, OK, PROMPT
from tests.workbench import Workbench, modules, run, workbench

NEAR: dict[str, Any] = {"address": "192.168.3.50", "name": "near.example"}
FAR: dict[str, Any] = {"address": "203.0.113.5", "name": "far.example"}


def document(*serves: str, **more: Any) -> dict[str, Any]:
    """A world with a host on the network of the access point and one beyond it, both of which serve this."""
    return {"host": [NEAR | {"serves": list(serves)}, FAR | {"serves": list(serves)}], **more}


@asynccontextmanager
async def joined(*serves: str, count: int = 1, **more: Any) -> AsyncIterator[Sequence[Workbench]]:
    """Modules that have joined the access point, with several links and the sender of data shown."""
    async with modules(count, read_world(document(*serves, **more), "w")) as benches:
        for bench in benches:
            await run(bench, b"AT+CWMODE=1", b"AT+CIPMUX=1", b"AT+CIPDINFO=1", b"AT+SYSLOG=1")
            assert await bench.command(JOIN) == JOINED
        yield benches


async def connect(bench: Workbench, host: bytes, port: int, number: int = 0) -> None:
    printed = await bench.command(b'AT+CIPSTART=%d,"TCP","%b",%d' % (number, host, port))
    assert printed == b"%d,CONNECT\r\n" % number + OK


async def send(bench: Workbench, data: bytes, number: int = 0) -> bytes:
    """Send on a link; returns what is printed behind SEND OK."""
    assert await bench.command(b"AT+CIPSEND=%d,%d" % (number, len(data))) == PROMPT
    sent = b"\r\nRecv %d bytes\r\n\r\nSEND OK\r\n" % len(data)
    printed = await bench.send(data)
    assert printed.startswith(sent)
    return printed[len(sent) :]


def arrived(address: str, port: int, data: bytes, number: int = 0) -> bytes:
    return b'\r\n+IPD,%d,%d,"%b",%d:%b\r\n' % (number, len(data), address.encode(), port, data)


def tcp_peer(bench: Workbench, port: int = 80, host: str = "near.example") -> TcpPeer:
    return bench.simulation.host(host).service(TcpPeer, port)


@pytest.mark.parametrize("host", [NEAR, FAR])
async def test_a_host_has_a_name_answers_a_ping_and_serves(host: dict[str, Any]) -> None:
    address, name = host["address"].encode(), host["name"].encode()
    async with joined("tcp-echo 7", "udp-echo 7") as (bench,):
        for known in (address, name, name.upper()):
            assert await bench.command(b'AT+CIPDOMAIN="%b"' % known) == b'+CIPDOMAIN:"%b"\r\n' % address + OK
            assert await bench.command(b'AT+PING="%b"' % known) == b"+PING:1\r\n" + OK
            await connect(bench, known, 7)
            assert await send(bench, b"to tcp") == arrived(host["address"], 7, b"to tcp")
            assert await bench.command(b"AT+CIPCLOSE=0") == b"0,CLOSED\r\n" + OK
            assert await bench.command(b'AT+CIPSTART=1,"UDP","%b",7' % known) == b"1,CONNECT\r\n" + OK
            assert await send(bench, b"to udp", 1) == arrived(host["address"], 7, b"to udp", 1)
            assert await bench.command(b"AT+CIPCLOSE=1") == b"1,CLOSED\r\n" + OK
        assert await bench.command(b'AT+CIPSTART=0,"TCP","%b",8' % name) == b"+ERRNO:0x68\r\n" + ERROR


async def test_without_a_network_nobody_can_be_reached() -> None:
    async with modules(1, read_world(document("tcp-echo"), "w")) as (bench,):
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(b'AT+PING="near.example"') == ERROR
        assert await bench.command(b'AT+CIPSTART="TCP","near.example",7') == ERROR


async def test_a_softap_has_no_way_to_the_hosts_of_the_world() -> None:
    async with modules(1, read_world(document("tcp-echo"), "w")) as (bench,):
        await run(bench, b"AT+CWMODE=2")
        for host in (b"near.example", b"far.example", b"203.0.113.5"):
            assert await bench.command(b'AT+CIPSTART="TCP","%b",7' % host) == ERROR


async def test_offline_they_are_there() -> None:
    world = read_world(document("tcp-echo"), "w")
    object.__setattr__(world, "offline", True)
    async with modules(1, world) as (bench,):
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b'AT+CIPSTART="TCP","far.example",7') == b"CONNECT\r\n" + OK


async def test_an_entry_of_hosts_comes_first() -> None:
    async with joined("tcp-echo", hosts={"near.example": "127.0.0.9"}) as (bench,):
        assert await bench.command(b'AT+CIPDOMAIN="near.example"') == b'+CIPDOMAIN:"127.0.0.9"\r\n' + OK


async def test_a_host_on_the_network_of_another_access_point_is_out_of_reach() -> None:
    points = [{"ssid": "espressif", "password": "1234567890"}, {"ssid": "other", "subnet": "10.0.0.0/24"}]
    async with joined("tcp-echo", access_point=points, hosts={"192.168.3.50:8": "127.0.0.1"}) as (bench,):
        await run(bench, b"AT+CIPDINFO=0")
        assert (await bench.command(b'AT+CWJAP="other"')).endswith(OK)
        (_, lan) = bench.simulation.lans.values()
        assert list(lan.hosts) == [Address("203.0.113.5")]
        await connect(bench, b"far.example", 7)


async def test_modules_with_one_address_on_two_networks_get_their_own_answers() -> None:
    points = [{"ssid": "one"}, {"ssid": "other"}]
    async with modules(2, read_world(document("udp-echo", access_point=points), "w")) as benches:
        for bench, ssid in zip(benches, (b"one", b"other"), strict=True):
            await run(bench, b"AT+CWMODE=1")
            assert await bench.command(b'AT+CWJAP="%b"' % ssid) == JOINED
            assert b'"192.168.3.112"' in await bench.command(b"AT+CIPSTA?")
        for host in (b"far.example", b"near.example"):
            for bench, data in zip(benches, (b"one", b"other"), strict=True):
                assert await bench.command(b'AT+CIPSTART="UDP","%b",7,1000' % host) == b"CONNECT\r\n" + OK
                assert await bench.command(b"AT+CIPSEND=%d" % len(data)) == PROMPT
                assert (await bench.send(data)).endswith(b"\r\n+IPD,%d:%b\r\n" % (len(data), data))
                assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
            assert [await bench.settle() for bench in benches] == [b"", b""]


async def test_dhcp_never_gives_the_address_of_a_host() -> None:
    taken = document()["host"][0] | {"address": "192.168.3.113"}
    async with joined(count=2, host=[taken]) as (_, other):
        assert b'ip:"192.168.3.114"' in await other.command(b"AT+CIPSTA?")


async def test_a_module_that_takes_the_address_of_a_host_gives_it_back() -> None:
    async with joined("tcp-echo", count=2) as (one, other):
        assert (await one.command(b'AT+CIPSTA="192.168.3.50"')).endswith(OK)
        assert await other.command(b'AT+CIPSTART=0,"TCP","near.example",7') == b"+ERRNO:0x68\r\n" + ERROR
        await one.command(b"AT+CWQAP")
        await connect(other, b"near.example", 7)


async def test_a_broadcast_reaches_the_hosts_of_the_subnet() -> None:
    async with joined("udp-echo 7", "udp-peer 9") as (bench,):
        for address in (b"255.255.255.255", b"192.168.3.255"):
            assert await bench.command(b'AT+CIPSTART=0,"UDP","%b",7,1000,2' % address) == b"0,CONNECT\r\n" + OK
            assert await send(bench, b"who is there") == arrived("192.168.3.50", 7, b"who is there")
            assert await bench.command(b"AT+CIPCLOSE=0") == b"0,CLOSED\r\n" + OK
        assert await bench.command(b'AT+CIPSTART=0,"UDP","239.1.2.3",7') == b"0,CONNECT\r\n" + OK
        assert await send(bench, b"members only") == b""


# The services


async def test_discard_reads_and_says_nothing() -> None:
    async with joined("tcp-discard") as (bench,):
        await connect(bench, b"near.example", 9)
        for _ in range(4):
            assert await send(bench, bytes(8192)) == b""


async def test_source_sends_its_pattern() -> None:
    async with joined("tcp-source count=200", "tcp-source 20 count=0") as (bench,):
        assert await bench.command(b'AT+CIPSTART=0,"TCP","near.example",19') == (
            b"0,CONNECT\r\n" + OK + arrived("192.168.3.50", 19, PATTERN[:200]) + b"0,CLOSED\r\n"
        )
        assert await bench.command(b'AT+CIPSTART=0,"TCP","near.example",20') == b"0,CONNECT\r\n" + OK + b"0,CLOSED\r\n"
    assert PATTERN[:74] == b" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg\r\n"
    assert PATTERN[74:77] == b'!"#'
    assert len(PATTERN) == 95 * 74


async def test_a_source_without_end_waits_for_its_reader() -> None:
    async with joined("tcp-source") as (bench,):
        await run(bench, b"AT+CIPRECVTYPE=0,1")
        printed = await bench.command(b'AT+CIPSTART=0,"TCP","near.example",19')
        assert printed.startswith(b"0,CONNECT\r\n" + OK + b"\r\n+IPD,0,")
        taken = b""
        while len(taken) < 20000:
            head, _, data = (await bench.command(b"AT+CIPRECVDATA=0,2000")).partition(b'"192.168.3.50",19,')
            length = int(head.removeprefix(b"+CIPRECVDATA:").rstrip(b","))
            taken += data[:length]
            await bench.advance(len(PATTERN) / ENDLESS_RATE)
        assert taken == (PATTERN * 3)[: len(taken)]


async def test_a_source_without_end_lets_time_pass() -> None:
    async with joined("tcp-source") as (bench,):
        printed = await bench.command(b'AT+CIPSTART=0,"TCP","near.example",19')
        printed += await bench.advance(0.1)
        received = sum(map(int, re.findall(rb"\r\n\+IPD,0,(\d+),", printed)))
        assert received // len(PATTERN) == round(0.1 * ENDLESS_RATE) // len(PATTERN) + 1
        await bench.command(b"AT+CIPCLOSE=0")
        assert await bench.advance(1) == b""


async def test_silent_accepts_and_then_reads_no_more_than_the_window() -> None:
    async with joined("tcp-silent 80") as (bench,):
        await connect(bench, b"near.example", 80)
        assert await send(bench, bytes(5760)) == b""
        assert await bench.command(b"AT+CIPSEND=0,1") == PROMPT
        assert await bench.send(b"x") == b"\r\nRecv 1 bytes\r\n"  # and waits
    async with joined("tcp-silent 80") as (bench,):
        await connect(bench, b"near.example", 80)
        assert await bench.command(b"AT+CIPCLOSE=0") == b"0,CLOSED\r\n" + OK
        assert not bench.simulation.host("near.example").connections


async def test_refuse_refuses() -> None:
    async with joined("tcp-refuse 80") as (bench,):
        assert await bench.command(b'AT+CIPSTART=0,"TCP","near.example",80') == b"+ERRNO:0x68\r\n" + ERROR


# What scenario code does


async def test_a_peer_accepts_receives_sends_and_closes() -> None:
    async with joined("tcp-peer 80") as (bench,):
        await connect(bench, b"near.example", 80)
        connection = await tcp_peer(bench).accept()
        assert connection.client == Endpoint(Address("192.168.3.112"), 49152)
        await send(bench, b"GET /\r\n")
        assert await connection.receive(5) == b"GET /"
        await connection.send(b"nothing here")
        assert await bench.settle() == arrived("192.168.3.50", 80, b"nothing here")
        connection.close()
        assert await bench.settle() == b"0,CLOSED\r\n"
        assert await connection.receive(5) == b"\r\n"
        assert connection.ended


async def test_a_peer_notices_the_end_and_may_reset() -> None:
    async with joined("tcp-peer 80") as (bench,):
        peer = tcp_peer(bench)
        for number in range(2):
            await connect(bench, b"near.example", 80, number)
        first, second = await peer.accept(), await peer.accept()
        assert await bench.command(b"AT+CIPCLOSE=0") == b"0,CLOSED\r\n" + OK
        assert first.ended
        with pytest.raises(NetworkError):
            await first.send(b"too late")
        second.reset()
        assert await bench.settle() == b"1,CLOSED\r\n"
        assert second.ended


async def test_a_peer_that_pauses_stops_the_sender() -> None:
    async with joined("tcp-peer 80") as (bench,):
        await connect(bench, b"near.example", 80)
        connection = await tcp_peer(bench).accept()
        connection.pause()
        assert await bench.command(b"AT+CIPSEND=0,8192") == PROMPT
        for _ in range(2):  # it was reading already
            printed = await bench.send(bytes(8192))
            if not printed.endswith(b"SEND OK\r\n"):
                break
            assert await bench.command(b"AT+CIPSEND=0,8192") == PROMPT
        assert printed == b"\r\nRecv 8192 bytes\r\n"
        connection.go_on()
        assert await bench.settle() == b"\r\nSEND OK\r\n"


async def test_a_udp_peer_takes_and_sends() -> None:
    async with joined("udp-peer 5000") as (bench,):
        for name, address in (("near.example", "192.168.3.50"), ("far.example", "203.0.113.5")):
            peer = bench.simulation.host(name).service(UdpPeer, 5000)
            line = b'AT+CIPSTART=0,"UDP","%b",5000,1112' % name.encode()
            assert await bench.command(line) == b"0,CONNECT\r\n" + OK
            before = arrived(address, 5000, b"first") if name == "near.example" else b""
            peer.send(b"first", Endpoint(Address("192.168.3.112"), 1112))  # nobody gets in from the internet
            assert await bench.settle() == before
            assert await send(bench, b"hello") == b""
            datagram = await peer.take()
            assert datagram == (b"hello", Endpoint(Address("192.168.3.112"), 1112))
            peer.send(b"hello yourself", datagram.sender)
            assert await bench.settle() == arrived(address, 5000, b"hello yourself")
            assert await bench.command(b"AT+CIPCLOSE=0") == b"0,CLOSED\r\n" + OK


async def test_a_host_connects_to_a_module_of_its_network() -> None:
    async with joined() as (bench,):
        near, far = bench.simulation.hosts
        with pytest.raises(NetworkError) as raised:
            near.connect(Address("192.168.3.112"), 333)
        assert raised.value.errno == LWIP_RESET
        await run(bench, b"AT+CIPSERVER=1,333")
        connection = near.connect(Address("192.168.3.112"), 333)
        assert await bench.settle() == b"0,CONNECT\r\n"
        await connection.send(b"hello")
        assert await bench.settle() == arrived("192.168.3.50", 49152, b"hello")
        await send(bench, b"hi")
        assert await connection.receive(2) == b"hi"
        for host, address in ((far, "192.168.3.112"), (near, "192.168.3.99")):
            with pytest.raises(NetworkError) as raised:
                host.connect(Address(address), 333)
            assert raised.value.errno == LWIP_ABORTED


@pytest.mark.parametrize("host", [NEAR, FAR])
async def test_a_host_that_has_no_power_is_silent_until_it_has(host: dict[str, Any]) -> None:
    name = host["name"].encode()
    async with joined("tcp-echo", "udp-echo") as (bench,):
        it = bench.simulation.host(host["name"])
        await connect(bench, name, 7)
        assert await bench.command(b'AT+CIPSTART=1,"UDP","%b",7' % name) == b"1,CONNECT\r\n" + OK
        it.stop()
        assert await bench.settle() == b""  # nothing tells the module
        assert await send(bench, b"anybody") == b""
        assert await send(bench, b"anybody", 1) == b""
        assert await bench.command(b'AT+CIPSTART=2,"TCP","%b",7' % name) == b"+ERRNO:0x71\r\n" + ERROR
        assert (
            await bench.command(b'AT+CIPDOMAIN="%b"' % name) == b'+CIPDOMAIN:"%b"\r\n' % host["address"].encode() + OK
        )
        assert await bench.command(b'AT+PING="%b"' % name) == b""
        assert await bench.advance(1.2) == b"+PING:TIMEOUT\r\n" + ERROR
        it.start()
        assert await send(bench, b"again", 1) == arrived(host["address"], 7, b"again", 1)
        assert await send(bench, b"who are you") == b"0,CLOSED\r\n"  # it knows nothing of the connection
        await connect(bench, name, 7, 2)


async def test_a_host_that_refuses_resets_its_connections_and_answers_a_ping() -> None:
    async with joined("tcp-echo", "udp-echo") as (bench,):
        it = bench.simulation.host("192.168.3.50")
        await connect(bench, b"near.example", 7)
        assert await bench.command(b'AT+CIPSTART=1,"UDP","near.example",7') == b"1,CONNECT\r\n" + OK
        it.refuse()
        assert await bench.settle() == b"0,CLOSED\r\n"
        assert await bench.command(b'AT+CIPSTART=0,"TCP","near.example",7') == b"+ERRNO:0x68\r\n" + ERROR
        assert await send(bench, b"lost", 1) == b""
        assert await bench.command(b'AT+PING="near.example"') == b"+PING:1\r\n" + OK
        it.start()
        await connect(bench, b"near.example", 7)


async def test_a_host_forgets_a_module_that_lost_its_power_in_the_end() -> None:
    async with joined("tcp-echo") as (bench,):
        await connect(bench, b"near.example", 7)
        host = bench.simulation.host("near.example")
        assert len(host.connections) == 1
        bench.module.power_off()
        await bench.advance(60)
        assert len(host.connections) == 1
        await bench.advance(127)
        assert not host.connections


async def test_nobody_has_that_name() -> None:
    async with joined() as (bench,):
        assert isinstance(bench.simulation.host("NEAR.example"), WorldHost)
        for name in ("nobody", ""):
            with pytest.raises(KeyError):
                bench.simulation.host(name)
        with pytest.raises(KeyError):
            bench.simulation.host("near.example").service(TcpPeer, 7)


async def test_the_same_run_gives_the_same_bytes() -> None:
    async def session() -> list[bytes]:
        async with joined("tcp-echo", "udp-echo", "tcp-source count=20000", count=3) as benches:
            lines = (b'"TCP","near.example",7', b'"UDP","far.example",7', b'"TCP","far.example",19')
            for number, line in enumerate(lines):
                for bench in benches:
                    bench.port.send(b"AT+CIPSTART=%d,%b\r\n" % (number, line))
                await wait_all_tasks_blocked()
            for chunk in (b"AT+CIPSEND=0,8000\r\n", bytes(8000), b"AT+CIPSTATE?\r\n"):
                for bench in benches:
                    bench.port.send(chunk)
                await wait_all_tasks_blocked()
            return [bench.port.read() for bench in benches]

    printed = await session()
    assert len(printed[0]) > 20000
    for _ in range(3):
        assert await session() == printed


async def test_in_real_timing_the_answer_comes_behind_send_ok() -> None:
    async with workbench(read_world(document("tcp-echo 7"), "w"), profile="real") as bench:
        bench.port.send(b"ATE0\r\n")
        await bench.advance(1)
        for line in (b"AT+CWMODE=1", JOIN, b'AT+CIPSTART="TCP","near.example",7', b"AT+CIPSEND=4"):
            await bench.command(line)
            await bench.advance(10)
        bench.port.send(b"test")
        assert await bench.advance(1) == b"\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n\r\n+IPD,4:test\r\n"
