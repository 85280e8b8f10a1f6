"""HTTP (ESP-AT User Guide, "HTTP AT Commands").

A body is printed in records as it is read: the buffer takes the head of the response as well, so the first record is
shorter by that.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

from espat.commands.argument_types import DefaultRange
from espat.commands.sending import SEND_FAIL, SEND_OK
from espat.commands.ssl_options import NO_AUTHORITY, NO_CERTIFICATE, NO_KEY, SetNumber
from espat.core.at.answers import ERROR, Line, Result, Unterminated
from espat.core.at.arguments import Argument, Count, Range, Secret, Text
from espat.core.at.data_entry import CountedEntry
from espat.core.at.engine import Engine
from espat.core.at.errors import CommandError, failed, invalid, wrong_count
from espat.core.at.grammar import Form
from espat.core.at.output import Output
from espat.core.at.registry import CommandTable
from espat.core.trace import Kind
from espat.module import Module
from espat.stack.errors import HttpError
from espat.stack.http_client import HttpResponse
from espat.stack.http_requests import MOST_HEADERS, USUAL_SILENCE, USUAL_SIZE, Header, HttpRequest, HttpRequests
from espat.stack.http_url import HttpUrl, parse_url, password_in, url_of
from espat.stack.tls_options import SHOWS_CERTIFICATE, VERIFIES_SERVER, LinkTls, TlsChoices

table = CommandTable()

FAILED: Final = 0x7000
"""What a status is added to; alone where there was none."""
FIRST_ERROR: Final = 400
HEAD, POST = 1, 3
METHODS: Final = {HEAD: b"HEAD", 2: b"GET", POST: b"POST", 4: b"PUT", 5: b"DELETE"}
WITH_BODY: Final = (b"POST", b"PUT", b"DELETE")
FORM: Final = b"application/x-www-form-urlencoded"
CONTENT_TYPES: Final = (FORM, b"application/json", b"multipart/form-data", b"text/xml")
OVER_TLS: Final = 2
SHORTEST_URL, LONGEST_URL = 8, 8192
LONGEST: Final = 256
"""Bytes of a text that only the length of a command line limits."""
LONGEST_BODY: Final = 2**17
"""Bytes: what the memory of a module can hold, about."""
SET_OK: Final = Result(b"\r\nSET OK\r\n")


class UrlText(Secret):
    """A quoted URL, which may be left empty for the one that is stored; a password in it is in no log."""

    omittable = True

    def secret(self, value: bytes) -> bytes:
        return password_in(value)


class TextOrNothing(Text):
    """A quoted string that may be left empty."""

    omittable = True


class HeaderText(Argument):
    """A quoted header; the handler gets name and value."""

    wire_type = bytes

    def check(self, value: bytes, position: int) -> Any:
        header = _header(value)
        if header is None:
            raise invalid(position)
        return header

    def describe(self) -> str:
        return '"key: value"'


Url = Annotated[bytes | None, UrlText(LONGEST)]
Size = Annotated[int | None, DefaultRange(0, 10240)]
"""Bytes of a buffer."""
Silence = Annotated[int | None, DefaultRange(0, 180000)]
"""Milliseconds."""
Length = Annotated[int, Range(1, LONGEST_BODY)]


def _header(text: bytes) -> Header | None:
    """Name and value of `key: value`."""
    name, colon, value = text.partition(b":")
    usable = colon and name.strip() and not {*text} & {*b"\r\n\0"}
    return (name.strip(), value.strip()) if usable else None


def _url(module: Module, given: bytes | None) -> HttpUrl:
    """The URL that a command means. Raises CommandError."""
    url = parse_url(given or module[HttpRequests].url)
    if url is None:
        raise CommandError
    return url


async def _taken(module: Module, length: int) -> bytes:
    """Data behind the prompt."""
    entry = CountedEntry(length, cancellable=False)
    data = await module[Engine].data_entry(entry)
    module[Engine].refuse_surplus(entry)
    return data


@asynccontextmanager
async def _asked(module: Module, request: HttpRequest, result: Result = ERROR) -> AsyncIterator[HttpResponse]:
    """The response to a request. Raises CommandError, behind the body too: with `result` where there is none, or it
    breaks off; with ERROR for the statuses that are errors, as a maintainer says of all commands (esp-at issue 827)."""
    try:
        async with module[HttpRequests].ask(request) as response:
            yield response
    except HttpError:
        error = failed(FAILED)
        error.result = result
        raise error from None
    if response.status >= FIRST_ERROR:
        raise failed(FAILED + response.status)


async def _print_body(module: Module, name: bytes, response: HttpResponse) -> None:
    """Print a body as it comes, as fast as the port takes it."""
    output = module[Output]
    while piece := await response.receive_piece():
        await output.room()
        output.write(b"+%b:%d,%b\r\n" % (name, len(piece), piece), Kind.RESULT, private=True)


# Requests


@table.command("AT+HTTPCLIENT", Form.SET)
async def request_anything(
    module: Module,
    method: Annotated[int, Range(1, len(METHODS))],
    content_type: Annotated[int, Range(0, len(CONTENT_TYPES) - 1)],
    url: Url,
    host: Annotated[bytes | None, TextOrNothing(LONGEST)],
    path: Annotated[bytes | None, TextOrNothing(LONGEST)],
    transport: Annotated[int | None, DefaultRange(1, OVER_TLS)] = None,
    *texts: Annotated[bytes, Text(LONGEST)],
) -> list[Line] | None:
    """AT+HTTPCLIENT: HEAD, GET, POST, PUT or DELETE. Of the texts the first of a POST is its body, all others are
    headers."""
    data, lines = (texts[:1], texts[1:]) if method == POST else ((), texts)
    headers = [_header(line) for line in lines]
    where = _url(module, url) if url or module[HttpRequests].url else None
    if where is None:
        where = url_of(host or b"", path or b"", uses_tls=transport == OVER_TLS)
    if where is None or None in headers:
        raise CommandError
    name = METHODS[method]
    body = b"".join(data) if name in WITH_BODY else None
    given = tuple(header for header in headers if header is not None)
    async with _asked(module, HttpRequest(name, where, given, body, CONTENT_TYPES[content_type])) as response:
        if method == HEAD:
            for line in response.header_lines:
                module[Output].write(b"+HTTPCLIENT:%d,%b\r\n" % (len(line), line), Kind.RESULT, private=True)
        else:
            await _print_body(module, b"HTTPCLIENT", response)
    return None


@table.command("AT+HTTPGETSIZE", Form.SET)
async def size(
    module: Module, url: Url, send_size: Size = None, receive_size: Size = None, silence: Silence = None
) -> Line:
    """AT+HTTPGETSIZE: the length that the server announces."""
    async with _asked(module, _fetch(module, b"HEAD", url, send_size, receive_size, silence)) as response:
        length = response.length
    if length is None:
        raise failed(FAILED)
    return Line(b"+HTTPGETSIZE:%d" % length)


@table.command("AT+HTTPCGET", Form.SET)
async def get(
    module: Module, url: Url, send_size: Size = None, receive_size: Size = None, silence: Silence = None
) -> None:
    """AT+HTTPCGET: the time limit begins anew with every byte."""
    async with _asked(module, _fetch(module, b"GET", url, send_size, receive_size, silence)) as response:
        await _print_body(module, b"HTTPCGET", response)


def _fetch(
    module: Module, method: bytes, url: bytes | None, send_size: int | None, receive_size: int | None, limit: int | None
) -> HttpRequest:
    """A request without a body; 0 is the usual size or limit."""
    return HttpRequest(
        method,
        _url(module, url),
        send_size=send_size or USUAL_SIZE,
        receive_size=receive_size or USUAL_SIZE,
        silence=(limit or 0) / 1000 or USUAL_SILENCE,
    )


@table.command("AT+HTTPCPOST", Form.SET, takes="prompt")
async def post(
    module: Module,
    url: Url,
    length: Length,
    count: Annotated[int, Count(0, LONGEST)] = 0,
    *headers: Annotated[Header, HeaderText()],
) -> Result:
    """AT+HTTPCPOST: the body behind a prompt."""
    return await _hand_in(module, b"POST", url, length, count, headers, FORM)


@table.command("AT+HTTPCPUT", Form.SET, takes="prompt")
async def put(
    module: Module,
    url: Url,
    length: Length,
    count: Annotated[int, Count(0, LONGEST)] = 0,
    *headers: Annotated[Header, HeaderText()],
) -> Result:
    """AT+HTTPCPUT: likewise."""
    return await _hand_in(module, b"PUT", url, length, count, headers, b"")


async def _hand_in(
    module: Module,
    method: bytes,
    url: bytes | None,
    length: int,
    count: int,
    headers: tuple[Header, ...],
    content_type: bytes,
) -> Result:
    if count != len(headers):
        raise wrong_count(3 + count, 3 + len(headers))
    where = _url(module, url)
    body = await _taken(module, length)
    async with _asked(module, HttpRequest(method, where, headers, body, content_type), SEND_FAIL) as response:
        await _print_body(module, b"HTTPC" + method, response)
    return SEND_OK


# What all requests share


@table.command("AT+HTTPURLCFG", Form.QUERY)
def stored_url(module: Module) -> Unterminated | None:
    """AT+HTTPURLCFG?: the URL that stands for an empty one; nothing when there is none."""
    url = module[HttpRequests].url
    return Unterminated(b"+HTTPURLCFG:%d,%b" % (len(url), url), private=True) if url else None


@table.command("AT+HTTPURLCFG", Form.SET, takes="prompt")
async def store_url(module: Module, length: Annotated[int, Range(0, LONGEST_URL)]) -> Result | None:
    """AT+HTTPURLCFG: behind a prompt; 0 clears it."""
    if not length:
        module[HttpRequests].url = b""
        return None
    if length < SHORTEST_URL:
        raise invalid(1)
    module[HttpRequests].url = await _taken(module, length)
    return SET_OK


@table.command("AT+HTTPCHEAD", Form.QUERY)
def stored_headers(module: Module) -> list[Line]:
    """AT+HTTPCHEAD?: the headers of all requests."""
    headers = enumerate(module[HttpRequests].headers)
    return [Line(b'+HTTPCHEAD:%d,"%b: %b"' % (index, *header), private=True) for index, header in headers]


@table.command("AT+HTTPCHEAD", Form.SET, takes="prompt")
async def add_header(module: Module, length: Annotated[int, Range(0, LONGEST_URL)]) -> None:
    """AT+HTTPCHEAD: one more header behind a prompt; 0 removes them all."""
    headers = module[HttpRequests].headers
    if not length:
        headers.clear()
        return
    if len(headers) >= MOST_HEADERS:
        raise CommandError
    header = _header(await _taken(module, length))
    if header is None:
        raise CommandError
    headers.append(header)


@table.command("AT+HTTPCFG", Form.SET)
def set_authentication(
    module: Module, mode: Annotated[int, Range(0, 3)], pki: SetNumber = 0, ca: SetNumber = 0
) -> list[Line | Result] | None:
    """AT+HTTPCFG: what is to be shown and verified; refused when the module does not have it."""
    shows, verifies = mode & SHOWS_CERTIFICATE, mode & VERIFIES_SERVER
    find = module[LinkTls].find
    for wanted, kind, number, complaint in (
        (shows, "https_cert", pki, NO_CERTIFICATE),
        (shows, "https_key", pki, NO_KEY),
        (verifies, "https_ca", ca, NO_AUTHORITY),
    ):
        if wanted and find(kind, number or None) is None:
            return [Line(complaint), ERROR]
    choices = TlsChoices(pki if shows else None, ca if verifies else None, kind="https")
    module[HttpRequests].choices = choices
    return None
