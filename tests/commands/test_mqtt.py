"""MQTT in the module: configuration, and a broker that the test plays, byte by byte."""

import pytest

from tests.network import answer, receive_exactly, soon, tcp_peer
from tests.stations import PEER, station
from tests.texts import ERROR, OK, PROMPT
from tests.workbench import workbench

USER = b'AT+MQTTUSERCFG=0,1,"c","u","p",0,0,""'
CONNECT = b"\x10\x13\x00\x04MQTT\x04\xc2\x00\x78\x00\x01c\x00\x01u\x00\x01p"
CONNACK = b"\x20\x02\x00\x00"


def code(number: int) -> bytes:
    return b"ERR CODE:0x010a%04x\r\n" % number + ERROR


async def test_nothing_is_configured() -> None:
    async with workbench() as bench:
        await bench.command(b"ATE0")
        await bench.command(b"AT+SYSLOG=1")
        assert await bench.command(b"AT+MQTTCONN?") == b'+MQTTCONN:0,0,0,"","","",0\r\n' + OK
        assert await bench.command(b"AT+MQTTSUB?") == b'+MQTTSUB:0,0,"",0\r\n' + OK
        assert await bench.command(b"AT+MQTTCLEAN=0") == code(0x6003)
        assert await bench.command(b'AT+MQTTCONN=0,"h",1883,0') == code(0x6001)
        assert await bench.command(b'AT+MQTTCONNCFG=0,0,0,"","",0,0') == code(0x6001)
        assert await bench.command(b'AT+MQTTPUB=0,"t","d",0,0') == code(0x6003)


@pytest.mark.parametrize(
    ("line", "number"),
    [
        (b'AT+MQTTUSERCFG=1,1,"c","u","p",0,0,""', 0x6011),
        (b'AT+MQTTUSERCFG=0,11,"c","u","p",0,0,""', 0x6013),
        (b'AT+MQTTUSERCFG=0,1,"c","u","p",1,0,""', 0x601E),
        (b'AT+MQTTUSERCFG=0,1,"c","' + b"u" * 65 + b'","p",0,0,""', 0x6019),
        (b'AT+MQTTCONNCFG=0,7201,0,"","",0,0', 0x602D),
        (b'AT+MQTTCONN=0,"",1883,0', 0x603B),
        (b'AT+MQTTCONN=0,"h",65536,0', 0x603E),
        (b'AT+MQTTSUB=0,"",0', 0x6042),
        (b'AT+MQTTSUB=0,"t",3', 0x6048),
        (b"AT+MQTTLONGCLIENTID=0,1025", 0x604D),
    ],
)
async def test_values_out_of_range(line: bytes, number: int) -> None:
    async with workbench() as bench:
        await bench.command(b"ATE0")
        await bench.command(b"AT+SYSLOG=1")
        assert await bench.command(line) == code(number)


async def test_states_and_long_forms() -> None:
    async with workbench() as bench:
        await bench.command(b"ATE0")
        assert await bench.command(USER) == OK
        assert await bench.command(b"AT+MQTTLONGCLIENTID=0,3") == PROMPT
        assert await bench.send(b"abc") == OK
        assert await bench.command(b"AT+MQTTCONN?") == b'+MQTTCONN:0,1,1,"","","",0\r\n' + OK
        assert await bench.command(b'AT+MQTTCONNCFG=0,0,0,"lwtt","lwtm",0,0') == OK
        assert await bench.command(b"AT+MQTTCONN?") == b'+MQTTCONN:0,2,1,"","","",0\r\n' + OK
        assert await bench.command(b"AT+MQTTCLEAN=0") == OK
        assert await bench.command(b"AT+MQTTCLEAN=0") == ERROR


async def test_a_session_byte_by_byte() -> None:
    """A broker reports a message of the client's own before it acknowledges it, sends one in pieces, and leaves."""
    async with station() as bench, tcp_peer() as peer:
        assert await bench.command(USER) == OK
        bench.port.send(b'AT+MQTTCONN=0,"%b",%d,0\r\n' % (PEER.encode(), peer.port))
        async with await peer.accept() as stream:
            assert await receive_exactly(stream, len(CONNECT)) == CONNECT
            await stream.send_all(CONNACK)
            where = b'1,"%b","%d","",0' % (PEER.encode(), peer.port)
            assert await soon(bench.port.read_until(OK)) == b"+MQTTCONNECTED:0," + where + b"\r\n" + OK
            assert await bench.command(b"AT+MQTTCONN?") == b"+MQTTCONN:0,4," + where + b"\r\n" + OK
            bench.port.send(b'AT+MQTTSUB=0,"t",1\r\n')
            assert await receive_exactly(stream, 8) == b"\x82\x06\x00\x01\x00\x01t\x01"
            await stream.send_all(b"\x90\x03\x00\x01\x01")
            assert await soon(bench.port.read_until(OK)) == OK
            assert await bench.command(b'AT+MQTTSUB=0,"t",1') == b"ALREADY SUBSCRIBE\r\n" + OK
            bench.port.send(b'AT+MQTTPUB=0,"t","hi",1,0\r\n')
            assert await receive_exactly(stream, 9) == b"\x32\x07\x00\x01t\x00\x02hi"
            await stream.send_all(b"\x30\x05\x00\x01thi\x40\x02\x00\x02")
            assert await soon(bench.port.read_until(OK)) == b'+MQTTSUBRECV:0,"t",2,hi\r\n' + OK
            await stream.send_all(b"\x30\xd3\x0f\x00\x01t" + bytes(2000))
            pieces = b"".join(b'+MQTTSUBRECV:0,"t",%d,%b\r\n' % (size, bytes(size)) for size in (1018, 982))
            assert await soon(bench.port.read_until(pieces)) == pieces
            await stream.aclose()
            lost = b"+MQTTDISCONNECTED:0\r\n"
            assert await soon(bench.port.read_until(lost)) == lost
            assert await bench.command(b'AT+MQTTPUB=0,"t","hi",0,0') == ERROR


@pytest.mark.parametrize("reply", [b"\x20\x02\x00\x05", b"\x30\x03\x00\x01t" + CONNACK, b"HTTP/1.1 400 \r\n\r\n"])
async def test_who_is_refused_is_clean(reply: bytes) -> None:
    async with station() as bench, tcp_peer() as peer:
        assert await bench.command(USER) == OK
        bench.port.send(b'AT+MQTTCONN=0,"%b",%d,1\r\n' % (PEER.encode(), peer.port))
        async with await peer.accept() as stream:
            assert await receive_exactly(stream, len(CONNECT)) == CONNECT
            await stream.send_all(reply)
            assert await soon(bench.port.read_until(ERROR)) == ERROR
            assert await answer(bench, b"AT+MQTTCONN?") == b'+MQTTCONN:0,0,0,"","","",0\r\n' + OK


async def test_a_packet_larger_than_anybody_needs_ends_it() -> None:
    async with station() as bench, tcp_peer() as peer:
        assert await bench.command(USER) == OK
        bench.port.send(b'AT+MQTTCONN=0,"%b",%d,0\r\n' % (PEER.encode(), peer.port))
        async with await peer.accept() as stream:
            await stream.send_all(CONNACK)
            await soon(bench.port.read_until(OK))
            await stream.send_all(b"\x30\xff\xff\xff\x7f\x00\x01t")
            lost = b"+MQTTDISCONNECTED:0\r\n"
            assert await soon(bench.port.read_until(lost)) == lost


@pytest.mark.parametrize("reply", [b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", CONNACK, b"\x82\x7f\xff"])
async def test_a_server_that_gives_no_websocket(reply: bytes) -> None:
    async with station() as bench, tcp_peer() as peer:
        assert await bench.command(b'AT+MQTTUSERCFG=0,6,"c","u","p",0,0,"/mqtt"') == OK
        bench.port.send(b'AT+MQTTCONN=0,"%b",%d,1\r\n' % (PEER.encode(), peer.port))
        async with await peer.accept() as stream:
            asked = await stream.receive_some(4096)
            assert asked.startswith(b"GET /mqtt HTTP/1.1\r\nHost: %b:%d\r\n" % (PEER.encode(), peer.port))
            await stream.send_all(reply)
            await stream.send_eof()
            assert await soon(bench.port.read_until(ERROR)) == ERROR
            assert await answer(bench, b"AT+MQTTCONN?") == b'+MQTTCONN:0,0,0,"","","",0\r\n' + OK
