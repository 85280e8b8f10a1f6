"""The way in: a TCP port of the module's, where connections arrive, of this machine's programs and in memory."""

from collections import deque
from typing import Final

import trio

from espat.core.boot import Boot
from espat.stack.active_interfaces import ANY_INTERFACE
from espat.stack.connection import Connection
from espat.stack.endpoint import Endpoint
from espat.stack.errors import LWIP_ADDRESS_IN_USE, NetworkError
from espat.stack.host_network import HostListener
from espat.stack.lan import Lan
from espat.stack.network import Network
from espat.stack.stream import Stream

BACKLOG: Final = 255
"""Clients of the simulation that may wait to be accepted (lwIP's longest); others are refused. Those of this machine
wait there."""


class Listener:
    """A port that somebody listens on. `interface`: the only one that connections may come over, or ANY_INTERFACE."""

    def __init__(self, network: Network, host: HostListener, port: int, interface: int) -> None:
        self.port = port
        self.interface = interface
        self._network = network
        self._host = host
        self._waiting: deque[Connection] = deque()
        self._changed = trio.lowlevel.ParkingLot()
        self._closed = False

    async def accept(self) -> Connection:
        """Wait for a client. Raises trio.ClosedResourceError."""
        while not self._waiting:
            if self._closed:
                raise trio.ClosedResourceError
            await self._changed.park()
        client = self._waiting.popleft()
        self._changed.unpark_all()
        return client

    def close(self) -> None:
        """Stop listening; who has not been accepted yet is let go."""
        self._closed = True
        self._network.acceptors.pop(self.port, None)
        self._host.close()
        while self._waiting:
            self._waiting.popleft().stream.close()
        self._changed.unpark_all()

    def abandon(self) -> None:
        """Stop listening; who has not been accepted yet hears nothing: the module restarts or loses its power."""
        while self._waiting:
            self._waiting.popleft().stream.vanish()
        self.close()

    def takes(self, lan: Lan) -> bool:
        """Whether it takes one more client that comes over that network."""
        over = any(one.lan is lan for one in self._network.interfaces.of(self.interface))
        return over and len(self._waiting) < BACKLOG

    def arrived(self, stream: Stream, client: Endpoint, lan: Lan | None) -> None:
        """A client has connected, over a network that it takes clients of."""
        self._waiting.append(Connection(stream, self.port, client, lan))
        self._changed.unpark_all()

    async def run(self) -> None:
        """Let this machine's programs in until it is closed."""
        while True:
            try:
                stream = await self._host.accept()
            except trio.ClosedResourceError:
                return
            if not self._network.interfaces.reached(self.interface):
                stream.close()  # there is no interface that the client could have come over
                continue
            self.arrived(stream, *self._network.from_host(stream.remote, self.interface))
            while self._waiting and not self._closed:
                await self._changed.park()  # meanwhile others wait where this machine keeps them


async def listen(boot: Boot, port: int, interface: int = ANY_INTERFACE) -> Listener:
    """Listen on a TCP port until it is closed. Raises NetworkError."""
    network = boot[Network]
    if port in network.acceptors:
        raise NetworkError(LWIP_ADDRESS_IN_USE)
    listener = Listener(network, await network.host.listen(port), port, interface)
    network.acceptors[port] = listener
    boot.spawn(listener.run)
    return listener
