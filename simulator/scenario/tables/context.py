"""What the readers of tables need to know besides the table."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Context:
    """`folder`: from where paths are. `awaited`: what the world asks for that there is not yet, in words, and where."""

    folder: Path = Path()
    awaited: list[tuple[str, str]] = field(default_factory=list)


def number_of(place: str) -> int:
    """The number of a table, from 0, by its place: 1 for `module#2`."""
    return int(place.rpartition("#")[2]) - 1
