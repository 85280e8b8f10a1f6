"""Stations of the world: phones and computers that join the modules' softAPs."""

from collections.abc import Callable, Mapping, Sequence

import trio
from trio.lowlevel import ParkingLot

from espat.core.time.clock import Clock
from espat.core.time.timing import Timing
from espat.radio.access_point import AccessPoint
from espat.radio.air import Air
from espat.radio.softap import SoftAccessPoint
from espat.scenario.hosts.world_host import WorldHost
from espat.scenario.world.world import HostConfiguration, StationConfiguration
from espat.stack.address import Address
from espat.stack.lan import Lan


class WorldStation:
    """Joins every softAP with its SSID and password, as soon as it appears. What it serves is on this machine, where
    `[hosts]` says; without an entry its `host` answers, which serves nothing unless a scenario has it serve.

    `joins`, `password`: what the softAPs are called, and their password. `addresses`: those it has, by the BSSID of
    the softAP. `changed`: who waits there is woken when that changes.
    `away`: whether it joins nothing until `join` is called.
    """

    def __init__(self, configuration: StationConfiguration, host: WorldHost, crowd: "WorldStations") -> None:
        self.mac = configuration.mac
        self.joins = configuration.joins
        self.password = configuration.password
        self.addresses: dict[bytes, Address] = {}
        self.host = host
        self.changed = ParkingLot()
        self.away = False
        self._configuration = configuration
        self._crowd = crowd
        self._joined: list[SoftAccessPoint] = []
        self._lans: dict[bytes, Lan] = {}  # where it has an address, by BSSID
        self._shunned: list[SoftAccessPoint] = []

    def join(self) -> None:
        """Join the softAPs that it has left, or that have thrown it out."""
        self._shunned.clear()
        self.away = False
        self._crowd.wake()

    def leave(self) -> None:
        """Leave the softAPs it has joined, until they appear again or `join` is called."""
        for point in self._leave_all():
            point.dissociate(self.mac)

    def vanish(self) -> None:
        """Be gone as by `leave`, but without a word."""
        for point in self._leave_all():
            point.lose(self.mac)

    # What the crowd has it do

    def wants(self, point: SoftAccessPoint) -> bool:
        """Whether a softAP that is on the air is one it would join."""
        password = point.password if point.security.encrypted else b""
        if self.away:
            return False
        matches = (point.ssid, password) == (self.joins, self.password)
        return matches and not point.full and point not in self._joined and point not in self._shunned

    def associate(self, point: SoftAccessPoint) -> None:
        """Join a softAP."""
        self._joined.append(point)
        point.associate(self.mac, lambda reason: self._forget(point))

    def configure(self, point: SoftAccessPoint, lan: Lan, now: float) -> None:
        """Use the fixed address, or ask for one."""
        if point not in self._joined:
            return
        address = self._configuration.address
        if address is None and lan.dhcp:
            address = lan.lease(self.mac, now)
        if address is not None:
            self.addresses[point.bssid], self._lans[point.bssid] = address, lan
            self.host.join(lan, address)
            self.changed.unpark_all()

    def _leave_all(self) -> list[SoftAccessPoint]:
        joined = list(self._joined)
        for point in joined:
            self._forget(point)
        return joined

    def _forget(self, point: SoftAccessPoint) -> None:
        self._joined.remove(point)
        self._shunned.append(point)
        if self.addresses.pop(point.bssid, None) is not None:
            self.host.leave(self._lans.pop(point.bssid))


class WorldStations:
    """All of them; those of one softAP join in the order of the world file."""

    def __init__(
        self,
        configurations: Sequence[StationConfiguration],
        air: Air,
        lans: Mapping[bytes, Lan],
        clock: Clock,
        timing: Timing,
        spawn: Callable[..., None],
    ) -> None:
        """`lans`: by BSSID. `spawn` starts a task that ends with the simulation."""
        self.stations: list[WorldStation] = []
        self._air = air
        self._lans = lans
        self._clock = clock
        self._timing = timing
        self._spawn = spawn
        self._woken = trio.Event()
        for configuration in configurations:
            self.add(configuration)
        air.listeners.append(self._appeared)

    def add(self, configuration: StationConfiguration, host: WorldHost | None = None) -> WorldStation:
        """One more. `host`: who is at its addresses; one that serves nothing when none is given."""
        host = host or WorldHost(HostConfiguration(), self._clock, (), self._spawn)
        self.stations.append(WorldStation(configuration, host, self))
        return self.stations[-1]

    def wake(self) -> None:
        """Look for softAPs to join."""
        self._woken.set()

    async def run(self) -> None:
        """Join whatever appears, for ever."""
        while True:
            await self._woken.wait()
            self._woken = trio.Event()
            await self._clock.sleep(self._timing["join"])
            newcomers = []
            for point in [point for point in self._air.access_points if isinstance(point, SoftAccessPoint)]:
                for station in self.stations:
                    if station.wants(point):
                        station.associate(point)
                        newcomers.append((station, point))
            await self._clock.sleep(self._timing["lease"])
            for station, point in newcomers:
                lan = self._lans.get(point.bssid)
                if lan is not None and point in self._air.access_points:
                    station.configure(point, lan, self._clock.now())

    def _appeared(self, point: AccessPoint) -> None:
        self.wake()
