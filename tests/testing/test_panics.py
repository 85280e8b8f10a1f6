"""The simulator itself fails under a program or a test: neither gets away with it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from espat import PanicError, Simulation, simulation
from espat.radio.scan import Scanner
from tests.broken import MISTAKE, fail

ROOT = Path(__file__).parents[2]


@pytest.fixture
def no_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """AT+CWLAP fails."""
    monkeypatch.setattr(Scanner, "scan", fail)


async def test_leaving_the_with_of_a_program_on_trio(no_scan: None, panics: list[str]) -> None:
    async def program() -> None:
        async with Simulation() as running:
            module = running.modules[0]
            await module.send("AT+CWMODE=1")
            await module.expect("AT+CWMODE=1", "", "OK")
            await module.send("AT+CWLAP")
            await module.expect("AT+CWLAP", "", "ERROR")
            assert [panic.where for panic in running.panics] == ["AT+CWLAP"]

    with pytest.raises(PanicError, match=f"the simulator itself failed\n  module 0: AT.CWLAP: {MISTAKE}"):
        await program()
    assert len(panics) == 1
    panics.clear()


@pytest.mark.parametrize("answer", ["ERROR", "OK"])
def test_leaving_the_with_of_a_program_without_trio(no_scan: None, panics: list[str], answer: str) -> None:
    def program() -> None:
        with simulation(serial=False, speed=None) as running:
            module = running.modules[0]
            module.send("AT+CWMODE=1")
            module.expect("AT+CWMODE=1", "", "OK")
            module.send("AT+CWLAP")
            module.expect("AT+CWLAP", "", answer)

    with pytest.raises(PanicError):
        program()
    panics.clear()


TESTS = """\
import pytest
import serial


def scan(espat):
    with serial.Serial(str(espat.modules[0].path), 115200, timeout=10) as port:
        for line, end in ((b"AT+CWMODE=1", b"OK"), (b"AT+CWLAP", b"ERROR")):
            port.write(line + b"\\r\\n")
            assert port.read_until(end).endswith(end)


def test_passes(espat):
    scan(espat)


@pytest.mark.xfail
def test_expects_to_fail(espat):
    scan(espat)


@pytest.fixture
def scanned(espat):
    yield
    scan(espat)


def test_is_over_before(scanned):
    pass


def test_has_none(espat):
    pass
"""


def test_a_test_with_the_fixture_fails(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.broken", "test_it.py"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 1, done.stdout
    told = done.stdout.partition("short test summary info")[2]
    assert "FAILED test_it.py::test_passes - the simulator itself failed" in told
    assert "FAILED test_it.py::test_expects_to_fail - the simulator itself failed" in told
    assert "ERROR test_it.py::test_is_over_before - espat.core.panics.PanicError" in told
    assert "2 failed, 2 passed, 1 error" in done.stdout
    assert "0 ** panic   AT+CWLAP: ZeroDivisionError" in done.stdout
