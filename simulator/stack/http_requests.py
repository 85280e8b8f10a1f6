"""The HTTP client of the module: what its commands have set for all requests, and how a request is made (ESP-AT User
Guide, "HTTP AT Commands"). Each has a connection of its own; redirects are not followed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from espat.core.boot import Boot
from espat.core.time.clock import Clock
from espat.stack.dialler import Dialler
from espat.stack.errors import LWIP_ABORTED, HttpError, NetworkError, ResolveError, UnreachableError
from espat.stack.http_client import HttpClient, HttpResponse
from espat.stack.http_url import HttpUrl
from espat.stack.stream import Stream
from espat.stack.tls_options import TlsChoices

USER_AGENT: Final = b"ESP32 HTTP Client/1.0"
USUAL_SIZE: Final = 2048
"""Bytes of the buffers (AT_HTTP_TX_BUFFER_SIZE and AT_HTTP_RX_BUFFER_SIZE of ESP-AT)."""
USUAL_SILENCE: Final = 5.0
MOST_HEADERS: Final = 64
"""That a module keeps for all requests: its memory is bounded, and no document says where."""

Header = tuple[bytes, bytes]


class HttpRequest(NamedTuple):
    """What is asked. `body`: None where the method has none. `content_type`: of a body. `headers`: of this request
    alone. `send_size`, `receive_size`: of the buffers, in bytes. `silence`: seconds without a byte before it fails."""

    method: bytes
    url: HttpUrl
    headers: tuple[Header, ...] = ()
    body: bytes | None = None
    content_type: bytes = b""
    send_size: int = USUAL_SIZE
    receive_size: int = USUAL_SIZE
    silence: float = USUAL_SILENCE


class HttpRequests:
    """Of one boot. `url`: the one that stands for an empty one. `headers`: of all requests. `choices`: of TLS."""

    def __init__(self, boot: Boot) -> None:
        self.url = b""
        self.headers: list[Header] = []
        self.choices = TlsChoices()
        self._clock = boot[Clock]
        self._dialler = boot[Dialler]

    @asynccontextmanager
    async def ask(self, request: HttpRequest) -> AsyncIterator[HttpResponse]:
        """Make a request; the response is there as long as the context. Raises HttpError for whatever goes wrong,
        within the context too."""
        url = request.url
        try:
            tls = self.choices._replace(server_name=url.host.encode()) if url.uses_tls else None
            connection = await self._dialler.dial(url.host, url.port, tls=tls, limit=request.silence)
            carrier = _ImpatientStream(connection.stream, self._clock, request)
            try:
                client = HttpClient(carrier, receive_size=request.receive_size)
                yield await client.request(request.method, url.target, self._headers(request), request.body or b"")
            finally:
                connection.stream.close()
        except (NetworkError, ResolveError, UnreachableError, ValueError) as error:
            raise HttpError(str(error)) from error

    def _headers(self, request: HttpRequest) -> list[Header]:
        """Those that a request goes out with: each name once, and the module's own settings win."""
        own = [(b"User-Agent", USER_AGENT), (b"Host", request.url.host_header)]
        if request.body is not None and request.content_type:
            own.append((b"Content-Type", request.content_type))
        length = [] if request.body is None else [(b"Content-Length", b"%d" % len(request.body))]
        found: dict[bytes, Header] = {}
        for name, value in (*own, *request.headers, *self.headers, *length):
            found[name.lower()] = (name, value)
        return list(found.values())


class _ImpatientStream:
    """A stream that fails when nothing goes on for too long."""

    def __init__(self, stream: Stream, clock: Clock, request: HttpRequest) -> None:
        self._stream = stream
        self._clock = clock
        self._block = request.send_size
        self._silence = request.silence

    async def send(self, data: bytes) -> None:
        for at in range(0, len(data), self._block):
            with self._clock.move_on_after(self._silence):
                await self._stream.send(data[at : at + self._block])
                continue
            raise NetworkError(LWIP_ABORTED)

    async def receive(self, most: int) -> bytes:
        with self._clock.move_on_after(self._silence):
            return await self._stream.receive(most)
        raise NetworkError(LWIP_ABORTED)
