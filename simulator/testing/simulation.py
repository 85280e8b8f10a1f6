"""A simulation for programs on trio: modules, verbs, clock and trace in hand.

async with Simulation() as simulation:
    module = simulation.modules[0]
    await module.send("AT+CWMODE=1")
    await module.expect("", "OK")
    await simulation.access_point.off("espressif")
"""

import math
import re
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

from espat.core.panics import Panic
from espat.core.suggestions import expected, unknown
from espat.core.time.timing import PROFILES
from espat.core.trace import Record
from espat.dialects.names import BUILDS, RUNNABLE
from espat.persist.variants import VARIANTS
from espat.scenario.hosts.peers import PeerError
from espat.scenario.play.player import BOOT_LIMIT
from espat.scenario.reading.given_world import WorldSource, read_given_world
from espat.scenario.schema.kinds import shown
from espat.scenario.stage.company import open_played_stage
from espat.scenario.stage.mismatch import MismatchError
from espat.scenario.stage.options import StageOptions
from espat.scenario.stage.stage import Stage
from espat.scenario.stage.trace_text import shown_record, without_secrets
from espat.scenario.text.durations import read_seconds
from espat.scenario.text.variables import UnknownVariableError, Variables
from espat.scenario.verbs import VERBS, VerbError
from espat.scenario.verbs.acting import act
from espat.scenario.world.modules import with_modules
from espat.scenario.world.world import ModuleConfiguration
from espat.stack.host_network import check_own
from espat.testing.module_ports import ModulePortUris
from espat.testing.verb_groups import VerbGroups, VerbsOfModule

R = TypeVar("R")
TRANSPORTS: Final = ("tcp", "udp")

__tracebackhide__ = True
"""For pytest: a failure is the caller's, and is shown there; `--full-trace` shows the rest."""


class SimulationError(AssertionError):
    """What was expected did not happen, or a verb could not do what was asked."""


def _own_address(text: str) -> IPv4Address:
    """An address of this machine, where servers can listen. Raises ValueError."""
    try:
        address = IPv4Address(text)
        check_own(address)
    except (OSError, ValueError):
        raise ValueError(f"listen: {expected('an IPv4 address of this machine', shown(text))}") from None
    return address


class SimulationClock(Generic[R]):
    """Module time. `R`: what letting it pass gives, as of verbs."""

    def __init__(self, now: Callable[[], float], move: Callable[[float], R]) -> None:
        self._now = now
        self._move = move

    def now(self) -> float:
        """Seconds of module time since the beginning."""
        return self._now()

    def advance(self, time: float | str) -> R:
        """Let time pass: seconds, or a text like `10min`. Raises ValueError."""
        try:
            return self._move(read_seconds(time))
        except ValueError as error:
            raise ValueError(expected(str(error), shown(time))) from None


class AnyModule(VerbsOfModule[R]):
    """One module, with its verbs. `path`: its serial device; None where it has none and is driven from here. `ports`:
    what `espat run` says of its ports, that of its log behind that of the commands."""

    def __init__(
        self, simulation: "AnySimulation[R]", name: str, path: Path | None, ports: tuple[str, ...] = ()
    ) -> None:
        super().__init__(self.do, "module")
        self.name = name
        self.path = path
        self.ports = ports
        self._simulation = simulation

    def do(self, verb: str, *first: Any, **arguments: Any) -> R:
        """Any verb, about this module. Raises SimulationError."""
        return self._simulation.do(verb, *first, module=self.name, **arguments)

    def stored(self, namespace: str, key: str) -> int | str | bytes | None:
        """A value in its flash, by the names that `espat flash show` has; None when there is none. What the module
        has set without storing it is not there."""
        return self._simulation.stored(self.name, namespace, key)


class AnySimulation(VerbGroups[R]):
    """What a simulation has, on trio and without."""

    @property
    @abstractmethod
    def running(self) -> Stage:
        """The stage. Raises SimulationError while there is none."""

    @abstractmethod
    def stored(self, module: str, namespace: str, key: str) -> int | str | bytes | None:
        """See AnyModule.stored."""

    @property
    def trace(self) -> list[Record]:
        """What has happened, the latest last; the oldest messages of a long run are forgotten."""
        return list(self.running.trace.recent)

    @property
    @abstractmethod
    def panics(self) -> tuple[Panic, ...]:
        """Where the simulator itself has failed; then leaving the `with` raises PanicError."""

    def trace_lines(self, most: int) -> list[str]:
        """The latest of it, for people."""
        secrets = self.running.secrets()
        return [without_secrets(shown_record(record), secrets) for record in self.trace[-most:]]


Awaited = Coroutine[Any, Any, None]
"""What a verb gives on trio."""


class ModuleHandle(AnyModule[Awaited]):
    """One module on trio."""

    async def serves(self, port: int, proto: str = "tcp") -> tuple[str, int]:
        """Where on this machine a port is that the module listens on: address and port, as `socket` takes them. It
        waits until the module does, as long as for a step. `proto`: `tcp`, or `udp`. Raises SimulationError."""
        return await self._simulation.served(self.name, port, proto)  # type: ignore[attr-defined, no-any-return]


class Simulation(AnySimulation[Awaited]):
    """`async with Simulation(...) as simulation:`; see the arguments of `__init__`."""

    def __init__(
        self,
        world: WorldSource = None,
        *,
        modules: int = 1,
        speed: float | None = None,
        serial: bool = False,
        timing: str = "fast",
        dialect: str = "esp32-v5",
        variant: str | None = None,
        flash: str | Path | None = None,
        build: str = "full",
        seed: int | None = None,
        trace: str | Path | None = None,
        link: str | Path | None = None,
        port: str | None = None,
        log_port: str | None = None,
        listen: str | None = None,
        offline: bool | None = None,
        folder: str | Path | None = None,
    ) -> None:
        """`speed`: how many times as fast as real time; None is stepped time, which passes where something waits for
        it. `serial`: whether modules are on serial devices, for somebody else to open; `link`: where these appear,
        `{n}` is the module's number; `port`: a URI as for `espat run`, in the place of a link; `log_port`: the same
        for the logs of the firmware. `listen`: where on this machine servers of modules are. `offline`: whether only
        what the world has and this machine can be reached; as a World says, and offline with any other, when left out.
        `folder`: from where relative paths are, the current one when left out. `flash`: the file that keeps the flash,
        `{n}` as above; it is made when there is none, and holds what is stored at any moment. `variant`: the module a
        new flash is of. A `[[module]]` of the world comes before `dialect`, `variant` and `flash`. Raises ValueError
        for what cannot be."""
        if modules < 1:
            raise ValueError(f"modules: expected at least one, got {modules}")
        base = Path(folder) if folder is not None else Path()
        choices = [("dialect", dialect, RUNNABLE), ("build", build, BUILDS), ("timing", timing, PROFILES)]
        if variant is not None:
            choices.append(("variant", variant, tuple(VARIANTS)))
        for name, found, right in choices:
            if found not in right:
                raise ValueError(unknown(name, str(found), right))
        if speed is not None and not (isinstance(speed, int | float) and 0 < speed < math.inf):
            raise ValueError(f"speed: {expected('a number more than 0, or None', shown(speed))}")
        if serial and speed is None:
            raise ValueError("who opens a serial device lives in real time: a speed is needed")
        self._variables = Variables({})
        self._world, self._peers = read_given_world(world, self._variables, base)
        if seed is not None:
            self._world = replace(self._world, seed=seed)
        if offline is not None:
            self._world = replace(self._world, offline=offline)
        if listen is not None:
            self._world = replace(self._world, listen_address=_own_address(listen))
        flash = str(base / flash) if flash is not None else None
        given = ModuleConfiguration(dialect=dialect, variant=variant, flash=flash)
        self._world = with_modules(self._world, modules, given)
        self._names = [str(number) for number in range(len(self._world.modules))]
        own = [module.link for module in self._world.modules]
        self._ports = ModulePortUris(own, base, serial=serial, link=link, port=port, log_port=log_port)
        self._setting = StageOptions(
            speed=speed,
            sockets=speed is not None,
            profile=timing,
            clients=not serial,
            trace=base / trace if trace is not None else None,
            build=build,
        )
        self._exit = AsyncExitStack()
        self._stage: Stage | None = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as exits:
            setting = self._setting
            commands, logs = self._ports.enter(exits)
            setting = setting._replace(ports=commands, logs=logs)
            stage = await exits.enter_async_context(
                open_played_stage(setting, self._world, self._names, peers=self._peers, variables=self._variables)
            )
            self._stage = stage
            if setting.speed is not None:
                exits.enter_context(stage.time_passing())
            self.modules = [
                ModuleHandle(self, name, stage.devices.get(name), stage.announcements_of(number))
                for number, name in enumerate(self._names)
            ]
            self.clock = SimulationClock[Awaited](stage.clock.now, stage.advance)
            for module in self.modules if setting.clients else []:
                await self.do("wait_ready", module=module.name)
            if not setting.clients:  # what somebody types into a device before that is lost
                with stage.clock.move_on_after(BOOT_LIMIT):
                    for on_device in stage.modules.values():
                        await on_device.board.booted.wait()
            self._exit = exits.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._exit.__aexit__(kind, error, traceback)

    def stored(self, module: str, namespace: str, key: str) -> int | str | bytes | None:
        storage = self.running.modules[module].board.storage
        value = storage.manufacturing.read(namespace, key)
        return value if value is not None else storage.settings.read(namespace, key)

    async def served(self, module: str, port: int, proto: str = "tcp") -> tuple[str, int]:
        """See ModuleHandle.serves."""
        if proto not in TRANSPORTS:
            raise SimulationError(f"serves: {unknown('proto', str(proto), TRANSPORTS)}")
        stage = self.running
        try:
            with stage.time_passing():
                found = await stage.module_ports.find(stage.modules[module], proto, port)
        except PeerError as error:
            raise SimulationError(f"serves: {error}") from None
        return str(found.address), found.port

    @property
    def running(self) -> Stage:
        if self._stage is None:
            raise SimulationError("the simulation does not run")
        return self._stage

    @property
    def panics(self) -> tuple[Panic, ...]:
        return self._stage.simulation.panics.found if self._stage is not None else ()

    async def do(self, verb: str, *first: Any, module: str = "0", value: Any = None, **arguments: Any) -> None:
        """Have a verb done. What stands without a name is the verb's first argument. Raises SimulationError."""
        stage = self.running
        if len(first) > 1:
            raise SimulationError(f"{verb}: expected one argument without a name, got {len(first)}")
        if first and verb in VERBS:
            arguments = {next(iter(VERBS[verb].keys), "value"): first[0], **arguments}
        try:
            await act(stage, verb, arguments, module, value)
        except (VerbError, MismatchError, PeerError) as error:
            difference = error.difference if isinstance(error, MismatchError) else ()
            problem = f"{verb}: {str(error).removeprefix(f'{verb}: ')}"
            told = "\n  ".join((problem, *difference))
            raise SimulationError(without_secrets(told, stage.secrets())) from None
        except UnknownVariableError as error:
            raise SimulationError(f"{verb}: variable {error} is not defined") from None
        except re.error as error:
            raise SimulationError(f"{verb}: {error}") from None
