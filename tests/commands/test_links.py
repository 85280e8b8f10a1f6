"""Opening, listing and closing links, with real peers on this machine."""

import pytest
import trio

from espat.scenario.world.world import World
from espat.stack.address import Address
from espat.stack.links import LinkTable
from espat.stack.network import Network
from espat.stack.routing import Route
from espat.stack.stream import Stream
from espat.stack.tcp_options import ConnectionOptions
from tests.network import UdpPeer, answer, closed_port, connected, expect, receive_exactly, tcp_peer
from tests.stations import LOCAL_PORT, around, station
from tests.texts import CONNECTED, ERROR, JOIN, LOST, OK
from tests.workbench import workbench


def local_port(stream: trio.SocketStream) -> int:
    """The module's port of a connection that a peer has accepted."""
    port: int = stream.socket.getpeername()[1]
    return port


# AT+CIPMUX and AT+CIPDINFO


async def test_multiple_links_and_sender_information() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+CIPMUX?") == b"+CIPMUX:0\r\n" + OK
        assert await bench.command(b"AT+CIPDINFO?") == b"+CIPDINFO:false" + OK
        assert await bench.command(b"AT+CIPMUX=1") == OK
        assert await bench.command(b"AT+CIPDINFO=1") == OK
        assert await bench.command(b"AT+CIPMUX?") == b"+CIPMUX:1\r\n" + OK
        assert await bench.command(b"AT+CIPDINFO?") == b"+CIPDINFO:true" + OK
        assert (await bench.command(b"AT+RST")).endswith(b"\r\nready\r\n")
        assert await bench.command(b"AT+CIPMUX?") == b"+CIPMUX:0\r\n" + OK
        assert await bench.command(b"AT+CIPDINFO?") == b"+CIPDINFO:false" + OK


async def test_the_mode_cannot_change_while_there_are_links() -> None:
    async with connected() as (bench, _):
        for line in (b"AT+CIPMUX=1", b"AT+CIPMUX=0"):
            assert await bench.command(line) == ERROR
        assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        assert await bench.command(b"AT+CIPMUX=1") == OK


REFUSED = [
    (b"AT+CIPMUX=2", b"0x01070001"),
    (b"AT+CIPMUX", b"0x01090000"),
    (b"AT+CIPDINFO=true", b"0x01080001"),
    (b"AT+CIPDINFO=2", b"0x01070001"),
    (b"AT+CIPSTATE", b"0x01090000"),
    (b"AT+CIPSTATUS?", b"0x01090000"),
    (b"AT+CIPSTART?", b"0x01090000"),
    (b'AT+CIPSTART="TCP","h"', b"0x01060302"),
    (b'AT+CIPSTART="TCP","h",80,,,,1', b"0x01060607"),
    (b'AT+CIPSTART="UDP","h",80,,,,,1', b"0x01060708"),
    (b'AT+CIPSTART=0,"TCP","h",80', b"0x01080001"),
    (b'AT+CIPSTART="tcp","h",80', b"0x01070001"),
    (b'AT+CIPSTART="SCTP","h",80', b"0x01070001"),
    (b'AT+CIPSTART="TCP",h,80', b"0x01080002"),
    (b'AT+CIPSTART="TCP","",80', b"0x01040002"),
    (b'AT+CIPSTART="TCP","' + b"h" * 65 + b'",80', b"0x01040002"),
    (b'AT+CIPSTART="TCP","h",0', b"0x01070003"),
    (b'AT+CIPSTART="TCP","h",65536', b"0x01070003"),
    (b'AT+CIPSTART="TCP","h","80"', b"0x01080003"),
    (b'AT+CIPSTART="TCP","h",80,7201', b"0x01070004"),
    (b'AT+CIPSTART="TCP","h",80,,"x"', b"0x01070005"),
    (b'AT+CIPSTART="TCP","h",80,,,60001', b"0x01070006"),
    (b'AT+CIPSTART="UDP","h",0', b"0x01070003"),
    (b'AT+CIPSTART="UDP","h",80,65536', b"0x01070004"),
    (b'AT+CIPSTART="UDP","h",80,1112,3', b"0x01070005"),
    (b'AT+CIPSTART="UDP","h",80,1112,0,"x"', b"0x01070006"),
    (b'AT+CIPSTART="UDP","h",80,1112,0,,60001', b"0x01070007"),
    (b"AT+CIPCLOSE=6", b"0x01070001"),
]
REFUSED_MULTIPLE = [
    (b'AT+CIPSTART="TCP","h",80', b"0x01060403"),
    (b'AT+CIPSTART="TCP","h",80,1', b"0x01080001"),
    (b'AT+CIPSTART=5,"TCP","h",80', b"0x01070001"),
    (b'AT+CIPSTART=-1,"TCP","h",80', b"0x01070001"),
    (b'AT+CIPSTART=,"TCP","h",80', b"0x01080001"),
    (b'AT+CIPSTART=0,"UDP","h",80,1112,3', b"0x01070006"),
    (b'AT+CIPSTART=0,"UDP","h",0', b"0x01070004"),
    (b'AT+CIPSTARTEX="UDP","h",0', b"0x01070003"),
    (b'AT+CIPSTARTEX=0,"TCP","h",80', b"0x01080001"),
    (b"AT+CIPCLOSE=6", b"0x01070001"),
]


@pytest.mark.parametrize(("mode", "refused"), [(0, REFUSED), (1, REFUSED_MULTIPLE)])
async def test_wrong_parameters(mode: int, refused: list[tuple[bytes, bytes]]) -> None:
    async with station(around(offline=True), b"AT+CIPMUX=%d" % mode, b"AT+SYSLOG=1") as bench:
        for line, code in refused:
            assert await bench.command(line) == b"ERR CODE:%b\r\n\r\nERROR\r\n" % code, line


# AT+CIPSTART


async def test_a_tcp_link() -> None:
    async with connected() as (bench, stream):
        port = local_port(stream)
        server = stream.socket.getsockname()[1]
        line = b'0,"TCP","192.168.3.102",%d,%d,0\r\n' % (server, port)
        assert await bench.command(b"AT+CIPSTATE?") == b"+CIPSTATE:" + line + OK
        assert await bench.command(b"AT+CIPSTATUS") == b"STATUS:3\r\n+CIPSTATUS:" + line + OK
        assert await bench.command(b'AT+CIPSTART="TCP","192.168.3.102",%d' % server) == ERROR
        assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        assert await receive_exactly(stream, 1) == b""
        assert await bench.command(b"AT+CIPSTATE?") == OK
        assert await bench.command(b"AT+CIPSTATUS") == b"STATUS:4\r\n" + OK
        assert await bench.command(b"AT+CIPCLOSE") == ERROR


async def test_five_links_at_once() -> None:
    async with tcp_peer() as peer, UdpPeer() as udp, station(None, b"AT+CIPMUX=1") as bench:
        streams = []
        for number in (3, 0, 4):
            line = b'AT+CIPSTART=%d,"TCP","192.168.3.102",%d' % (number, peer.port)
            assert await answer(bench, line) == b"%d,CONNECT\r\n\r\nOK\r\n" % number
            streams.append(await peer.accept())
        line = b'AT+CIPSTART=2,"UDP","192.168.3.102",%d' % udp.port
        assert await answer(bench, line) == b"2,CONNECT\r\n\r\nOK\r\n"
        line = b'AT+CIPSTARTEX="TCP","192.168.3.102",%d' % peer.port
        assert await answer(bench, line) == b"1,CONNECT\r\n\r\nOK\r\n"
        streams.append(await peer.accept())
        assert await bench.command(line) == ERROR
        assert await bench.command(b'AT+CIPSTART=1,"TCP","192.168.3.102",%d' % peer.port) == ERROR
        assert await bench.command(b'AT+CIPSTART=2,"UDP","192.168.3.102",%d' % udp.port) == ERROR
        three, zero, four, one = (local_port(stream) for stream in streams)
        link = bench.module[LinkTable][2]
        assert link is not None
        lines = (
            b'%b:0,"TCP","192.168.3.102",%d,%d,0\r\n'
            b'%b:1,"TCP","192.168.3.102",%d,%d,0\r\n'
            b'%b:2,"UDP","192.168.3.102",%d,%d,0\r\n'
            b'%b:3,"TCP","192.168.3.102",%d,%d,0\r\n'
            b'%b:4,"TCP","192.168.3.102",%d,%d,0\r\n'
        )

        def listing(name: bytes) -> bytes:
            ports = (peer.port, zero), (peer.port, one), (udp.port, link.local_port), (peer.port, three)
            values = [(name, *pair) for pair in (*ports, (peer.port, four))]
            return lines % tuple(value for triple in values for value in triple)

        assert await bench.command(b"AT+CIPSTATE?") == listing(b"+CIPSTATE") + OK
        assert await bench.command(b"AT+CIPSTATUS") == b"STATUS:3\r\n" + listing(b"+CIPSTATUS") + OK
        assert await bench.command(b"AT+CIPCLOSE=3") == b"3,CLOSED\r\n" + OK
        assert await bench.command(b"AT+CIPCLOSE=3") == ERROR
        assert await bench.command(b"AT+CIPCLOSE") == ERROR
        assert await bench.command(b"AT+CIPCLOSE=5") == b"0,CLOSED\r\n1,CLOSED\r\n2,CLOSED\r\n4,CLOSED\r\n" + OK
        assert await bench.command(b"AT+CIPCLOSE=5") == OK
        for stream in streams:
            assert await receive_exactly(stream, 1) == b""
            await stream.aclose()


async def test_closing_by_number_needs_multiple_links() -> None:
    async with connected() as (bench, _):
        for line in (b"AT+CIPCLOSE=0", b"AT+CIPCLOSE=5"):
            assert await bench.command(line) == ERROR


async def test_the_only_link_of_a_module_that_serves_one_client_at_most() -> None:
    async with tcp_peer() as peer, station(None, b"AT+CIPMUX=1", b"AT+CIPSERVERMAXCONN=1") as bench:
        for number in (2, 3):
            line = b'AT+CIPSTART=%d,"TCP","192.168.3.102",%d' % (number, peer.port)
            assert await answer(bench, line) == b"%d,CONNECT\r\n" % number + OK
        assert await bench.command(b"AT+CIPCLOSE") == ERROR
        assert await bench.command(b"AT+CIPCLOSE=3") == b"3,CLOSED\r\n" + OK
        assert await bench.command(b"AT+CIPCLOSE") == b"2,CLOSED\r\n" + OK
        assert await bench.command(b"AT+CIPCLOSE") == ERROR


async def test_an_extended_start_in_single_mode() -> None:
    async with tcp_peer() as peer, station() as bench:
        line = b'AT+CIPSTARTEX="TCP","192.168.3.102",%d' % peer.port
        assert await answer(bench, line) == b"CONNECT\r\n\r\nOK\r\n"
        async with await peer.accept():
            assert await bench.command(line) == ERROR


async def test_an_extended_start_of_a_udp_link() -> None:
    async with UdpPeer() as peer, station(None, b"AT+CIPMUX=1") as bench:
        for number in range(5):
            line = b'AT+CIPSTARTEX="UDP","192.168.3.102",%d' % peer.port
            assert await answer(bench, line) == b"%d,CONNECT\r\n\r\nOK\r\n" % number
        assert await bench.command(line) == ERROR
        assert await bench.command(b"AT+CIPCLOSE=1") == b"1,CLOSED\r\n" + OK
        assert await answer(bench, line) == b"1,CONNECT\r\n\r\nOK\r\n"


@pytest.mark.parametrize(
    "arguments",
    [b",60", b",0", b",,", b',,"192.168.3.112"', b',60,"",5000', b",,,5000", b",,,"],
)
async def test_the_optional_parameters_of_tcp(arguments: bytes) -> None:
    async with tcp_peer() as peer, station() as bench:
        line = b'AT+CIPSTART="TCP","192.168.3.102",%d%b' % (peer.port, arguments)
        assert await answer(bench, line) == b"CONNECT\r\n\r\nOK\r\n"
        await (await peer.accept()).aclose()


async def test_the_type_may_be_left_empty() -> None:
    async with tcp_peer() as peer, station() as bench:
        line = b'AT+CIPSTART=,"192.168.3.102",%d' % peer.port
        assert await answer(bench, line) == b"CONNECT\r\n\r\nOK\r\n"
        await (await peer.accept()).aclose()


async def test_link_details_replace_connect() -> None:
    async with tcp_peer() as peer, UdpPeer() as udp, station(None, b"AT+SYSMSG=2", b"AT+CIPMUX=1") as bench:
        printed = await answer(bench, b'AT+CIPSTART=3,"TCP","192.168.3.102",%d' % peer.port)
        async with await peer.accept() as stream:
            details = b'+LINK_CONN:0,3,"TCP",0,"192.168.3.102",%d,%d\r\n' % (peer.port, local_port(stream))
            assert printed == details + OK
            printed = await answer(bench, b'AT+CIPSTART=4,"UDP","192.168.3.102",%d,%d' % (udp.port, LOCAL_PORT))
            assert printed == b'+LINK_CONN:0,4,"UDP",0,"192.168.3.102",%d,%d\r\n' % (udp.port, LOCAL_PORT) + OK
            await stream.aclose()
            await expect(bench, b"3,CLOSED\r\n")


# What does not work


async def test_a_refused_connection_is_an_error_alone() -> None:
    async with station() as bench:
        line = b'AT+CIPSTART="TCP","192.168.3.102",%d' % closed_port()
        assert await answer(bench, line, ERROR) == ERROR
        assert await bench.command(b"AT+SYSLOG=1") == OK
        assert await answer(bench, line, ERROR) == b"+ERRNO:0x68\r\n" + ERROR
        assert await bench.command(b"AT+CIPSTATE?") == OK
        assert await bench.command(b"AT+CIPSTATUS") == b"STATUS:2\r\n" + OK


async def test_nobody_has_the_address() -> None:
    world = World(timing={"unreachable": 9.1})
    async with station(world, b"AT+SYSLOG=1") as bench:
        for address in (b"192.168.3.77", b"192.168.3.255", b"255.255.255.255", b"0.0.0.0"):
            assert await bench.command(b'AT+CIPSTART="TCP","%b",80' % address) == b""
            assert await bench.send(b'AT+CIPSTART="TCP","192.168.3.1",80\r\n') == (
                b"ERR CODE:0x010b0000\r\n\r\nbusy p...\r\n"
            )
            assert await bench.advance(9) == b""
            assert await bench.advance(0.1) == b"+ERRNO:0x71\r\n" + ERROR
        assert await bench.command(b'AT+CIPSTART="TCP","192.168.3.77",80,,,5000') == b""
        assert await bench.advance(5) == b"+ERRNO:0x71\r\n" + ERROR


@pytest.mark.parametrize("kind", [b"TCP", b"UDP"])
async def test_an_address_of_another_family_is_refused_at_once(kind: bytes) -> None:
    async with workbench(around(), profile="real") as bench:
        bench.port.send(b"ATE0\r\n")
        await bench.advance(1)
        for line in (b"AT+CWMODE=1", JOIN):
            await bench.command(line)
            assert (await bench.advance(10)).endswith(OK)
        assert await bench.command(b'AT+CIPSTART="%b","fe80::860d:8eff:fe9d:cd90",1000' % kind) == b""
        assert await bench.advance(0.01) == ERROR


async def test_a_name_without_an_address() -> None:
    async with station(around(offline=True), b"AT+SYSLOG=1") as bench:
        for kind in (b"TCP", b"UDP"):
            line = b'AT+CIPSTART="%b","nowhere.example.com",80' % kind
            assert await bench.command(line) == b"+ERRNO:0xca\r\n" + ERROR


async def test_offline_only_the_world_can_be_reached() -> None:
    async with tcp_peer() as peer, station(around(offline=True), b"AT+SYSLOG=1") as bench:
        assert await bench.command(b'AT+CIPSTART="TCP","93.184.216.34",80') == b"+ERRNO:0x71\r\n" + ERROR
        for address in (b"192.168.3.102", b"192.168.3.1", b"127.0.0.1"):
            line = b'AT+CIPSTART="TCP","%b",%d' % (address, peer.port)
            assert await answer(bench, line) == b"CONNECT\r\n\r\nOK\r\n"
            await (await peer.accept()).aclose()
            await expect(bench, b"CLOSED\r\n")


async def test_a_link_needs_an_address_of_ones_own() -> None:
    async with workbench(around()) as bench:
        assert await bench.command(b"AT+CWMODE=1") == OK
        for kind in (b"TCP", b"UDP"):
            assert await bench.command(b'AT+CIPSTART="%b","192.168.3.102",80' % kind) == ERROR
            assert await bench.command(b'AT+CIPSTARTEX="%b","192.168.3.102",80' % kind) == ERROR


async def test_a_local_address_that_is_not_ours() -> None:
    async with station() as bench:
        assert await bench.command(b'AT+CIPSTART="TCP","192.168.3.102",80,,"192.168.3.99"') == ERROR
        assert await bench.command(b'AT+CIPSTART="UDP","192.168.3.102",80,,,"192.168.3.99"') == ERROR


async def test_two_udp_links_cannot_share_a_local_port() -> None:
    async with station(None, b"AT+CIPMUX=1", b"AT+SYSLOG=1") as bench:
        line = b'"UDP","192.168.3.102",80,%d' % LOCAL_PORT
        assert await answer(bench, b"AT+CIPSTART=0," + line) == b"0,CONNECT\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+CIPSTART=1," + line) == b"+ERRNO:0x70\r\n" + ERROR


async def test_the_network_is_lost_while_a_link_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    async with tcp_peer() as peer, station() as bench:
        connect = bench.module[Network].connect
        point = bench.simulation.access_point(b"espressif")

        async def connect_and_lose(route: Route, options: ConnectionOptions) -> tuple[Stream, int]:
            connected = await connect(route, options)
            point.deauthenticate()
            return connected

        monkeypatch.setattr(bench.module[Network], "connect", connect_and_lose)
        line = b'AT+CIPSTART="TCP","192.168.3.102",%d' % peer.port
        assert await answer(bench, line, ERROR) == LOST + ERROR
        async with await peer.accept() as stream:
            assert await receive_exactly(stream, 1) == b""
        assert await bench.advance(1) == CONNECTED
        assert await bench.command(b"AT+CIPSTATE?") == OK


# Names and addresses


async def test_a_host_name_of_the_world() -> None:
    async with tcp_peer() as peer:
        world = around({"broker.example.com:1883": f"127.0.0.1:{peer.port}"}, offline=True)
        async with station(world) as bench:
            assert await answer(bench, b'AT+CIPSTART="TCP","Broker.example.com",1883') == b"CONNECT\r\n\r\nOK\r\n"
            async with await peer.accept() as stream:
                assert await bench.command(b"AT+CIPSTATE?") == (
                    b'+CIPSTATE:0,"TCP","192.168.3.102",1883,%d,0\r\n' % local_port(stream) + OK
                )
            await expect(bench, b"CLOSED\r\n")
            assert await bench.command(b'AT+CIPSTART="TCP","broker.example.com",1884') == ERROR


async def test_a_name_shows_the_port_that_was_dialled_and_an_address_that_has_it() -> None:
    async with tcp_peer() as peer:
        hosts = {"192.168.3.104:8080": f"127.0.0.1:{peer.port}", "broker": f"127.0.0.1:{peer.port}"}
        async with station(around(hosts, offline=True)) as bench:
            for dialled, address in ((8080, b"192.168.3.104"), (1883, b"192.168.3.102")):
                assert await answer(bench, b'AT+CIPSTART="TCP","broker",%d' % dialled) == b"CONNECT\r\n\r\nOK\r\n"
                async with await peer.accept() as stream:
                    assert await bench.command(b"AT+CIPSTATE?") == (
                        b'+CIPSTATE:0,"TCP","%b",%d,%d,0\r\n' % (address, dialled, local_port(stream)) + OK
                    )
                await expect(bench, b"CLOSED\r\n")


async def test_an_exact_entry_goes_before_the_address() -> None:
    async with tcp_peer() as peer, station(around({"192.168.3.102:8080": "127.0.0.1:1"})) as bench:
        assert await answer(bench, b'AT+CIPSTART="TCP","192.168.3.102",8080', ERROR) == ERROR
        line = b'AT+CIPSTART="TCP","192.168.3.102",%d' % peer.port
        assert await answer(bench, line) == b"CONNECT\r\n\r\nOK\r\n"
        await (await peer.accept()).aclose()


async def test_connections_to_loopback_come_from_the_modules_own_address() -> None:
    async with connected(World(hosts={"192.168.3.102": "127.0.0.1"}, listen_address=Address("127.0.0.7"))) as (
        _,
        stream,
    ):
        assert stream.socket.getpeername()[0] == "127.0.0.7"
