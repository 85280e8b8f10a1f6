"""docs/testing.md: what it shows is run as it is written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TEXT = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
CODE = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
WITH_PYTEST = [code for code in CODE if "def test_" in code]
PROGRAMS = [code for code in CODE if "def test_" not in code]


def run(tmp_path: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_test(tmp_path: Path) -> None:
    (code,) = WITH_PYTEST
    (tmp_path / "test_firmware.py").write_text(code, encoding="utf-8")
    done = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--espat-trace", "traces")
    assert done.returncode == 0, done.stdout
    (trace,) = (tmp_path / "traces").iterdir()
    assert "station.got_ip" in trace.read_text(encoding="ascii")
    assert trace.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("code", PROGRAMS, ids=["without pytest", "on trio", "from a flash file"])
def test_the_programs(tmp_path: Path, code: str) -> None:
    (tmp_path / "program.py").write_text(code, encoding="utf-8")
    done = run(tmp_path, "program.py")
    assert done.returncode == 0, done.stderr


def test_the_report_of_a_test_that_fails_shows_what_happened(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.espat(speed=50, world={'access_points': [{'ssid': 'lab'}]})\n"
        "def test_it(espat):\n"
        "    espat.access_point.off('lab')\n"
        "    espat.modules[0].wait_for(module_prints='HELLO', within='1s')\n"
    )
    done = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers")
    assert done.returncode == 1
    assert "SimulationError: wait_for: expected module_prints 'HELLO', which does not come" in done.stdout
    assert "espat: what happened (module seconds)" in done.stdout
    assert "0 -> report  \\r\\nready\\r\\n" in done.stdout
    assert "0 ** event   access_point.off ssid=lab" in done.stdout
    assert "synchronous.py" not in done.stdout, "the way through the simulator is nobody's business"
    assert "trio" not in done.stdout


WRONG_MARKS = {
    "wrld={}": "unknown argument 'wrld' (did you mean 'world'?)",
    "bogus=1": "unknown argument 'bogus' (known: world, modules, speed, ",
    "dialect='esp8266-v1.8'": "unknown dialect 'esp8266-v1.8' (did you mean 'esp8266-v1.7'?)",
    "timing='slow'": "unknown timing 'slow' (known: fast, real)",
    "speed='fast'": "speed: expected a number more than 0, or None, got 'fast'",
    "variant='MINI'": "unknown variant 'MINI' (did you mean 'MINI-1'?)",
    "dialect='esp8266-v1.7', variant='MINI-1'": "variant: expected ESP8266, for esp8266-v1.7, got MINI-1",
    "modules=2, flash='esp.bin'": "flash: needs {n} where the module's number goes, with more than one module",
    "flash='short.bin'": "short.bin: expected a flash image of 4194304 or 2097152 bytes, got 82",
    "modules=0": "modules: expected at least one, got 0",
    "world={'access_pont': []}": "world: unknown key 'access_pont' (did you mean 'access_point'?)",
    "world='none.toml'": "none.toml: cannot be read (No such file or directory)",
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What pytest says of tests with wrong marks, by mark: of all of them in one go."""
    folder = tmp_path_factory.mktemp("marks")
    (folder / "short.bin").write_bytes(bytes(82))
    tests = (
        f"@pytest.mark.espat({mark})\ndef test_{number}(espat):\n    pass\n" for number, mark in enumerate(WRONG_MARKS)
    )
    (folder / "test_it.py").write_text("import pytest\n" + "".join(tests))
    done = run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers")
    assert done.returncode == 1
    _, *sections = re.split(r"^_+ ERROR at setup of test_\d+ _+$", done.stdout, flags=re.MULTILINE)
    return dict(zip(WRONG_MARKS, sections, strict=True))


@pytest.mark.parametrize("mark", WRONG_MARKS)
def test_a_mark_that_is_wrong_is_told_without_a_traceback(reports: dict[str, str], mark: str) -> None:
    report = reports[mark]
    (line,) = [line for line in report.splitlines() if line.startswith("@pytest.mark.espat: ")]
    assert WRONG_MARKS[mark] in line
    assert "simulation(" not in report
    assert "During handling" not in report
