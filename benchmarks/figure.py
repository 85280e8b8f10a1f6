"""What a benchmark measures: rows of the table, goals, and runs that alternate between a baseline and ours."""

from collections.abc import Callable
from typing import Final, NamedTuple

RUNS: Final = 5


class Goal(NamedTuple):
    """A limit on the ratio or, where there is no baseline to compare with, on the figure itself."""

    limit: float
    at_most: bool = True
    on_ratio: bool = True

    def met(self, value: float) -> bool:
        """Whether the value is within the limit, the limit itself included."""
        return value <= self.limit if self.at_most else value >= self.limit


class Row(NamedTuple):
    """One figure. `runs` and `baseline_runs` are what the figures were chosen from, in the order measured."""

    figure: str
    name: str
    unit: str
    measured: float
    baseline: float | None = None
    goal: Goal | None = None
    runs: tuple[float, ...] = ()
    baseline_runs: tuple[float, ...] = ()

    @property
    def ratio(self) -> float | None:
        """Measured over baseline."""
        return self.measured / self.baseline if self.baseline else None

    @property
    def passed(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        if self.goal is None:
            return None
        value = self.ratio if self.goal.on_ratio else self.measured
        return value is not None and self.goal.met(value)


Figure = Callable[[], list[Row]]
"""Measures one theme. Raises when the benchmark itself breaks."""


def compare(
    figure: str,
    name: str,
    unit: str,
    baseline: Callable[[], float],
    ours: Callable[[], float],
    *,
    best: Callable[[tuple[float, ...]], float],
    goal: Goal,
) -> Row:
    """Five runs of each, in turn, the baseline first; the best run of one against the best run of the other.

    `best` picks the best of five runs: `min` for a time, `max` for a rate.
    """
    pairs = [(baseline(), ours()) for _ in range(RUNS)]
    baseline_runs, runs = (tuple(values) for values in zip(*pairs, strict=True))
    return Row(figure, name, unit, best(runs), best(baseline_runs), goal, runs, baseline_runs)
