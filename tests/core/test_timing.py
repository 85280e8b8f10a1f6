"""The figures of the timing profiles."""

import pytest

from espat.core.time.timing import PROFILES, Timing, load_timing


def test_fast_takes_no_time_at_all() -> None:
    assert set(load_timing()) == {0.0}


def test_real_takes_time() -> None:
    assert all(seconds > 0 for seconds in load_timing("real"))
    assert load_timing("real").boot == 1.21


@pytest.mark.parametrize("profile", PROFILES)
def test_single_figures_can_be_replaced(profile: str) -> None:
    timing = load_timing(profile, {"join": 2.5})
    assert timing == load_timing(profile)._replace(join=2.5)
    assert isinstance(timing, Timing)
