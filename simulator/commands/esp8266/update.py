"""AT+CIUPDATE (ESP8266 AT Instruction Set 0.30), with the exchange of the published AT firmware 0.2x.

The module asks the maker's server for the newest version and downloads it; the image is not run here.
"""

import re
from enum import IntEnum
from typing import Final

from espat.core.at.errors import CommandError
from espat.core.at.grammar import Form
from espat.core.at.output import Output
from espat.core.at.registry import CommandTable
from espat.core.restart import Restart
from espat.core.time.clock import Clock
from espat.core.trace import Kind
from espat.module import Module
from espat.stack.errors import NetworkError, ResolveError, UnreachableError
from espat.stack.interface import StationInterface
from espat.stack.network import Network
from espat.stack.stream import Stream
from espat.stack.tcp_options import ConnectionOptions

table = CommandTable()

SERVER: Final = "iot.espressif.cn"
PORT: Final = 80
IMAGE: Final = "user2.bin"
"""The one that the module does not run from: it runs from `user1.bin`."""
LIMIT: Final = 60.0
"""Seconds for all of it."""
MOST_HEADERS: Final = 4096


class Step(IntEnum):
    """The number of `+CIPUPDATE:`."""

    FOUND = 1
    CONNECTED = 2
    VERSION_KNOWN = 3
    DOWNLOADING = 4


_ASK: Final = b"GET /v1/device/rom/?is_format_simple=true HTTP/1.0\r\nHost: %b:%d\r\n\r\n"
_DOWNLOAD: Final = b"GET /v1/device/rom/?action=download_rom&version=%b&filename=%b HTTP/1.0\r\nHost: %b:%d\r\n\r\n"
_VERSION: Final = re.compile(rb'"rom_version": *"([^"]{1,32})"')
_LENGTH: Final = re.compile(rb"\r\nContent-Length: *(\d{1,9})\r\n", re.IGNORECASE)


@table.command("AT+CIUPDATE", Form.EXECUTE)
async def update(module: Module) -> Restart:
    """AT+CIUPDATE: a line for each step; OK and a restart when the image has come, ERROR when anything fails."""
    with module[Clock].move_on_after(LIMIT):
        try:
            if await _update(module):
                return Restart()
        except (NetworkError, ResolveError, UnreachableError):
            pass
    raise CommandError


async def _update(module: Module) -> bool:
    """Whether an image has come. Raises NetworkError, ResolveError, UnreachableError."""
    if not module[StationInterface].up:
        return False
    host = (SERVER.encode(), PORT)
    await module[Network].resolve(SERVER)
    _report(module, Step.FOUND)
    server = await _connect(module)
    try:
        _report(module, Step.CONNECTED)
        await server.send(_ASK % host)
        version = await _version(server)
    finally:
        server.close()
    if version is None:
        return False
    _report(module, Step.VERSION_KNOWN)
    server = await _connect(module)
    try:
        _report(module, Step.DOWNLOADING)
        await server.send(_DOWNLOAD % (version, IMAGE.encode(), *host))
        return await _image_comes(server)
    finally:
        server.close()


async def _connect(module: Module) -> Stream:
    route = await module[Network].locate(SERVER, PORT)
    connection, _ = await module[Network].connect(route, ConnectionOptions())
    return connection


async def _version(server: Stream) -> bytes | None:
    """The version that the server names."""
    answer = b""
    while len(answer) < MOST_HEADERS:
        data = await server.receive(1460)
        answer += data
        if (found := _VERSION.search(answer)) is not None:
            return found[1]
        if not data:
            break
    return None


async def _image_comes(server: Stream) -> bool:
    """Whether the server sends an image to its end."""
    head = b""
    while b"\r\n\r\n" not in head:
        data = await server.receive(1460)
        head += data
        if not data or len(head) > MOST_HEADERS:
            return False
    head, _, begin = head.partition(b"\r\n\r\n")
    length = _LENGTH.search(head + b"\r\n")
    if re.match(rb"HTTP/1\.[01] 200 ", head) is None or length is None:
        return False
    missing = int(length[1]) - len(begin)
    while missing > 0:
        data = await server.receive(1460)
        if not data:
            return False
        missing -= len(data)
    return int(length[1]) > 0


def _report(module: Module, step: Step) -> None:
    module[Output].write(b"+CIPUPDATE:%d\r\n" % step, Kind.RESULT)
