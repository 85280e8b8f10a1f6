"""Stations of the world: phones and computers that join the modules' softAPs."""

from collections.abc import Mapping, Sequence

import trio

from simulator.core.clock import Clock
from simulator.core.timing import Timing
from simulator.radio.access_point import AccessPoint
from simulator.radio.air import Air
from simulator.radio.softap import SoftAccessPoint
from simulator.scenario.world import StationConfiguration
from simulator.stack.endpoint import Endpoint
from simulator.stack.errors import LWIP_RESET, NetworkError
from simulator.stack.lan import Lan, Node
from simulator.stack.memory_stream import MemoryStream


class WorldStation:
    """Joins every softAP with its SSID and password, as soon as it appears. What it serves is on this machine, where
    `[hosts]` says; without an entry it answers nothing.

    `addresses`: those it has, by the BSSID of the softAP.
    """

    def __init__(self, configuration: StationConfiguration, crowd: "WorldStations") -> None:
        self.mac = configuration.mac
        self.addresses: dict[bytes, str] = {}
        self.node: Node = self
        """Who answers at its addresses."""
        self.changed = trio.Event()
        """Set when `addresses` changes; a fresh event stands here afterwards."""
        self.away = False
        """Whether it joins nothing until `join` is called."""
        self._configuration = configuration
        self._crowd = crowd
        self._joined: list[SoftAccessPoint] = []
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
        matches = (point.ssid, password) == (self._configuration.joins, self._configuration.password)
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
            self.addresses[point.bssid] = address
            lan.nodes.setdefault(address, self.node)
            self.changed.set()
            self.changed = trio.Event()

    def connect(self, port: int, client: Endpoint) -> MemoryStream:
        """Nothing listens. Raises NetworkError."""
        raise NetworkError(LWIP_RESET)

    def datagram(self, data: bytes, sender: Endpoint, destination: Endpoint) -> None:
        """Nothing listens."""

    def _leave_all(self) -> list[SoftAccessPoint]:
        joined = list(self._joined)
        for point in joined:
            self._forget(point)
        return joined

    def _forget(self, point: SoftAccessPoint) -> None:
        self._joined.remove(point)
        self._shunned.append(point)
        address = self.addresses.pop(point.bssid, None)
        lan = self._crowd.lans.get(point.bssid)
        if address is not None and lan is not None and lan.nodes.get(address) is self.node:
            del lan.nodes[address]


class WorldStations:
    """All of them; those of one softAP join in the order of the world file."""

    def __init__(
        self,
        configurations: Sequence[StationConfiguration],
        air: Air,
        lans: Mapping[bytes, Lan],
        clock: Clock,
        timing: Timing,
    ) -> None:
        """`lans`: by BSSID."""
        self.stations = [WorldStation(configuration, self) for configuration in configurations]
        self.lans = lans
        self._air = air
        self._clock = clock
        self._timing = timing
        self._woken = trio.Event()
        air.listeners.append(self._appeared)

    def add(self, configuration: StationConfiguration) -> WorldStation:
        """One more, which joins nothing until it is told to."""
        station = WorldStation(configuration, self)
        station.away = True
        self.stations.append(station)
        return station

    def wake(self) -> None:
        """Look for softAPs to join."""
        self._woken.set()

    async def run(self) -> None:
        """Join whatever appears, for ever."""
        while True:
            await self._woken.wait()
            self._woken = trio.Event()
            await self._clock.sleep(self._timing.join)
            newcomers = []
            for point in [point for point in self._air.access_points if isinstance(point, SoftAccessPoint)]:
                for station in self.stations:
                    if station.wants(point):
                        station.associate(point)
                        newcomers.append((station, point))
            await self._clock.sleep(self._timing.lease)
            for station, point in newcomers:
                lan = self.lans.get(point.bssid)
                if lan is not None and point in self._air.access_points:
                    station.configure(point, lan, self._clock.now())

    def _appeared(self, point: AccessPoint) -> None:
        self.wake()
