"""What arrives on the links: it is printed, or kept until it is read (ESP-AT User Guide, AT+CIPRECVTYPE)."""

from typing import Final, NamedTuple

from espat.core.at.output import Output
from espat.core.boot import Boot
from espat.core.events import Event
from espat.core.time.clock import Clock
from espat.core.time.timing import Timing
from espat.stack.endpoint import Endpoint
from espat.stack.errors import NetworkError
from espat.stack.link import LINK_COUNT, Link, TcpLink, UdpLink
from espat.stack.links import LINK_OPENED, LinkTable

MESSAGE_LIMIT: Final = 2920
"""Payload bytes of one +IPD, of ESP-AT."""


LINK_DATA: Final = Event[[Link, bytes, Endpoint]]()
"""Data has arrived, at most as much as one report holds, and is not kept; from whom."""
LINK_DATA_KEPT: Final = Event[[Link]]()
"""Data waits to be read."""


class ReceivingTraits(NamedTuple):
    """Of a firmware. `message_limit`: payload bytes of one +IPD. `datagrams_wait`: whether passive receiving is for UDP
    too. `tells_each`: whether each arrival is told that waits to be read, not only the first one since the host read.
    """

    message_limit: int = MESSAGE_LIMIT
    datagrams_wait: bool = True
    tells_each: bool = False


class Receiving:
    """How the links of one boot receive.

    `passive`: AT+CIPRECVTYPE, by link number. `raw`: AT+CIPMODE, received data is printed bare.
    """

    def __init__(self, boot: Boot) -> None:
        self.passive = [False] * LINK_COUNT
        self.raw = False
        self._links = boot[LinkTable]
        self._clock = boot[Clock]
        self._output = boot[Output]
        self._announce = boot.announce
        self._spawn = boot.spawn
        self._latency = boot[Timing]["latency"]
        self._message_limit, self._datagrams_wait, self._tells_each = boot.traits(ReceivingTraits)

    @LINK_OPENED.wakes
    def _link_opened(self, link: Link) -> None:
        self._spawn(self.run, link)

    def set_passive(self, number: int, passive: bool) -> None:
        """Receive passively on this link number, or print; what waits to be read is printed then."""
        self.passive[number] = passive
        self._release(number)

    def set_raw(self, raw: bool) -> None:
        """Print received data bare, whatever the links' own ways of receiving; what waits to be read comes first."""
        self.raw = raw
        for number in range(LINK_COUNT):
            self._release(number)

    def keeps(self, link: Link) -> bool:
        """Whether what arrives on a link waits to be read."""
        return self.passive[link.number] and not self.raw and (self._datagrams_wait or not isinstance(link, UdpLink))

    def read(self, link: Link, most: int) -> tuple[bytes, Endpoint]:
        """Take what was received passively; `conclude` follows."""
        taken = link.take(most)
        link.announced = False
        link.read.unpark_all()
        return taken

    def conclude(self, link: Link) -> None:
        """Announce what is left to read, or the end of a link that is over when nothing is (seen on 4.2.0).

        Where the end is not withheld, what is left behind it is not announced.
        """
        if link.unread and self.keeps(link):
            if self._links.withholds_end or not link.ended:
                link.announced = True
                self._announce(LINK_DATA_KEPT, link)
        elif link.ended and not link.unread:
            self._links.end(link)

    async def run(self, link: Link) -> None:
        """Take what arrives on a link until it ends."""
        with link.receiving:
            while True:
                while link.room <= 0:
                    await link.read.park()
                told = False
                try:
                    data, sender = await link.receive()
                    told = not data and link.end_is_announced
                except NetworkError:
                    data = b""
                if self._latency:
                    await self._clock.sleep(self._latency)
                while isinstance(link, TcpLink) and link.cut_off:
                    await self._links.changed.wait()  # nothing comes in without a network
                if not data:
                    if told and self._links.withholds_end and self.keeps(link) and not link.finishing:
                        await self._keep(link, data, sender)
                    break
                if link.finishing:
                    continue
                link.used = self._clock.now()
                if link.unread or self.keeps(link):
                    await self._keep(link, data, sender)
                else:
                    await self._print(link, data, sender)
            self._links.disconnect(link)

    async def _print(self, link: Link, data: bytes, sender: Endpoint) -> None:
        for at in range(0, len(data), self._message_limit):
            await self._output.room()
            self._output.cork()
            self._announce(LINK_DATA, link, data[at : at + self._message_limit], sender)
            self._output.uncork()  # sent at once, without a turn of the writer

    async def _keep(self, link: Link, data: bytes, sender: Endpoint) -> None:
        if link.unread_length + len(data) > link.window:
            return  # only a datagram can be too much
        link.keep(data, sender)
        if not self._is_to_be_told(link):
            return
        await self._output.room()
        if link.unread and self._is_to_be_told(link):  # else it has been read meanwhile
            link.announced = True
            self._announce(LINK_DATA_KEPT, link)

    def _is_to_be_told(self, link: Link) -> bool:
        return (self._tells_each or not link.announced) and self.keeps(link)

    def _release(self, number: int) -> None:
        link = self._links[number]
        if link is not None and link.unread and not self.keeps(link):
            self._spawn(self._print_unread, link)

    async def _print_unread(self, link: Link) -> None:
        while True:
            await self._output.room()
            if not link.unread or self.keeps(link) or self._links[link.number] is not link:
                return
            data, sender = self.read(link, link.next_length)
            for at in range(0, len(data), self._message_limit):  # at once: what comes in meanwhile goes behind it
                self._announce(LINK_DATA, link, data[at : at + self._message_limit], sender)
            self.conclude(link)
