"""What every project has says the same as pyproject.toml, where it says the same thing."""

import re
import tomllib
from pathlib import Path

import yaml

from espat import __version__

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHON = "Programming Language :: Python :: "


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_ci_runs_every_python_that_the_package_names_and_more() -> None:
    (job,) = yaml.safe_load(text(".github/workflows/ci.yml"))["jobs"].values()
    versions = job["strategy"]["matrix"]["python"]
    assert job["steps"][-1] == {"run": "bash .ci/run"}
    named = [line.removeprefix(PYTHON) for line in PROJECT["classifiers"] if re.fullmatch(rf"{PYTHON}3\.\d+", line)]
    assert set(named) <= set(versions)
    assert PROJECT["requires-python"] == f">={versions[0]}" == f">={named[0]}"


def test_the_changes_begin_with_this_version() -> None:
    newest = re.search(r"^## (\S+?)(?:,|$)", text("CHANGELOG.md"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == __version__


def test_what_pre_commit_runs_is_of_the_environment_that_setup_makes() -> None:
    (local,) = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert local["repo"] == "local"
    for hook in local["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].startswith(".venv/bin/")


def prose(page: Path) -> str:
    """A page without its code."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_links_of_pages_lead_to_files_that_are_there() -> None:
    pages = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("benchmarks/*.md"))]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose(page))
        if not (page.parent / target).exists()
    ]
    assert len(pages) > 10
    assert not broken
