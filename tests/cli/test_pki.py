"""`espat pki`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from espat.cli import main
from espat.persist.manufacturing import SHIPPED

pytestmark = pytest.mark.slow


def test_it_writes_every_set_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "pki"
    assert main(["pki", str(folder)]) == 0
    names = {path.name for path in folder.iterdir()}
    assert names == {path.name for path in SHIPPED.iterdir()} | {"ca_key.0.pem", "ca_key.1.pem"}
    assert capsys.readouterr().out.splitlines() == [str(folder / name) for name in sorted(names)]


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    assert main(["pki", str(tmp_path)]) == 0
    modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir() if "_key" in path.name}
    assert len(modes) == 8
    assert set(modes.values()) == {0}


def test_a_name_and_a_validity_can_be_chosen(tmp_path: Path) -> None:
    options = ["--name", "broker.example.com", "--from", "2001-02-03", "--until", "2002-03-04"]
    assert main(["pki", str(tmp_path), *options]) == 0
    found = x509.load_pem_x509_certificate((tmp_path / "server_cert.pem").read_bytes())
    assert found.subject.rfc4514_string() == "CN=broker.example.com"
    assert f"{found.not_valid_before_utc:%F} {found.not_valid_after_utc:%F}" == "2001-02-03 2002-03-04"


def test_it_replaces_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pki", str(tmp_path)]) == 0
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    capsys.readouterr()
    assert main(["pki", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"espat pki: {tmp_path}/ca_key.0.pem is there already\n"
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_those_that_modules_come_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pki", "--shipped", str(tmp_path)]) == 0
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_bytes() for path in SHIPPED.iterdir()}
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / name) for name in sorted(written)]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*_key*")} == {0o600}


def test_it_writes_all_of_them_when_nobody_reads_which(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "espat", "pki", "--shipped", str(tmp_path)]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in SHIPPED.iterdir()}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--from", "yesterday"], "expected a date such as 2020-01-31, got 'yesterday'"),
        (["--until", "2019-12-31"], "argument --until: expected a day after --from, 2020-01-01, got 2019-12-31"),
        (["--shipped", "--name", "x"], "argument --name: not allowed with argument --shipped"),
        (["--shipped", "--from", "2021-01-01"], "argument --from: not allowed with argument --shipped"),
        (["--shipped", "--until", "2021-01-01"], "argument --until: not allowed with argument --shipped"),
        (["--from", "2020-02-01", "--until", "2020-01-01"], "espat pki: "),
    ],
)
def test_bad_options_are_refused(
    options: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        raise SystemExit(main(["pki", str(tmp_path / "new"), *options]))
    assert raised.value.code == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_folder_that_others_can_write_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert main(["pki", "--shipped", str(tmp_path / "open")]) == 2
    assert "expected a folder of your own, got one that others can write" in capsys.readouterr().err
    assert not list((tmp_path / "open").iterdir())


def test_its_own_folder_is_closed_to_others_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert main(["pki", "--shipped", str(tmp_path / "new")]) == 0
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o022 == 0
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "new").glob("*_key*")} == {0o600}
