"""A software simulator of an Espressif ESP-AT module.

For Python programs and tests: `espat.simulation(...)`, and `espat.Simulation` for programs on trio.

Loaded at first use: importing this, as the pytest plugin does at every start, costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from espat.core.panics import PanicError
    from espat.testing.simulation import ModuleHandle, Simulation, SimulationError
    from espat.testing.synchronous import SynchronousModule, SynchronousSimulation, simulation

__version__ = "0.1.0"

__all__ = [
    "ModuleHandle",
    "PanicError",
    "Simulation",
    "SimulationError",
    "SynchronousModule",
    "SynchronousSimulation",
    "simulation",
]

_PLACES = {
    "PanicError": "core.panics",
    "SynchronousModule": "testing.synchronous",
    "SynchronousSimulation": "testing.synchronous",
    "simulation": "testing.synchronous",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    place = _PLACES.get(name, "testing.simulation")
    return getattr(import_module(f"espat.{place}"), name)
