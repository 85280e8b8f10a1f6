"""AT 1.7: where it differs from 0.30, exact bytes."""

import pytest

from espat.stack.links import LinkTable
from tests.certificates import issued, server_context
from tests.commands.esp8266.test_wifi import THREE, WORLD, run
from tests.hosts import HOST, TLS_PORT, speaking, start, tls_host
from tests.network import UdpPeer, answer, connected, expect, soon, tcp_peer
from tests.stations import LOCAL_PORT, PEER, around, station
from tests.texts import ERROR, JOIN, OK, OPENED
from tests.workbench import workbench

V17 = "esp8266-v1.7"


async def test_gmr_has_a_fourth_line() -> None:
    async with workbench(dialect=V17) as bench:
        assert await bench.send(b"AT+GMR\r\n") == (
            b"AT+GMR\r\r\n"
            b"AT version:1.7.4.0(May 11 2020 19:13:04)\r\n"
            b"SDK version:3.0.4(9532ceb)\r\n"
            b"compile time:May 27 2020 10:12:17\r\n"
            b"Bin version(Wroom 02):1.7.4\r\n"
            b"OK\r\n"
        )


SCANNED = b'+CWLAP:(3,"espressif",-45,"ca:6f:00:00:00:01",6,0,0,4,4,7,0)\r\n'


async def test_scanning_has_eleven_fields_or_those_wanted() -> None:
    async with workbench(WORLD, dialect=V17) as bench:
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(b"AT+CWLAP") == SCANNED + OK
        await run(bench, b"AT+CWLAPOPT=1,31")
        assert await bench.command(b"AT+CWLAP") == b'+CWLAP:(3,"espressif",-45,"ca:6f:00:00:00:01",6)\r\n' + OK
        assert await bench.command(b"AT+CWLAPOPT=1,2048") == ERROR
        assert await bench.command(b"AT+CWLAPOPT=1,2047") == OK
        for line in (b"AT+CWLAP=,,,0,100,300", b'AT+CWLAP="","ca:6f:00:00:00:01",'):  # as Mbed's driver has them
            assert await bench.command(line) + await bench.advance(10) == SCANNED + OK


async def test_a_udp_link_that_waits_for_its_peer() -> None:
    """As WiFiEsp and many programs open it."""
    async with UdpPeer() as peer, station(around(), b"AT+CIPMUX=1", b"AT+CIPDINFO=1", dialect=V17) as bench:
        line = b'AT+CIPSTART=3,"UDP","0",0,%d,2' % LOCAL_PORT
        assert await answer(bench, line) == b"3," + OPENED
        await peer.send(b"hello", LOCAL_PORT)
        await expect(bench, b"\r\n+IPD,3,5,192.168.3.102,%d:hello" % peer.port)


@pytest.mark.parametrize(("suffix", "later"), [(b"_CUR", b"CN"), (b"_DEF", b"US")])
async def test_the_country(suffix: bytes, later: bytes) -> None:
    async with workbench(dialect=V17) as bench:
        await run(bench, b'AT+CWCOUNTRY%b=0,"US",1,11' % suffix)
        assert await bench.command(b"AT+CWCOUNTRY_CUR?") == b'+CWCOUNTRY_CUR:0,"US",1,11\r\n' + OK
        await bench.command(b"AT+RST")
        await bench.command(b"ATE0")
        assert (await bench.command(b"AT+CWCOUNTRY_CUR?")).split(b",")[1] == b'"%b"' % later


@pytest.mark.parametrize("suffix", [b"_CUR", b"_DEF"])
async def test_system_messages(suffix: bytes) -> None:
    async with station(around(), b"AT+SYSMSG%b=3" % suffix, dialect=V17) as bench, tcp_peer() as peer:
        printed = await answer(bench, b'AT+CIPSTART="TCP","%b",%d' % (PEER.encode(), peer.port))
        assert printed.startswith(b'+LINK_CONN:0,0,"TCP",0,')


@pytest.mark.parametrize("suffix", THREE)
async def test_the_softap_has_six_fields(suffix: bytes) -> None:
    async with workbench(dialect=V17) as bench:
        name = b"+CWSAP" + suffix
        await run(bench, b'AT%b="lab","12345678",5,3' % name)
        assert await bench.command(b"AT%b?" % name) == name + b':"lab","12345678",5,3,4,0\r\n' + OK
        await run(bench, b'AT%b="lab","12345678",5,3,2,1' % name)
        assert await bench.command(b"AT%b?" % name) == name + b':"lab","12345678",5,3,2,1\r\n' + OK


@pytest.mark.parametrize("suffix", THREE)
async def test_addresses_have_a_line_each(suffix: bytes) -> None:
    async with workbench(WORLD, dialect=V17) as bench:
        await run(bench, b"AT+CWMODE=3")
        await bench.command(JOIN)
        for name, parts in (
            (b"+CIPSTA", (b"192.168.3.50", b"192.168.3.1", b"255.255.255.0")),
            (b"+CIPAP", (b"192.168.5.1", b"192.168.5.1", b"255.255.255.0")),
        ):
            own = name + suffix
            assert (await bench.command(b'AT%b="%b","%b","%b"' % (own, *parts))).endswith(OK)
            ip, gateway, netmask = parts
            lines = ((b"ip", ip), (b"gateway", gateway), (b"netmask", netmask))
            wanted = b"".join(b'%b:%b:"%b"\r\n' % (own, part, value) for part, value in lines)
            assert await bench.command(b"AT%b?" % own) == wanted + OK


async def test_name_servers() -> None:
    async with workbench(WORLD, dialect=V17) as bench:
        await run(bench, b"AT+CWMODE=1")
        await bench.command(JOIN)
        leased = b"+CIPDNS_CUR:192.168.3.1\r\n+CIPDNS_CUR:114.114.114.114\r\n"
        assert await bench.command(b"AT+CIPDNS_CUR?") == leased + OK
        await run(bench, b'AT+CIPDNS_CUR=1,"8.8.8.8","8.8.4.4"')
        assert await bench.command(b"AT+CIPDNS_CUR?") == b"+CIPDNS_CUR:8.8.8.8\r\n+CIPDNS_CUR:8.8.4.4\r\n" + OK
        await run(bench, b'AT+CIPDNS_DEF=1,"9.9.9.9"')
        assert (await bench.command(b"AT+CIPDNS_DEF?")).startswith(b"+CIPDNS_DEF:9.9.9.9\r\n")
        await run(bench, b"AT+CIPDNS_DEF=0")
        assert await bench.command(b"AT+CIPDNS?") == ERROR


CHOSEN = b"60,192.168.4.10,192.168.4.20"


async def test_the_dhcp_server_has_two_names() -> None:
    async with workbench(dialect=V17) as bench:
        await run(bench, b"AT+CWMODE=2")
        assert await bench.command(b"AT+CWDHCPS_CUR?") == b"+CWDHCPS_CUR:120,192.168.4.2,192.168.4.101\r\nOK\r\n"
        assert await bench.command(b"AT+CWDHCPS_DEF?") == b"+CWDHCPS_DEF:0,0.0.0.0,0.0.0.0\r\nOK\r\n"
        line = b'AT+CWDHCPS_%b=1,60,"192.168.4.10","192.168.4.20"'
        assert await bench.command(line % b"CUR") == OK
        assert await bench.command(b"AT+CWDHCPS_CUR?") == b"+CWDHCPS_CUR:" + CHOSEN + b"\r\nOK\r\n"
        assert await bench.command(b"AT+CWDHCPS_DEF?") == b"+CWDHCPS_DEF:0,0.0.0.0,0.0.0.0\r\nOK\r\n"
        assert await bench.command(line % b"DEF") == OK
        assert await bench.command(b"AT+CWDHCPS_DEF?") == b"+CWDHCPS_DEF:" + CHOSEN + b"\r\nOK\r\n"
        assert await bench.command(b"AT+CWDHCPS_CUR=0") == OK
        assert await bench.command(b"AT+CWDHCPS_CUR?") == b"+CWDHCPS_CUR:120,192.168.4.2,192.168.4.101\r\nOK\r\n"
        assert await bench.command(b"AT+CWDHCPS_DEF?") == b"+CWDHCPS_DEF:" + CHOSEN + b"\r\nOK\r\n"


async def test_names() -> None:
    async with station(around({"broker.example": "127.0.0.1"}, offline=True), dialect=V17) as bench:
        assert (await answer(bench, b'AT+CIPDOMAIN="broker.example"')).startswith(b"+CIPDOMAIN:")
        assert b'"' not in await answer(bench, b'AT+CIPDOMAIN="broker.example"')
        assert await answer(bench, b'AT+CIPDOMAIN="nobody.example"', ERROR) == b"DNS Fail\r\n" + ERROR
        await run(bench, b'AT+CWHOSTNAME="lamp"')
        assert await bench.command(b"AT+CWHOSTNAME?") == b"+CWHOSTNAME:lamp\r\n" + OK


async def test_the_keep_alive_is_in_seconds() -> None:
    async with tcp_peer() as peer, station(dialect=V17) as bench:
        await answer(bench, b'AT+CIPSTART="TCP","%b",%d,10' % (PEER.encode(), peer.port))
        assert bench.module[LinkTable].options[0].keep_alive == 10
        assert await bench.command(b'AT+CIPSTART="TLS","%b",443' % PEER.encode()) == b"Link type ERROR\r\n" + ERROR


async def test_an_ssl_link_and_no_second_one() -> None:
    async with tls_host(b"AT+CIPMUX=1", b"AT+CIPSSLSIZE=4096", context=server_context(), dialect=V17) as (bench, it):
        assert await bench.command(start(multiple=True)) == b"0," + OPENED
        assert await bench.command(start(multiple=True)) == b"ALREADY CONNECTED\r\n" + ERROR
        assert await bench.command(start(multiple=True).replace(b"=0", b"=1")) == ERROR
        assert await bench.command(b"AT+CIPSEND=0,5") == OK + b"> "
        assert await bench.send(b"hello") == b"\r\nRecv 5 bytes\r\n\r\nSEND OK\r\n"
        assert it.connection.taken() == b"hello"
        await it.connection.send(b"world")
        assert await bench.settle() == b"\r\n+IPD,0,5:world"
        shown = b'STATUS:3\r\n+CIPSTATUS:0,"SSL","%b",%d,49152,0\r\n' % (HOST.encode(), TLS_PORT)
        assert await bench.command(b"AT+CIPSTATUS") == shown + OK
        it.connection.close()
        assert await bench.settle() == b"0,CLOSED\r\n"
        assert await bench.command(start(multiple=True)) == b"0," + OPENED


async def test_verifying_the_server() -> None:
    stranger = server_context(issued())
    async with tls_host(b"AT+CIPSSLCCONF=2", context=stranger, dialect=V17) as (bench, it):
        assert await bench.command(b"AT+CIPSSLCCONF?") == b"+CIPSSLCCONF:2\r\n" + OK
        assert await bench.command(start()) == ERROR + b"CLOSED\r\n"
        it.accept = speaking(server_context())
        assert await bench.command(start()) == OPENED
        assert await bench.command(b"AT+CIPSSLCCONF=0,0") == ERROR
        assert await bench.command(b"AT+CIPSSLCCONF=4") == ERROR
        assert await bench.command(b"AT+CIPSSLSIZE=4097") == ERROR


async def test_raw_data_does_not_go_over_ssl() -> None:
    async with tls_host(b"AT+CIPMODE=1", context=server_context(), dialect=V17) as (bench, _):
        assert await bench.command(start()) == ERROR


async def test_passive_receiving() -> None:
    async with connected(None, b"AT+CIPMUX=1", b"AT+CIPRECVMODE=1", dialect=V17) as (bench, stream):
        assert await bench.command(b"AT+CIPRECVMODE?") == b"+CIPRECVMODE:1\r\n" + OK
        await stream.send_all(b"hello")
        await expect(bench, b"\r\n+IPD,0,5\r\n")
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:5,0,0,0,0\r\n" + OK
        assert await bench.command(b"AT+CIPRECVDATA=0,3") == b"+CIPRECVDATA,3:hel" + OK + b"\r\n+IPD,0,2\r\n"
        assert await bench.command(b"AT+CIPRECVDATA=0,2048") == b"+CIPRECVDATA,2:lo" + OK
        assert await bench.command(b"AT+CIPRECVDATA=0,1") == ERROR
        assert await bench.command(b"AT+CIPRECVDATA=0,2049") == ERROR


async def test_each_arrival_is_told_with_the_sum_and_two_segments_are_held() -> None:
    async with connected(None, b"AT+CIPMUX=1", b"AT+CIPRECVMODE=1", dialect=V17) as (bench, stream):
        for count in (5, 10, 15):
            await stream.send_all(b"hello")
            await expect(bench, b"\r\n+IPD,0,%d\r\n" % count)
        assert await bench.command(b"AT+CIPRECVDATA=0,64") == b"+CIPRECVDATA,15:" + b"hello" * 3 + OK
        await stream.send_all(bytes(5000))
        await soon(bench.port.read_until(b"\r\n+IPD,0,2920\r\n"))
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:2920,0,0,0,0\r\n" + OK


async def test_udp_is_never_passive() -> None:
    async with UdpPeer() as peer, station(None, b"AT+CIPMUX=1", b"AT+CIPRECVMODE=1", dialect=V17) as bench:
        await answer(bench, b'AT+CIPSTART=4,"UDP","%b",%d,%d,2' % (PEER.encode(), peer.port, LOCAL_PORT))
        (text,) = [text for _, text in bench.announced if "udp" in text]
        await peer.send(b"hello", int(text.rpartition(":")[2]))
        await expect(bench, b"\r\n+IPD,4,5:hello")


async def test_further_queries() -> None:
    async with workbench(dialect=V17) as bench:
        assert (await bench.command(b"AT+SYSRAM?")).removeprefix(b"+SYSRAM:").removesuffix(b"\r\n" + OK).isdigit()
        assert await bench.command(b"AT+UART_CUR?") == b"+UART_CUR:115273,8,1,0,1\r\n" + OK
        assert await bench.command(b"AT+UART_DEF?") == b"+UART_DEF:0,0,0,0,0\r\n" + OK
        await run(bench, b"AT+UART_DEF=115200,8,1,0,1")
        assert await bench.command(b"AT+UART_DEF?") == b"+UART_DEF:115200,8,1,0,1\r\n" + OK
        assert await bench.command(b"AT+CIPSERVERMAXCONN?") == b"+CIPSERVERMAXCONN:5\r\n" + OK


async def test_the_clock() -> None:
    async with workbench(dialect=V17) as bench:
        for _ in range(2):  # it stands still
            assert await bench.command(b"AT+CIPSNTPTIME?") == b"+CIPSNTPTIME:Thu Jan 01 00:00:00 1970" + OK
            await bench.advance(60)
        await run(bench, b'AT+CIPSNTPCFG=1,8,"time.example"')
        assert await bench.command(b"AT+CIPSNTPCFG?") == b'+CIPSNTPCFG:1,8,"time.example"\r\n' + OK


async def test_a_link_is_closed_though_there_is_data_to_read() -> None:
    async with connected(None, b"AT+CIPMUX=1", b"AT+CIPRECVMODE=1", dialect=V17) as (bench, stream):
        await stream.send_all(b"hello")
        await expect(bench, b"\r\n+IPD,0,5\r\n")
        await stream.aclose()
        await expect(bench, b"0,CLOSED\r\n")
        assert await bench.command(b"AT+CIPSTATUS") == b"STATUS:4\r\n" + OK
        assert await bench.command(b"AT+CIPRECVDATA=0,3") == b"+CIPRECVDATA,3:hel" + OK
        assert await bench.command(b"AT+CIPRECVDATA=0,64") == b"+CIPRECVDATA,2:lo" + OK
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:0,0,0,0,0\r\n" + OK


@pytest.mark.parametrize("suffix", THREE)
async def test_what_is_joined_is_not_joined_again(suffix: bytes) -> None:
    async with workbench(WORLD, dialect=V17) as bench:
        await run(bench, b"AT+CWMODE=1")
        join = JOIN.replace(b"CWJAP", b"CWJAP" + suffix)
        joined = b"WIFI CONNECTED\r\nWIFI GOT IP\r\n" + OK
        assert await bench.command(join) == joined
        assert await bench.command(join) == OK
        assert await bench.command(join[:-1] + b'","ca:6f:00:00:00:01"') == OK
        other = join.replace(b"1234567890", b"0987654321")
        assert await bench.command(other) == b"WIFI DISCONNECT\r\n+CWJAP:2\r\n\r\nFAIL\r\n"
        assert await bench.command(join) == joined


@pytest.mark.parametrize("suffix", THREE)
async def test_what_is_joined_has_five_values(suffix: bytes) -> None:
    async with workbench(WORLD, dialect=V17) as bench:
        name = b"+CWJAP" + suffix
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(b"AT%b?" % name) == b"No AP\r\n" + OK
        join = JOIN.replace(b"CWJAP", b"CWJAP" + suffix)
        for bssid, only_encrypted in ((b"", 0), (b',"ca:6f:00:00:00:01",1', 1), (b',"ca:6f:00:00:00:01",0', 0)):
            assert (await bench.command(join + bssid)).endswith(OK)
            values = b':"espressif","ca:6f:00:00:00:01",6,-45,%d\r\n' % only_encrypted
            assert await bench.command(b"AT%b?" % name) == name + values + OK
        assert await bench.command(join + b',"ca:6f:00:00:00:01",2') == ERROR
