"""SSL links over real sockets: to OpenSSL's own server, and of many bad clients."""

import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from espat.persist.manufacturing import SHIPPED
from tests.certificates import client_context
from tests.network import NO_ANSWER, PORT, answer, ended, expect, send, soon, taken, tcp_peer
from tests.programs import need_program
from tests.stations import OWN, PEER, station
from tests.texts import ERROR, OK, OPENED

pytestmark = pytest.mark.peers

CERTIFICATE = ("-cert", str(SHIPPED / "server_cert.pem"), "-key", str(SHIPPED / "server_key.pem"))
KEY = ("-nocert", "-psk", "70736b00ff", "-psk_identity", "me", "-psk_hint", "who are you")
NO_HANDSHAKES = (b"\x16", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.0\r\n\r\n", bytes(999))
LISTENING = "0A"
"""A state in /proc/net/tcp."""
ALERT = b"+ERRNO:0x7780\r\n" + ERROR


def listens(port: int) -> bool:
    """Whether somebody listens on a port of 127.0.0.1, found out without a connection."""
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, _, state, *_ = line.split()
        if (local, state) == (f"0100007F:{port:04X}", LISTENING):
            return True
    return False


@asynccontextmanager
async def s_server(*options: str) -> AsyncIterator[tuple[int, trio.Process]]:
    """The server, which prints what it gets and sends what it is given; and its port."""
    openssl = need_program("openssl", "openssl")
    async with tcp_peer() as peer:
        port = peer.port  # free from now on, and not given to anybody else so soon
    command = [openssl, "s_server", "-accept", f"127.0.0.1:{port}", "-quiet", *options]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with trio.fail_after(3 * NO_ANSWER):
        async with trio.open_nursery() as nursery:
            process: trio.Process = await nursery.start(partial(trio.run_process, command, check=False, **pipes))
            while not listens(port):
                await trio.sleep(0.01)  # it says nothing about it
            yield port, process
            nursery.cancel_scope.cancel()


def connect(port: int) -> bytes:
    return b'AT+CIPSTART="SSL","%b",%d' % (PEER.encode(), port)


@pytest.mark.parametrize("suite", [None, 0x00A8, 0x00AE, 0xC0A4, 0xC035, 0xC037])
async def test_a_pre_shared_key(suite: int | None) -> None:
    chosen = b"AT+CIPSSLCCIPHER=0" if suite is None else b"AT+CIPSSLCCIPHER=1,0x%04X" % suite
    commands = (b"AT+SYSLOG=1", chosen, b'AT+CIPSSLCPSKHEX="70736b00ff","me"')
    async with s_server(*KEY, "-cipher", "PSK") as (port, process), station(None, *commands) as bench:
        assert process.stdin is not None
        assert process.stdout is not None
        assert await answer(bench, connect(port)) == OPENED
        assert await send(bench, b"AT+CIPSEND=4", b"test") == taken(4) + b"\r\nSEND OK\r\n"
        assert await process.stdout.receive_some() == b"test"
        await process.stdin.send_all(b"hello")
        await expect(bench, b"\r\n+IPD,5:hello\r\n")


@pytest.mark.parametrize(
    "line",
    [
        b'AT+CIPSSLCPSKHEX="70736b00fe","me"',
        b'AT+CIPSSLCPSK="psk","me"',
        b"AT+CIPSSLCCONF=0",
        b"AT+CIPSSLCCIPHER=1,0xC02F",
    ],
)
async def test_without_the_right_key(line: bytes) -> None:
    async with s_server(*KEY, "-cipher", "PSK") as (port, _), station(None, b"AT+SYSLOG=1", line) as bench:
        assert await answer(bench, connect(port), ERROR) == ALERT


@pytest.mark.parametrize(
    ("version", "printed"),
    [("-tls1_2", OPENED), ("-tls1_3", ALERT), ("-tls1_1", b"+ERRNO:0x6e80\r\n" + ERROR)],
)
async def test_versions(version: str, printed: bytes) -> None:
    weak = ("-cipher", "ALL:@SECLEVEL=0")
    async with s_server(*CERTIFICATE, version, *weak) as (port, _), station(None, b"AT+SYSLOG=1") as bench:
        assert await answer(bench, connect(port), printed[-len(OK) :]) == printed


async def test_much_data_both_ways() -> None:
    async with s_server(*CERTIFICATE) as (port, process), station() as bench:
        assert process.stdin is not None
        assert process.stdout is not None
        assert await answer(bench, connect(port)) == OPENED
        received = b""
        for number in range(16):
            data = bytes([number]) * 8192
            assert await send(bench, b"AT+CIPSEND=8192", data) == taken(8192) + b"\r\nSEND OK\r\n"
            while len(received) < (number + 1) * 8192:
                received += await process.stdout.receive_some()
        assert received == b"".join(bytes([number]) * 8192 for number in range(16))
        assert await answer(bench, b"AT+CIPMODE=1") == OK
        async with trio.open_nursery() as nursery:
            nursery.start_soon(process.stdin.send_all, received)
            assert await bench.port.read_exactly(len(received)) == received


async def test_fifty_bad_clients_and_a_good_one() -> None:
    async with station(None, b"AT+CIPMUX=1", b'AT+CIPSERVER=1,%d,"SSL"' % PORT) as bench, AsyncExitStack() as streams:
        bad = [await streams.enter_async_context(await trio.open_tcp_stream(OWN, PORT)) for _ in range(50)]
        for number, stream in enumerate(bad):
            if number % 5:
                await stream.send_all(NO_HANDSHAKES[number % 4])
        tcp = await trio.open_tcp_stream(OWN, PORT)
        good = await streams.enter_async_context(trio.SSLStream(tcp, client_context(), https_compatible=True))
        await soon(good.do_handshake())
        await expect(bench, b"0,CONNECT\r\n")
        await good.send_all(b"alive")
        await expect(bench, b"\r\n+IPD,0,5:alive\r\n")
        await bench.clock.advance(11)
        for stream in bad:
            await ended(stream)
        assert await answer(bench, b"AT+CIPCLOSE=0") == b"0,CLOSED\r\n" + OK
