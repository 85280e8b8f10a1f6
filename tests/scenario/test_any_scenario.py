"""Scenarios from anybody: read or refused, with file and line, whatever they are."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espat.scenario.play.player import prepare
from espat.scenario.reading.scenario import ScenarioError
from espat.scenario.reading.scenario_file import read_scenario
from espat.scenario.reading.scenario_tables import FILE, MODIFIERS, STEP_KINDS
from espat.scenario.verbs.table import VERBS

pytestmark = pytest.mark.slow

WORDS = st.sampled_from(
    [*FILE.fields, *STEP_KINDS, *MODIFIERS, *VERBS, "when", "peer", "ssid", "port", "proto", "time"]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    WORDS,
    st.sampled_from(["{{A}}", "{{", "re:(", "tcp 80", "10s", "_.yaml", "s.yaml", "A"]),
    st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=12
)
STEP = st.dictionaries(WORDS, VALUES, min_size=1, max_size=4)
FILES = st.fixed_dictionaries(
    {"title": st.just("x"), "steps": st.lists(STEP, max_size=4)},
    optional={
        "vars": VALUES,
        "world": VALUES
        | st.fixed_dictionaries(
            {"services": VALUES | st.dictionaries(st.sampled_from(["sntp", "sntp_servers"]), VALUES)}
        )
        | st.fixed_dictionaries({"peers": st.lists(st.dictionaries(WORDS | st.sampled_from(["id", "ip"]), VALUES))}),
        "reactions": st.lists(st.fixed_dictionaries({"when": VALUES, "do": st.lists(STEP, max_size=2)}), max_size=2),
        "modules": VALUES,
        "may_also_see": VALUES,
        "setup": VALUES,
        "attach": VALUES,
        "same_as": VALUES,
    },
)


def judge(content: bytes) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "s.yaml"
        path.write_bytes(content)
        try:
            prepare(read_scenario(path))
        except ScenarioError as error:
            mistakes = str(error).splitlines()
        else:
            return
    assert mistakes
    for mistake in mistakes:
        assert re.match(rf"{re.escape(directory)}/[^:]+:\d+: ", mistake), mistake


@settings(deadline=None)
@given(FILES)
def test_any_values(file: object) -> None:
    import yaml  # only this test writes YAML

    judge(yaml.safe_dump(file, allow_unicode=False).encode())


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_any_change_of_a_scenario(data: st.DataObject) -> None:
    text = bytearray((Path(__file__).parents[2] / "scenarios/documented/02-tcp-client-single.yaml").read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    judge(bytes(text))
