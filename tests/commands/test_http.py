"""The HTTP commands against servers on this machine that say what they are told to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from tests.network import TcpPeer, answer, closed_port, prompt, soon, tcp_peer
from tests.stations import PEER, station
from tests.texts import ERROR, OK
from tests.workbench import Workbench

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Case: Kept\r\n\r\n"
HELLO = HEAD + b"hello"
ASKED = b"Host: %b:%d\r\nUser-Agent: ESP32 HTTP Client/1.0\r\n"
TOO_MANY_HEADERS = b"HTTP/1.1 200 OK\r\n" + b"X: %b\r\n" % bytes(100).replace(b"\0", b"y") * 100


class Server:
    """Answers each request alike, and notes it. `closes`: whether it closes then, or says nothing more."""

    def __init__(self, peer: TcpPeer, response: bytes, body_length: int, *, closes: bool) -> None:
        self.port = peer.port
        self.asked: list[bytes] = []
        self.host = b"%b:%d" % (PEER.encode(), peer.port)
        self.url = b'"http://%b/a"' % self.host
        self._peer = peer
        self._response = response
        self._body_length = body_length
        self._closes = closes

    async def run(self) -> None:
        while True:
            await self._serve(await self._peer.listener.accept())

    async def _serve(self, stream: trio.SocketStream) -> None:
        async with stream:
            asked = b""
            while len(asked.partition(b"\r\n\r\n")[2]) < self._body_length or b"\r\n\r\n" not in asked:
                asked += await stream.receive_some()
            self.asked.append(asked)
            await stream.send_all(self._response)
            if not self._closes:
                await stream.receive_some()  # until the module closes


@asynccontextmanager
async def served(
    response: bytes = HELLO, *commands: bytes, body_length: int = 0, closes: bool = True
) -> AsyncIterator[tuple[Workbench, Server]]:
    async with tcp_peer() as peer, station(None, *commands) as bench, trio.open_nursery() as nursery:
        server = Server(peer, response, body_length, closes=closes)
        nursery.start_soon(server.run)
        yield bench, server
        nursery.cancel_scope.cancel()


async def result(bench: Workbench, line: bytes) -> bytes:
    """What a command prints, to its OK or ERROR."""
    bench.port.send(line + b"\r\n")
    await bench.rest()
    printed = b""
    while not printed.endswith((OK, ERROR)):
        printed += await soon(bench.port.read_until(b"\r\n"))
    return printed


async def handed_in(bench: Workbench, line: bytes, data: bytes, end: bytes) -> bytes:
    """What a command prints behind the data it has asked for."""
    await prompt(bench, line)
    bench.port.send(data)
    return await soon(bench.port.read_until(end))


async def test_get_prints_the_body() -> None:
    async with served() as (bench, server):
        assert await result(bench, b"AT+HTTPCGET=" + server.url) == b"+HTTPCGET:5,hello\r\n" + OK
        assert server.asked == [b"GET /a HTTP/1.1\r\n" + ASKED % (PEER.encode(), server.port) + b"\r\n"]


async def test_the_first_record_is_shorter_by_the_head() -> None:
    body = bytes(range(256)) * 5
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with served(head + body) as (bench, server):
        records = [body[: 512 - len(head)], body[512 - len(head) : 1024 - len(head)], body[1024 - len(head) :]]
        expected = b"".join(b"+HTTPCGET:%d,%b\r\n" % (len(record), record) for record in records) + OK
        bench.port.send(b"AT+HTTPCGET=%b,512,512\r\n" % server.url)
        await bench.rest()
        assert await soon(bench.port.read_exactly(len(expected))) == expected


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nhello",
        b"HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    ],
    ids=["chunks", "no length", "range", "redirect", "gzip"],
)
async def test_bodies_of_every_kind(response: bytes) -> None:
    async with served(response) as (bench, server):
        assert await result(bench, b"AT+HTTPCLIENT=2,0,%b,,,1" % server.url) == b"+HTTPCLIENT:5,hello\r\n" + OK
        assert len(server.asked) == 1


async def test_head_prints_the_header_lines_as_they_came() -> None:
    async with served(HEAD) as (bench, server):
        printed = await result(bench, b"AT+HTTPCLIENT=1,0,%b,,,1" % server.url)
        assert printed == b"+HTTPCLIENT:17,Content-Length: 5\r\n+HTTPCLIENT:12,X-Case: Kept\r\n" + OK
        assert await result(bench, b"AT+HTTPGETSIZE=" + server.url) == b"+HTTPGETSIZE:5\r\n" + OK


@pytest.mark.parametrize(
    ("number", "method", "data", "body"),
    [(3, b"POST", b',"a=b"', b"a=b"), (3, b"POST", b"", b""), (4, b"PUT", b"", b""), (5, b"DELETE", b"", b"")],
)
async def test_methods_with_a_body(number: int, method: bytes, data: bytes, body: bytes) -> None:
    async with served(body_length=len(body)) as (bench, server):
        printed = await result(bench, b'AT+HTTPCLIENT=%d,1,"","%b","/x",1%b' % (number, server.host, data))
        assert printed == b"+HTTPCLIENT:5,hello\r\n" + OK
        head = b"%b /x HTTP/1.1\r\n" % method + ASKED % (PEER.encode(), server.port)
        own = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        assert server.asked == [head + own + body]


@pytest.mark.parametrize(("method", "content"), [(b"POST", b"application/x-www-form-urlencoded"), (b"PUT", None)])
async def test_a_body_behind_the_prompt(method: bytes, content: bytes | None) -> None:
    async with served(body_length=6) as (bench, server):
        line = b"AT+HTTPC%b=%b,6" % (method, server.url)
        printed = await handed_in(bench, line, b"\r\n\0+++", b"SEND OK\r\n")
        assert printed == b"+HTTPC%b:5,hello\r\n\r\nSEND OK\r\n" % method
        printed = await handed_in(bench, line + b',1,"content-type: text/x"', b"123456", b"SEND OK\r\n")
        assert printed == b"+HTTPC%b:5,hello\r\n\r\nSEND OK\r\n" % method
        first, second = server.asked
        assert first.endswith(b"\r\n\r\n\r\n\0+++")
        assert (b"Content-Type: %b\r\n" % content if content else b"") in first
        assert (b"Content-Type" in first) == bool(content)
        assert b"content-type: text/x\r\n" in second
        assert b"Content-Type" not in second
        assert await result(bench, line + b',2,"a: b"') == ERROR


async def test_the_stored_url_stands_for_an_empty_one() -> None:
    async with served() as (bench, server):
        url = server.url.strip(b'"')
        assert await result(bench, b"AT+HTTPURLCFG?") == OK
        assert await result(bench, b'AT+HTTPCGET=""') == ERROR
        assert await result(bench, b"AT+HTTPURLCFG=7") == ERROR
        assert await handed_in(bench, b"AT+HTTPURLCFG=%d" % len(url), url, b"SET OK\r\n") == b"\r\nSET OK\r\n"
        assert await result(bench, b"AT+HTTPURLCFG?") == b"+HTTPURLCFG:%d,%b" % (len(url), url) + OK
        assert await result(bench, b'AT+HTTPCGET=""') == b"+HTTPCGET:5,hello\r\n" + OK
        assert await result(bench, b"AT+HTTPURLCFG=0") == OK
        assert await result(bench, b"AT+HTTPURLCFG?") == OK


async def test_stored_headers_win() -> None:
    async with served() as (bench, server):
        assert await handed_in(bench, b"AT+HTTPCHEAD=18", b"Range: bytes=0-255", OK) == OK
        assert await handed_in(bench, b"AT+HTTPCHEAD=4", b"A: 1", OK) == OK
        assert await handed_in(bench, b"AT+HTTPCHEAD=4", b"none", ERROR) == ERROR
        printed = await result(bench, b"AT+HTTPCHEAD?")
        assert printed == b'+HTTPCHEAD:0,"Range: bytes=0-255"\r\n+HTTPCHEAD:1,"A: 1"\r\n' + OK
        assert (await result(bench, b'AT+HTTPCLIENT=2,0,%b,,,1,"a: 2","B: 3"' % server.url)).endswith(OK)
        assert server.asked[0].endswith(b"A: 1\r\nB: 3\r\nRange: bytes=0-255\r\n\r\n")
        assert await result(bench, b"AT+HTTPCHEAD=0") == OK
        assert await result(bench, b"AT+HTTPCHEAD?") == OK


async def test_a_status_from_400_on_is_an_error_behind_the_body() -> None:
    async with served(HELLO.replace(b"200 OK", b"404 Not Found"), b"AT+SYSLOG=1", body_length=1) as (bench, server):
        error = b"ERR CODE:0x010a7194\r\n" + ERROR
        server._body_length = 0
        assert await result(bench, b"AT+HTTPCGET=" + server.url) == b"+HTTPCGET:5,hello\r\n" + error
        printed = await handed_in(bench, b"AT+HTTPCPOST=%b,1" % server.url, b"x", ERROR)
        assert printed == b"+HTTPCPOST:5,hello\r\n" + error


async def test_without_a_connection() -> None:
    async with station(None, b"AT+SYSLOG=1") as bench:
        url = b'"http://%b:%d"' % (PEER.encode(), closed_port())
        assert await result(bench, b"AT+HTTPCGET=" + url) == b"ERR CODE:0x010a7000\r\n" + ERROR
        printed = await handed_in(bench, b"AT+HTTPCPUT=%b,1" % url, b"x", b"SEND FAIL\r\n")
        assert printed.endswith(b"\r\nSEND FAIL\r\n")


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        TOO_MANY_HEADERS,
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ],
    ids=["nothing", "SSH", "header flood", "another protocol", "length", "chunk size"],
)
async def test_what_is_no_response(response: bytes) -> None:
    async with served(response) as (bench, server):
        assert await result(bench, b"AT+HTTPCGET=" + server.url) == ERROR


async def test_a_body_that_breaks_off() -> None:
    async with served(HELLO[:-2]) as (bench, server):
        assert await result(bench, b"AT+HTTPCGET=" + server.url) == b"+HTTPCGET:3,hel\r\n" + ERROR


async def test_a_server_that_stalls_in_the_body() -> None:
    async with served(HELLO[:-2], closes=False) as (bench, server):
        first = b"+HTTPCGET:3,hel\r\n"
        assert await answer(bench, b"AT+HTTPCGET=%b,,,7000" % server.url, first) == first
        assert await bench.advance(6.5) == b""
        await bench.clock.advance(1)
        assert await soon(bench.port.read_exactly(len(ERROR))) == ERROR


async def test_certificates_that_the_module_does_not_have() -> None:
    async with station() as bench:
        for mode in range(4):
            assert await result(bench, b"AT+HTTPCFG=%d" % mode) == OK
            assert await result(bench, b"AT+HTTPCFG=%d,0,0" % mode) == OK
        assert await result(bench, b"AT+HTTPCFG=1,7,0") == b"NO CERT FOUND\r\n" + ERROR
        assert await result(bench, b"AT+HTTPCFG=2,0,7") == b"NO CA FOUND\r\n" + ERROR
        assert await result(bench, b"AT+HTTPCFG=4") == ERROR
