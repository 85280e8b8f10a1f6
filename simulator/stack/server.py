"""The module's TCP or SSL server (ESP-AT User Guide, AT+CIPSERVER, AT+CIPSERVERMAXCONN, AT+CIPSTO)."""

from typing import Final, NamedTuple

import trio

from espat.core.boot import Boot
from espat.core.time.clock import Clock
from espat.stack.endpoint import Endpoint
from espat.stack.errors import NetworkError
from espat.stack.host_network import HostListener
from espat.stack.lan import Lan
from espat.stack.link import LINK_COUNT, Link
from espat.stack.links import LinkTable
from espat.stack.network import ANY_INTERFACE, Network
from espat.stack.stream import Stream
from espat.stack.tls_context import TlsConfiguration
from espat.stack.tls_options import Tls

DEFAULT_PORT: Final = 333
MOST_HANDSHAKES: Final = 64
"""Clients that may be shaking hands at a time; they have no link number yet. Further ones are not let in."""
DEFAULT_IDLE_LIMIT: Final = 0
"""Seconds; no document states the default of AT+CIPSTO. 0 is never."""


class ServerTraits(NamedTuple):
    """Of a firmware. `idle_limit`: seconds after which a silent client is closed until AT+CIPSTO says it, 0 never."""

    idle_limit: int = DEFAULT_IDLE_LIMIT


class Server:
    """At most one server, its limits, and the clients it has accepted."""

    def __init__(self, boot: Boot) -> None:
        self.most_clients = LINK_COUNT
        self.idle_limit = boot.traits(ServerTraits).idle_limit
        self.port: int | None = None
        """None: there is no server."""
        self.interface = ANY_INTERFACE
        self.security: TlsConfiguration | None = None
        """What an SSL server uses; None for TCP."""
        self._network = boot[Network]
        self._links = boot[LinkTable]
        self._tls = boot[Tls]
        self._handshakes: set[Stream] = set()
        self._clock = boot[Clock]
        self._spawn = boot.spawn
        self._listener: HostListener | None = None
        self._watching = False
        boot.at_end(lambda how: self.stop())

    @property
    def running(self) -> bool:
        """Whether there is a server."""
        return self.port is not None

    @property
    def clients(self) -> list[Link]:
        """The links it has accepted."""
        return [link for link in self._links if link.accepted]

    async def start(self, port: int, interface: int, *, security: TlsConfiguration | None = None) -> None:
        """Listen. `security`: as an SSL server. Raises NetworkError."""
        self._listener = await self._network.host.listen(port)
        self.port, self.interface, self.security = port, interface, security
        self._network.acceptors[port] = self
        self._spawn(self._accept_from_host, self._listener)
        if not self._watching:
            self._watching = True
            self._spawn(self._close_idle_clients)

    def stop(self) -> None:
        """Stop listening; the clients stay."""
        if self.port is not None:
            self._network.acceptors.pop(self.port, None)
        if self._listener is not None:
            self._listener.close()
        self.port, self._listener = None, None
        for stream in self._handshakes:
            stream.close()

    def set_idle_limit(self, seconds: int) -> None:
        """Close clients that have been silent for so long; 0 never."""
        self.idle_limit = seconds
        self._links.notify()

    def listens_on(self, lan: Lan) -> bool:
        """Whether it takes clients that come over that network."""
        attachments = self._network.attachments
        return any(one.lan is lan and self.interface in (ANY_INTERFACE, one.interface) for one in attachments)

    def accept(self, stream: Stream, client: Endpoint, lan: Lan | None) -> None:
        """Take a client, or close its connection when there are as many as there may be."""
        full = len(self.clients) >= self.most_clients or self._links.lowest_free is None
        if full or len(self._handshakes) >= MOST_HANDSHAKES:
            stream.close()
        elif self.security is not None:
            self._handshakes.add(stream)
            self._spawn(self._shake_hands, stream, client, lan, self.security)
        else:
            self._take(stream, client, lan, secure=False)

    def _take(self, stream: Stream, client: Endpoint, lan: Lan | None, *, secure: bool) -> None:
        port = None if len(self.clients) >= self.most_clients else self.port
        if port is None or not self._links.accept(stream, client, port, lan, secure=secure):
            stream.close()

    async def _shake_hands(self, stream: Stream, client: Endpoint, lan: Lan | None, security: TlsConfiguration) -> None:
        """Make a link of a client that comes to terms; of one that does not, nobody hears."""
        try:
            secured = await self._tls.accept(stream, security)
            await self._links.room()
            self._take(secured, client, lan, secure=True)
        except NetworkError:
            return
        except trio.Cancelled:  # the module restarts, or has lost its power
            stream.vanish()
            raise
        finally:
            self._handshakes.discard(stream)

    async def _accept_from_host(self, listener: HostListener) -> None:
        while True:
            try:
                stream = await listener.accept()
            except trio.ClosedResourceError:
                return
            await self._links.room()  # each client is announced: they queue here, not what is printed of them
            if listener is not self._listener:
                stream.close()
                return
            if not self._network.reached(self.interface):
                stream.close()  # there is no interface that the client could have come over
                continue
            self.accept(stream, *self._network.from_host(stream.remote, self.interface))

    async def _close_idle_clients(self) -> None:
        """For ever: end the clients that have been silent for too long."""
        while True:
            changed = self._links.changed
            next_look = float("inf")
            for link in [one for one in self.clients if self.idle_limit and not (one.ended or one.finishing)]:
                left = link.used + self.idle_limit - self._clock.now()
                if left <= 0:
                    self._links.expire(link)
                else:
                    next_look = min(next_look, left)
            with self._clock.move_on_after(next_look):
                await changed.wait()
