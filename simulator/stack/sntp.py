"""The SNTP client, which sets the clock (ESP-AT User Guide, AT+CIPSNTPCFG, AT+CIPSNTPTIME, AT+CIPSNTPINTV).

It asks one server at a time, in the manner of lwIP: one that does not answer gives way to the next; where there is no
other one it is asked again, each time after a longer while.
"""

from contextlib import AbstractContextManager
from random import Random
from time import asctime, gmtime
from typing import Final, NamedTuple

import trio

from espat.core.boot import Boot
from espat.core.events import Event
from espat.core.time.clock import Clock
from espat.core.time.real_time_clock import RealTimeClock
from espat.core.time.timing import Timing
from espat.stack import ntp
from espat.stack.datagrams import Arrival
from espat.stack.errors import NetworkError, ResolveError
from espat.stack.network import Network
from espat.stack.routing import Route, Routing
from espat.stack.station_interface import StationInterface

DEFAULT_SERVERS: Final = ("cn.ntp.org.cn", "ntp.sjtu.edu.cn", "us.pool.ntp.org")
DEFAULT_INTERVAL: Final = 3600
"""Seconds; no document states the default of AT+CIPSNTPINTV. This is lwIP's."""
ANSWER_LIMIT: Final = 15.0
"""Seconds a server has for its answer: of module time in memory, of real time elsewhere (lwIP)."""
FIRST_RETRY: Final = 15.0
LAST_RETRY: Final = 120.0
"""Seconds until the only server is asked again; doubled each time (lwIP)."""


TIME_UPDATED: Final = Event[[]]()
"""A server has set the clock, for the first time since the client was started."""


class TimeZone(NamedTuple):
    """Minutes to add to UTC."""

    minutes: int

    @property
    def hours(self) -> int:
        """What AT+CIPSNTPCFG? shows: whole hours, towards zero. The document shows 0 for UTC+00:15; that minutes are
        left out elsewhere too is an inference."""
        return int(self.minutes / 60)


UTC: Final = TimeZone(0)


def time_zone(number: int) -> TimeZone:
    """The zone of AT+CIPSNTPCFG: -12 to 14 are hours, everything else is hhmm, the sign being that of both. Raises
    ValueError."""
    if -12 <= number <= 14:
        return TimeZone(60 * number)
    hours, minutes = divmod(abs(number), 100)
    sign = 1 if number > 0 else -1
    if minutes > 59 or not -12 <= sign * hours <= 14:
        raise ValueError(number)
    return TimeZone(sign * (60 * hours + minutes))


class SntpClient:
    """The client of one boot. Nothing of it is stored: after a restart it is off, while the clock goes on.

    `zone`: of the local time. `servers`: those that are asked. `interval`: seconds between synchronisations.
    """

    def __init__(self, boot: Boot) -> None:
        self.zone = UTC
        self.servers: tuple[str, ...] = ()
        self.interval = DEFAULT_INTERVAL
        self._boot = boot
        self._network = boot[Network]
        self._routing = boot[Routing]
        self._interface = boot[StationInterface]
        self._clock = boot[Clock]
        self._rtc = boot[RealTimeClock]
        self._random = boot[Random]
        self._start_delay = boot[Timing]["time_request"]
        self._asking: trio.CancelScope | None = None
        self._interval_changed = trio.Event()

    @property
    def running(self) -> bool:
        """Whether it asks for the time."""
        return self._asking is not None

    def start(self, servers: tuple[str, ...]) -> None:
        """Ask these servers, the default ones when there are none, from now on."""
        self.stop()
        self.servers = servers or DEFAULT_SERVERS
        self._asking = trio.CancelScope()
        self._boot.spawn(self._keep_time, self._asking)

    def stop(self) -> None:
        """Ask nobody any more; the clock goes on."""
        if self._asking is not None:
            self._asking.cancel()
        self._asking, self.servers = None, ()

    def set_interval(self, seconds: int) -> None:
        """Synchronise so often, counted from the last time."""
        self.interval = seconds
        self._interval_changed.set()
        self._interval_changed = trio.Event()

    def local_time(self) -> str:
        """The time in the zone, as `asctime` has it: `Tue Oct 19 17:47:56 2021`.

        A clock that nobody has set shows UTC, whatever the zone: seen on a module two minutes after its boot.
        """
        offset = 60 * self.zone.minutes if self._rtc.was_set else 0
        return asctime(gmtime(self._rtc.time() + offset))

    async def _keep_time(self, scope: trio.CancelScope) -> None:
        with scope:
            if self._start_delay:
                await self._clock.sleep(self._start_delay)
            turn, retry, announced = 0, FIRST_RETRY, False
            while True:
                await self._interface.wait_for_address()
                time = await self._ask(self.servers[turn])
                if time is not None:
                    self._rtc.set(time)
                    if not announced:
                        self._boot.announce(TIME_UPDATED)
                    retry, announced = FIRST_RETRY, True
                    await self._rest()
                elif len(self.servers) > 1:
                    turn = (turn + 1) % len(self.servers)
                else:
                    await self._clock.sleep(retry)
                    retry = min(2 * retry, LAST_RETRY)

    async def _ask(self, server: str) -> float | None:
        """The time a server gives; None after a while when there is none to be had from it."""
        try:
            route = await self._routing.locate_datagram(server, ntp.PORT)
            return await self._exchange(route)
        except (ResolveError, NetworkError, ntp.KissOfDeathError):
            await self._clock.sleep(ANSWER_LIMIT)  # the next one is not asked any sooner
            return None

    async def _exchange(self, route: Route) -> float | None:
        """The answer to one question, None when none comes. Raises NetworkError, KissOfDeathError."""
        datagrams = await self._network.open_datagrams(None, route.seen)
        stamp = self._random.getrandbits(64)
        try:
            with self._limit(route):
                await self._network.send_datagram(datagrams, ntp.request(stamp), route)
                while True:
                    arrival = await datagrams.receive()
                    if not _comes_from(route, arrival):
                        continue
                    try:
                        return ntp.read_answer(arrival.data, stamp)
                    except ntp.NtpError:
                        continue  # a better one may be on its way
        finally:
            self._network.close_datagrams(datagrams)
        return None

    def _limit(self, route: Route) -> AbstractContextManager[trio.CancelScope]:
        return trio.move_on_after(ANSWER_LIMIT) if route.host else self._clock.move_on_after(ANSWER_LIMIT)

    async def _rest(self) -> None:
        """Wait for the next synchronisation."""
        since = self._clock.now()
        while (left := since + self.interval - self._clock.now()) > 0:
            changed = self._interval_changed
            with self._clock.move_on_after(left):
                await changed.wait()


def _comes_from(route: Route, arrival: Arrival) -> bool:
    return arrival.seen == route.seen if arrival.host is None else arrival.host == route.host
