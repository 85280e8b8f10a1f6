"""The same simulation for programs that know nothing of trio: it runs in a thread, and every call waits.

with simulation() as sim:
    firmware = subprocess.Popen([..., sim.modules[0].path])
    sim.modules[0].wait_for(module_prints="WIFI GOT IP")
    sim.access_point.off("espressif")
"""

import inspect
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, ParamSpec, Self, TypeVar

import trio

from espat.core.panics import Panic, PanicError
from espat.scenario.stage.stage import Stage
from espat.testing.simulation import AnyModule, AnySimulation, Simulation, SimulationClock, SimulationError

__tracebackhide__ = True
"""For pytest: a failure is the caller's, and is shown there; `--full-trace` shows the rest."""

T = TypeVar("T")
P = ParamSpec("P")


class SynchronousModule(AnyModule[None]):
    """One module; every call waits."""

    def serves(self, port: int, proto: str = "tcp") -> tuple[str, int]:
        """Where on this machine a port is that the module listens on: address and port, as `socket` takes them. It
        waits until the module does, as long as for a step. `proto`: `tcp`, or `udp`. Raises SimulationError."""
        return self._simulation.served(self.name, port, proto)  # type: ignore[attr-defined, no-any-return]


class SynchronousSimulation(AnySimulation[None]):
    """A simulation in a thread of its own; made by `simulation`."""

    def __init__(self, inner: Simulation) -> None:
        self._inner = inner
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
        self.modules = [
            SynchronousModule(self, module.name, module.path, module.ports) for module in self._inner.modules
        ]
        inner = self._inner.clock
        self.clock = SimulationClock[None](
            lambda: self.call_now(inner.now), lambda time: self.call(inner.advance, time)
        )
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
    def running(self) -> Stage:
        return self._inner.running

    @property
    def panics(self) -> tuple[Panic, ...]:
        return self._inner.panics

    def stored(self, module: str, namespace: str, key: str) -> int | str | bytes | None:
        return self.call_now(self._inner.stored, module, namespace, key)

    def served(self, module: str, port: int, proto: str = "tcp") -> tuple[str, int]:
        """See SynchronousModule.serves."""
        return self.call(self._inner.served, module, port, proto)

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


USUALLY: Final = "A simulation for a `with`: its modules are on serial devices, in real time, unless told otherwise."


def synchronous(make: Callable[P, Simulation], **usual: Any) -> Callable[P, SynchronousSimulation]:
    """A maker of simulations that live in a thread of their own, with the arguments of a maker of those on trio.
    `usual`: arguments that are others when they are left out."""

    def simulation(*arguments: P.args, **named: P.kwargs) -> SynchronousSimulation:
        for name, value in usual.items():
            named.setdefault(name, value)
        return SynchronousSimulation(make(*arguments, **named))

    known = inspect.signature(make).parameters.values()
    parameters = [each.replace(default=usual.get(each.name, each.default)) for each in known]
    simulation.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    simulation.__doc__ = f"{USUALLY}\n\n{inspect.getdoc(make.__init__)}"
    return simulation


simulation = synchronous(Simulation, speed=1.0, serial=True)
