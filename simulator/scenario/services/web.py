"""A web server that tests who asks: it tells what was asked, and answers as the path says."""

import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple
from urllib.parse import parse_qsl

from espat.scenario.services.service import TcpService
from espat.scenario.services.tls import Tls
from espat.stack.memory_stream import WINDOW
from espat.stack.stream import Stream

if TYPE_CHECKING:
    import h11

HEAD_LIMIT: Final = 16384
"""Bytes of a request line with its headers."""
BODY_LIMIT: Final = 2**20
"""Bytes of a request's body; more is refused with 413."""
SEEN_LIMIT: Final = 64
"""Requests that are kept for who wants to see them; the oldest go first."""
BLOCK: Final = bytes(range(256)) * 64
"""What binary bodies without a meaning are made of."""
DIGITS: Final = b"0123456789" * 1600
"""The same as text."""
TEXT: Final = "text/plain"
JSON: Final = "application/json"
BINARY: Final = "application/octet-stream"
WITHOUT_BODY: Final = (204, 304)


class SeenRequest(NamedTuple):
    """A request. `target`: path and query as they were written. `headers`: with names as they were written."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def path(self) -> str:
        """Without the query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str:
        """The value of a header, empty where there is none."""
        return next((value for key, value in self.headers if key.lower() == name), "")


class SeenRequests:
    """The requests that a host has got and nobody has asked for yet, the oldest first."""

    def __init__(self) -> None:
        self.recent: deque[SeenRequest] = deque(maxlen=SEEN_LIMIT)


class Answer(NamedTuple):
    """A response. `length`: bytes of the body, of which `sent` come; None is all. `parts`: the body, if it comes in
    chunks, each a line. `delay`: seconds before it. `stalls`: what is missing of the body never comes; otherwise the
    connection is closed there."""

    status: int = 200
    kind: str = TEXT
    body: bytes = b""
    length: int | None = None
    sent: int | None = None
    parts: tuple[bytes, ...] | None = None
    location: str = ""
    delay: float = 0.0
    stalls: bool = False


def _echo(request: SeenRequest, secure: bool) -> Answer:
    """What was asked, in the form of httpbin.org."""
    text = request.body.decode(errors="replace")
    try:
        value = json.loads(text) if text else None
    except (ValueError, RecursionError):
        value = None
    told = {
        "args": dict(parse_qsl(request.target.partition("?")[2])),
        "data": text,
        "headers": dict(request.headers),
        "json": value,
        "method": request.method,
        "url": f"http{'s' if secure else ''}://{request.header('host')}{request.target}",
    }
    return Answer(kind=JSON, body=json.dumps(told, indent=2).encode() + b"\n")


def _status(number: int) -> Answer:
    try:
        phrase = HTTPStatus(number).phrase
    except ValueError:
        phrase = "status"
    body = b"" if number in WITHOUT_BODY else f"{number} {phrase}\n".encode()
    return Answer(number, body=body)


def _lines(number: int) -> Answer:
    return Answer(parts=tuple(b"line %d\n" % (each + 1) for each in range(min(number, 1000))))


def _redirect(number: int) -> Answer:
    return Answer(302, location=f"/redirect/{number - 1}" if number > 1 else "/get")


NUMBERED: Final[Mapping[str, Callable[[int], Answer]]] = {
    "bytes": lambda number: Answer(kind=BINARY, length=number),
    "delay": lambda number: Answer(body=f"{number} s\n".encode(), delay=min(number, 3600)),
    "stream": _lines,
    "redirect": _redirect,
    "stall": lambda number: Answer(length=2 * number, sent=number, stalls=True),
    "break": lambda number: Answer(length=2 * number, sent=number),
}
"""By the word before the number."""
METHODS: Final = ("get", "post", "put", "delete", "patch")
_NUMBERED: Final = re.compile(r"/(\w+)/([0-9]{1,8})")


def answer_to(request: SeenRequest, secure: bool) -> Answer:
    """What the server says to a request."""
    name = request.path.removeprefix("/")
    if name == "":
        return Answer(body=b"espat\n")
    if name == "anything" or name in METHODS:
        wanted = "get" if request.method == "HEAD" else request.method.lower()
        return _echo(request, secure) if name in ("anything", wanted) else _status(405)
    found = _NUMBERED.fullmatch(request.path)
    if found is not None and found[1] in NUMBERED:
        return NUMBERED[found[1]](int(found[2]))
    if found is not None and found[1] == "status" and 200 <= int(found[2]) <= 599:
        return _status(int(found[2]))
    return _status(404)


def _blocks(block: bytes, length: int) -> Iterator[bytes]:
    while length > 0:
        yield block[:length]
        length -= len(block)


class Web(TcpService):
    """A web server for tests: `/get`, `/post` and the like tell what was asked as JSON; `/status/N`, `/bytes/N`,
    `/delay/N`, `/stream/N`, `/redirect/N`; `/stall/N` sends half of what it promises, `/break/N` closes there."""

    usual_port: ClassVar[int | None] = 80
    secure: ClassVar[bool] = False

    async def serve(self, stream: Stream) -> None:
        import h11  # by the first who is asked

        http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)
        while True:
            try:
                request = await self._request(http, stream)
            except h11.RemoteProtocolError as error:
                if http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                    await self._send(http, stream, _status(error.error_status_hint), with_body=True)
                return
            if request is None:
                return
            self.host.common(SeenRequests).recent.append(request)
            self.host.changed.unpark_all()
            await self._send(http, stream, answer_to(request, self.secure), with_body=request.method != "HEAD")
            if http.our_state is not h11.DONE or http.their_state is not h11.DONE:
                return
            http.start_next_cycle()

    async def _request(self, http: "h11.Connection", stream: Stream) -> SeenRequest | None:
        """The next request; None when the client has gone. Raises NetworkError, and what h11 says of bad ones."""
        import h11  # has been imported before

        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                if http.they_are_waiting_for_100_continue:
                    await stream.send(http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
                http.receive_data(await stream.receive(WINDOW))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > BODY_LIMIT:
                    raise h11.RemoteProtocolError("a body that is too large", error_status_hint=413)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                headers = tuple((name.decode(), value.decode("latin-1")) for name, value in head.headers.raw_items())
                return SeenRequest(head.method.decode(), head.target.decode("latin-1"), headers, bytes(body))
            else:
                return None

    async def _send(self, http: "h11.Connection", stream: Stream, answer: Answer, *, with_body: bool) -> None:
        import h11  # has been imported before

        if answer.delay:
            await self.host.clock.sleep(answer.delay)
        length = len(answer.body) if answer.length is None else answer.length
        headers = [("Content-Type", answer.kind), ("Server", "espat")]
        if answer.location:
            headers.append(("Location", answer.location))
        if answer.parts is None and answer.status not in WITHOUT_BODY:
            headers.append(("Content-Length", str(length)))
        elif answer.parts is not None:
            headers.append(("Transfer-Encoding", "chunked"))
        reason = _phrase(answer.status)
        await stream.send(http.send(h11.Response(status_code=answer.status, headers=headers, reason=reason)) or b"")
        if with_body and answer.status not in WITHOUT_BODY:
            filling = BLOCK if answer.kind == BINARY else DIGITS
            of_length = [answer.body] if answer.length is None else _blocks(filling, _sent(answer, length))
            blocks = of_length if answer.parts is None else answer.parts
            for block in blocks:
                await stream.send(http.send(h11.Data(data=block)) or b"")
            if _sent(answer, length) < length:
                if answer.stalls:
                    await stream.wait_ended()
                return
        await stream.send(http.send(h11.EndOfMessage()) or b"")


def _sent(answer: Answer, length: int) -> int:
    return length if answer.sent is None else answer.sent


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""


class SecureWeb(Tls, Web):
    """The same over TLS."""

    usual_port: ClassVar[int | None] = 443
    secure = True
