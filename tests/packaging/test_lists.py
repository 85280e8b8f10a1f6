"""What pyproject.toml lists by hand is complete, and `espat` is the one name of the package."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]
FOLDERS = {"espat": ROOT / "simulator", "espat.gallery": ROOT / "scenarios" / "gallery"}
"""Where packages come from that do not lie in another's folder."""

PYTHON = [path for folder in ("simulator", "tests", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "benchmarks").rglob("*.md")),
]
OTHER_NAME = re.compile(r"simulator(\.\w+)*")


def test_folders_are_those_of_the_packages() -> None:
    assert {name: ROOT / folder for name, folder in SETUPTOOLS["package-dir"].items()} == FOLDERS


def test_every_folder_with_python_in_it_is_a_listed_package() -> None:
    folders = {path.parent.relative_to(FOLDERS["espat"]) for path in FOLDERS["espat"].rglob("*.py")}
    expected = {".".join(("espat", *folder.parts)) for folder in folders} | set(FOLDERS)
    assert SETUPTOOLS["packages"] == sorted(expected)


@pytest.mark.parametrize("name", FOLDERS)
def test_every_other_file_is_listed_as_data(name: str) -> None:
    found = {path for path in FOLDERS[name].rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    listed = {path for pattern in SETUPTOOLS["package-data"][name] for path in FOLDERS[name].glob(pattern)}
    assert found
    assert found == listed


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules that a file imports, and what it names in text as one name of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
            yield node.value


def test_nothing_imports_by_the_name_of_the_folder() -> None:
    """That would work in the tree, where it makes a second copy of every class, and nowhere else."""
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in PYTHON
        for name in imported(ast.parse(path.read_text(encoding="utf-8")))
        if OTHER_NAME.fullmatch(name)
    ]
    assert PYTHON
    assert not found


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_tells_to_import_by_the_name_of_the_folder(page: Path) -> None:
    assert not re.findall(r"^ *(?:import|from) simulator\b.*|-m simulator\b.*", page.read_text(encoding="utf-8"), re.M)
