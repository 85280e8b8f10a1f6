"""What users get: a source distribution, a wheel, an editable installation, each in an environment of its own and run
from a folder in which `simulator` is a package of the user's."""

import shutil
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from espat import __version__
from espat.persist.manufacturing import SHIPPED
from tests.packaging.building import ROOT, Environment, build, run, unpacked_zip

pytestmark = pytest.mark.slow

NEEDED = {
    ".dockerignore",
    ".editorconfig",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    "LICENSE",
    "MANIFEST.in",
    "README.md",
    "SECURITY.md",
    "pyproject.toml",
    "setup.sh",
}
"""What lies at the top, but for the link."""
OWN_PACKAGE = 'NAME = "my own"\n'
OWN_PROGRAM = """
import espat
import simulator

with espat.simulation(serial=False, speed=None) as simulation:
    simulation.modules[0].send("AT+CWMODE=1")
    simulation.modules[0].expect("AT+CWMODE=1", "", "OK")
print(simulator.NAME)
print(espat.__file__)
"""
OWN_TEST = """
import os
import simulator


def test_firmware(espat):
    assert simulator.NAME == "my own"
    device = os.open(espat.modules[0].path, os.O_RDWR | os.O_NOCTTY)
    os.write(device, b"AT+CWMODE=1\\r\\n")
    espat.modules[0].wait_for(command="AT+CWMODE=1")
    os.close(device)
"""


class User:
    """Somebody who has installed it, and the folder that they work in."""

    def __init__(self, environment: Environment, folder: Path, home: Path) -> None:
        """`home`: where the package is expected."""
        self.environment = environment
        self.folder = folder
        self.home = home
        (folder / "simulator").mkdir(parents=True)
        for name, text in (
            ("simulator/__init__.py", OWN_PACKAGE),
            ("program.py", OWN_PROGRAM),
            ("test_own.py", OWN_TEST),
        ):
            (folder / name).write_text(text, encoding="utf-8")

    def python(self, *arguments: str) -> str:
        """What Python prints."""
        return self.environment.run(*arguments, folder=self.folder)

    def espat(self, *arguments: str) -> str:
        """What `espat` prints."""
        return run(self.environment.program("espat"), *arguments, folder=self.folder)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked_zip(tmp_path_factory.mktemp("zip") / "tree")


@pytest.fixture(scope="module")
def sdist(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", tree, tmp_path_factory.mktemp("sdist") / "dist")


@pytest.fixture(scope="module")
def unpacked_sdist(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = folder.iterdir()
    return unpacked


@pytest.fixture(scope="module")
def wheel(unpacked_sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(unpacked_sdist, folder / "tree")  # for building leaves things there
    return build("wheel", folder / "tree", folder / "dist")


@pytest.fixture(scope="module", params=["wheel", "editable"])
def user(request: pytest.FixtureRequest, tree: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> User:
    folder = tmp_path_factory.mktemp(request.param)
    environment = Environment(folder / "environment")
    if request.param == "wheel":
        environment.install(wheel)
        return User(environment, folder / "project", folder / "environment")
    environment.install("--editable", tree)
    return User(environment, folder / "project", tree / "simulator")


def test_a_wheel_holds_the_package_the_gallery_and_the_license_and_nothing_else(wheel: Path) -> None:
    source = ROOT / "simulator"
    package = {f"espat/{path.relative_to(source)}" for path in source.rglob("*") if path.suffix != ".pyc"}
    folders = {f"espat/{path.relative_to(source)}" for path in source.rglob("*") if path.is_dir()}
    gallery = {f"espat/gallery/{path.name}" for path in (ROOT / "scenarios" / "gallery").iterdir()}
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(f"esp_at_simulator-{__version__}.dist-info/METADATA").decode()
        license_name = f"esp_at_simulator-{__version__}.dist-info/licenses/LICENSE"
        assert archive.read(license_name) == (ROOT / "LICENSE").read_bytes()
    assert {name for name in names if ".dist-info/" not in name} == package - folders | gallery
    assert "License-Expression: MIT\n" in metadata


def test_a_source_distribution_holds_all_that_is_in_folders(tree: Path, unpacked_sdist: Path) -> None:
    def in_folders(top: Path) -> set[str]:
        paths = {path.relative_to(top) for path in top.rglob("*") if path.is_file()}
        return {str(path) for path in paths if len(path.parts) > 1 and not path.parts[0].endswith(".egg-info")}

    assert in_folders(unpacked_sdist) == in_folders(tree)


def test_a_source_distribution_holds_every_file_that_a_tree_has_to_have(unpacked_sdist: Path) -> None:
    names = {path.name for path in unpacked_sdist.iterdir() if path.is_file()}
    assert names == NEEDED | {"PKG-INFO", "setup.cfg"}


def test_the_command(user: User) -> None:
    assert user.espat("--version") == f"espat {__version__}\n"
    assert user.python("-m", "espat", "--version") == f"espat {__version__}\n"
    assert "AT+CWJAP" in user.espat("commands")


def test_the_gallery_plays(user: User) -> None:
    played = user.espat("play", "gallery")
    count = len([path for path in (ROOT / "scenarios" / "gallery").glob("*.yaml") if path.name[0] != "_"])
    assert played.endswith(f"\n{count} passed\n")
    assert user.espat("play", "gallery/busy.yaml").endswith("\n1 passed\n")


def test_the_certificates_of_modules_can_be_had(user: User) -> None:
    written = user.espat("pki", "--shipped", "certificates").splitlines()
    assert {Path(path).name: (user.folder / path).read_bytes() for path in written} == {
        path.name: path.read_bytes() for path in SHIPPED.iterdir()
    }


def test_a_program_beside_a_package_called_simulator(user: User) -> None:
    name, place = user.python("program.py").splitlines()
    assert name == "my own"
    assert Path(place).is_relative_to(user.home)


def test_the_fixture_beside_a_package_called_simulator(user: User) -> None:
    assert "1 passed" in user.python("-m", "pytest", "-p", "no:cacheprovider", "test_own.py")
