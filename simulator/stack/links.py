"""The links: at most five connections, numbered 0 to 4 (ESP-AT User Guide, chapter TCP/IP).

A link is TCP or UDP over a network; it does not know which. It tells the table what arrives and that it has ended;
the table tells its listener, who prints.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import ClassVar, Final, Protocol

import trio

from simulator.core.output import Output
from simulator.stack.endpoint import Endpoint
from simulator.stack.host_network import (
    LWIP_ADDRESS_IN_USE,
    LWIP_NO_ROUTE,
    LWIP_NOT_CONNECTED,
    LWIP_RESET,
    Destination,
    HostDatagrams,
    HostNetwork,
    NetworkError,
    network_error,
)
from simulator.stack.interface import StationInterface

LINK_COUNT: Final = 5
RECEIVE_WINDOW: Final = 5760
"""Bytes the module takes from a connection at a time: four segments of 1440."""
MESSAGE_LIMIT: Final = 2920
"""Payload bytes of one +IPD."""


class LinkListener(Protocol):
    """Who is told what happens on the links."""

    def link_opened(self, link: "Link") -> None:
        """A link is up."""

    def link_closed(self, link: "Link") -> None:
        """A link has ended."""

    def link_data(self, link: "Link", payload: bytes, sender: Endpoint) -> None:
        """Data has arrived, at most MESSAGE_LIMIT bytes."""


class Link(ABC):
    """One connection.

    `number`: 0 to 4. `remote`: the peer as the module shows it. `accepted`: whether a server of the module's took it.
    """

    kind: ClassVar[bytes]

    def __init__(self, number: int, remote: Endpoint, local_port: int, *, accepted: bool = False) -> None:
        self.number = number
        self.remote = remote
        self.local_port = local_port
        self.accepted = accepted
        self.receiving = trio.CancelScope()

    @abstractmethod
    async def send(self, payload: bytes) -> None:
        """Hand a payload to the stack. Raises NetworkError."""

    @abstractmethod
    async def receive(self) -> tuple[bytes, Endpoint]:
        """Wait for data and its sender; no data means that the peer has closed. Raises NetworkError."""

    @abstractmethod
    def close(self) -> None:
        """Release the connection."""


class TcpLink(Link):
    """A TCP connection."""

    kind = b"TCP"

    def __init__(self, number: int, remote: Endpoint, stream: trio.SocketStream, *, accepted: bool = False) -> None:
        super().__init__(number, remote, stream.socket.getsockname()[1], accepted=accepted)
        self._stream = stream

    async def send(self, payload: bytes) -> None:
        try:
            await self._stream.send_all(payload)
        except trio.BrokenResourceError as error:
            cause = error.__cause__
            raise network_error(cause if isinstance(cause, OSError) else OSError()) from error
        except trio.ClosedResourceError as error:
            raise NetworkError(LWIP_NOT_CONNECTED) from error

    async def receive(self) -> tuple[bytes, Endpoint]:
        try:
            return await self._stream.receive_some(RECEIVE_WINDOW), self.remote
        except trio.BrokenResourceError as error:
            raise NetworkError(LWIP_RESET) from error

    def close(self) -> None:
        self._stream.socket.close()


class UdpLink(Link):
    """A UDP port with a peer.

    `follows`: 0 the peer never changes; 1 it changes once, to the first other sender; 2 it is always the last sender.
    """

    kind = b"UDP"

    def __init__(
        self,
        number: int,
        peer: Destination,
        datagrams: HostDatagrams,
        network: HostNetwork,
        interface: StationInterface,
        *,
        follows: int = 0,
    ) -> None:
        super().__init__(number, peer.seen, datagrams.local_port)
        self._peer = peer
        self._datagrams = datagrams
        self._network = network
        self._interface = interface
        self._follows = follows

    async def send(self, payload: bytes) -> None:
        await self.send_to(payload, self._peer)

    async def send_to(self, payload: bytes, destination: Destination) -> None:
        """Send one datagram somewhere else; the peer stays. Raises NetworkError."""
        if not self._interface.up:
            raise NetworkError(LWIP_NO_ROUTE)
        if destination.host is not None:
            await self._datagrams.send_to(payload, destination.host)

    async def receive(self) -> tuple[bytes, Endpoint]:
        while True:
            data, host = await self._datagrams.receive_from()
            if not data or not self._interface.up:
                continue  # an empty datagram is nothing on the AT port; without a network nothing comes in
            if host == self._peer.host:
                return data, self._peer.seen
            sender = self._network.host_map.to_module(host.address, host.port, self._interface.lan)
            if self._follows:
                self._peer = Destination(sender, host)
                self.remote = sender
                if self._follows == 1:
                    self._follows = 0
            return data, sender

    def close(self) -> None:
        self._datagrams.close()


class LinkTable:
    """The links of one boot, and what AT+CIPMUX, AT+CIPDINFO and AT+CIPSTART say of all of them."""

    def __init__(
        self,
        network: HostNetwork,
        interface: StationInterface,
        output: Output,
        listener: LinkListener,
        spawn: Callable[..., None],
    ) -> None:
        self.multiple = False
        self.shows_sender = False
        self.had_links = False
        self.keep_alive = 0
        """Seconds of silence before TCP asks whether the peer is there; 0: never. The last command that says wins."""
        self.network = network
        self.interface = interface
        self._links: list[Link | None] = [None] * LINK_COUNT
        self._output = output
        self._listener = listener
        self._spawn = spawn

    def __iter__(self) -> Iterator[Link]:
        """The links that are up, by number; opening and closing meanwhile does no harm."""
        return iter([link for link in self._links if link is not None])

    def __getitem__(self, number: int) -> Link | None:
        return self._links[number]

    def lowest_free(self) -> int | None:
        """The lowest number without a link."""
        return self._links.index(None) if None in self._links else None

    async def open_tcp(self, number: int, host: str, port: int) -> None:
        """Connect. Raises ResolveError, UnreachableError, NetworkError."""
        destination = await self.network.locate(host, port, self.interface.lan)
        stream = await self.network.connect(destination, self.keep_alive)
        if not self.interface.up:  # lost meanwhile
            stream.socket.close()
            raise NetworkError(LWIP_NO_ROUTE)
        self.add(TcpLink(number, destination.seen, stream))

    async def open_udp(self, number: int, host: str, port: int, local_port: int | None, follows: int) -> None:
        """Open a UDP port with a peer. Raises ResolveError, NetworkError."""
        peer = await self.network.locate_datagram(host, port, self.interface.lan)
        if local_port is not None and any(isinstance(link, UdpLink) and link.local_port == local_port for link in self):
            raise NetworkError(LWIP_ADDRESS_IN_USE)
        datagrams = await self.network.open_datagrams(local_port, self._spawn)
        self.add(UdpLink(number, peer, datagrams, self.network, self.interface, follows=follows))

    def add(self, link: Link) -> None:
        """Take a link that is up into the table, announce it, and listen to it."""
        self._links[link.number] = link
        self.had_links = True
        self._listener.link_opened(link)
        self._spawn(self._receive, link)

    def close(self, link: Link) -> None:
        """End a link from this side."""
        link.receiving.cancel()
        self._end(link)

    def interface_down(self) -> None:
        """The station has lost its network: its TCP links end."""
        for link in self:
            if isinstance(link, TcpLink):
                self.close(link)

    def abandon(self) -> None:
        """Close everything without a word: the module restarts or loses its power."""
        for link in self:
            link.close()
        self._links = [None] * LINK_COUNT

    async def _receive(self, link: Link) -> None:
        with link.receiving:
            while True:
                try:
                    data, sender = await link.receive()
                except (NetworkError, trio.ClosedResourceError):
                    data = b""
                if not data:
                    break
                for at in range(0, len(data), MESSAGE_LIMIT):
                    await self._output.room()
                    self._listener.link_data(link, data[at : at + MESSAGE_LIMIT], sender)
            self._end(link)

    def _end(self, link: Link) -> None:
        if self._links[link.number] is link:
            link.close()
            self._links[link.number] = None
            self._listener.link_closed(link)
