"""What a stage has of this machine: the file of its trace, the flash files of its modules, their ports."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from espat.core.panics import Panics
from espat.core.ports.opener import PortOpener
from espat.core.ports.port import Port
from espat.core.trace import Trace
from espat.scenario.stage.options import StageOptions

if TYPE_CHECKING:  # those who keep nothing need none of it
    from espat.persist.storage import Storage


class Resources:
    """All of it, until the context ends. `storages`: the flash of each module, None for one that is in memory.
    `ports`, `logs`: those of the modules, once they are open. `panics`: failures of the simulator itself."""

    def __init__(self, options: StageOptions, storages: "Sequence[Storage | None]" = ()) -> None:
        """Open the trace. `storages` are closed at the end, or when that fails. Raises OSError."""
        self.options = options
        self.storages = storages
        self.ports: list[Port] = []
        self.logs: list[Port] = []
        try:
            self.trace = Trace(options.trace, recent=options.remember, inputs=options.inputs)
            self.panics = Panics(self.trace)
        except OSError:
            self._close_storages()
            raise

    def open_ports(self, exits: ExitStack, spawn: Callable[..., Any], ended: Callable[[int], None]) -> None:
        """Open the ports, within trio. `spawn`: a nursery's `start_soon`. `exits`: closes them, which has to be when
        what `spawn` has started is over. `ended` is told the exit code of a program at a port. Raises PortError,
        OSError."""

        def spawn_alone(task: Callable[..., Any], *arguments: Any) -> None:
            spawn(partial(self.panics.alone, 0, task, *arguments), name=task)

        opener = PortOpener(spawn_alone, ended)
        exits.callback(opener.close)
        self.ports += [opener.open(uri) for uri in self.options.ports]
        self.logs += [opener.open(uri) for uri in self.options.logs]

    @property
    def announcements(self) -> list[str]:
        """What to tell of the ports to whoever opens them: the number of the module, and where its port is."""
        return [
            *(f"module {number} {port.announcement}" for number, port in enumerate(self.ports)),
            *(f"module {number} log {port.announcement}" for number, port in enumerate(self.logs)),
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.trace.close()
        self._close_storages()

    def _close_storages(self) -> None:
        for storage in self.storages:
            if storage is not None:
                storage.close()
