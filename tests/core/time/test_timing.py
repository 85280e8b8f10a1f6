"""The figures of the timing profiles."""

import re
from pathlib import Path

import pytest

import espat
from espat.core.at.registry import ANY_COMMAND
from espat.core.time.timing import PROFILES, Timing, figures, load_timing

PACKAGE = Path(espat.__file__).parent
USES = re.compile(r'(?:pause\(|[Tt]iming\]?\[|takes, cause = [\w.]+, |takes ?= ?)"(\w+)"')
"""A figure by its name."""


def test_fast_takes_the_time_that_clients_need_and_no_more() -> None:
    assert {name: seconds for name, seconds in load_timing().items() if seconds} == {"boot": 0.1}


def test_real_takes_time() -> None:
    assert all(seconds > 0 for seconds in load_timing("real").values())
    assert load_timing("real")["boot"] == 1.21


@pytest.mark.parametrize("profile", PROFILES)
def test_single_figures_can_be_replaced(profile: str) -> None:
    timing = load_timing(profile, {"join": 2.5})
    assert timing == {**load_timing(profile), "join": 2.5}
    assert isinstance(timing, Timing)


def test_every_figure_says_what_it_is() -> None:
    assert all(figure.meaning for figure in figures().values())


def test_every_figure_is_used_and_every_one_that_is_used_is_there() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.glob("**/*.py"))
    assert {*USES.findall(sources), ANY_COMMAND} == set(figures())
