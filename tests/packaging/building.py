"""Distributions of this tree, and environments that have nothing but one of them and what it depends on."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
NOT_PART_OF_IT: Final = (
    "*.egg-info",
    ".*_cache",
    ".git",
    ".hypothesis",
    ".venv",
    "__pycache__",
    "build",
    "dist",
    "ttyESP*",
)
LIMIT: Final = 300
"""Seconds a program may take before it counts as stuck."""
BACKEND: Final = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"


def run(*command: str | Path, folder: Path) -> str:
    """What a program prints on standard output, run in a folder; it must end with 0, and sees nothing of the settings
    of the tests around it."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COV_", "ESPAT"))
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def unpacked_zip(target: Path) -> Path:
    """The tree as it comes out of a zip archive, which turns the link into a file of text."""
    shutil.copytree(ROOT, target, symlinks=True, ignore=shutil.ignore_patterns(*NOT_PART_OF_IT))
    link = target / "espat"
    link.unlink(missing_ok=True)
    link.write_text("simulator", encoding="utf-8")
    return target


def build(what: str, tree: Path, target: Path) -> Path:
    """The `sdist` or `wheel` of a tree, built with the setuptools that runs the tests, so without a network."""
    target.mkdir()
    return target / run(sys.executable, "-c", BACKEND, f"build_{what}", target, folder=tree).splitlines()[-1]


class Environment:
    """A virtual environment with what the tests run with, save for the simulator itself."""

    def __init__(self, folder: Path) -> None:
        """`folder`: where it is made."""
        venv.create(folder, symlinks=True)
        self.folder = folder
        packages = Path(self.run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder).strip())
        others = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        # Paths that come from a .pth file: the .pth files there, of this very tree, are not obeyed.
        (packages / "others.pth").write_text("".join(f"{path}\n" for path in sorted(others)), encoding="utf-8")

    def program(self, name: str) -> Path:
        """Where a program of it is."""
        return self.folder / "bin" / name

    def install(self, *what: str | Path) -> None:
        """Install with the pip that the tests run with, and nothing that is not there already."""
        options = "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--no-build-isolation"
        self.run("-m", "pip", "install", *options, *what, folder=self.folder)

    def run(self, *arguments: str | Path, folder: Path) -> str:
        """What its Python prints on standard output, run in a folder."""
        return run(self.program("python"), *arguments, folder=folder)
