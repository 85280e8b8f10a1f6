"""Files of a few kilobytes that would hang a reader or take its memory: refused at once, with their line."""

import tracemalloc
from pathlib import Path

import pytest

from espat.scenario.play.player import prepare_file
from espat.scenario.reading.scenario import ScenarioError
from espat.scenario.reading.scenario_file import BYTES_LIMIT, INCLUDES_LIMIT, read_scenario
from espat.scenario.reading.world_file import load_world
from espat.scenario.reading.world_reader import WorldError
from espat.scenario.schema.tables import MISTAKES_LIMIT
from espat.scenario.text import patterns
from espat.scenario.text.variables import Variables
from tests.scenario.playing import HEAD, play_text, steps, write

MANY = 8000
MEMORY = 64 * 2**20
"""Bytes that reading a file may take at most; of those refused here some took gigabytes."""

WORLDS = {
    "a header in a long text": ('x = """\n[' + " " * 300_000 + '\n"""\n', "unknown key 'x'"),
    "a key of quoted parts": (
        ".".join(['"a b"'] * 12_000) + " = 1\n",
        ":1: expected a key of at most 16 parts, got more",
    ),
    "parts of a header": ("[" + "a . " * 12_000 + "a]\n", ":1: expected a key of at most 16 parts, got more"),
    "lists inside each other": ("x = " + "[" * 50_000, ":1: expected at most 40 tables and lists inside each other"),
    "tables inside each other": ("x = " + "{a=" * 50_000, ":1: expected at most 40 tables and lists inside each other"),
    "values": ("x = [" + "1," * 200_000 + "]\n", ":1: expected at most 100000 values, got more"),
    "a text without an end": ('x = """' + '\\"' * 200_000, ":1: expected TOML, got something else"),
    "quotes without an end": ("x = " + "\"'" * 200_000, ":1: expected TOML, got something else"),
    "access points": (
        '[[access_point]]\nssid = "a"\n' * MANY,
        ":1: access_point: expected at most 256 of them, got 8000",
    ),
    "hosts": (
        "".join(f'[[host]]\naddress = "10.1.{n // 200}.{n % 200}"\n' for n in range(MANY)),
        ":1: host: expected at most 1024 of them, got 8000",
    ),
    "modules": ("[[module]]\n" * MANY, ":1: module: expected at most 4096 of them, got 8000"),
    "services": (
        '[[host]]\naddress = "10.0.0.1"\nserves = [' + '"tcp-peer 80", ' * MANY + "]\n",
        ":3: host#1.serves: expected at most 64 of them, got 8000",
    ),
    "names": ("[hosts]\n" + "".join(f'"a{n}" = "127.0.0.1"\n' for n in range(MANY)), "expected at most 4096 entries"),
}


@pytest.mark.parametrize(("text", "problem"), WORLDS.values(), ids=WORLDS)
def test_a_world_that_is_too_much_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "world.toml"
    path.write_text(text)
    tracemalloc.start()  # which makes it slow
    try:
        with pytest.raises(WorldError) as raised:
            load_world(path)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
    assert problem in str(raised.value)


def test_of_many_mistakes_the_first_are_told(tmp_path: Path) -> None:
    path = tmp_path / "world.toml"
    path.write_text("".join(f"x{n} = 1\n" for n in range(MANY)))
    with pytest.raises(WorldError) as raised:
        load_world(path)
    lines = str(raised.value).splitlines()
    assert len(lines) == MISTAKES_LIMIT + 1
    assert lines[-1] == f"{path}: more than {MISTAKES_LIMIT} mistakes; the rest has not been read"


def test_of_many_mistakes_in_a_scenario_the_first_are_told(tmp_path: Path) -> None:
    for step in ("{snd: AT}", "{do: access_point.of}", "{do: peer.close, peer: '{{x}}'}"):
        path = write(tmp_path, HEAD + "steps:\n" + f"  - {step}\n" * MANY)
        with pytest.raises(ScenarioError) as raised:
            prepare_file(path)
        assert MISTAKES_LIMIT <= len(str(raised.value).splitlines()) <= 3 * MISTAKES_LIMIT


def test_many_files_of_the_largest_size(tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path, "steps: []\nwhy: '" + "x" * 1_000_000 + "'\n", f"{number}.yaml")
    includes = ", ".join(f"{{include: '{number}.yaml'}}" for number in range(5))
    with pytest.raises(ScenarioError, match=f"4.yaml:1: the file: expected at most {BYTES_LIMIT} bytes in all files"):
        read_scenario(write(tmp_path, f"title: x\nsteps: [{includes}]\n"))


@pytest.mark.parametrize("times", [1, 0])
def test_files_that_include_many_files_that_contain_nothing(tmp_path: Path, times: int) -> None:
    write(tmp_path, "steps: []\n", "0.yaml")
    for number in range(1, 8):
        includes = f"{{include: '{number - 1}.yaml'}}, " * 20
        write(tmp_path, f"title: x\nsteps: [{{repeat: {times}, steps: [{includes}]}}]\n", f"{number}.yaml")
    with pytest.raises(ScenarioError, match=f"expected at most {INCLUDES_LIMIT} includes, got more"):
        read_scenario(tmp_path / "7.yaml")


def test_files_that_are_the_same_as_another_are_not_followed_for_ever(tmp_path: Path) -> None:
    for number in range(2000):
        write(tmp_path, f"title: x\nsame_as: {number + 1}.yaml\n", f"{number}.yaml")
    with pytest.raises(ScenarioError, match="expected at most 8 files that are the same, got more"):
        read_scenario(tmp_path / "0.yaml")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("world: {peers: [%s]}", "peers: expected at most 256 of them, got 8000"),
        ("world: {access_points: [%s]}", "access_point: expected at most 256 of them, got 8000"),
        ("world: {services: {sntp: 'Mon Oct 18 20:12:27 2021', sntp_servers: [%s]}}", "a list of at most 50 names"),
    ],
)
def test_a_scenario_with_a_world_that_is_too_much_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = write(tmp_path, "title: x\nsteps: []\n" + text.replace("%s", "{id: x}, " * MANY) + "\n")
    with pytest.raises(ScenarioError, match=problem):
        prepare_file(path)


ENDLESS = "re:(A+)+B"


async def test_a_pattern_that_tries_too_many_ways_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "LIMIT", 0.1)
    text = HEAD + steps("{send: '" + "A" * 60 + "'}", f"{{expect: ['{ENDLESS}']}}")
    with pytest.raises(ScenarioError, match=r":12: step 2: expect: re:\(A\+\)\+B takes too long: it tries too many"):
        await play_text(tmp_path, text)
    with pytest.raises(patterns.EndlessPatternError):
        Variables({}).match(ENDLESS, "A" * 60, {})
    assert Variables({}).match(ENDLESS, "A" * 60 + "B", {}) == {}
