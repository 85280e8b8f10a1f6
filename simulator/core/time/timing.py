"""How long the module takes for what it does: the figures of the files `timing.toml`, overridden by the world file.

`core/timing.toml` says how to read them. A chapter that takes its time for something names it in a file of its own.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

PROFILES: Final = ("fast", "real")
FILES: Final = "*/*timing.toml"


class Figure(NamedTuple):
    """How long something takes, in seconds of module time, in each profile."""

    fast: float
    real: float
    meaning: str


class Timing(dict[str, float]):
    """The figures that a simulation runs with, by name."""


@cache
def figures() -> Mapping[str, Figure]:
    """All figures that there are, by name."""
    import tomllib  # heavy beside what `espat run` needs before its ports can be opened

    found: dict[str, Figure] = {}
    for path in sorted(Path(__file__).parents[2].glob(FILES)):
        for name, values in tomllib.loads(path.read_text(encoding="utf-8")).items():
            found[name] = Figure(**values)
    return found


def load_timing(profile: str = "fast", overrides: Mapping[str, float] | None = None) -> Timing:
    """The figures of a profile, `fast` or `real`, with some of them replaced."""
    return Timing({name: getattr(figure, profile) for name, figure in figures().items()} | dict(overrides or {}))
