"""One link: a TCP or UDP connection with a number (ESP-AT User Guide, chapter TCP/IP).

It does not know whether its peer is a socket of this machine or somebody of the simulation.
"""

from abc import ABC, abstractmethod
from collections import deque
from functools import cached_property
from typing import ClassVar, Final, Protocol

import trio

from espat.stack.connection import Connection
from espat.stack.datagrams import Datagrams
from espat.stack.endpoint import Endpoint
from espat.stack.errors import LWIP_NO_ROUTE, NetworkError
from espat.stack.lan import Lan
from espat.stack.network import Network
from espat.stack.routing import Route
from espat.stack.segments import Segments
from espat.stack.stream import Stream
from espat.stack.tcp_options import ConnectionOptions

LINK_COUNT: Final = 5

RECEIVE_WINDOW: Final = 5760
"""Of the ESP32: four segments of 1440 bytes."""
SEND_BUFFER: Final = 5760
"""Bytes the stack takes from the module before the peer has acknowledged any of them."""
CORRESPONDENTS: Final = 64
"""So many whom a UDP link has sent to keep the address that it sent to, where one place has several."""
NO_OPTIONS: Final = ConnectionOptions()


class Link(ABC):
    """One connection.

    `number`: 0 to 4. `remote`: the peer as the module shows it. `lan`: the network it goes through. `accepted`: whether
    a server of the module's took it. `ended`: the connection is over, but there is data left to read. `finishing`: it
    only waits for the peer to close too.
    """

    kind: ClassVar[bytes]

    def __init__(
        self, number: int, remote: Endpoint, local_port: int, lan: Lan | None, *, accepted: bool = False
    ) -> None:
        self.number = number
        self.remote = remote
        self.local_port = local_port
        self.lan = lan
        self.accepted = accepted
        self.receiving = trio.CancelScope()
        self.used = 0.0
        """When data last went either way, in module time."""
        self.ended = False
        self.finishing = False
        self.unread: deque[tuple[bytes, Endpoint]] = deque()
        """Received passively, and not yet read by the host."""
        self.announced = False
        """Whether the host has been told of it since it last read."""
        self.read = trio.lowlevel.ParkingLot()
        self.window = RECEIVE_WINDOW
        """Bytes taken from the connection at a time, and held for a host that has not read them."""
        self._sent = 0

    @property
    def sent(self) -> int:
        """Bytes handed to the stack so far, those of a send that broke off included."""
        return self._sent

    @property
    def unread_length(self) -> int:
        """Bytes that wait to be read."""
        if not self.unread:  # nearly always, and every receive asks
            return 0
        return sum(len(data) for data, _ in self.unread)

    @property
    def shown_length(self) -> int:
        """Bytes that the module tells the host of, in +IPD and AT+CIPRECVLEN."""
        return self.unread_length

    @property
    def next_length(self) -> int:
        """Unread bytes that belong together."""
        return self.unread_length

    def keep(self, data: bytes, sender: Endpoint) -> None:
        """Keep what was received last until the host reads it."""
        self.unread.append((data, sender))

    @property
    def end_is_announced(self) -> bool:
        """Whether the host is told of the peer's end as of data; what it reads of that is nothing."""
        return False

    @property
    @abstractmethod
    def room(self) -> int:
        """Bytes that may be received now."""

    @abstractmethod
    def take(self, most: int) -> tuple[bytes, Endpoint]:
        """Take up to `most` unread bytes, and where they came from; there must be some."""

    @abstractmethod
    async def send(self, payload: bytes) -> None:
        """Hand a payload to the stack. Raises NetworkError."""

    @abstractmethod
    async def receive(self) -> tuple[bytes, Endpoint]:
        """Wait for data and its sender; no data means that the peer has closed. Raises NetworkError."""

    @abstractmethod
    def close(self) -> None:
        """Release the connection."""

    def vanish(self) -> None:
        """Release it without a word to the peer."""
        self.close()


class TcpLink(Link):
    """A TCP connection.

    `keep_alive`, `linger`: see ConnectionOptions. `cut_off`: its network is gone and it waits for it to come back; what
    is sent meanwhile stays in the stack's buffer.
    """

    kind = b"TCP"

    def __init__(
        self,
        number: int,
        connection: Connection,
        *,
        options: ConnectionOptions = NO_OPTIONS,
        accepted: bool = False,
    ) -> None:
        stream, local_port, remote, lan = connection
        super().__init__(number, remote, local_port, lan, accepted=accepted)
        self.keep_alive = options.keep_alive
        self.linger = options.linger
        self.cut_off = False
        self._held = bytearray()
        self._outages = 0
        self._turn = trio.Lock()  # of those who send: what each of them has stays in one piece
        self.dialled: tuple[str, int] = str(remote.address), remote.port
        """What a client dialled, a name or an address; it is dialled again in passthrough."""
        self._stream = stream

    @cached_property
    def segments(self) -> Segments:
        """What AT+CIPSENDBUF has written."""
        return Segments()

    @property
    def sent(self) -> int:
        return self._stream.sent + len(self._held)

    @property
    def room(self) -> int:
        return self.window - self.unread_length

    def take(self, most: int) -> tuple[bytes, Endpoint]:
        parts: list[bytes] = []
        while self.unread and most:
            data, sender = self.unread.popleft()
            if not data:  # the announced end, which nothing else is read with
                if parts:
                    self.unread.appendleft((data, sender))
                break
            if len(data) > most:
                self.unread.appendleft((data[most:], sender))
                data = data[:most]
            most -= len(data)
            parts.append(data)
        return b"".join(parts), self.remote

    async def send(self, payload: bytes) -> None:
        try:
            self._turn.acquire_nowait()  # without a checkpoint
        except trio.WouldBlock:
            await self._turn.acquire()
        try:
            await self._stream.send(payload)
        finally:
            self._turn.release()

    def cut(self) -> None:
        """Its network is gone; `resume` follows when it is back."""
        self.cut_off = True
        self._outages += 1

    @property
    def holds(self) -> bool:
        """Whether data waits for the network."""
        return bool(self._held)

    def hold(self, payload: bytes) -> bool:
        """Keep what is sent while it is cut off; False when the stack's buffer is full."""
        if len(self._held) + len(payload) > SEND_BUFFER:
            return False
        self._held += payload
        return True

    async def resume(self) -> None:
        """The network is back: send what has been held; it may be gone again by then. Raises NetworkError."""
        outage = self._outages
        while self._held:
            payload = bytes(self._held)
            self._held.clear()
            await self.send(payload)
        if outage == self._outages:
            self.cut_off = False
            if self.finishing:
                self._stream.finish()

    async def receive(self) -> tuple[bytes, Endpoint]:
        return await self._stream.receive(max(1, self.room)), self.remote

    def finish(self, *, discards: bool = True) -> None:
        """Say that nothing more comes, and take nothing any more. `discards`: what waits to be read is lost."""
        self.finishing = True
        if discards:
            self.unread.clear()
            self.read.unpark_all()
        if not self.cut_off:
            self._stream.finish()

    def give_up(self) -> None:
        """Nothing is waited for any longer: what the peer has not acknowledged is lost."""
        if self.cut_off or not self._stream.acknowledged:
            self._stream.reset()

    def close(self) -> None:
        self._stream.close()

    def vanish(self) -> None:
        self._stream.vanish()


class RecordStream(Stream, Protocol):
    """A stream in records."""

    @property
    def record_length(self) -> int:
        """Bytes of the record that what was received last begins; 0 if that is the rest of one, or there is none."""


class TlsLink(TcpLink):
    """A TLS connection over TCP; the firmware calls it SSL.

    How much waits for the host is asked of TLS first, and of the socket only when that has decrypted nothing (ESP-AT
    User Guide, AT+CIPRECVLEN); there whole records wait: 450 bytes for 421 of data (seen on 2.2, 2.5 and 3.x).
    """

    kind = b"SSL"
    _stream: RecordStream

    @cached_property
    def _encrypted(self) -> deque[int]:
        """For each part of `unread` the length of the record it begins; 0 for what TLS has decrypted."""
        return deque()

    @property
    def shown_length(self) -> int:
        if not self.unread:
            return 0
        return min(sum(self._encrypted), self.window) if self._encrypted[0] else len(self.unread[0][0])

    @property
    def next_length(self) -> int:
        return max(1, self.unread_length)  # the end too is there to be read

    def keep(self, data: bytes, sender: Endpoint) -> None:
        super().keep(data, sender)
        self._encrypted.append(self._stream.record_length)

    @property
    def end_is_announced(self) -> bool:
        """The peer's closing alert is a record like others: 31 bytes on a module of 3.x, then ERROR, then CLOSED."""
        return self._stream.record_length > 0

    def take(self, most: int) -> tuple[bytes, Endpoint]:
        lengths = [len(data) for data, _ in self.unread]
        taken = super().take(most)
        while len(self._encrypted) > len(self.unread):
            self._encrypted.popleft()
        if self.unread and len(self.unread[0][0]) < lengths[-len(self.unread)]:
            self._encrypted[0] = 0
        return taken


class UdpLink(Link):
    """A UDP port with a peer.

    `follows`: 0 the peer never changes; 1 it changes once, to the first other sender; 2 it is always the last sender.
    Datagrams of others come in whatever it is, with 0 too (ESP-AT User Guide, example of UDP with a fixed remote; the
    captured session of softAP provisioning).
    """

    kind = b"UDP"

    def __init__(self, number: int, peer: Route, datagrams: Datagrams, network: Network, *, follows: int = 0) -> None:
        super().__init__(number, peer.seen, datagrams.local_port, peer.lan)
        self.follows = follows
        self._peer = peer
        self._datagrams = datagrams
        self._network = network
        self._called: dict[Endpoint, Endpoint] = {}  # who is on this machine, as the module has called them last

    @property
    def next_length(self) -> int:
        return len(self.unread[0][0])

    @property
    def room(self) -> int:
        return self.window  # what is too much is lost when it comes

    def take(self, most: int) -> tuple[bytes, Endpoint]:
        """Datagrams join to fill what is asked for; what is left of the last one is lost, and the sender is that one's
        (seen on 2.1.0 and 4.2.0)."""
        taken = b""
        while len(taken) < most and self.unread:
            data, sender = self.unread.popleft()
            taken += data
        return taken[:most], sender

    async def send(self, payload: bytes) -> None:
        await self.send_to(payload, self._peer)

    async def send_to(self, payload: bytes, route: Route) -> None:
        """Send one datagram somewhere else; the peer stays. Raises NetworkError."""
        if not self._network.interfaces:
            raise NetworkError(LWIP_NO_ROUTE)
        if route.host is not None:
            self._called.pop(route.host, None)
            self._called[route.host] = route.seen
            if len(self._called) > CORRESPONDENTS:
                del self._called[next(iter(self._called))]
        await self._network.send_datagram(self._datagrams, payload, route)
        self._sent += len(payload)

    async def receive(self) -> tuple[bytes, Endpoint]:
        while True:
            data, host, seen = await self._datagrams.receive()
            if not data or not self._network.interfaces.reached():
                continue  # an empty datagram is nothing on the AT port; without a network nothing comes in
            sender = seen or self._sender(host or self.remote)
            if self.follows and sender != self.remote:
                await self._follow(sender, host)
            return data, sender

    def _sender(self, host: Endpoint) -> Endpoint:
        """What the module calls a sender on this machine: as it has called it itself, where it has."""
        called = self._called.get(host)
        if called is not None:
            return called
        return self._peer.seen if host == self._peer.host else self._network.from_host(host)[0]

    def close(self) -> None:
        self._network.close_datagrams(self._datagrams)

    async def _follow(self, sender: Endpoint, host: Endpoint | None) -> None:
        if host is None:
            self._peer = await self._network.routing.locate_datagram(sender.address, sender.port)
        else:
            self._peer = Route(sender, self._peer.lan, self._peer.source, host=host)
        self.remote = sender
        if self.follows == 1:
            self.follows = 0
