"""How a stage is to run, as data."""

from pathlib import Path
from typing import Final, NamedTuple

from espat.core.ports.uri import PortUri
from espat.core.trace import RECENT

STEP_LIMIT: Final = 10.0
"""Seconds a step may take: of module time, of real time where module time is faster than that."""
RESTING: Final = 0.2
SILENT: Final = 1.0
"""Real seconds after which a module rests, and is silent, where time passes."""


class Patience(NamedTuple):
    """How long to wait, in seconds of module time. `step`: for what a step wants. `resting`, `silent`: without output
    until a module rests, and is silent."""

    step: float
    resting: float
    silent: float


STEPPED: Final = Patience(STEP_LIMIT, 0.05, 1.0)
"""With everything in memory only what the module takes its time for is still under way after that."""


class StageOptions(NamedTuple):
    """How to run. `speed`: None is stepped time, which passes only where somebody waits for it; else so many times as
    fast as real time. `movable`: whether time can be moved ahead besides. `sockets`: whether the peers can be reached
    on this machine, else only in memory. `profile`: of the timing; None is what the scenario says, fast else. `ports`:
    where those of the modules are, and `logs` those of their logs; without, they are in memory. `clients`: whether
    somebody here is the client at each of them. `inputs`: files that the trace must not be. `remember`: how many
    messages it remembers. `off`: modules that are switched off at first. `when_opened`: whether each module is switched
    on when a client opens its port."""

    speed: float | None = None
    movable: bool = True
    sockets: bool = False
    profile: str | None = None
    ports: tuple[PortUri, ...] = ()
    logs: tuple[PortUri, ...] = ()
    clients: bool = True
    trace: Path | None = None
    inputs: tuple[Path, ...] = ()
    remember: int = RECENT
    build: str = "full"
    off: tuple[str, ...] = ()
    when_opened: bool = False

    @property
    def patience(self) -> Patience:
        """How long to wait for a module."""
        if self.speed is None:
            return STEPPED
        return Patience(STEP_LIMIT * max(1.0, self.speed), RESTING * self.speed, SILENT * self.speed)
