"""One HTTP request over a stream, and the response as it comes (RFC 9112). The bytes are h11's business."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from espat.stack.errors import HttpError

if TYPE_CHECKING:
    import h11

RECEIVE_SIZE: Final = 1460
"""Bytes taken from the stream at a time: a segment."""
LONGEST_HEAD: Final = 4096
"""Bytes of a status line with its headers, and of whatever else has to come in one piece."""
OLD_VERSION: Final = b"1.0"

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]
"""Names and values, in order."""


class Carrier(Protocol):
    """What of a stream a client needs."""

    async def send(self, data: bytes) -> None:
        """As that of a stream."""

    async def receive(self, most: int) -> bytes:
        """As that of a stream."""


class HttpResponse:
    """A response whose head has come. `headers`: the names in lower case; `header_lines`: as the server has spelt them.
    The body is still to be received."""

    def __init__(self, client: "HttpClient", head: "h11.Response") -> None:
        self.status: int = head.status_code
        self.headers: Headers = [(bytes(name), bytes(value)) for name, value in head.headers]
        self.header_lines = [b"%b: %b" % header for header in head.headers.raw_items()]
        self._client = client

    @property
    def length(self) -> int | None:
        """Bytes of the body as the head has it; None where it does not say."""
        return next((int(value) for name, value in self.headers if name == b"content-length"), None)

    async def receive(self) -> bytes:
        """Wait for the next part of the body; none is its end. Raises NetworkError, HttpError."""
        return await self._client.receive_body()

    async def receive_piece(self) -> bytes:
        """Wait for what of the body is in the next read that has any of it, the one with the end of the head included;
        none is its end. Raises NetworkError, HttpError."""
        return await self._client.receive_piece()


class HttpClient:
    """Asks one thing of the server at the other end of a stream; who has made the stream closes it."""

    def __init__(self, stream: Carrier, *, receive_size: int = RECEIVE_SIZE) -> None:
        """`receive_size`: bytes taken from the stream at a time."""
        import h11  # by the first who speaks HTTP

        self._stream = stream
        self._receive_size = receive_size
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)

    async def request(
        self, method: bytes, target: bytes, headers: Headers, body: bytes = b"", *, version: bytes = b"1.1"
    ) -> HttpResponse:
        """Send a request, as it stands here, and wait for the head of the response. `headers`: with Host, and with the
        length of a body. `version`: of HTTP as the request has it, 1.0 or 1.1. Raises NetworkError, HttpError;
        ValueError for what no request can be."""
        import h11  # has been imported before

        try:
            parts = [self._http.send(h11.Request(method=method, target=target, headers=list(headers)))]
            parts += [self._http.send(h11.Data(data=body))] if body else []
            parts += [self._http.send(h11.EndOfMessage())]
        except h11.LocalProtocolError as error:
            raise ValueError(str(error)) from error
        # h11 writes 1.1 only; all that differs in 1.0 is the first line.
        first = b" HTTP/%b\r\n" % version
        await self._stream.send(b"".join(part or b"" for part in parts).replace(b" HTTP/1.1\r\n", first, 1))
        while isinstance(event := await self._next_event(), h11.InformationalResponse):
            pass
        if not isinstance(event, h11.Response):
            raise HttpError("no response")
        return HttpResponse(self, event)

    async def get(self, host: str, port: int, target: bytes, *, version: bytes = b"1.1") -> HttpResponse:
        """Send a GET request that names host and port. Raises NetworkError, HttpError; ValueError for what no request
        can be."""
        return await self.request(b"GET", target, [(b"Host", b"%b:%d" % (host.encode(), port))], version=version)

    async def receive_body(self) -> bytes:
        """What `HttpResponse.receive` gives."""
        import h11  # has been imported before

        event = await self._next_event()
        return bytes(event.data) if isinstance(event, h11.Data) else b""

    async def receive_piece(self) -> bytes:
        """What `HttpResponse.receive_piece` gives."""
        import h11  # has been imported before

        parts: list[bytes] = []
        while self._http.their_state is h11.SEND_BODY:
            event = self._event() if parts else await self._next_event()
            if not isinstance(event, h11.Data):
                break
            parts.append(bytes(event.data))
        return b"".join(parts)

    def _event(self) -> "h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]":
        """What there is of the response without reading on. Raises HttpError."""
        import h11  # has been imported before

        try:
            return self._http.next_event()
        except h11.RemoteProtocolError as error:
            raise HttpError(str(error)) from error

    async def _next_event(self) -> "h11.Event":
        """What comes next of the response. Raises NetworkError, HttpError."""
        import h11  # has been imported before

        while not isinstance(event := self._event(), h11.Event):
            if event is h11.PAUSED:
                raise HttpError("the server speaks another protocol now")
            self._http.receive_data(await self._stream.receive(self._receive_size))
        return event
