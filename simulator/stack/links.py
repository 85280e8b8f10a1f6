"""The table of links: at most five, numbered 0 to 4 (ESP-AT User Guide, chapter TCP/IP).

A link tells the table that it has ended; the table announces it. What arrives is the business of `receiving`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple, TypeGuard

import trio

from espat.core.at.output import Output
from espat.core.at.system_log import SystemLog
from espat.core.boot import Boot, Ending
from espat.core.events import Event
from espat.core.time.clock import Clock
from espat.persist.settings import Settings
from espat.stack.active_interfaces import NETWORK_DOWN, NETWORK_UP, ActiveInterface, InterfaceKind
from espat.stack.connection import Connection
from espat.stack.dialler import NO_LIMIT, Dialler
from espat.stack.errors import LWIP_ABORTED, LWIP_NOT_CONNECTED, LWIP_WOULD_BLOCK, NetworkError
from espat.stack.link import LINK_COUNT, RECEIVE_WINDOW, Link, TcpLink, TlsLink, UdpLink
from espat.stack.network import Network
from espat.stack.passthrough import Passthrough
from espat.stack.routing import LOG_TAG, Routing
from espat.stack.tcp_options import KEEP_ALIVE_COUNT, KEEP_ALIVE_INTERVAL, TcpOptions
from espat.stack.tcp_timers import GIVE_UP
from espat.stack.tls_options import LinkTls
from espat.system.heap import Heap

DEFAULT_REPORT_SIZE, DEFAULT_TRANSMIT_SIZE = 1024, 2920
"""Bytes, of AT+CIPSENDLCFG."""
LINK_MEMORY: Final = {b"TCP": 3_600, b"UDP": 1_200, b"SSL": 40_000}
"""Bytes of the heap that one link takes, by its kind (estimates)."""


LINK_OPENED: Final = Event[[Link]]()
LINK_CLOSED: Final = Event[[Link]]()
LINK_NOT_OPENED: Final = Event[[int]]()
"""A link of that number could not be opened, in firmwares that say so."""


class LinkTraits(NamedTuple):
    """Of a firmware. `withholds_end`: whether the end of a link is told only when nothing is left to read.
    `receive_window`: bytes taken from a connection at a time, and held for a host that has not read them."""

    withholds_end: bool = True
    receive_window: int = RECEIVE_WINDOW


class LinkTable:
    """The links of one boot, and what applies to all of them.

    `multiple`: AT+CIPMUX. `shows_sender`: AT+CIPDINFO. `persistent`: AT+CIPCONNPERSIST, `options`: AT+CIPTCPOPT, each
    by link number. `report_size`, `transmit_size`: AT+CIPSENDLCFG.
    """

    def __init__(self, boot: Boot) -> None:
        settings = boot[Settings]
        self.multiple = False
        self.shows_sender = False
        self.report_size = DEFAULT_REPORT_SIZE
        self.transmit_size = DEFAULT_TRANSMIT_SIZE
        self.withholds_end, self._receive_window = boot.traits(LinkTraits)
        self.persistent = [False] * LINK_COUNT
        self.had_links = False
        self.options = [TcpOptions(settings, number) for number in range(LINK_COUNT)]
        self.network = boot[Network]
        self._routing = boot[Routing]
        self._log = boot[SystemLog]
        self.changed = trio.Event()
        """Set when a link opens or ends; a fresh event stands here afterwards."""
        self._links: list[Link | None] = [None] * LINK_COUNT
        self._opening: int | None = None  # the number of the link that is being opened
        self._boot = boot
        self._clock = boot[Clock]
        self._output = boot[Output]
        self._spawn = boot.spawn
        self._dialler = boot[Dialler]
        self._passthrough = boot[Passthrough]
        boot[Heap].charge(lambda: sum(LINK_MEMORY.get(link.kind, 0) for link in self))
        boot.at_end(self._end)

    def __iter__(self) -> Iterator[Link]:
        """The links that are up, by number; opening and closing meanwhile does no harm."""
        return iter([link for link in self._links if link is not None])

    def __getitem__(self, number: int) -> Link | None:
        return self._links[number]

    @property
    def lowest_free(self) -> int | None:
        """The lowest number that no link has or is about to have."""
        free = (number for number, link in enumerate(self._links) if link is None and number != self._opening)
        return next(free, None)

    @property
    def only(self) -> Link | None:
        """The link, when there is exactly one that is alive."""
        alive = [link for link in self if not link.ended]
        return alive[0] if len(alive) == 1 else None

    @contextmanager
    def reserved(self, number: int) -> Iterator[None]:
        """Keep clients of the server from getting the number of a link that is being opened."""
        before, self._opening = self._opening, number
        try:
            yield
        finally:
            self._opening = before

    async def reopen(self, link: Link) -> None:
        """Open the link of a client again, as it was. Raises ResolveError, UnreachableError, NetworkError."""
        if isinstance(link, TcpLink):
            await self.open_tcp(link.number, *link.dialled, secure=isinstance(link, TlsLink))

    async def open_tcp(
        self, number: int, host: str, port: int, *, secure: bool = False, limit: float = NO_LIMIT
    ) -> None:
        """Connect. `secure`: with TLS. `limit`: seconds. Raises ResolveError, UnreachableError, NetworkError."""
        options = self.options[number].of_connection
        tls = self._boot[LinkTls].options[number].choices if secure else None
        with self.reserved(number):
            connection = await self._dialler.dial(host, port, tls=tls, options=options, limit=limit)
        link = (TlsLink if secure else TcpLink)(number, connection, options=options)
        link.dialled = host, port
        self.add(link)

    async def open_udp(
        self, number: int, host: str, port: int, local_port: int | None, follows: int, *, limit: float = NO_LIMIT
    ) -> None:
        """Open a UDP port with a peer. `limit`: seconds. Raises ResolveError, NetworkError."""
        with self.reserved(number), self._clock.move_on_after(limit) as time:
            peer = await self._routing.locate_datagram(host, port)
            datagrams = await self.network.open_datagrams(local_port, peer.seen)
        if time.cancelled_caught:
            raise NetworkError(LWIP_ABORTED)
        self.add(UdpLink(number, peer, datagrams, self.network, follows=follows))

    def accept(self, client: Connection, *, secure: bool = False) -> bool:
        """Take a client of the server into the table; False when there is no number left."""
        number = self.lowest_free
        if number is None:
            return False
        options = self.options[number].of_connection
        client.stream.set_options(options)
        self.add((TlsLink if secure else TcpLink)(number, client, options=options, accepted=True))
        return True

    def add(self, link: Link) -> None:
        """Take a link that is up into the table, announce it, and listen to it."""
        self._links[link.number] = link
        self.had_links = True
        link.used = self._clock.now()
        link.window = self._receive_window
        passthrough = self._passthrough
        if passthrough.awaited:
            passthrough.awaited, passthrough.running = False, True
        self.notify()
        self._log.info(LOG_TAG, f"link:{link.number} is on netif:{self.network.interfaces.kind_on(link.lan)}")
        self._boot.announce(LINK_OPENED, link)

    async def send(self, link: Link, payload: bytes) -> None:
        """Send a payload within the link's send time-out; of one that does not get through in time, the part that the
        stack had room for has left. Raises NetworkError."""
        timeout = self.options[link.number].send_timeout
        if not timeout:
            await self.pass_on(link, payload)
            return
        with self._clock.move_on_after(timeout / 1000):
            await self.pass_on(link, payload)
            return
        raise NetworkError(LWIP_WOULD_BLOCK)

    async def pass_on(self, link: Link, payload: bytes) -> None:
        """Send a payload, however long the peer takes. Raises NetworkError."""
        link.used = self._clock.now()
        while isinstance(link, TcpLink) and link.cut_off:
            held_before = link.holds
            if link.hold(payload):
                if not held_before:
                    self._spawn(self._end_unless_back, link, GIVE_UP)
                return
            await self.changed.wait()
            if not self.alive(link):
                raise NetworkError(LWIP_NOT_CONNECTED)
        sent = link.sent
        try:
            await link.send(payload)
        except NetworkError:
            self._log.info(LOG_TAG, f"send failed, s:{len(payload)} r:{link.sent - sent}")
            raise

    def failed(self, link: Link) -> None:
        """There was data for a link that is no longer up. The log tells if a client of the server has its number now
        (ESP-AT User Guide, AT logs)."""
        successor = self._links[link.number]
        if successor is not None and successor is not link and successor.accepted:
            self._log.info(LOG_TAG, "link is changed")

    async def room(self) -> None:
        """Wait until there is room for reports; returns at once when there is."""
        await self._output.room()

    def alive(self, link: Link) -> bool:
        """Whether a link is up."""
        return self._links[link.number] is link and not link.ended

    def told_closed(self, link: Link) -> bool:
        """Whether the end of a link has been announced."""
        return self._links[link.number] is not link or (link.ended and not self.withholds_end)

    async def gone(self, link: Link) -> None:
        """Wait until a link is no longer up."""
        while self.alive(link):
            await self.changed.wait()

    async def finish(self, link: Link) -> None:
        """End a link from this side, as AT+CIPCLOSE does: one that lingers waits for the peer to close too.

        That is an option of the socket, SO_LINGER. So whatever closes one lingers; the document has AT+CIPCLOSE as its
        example, that AT+CIPSERVER and AT+CIPSTO are no exceptions is an inference.
        """
        if _lingers(link):
            link.finish()
            await self._linger(link, self.close)
        else:
            self.close(link)

    def expire(self, link: Link) -> None:
        """End a link that has been silent for too long, as `finish` does; what has come can still be read."""
        if _lingers(link):
            link.finish(discards=False)
            self._spawn(self._linger, link, self.disconnect)
        else:
            self.disconnect(link)

    async def _linger(self, link: TcpLink, end: Callable[[Link], None]) -> None:
        """Wait for the peer to close too; `end` ends the link of one that does not in time."""
        with self._clock.move_on_after(link.linger):
            await self.gone(link)
            return
        link.give_up()
        end(link)

    def disconnect(self, link: Link) -> None:
        """The connection of a link is over; what has come can still be read."""
        link.receiving.cancel()
        if link.unread:
            link.close()
            link.ended = True
            self.notify()
            if not self.withholds_end:
                self._boot.announce(LINK_CLOSED, link)
        else:
            self.end(link)

    def close(self, link: Link) -> None:
        """End a link from this side, at once, whatever waits to be read."""
        link.receiving.cancel()
        self.end(link)

    def end(self, link: Link) -> None:
        """Take a link out of the table, and tell the listener unless it knows."""
        if self._links[link.number] is link:
            link.close()
            self._links[link.number] = None
            self.notify()
            if self.withholds_end or not link.ended:
                self._boot.announce(LINK_CLOSED, link)

    @NETWORK_DOWN.heard
    def _network_down(self, gone: ActiveInterface) -> None:
        """An interface has lost its network: its TCP links end, unless they are to be left to the stack."""
        for link in self:
            if not isinstance(link, TcpLink) or link.lan is not gone.lan or link.ended:
                continue
            if not self.persistent[link.number]:
                link.vanish()
                self.disconnect(link)
                continue
            if link.keep_alive and not link.cut_off:
                questions = KEEP_ALIVE_INTERVAL * KEEP_ALIVE_COUNT
                silence = self._clock.now() - link.used
                self._spawn(self._end_unless_back, link, max(0.0, link.keep_alive + questions - silence))
            link.cut()

    @NETWORK_UP.heard
    def _network_up(self, active: ActiveInterface) -> None:
        """The station has its network back, or one with the same addresses: the links that were left to the stack go
        on."""
        lan = active.lan
        for link in self if active.kind is InterfaceKind.STATION else ():
            if isinstance(link, TcpLink) and link.cut_off and link.lan is not None and link.lan.subnet == lan.subnet:
                link.lan = lan
                self._spawn(self._resume, link)

    def _end(self, how: Ending) -> None:
        """Everything ends without a word."""
        for link in self:
            link.vanish()
        self._links = [None] * LINK_COUNT

    # Links that outlive their network

    async def _end_unless_back(self, link: TcpLink, seconds: float) -> None:
        """End a link that is still cut off then: nobody has answered its keep-alive, or acknowledged its data."""
        with self._clock.move_on_after(seconds):
            while link.cut_off and self.alive(link):
                await self.changed.wait()
            return
        if link.cut_off and self.alive(link):
            self.disconnect(link)

    async def _resume(self, link: TcpLink) -> None:
        try:
            await link.resume()
        except NetworkError:
            link.cut_off = False  # the link's own receiving notices that the peer has gone
        self.notify()

    def notify(self) -> None:
        """Wake who waits for changes."""
        self.changed.set()
        self.changed = trio.Event()


def _lingers(link: Link) -> TypeGuard[TcpLink]:
    return isinstance(link, TcpLink) and not link.ended and link.linger > 0
