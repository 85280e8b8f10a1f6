"""What concerns the whole simulation: the seed, and the figures of its timing."""

from typing import Final

from espat.core.time.timing import figures
from espat.scenario.schema.kinds import whole_number
from espat.scenario.schema.tables import Field, Table
from espat.scenario.text.values import FIGURE

TIMING: Final = Table(
    "Single figures of the files `timing.toml` in `simulator/`, instead of those of the profile.",
    {
        name: Field(FIGURE, figure.meaning, f"{figure.fast:g} or {figure.real:g} s")
        for name, figure in figures().items()
    },
)

TABLES: Final = {
    "seed": Field(whole_number(0, 2**63 - 1), "of everything random; the same seed gives the same run", "1"),
    "timing": Field(TIMING, ""),
}
