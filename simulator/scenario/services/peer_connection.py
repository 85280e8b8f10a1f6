"""A connection of a host that is left to the code or the steps of a scenario."""

from contextlib import suppress
from typing import Final, Protocol, runtime_checkable

import trio
from trio.lowlevel import ParkingLot

from espat.stack.endpoint import Endpoint
from espat.stack.errors import NetworkError
from espat.stack.stream import Stream

RECEIVE_SIZE: Final = 65536
"""Bytes taken from a connection at a time, at most."""
RECEIVED_LIMIT: Final = 2**26
"""Bytes that are kept until somebody takes them; then the window of the sender fills."""


@runtime_checkable
class SecureStream(Protocol):
    """A stream that speaks TLS. `peer_has_certificate`: whether the other end has shown one."""

    @property
    def peer_has_certificate(self) -> bool: ...


class PeerConnection:
    """One connection of a host, in the hands of a scenario.

    `port`: the host's own as the module calls it, or the module's where the host has connected. `client`: the other
    end, where that is known. `received`: bytes that nobody has taken yet. `ended`: the other end has closed, or the
    connection is gone. `closed`: this end has. `accepted`: whether the scenario has asked for it. `secure`: whether it
    is TLS, and `certified`: whether the other end has shown a certificate there.
    """

    def __init__(self, stream: Stream, port: int, changed: ParkingLot, client: Endpoint | None = None) -> None:
        """`changed`: who waits there is woken when anything changes."""
        self.port = port
        self.client = client
        self.received = bytearray()
        self.ended = False
        self.closed = False
        self.accepted = False
        self.secure = isinstance(stream, SecureStream)
        self.certified = isinstance(stream, SecureStream) and stream.peer_has_certificate
        self._stream = stream
        self._changed = changed
        self._room = ParkingLot()
        self._reading = trio.Event()
        self._reading.set()

    async def receive(self, count: int) -> bytes:
        """Wait for so many bytes and take them; fewer when the connection ends before."""
        while len(self.received) < count and not self.ended:
            await self._changed.park()
        return self.take(count)

    def take(self, count: int) -> bytes:
        """Take as many bytes, or all there are."""
        data = bytes(self.received[:count])
        del self.received[:count]
        self._room.unpark_all()
        return data

    async def send(self, data: bytes) -> None:
        """Send as fast as the module takes it. Raises NetworkError."""
        await self._stream.send(data)

    def pause(self) -> None:
        """Read no more than what is being read; the window of the module's sender fills."""
        self._reading = trio.Event()

    def go_on(self) -> None:
        """Read again."""
        self._reading.set()

    def close(self) -> None:
        """Close it; the other end reads what is under way, then the end."""
        self.closed = True
        self._stream.close()
        self._changed.unpark_all()

    def reset(self) -> None:
        """Break it for both ends."""
        self.closed = True
        self._stream.reset()
        self._changed.unpark_all()

    async def run(self) -> None:
        """Read as long as anything comes, and wait until the scenario has closed it."""
        try:
            await self._read()
        finally:
            self.ended = True
            self._changed.unpark_all()
        while not self.closed:
            await self._changed.park()

    async def _read(self) -> None:
        with suppress(NetworkError):
            while True:
                await self._reading.wait()
                while len(self.received) >= RECEIVED_LIMIT:
                    await self._room.park()
                data = await self._stream.receive(RECEIVE_SIZE)
                if not data:
                    return
                self.received += data
                self._changed.unpark_all()
