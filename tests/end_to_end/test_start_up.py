"""What `espat run` loads until the module is ready: nothing that only some commands need."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import LIMIT, Client

LATER: Final = {
    "_hashlib",
    "_ssl",
    "cryptography",
    "encodings.idna",
    "http",
    "ptyprocess",
    "espat.persist.pki",
    "espat.scenario.play",
    "espat.scenario.reading",
    "espat.scenario.services.ntp",
    "espat.scenario.services.tls",
    "espat.scenario.verbs",
    "ssl",
    "urllib.request",
    "yaml",
}
"""TLS, certificates, names, and what is read from files or runs programs: loaded with the first use. What trio itself
loads of it cannot be helped."""


def imported(lines: Iterable[str]) -> set[str]:
    """Modules, from the lines of Python's own report about its imports."""
    names = (line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:"))
    return {name for name in names if name in LATER or name.partition(".")[0] in LATER}


@pytest.mark.parametrize("options", [(), ("--flash", "flash.bin")])
def test_nothing_is_loaded_before_it_is_needed(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    command = [sys.executable, "-c", "import trio"]
    bare = imported(subprocess.run(command, capture_output=True, text=True, timeout=LIMIT).stderr.splitlines())
    simulator = start(*options)
    with Client(simulator.port()) as client:
        client.started()
        assert client.command(b"AT") == b"\r\nOK\r\n"
    assert simulator.stop() == 0
    assert any("espat.module" in line for line in simulator.stderr)
    assert imported(simulator.stderr) - bare == set()
