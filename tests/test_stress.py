"""Modules of every firmware, handled roughly; `tests/stress/handling.py` says how, and plays many more seeds."""

from pathlib import Path

import pytest

from espat.dialects.names import RUNNABLE
from tests.stress.files import read_changed
from tests.stress.filters import filter_messages
from tests.stress.handling import RoughHandling

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dialect", RUNNABLE)
async def test_a_module_answers_whatever_was_done_to_it(dialect: str, seed: int) -> None:
    await RoughHandling(seed, [dialect]).run()


@pytest.mark.parametrize("seed", range(3))
async def test_so_do_several_on_one_air(seed: int) -> None:
    await RoughHandling(seed, RUNNABLE[:3]).run()


async def test_the_same_seed_gives_the_same_bytes() -> None:
    runs = [RoughHandling(7, RUNNABLE[:2]) for _ in range(2)]
    for run in runs:
        await run.run()
    assert runs[0].done == runs[1].done
    assert runs[0].digest.hexdigest() == runs[1].digest.hexdigest()


@pytest.mark.parametrize("seed", range(5))
def test_a_broken_file_is_refused(tmp_path: Path, seed: int) -> None:
    read_changed(seed, tmp_path)


@pytest.mark.parametrize("seed", range(3))
def test_any_filter_is_bounded(seed: int) -> None:
    assert filter_messages(seed)
