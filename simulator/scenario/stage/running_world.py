"""A simulation: a world, a clock, and the modules in it."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import partial
from random import Random
from typing import Any

import trio

from espat.board import Board
from espat.core.panics import Panics
from espat.core.parts import Parts
from espat.core.ports.port import Port
from espat.core.time.clock import Clock, SteppedClock
from espat.core.time.task_order import oldest_task_first
from espat.core.time.timing import Timing, load_timing
from espat.core.trace import Trace
from espat.firmware import Firmware
from espat.module import Module
from espat.persist.storage import Storage
from espat.persist.variants import VARIANTS
from espat.radio.access_point import AccessPoint
from espat.radio.air import Air
from espat.radio.station import Station
from espat.scenario.hosts.world_host import WorldHost
from espat.scenario.hosts.world_station import WorldStation, WorldStations
from espat.scenario.world.world import (
    AccessPointConfiguration,
    HostConfiguration,
    ModuleConfiguration,
    StationConfiguration,
    World,
)
from espat.stack.address import Address
from espat.stack.endpoint import Endpoint
from espat.stack.host_map import HostMap
from espat.stack.host_network import HostNetwork, own_address
from espat.stack.lan import Lan, Lans

ESPRESSIF_OUI = bytes.fromhex("246f28")


def _silent(module: int, text: str) -> None:
    pass


def _put_chapters(parts: Parts, values: Iterable[object]) -> None:
    """Let rooms find what tables of chapters have become, by its class; numbers, texts and the like have none of their
    own."""
    for value in values:
        if type(value).__module__ != "builtins":
            parts.put(type(value), value)


class RunningWorld:
    """What all modules share, and the modules themselves."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        *,
        profile: str = "fast",
        trace: Trace | None = None,
        panics: Panics | None = None,
        announce: Callable[[int, str], None] = _silent,
    ) -> None:
        """`profile`: of the timing, `fast` or `real`. `panics`: where failures of the simulator itself are noted, its
        own when left out. `announce` is told what a module offers on this machine."""
        self.world = world
        self.clock = clock
        self.timing = load_timing(profile, world.timing)
        self.random = Random(world.seed)
        self.trace = trace
        self.panics = panics or Panics(trace)
        self.panics.now = clock.now
        self.modules: list[Module] = []
        self._nursery: trio.Nursery | None = None
        self._waiting: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
        self._announce = announce
        self.host_map = HostMap(world.hosts, offline=world.offline)
        self._udp_ports: set[Endpoint] = set()
        self.air = Air()
        self.lans = Lans()
        for number, configuration in enumerate(world.access_points):
            self._add_access_point(number, configuration)
        self._access_point_lans = tuple(self.lans.values())  # those of softAPs come later
        self.hosts: list[WorldHost] = []
        for host in world.memory_hosts:
            self.add_host(host)
        self._stations = WorldStations(world.stations, self.air, self.lans, clock, self.timing, self.spawn)
        self.parts = self._parts()

    def _parts(self) -> Parts:
        """What every module stands in."""
        parts = Parts()
        parts.put(Clock, self.clock)
        parts.put(Timing, self.timing)
        parts.put(Panics, self.panics)
        parts.put(Air, self.air)
        parts.put(Lans, self.lans)
        if self.trace is not None:
            parts.put(Trace, self.trace)
        _put_chapters(parts, self.world.chapters.values())
        return parts

    def access_point(self, ssid: bytes) -> AccessPoint:
        """The first access point with that SSID. Raises KeyError."""
        for point in self.air.access_points:
            if point.ssid == ssid:
                return point
        raise KeyError(ssid)

    def add_host(self, configuration: HostConfiguration) -> WorldHost:
        """One more host in memory."""
        self.hosts.append(WorldHost(configuration, self.clock, self._access_point_lans, self.spawn))
        return self.hosts[-1]

    def set_name(self, name: str, address: Address | None) -> None:
        """From now on DNS says that a name leads to this address; None: that there is no such name."""
        self.host_map.set_name(name, address)
        for host in self.hosts:
            if host.name == name.lower():
                host.resolvable = False

    def host(self, name: str) -> WorldHost:
        """The host of the world with that address or name. Raises KeyError."""
        for host in self.hosts:
            if name and name.lower() in (str(host.address), host.name):
                return host
        raise KeyError(name)

    @property
    def stations(self) -> list[WorldStation]:
        """The stations of the world, in its order."""
        return self._stations.stations

    def add_station(self, configuration: StationConfiguration, host: WorldHost | None = None) -> WorldStation:
        """One more station, which joins nothing until it is told to. `host`: who is at its addresses."""
        station = self._stations.add(configuration, host)
        station.away = True
        return station

    def add_module(
        self, firmware: Firmware[Module], port: Port, storage: Storage | None = None, log_port: Port | None = None
    ) -> Module:
        """Put one more module on its board; its `run` powers it on. The first ones are those of the world.

        `storage`: its flash; a new one in memory, of the variant of the world, when none is given. `log_port`: where
        the log of its UART0 goes.
        """
        number = len(self.modules)
        network = HostNetwork(
            self.host_map,
            self.clock,
            own_address=own_address(self.world.listen_address, number),
            ports=self.world.ports,
            announce=lambda text: self._announce(number, text),
            udp_ports=self._udp_ports,
        )
        around = Parts(self.parts)
        around.put(HostNetwork, network)
        around.offer(Random, partial(Random, f"{self.world.seed}/{number}"))
        own = self._configuration(number)
        _put_chapters(around, own.more.values())
        storage = storage or Storage(VARIANTS[own.variant] if own.variant is not None else firmware.variant)
        module = Module(Board(number, self._mac(number), around, port, storage, log_port), firmware)
        self.modules.append(module)
        if own.joined is not None:
            module[Station].remember(own.joined, self.access_point(own.joined).password)
        return module

    async def run(self, *, when_opened: bool = False) -> None:
        """Power on every module and run until cancelled. `when_opened`: each when a client opens its port.

        In stepped time and without real peers, the same input gives the same output."""
        order = oldest_task_first() if isinstance(self.clock, SteppedClock) else nullcontext()
        with order:
            await self._run(when_opened)

    def spawn(self, task: Callable[..., Any], *arguments: Any) -> None:
        """Start a task of the world that ends with the simulation, and begins with it at the earliest."""
        if self._nursery is None:
            self._waiting.append((task, arguments))
        else:
            self._nursery.start_soon(self.panics.alone, 0, task, *arguments, name=task)

    async def _run(self, when_opened: bool) -> None:
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            for task, arguments in self._waiting:
                self.spawn(task, *arguments)
            self.spawn(self._stations.run)
            for module in self.modules:
                nursery.start_soon(self.panics.alone, module.number, partial(module.run, when_opened=when_opened))

    def _add_access_point(self, number: int, configuration: AccessPointConfiguration) -> None:
        bssid = configuration.bssid or b"\xca\x6f" + Random(f"{self.world.seed}/ap/{number}").randbytes(4)
        self.lans[bssid] = Lan(
            configuration.subnet,
            configuration.first_address,
            dhcp=configuration.dhcp,
            lease_time=configuration.lease_time,
        )
        self.air.access_points.append(
            AccessPoint(
                configuration.ssid,
                bssid,
                security=configuration.security,
                password=configuration.password,
                channel=configuration.channel,
                rssi=configuration.rssi,
                hidden=configuration.hidden,
                wps=configuration.wps,
                management_protection=configuration.management_protection,
                up=configuration.up,
            )
        )

    def _configuration(self, number: int) -> ModuleConfiguration:
        """The table of a module; an empty one when the world has none for it."""
        return self.world.modules[number] if number < len(self.world.modules) else ModuleConfiguration()

    def _mac(self, number: int) -> bytes:
        if (mac := self._configuration(number).mac) is not None:
            return mac
        low = int.from_bytes(Random(f"{self.world.seed}/mac").randbytes(3), "big") & 0xFFFF00
        return ESPRESSIF_OUI + ((low + 4 * number) & 0xFFFFFF).to_bytes(3, "big")
