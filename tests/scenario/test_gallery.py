"""The gallery: every scenario of it, in stepped time and with real sockets, and the same trace each time."""

import re
from pathlib import Path

import pytest

from espat.scenario.play.player import play, prepare
from espat.scenario.reading.scenario_file import read_scenario
from espat.scenario.stage.options import StageOptions
from espat.scenario.text.document import parse_document
from espat.scenario.verbs.table import VERBS
from tests.programs import need_program

pytestmark = pytest.mark.slow

GALLERY = sorted(
    path for path in (Path(__file__).parents[2] / "scenarios" / "gallery").glob("*.yaml") if path.name[0] != "_"
)
WITH_PROGRAMS = [
    pytest.param(path, marks=pytest.mark.peers) if path.stem.startswith("tls-") else pytest.param(path)
    for path in GALLERY
]
"""Over real sockets, those with TLS need the programs of OpenSSL."""


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
        await play(prepare(read_scenario(path)), StageOptions(trace=trace))
        traces.add(trace.read_bytes())
    assert len(traces) == 1


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
async def test_it_plays_when_a_module_takes_its_time(path: Path) -> None:
    await play(prepare(read_scenario(path)), StageOptions(profile="real"))


@pytest.mark.parametrize("path", WITH_PROGRAMS, ids=lambda path: path.stem)
async def test_it_plays_with_real_sockets(path: Path) -> None:
    if path.stem.startswith("tls-"):
        need_program("openssl", "openssl")
    await play(prepare(read_scenario(path)), StageOptions(speed=20.0, sockets=True))


async def test_the_scenario_of_the_readme(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    path = tmp_path / "readme.yaml"
    path.write_text(text, encoding="utf-8")
    await play(prepare(read_scenario(path)), StageOptions())


def test_the_scenarios_of_the_documentation_are_right(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
    texts = [text for text in re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL) if "title:" in text]
    assert len(texts) == 2
    (tmp_path / "_linked.yaml").write_text("steps: []\n")
    for text in texts:
        path = tmp_path / "page.yaml"
        path.write_text(text, encoding="utf-8")
        prepare(read_scenario(path))


def test_every_verb_of_ours_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
    for name in VERBS:
        group, _, verb = name.partition(".")
        assert f"`{name}`" in page or f"`.{verb}`" in page or f"`{name}: " in page, name
        assert not verb or f"`{group}." in page
