"""Addresses of the station, DHCP, and names."""

import pytest
import trio

from espat.scenario.world.world import DEFAULT_ACCESS_POINT, AccessPointConfiguration, World
from tests.network import UdpPeer, answer, connected, receive_exactly, soon, tcp_peer
from tests.stations import LOCAL_PORT, PEER, around, station
from tests.texts import ERROR, JOIN, JOINED, LOST, OK, PROMPT
from tests.workbench import Workbench, workbench

GOT_IP = b"WIFI GOT IP\r\n"
DEFAULT_DNS = b'"208.67.222.222","114.114.114.114","8.8.8.8"'


def address(ip: bytes, gateway: bytes, netmask: bytes) -> bytes:
    """What AT+CIPSTA? prints."""
    return (b'+CIPSTA:ip:"%b"\r\n+CIPSTA:gateway:"%b"\r\n+CIPSTA:netmask:"%b"\r\n\r\nOK\r\n') % (ip, gateway, netmask)


NONE = address(b"0.0.0.0", b"0.0.0.0", b"0.0.0.0")
LEASED = address(b"192.168.3.112", b"192.168.3.1", b"255.255.255.0")


async def run(bench: Workbench, *lines: bytes) -> None:
    for line in lines:
        assert (await bench.command(line)).endswith(OK), line


# AT+CIFSR


async def test_addresses_of_the_interfaces_that_are_on() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+CIFSR") == OK
        await run(bench, b"AT+CWMODE=1")
        mac = b'+CIFSR:STAMAC,"24:6f:28:c2:10:00"\r\n'
        assert await bench.command(b"AT+CIFSR") == b'+CIFSR:STAIP,"0.0.0.0"\r\n' + mac + OK
        await run(bench, JOIN)
        sta = b'+CIFSR:STAIP,"192.168.3.112"\r\n' + mac
        assert await bench.command(b"AT+CIFSR") == sta + OK
        await run(bench, b"AT+CWMODE=3")
        softap = b'+CIFSR:APIP,"192.168.4.1"\r\n+CIFSR:APMAC,"24:6f:28:c2:10:01"\r\n'
        assert await bench.command(b"AT+CIFSR") == softap + sta + OK
        await run(bench, b"AT+CWMODE=2")
        assert await bench.command(b"AT+CIFSR") == softap + OK


# AT+CIPSTA and AT+CWDHCP


async def test_the_leased_address_shows_as_long_as_the_station_is_joined() -> None:
    async with workbench() as bench:
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(b"AT+CIPSTA?") == NONE
        await run(bench, JOIN)
        assert await bench.command(b"AT+CIPSTA?") == LEASED
        await run(bench, b"AT+CWQAP")
        assert await bench.command(b"AT+CIPSTA?") == NONE


async def test_a_static_address_shows_without_a_connection_and_makes_dhcp_needless() -> None:
    async with workbench(World(access_points=(DEFAULT_ACCESS_POINT,), timing={"lease": 1000.0})) as bench:
        static = address(b"192.168.3.50", b"192.168.3.1", b"255.255.255.0")
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(b'AT+CIPSTA="192.168.3.50"') == OK
        assert await bench.command(b"AT+CIPSTA?") == static
        assert await bench.command(b"AT+CWDHCP?") == b"+CWDHCP:2\r\nOK\r\n"
        assert await bench.command(JOIN) == JOINED
        assert await bench.command(b"AT+CIPSTA?") == static


async def test_a_static_address_comes_into_force_while_joined() -> None:
    async with workbench() as bench:
        await run(bench, b"AT+CWMODE=1", JOIN)
        line = b'AT+CIPSTA="192.168.3.50","192.168.3.254","255.255.0.0"'
        assert await bench.command(line) == GOT_IP + OK
        assert await bench.command(b"AT+CIPSTA?") == address(b"192.168.3.50", b"192.168.3.254", b"255.255.0.0")
        assert await bench.command(b"AT+CWDHCP?") == b"+CWDHCP:2\r\nOK\r\n"


async def test_the_last_of_dhcp_and_static_address_wins() -> None:
    async with workbench() as bench:
        await run(bench, b"AT+CWMODE=1", JOIN, b'AT+CIPSTA="192.168.3.50"')
        assert await bench.command(b"AT+CWDHCP=1,1") == OK + GOT_IP
        assert await bench.command(b"AT+CIPSTA?") == LEASED
        assert await bench.command(b"AT+CWDHCP=0,1") == OK
        assert await bench.command(b"AT+CWDHCP=1,1") == OK + GOT_IP
        await run(bench, b"AT+CWQAP")
        assert await bench.command(b"AT+CIPSTA?") == NONE


async def test_dhcp_is_switched_for_the_named_interfaces_only() -> None:
    async with workbench() as bench:
        for line, mask in (
            (b"AT+CWDHCP=0,1", 2),
            (b"AT+CWDHCP=1,1", 3),
            (b"AT+CWDHCP=0,2", 1),
            (b"AT+CWDHCP=0,3", 0),
            (b"AT+CWDHCP=1,2", 2),
            (b"AT+CWDHCP=1,0", 2),
            (b"AT+CWDHCP=1,3", 3),
        ):
            assert await bench.command(line) == OK
            assert await bench.command(b"AT+CWDHCP?") == b"+CWDHCP:%d\r\nOK\r\n" % mask


async def test_without_dhcp_and_static_address_there_is_no_address() -> None:
    async with workbench() as bench:
        await run(bench, b"AT+CWMODE=1", JOIN, b"AT+CWDHCP=0,1")
        assert await bench.command(b"AT+RST") == b"\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\nWIFI CONNECTED\r\n"
        assert await bench.advance(100) == b""
        assert await bench.command(b"AT+CWSTATE?") == b'+CWSTATE:1,"espressif"\r\n\r\nOK\r\n'
        assert await bench.command(b"AT+CIPSTA?") == NONE
        assert await bench.command(b'AT+CIPSTA="192.168.3.50"') == GOT_IP + OK
        assert await bench.command(b"AT+CWSTATE?") == b'+CWSTATE:2,"espressif"\r\n\r\nOK\r\n'


async def test_dhcp_switched_off_on_the_way_to_an_address() -> None:
    async with workbench(World(access_points=(DEFAULT_ACCESS_POINT,), timing={"lease": 5.0})) as bench:
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(JOIN) == b"WIFI CONNECTED\r\n"
        assert await bench.advance(5) == GOT_IP + OK
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.advance(1) == LOST + b"WIFI CONNECTED\r\n"
        assert await bench.command(b"AT+CWDHCP=0,1") == OK
        assert await bench.advance(100) == b""


async def test_an_access_point_without_a_dhcp_server_and_a_static_address() -> None:
    point = AccessPointConfiguration(b"espressif", b"1234567890", DEFAULT_ACCESS_POINT.security, dhcp=False)
    async with workbench(World(access_points=(point,))) as bench:
        await run(bench, b"AT+CWMODE=1", b'AT+CIPSTA="192.168.3.50"')
        assert await bench.command(JOIN) == JOINED


async def test_an_address_of_another_subnet_reaches_nobody() -> None:
    world = around({"name.example": "127.0.0.1"})
    async with tcp_peer() as peer, UdpPeer() as udp, station(world, b"AT+CIPMUX=1", b"AT+SYSLOG=1") as bench:
        addresses = (PEER.encode(), b"192.168.3.1", b"10.0.0.1", b"name.example")
        opened = [b'AT+CIPSTART=0,"TCP","%b",%d' % (address, peer.port) for address in addresses]
        assert await answer(bench, b'AT+CIPSTART=4,"UDP","%b",%d,%d' % (PEER.encode(), udp.port, LOCAL_PORT)) == (
            b"4,CONNECT\r\n" + OK
        )
        assert await bench.command(b'AT+CIPSTA="10.0.0.2","10.0.0.1","255.255.255.0"') == GOT_IP + OK
        for line in opened[:3]:
            assert await bench.command(line) == b"+ERRNO:0x71\r\n" + ERROR
        assert await bench.command(opened[3]) == b"+ERRNO:0xca\r\n" + ERROR
        assert await bench.command(b'AT+CIPDOMAIN="name.example"') == ERROR
        assert await bench.command(b'AT+PING="192.168.3.1"') == b""
        assert await bench.advance(1.2) == b"+PING:TIMEOUT\r\n" + ERROR
        assert await bench.command(b"AT+CIPSEND=4,4") == PROMPT
        assert await bench.send(b"lost") == b"\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n"
        assert await bench.command(b"AT+CIPSTATE?") == (
            b'+CIPSTATE:4,"UDP","%b",%d,%d,0\r\n' % (PEER.encode(), udp.port, LOCAL_PORT) + OK
        )
        assert await bench.command(b'AT+CIPSTA="192.168.3.50"') == GOT_IP + OK
        assert await bench.command(b"AT+CIPSEND=4,5") == PROMPT
        assert await bench.send(b"found") == b"\r\nRecv 5 bytes\r\n\r\nSEND OK\r\n"
        assert (await udp.receive())[0] == b"found"
        assert await answer(bench, opened[0]) == b"0,CONNECT\r\n" + OK


async def test_nobody_gets_in_to_an_address_of_another_subnet() -> None:
    async with station(None, b'AT+CIPSTA="10.0.0.2"', b"AT+CIPMUX=1") as bench:
        assert await answer(bench, b"AT+CIPSERVER=1,8080") == OK
        (text,) = (text for _, text in bench.announced if text.startswith("serves tcp"))
        address, _, port = text.rpartition(" ")[2].rpartition(":")
        async with await trio.open_tcp_stream(address, int(port)) as stream:
            assert await receive_exactly(stream, 1) == b""
        assert await bench.settle() == b""


async def test_the_lease_belongs_to_the_mac_address() -> None:
    async with workbench() as bench:
        await run(bench, b"AT+CWMODE=1", JOIN, b'AT+CIPSTAMAC="1a:fe:35:98:d3:7b"', JOIN)
        assert b'ip:"192.168.3.113"' in await bench.command(b"AT+CIPSTA?")
        await run(bench, b'AT+CIPSTAMAC="24:6f:28:c2:10:00"', JOIN)
        assert await bench.command(b"AT+CIPSTA?") == LEASED


async def test_a_changed_address_ends_the_tcp_links() -> None:
    async with connected() as (bench, stream):
        assert await answer(bench, b'AT+CIPSTA="192.168.3.112"') == GOT_IP + OK
        assert await answer(bench, b'AT+CIPSTA="192.168.3.50"') == b"CLOSED\r\n" + GOT_IP + OK
        assert await receive_exactly(stream, 1) == b""


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'AT+CIPSTA="192.168.6"', b"ERR CODE:0x01070001\r\n"),
        (b'AT+CIPSTA="192.168.6.256"', b"ERR CODE:0x01070001\r\n"),
        (b'AT+CIPSTA=""', b"ERR CODE:0x01070001\r\n"),
        (b"AT+CIPSTA=192.168.6.100", b"ERR CODE:0x01080001\r\n"),
        (b"AT+CIPSTA=", b"ERR CODE:0x01080001\r\n"),
        (b'AT+CIPSTA="192.168.6.100","192.168.6.1"', b""),
        (b'AT+CIPSTA="192.168.6.100",,"255.255.255.0"', b""),
        (b'AT+CIPSTA="192.168.6.100","192.168.6.1","x"', b"ERR CODE:0x01070003\r\n"),
        (b'AT+CIPSTA="192.168.6.100","192.168.6.1","255.255.255.0",1', b"ERR CODE:0x01060304\r\n"),
        (b"AT+CIFSR?", b"ERR CODE:0x01090000\r\n"),
        (b"AT+CIPDNS=2", b"ERR CODE:0x01070001\r\n"),
        (b'AT+CIPDNS=1,"x"', b"ERR CODE:0x01070002\r\n"),
        (b'AT+CIPSTA="0.0.0.0"', b""),
        (b'AT+CIPSTA="255.255.255.255"', b""),
        (b'AT+CIPSTA="239.1.2.3"', b""),
        (b'AT+CIPSTA="192.168.6.100","192.168.6.1","255.0.255.0"', b""),
        (b'AT+CIPDNS=1,"9.9.9.9","9.9.9.9"', b""),
        (b'AT+CIPDNS=1,"9.9.9.9",,"9.9.9.9"', b""),
        (b'AT+CIPDNS=1,"1.1.1.1","2.2.2.2","3.3.3.3","4.4.4.4"', b"ERR CODE:0x01060405\r\n"),
        (b'AT+CIPDOMAIN=""', b"ERR CODE:0x01040001\r\n"),
        (b'AT+CIPDOMAIN="' + b"x" * 65 + b'"', b"ERR CODE:0x01040001\r\n"),
        (b'AT+CIPDOMAIN="x",4', b"ERR CODE:0x01070002\r\n"),
        (b'AT+CIPDOMAIN="x",1,60001', b"ERR CODE:0x01070003\r\n"),
        (b'AT+CIPDOMAIN="x"', b""),
    ],
)
async def test_wrong_parameters(line: bytes, code: bytes) -> None:
    async with workbench() as bench:
        await run(bench, b"AT+CWMODE=1", b"AT+SYSLOG=1")
        assert await bench.command(line) == code + ERROR


# AT+CIPDNS


async def test_name_servers() -> None:
    async with workbench() as bench:
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(b"AT+CIPDNS?") == b"+CIPDNS:0," + DEFAULT_DNS + b"\r\n" + OK
        await run(bench, JOIN)
        leased = b'"192.168.3.1","114.114.114.114","8.8.8.8"'
        assert await bench.command(b"AT+CIPDNS?") == b"+CIPDNS:0," + leased + b"\r\n" + OK
        await run(bench, b'AT+CIPDNS=1,"9.9.9.9",,"1.1.1.1"')
        manual = b'+CIPDNS:1,"9.9.9.9","114.114.114.114","1.1.1.1"\r\n' + OK
        assert await bench.command(b"AT+CIPDNS?") == manual
        await run(bench, b"AT+CWQAP", JOIN)
        assert await bench.command(b"AT+CIPDNS?") == manual
        await run(bench, b'AT+CIPDNS=0,"7.7.7.7"')
        assert await bench.command(b"AT+CIPDNS?") == b"+CIPDNS:0," + DEFAULT_DNS + b"\r\n" + OK
        await run(bench, b"AT+CWJAP")
        assert await bench.command(b"AT+CIPDNS?") == b"+CIPDNS:0," + leased + b"\r\n" + OK
        await run(bench, b'AT+CIPDNS=1,"8.8.8.8"')  # the default of another place is no duplicate
        twice = b'+CIPDNS:1,"8.8.8.8","114.114.114.114","8.8.8.8"\r\n'
        assert await bench.command(b"AT+CIPDNS?") == twice + OK
        await run(bench, b"AT+CIPDNS=1")
        assert await bench.command(b"AT+CIPDNS?") == b"+CIPDNS:1," + DEFAULT_DNS + b"\r\n" + OK


# AT+CIPDOMAIN


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (b"peer.example.com", b"192.168.3.102"),
        (b"PEER.example.com", b"192.168.3.102"),
        (b"ports.example.com", b"192.168.3.102"),
        (b"far.example.com", b"203.0.113.7"),
        (b"unnamed.example.com", b"198.51.100.9"),
        (b"192.168.3.77", b"192.168.3.77"),
    ],
)
async def test_names_of_the_world(name: bytes, found: bytes) -> None:
    world = around(
        {
            "peer.example.com": "127.0.0.1",
            "ports.example.com:80": "127.0.0.1:8080",
            "far.example.com": "127.0.0.9",
            "203.0.113.7": "127.0.0.9",
            "unnamed.example.com": "198.51.100.9",
        },
        offline=True,
    )
    async with station(world) as bench:
        for network in (b"", b",1", b",2", b",1,5000", b",,0"):
            line = b'AT+CIPDOMAIN="%b"' % name
            assert await bench.command(line + network) == b'+CIPDOMAIN:"%b"\r\n' % found + OK


async def test_names_that_do_not_resolve() -> None:
    async with station(around(offline=True)) as bench:
        assert await bench.command(b'AT+CIPDOMAIN="nowhere.example.com"') == ERROR
        assert await bench.command(b'AT+CIPDOMAIN="192.168.3.102",3') == ERROR


async def test_the_resolver_of_this_machine() -> None:
    async with station() as bench:
        assert await answer(bench, b'AT+CIPDOMAIN="localhost"') == b'+CIPDOMAIN:"192.168.3.102"\r\n' + OK


async def test_how_long_an_unresolved_name_takes() -> None:
    world = World(hosts={}, timing={"unresolved": 11.0}, offline=True)
    async with station(world) as bench:
        assert await bench.command(b'AT+CIPDOMAIN="nowhere"') == b""
        assert await bench.advance(10.9) == b""
        assert await bench.send(b"AT\r\n") == b"\r\nbusy p...\r\n"
        assert await bench.advance(0.1) == ERROR
        assert await bench.command(b'AT+CIPDOMAIN="nowhere",1,500') == b""
        assert await bench.advance(0.5) == ERROR
        assert await bench.command(b'AT+CIPSTART="TCP","nowhere",80') == b""
        assert await bench.advance(10.9) == b""
        assert await bench.advance(0.1) == ERROR
        assert await bench.command(b'AT+CIPSTART="TCP","nowhere",80,,,500') == b""
        assert await bench.advance(0.5) == ERROR


async def test_a_name_needs_an_address_of_ones_own() -> None:
    async with workbench(around({"peer.example.com": "127.0.0.1"})) as bench:
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(b'AT+CIPDOMAIN="peer.example.com"') == ERROR
        await run(bench, JOIN)
        assert await soon(bench.command(b'AT+CIPDOMAIN="peer.example.com"')) == b'+CIPDOMAIN:"192.168.3.102"\r\n' + OK
