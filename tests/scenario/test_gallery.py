"""The gallery: every scenario of it, in stepped time and with real sockets, and the same trace each time."""

from pathlib import Path

import pytest

from simulator.scenario.document import parse_document
from simulator.scenario.playing.player import play, prepare
from simulator.scenario.playing.stage import Setting
from simulator.scenario.scenario_file import read_scenario

GALLERY = sorted(
    path for path in (Path(__file__).parents[2] / "scenarios" / "gallery").glob("*.yaml") if path.name[0] != "_"
)


def test_there_are_enough_and_each_says_what_it_is_about() -> None:
    assert len(GALLERY) >= 30
    documents = [parse_document(path.read_bytes()) for path in GALLERY]
    assert all(document["why"].endswith(".") for document in documents)
    assert len({document["title"] for document in documents}) == len(GALLERY)


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
async def test_it_plays_and_gives_the_same_trace_each_time(path: Path, tmp_path: Path) -> None:
    prepared = prepare(read_scenario(path))
    assert not prepared.awaited
    traces = set()
    for number in range(3):
        trace = tmp_path / f"{number}.jsonl"
        await play(prepare(read_scenario(path)), Setting(trace=trace))
        traces.add(trace.read_bytes())
    assert len(traces) == 1


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
async def test_it_plays_with_real_sockets(path: Path) -> None:
    await play(prepare(read_scenario(path)), Setting(speed=20.0, sockets=True))
