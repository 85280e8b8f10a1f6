"""The world's web server, asked by bytes in memory."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.time.clock import SteppedClock
from espat.scenario.hosts.world_host import WorldHost
from espat.scenario.services.table import read_service
from espat.scenario.services.web import BLOCK, BODY_LIMIT, HEAD_LIMIT, SEEN_LIMIT, SeenRequests
from espat.scenario.world.world import HostConfiguration
from espat.stack.address import LOOPBACK
from espat.stack.endpoint import Endpoint
from espat.stack.errors import NetworkError

PORT = 80
LIMIT = 10.0
"""Seconds after which a test gives up."""
CLOSE = b"Host: h\r\nConnection: close\r\n\r\n"


class Asking:
    """A connection to a host with a web server. `got`: what has come. `ended`: the server has closed."""

    def __init__(self, host: WorldHost, clock: SteppedClock) -> None:
        self.host = host
        self.clock = clock
        self.got = b""
        self.ended = False
        self._stream = host.accept(PORT, Endpoint(LOOPBACK, 50000), LOOPBACK)

    async def run(self) -> None:
        """Take what comes."""
        while data := await self._stream.receive(65536):
            self.got += data
        self.ended = True

    async def ask(self, data: bytes) -> bytes:
        """Send something; what has come within the same moment."""
        with trio.fail_after(LIMIT), suppress(NetworkError):  # who has heard enough closes
            await self._stream.send(data)
        return await self.hear()

    async def hear(self) -> bytes:
        """What has come, and was not heard yet."""
        await wait_all_tasks_blocked()
        got, self.got = self.got, b""
        return got


@asynccontextmanager
async def asking() -> AsyncIterator[Asking]:
    """A connection to a web server."""
    clock = SteppedClock()
    async with trio.open_nursery() as nursery:
        host = WorldHost(HostConfiguration(serves=(read_service("http"),)), clock, (), nursery.start_soon)
        connection = Asking(host, clock)
        nursery.start_soon(connection.run)
        yield connection
        nursery.cancel_scope.cancel()


def head(status: str, *more: str, kind: str = "text/plain") -> bytes:
    lines = (f"HTTP/1.1 {status}", f"Content-Type: {kind}", "Server: espat", *more, "", "")
    return "\r\n".join(lines).encode()


async def test_it_tells_what_was_asked() -> None:
    async with asking() as server:
        asked = b"POST /post?a=1 HTTP/1.1\r\nHost: h\r\nX-Lamp: on\r\nContent-Length: 8\r\n\r\n" + b'{"b": 2}'
        for _ in range(2):  # one after the other on one connection
            told, _, body = (await server.ask(asked)).partition(b"\r\n\r\n")
            assert told.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            assert json.loads(body) == {
                "args": {"a": "1"},
                "data": '{"b": 2}',
                "headers": {"Host": "h", "X-Lamp": "on", "Content-Length": "8"},
                "json": {"b": 2},
                "method": "POST",
                "url": "http://h/post?a=1",
            }
        (seen, _) = server.host.common(SeenRequests).recent
        assert (seen.method, seen.path, seen.body) == ("POST", "/post", b'{"b": 2}')


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/", head("200 OK", "Content-Length: 6") + b"espat\n"),
        ("/status/404", head("404 Not Found", "Content-Length: 14") + b"404 Not Found\n"),
        ("/nothing", head("404 Not Found", "Content-Length: 14") + b"404 Not Found\n"),
        ("/status/204", head("204 No Content")),
        ("/status/299", head("299 ", "Content-Length: 11") + b"299 status\n"),
        ("/status/600", head("404 Not Found", "Content-Length: 14") + b"404 Not Found\n"),
        ("/post", head("405 Method Not Allowed", "Content-Length: 23") + b"405 Method Not Allowed\n"),
        ("/redirect/2", head("302 Found", "Location: /redirect/1", "Content-Length: 0")),
        ("/redirect/1", head("302 Found", "Location: /get", "Content-Length: 0")),
        ("/bytes/3", head("200 OK", "Content-Length: 3", kind="application/octet-stream") + b"\0\1\2"),
        (
            "/stream/2",
            head("200 OK", "Transfer-Encoding: chunked") + b"7\r\nline 1\n\r\n7\r\nline 2\n\r\n0\r\n\r\n",
        ),
    ],
)
async def test_it_answers_as_the_path_says(path: str, answer: bytes) -> None:
    async with asking() as server:
        got = await server.ask(f"GET {path} HTTP/1.1\r\n".encode() + CLOSE)
        assert got.replace(b"Connection: close\r\n", b"") == answer
        assert server.ended


async def test_a_head_has_no_body() -> None:
    async with asking() as server:
        assert await server.ask(b"HEAD /bytes/3 HTTP/1.1\r\nHost: h\r\n\r\n") == head(
            "200 OK", "Content-Length: 3", kind="application/octet-stream"
        )
        assert not server.ended


async def test_much_comes_in_blocks() -> None:
    async with asking() as server:
        got = await server.ask(b"GET /bytes/20001 HTTP/1.1\r\n" + CLOSE)
        assert got.endswith(b"\r\n\r\n" + (BLOCK * 2)[:20001])


async def test_a_delay_is_the_modules_time() -> None:
    async with asking() as server:
        assert await server.ask(b"GET /delay/5 HTTP/1.1\r\n" + CLOSE) == b""
        await server.clock.advance(4.9)
        assert await server.hear() == b""
        await server.clock.advance(0.1)
        assert (await server.hear()).endswith(b"5 s\n")


@pytest.mark.parametrize(("path", "ended"), [("/stall/3", False), ("/break/3", True)])
async def test_half_of_a_body(path: str, ended: bool) -> None:
    async with asking() as server:
        got = await server.ask(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        assert got == head("200 OK", "Content-Length: 6") + b"012"
        assert server.ended is ended


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (b"\0\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: " + b"a" * HEAD_LIMIT * 2, b"431"),
        (b"POST /post HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", b"400"),
        (b"POST /post HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\n" + bytes(BODY_LIMIT + 1), b"413"),
    ],
)
async def test_bad_requests_are_refused(asked: bytes, status: bytes) -> None:
    async with asking() as server:
        assert (await server.ask(asked)).startswith(b"HTTP/1.1 " + status)
        assert server.ended


async def test_few_requests_are_kept() -> None:
    async with asking() as server:
        await server.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * (SEEN_LIMIT + 1))
        assert len(server.host.common(SeenRequests).recent) == SEEN_LIMIT
