"""The simple services: echo, discard and character generator (RFC 862 to 864), and two kinds of bad servers."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from espat.scenario.schema.kinds import Reader, whole_number_text
from espat.scenario.services.service import ServingHost, TcpService, UdpService
from espat.stack.endpoint import Endpoint
from espat.stack.memory_stream import WINDOW
from espat.stack.stream import Stream

_PRINTABLE: Final = bytes(range(0x20, 0x7F))
_LINE: Final = 72
ENDLESS_RATE: Final = 2_500_000
"""Bytes a second of module time that what never ends takes at most: about what an ESP32 receives on air. Without it
nothing else would ever happen in stepped time, where no data takes any."""
PATTERN: Final = b"".join((_PRINTABLE * 2)[start : start + _LINE] + b"\r\n" for start in range(len(_PRINTABLE)))
"""What the character generator repeats: lines of 72 printable characters, each line shifted by one (RFC 864)."""


class TcpEcho(TcpService):
    """Sends back what comes."""

    usual_port: ClassVar[int | None] = 7

    async def serve(self, stream: Stream) -> None:
        while data := await stream.receive(WINDOW):
            await stream.send(data)


class UdpEcho(UdpService):
    """Sends back every datagram."""

    usual_port = 7

    def receive(self, data: bytes, sender: Endpoint, reply: Callable[[bytes], None]) -> None:
        reply(data)


class TcpDiscard(TcpService):
    """Reads what comes, and says nothing."""

    usual_port = 9

    async def serve(self, stream: Stream) -> None:
        while await stream.receive(WINDOW):
            pass


class TcpSource(TcpService):
    """Sends as fast as it is read: for ever (ENDLESS_RATE), or `count=` so many bytes and then closes."""

    usual_port = 19
    options: ClassVar[Mapping[str, Reader]] = {"count": whole_number_text(0, 2**40)}

    def __init__(self, host: ServingHost, port: int, count: int | None = None) -> None:
        super().__init__(host, port)
        self._count = count

    async def serve(self, stream: Stream) -> None:
        sent = 0
        while self._count is None or sent < self._count:
            rest = len(PATTERN) if self._count is None else self._count - sent
            await stream.send(PATTERN[:rest])
            sent += min(rest, len(PATTERN))
            if self._count is None:
                await self.host.clock.sleep(len(PATTERN) / ENDLESS_RATE)


class TcpSilent(TcpService):
    """Accepts, and then neither reads nor says anything."""

    async def serve(self, stream: Stream) -> None:
        await stream.wait_ended()


class TcpRefuse(TcpService):
    """Refuses connections, as a port does where nobody listens."""

    accepts = False

    async def serve(self, stream: Stream) -> None:
        raise AssertionError("nobody is let in")
