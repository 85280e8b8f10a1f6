"""AT+CIUPDATE (ESP8266 AT Instruction Set 0.30), with the exchange of the published AT firmware 0.2x.

The module asks the maker's server for the newest version and downloads it; the image is not run here.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
from espat.stack.dialler import Dialler
from espat.stack.errors import HttpError, NetworkError, ResolveError, UnreachableError
from espat.stack.http_client import OLD_VERSION, HttpClient, HttpResponse
from espat.stack.routing import Routing
from espat.stack.station_interface import StationInterface

table = CommandTable()

SERVER: Final = "iot.espressif.cn"
PORT: Final = 80
IMAGE: Final = "user2.bin"
"""The one that the module does not run from: it runs from `user1.bin`."""
LIMIT: Final = 60.0
"""Seconds for all of it."""
LONGEST_ANSWER: Final = 4096
"""Bytes in which the server names its version."""
OK: Final = 200


class Step(IntEnum):
    """The number of `+CIPUPDATE:`."""

    FOUND = 1
    CONNECTED = 2
    VERSION_KNOWN = 3
    DOWNLOADING = 4


_ASK: Final = b"/v1/device/rom/?is_format_simple=true"
_DOWNLOAD: Final = b"/v1/device/rom/?action=download_rom&version=%b&filename=%b"
_VERSION: Final = re.compile(rb'"rom_version": *"([!#-~]{1,32})"')


@table.command("AT+CIUPDATE", Form.EXECUTE)
async def update(module: Module) -> Restart:
    """AT+CIUPDATE: a line for each step; OK and a restart when the image has come, ERROR when anything fails."""
    with module[Clock].move_on_after(LIMIT):
        try:
            if await _update(module):
                return Restart()
        except (NetworkError, ResolveError, UnreachableError, HttpError):
            pass
    raise CommandError


async def _update(module: Module) -> bool:
    """Whether an image has come. Raises NetworkError, ResolveError, UnreachableError, HttpError."""
    if not module[StationInterface].up:
        return False
    await module[Routing].resolve(SERVER)
    _report(module, Step.FOUND)
    async with _asked(module, Step.CONNECTED, _ASK) as response:
        version = await _version(response)
    if version is None:
        return False
    _report(module, Step.VERSION_KNOWN)
    async with _asked(module, Step.DOWNLOADING, _DOWNLOAD % (version, IMAGE.encode())) as response:
        return await _image_comes(response)


@asynccontextmanager
async def _asked(module: Module, connected: Step, target: bytes) -> AsyncIterator[HttpResponse]:
    """Ask the server for something, over a connection of its own, which `connected` reports. Raises NetworkError,
    ResolveError, UnreachableError, HttpError."""
    stream = (await module[Dialler].dial(SERVER, PORT)).stream
    try:
        _report(module, connected)
        yield await HttpClient(stream).get(SERVER, PORT, target, version=OLD_VERSION)
    finally:
        stream.close()


async def _version(response: HttpResponse) -> bytes | None:
    """The version that the server names."""
    answer = b""
    while len(answer) < LONGEST_ANSWER and (data := await response.receive()):
        answer += data
        if (found := _VERSION.search(answer)) is not None:
            return found[1]
    return None


async def _image_comes(response: HttpResponse) -> bool:
    """Whether the server sends an image to its end."""
    if response.status != OK or not response.length:
        return False
    while await response.receive():
        pass
    return True


def _report(module: Module, step: Step) -> None:
    module[Output].write(b"+CIPUPDATE:%d\r\n" % step, Kind.RESULT)
