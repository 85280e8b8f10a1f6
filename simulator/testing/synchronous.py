"""The same simulation for programs that know nothing of trio: it runs in a thread, and every call waits.

with simulation() as sim:
    firmware = subprocess.Popen([..., sim.modules[0].path])
    sim.modules[0].wait_for(module_prints="WIFI GOT IP")
    sim.access_point.off("espressif")
"""

import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import trio

from espat.core.panics import Panic, PanicError
from espat.core.trace import Record
from espat.testing.simulation import ModuleHandle, Simulation, SimulationError, VerbGroups, WorldSource

__tracebackhide__ = True
"""For pytest: a failure is the caller's, and is shown there; `--full-trace` shows the rest."""

T = TypeVar("T")


class SynchronousModule:
    """One module. `path`: its serial device; None where it has none and is driven from here."""

    def __init__(self, simulation: "SynchronousSimulation", module: ModuleHandle) -> None:
        self.name = module.name
        self.path = module.path
        self._simulation = simulation
        self._module = module

    def send(self, line: str) -> None:
        """Type a command; CR LF is appended."""
        self._simulation.call(self._module.send, line)

    def send_raw(self, data: str | bytes) -> None:
        """Send bytes."""
        self._simulation.call(self._module.send_raw, data)

    def expect(self, *lines: str, within: float | str | None = None) -> None:
        """Exactly these lines come, as in a scenario. `within`: seconds, or text like "10s". Raises SimulationError."""

        async def expect() -> None:
            await self._module.expect(*lines, within=within)

        self._simulation.call(expect)

    def wait_for(self, **what: Any) -> None:
        """Something happens: `module_prints`, `command` or `event`, with `nth` and `within` as in a scenario. Raises
        SimulationError."""
        self.do("wait_for", **what)

    def do(self, verb: str, *first: Any, **arguments: Any) -> None:
        """Any verb, about this module. Raises SimulationError."""
        self._simulation.do(verb, *first, module=self.name, **arguments)

    def stored(self, namespace: str, key: str) -> int | str | bytes | None:
        """A value in its flash, by the names that `espat flash show` has; None when there is none."""
        return self._simulation.call_now(self._module.stored, namespace, key)

    def power_on(self) -> None:
        """Switch it on."""
        self.do("module.power_on")

    def power_off(self) -> None:
        """Cut its power."""
        self.do("module.power_off")

    def reset(self) -> None:
        """Pull its reset pin."""
        self.do("module.reset")


class SynchronousClock:
    """Module time."""

    def __init__(self, simulation: "SynchronousSimulation", inner: Simulation) -> None:
        self._simulation = simulation
        self._inner = inner

    def now(self) -> float:
        """Seconds of module time since the beginning."""
        return self._simulation.call_now(self._inner.clock.now)

    def advance(self, time: float | str) -> None:
        """Let time pass: seconds, or a text like `10min`."""
        self._simulation.call(self._inner.clock.advance, time)


class SynchronousSimulation(VerbGroups):
    """A simulation in a thread of its own; made by `simulation`."""

    def __init__(self, **arguments: Any) -> None:
        self._inner = Simulation(**arguments)
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._token: trio.lowlevel.TrioToken | None = None
        self._thread = threading.Thread(target=self._run, name="espat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        self.modules = [SynchronousModule(self, module) for module in self._inner.modules]
        self.clock = SynchronousClock(self, self._inner)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with suppress(SimulationError):  # when it has ended by itself, which is told below
            self.call_now(self._stop.set)
        self._thread.join()
        if self._failure is not None and error is None:
            raise self._failure
        if isinstance(self._failure, PanicError) and isinstance(error, Exception):  # whatever was expected
            raise self._failure from error

    @property
    def trace(self) -> list[Record]:
        """What has happened, the latest last; the oldest messages of a long run are forgotten."""
        return self._inner.trace

    @property
    def panics(self) -> tuple[Panic, ...]:
        """Where the simulator itself has failed; then leaving the `with` raises PanicError."""
        return self._inner.panics

    def trace_lines(self, most: int) -> list[str]:
        """The latest of it, for people."""
        return self._inner.trace_lines(most)

    def do(self, verb: str, *first: Any, **arguments: Any) -> None:
        """Have a verb done. What stands without a name is the verb's first argument. Raises SimulationError."""

        async def do() -> None:
            await self._inner.do(verb, *first, **arguments)

        self.call(do)

    def call(self, function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """Run an async function where the simulation runs, and wait for it. Raises SimulationError."""
        try:
            return trio.from_thread.run(function, *arguments, trio_token=self._token)
        except trio.RunFinishedError:
            raise SimulationError("the simulation does not run") from self._failure
        except (SimulationError, ValueError) as error:  # without the way it has taken through the threads
            raise error.with_traceback(None) from None

    def call_now(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a plain function where the simulation runs. Raises SimulationError."""
        try:
            return trio.from_thread.run_sync(function, *arguments, trio_token=self._token)
        except trio.RunFinishedError:
            raise SimulationError("the simulation does not run") from self._failure

    def _run(self) -> None:
        try:
            trio.run(self._serve)
        except BaseException as error:
            self._failure = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._stop = trio.Event()
        async with self._inner:
            self._token = trio.lowlevel.current_trio_token()
            self._started.set()
            await self._stop.wait()


def simulation(
    world: WorldSource = None,
    *,
    modules: int = 1,
    speed: float | None = 1.0,
    serial: bool = True,
    timing: str = "fast",
    dialect: str = "esp32-v5",
    variant: str | None = None,
    flash: str | Path | None = None,
    build: str = "full",
    seed: int | None = None,
    trace: str | Path | None = None,
    link: str | Path | None = None,
) -> SynchronousSimulation:
    """A simulation for a `with`: its modules are on serial devices, in real time, unless told otherwise. The arguments
    are those of Simulation. Raises ValueError for what cannot be."""
    return SynchronousSimulation(
        world=world,
        modules=modules,
        speed=speed,
        serial=serial,
        timing=timing,
        dialect=dialect,
        variant=variant,
        flash=flash,
        build=build,
        seed=seed,
        trace=trace,
        link=link,
    )
