"""`espat ... | head`: a reader that has seen enough is no failure of what only shows, and never a traceback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from espat.persist.storage import open_storage
from espat.persist.variants import VARIANTS
from tests.end_to_end.simulator_process import LIMIT, environment

pytestmark = pytest.mark.slow

SCENARIO = "title: 'short'\nsteps:\n  - {send: 'AT'}\n  - {expect: ['', 'OK']}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Something to show."""
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    (tmp_path / "world.toml").write_text("")
    record = {"t": 0.0, "module": 0, "dir": "out", "kind": "report", "text": "\r\nready\r\n"}
    (tmp_path / "trace.jsonl").write_text(json.dumps(record) + "\n")
    open_storage(tmp_path / "flash.bin", VARIANTS["MINI-1"]).close()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("commands", 0),
        ("trace trace.jsonl", 0),
        ("flash show flash.bin", 0),
        ("check world.toml", 1),
        ("play scenario.yaml", 1),
        ("play --format json scenario.yaml", 1),
        ("play --format junit scenario.yaml", 1),
    ],
)
@pytest.mark.parametrize("buffered", [True, False])
def test_a_reader_that_has_seen_enough(
    folder: Path, words: str, code: int, buffered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", "" if buffered else "1")
    espat = subprocess.Popen(
        [sys.executable, "-m", "espat", *words.split()],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert espat.stdout is not None
    espat.stdout.close()
    assert espat.stderr is not None
    with espat.stderr as stderr:
        assert stderr.read() == b""
    assert espat.wait(LIMIT) == code


@pytest.mark.parametrize("words", ["commands", "check world.toml", "play scenario.yaml"])
def test_nobody_to_read_from_the_start(folder: Path, words: str) -> None:
    line = f'"{sys.executable}" -m espat {words} >&-'
    done = subprocess.run(["sh", "-c", line], cwd=folder, env=environment(), capture_output=True, timeout=LIMIT)
    assert (done.returncode, done.stderr) == (0, b"")
