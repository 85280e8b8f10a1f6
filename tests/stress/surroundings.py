"""What happens to modules that are handled roughly: a world of its own, and events in it, by chance."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Final

import trio

from espat.module import Module
from espat.radio.access_point import AccessPoint
from espat.scenario.services.peer_connection import PeerConnection
from espat.scenario.services.table import read_service
from espat.scenario.stage.running_world import RunningWorld
from espat.scenario.world.world import DEFAULT_ACCESS_POINT, HostConfiguration, StationConfiguration, World
from espat.stack.active_interfaces import ActiveInterfaces
from espat.stack.address import Address
from espat.stack.endpoint import Endpoint
from espat.stack.errors import NetworkError

HOST: Final = Address("192.168.3.50")
ELSEWHERE: Final = Address("198.51.100.7")
SERVICES: Final = (
    *("tcp-echo 7", "tcp-discard 9", "tcp-source 19", "tcp-silent 23", "tcp-refuse 24", "tls-echo 443"),
    *("udp-echo 7", "ntp", "tcp-peer 80", "udp-peer 81"),
)
WORLD: Final = World(
    access_points=(
        DEFAULT_ACCESS_POINT,
        replace(DEFAULT_ACCESS_POINT, ssid=b"second", password=b"", channel=11, lease_time=300.0),
    ),
    stations=(StationConfiguration(bytes.fromhex("020000000001"), b"lab", b"12345678"),),
    memory_hosts=(
        HostConfiguration(HOST, "near.example", tuple(map(read_service, SERVICES))),
        HostConfiguration(ELSEWHERE, "far.example", (read_service("tcp-echo 7"), read_service("tls-echo 443"))),
    ),
    offline=True,
)
SERVER_PORTS: Final = (333, 5000)
LONGEST_SEND: Final = 20_000
"""Bytes."""


class Surroundings:
    """The events of one simulation."""

    def __init__(self, simulation: RunningWorld, random: Random, spawn: Callable[..., None]) -> None:
        """`spawn` starts a task that ends with the run."""
        self._simulation = simulation
        self._random = random
        self._spawn = spawn
        self._usual: tuple[Callable[[], None], ...] = (
            *(self.access_point, self.access_point, self.throw_out, self.restart_router, self.password, self.dhcp),
            *(self.host, self.host, self.refuse, self.clients, self.clients, self.datagrams, self.datagrams),
            *(self.stations, self.peer, self.peer, self.peer, self.peer, self.peer, self.rarely),
        )
        self._rare: tuple[Callable[[], None], ...] = (self.power, self.reset, self.wake, self.channel)

    def happen(self) -> str:
        """Let something happen; returns what."""
        event = self._random.choice(self._usual)
        event()
        return event.__name__

    def heal(self) -> None:
        """Everything works again, and nobody sends any more."""
        for host in self._simulation.hosts:
            host.refuse()
            host.start()
        for point in self._simulation.air.access_points:
            point.switch_on()

    def rarely(self) -> None:
        self._random.choice(self._rare)()

    # On the air

    @property
    def _module(self) -> Module:
        return self._random.choice(self._simulation.modules)

    @property
    def _point(self) -> AccessPoint:
        return self._random.choice(self._simulation.air.access_points)

    def access_point(self) -> None:
        point = self._point
        (point.switch_off if self._random.random() < 0.15 else point.switch_on)()

    def throw_out(self) -> None:
        self._point.deauthenticate()

    def restart_router(self) -> None:
        point = self._point
        point.switch_off()
        point.switch_on()

    def password(self) -> None:
        right = self._random.random() < 0.75
        self._simulation.access_point(b"espressif").password = b"1234567890" if right else b"another one"

    def channel(self) -> None:
        self._point.channel = self._random.choice((1, 6, 13))

    def dhcp(self) -> None:
        for lan in self._simulation.lans.values():
            lan.dhcp = self._random.random() < 0.7

    def stations(self) -> None:
        for station in self._simulation.stations:
            (station.join if self._random.random() < 0.5 else station.leave)()

    # Peers

    def host(self) -> None:
        host = self._random.choice(self._simulation.hosts)
        (host.stop if self._random.random() < 0.1 else host.start)()

    def refuse(self) -> None:
        host = self._random.choice(self._simulation.hosts)
        host.refuse()
        if self._random.random() < 0.6:
            host.start()

    def clients(self) -> None:
        """Some come to the server of a module."""
        for _ in range(self._random.choice((1, 1, 2, 7))):
            interfaces = tuple(self._module[ActiveInterfaces])
            if interfaces:
                with suppress(NetworkError):
                    port = self._random.choice(SERVER_PORTS)
                    self._simulation.hosts[0].connect(interfaces[0].address, port)

    def peer(self) -> None:
        """One of them, or of those the module has called, sends, stops reading or goes on with it, closes or resets."""
        peers = [peer for peer in self._simulation.hosts[0].peer_connections if not peer.ended]
        if not peers:
            return
        peer = self._random.choice(peers)
        act = self._random.random()
        if act < 0.5:
            self._spawn(self._send, peer, self._random.choice((1, 10, 1460, 6000, LONGEST_SEND)))
        elif act < 0.65:
            peer.pause()
        elif act < 0.7:
            peer.go_on()
        elif act < 0.9:
            peer.close()
        else:
            peer.reset()

    async def _send(self, peer: PeerConnection, size: int) -> None:
        with suppress(NetworkError, trio.BusyResourceError):
            await peer.send(b"d" * size)

    def datagrams(self) -> None:
        interfaces = tuple(self._module[ActiveInterfaces])
        if not interfaces:
            return
        for _ in range(self._random.choice((1, 1, 10))):
            content = b"u" * self._random.choice((0, 1, 1000, 5000))
            to = Endpoint(interfaces[0].address, self._random.choice((4000, 4001, 81)))
            self._simulation.hosts[0].send_datagram(content, self._random.choice((7, 81)), to)

    # The board

    def power(self) -> None:
        for module in self._simulation.modules:
            module.power_on()
        if self._random.random() < 0.5:
            self._module.power_off()

    def reset(self) -> None:
        self._module.reset()

    def wake(self) -> None:
        self._module.press_wake()
