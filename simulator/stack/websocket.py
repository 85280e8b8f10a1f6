"""A byte stream in the messages of a WebSocket (RFC 6455), by wsproto: whatever speaks over a stream can speak over it.

Keys and masks are wsproto's own random bytes: they never reach the port, and no trace shows them.
"""

from typing import TYPE_CHECKING, Final

import trio

from espat.stack.endpoint import Endpoint
from espat.stack.errors import LWIP_NOT_CONNECTED, NetworkError
from espat.stack.stream import Stream
from espat.stack.tcp_options import ConnectionOptions

if TYPE_CHECKING:
    from wsproto.events import Event

SEGMENT: Final = 4096
"""Bytes taken from the stream below at a time; as much is kept at most."""


class WebSocketStream:
    """The client's end of a WebSocket over another stream: sends binary messages, and reads no others."""

    def __init__(self, below: Stream) -> None:
        from wsproto import ConnectionType, WSConnection  # by the first who has a WebSocket

        self.below = below
        self.sent = 0
        self._socket = WSConnection(ConnectionType.CLIENT)
        self._sending = trio.Lock()
        self._received = bytearray()
        self._ended = False

    @property
    def local(self) -> Endpoint:
        return self.below.local

    @property
    def remote(self) -> Endpoint:
        return self.below.remote

    async def open(self, host: str, target: str, subprotocol: str) -> None:
        """Ask the server for the WebSocket. `host`: as the header has it. Raises NetworkError."""
        from wsproto.events import Request  # has been imported before

        await self._say(Request(host=host, target=target, subprotocols=[subprotocol]))
        accepted = False
        while not accepted:
            data = await self.below.receive(SEGMENT)
            accepted = bool(data) and await self._feed(data)
            if not data or self._ended:
                raise NetworkError(LWIP_NOT_CONNECTED)

    async def send(self, data: bytes) -> None:
        from wsproto.events import BytesMessage  # has been imported before

        await self._say(BytesMessage(data=data))
        self.sent += len(data)

    async def receive(self, most: int) -> bytes:
        while not self._received and not self._ended:
            data = await self.below.receive(SEGMENT)
            if data:
                await self._feed(data)
            else:
                self._ended = True
        data = bytes(self._received[:most])
        del self._received[:most]
        return data

    async def _say(self, event: "Event") -> None:
        from wsproto.utilities import ProtocolError  # has been imported before

        async with self._sending:
            try:
                data = self._socket.send(event)
            except ProtocolError:
                raise NetworkError(LWIP_NOT_CONNECTED) from None
            await self.below.send(data)

    async def _feed(self, data: bytes) -> bool:
        """Take what has come in; whether the server has accepted the WebSocket with it. Raises NetworkError."""
        from wsproto.events import AcceptConnection, BytesMessage, Ping, Pong  # has been imported before
        from wsproto.utilities import ProtocolError

        accepted = False
        try:
            self._socket.receive_data(data)
            for event in self._socket.events():
                if isinstance(event, AcceptConnection):
                    accepted = True
                elif isinstance(event, BytesMessage):
                    self._received += event.data
                elif isinstance(event, Ping):
                    await self._say(event.response())
                elif not isinstance(event, Pong):  # a refusal, the end, or text, which no protocol of bytes sends
                    self._ended = True
        except ProtocolError:
            raise NetworkError(LWIP_NOT_CONNECTED) from None
        return accepted

    async def wait_ended(self) -> None:
        await self.below.wait_ended()

    def set_options(self, options: ConnectionOptions) -> None:
        self.below.set_options(options)

    def finish(self) -> None:
        self.below.finish()

    @property
    def acknowledged(self) -> bool:
        return self.below.acknowledged

    def close(self) -> None:
        self.below.close()

    def reset(self) -> None:
        self.below.reset()

    def vanish(self) -> None:
        self.below.vanish()
