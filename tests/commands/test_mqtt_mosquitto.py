"""MQTT with mosquitto as the broker: TCP, TLS with every choice of certificates, and both over WebSocket."""

import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from espat.core.time.real_time_clock import RealTimeClock
from espat.persist.manufacturing import SHIPPED
from tests.network import NO_ANSWER, answer, soon, tcp_peer
from tests.programs import need_program
from tests.stations import PEER, station
from tests.texts import OK, PROMPT
from tests.workbench import Workbench

pytestmark = pytest.mark.peers

LOST = b"+MQTTDISCONNECTED:0\r\n"


async def free_port() -> int:
    """A port that is free from now on, and not given to anybody else so soon."""
    async with tcp_peer() as peer:
        return peer.port


@asynccontextmanager
async def mosquitto(folder: Path, port: int, *lines: str) -> AsyncIterator[None]:
    """A broker on a port of 127.0.0.1, with these lines in its configuration."""
    program = need_program("mosquitto", "mosquitto")
    configuration = folder / "mosquitto.conf"
    ports = [port, *(int(line.split()[1]) for line in lines if line.startswith("listener"))]
    base = ("user root", f"listener {port} 127.0.0.1", "allow_anonymous true", "set_tcp_nodelay true")
    configuration.write_text("\n".join((*base, *lines)) + "\n", encoding="ascii")
    command = [program, "-c", str(configuration)]
    with trio.fail_after(6 * NO_ANSWER):
        async with trio.open_nursery() as nursery:
            run = partial(trio.run_process, command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            await nursery.start(run)
            while not all(map(listens, ports)):
                await trio.sleep(0.01)  # it says nothing about it
            yield
            nursery.cancel_scope.cancel()


def listens(port: int) -> bool:
    """Whether somebody listens on a port, of IPv4 or, as WebSocket does, of both: found out without a connection."""
    ends = [
        (local.rpartition(":")[2], state)
        for table in ("tcp", "tcp6")
        for _, local, _, state, *_ in map(str.split, Path("/proc/net", table).read_text(encoding="ascii").splitlines())
    ]
    return (f"{port:04X}", "0A") in ends


def over_websocket(port: int) -> tuple[str, ...]:
    """A second listener that speaks WebSocket: mosquitto 2.0 does not start with one of that kind only."""
    return f"listener {port} 127.0.0.1", "protocol websockets"


async def connect(bench: Workbench, port: int, scheme: int = 1, *, reconnect: int = 0) -> bytes:
    """Returns where it leads, as it is printed."""
    path = b"mqtt" if scheme > 5 else b""
    assert await answer(bench, b'AT+MQTTUSERCFG=0,%d,"c","","",0,0,"%b"' % (scheme, path)) == OK
    where = b'%d,"%b","%d","%b",%d' % (scheme, PEER.encode(), port, path and b"/" + path, reconnect)
    printed = await answer(bench, b'AT+MQTTCONN=0,"%b",%d,%d' % (PEER.encode(), port, reconnect))
    assert printed == b"+MQTTCONNECTED:0,%b\r\n" % where + OK
    return where


async def report(bench: Workbench, topic: bytes, data: bytes) -> None:
    """The next thing that is printed is this message."""
    expected = b'+MQTTSUBRECV:0,"%b",%d,%b\r\n' % (topic, len(data), data)
    assert await soon(bench.port.read_exactly(len(expected))) == expected


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_what_is_published_comes_back(tmp_path: Path, qos: int) -> None:
    port = await free_port()
    async with mosquitto(tmp_path, port), station() as bench:
        await connect(bench, port)
        assert await answer(bench, b'AT+MQTTSUB=0,"other",%d' % qos) == OK
        assert await answer(bench, b'AT+MQTTPUB=0,"topic","old",%d,1' % qos) == OK
        printed = await answer(bench, b'AT+MQTTSUB=0,"topic",%d' % qos)
        if printed == OK:  # the broker may be as fast with what it has retained
            await report(bench, b"topic", b"old")
        else:
            assert printed == b'+MQTTSUBRECV:0,"topic",3,old\r\n' + OK
        assert await answer(bench, b'AT+MQTTUNSUB=0,"other"') == OK
        assert await answer(bench, b'AT+MQTTUNSUB=0,"other"') == b"NO UNSUBSCRIBE\r\n" + OK
        assert await answer(bench, b'AT+MQTTPUBRAW=0,"topic",4,%d,0' % qos, PROMPT) == PROMPT
        bench.port.send(b"\x00,\r\n")
        message = b'+MQTTSUBRECV:0,"topic",4,\x00,\r\n\r\n'
        expected = {message, b"+MQTTPUB:OK\r\n"}  # the broker may send it back before it acknowledges it
        printed = await soon(bench.port.read_exactly(sum(map(len, expected))))
        assert printed in (b"+MQTTPUB:OK\r\n" + message, message + b"+MQTTPUB:OK\r\n")
        assert await answer(bench, b"AT+MQTTCLEAN=0") == OK


@pytest.mark.parametrize("scheme", [2, 3, 4, 5, 7, 8, 9, 10])
async def test_tls(tmp_path: Path, scheme: int) -> None:
    port = await free_port()
    lines = [f"certfile {SHIPPED / 'server_cert.pem'}", f"keyfile {SHIPPED / 'server_key.pem'}"]
    first = port
    if scheme > 5:
        lines = [*over_websocket(port), *lines]
        first = await free_port()
    if scheme in (4, 5, 9, 10):
        lines += [f"cafile {SHIPPED / 'mqtt_ca.pem'}", "require_certificate true"]
    async with mosquitto(tmp_path, first, *lines), station() as bench:
        bench.module[RealTimeClock].set(time.time())
        await connect(bench, port, scheme)
        assert await answer(bench, b'AT+MQTTPUB=0,"topic","data",1,0') == OK


async def test_websocket(tmp_path: Path) -> None:
    """Messages longer than a segment come through, in pieces of the client's buffer."""
    port = await free_port()
    async with mosquitto(tmp_path, await free_port(), *over_websocket(port)), station() as bench:
        await connect(bench, port, 6)
        assert await answer(bench, b'AT+MQTTSUB=0,"topic",1') == OK
        assert await answer(bench, b'AT+MQTTPUBRAW=0,"topic",9000,0,0', PROMPT) == PROMPT
        bench.port.send(b"d" * 9000)
        assert await soon(bench.port.read_until(b"+MQTTPUB:OK\r\n")) == b"+MQTTPUB:OK\r\n"
        for size in (1014, *[1024] * 7, 818):
            await report(bench, b"topic", b"d" * size)
        assert await answer(bench, b"AT+MQTTCLEAN=0") == OK


async def test_a_broker_that_comes_back(tmp_path: Path) -> None:
    """Topics are subscribed to again without a word."""
    port = await free_port()
    async with station() as bench:
        async with mosquitto(tmp_path, port):
            where = await connect(bench, port, reconnect=1)
            assert await answer(bench, b'AT+MQTTSUB=0,"topic",1') == OK
        assert await soon(bench.port.read_until(LOST)) == LOST
        async with mosquitto(tmp_path, port):
            await bench.clock.advance(10)
            back = b"+MQTTCONNECTED:0,%b\r\n" % where
            assert await soon(bench.port.read_until(back)) == back
            printed = await answer(bench, b'AT+MQTTPUB=0,"topic","data",1,0')
            message = b'+MQTTSUBRECV:0,"topic",4,data\r\n'
            if message not in printed:
                await report(bench, b"topic", b"data")
