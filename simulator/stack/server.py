"""The module's TCP or SSL server (ESP-AT User Guide, AT+CIPSERVER, AT+CIPSERVERMAXCONN, AT+CIPSTO)."""

from typing import Final, NamedTuple

import trio

from espat.core.boot import Boot, Ending
from espat.core.events import Event
from espat.core.time.clock import Clock
from espat.stack.active_interfaces import ANY_INTERFACE
from espat.stack.connection import Connection
from espat.stack.errors import NetworkError
from espat.stack.link import LINK_COUNT, Link
from espat.stack.links import LinkTable
from espat.stack.listener import Listener, listen
from espat.stack.stream import Stream
from espat.stack.tls import PACKET_LIMIT
from espat.stack.tls_context import TlsConfiguration
from espat.stack.tls_options import LinkTls

DEFAULT_PORT: Final = 333
MOST_HANDSHAKES: Final = 64
"""Clients that may be shaking hands at a time; they have no link number yet. A further one takes the place of the one
that has done so for longest, if that is longer than an honest one needs, and is not let in otherwise."""
DEFAULT_IDLE_LIMIT: Final = 0
"""Seconds; no document states the default of AT+CIPSTO. 0 is never."""


SERVER_FULL: Final = Event[[int]]()
"""A client has come that is one too many; how many there are."""


class ServerTraits(NamedTuple):
    """Of a firmware. `idle_limit`: seconds after which a silent client is closed until AT+CIPSTO says it, 0 never."""

    idle_limit: int = DEFAULT_IDLE_LIMIT


class Server:
    """At most one server, its limits, and the clients it has accepted."""

    def __init__(self, boot: Boot) -> None:
        self.most_clients = LINK_COUNT
        self.idle_limit = boot.traits(ServerTraits).idle_limit
        self.security: TlsConfiguration | None = None
        """What an SSL server uses; None for TCP."""
        self._links = boot[LinkTable]
        self._boot = boot
        self._handshakes: dict[Stream, float] = {}
        """Since when, the longest first."""
        self._clock = boot[Clock]
        self._spawn = boot.spawn
        self._listener: Listener | None = None
        self._watching = False
        boot.at_end(self._end)

    @property
    def running(self) -> bool:
        """Whether there is a server."""
        return self._listener is not None

    @property
    def port(self) -> int | None:
        """Where it listens; None: there is no server."""
        return self._listener.port if self._listener is not None else None

    @property
    def interface(self) -> int:
        """Over which interface clients may come, ANY_INTERFACE for all."""
        return self._listener.interface if self._listener is not None else ANY_INTERFACE

    @property
    def clients(self) -> list[Link]:
        """The links it has accepted."""
        return [link for link in self._links if link.accepted]

    async def start(self, port: int, interface: int, *, security: TlsConfiguration | None = None) -> None:
        """Listen. `security`: as an SSL server. Raises NetworkError."""
        self._listener = await listen(self._boot, port, interface)
        self.security = security
        self._spawn(self._serve, self._listener)
        if not self._watching:
            self._watching = True
            self._spawn(self._close_idle_clients)

    def stop(self) -> None:
        """Stop listening; the clients stay."""
        if self._listener is not None:
            self._listener.close()
        self._listener = None
        for stream in self._handshakes:
            stream.close()

    def _end(self, how: Ending) -> None:
        if self._listener is not None:
            self._listener.abandon()
        self._listener = None

    def set_idle_limit(self, seconds: int) -> None:
        """Close clients that have been silent for so long; 0 never."""
        self.idle_limit = seconds
        self._links.notify()

    async def _serve(self, listener: Listener) -> None:
        while True:
            try:
                client = await listener.accept()
            except trio.ClosedResourceError:
                return
            await self._links.room()  # each client is announced: they queue here, not what is printed of them
            if listener is not self._listener:
                client.stream.close()
                return
            self._accept(client)

    def _accept(self, client: Connection) -> None:
        """Take a client, or close its connection when there are as many as there may be."""
        count = len(self.clients)
        if count >= self.most_clients:
            self._boot.announce(SERVER_FULL, count)
        full = count >= self.most_clients or self._links.lowest_free is None
        if not full and len(self._handshakes) >= MOST_HANDSHAKES:
            longest, since = next(iter(self._handshakes.items()))
            full = self._clock.now() - since < PACKET_LIMIT
            if not full:
                del self._handshakes[longest]
                longest.close()
        if full:
            client.stream.close()
        elif self.security is not None:
            self._handshakes[client.stream] = self._clock.now()
            self._spawn(self._shake_hands, client, self.security)
        else:
            self._take(client, secure=False)

    def _take(self, client: Connection, *, secure: bool) -> None:
        full = not self.running or len(self.clients) >= self.most_clients
        if full or not self._links.accept(client, secure=secure):
            client.stream.close()

    async def _shake_hands(self, client: Connection, security: TlsConfiguration) -> None:
        """Make a link of a client that comes to terms; of one that does not, nobody hears."""
        try:
            secured = await self._boot[LinkTls].accept(client.stream, security)
            await self._links.room()
            self._take(client._replace(stream=secured), secure=True)
        except NetworkError:
            return
        except trio.Cancelled:  # the module restarts, or has lost its power
            client.stream.vanish()
            raise
        finally:
            self._handshakes.pop(client.stream, None)

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
