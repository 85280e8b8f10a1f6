"""The HTTP client against a server that says what it is told to, in parts of any size."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from espat.stack.address import Address
from espat.stack.endpoint import Endpoint
from espat.stack.errors import HttpError
from espat.stack.http_client import LONGEST_HEAD, HttpClient, HttpResponse
from espat.stack.memory_stream import MemoryStream, memory_stream_pair

CLIENT, SERVER = Endpoint(Address("192.168.3.112"), 50000), Endpoint(Address("192.168.3.50"), 80)
HOST = (b"Host", b"example.com")


class Server:
    """Notes the request, up to the end of its head, and answers."""

    def __init__(self, stream: MemoryStream, answer: bytes, size: int) -> None:
        self.asked = b""
        self._stream = stream
        self._answer = answer
        self._size = size

    async def run(self, *, closes: bool) -> None:
        while b"\r\n\r\n" not in self.asked:
            self.asked += await self._stream.receive()
        for at in range(0, len(self._answer), self._size):
            await self._stream.send(self._answer[at : at + self._size])
        if closes:
            self._stream.close()


@asynccontextmanager
async def client(answer: bytes, *, size: int = 1000, closes: bool = True) -> AsyncIterator[tuple[HttpClient, Server]]:
    near, far = memory_stream_pair(CLIENT, SERVER)
    server = Server(far, answer, size)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: server.run(closes=closes))
        with trio.fail_after(10):
            yield HttpClient(near), server


async def body(response: HttpResponse) -> bytes:
    whole = b""
    while part := await response.receive():
        whole += part
    assert await response.receive() == b""
    return whole


ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Y: z\r\n\r\nhello",
    "close": b"HTTP/1.1 200 OK\r\nX-Y: z\r\n\r\nhello",
    "chunks": b"HTTP/1.1 200 OK\r\nX-Y: z\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    "continue": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-Y: z\r\nContent-Length: 5\r\n\r\nhello",
}


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_a_response(answer: bytes, size: int) -> None:
    async with client(answer, size=size) as (http, _):
        response = await http.request(b"GET", b"/", [HOST])
        assert response.status == 200
        assert (b"x-y", b"z") in response.headers
        assert await body(response) == b"hello"


async def test_what_has_come_can_be_had_before_the_rest() -> None:
    async with client(ANSWERS["close"], closes=False) as (http, _):
        response = await http.request(b"GET", b"/", [HOST])
        assert response.length is None
        assert await response.receive() == b"hello"


async def test_requests_are_sent_as_they_are_given() -> None:
    async with client(ANSWERS["length"]) as (http, server):
        response = await http.request(
            b"POST", b"/a?b=c", [HOST, (b"X-Case", b"Kept"), (b"Content-Length", b"4")], b"data"
        )
        assert response.length == 5
        assert (
            server.asked
            == b"POST /a?b=c HTTP/1.1\r\nHost: example.com\r\nX-Case: Kept\r\nContent-Length: 4\r\n\r\ndata"
        )
    async with client(ANSWERS["length"]) as (http, server):
        await http.request(b"GET", b"/", [HOST], version=b"1.0")
        assert server.asked == b"GET / HTTP/1.0\r\nHost: example.com\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * LONGEST_HEAD,
    ],
)
async def test_what_is_no_response(answer: bytes) -> None:
    async with client(answer) as (http, _):
        with pytest.raises(HttpError):
            await http.request(b"GET", b"/", [HOST])


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello",
    ],
)
async def test_a_body_that_breaks_off(answer: bytes) -> None:
    async with client(answer) as (http, _):
        response = await http.request(b"GET", b"/", [HOST])
        with pytest.raises(HttpError):
            await body(response)


@pytest.mark.parametrize("target", [b"/with a space", b"/line\r\nX: y", b""])
async def test_what_no_request_can_be(target: bytes) -> None:
    near, _ = memory_stream_pair(CLIENT, SERVER)
    with pytest.raises(ValueError, match="target"):
        await HttpClient(near).request(b"GET", target, [HOST])
    assert near.sent == 0
