"""What follows from the schema: tables of the docs, and JSON Schema for editors."""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from espat.cli import main
from espat.scenario import tables
from espat.scenario.reading.world_reader import WorldError, read_world, world_table
from espat.scenario.text.document import parse_document
from tests.generated import FILES, ROOT, SECTION, SECTIONS, current

SCENARIOS = sorted(path for path in (ROOT / "scenarios").rglob("*.yaml") if not path.name.startswith("_"))


@pytest.mark.parametrize("name", FILES)
def test_generated_tables_of_the_docs_are_current(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert current(text) == text, "python -m tests.generated writes them anew"


def test_every_generated_table_is_somewhere() -> None:
    found = {match[3] for name in FILES for match in SECTION.finditer((ROOT / name).read_text(encoding="utf-8"))}
    assert found == set(SECTIONS)


@pytest.fixture
def schema(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Draft202012Validator:
    """What `espat schema` prints for the kind of file that the test is about."""
    assert main(["schema", request.param]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(printed)
    return Draft202012Validator(printed)


@pytest.mark.parametrize("schema", ["scenario"], indirect=True)
def test_every_scenario_fits_the_schema(schema: Draft202012Validator) -> None:
    assert len(SCENARIOS) > 100
    for path in SCENARIOS:
        problems = [error.message for error in schema.iter_errors(parse_document(path.read_bytes()))]
        assert not problems, path


@pytest.mark.parametrize("schema", ["world"], indirect=True)
def test_the_world_of_the_docs_fits_the_schema(schema: Draft202012Validator) -> None:
    text = (ROOT / "docs/world.md").read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    assert not [error.message for error in schema.iter_errors(tomllib.loads(text))]


WRONG_WORLDS: list[dict[str, Any]] = [
    {"access_pont": []},
    {"access_point": [{"ssid": "a", "chanel": 3}]},
    {"access_point": [{"ssid": "a", "channel": 15}]},
    {"access_point": [{}]},
    {"access_point": [{"ssid": "a", "security": "wpa4"}]},
    {"station": [{"mac": "x", "joins": "a"}]},
    {"timing": {"joyn": 1}},
    {"seed": -1},
]


@pytest.mark.parametrize("wrong", WRONG_WORLDS, ids=str)
@pytest.mark.parametrize("schema", ["world"], indirect=True)
def test_a_world_that_is_wrong_does_not_fit(schema: Draft202012Validator, wrong: dict[str, Any]) -> None:
    assert list(schema.iter_errors(wrong))


@pytest.mark.parametrize(
    "step",
    [
        {"snd": "AT"},
        {"send": "AT", "within": "1s"},
        {"expect": ["OK"], "blanks": "strict"},
        {"do": "access_point.of", "ssid": "lab"},
        {"do": "access_point.off"},
        {"do": "access_point.off", "sid": "lab"},
        {"do": "peer.accept", "peer": "pc", "port": 0},
        {"do": "wait_for", "event": "station.gone"},
        {"repeat": 3},
    ],
    ids=str,
)
@pytest.mark.parametrize("schema", ["scenario"], indirect=True)
def test_a_step_that_is_wrong_does_not_fit(schema: Draft202012Validator, step: dict[str, Any]) -> None:
    assert list(schema.iter_errors({"title": "x", "steps": [step]}))


@pytest.mark.parametrize("schema", ["scenario"], indirect=True)
def test_variables_may_stand_in_a_world(schema: Draft202012Validator) -> None:
    world = {"access_point": [{"ssid": "{{SSID}}", "bssid": "{{BSSID}}"}]}
    assert not list(schema.iter_errors({"title": "x", "steps": [], "world": world}))
    wrong = {"access_point": [{"ssid": "{{SSID}}", "bssid": "here"}]}
    assert list(schema.iter_errors({"title": "x", "steps": [], "world": wrong}))


def test_another_word_than_world_or_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["schema", "word"])
    assert raised.value.code == 2
    assert "world" in capsys.readouterr().err


WEATHER = (ROOT / "docs/adding-to-the-world.md").read_text(encoding="utf-8").split("## A table of the world")[1]


def test_a_chapter_brings_a_table_and_a_key_of_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = WEATHER.split("```python\n")[1].split("```")[0]
    (tmp_path / "weather.py").write_text(
        text + '\nKEYS = {"module": {"battery": Field(whole_number(0, 100), "in %")}}\n'
    )
    monkeypatch.setattr(tables, "__path__", [*tables.__path__, str(tmp_path)])
    world_table.cache_clear()
    try:
        world = read_world({"weather": {"temperature": 3}, "module": [{"battery": 7}]}, "w")
        weather = sys.modules["espat.scenario.tables.weather"].Weather
        assert world.get(weather) == weather(3)
        assert read_world({}, "w").get(weather) is None
        assert world.modules[0].more == {"battery": 7}
        with pytest.raises(WorldError, match=r"w: weather: unknown key 'temperatur' \(did you mean 'temperature'\?\)"):
            read_world({"weather": {"temperatur": 3}}, "w")
    finally:
        world_table.cache_clear()
        sys.modules.pop("espat.scenario.tables.weather", None)
