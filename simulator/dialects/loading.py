"""Getting a firmware by its name. Imports it only then."""

from importlib import import_module
from typing import TYPE_CHECKING

from espat.core.events import EVENTS
from espat.dialects.names import FIRMWARES

if TYPE_CHECKING:
    from espat.dialects.firmware import Dialect


def load_firmware(dialect: str, build: str = "full") -> "Dialect":
    """A firmware of FIRMWARES. Raises KeyError, ValueError for a build that does not exist."""
    file, name = FIRMWARES[dialect]
    made: Dialect = getattr(import_module(f"espat.dialects.{file}"), name)(build)  # only the one that runs
    return made


def is_event(name: str) -> bool:
    """Whether the trace of any module may tell of that."""
    return name in EVENTS or name in event_names()


def event_names() -> list[str]:
    """What the trace of a module may tell besides what it prints."""
    for file, _ in FIRMWARES.values():
        import_module(f"espat.dialects.{file}")  # with the rooms that its commands are for
    return sorted(EVENTS)
