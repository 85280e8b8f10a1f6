"""Two modules of one simulation exchange data: TCP and UDP in memory, in stepped time."""

import re
from random import Random

import pytest

from tests.stations import on_one_softap
from tests.texts import CONNECTED, ERROR, JOIN, JOIN_LAB, JOINED, LOST, OK, OPENED, PROMPT, READY, SENT
from tests.workbench import Workbench, modules, run

CONNECT = b'AT+CIPSTART=0,"TCP","192.168.4.1",333'
OPENED_0 = b"0," + OPENED


def payload(printed: bytes, number: int = 0) -> bytes:
    """The data of the +IPD messages of one link, which is all that was printed."""
    data, at = b"", 0
    while at < len(printed):
        found = re.compile(rb"\r\n\+IPD,%d,(\d+):" % number).match(printed, at)
        assert found is not None, printed[at : at + 80]
        end = found.end() + int(found[1])
        assert printed[end : end + 2] == b"\r\n"
        data += printed[found.end() : end]
        at = end + 2
    return data


async def send(bench: Workbench, data: bytes, command: bytes = b"AT+CIPSEND=0,%d") -> None:
    """Send with success and without another word."""
    assert await bench.command(command % len(data)) == PROMPT
    assert await bench.send(data) == b"\r\nRecv %d bytes\r\n" % len(data) + SENT


async def connected_pair(server: Workbench, client: Workbench) -> None:
    """The client has link 0 to the server at 192.168.4.1, where it is link 0 too."""
    await run(server, b"AT+CIPSERVER=1,333")
    assert await client.command(CONNECT) == OPENED_0
    assert server.port.read() == b"0,CONNECT\r\n"


async def test_a_megabyte_each_way_in_blocks_of_any_size() -> None:
    random = Random(1)
    async with on_one_softap(b"AT+CIPMUX=1") as (server, client):
        await connected_pair(server, client)
        for sender, receiver in ((client, server), (server, client)):
            left = random.randbytes(2**20)
            while left:
                block, left = left[: (size := random.randint(1, 8192))], left[size:]
                await send(sender, block)
                assert payload(receiver.port.read()) == block


async def test_a_reader_that_stops_stops_the_sender_and_loses_nothing() -> None:
    data = Random(2).randbytes(6 * 8192)
    async with on_one_softap(b"AT+CIPMUX=1", capacity=4096) as (server, client):
        await run(server, b"AT+CIPSERVER=1,333")
        assert await client.command(CONNECT) == OPENED_0
        client_sent = 0
        for _ in range(5):
            assert await client.command(b"AT+CIPSEND=0,8192") == PROMPT
            printed = await client.send(data[client_sent : client_sent + 8192])
            client_sent += 8192
            if printed != b"\r\nRecv 8192 bytes\r\n" + SENT:
                break
        assert printed == b"\r\nRecv 8192 bytes\r\n"  # it waits
        assert await client.command(b"AT") == b"\r\nbusy p...\r\n"
        received = b""
        while more := await server.settle():
            received += more
        assert payload(received.removeprefix(b"0,CONNECT\r\n")) == data[:client_sent]
        assert await client.settle() == SENT


async def test_both_ends_show_each_other() -> None:
    async with on_one_softap(b"AT+CIPMUX=1", b"AT+CIPDINFO=1") as (server, client):
        await run(server, b"AT+SYSMSG=2", b"AT+CIPSERVER=1,333")
        await run(client, b"AT+SYSMSG=2")
        printed = await client.command(CONNECT)
        assert printed == b'+LINK_CONN:0,0,"TCP",0,"192.168.4.1",333,49152\r\n' + OK
        assert await server.settle() == b'+LINK_CONN:0,0,"TCP",1,"192.168.4.2",49152,333\r\n'
        assert await client.command(b"AT+CIPSTATE?") == b'+CIPSTATE:0,"TCP","192.168.4.1",333,49152,0\r\n' + OK
        assert await server.command(b"AT+CIPSTATE?") == b'+CIPSTATE:0,"TCP","192.168.4.2",49152,333,1\r\n' + OK
        await send(client, b"hi")
        assert server.port.read() == b'\r\n+IPD,0,2,"192.168.4.2",49152:hi\r\n'
        await send(server, b"ho")
        assert client.port.read() == b'\r\n+IPD,0,2,"192.168.4.1",333:ho\r\n'


@pytest.mark.parametrize("closing", [b"AT+CIPCLOSE=0", b"AT+CIPCLOSE=5"])
async def test_either_end_may_close(closing: bytes) -> None:
    async with on_one_softap(b"AT+CIPMUX=1") as pair:
        for one, other in (pair, pair[::-1]):
            await connected_pair(*pair)
            await send(one, b"last")
            assert await one.command(closing) == b"0,CLOSED\r\n" + OK
            assert await other.settle() == b"\r\n+IPD,0,4:last\r\n0,CLOSED\r\n"
            await run(pair[0], b"AT+CIPSERVER=0")


async def test_linger_0_resets_and_loses_what_is_under_way() -> None:
    async with on_one_softap(b"AT+CIPMUX=1", b"AT+CIPTCPOPT=0,0,0,0") as (server, client):
        await connected_pair(server, client)
        assert await client.command(b"AT+CIPCLOSE=0") == b"0,CLOSED\r\n" + OK
        assert await server.settle() == b"0,CLOSED\r\n"


@pytest.mark.parametrize(
    ("line", "errno"),
    [
        (b'AT+CIPSTART=0,"TCP","192.168.4.1",334', b"+ERRNO:0x68\r\n"),  # refused
        (b'AT+CIPSTART=0,"TCP","192.168.4.77",333', b"+ERRNO:0x71\r\n"),  # nobody there
        (b'AT+CIPSTART=0,"TCP","8.8.8.8",333', b"+ERRNO:0x71\r\n"),  # no way out of a softAP
        (b'AT+CIPSTART=0,"TCP","nobody.invalid",333', b"+ERRNO:0xca\r\n"),  # nobody knows names
    ],
)
async def test_connections_that_fail(line: bytes, errno: bytes) -> None:
    async with on_one_softap(b"AT+CIPMUX=1", b"AT+SYSLOG=1") as (server, client):
        await run(server, b"AT+CIPSERVER=1,333")
        assert await client.command(line) == errno + ERROR
        assert await server.settle() == b""


async def test_a_softap_cannot_look_up_names_but_knows_the_entries_of_the_world() -> None:
    async with modules(1) as (bench,):
        await run(bench, b"AT+CWMODE=2")
        assert await bench.command(b'AT+CIPDOMAIN="nobody.invalid"') == ERROR


async def test_a_module_talks_to_itself() -> None:
    async with on_one_softap(b"AT+CIPMUX=1") as (server, _):
        await run(server, b"AT+CIPSERVER=1,333")
        assert await server.command(CONNECT) == b"1,CONNECT\r\n0,CONNECT\r\n" + OK
        assert await server.command(b"AT+CIPSTATE?") == (
            b'+CIPSTATE:0,"TCP","192.168.4.1",333,49152,0\r\n+CIPSTATE:1,"TCP","192.168.4.1",49152,333,1\r\n' + OK
        )
        assert await server.command(b"AT+CIPSEND=0,3") == PROMPT
        printed = await server.send(b"abc")
        assert printed.startswith(b"\r\nRecv 3 bytes\r\n")
        assert printed.replace(SENT, b"", 1) == b"\r\nRecv 3 bytes\r\n\r\n+IPD,1,3:abc\r\n"
        assert await server.command(b"AT+CIPCLOSE=1") == b"1,CLOSED\r\n" + OK + b"0,CLOSED\r\n"


async def test_two_modules_on_the_same_access_point() -> None:
    async with modules(2) as (one, other):
        for number, bench in enumerate((one, other)):
            await run(bench, b"AT+CWMODE=1", b"AT+CIPMUX=1")
            assert await bench.command(JOIN) == JOINED
            assert b'ip:"192.168.3.%d"' % (112 + number) in await bench.command(b"AT+CIPSTA?")
        await run(other, b"AT+CIPSERVER=1,80")
        assert await one.command(b'AT+CIPSTART=3,"TCP","192.168.3.113",80') == b"3,CONNECT\r\n" + OK
        assert await other.settle() == b"0,CONNECT\r\n"
        await send(one, b"to other", b"AT+CIPSEND=3,%d")
        assert payload(other.port.read()) == b"to other"
        await send(other, b"to one")
        assert payload(one.port.read(), 3) == b"to one"
        assert await one.command(b"AT+CWQAP") == LOST + b"3,CLOSED\r\n" + OK
        assert await other.settle() == b""  # nobody has told it


# Ends that nobody is told of


async def test_a_link_to_a_module_that_has_gone_stays_until_something_is_sent_to_who_is_there_now() -> None:
    async with on_one_softap(b"AT+CIPMUX=1") as (server, client):
        await connected_pair(server, client)
        assert await client.command(b"AT+CWQAP") == LOST + b"0,CLOSED\r\n" + OK
        assert (await server.settle()).startswith(b"+STA_DISCONNECTED:")
        await send(server, b"into the void")
        assert (await server.command(b"AT+CIPSTATE?")).startswith(b'+CIPSTATE:0,"TCP","192.168.4.2"')
        assert await client.command(JOIN_LAB) == JOINED
        assert (await server.settle()).endswith(b'"192.168.4.2"\r\n')
        assert await server.command(b"AT+CIPSEND=0,4") == PROMPT
        assert await server.send(b"here") == b"\r\nRecv 4 bytes\r\n" + SENT + b"0,CLOSED\r\n"


async def test_what_nobody_acknowledges_ends_a_link_at_last() -> None:
    async with on_one_softap(b"AT+CIPMUX=1") as (server, client):
        await connected_pair(server, client)
        client.module.power_off()
        assert await server.settle() == b""
        assert await server.advance(250) == b""
        await send(server, b"anybody there")
        await run(server, b"AT+CWCONFIG=3600")
        printed = await server.advance(127)
        assert printed.endswith(b"0,CLOSED\r\n")


async def test_keep_alive_notices_that_the_peer_has_gone() -> None:
    async with on_one_softap(b"AT+CIPMUX=1", b"AT+CIPTCPOPT=0,-1,0,0,20") as (server, client):
        await connected_pair(server, client)
        client.module.power_off()
        assert await server.advance(22.9) == b""
        assert await server.advance(0.1) == b"0,CLOSED\r\n"


async def test_the_idle_limit_notices_too() -> None:
    async with on_one_softap(b"AT+CIPMUX=1") as (server, client):
        await connected_pair(server, client)
        await run(server, b"AT+CIPSTO=30")
        client.module.power_off()
        assert await server.advance(29.9) == b""
        assert await server.advance(0.1) == b"0,CLOSED\r\n"


async def test_a_link_that_outlives_the_network_meets_a_server_that_does_not_know_it() -> None:
    async with on_one_softap(b"AT+CIPMUX=1", b"AT+CIPCONNPERSIST=0,1") as (server, client):
        await connected_pair(server, client)
        assert (await server.command(b"AT+RST")).endswith(READY)
        assert await client.settle() == LOST
        assert await client.advance(1) == CONNECTED
        assert await client.command(b"AT+CIPSEND=0,5") == PROMPT
        assert await client.send(b"hello") == b"\r\nRecv 5 bytes\r\n" + SENT + b"0,CLOSED\r\n"


# UDP


def arrived(sender: bytes, port: int, data: bytes, number: int = 0) -> bytes:
    return b'\r\n+IPD,%d,%d,"%b",%d:%b\r\n' % (number, len(data), sender, port, data)


async def open_udp(bench: Workbench, peer: bytes, port: int, local: bytes = b"", number: int = 0) -> None:
    line = b'AT+CIPSTART=%d,"UDP","%b",%d%b' % (number, peer, port, local)
    assert await bench.command(line) == b"%d,CONNECT\r\n" % number + OK


@pytest.mark.parametrize("follows", [0, 1, 2])
async def test_udp_and_whom_it_follows(follows: int) -> None:
    async with on_one_softap(b"AT+CIPMUX=1", b"AT+CIPDINFO=1", count=4) as (softap, first, second, third):
        await open_udp(softap, b"192.168.4.2", 1000, b",2000,%d" % follows)
        senders = (b"192.168.4.2", b"192.168.4.3", b"192.168.4.4")
        for bench in (first, second, third):
            await open_udp(bench, b"192.168.4.1", 2000, b",1000")
        heard = []
        for address, bench in zip((*senders, senders[1]), (first, second, third, second), strict=True):
            await send(bench, b"to softAP")
            assert softap.port.read() == arrived(address, 1000, b"to softAP")
            await send(softap, b"back")
            printed = [each.port.read() for each in (first, second, third)]
            (receiver,) = [number for number, data in enumerate(printed) if data]
            assert printed[receiver] == arrived(b"192.168.4.1", 2000, b"back")
            heard.append(receiver)
        assert heard == {0: [0, 0, 0, 0], 1: [0, 1, 1, 1], 2: [0, 1, 2, 1]}[follows]


async def test_a_udp_link_finds_a_peer_that_comes_later_and_one_that_comes_back() -> None:
    async with on_one_softap(b"AT+CIPMUX=1", b"AT+CIPDINFO=1") as (softap, station):
        await open_udp(softap, b"192.168.4.2", 1000, b",2000")
        await send(softap, b"nobody listens")
        await open_udp(station, b"192.168.4.1", 2000, b",1000")
        await send(softap, b"now")
        assert station.port.read() == arrived(b"192.168.4.1", 2000, b"now")
        assert await station.command(b"AT+CWQAP") == LOST + OK
        assert (await softap.settle()).startswith(b"+STA_DISCONNECTED:")
        await send(softap, b"gone")
        assert await station.command(JOIN_LAB) == JOINED
        softap.port.read()
        await send(softap, b"again")
        assert station.port.read() == arrived(b"192.168.4.1", 2000, b"again")


@pytest.mark.parametrize("address", [b"255.255.255.255", b"192.168.4.255"])
async def test_a_broadcast_reaches_every_module_of_the_subnet_that_listens_and_not_its_sender(address: bytes) -> None:
    async with on_one_softap(b"AT+CIPMUX=1", b"AT+CIPDINFO=1", count=4) as (softap, first, second, third):
        for bench in (softap, first, second):
            await open_udp(bench, address, 1000, b",1000")
        await open_udp(third, address, 1000, b",1001")
        await send(first, b"all")
        for bench, printed in ((softap, True), (first, False), (second, True), (third, False)):
            assert await bench.settle() == arrived(b"192.168.4.2", 1000, b"all") * printed


async def test_multicast_reaches_the_members_of_the_group() -> None:
    async with on_one_softap(b"AT+CIPMUX=1", b"AT+CIPDINFO=1", count=4) as (softap, first, second, third):
        for bench in (softap, first, second):
            await open_udp(bench, b"239.1.2.3", 1000, b",1000")
        await open_udp(third, b"239.1.2.4", 1000, b",1000")
        await send(softap, b"group")
        for bench, member in ((softap, False), (first, True), (second, True), (third, False)):
            assert await bench.settle() == arrived(b"192.168.4.1", 1000, b"group") * member
