"""Services that do nothing by themselves: what they say and when they close is up to the code or the steps of a
scenario."""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from espat.scenario.services.peer_connection import PeerConnection
from espat.scenario.services.service import ServingHost, TcpService, UdpService
from espat.stack.endpoint import Endpoint
from espat.stack.stream import Stream

DATAGRAMS_LIMIT: Final = 4096
"""Datagrams that are kept until somebody takes them; more are lost, as they are anywhere."""


class TcpPeer(TcpService):
    """Accepts, and leaves the rest to the scenario."""

    async def accept(self) -> PeerConnection:
        """Wait for the next connection that has not been accepted yet."""
        while True:
            for connection in self.host.peer_connections:
                if connection.port == self.port and not connection.accepted:
                    connection.accepted = True
                    return connection
            await self.host.changed.park()

    async def serve(self, stream: Stream) -> None:
        connection = PeerConnection(stream, self.port, self.host.changed, stream.remote)
        self.host.peer_connections.append(connection)
        self.host.changed.unpark_all()
        await connection.run()


class Datagram(NamedTuple):
    """A datagram, and who has sent it."""

    data: bytes
    sender: Endpoint


class UdpPeer(UdpService):
    """Keeps what comes for the scenario, as far as there is room. `datagrams`: those that nobody has taken yet."""

    def __init__(self, host: ServingHost, port: int) -> None:
        super().__init__(host, port)
        self.datagrams: deque[Datagram] = deque()

    def receive(self, data: bytes, sender: Endpoint, reply: Callable[[bytes], None]) -> None:
        if len(self.datagrams) < DATAGRAMS_LIMIT:
            self.datagrams.append(Datagram(data, sender))
            self.host.changed.unpark_all()

    async def take(self) -> Datagram:
        """Wait for a datagram, and take it."""
        while not self.datagrams:
            await self.host.changed.park()
        return self.datagrams.popleft()

    def send(self, data: bytes, destination: Endpoint) -> None:
        """Send a datagram from the port of this service."""
        self.host.send_datagram(data, self.port, destination)
