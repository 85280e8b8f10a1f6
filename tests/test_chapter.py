"""docs/adding-a-chapter.md: a copy of the tree in which somebody has done what the page says."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = (ROOT / "docs" / "adding-a-chapter.md").read_text(encoding="utf-8")
BLOCK: Final = r"```\w+\n(.*?)^```$"
NEW_FILES: Final = dict(re.findall(rf"`([\w./]+)`:\n\n{BLOCK}", PAGE, re.MULTILINE | re.DOTALL))
"""What stands in the files that the page makes, by their paths."""
LINES: Final = re.findall(rf"[Ii]n `([\w./-]+)`,\s+below `([^`]+)`:\n\n{BLOCK}", PAGE, re.MULTILINE | re.DOTALL)
"""File, line that is there, and line that goes below it."""
IN_PACKAGE: Final = "simulator/"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree with the chapter in it."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copytree(ROOT / "simulator", tree / "simulator", ignore=shutil.ignore_patterns("__pycache__"))
    (tree / "espat").symlink_to("simulator")
    for path, text in NEW_FILES.items():
        assert not (tree / path).exists()
        (tree / path).write_text(text, encoding="utf-8")
    for path, before, line in LINES:
        lines = (tree / path).read_text(encoding="utf-8").splitlines(keepends=True)
        (at,) = (number for number, each in enumerate(lines, 1) if each.partition("#")[0].rstrip() == before)
        lines.insert(at, line)
        (tree / path).write_text("".join(lines), encoding="utf-8")
    return tree


def espat(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program of the tree."""
    command = [sys.executable, "-m", "espat", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_it_has_a_room_a_figure_commands_a_table_and_a_verb_in_new_files() -> None:
    rooms = {str(Path(path).parent) for path in NEW_FILES if path.startswith(IN_PACKAGE)}
    assert rooms == {f"simulator/{room}" for room in ("system", "commands", "scenario/tables", "scenario/verbs")}
    assert {path for path in NEW_FILES if path.endswith(".toml")}


def test_it_needs_at_most_three_lines_in_files_that_exist() -> None:
    assert 0 < sum(line.count("\n") for _, _, line in LINES) <= 3


def test_its_scenario_plays(tree: Path) -> None:
    done = espat(tree, "play", "bell.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_its_command_is_listed(tree: Path) -> None:
    done = espat(tree, "commands", "--format", "json")
    assert {(row["form"], row["works"]) for row in json.loads(done.stdout) if row["command"] == "AT+BELL"} == {
        ("query", True),
        ("set", True),
    }


def test_a_mistake_in_its_table_is_told(tree: Path) -> None:
    (tree / "world.toml").write_text('[bell]\nlable = "front"\n', encoding="utf-8")
    done = espat(tree, "run", "--world", "world.toml")
    assert done.returncode == 2
    assert "world.toml:2" in done.stderr
    assert "label" in done.stderr


def test_editors_know_its_table_its_verb_and_its_figure(tree: Path) -> None:
    world, scenario = espat(tree, "schema", "world").stdout, espat(tree, "schema", "scenario").stdout
    assert "what stands on it" in world
    assert "bell_bounces" in world
    assert "bell.ring" in scenario
    assert "bell.rung" in scenario
