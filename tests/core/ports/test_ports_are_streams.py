"""Every kind of port is a byte stream by trio's own rules, for as long as its client is there."""

import os
import select
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
import trio
from trio.testing import check_two_way_stream

from espat.core.ports.opener import PortOpener
from espat.core.ports.paced import PacedPort
from espat.core.ports.port import Attachment, Port
from espat.core.ports.serial_line import FACTORY_UART
from espat.core.ports.uri import parse_port_uri
from espat.core.time.clock import RealClock
from espat.scenario.stage.terminal import open_device
from tests.core.ports.port_stream import PortStream

pytestmark = pytest.mark.slow

StreamPair = tuple[trio.abc.Stream, trio.abc.Stream]


class Ends(NamedTuple):
    """The module's end of a port and the client's; how both send what goes at once, where they can be filled up."""

    module: trio.abc.Stream
    client: trio.abc.Stream
    sends: tuple["Send", "Send"] | None = None

    def clog(self) -> None:
        """Send both ways until nothing goes any more."""
        assert self.sends is not None
        for send in self.sends:
            fill(send)


Send = Callable[[bytes], int]
"""Sends without waiting; returns how many bytes went."""


def writes(descriptor: int) -> Send:
    """Sending to a descriptor that does not block."""

    def send(data: bytes) -> int:
        try:
            return os.write(descriptor, data)
        except BlockingIOError:
            return 0

    return send


def fill(send: Send) -> None:
    """Send until nothing goes any more, not even when the kernel has had time to move what it holds."""
    blocked = 0
    while blocked < 5:
        if send(bytes(4096) if not blocked else b"x"):
            blocked = 0
        else:
            blocked += 1
            time.sleep(0.01)


@asynccontextmanager
async def opener() -> AsyncIterator[PortOpener]:
    """Opens ports as long as the test runs."""
    async with trio.open_nursery() as nursery:
        yield PortOpener(nursery.start_soon)
        nursery.cancel_scope.cancel()


async def attached(port: Port) -> None:
    """Wait until a client is there."""
    await port.first_attached.wait()
    assert port.attachment is Attachment.ATTACHED


def unread(terminal: int) -> bool:
    """Whether anything waits to be read from a terminal; not from one that has been closed."""
    return terminal >= 0 and bool(select.select([terminal], [], [], 0)[0])


async def pty_pair(opener: PortOpener, folder: Path) -> Ends:
    path = folder / "tty"
    port = opener.open(parse_port_uri(f"pty:{path}"))
    client = open_device(path)
    await attached(port)
    assert isinstance(client, trio.lowlevel.FdStream)
    return Ends(PortStream(port, lambda: unread(client.fileno())), client, (port.send_nowait, writes(client.fileno())))


async def tcp_pair(opener: PortOpener, folder: Path) -> Ends:
    port = opener.open(parse_port_uri("tcp:127.0.0.1:0"))
    client = await trio.open_tcp_stream("127.0.0.1", int(port.announcement.rpartition(":")[2]))
    await attached(port)
    return Ends(PortStream(port), client)


async def unix_pair(opener: PortOpener, folder: Path) -> Ends:
    path = folder / "socket"
    port = opener.open(parse_port_uri(f"unix:{path}"))
    client = await trio.open_unix_socket(path)
    await attached(port)
    return Ends(PortStream(port), client, (port.send_nowait, writes(client.socket.fileno())))


class Program(trio.abc.Stream):
    """A program at a port, by its terminal: this test reads and writes there in its place, and lets it end."""

    def __init__(self, pid: int, terminal: str) -> None:
        self.terminal = os.open(terminal, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._pid = pid
        self._runs = True
        self._stream = trio.lowlevel.FdStream(self.terminal)

    def unread(self) -> bool:
        """Whether it has something to read."""
        return self._runs and unread(self.terminal)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        if self._runs:
            self._runs = False
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        await self._stream.aclose()


async def exec_pair(opener: PortOpener, folder: Path) -> Ends:
    told = folder / "told"
    script = f"echo $$ $(tty) > {told}.part; mv {told}.part {told}; exec sleep 1000"
    port = opener.open(parse_port_uri(f'exec:sh -c "{script}"'))
    while not told.exists():
        await trio.sleep(0.001)
    pid, terminal = told.read_text(encoding="ascii").split()
    client = Program(int(pid), terminal)
    await attached(port)
    return Ends(PortStream(port, client.unread), client, (port.send_nowait, writes(client.terminal)))


async def paced_pair(opener: PortOpener, folder: Path) -> Ends:
    port = PacedPort(opener.open(parse_port_uri(f"unix:{folder / 'socket'}")), RealClock())
    port.set_line(FACTORY_UART._replace(baud_rate=5_000_000, flow_control=3))
    client = await trio.open_unix_socket(folder / "socket")
    await attached(port)
    return Ends(PortStream(port), client)


@pytest.mark.parametrize("make", [pty_pair, tcp_pair, unix_pair, exec_pair, paced_pair])
async def test_it_passes_the_check_of_streams(
    make: Callable[[PortOpener, Path], Awaitable[Ends]], tmp_path: Path
) -> None:
    numbers = count()

    async def ends() -> Ends:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        return await make(ports, folder)

    async def pair() -> StreamPair:
        return (await ends())[:2]

    async def clogged_pair() -> StreamPair:
        both = await ends()
        both.clog()
        return both[:2]

    with trio.fail_after(60):
        async with opener() as ports:
            # TCP cannot be stopped for sure, its buffers grow; at a baud rate it takes too long.
            await check_two_way_stream(pair, None if make in (tcp_pair, paced_pair) else clogged_pair)
