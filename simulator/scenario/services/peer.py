"""Services that do nothing by themselves: what they say and when they close is up to the code of a scenario."""

from collections.abc import Callable
from typing import NamedTuple

import trio

from simulator.scenario.services.service import ServingHost, TcpService, UdpService
from simulator.stack.endpoint import Endpoint
from simulator.stack.memory_stream import WINDOW, MemoryStream


class PeerConnection:
    """One TCP connection of a host, in the hands of scenario code.

    `client`: the other end. `received`: bytes that nobody has taken yet. `ended`: the other end has closed, or the
    connection is gone. `changed`: set at the next change of these two; a fresh event stands here afterwards.
    """

    def __init__(self, stream: MemoryStream) -> None:
        self.client = stream.remote
        self.received = bytearray()
        self.ended = False
        self.changed = trio.Event()
        self._stream = stream
        self._reading = trio.Event()
        self._reading.set()

    async def receive(self, count: int) -> bytes:
        """Wait for so many bytes and take them; fewer when the connection ends before."""
        while len(self.received) < count and not self.ended:
            await self.changed.wait()
        data = bytes(self.received[:count])
        del self.received[:count]
        return data

    async def send(self, data: bytes) -> None:
        """Send as fast as the module takes it. Raises trio.BrokenResourceError, trio.ClosedResourceError."""
        await self._stream.send_all(data)

    def pause(self) -> None:
        """Read no more than what is being read; the window of the module's sender fills."""
        self._reading = trio.Event()

    def go_on(self) -> None:
        """Read again."""
        self._reading.set()

    def close(self) -> None:
        """Close it; the other end reads what is under way, then the end."""
        self._stream.close()

    def reset(self) -> None:
        """Break it for both ends."""
        self._stream.reset()

    async def run(self) -> None:
        """Read until the connection ends."""
        try:
            while True:
                await self._reading.wait()
                data = await self._stream.receive_some(WINDOW)
                if not data:
                    return
                self.received += data
                self._change()
        finally:
            self.ended = True
            self._change()

    def _change(self) -> None:
        self.changed.set()
        self.changed = trio.Event()


class TcpPeer(TcpService):
    """Accepts, and leaves the rest to scenario code. `connections`: all there were, the latest last."""

    def __init__(self, host: ServingHost, port: int) -> None:
        super().__init__(host, port)
        self.connections: list[PeerConnection] = []
        self._accepted = 0
        self._arrived = trio.Event()

    async def accept(self) -> PeerConnection:
        """Wait for the next connection that has not been accepted yet."""
        while self._accepted == len(self.connections):
            await self._arrived.wait()
        self._accepted += 1
        return self.connections[self._accepted - 1]

    async def serve(self, stream: MemoryStream) -> None:
        connection = PeerConnection(stream)
        self.connections.append(connection)
        self._arrived.set()
        self._arrived = trio.Event()
        await connection.run()


class Datagram(NamedTuple):
    """A datagram, and who has sent it."""

    data: bytes
    sender: Endpoint


class UdpPeer(UdpService):
    """Keeps what comes for scenario code. `datagrams`: those that nobody has taken yet."""

    def __init__(self, host: ServingHost, port: int) -> None:
        super().__init__(host, port)
        self.datagrams: list[Datagram] = []
        self._arrived = trio.Event()

    def receive(self, data: bytes, sender: Endpoint, reply: Callable[[bytes], None]) -> None:
        self.datagrams.append(Datagram(data, sender))
        self._arrived.set()
        self._arrived = trio.Event()

    async def take(self) -> Datagram:
        """Wait for a datagram, and take it."""
        while not self.datagrams:
            await self._arrived.wait()
        return self.datagrams.pop(0)

    def send(self, data: bytes, destination: Endpoint) -> None:
        """Send a datagram from the port of this service."""
        self.host.send_datagram(data, self.port, destination)
