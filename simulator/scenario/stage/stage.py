"""Where everything runs: a world and its modules, their ports, the clock, the trace; and who is around there.

What verbs act on, and what programs and tests that play along have in hand. `espat run` opens it, and nobody is around.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import partial
from itertools import islice, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio
from trio.lowlevel import ParkingLot

from espat.core.at.redaction import Redactor
from espat.core.panics import Panics
from espat.core.ports.paced import PacedPort
from espat.core.ports.port import MemoryPort, Port
from espat.core.time.clock import Clock, MovableClock, PacedClock, RealClock, ScaledClock, SteppedClock
from espat.core.time.task_order import oldest_task_first
from espat.core.time.timing import PROFILES
from espat.core.trace import Kind, Record
from espat.dialects.loading import load_firmware
from espat.dialects.names import RUNNABLE
from espat.module import Module
from espat.scenario.hosts.world_host import WorldHost
from espat.scenario.hosts.world_station import WorldStation
from espat.scenario.stage.mismatch import MismatchError
from espat.scenario.stage.options import StageOptions
from espat.scenario.stage.resources import Resources
from espat.scenario.stage.running_world import RunningWorld
from espat.scenario.text.variables import Variables
from espat.scenario.world.world import World

if TYPE_CHECKING:  # only those who play need them
    from espat.scenario.hosts.module_ports import ModulePorts
    from espat.scenario.hosts.peers import Peer
    from espat.scenario.stage.terminal import Terminal

Announce = Callable[[int, str], None]
"""Is told what a module, by its number, offers on this machine, or no longer does."""


SHORTEST_SECRET: Final = 5
"""Bytes: a key of WEP. What is shorter is no password, but would hide much else."""


class Stage:
    """A world that runs, and everything around it.

    By the names of modules: `modules`, the `ports` of their commands, `devices` for where their serial ports are, and
    `terminals`, their clients. By names of their own: `peers`, the hosts that are played from here, and `stations`,
    those that verbs have brought. `announced`: who is told what modules offer on this machine. `announcements`: what to
    tell of the ports to whoever opens them. `exits`: is closed when the stage has ended. `module_ports`: where those
    are that modules listen on, for those who play.
    """

    module_ports: "ModulePorts"

    def __init__(
        self, world: World, clock: Clock, resources: Resources, nursery: trio.Nursery, variables: Variables
    ) -> None:
        self.options = resources.options
        self.trace = resources.trace
        self.simulation = RunningWorld(
            world,
            clock,
            profile=self.options.profile or PROFILES[0],
            trace=self.trace if self.options.trace is not None or self.options.remember else None,
            panics=resources.panics,
            announce=self._announce,
        )
        self.clock = clock
        self.announcements = resources.announcements
        self.variables = variables
        self.patience = self.options.patience
        self.nursery = nursery
        self.exits = ExitStack()
        self.modules: dict[str, Module] = {}
        self.ports: dict[str, Port] = {}
        self.devices: dict[str, Path] = {}
        self.announced: list[Announce] = []
        self.peers: dict[str, Peer] = {}
        self.terminals: dict[str, Terminal] = {}
        self.stations: dict[str, WorldStation] = {}
        self._running = 0
        self._passing = trio.CancelScope()
        self._seen = 0

    def start(self) -> None:
        """Switch the modules on, but those that are off at first."""
        for terminal in self.terminals.values():
            self.nursery.start_soon(terminal.run)
        self.nursery.start_soon(partial(self.simulation.run, when_opened=self.options.when_opened))

    def announcements_of(self, module: int) -> tuple[str, ...]:
        """What to tell of the ports of one module, by its number, to whoever opens them."""
        start = f"module {module} "
        return tuple(line.removeprefix(start) for line in self.announcements if line.startswith(start))

    def terminal(self, module: str) -> "Terminal":
        """The client of a module. Raises MismatchError."""
        if module not in self.terminals:
            raise MismatchError(f"the serial port of module {module} belongs to somebody else")
        return self.terminals[module]

    def host(self, name: str, what: str = "host") -> WorldHost:
        """A host in memory: one of the world by its name or address, or a peer. `what`: how errors call it. Raises
        MismatchError."""
        if name in self.peers:
            return self.peers[name].host
        try:
            return self.simulation.host(name)
        except KeyError:
            hosts = (host.name or str(host.address) for host in self.simulation.world.memory_hosts)
            known = ", ".join((*self.peers, *hosts)) or "none"
            raise MismatchError(f"the world has no {what} {name!r}; it has {known}") from None

    def secrets(self) -> set[bytes]:
        """Passwords that the modules know, or have been told lately, in all their spellings."""
        found: set[bytes] = set()
        for module in self.modules.values():
            redactor = Redactor(
                module.firmware.registry, module, module.secrets, conventions=module.firmware.conventions
            )
            lines = (
                record.data
                for record in self.trace.recent
                if (record.module, record.direction, record.kind) == (module.number, "in", Kind.COMMAND)
            )
            found |= redactor.secrets(lines)
        return {secret for secret in found if len(secret) >= SHORTEST_SECRET}

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
        """Let module time pass, or move it ahead where it passes by itself and can be moved."""
        clock = self.clock
        if isinstance(clock, MovableClock) and not (isinstance(clock, SteppedClock) and self._running):
            await clock.advance(seconds)
        else:
            await clock.sleep(seconds)

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
            if isinstance(self.clock, MovableClock):
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

    def add_modules(self, names: Sequence[str], resources: Resources) -> None:
        """Put a module of each name, in the order of the world's tables, behind its port."""
        options = self.options
        each = zip_longest(names, resources.ports, resources.logs, resources.storages, self.simulation.world.modules)
        for name, opened, log, storage, own in islice(each, len(names)):
            port = opened or MemoryPort(now=self.clock.now, move_on_after=self.clock.move_on_after)
            wire = port
            if opened is not None and options.profile == "real":
                wire, log = PacedPort(port, self.clock), PacedPort(log, self.clock) if log is not None else None
            firmware = load_firmware(own.dialect or RUNNABLE[0], options.build)
            module = self.simulation.add_module(firmware, wire, storage, log)
            self.modules[name], self.ports[name] = module, port
            if name in options.off:
                module.power_off()
            if opened is not None and options.ports[module.number].scheme == "pty":
                self.devices[name] = Path(options.ports[module.number].place).absolute()

    def _announce(self, module: int, text: str) -> None:
        for listener in self.announced:
            listener(module, text)


@asynccontextmanager
async def open_stage(
    world: World,
    names: Sequence[str],
    resources: Resources,
    *,
    variables: Variables | None = None,
    ended: Callable[[int], None] = lambda code: None,
) -> AsyncIterator[Stage]:
    """A stage with modules of these names, for each of which the world has a table; nothing runs before its `start`.
    The ports are opened where that has not been done. `ended`: is told the exit code of a program at a port. Raises
    OSError, PortError, and at the end PanicError when the simulator itself has failed in it, whatever else has."""
    clock = _clock(resources.options)
    with ExitStack() as exits:
        if isinstance(clock, SteppedClock):
            exits.enter_context(oldest_task_first())
        async with _plain_nursery(resources.panics) as nursery:
            if not resources.ports:
                resources.open_ports(exits, nursery.start_soon, ended)
            stage = Stage(world, clock, resources, nursery, variables or Variables({}))
            exits.enter_context(stage.exits)
            stage.add_modules(names, resources)
            yield stage
            nursery.cancel_scope.cancel()


def _clock(options: StageOptions) -> Clock:
    if options.speed is None:
        return SteppedClock()
    if options.movable:
        return PacedClock(options.speed)
    return RealClock() if options.speed == 1 else ScaledClock(options.speed)


@asynccontextmanager
async def _plain_nursery(panics: Panics) -> AsyncIterator[trio.Nursery]:
    """A nursery that does not wrap what the body raises. What its tasks raise are panics. Raises PanicError at the end
    when there was any."""
    failure: Exception | None = None
    try:
        async with trio.open_nursery() as nursery:
            try:
                yield nursery
            except trio.Cancelled:
                raise
            except Exception as error:
                failure = error
                nursery.cancel_scope.cancel()
    except* Exception as errors:
        panics.note(0, "the stage", errors)
    panics.check(failure)
    if failure is not None:
        raise failure
