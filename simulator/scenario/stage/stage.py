"""Where a scenario is played: a running simulation, the clients of its modules, the peers, the variables, the clock.

What verbs act on, and what programs and tests that play along have in hand.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from pathlib import Path
from typing import Final

import trio
from trio.lowlevel import ParkingLot

from espat.core.ports.opener import PortOpener
from espat.core.ports.paced import PacedPort
from espat.core.ports.port import MemoryPort, Port
from espat.core.ports.pty import PtyPort
from espat.core.ports.uri import PortUri
from espat.core.time.clock import MovableClock, PacedClock, SteppedClock
from espat.core.time.task_order import oldest_task_first
from espat.core.time.timing import PROFILES
from espat.core.trace import RECENT, Kind, Record, Trace
from espat.dialects.loading import load_firmware
from espat.dialects.names import RUNNABLE
from espat.module import Module
from espat.persist.storage import Storage
from espat.scenario.hosts.memory_peers import MemoryPeer
from espat.scenario.hosts.module_ports import ModulePorts
from espat.scenario.hosts.peers import Peer
from espat.scenario.hosts.socket_peers import SocketPeer
from espat.scenario.hosts.world_host import WorldHost
from espat.scenario.hosts.world_station import WorldStation
from espat.scenario.stage.matching import MismatchError, Printed
from espat.scenario.stage.running_world import RunningWorld
from espat.scenario.stage.terminal import MemoryTerminal, Patience, Terminal, open_device
from espat.scenario.text.variables import Variables
from espat.scenario.world.peers import PeerConfiguration
from espat.scenario.world.world import HostConfiguration, World
from espat.stack.address import parse_address

STEP_LIMIT: Final = 10.0
"""Seconds a step may take: of module time, of real time where module time is faster than that."""
STEPPED: Final = Patience(STEP_LIMIT, 0.05, 1.0)
"""With everything in memory only what the module takes its time for is still under way after that."""
RESTING: Final = 0.2
SILENT: Final = 1.0
"""Real seconds after which a module rests, and is silent, where time passes."""
BEYOND: Final = "203.0.113.{}"
"""Addresses of hosts in memory that have a name only (RFC 5737)."""


@dataclass(frozen=True)
class StageOptions:
    """How to play. `speed`: None is stepped time, which passes only where somebody waits for it; `sockets`: whether the
    peers are sockets of this machine, else they are in memory. `profile`: of the timing; None is what the scenario
    says, fast else. `ports`: where those of the modules are, and `logs` those of their logs; without, they are in
    memory. `clients`: whether somebody here is the client at each of them. `off`: modules that are switched off at
    first."""

    speed: float | None = None
    sockets: bool = False
    profile: str | None = None
    ports: tuple[PortUri, ...] = ()
    logs: tuple[PortUri, ...] = ()
    clients: bool = True
    trace: Path | None = None
    build: str = "full"
    off: tuple[str, ...] = ()


class Stage:
    """A simulation that runs, and everything around it."""

    def __init__(
        self,
        simulation: RunningWorld,
        clock: MovableClock,
        trace: Trace,
        variables: Variables,
        patience: Patience,
        nursery: trio.Nursery,
    ) -> None:
        self.simulation = simulation
        self.clock = clock
        self.trace = trace
        self.variables = variables
        self.patience = patience
        self.nursery = nursery
        self.peers: dict[str, Peer] = {}
        self.modules: dict[str, Module] = {}
        """By their names."""
        self.stations: dict[str, WorldStation] = {}
        """Those that verbs have brought, by their names."""
        self.terminals: dict[str, Terminal] = {}
        self.links: dict[str, Path] = {}
        """Where the serial devices of modules are, by their names."""
        self.announcements: list[str] = []
        """What to tell of ports to whoever opens them: the number of the module, and where its port is."""
        self._running = 0
        self._passing = trio.CancelScope()
        self._seen = 0

    def terminal(self, module: str) -> Terminal:
        """The client of a module. Raises MismatchError."""
        if module not in self.terminals:
            raise MismatchError(f"the serial port of module {module} belongs to somebody else")
        return self.terminals[module]

    def peer(self, name: str) -> Peer:
        """A host that the scenario plays itself, or one of the world by its name or address. Raises MismatchError."""
        if name not in self.peers:
            self.peers[name] = MemoryPeer(PeerConfiguration(name), self.host(name, "peer"))
        return self.peers[name]

    def host(self, name: str, what: str = "host") -> WorldHost:
        """A host in memory: one of the world by its name or address, or a peer. `what`: how errors call it. Raises
        MismatchError."""
        peer = self.peers.get(name)
        if isinstance(peer, MemoryPeer):
            return peer.host
        if peer is not None:
            raise MismatchError(f"{name} is on this machine here, and in memory only in stepped time")
        try:
            return self.simulation.host(name)
        except KeyError:
            hosts = (host.name or str(host.address) for host in self.simulation.world.memory_hosts)
            known = ", ".join((*self.peers, *hosts)) or "none"
            raise MismatchError(f"the world has no {what} {name!r}; it has {known}") from None

    def event(self, module: str, text: str) -> None:
        """Note in the trace what is done."""
        self.trace.record(
            self.clock.now(), self.modules[module].number, "world", Kind.EVENT, text.encode(errors="surrogateescape")
        )

    def unseen(self) -> Iterator[Record]:
        """What has happened since the last look, message by message; what was not looked at is there next time."""
        while self._seen < self.trace.count:
            forgotten = self.trace.count - len(self.trace.recent)
            self._seen = max(self._seen, forgotten) + 1
            yield self.trace.recent[self._seen - forgotten - 1]

    async def advance(self, seconds: float) -> None:
        """Let module time pass, or move it ahead where it passes by itself."""
        if isinstance(self.clock, SteppedClock) and self._running:
            await self.clock.sleep(seconds)
        else:
            await self.clock.advance(seconds)

    @contextmanager
    def time_passing(self) -> Iterator[None]:
        """Module time passes as long as this lasts: as fast as anybody waits for it, or as the pace is."""
        if not self._running:
            self._passing = trio.CancelScope()
            self.nursery.start_soon(self._pass_time, self._passing)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._passing.cancel()

    async def _pass_time(self, passing: trio.CancelScope) -> None:
        with passing:
            await self.clock.run()

    async def until(
        self,
        changed: ParkingLot,
        condition: Callable[[], bool],
        problem: Callable[[], str],
        limit: float | None = None,
    ) -> None:
        """Wait for something to become true. `changed`: who waits there is woken when it may have. Raises
        MismatchError."""
        with self.clock.move_on_after(limit if limit is not None else self.patience.step):
            while not condition():
                await changed.park()
            return
        raise MismatchError(problem())


@asynccontextmanager
async def open_stage(
    setting: StageOptions,
    world: World,
    modules: Sequence[str],
    *,
    peers: Sequence[PeerConfiguration] = (),
    variables: Variables | None = None,
    tolerated: Sequence[str] = (),
    storages: Sequence[Storage | None] = (),
    ended: Callable[[int], None] = lambda code: None,
) -> AsyncIterator[Stage]:
    """A simulation with modules of these names that have power but may not have booted yet. The world has a table for
    each. `storages`: the flash of each. `ended`: is told the exit code of a program at a port. Raises PeerError,
    OSError, PortError."""
    clock = SteppedClock() if setting.speed is None else PacedClock(setting.speed)
    patience = STEPPED
    if setting.speed is not None:
        faster = max(1.0, setting.speed)
        patience = Patience(STEP_LIMIT * faster, RESTING * setting.speed, SILENT * setting.speed)
    variables = variables or Variables({})
    trace = Trace(setting.trace, recent=RECENT)
    with ExitStack() as exits:
        exits.callback(trace.close)
        if isinstance(clock, SteppedClock):
            exits.enter_context(oldest_task_first())
        async with _plain_nursery() as nursery:
            ports = ModulePorts(clock, patience.step)
            socket_peers = []
            hosts: dict[str, str] = {}
            for configuration in peers if setting.sockets else ():
                socket_peers.append(SocketPeer(configuration, nursery, ports.find))
                exits.callback(socket_peers[-1].close)
                hosts |= await socket_peers[-1].reserve()
            world = replace(world, hosts={**world.hosts, **hosts})
            simulation = RunningWorld(
                world, clock, profile=setting.profile or PROFILES[0], trace=trace, announce=ports.announced
            )
            stage = Stage(simulation, clock, trace, variables, patience, nursery)
            stage.peers |= {peer.name: peer for peer in socket_peers or _in_memory(peers, simulation)}
            opener = PortOpener(nursery.start_soon, ended)
            exits.callback(opener.close)
            _add_modules(stage, setting, modules, opener, storages, tolerated)
            for terminal in stage.terminals.values():
                nursery.start_soon(terminal.run)
            nursery.start_soon(simulation.run)
            yield stage
            nursery.cancel_scope.cancel()


def _add_modules(
    stage: Stage,
    setting: StageOptions,
    modules: Sequence[str],
    opener: PortOpener,
    storages: Sequence[Storage | None],
    tolerated: Sequence[str],
) -> None:
    """Raises PortError, OSError."""
    clock = stage.clock
    ports: list[Port] = [opener.open(uri) for uri in setting.ports]
    logs: list[Port] = [opener.open(uri) for uri in setting.logs]
    stage.announcements += [f"module {number} {port.announcement}" for number, port in enumerate(ports)]
    stage.announcements += [f"module {number} log {port.announcement}" for number, port in enumerate(logs)]
    tables = stage.simulation.world.modules
    each = zip_longest(modules, ports, logs, storages, tables)
    for name, port, log, storage, own in islice(each, len(modules)):
        port = port or MemoryPort(now=clock.now, move_on_after=clock.move_on_after)
        wire = port
        if setting.ports and setting.profile == "real":
            wire, log = PacedPort(port, clock), PacedPort(log, clock) if log is not None else None
        firmware = load_firmware(own.dialect or RUNNABLE[0], setting.build)
        module = stage.modules[name] = stage.simulation.add_module(firmware, wire, storage, log)
        if name in setting.off:
            module.power_off()
        if isinstance(port, PtyPort):
            stage.links[name] = port.link
        if not setting.clients:
            continue
        stream = MemoryTerminal(port) if isinstance(port, MemoryPort) else open_device(stage.links[name])
        stage.terminals[name] = Terminal(stream, Printed(stage.variables, tolerated), stage.clock, stage.patience)


@asynccontextmanager
async def _plain_nursery() -> AsyncIterator[trio.Nursery]:
    """A nursery that does not wrap what the body raises."""
    failure: BaseException | None = None
    async with trio.open_nursery() as nursery:
        try:
            yield nursery
        except trio.Cancelled:
            raise
        except Exception as error:
            failure = error
            nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


def _in_memory(peers: Sequence[PeerConfiguration], simulation: RunningWorld) -> list[MemoryPeer]:
    """Peers as hosts of the simulation; those that have a name only get an address. Raises PeerError."""
    found = []
    for number, peer in enumerate(peers, 1):
        address = peer.address or (BEYOND.format(number) if peer.host else "")
        found.append(MemoryPeer(peer, simulation.add_host(HostConfiguration(parse_address(address), peer.host))))
    return found
