"""Whatever stands where a file should be: one line, exit code 2, and nothing is destroyed. Whoever reads what the
simulator writes cannot stop it."""

import fcntl
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from espat.persist.storage import open_storage
from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import LIMIT, Client, environment, run_espat
from tests.texts import OK

SCENARIO = "title: 'short'\nsteps:\n  - {send: 'AT'}\n  - {expect: ['', 'OK']}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Odd things, and some that are not."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "itself").symlink_to("itself")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(20 * 2**30)
    open_storage(tmp_path / "flash.bin").close()
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    (tmp_path / "scenario.jsonl").write_text(SCENARIO)
    (tmp_path / "world.toml").write_text("")
    return tmp_path


@pytest.mark.parametrize("odd", ["fifo", "itself", "sparse", "/dev/zero", "."])
@pytest.mark.parametrize(
    "words",
    [
        "run --flash ODD",
        "flash show ODD",
        "flash export ODD mfg_nvs out",
        "flash import flash.bin mfg_nvs ODD",
        "flash set flash.bin NVM_008 dns1 @ODD",
    ],
)
def test_what_is_no_file_is_refused_at_once(folder: Path, words: str, odd: str) -> None:
    done = run_espat(*words.replace("ODD", odd).split(), directory=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("espat: ")


@pytest.mark.parametrize(
    "words",
    [
        "run --world world.toml --trace world.toml",
        "run --flash flash.bin --trace flash.bin",
        "run --flash flash.bin --trace ./linked",
        "flash export flash.bin mfg_nvs flash.bin",
        "flash export flash.bin mfg_nvs planted/link",
        "run --trace planted/link",
    ],
)
def test_an_output_overwrites_no_input_and_follows_no_planted_link(folder: Path, words: str) -> None:
    (folder / "linked").symlink_to("flash.bin")
    (folder / "planted").mkdir()
    (folder / "planted").chmod(0o777)
    (folder / "precious").write_text("precious")
    (folder / "planted" / "link").symlink_to("../precious")
    before = {name: (folder / name).read_bytes() for name in ("world.toml", "flash.bin", "precious")}
    done = run_espat(*words.split(), directory=folder)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert before == {name: (folder / name).read_bytes() for name in before}


def test_a_trace_is_no_scenario_that_is_played(folder: Path) -> None:
    done = run_espat("play", "scenario.jsonl", "--trace", ".", directory=folder)
    assert done.returncode == 1
    assert (folder / "scenario.jsonl").read_text() == SCENARIO


def test_devices_keep_their_mode(folder: Path) -> None:
    mode = Path("/dev/null").stat().st_mode
    assert run_espat("flash", "export", "flash.bin", "mfg_nvs", "/dev/null", directory=folder).returncode == 0
    assert Path("/dev/null").stat().st_mode == mode


def test_a_file_that_others_could_read_is_replaced_and_stays_as_it_was(folder: Path) -> None:
    (folder / "out").write_text("old")
    (folder / "out").chmod(0o644)
    os.link(folder / "out", folder / "other name")
    assert run_espat("flash", "export", "flash.bin", "mfg_nvs", "out", directory=folder).returncode == 0
    assert stat.S_IMODE((folder / "out").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "other name").stat().st_mode) == 0o644
    assert (folder / "other name").read_text() == "old"


def test_a_trace_whose_reader_sleeps(start: Start, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    simulator = start("--trace", "fifo", "-q")
    with Client(simulator.port()) as client:
        client.started()
        for _ in range(2000):  # more than a pipe holds
            assert client.command(b"AT") == OK
    assert simulator.stop() == 0
    assert [line for line in simulator.stderr if line.endswith("messages dropped")]
    os.close(reader)


def test_a_trace_that_nobody_reads(start: Start, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    simulator = start("--trace", "fifo")
    with Client(simulator.port()) as client:
        assert client.started().command(b"AT") == OK
    assert simulator.stop() == 0


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-", ">/dev/full", ">/dev/full 2>/dev/full"])
def test_modules_whose_messages_nobody_takes(tmp_path: Path, closed: str) -> None:
    line = f'exec "{sys.executable}" -m espat run --port exec:"head -c 5" {closed}'
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environment(), capture_output=True, timeout=LIMIT)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("words", ["commands", "flash show flash.bin", "check world.toml", "play scenario.yaml"])
def test_a_full_disk_behind_standard_output(folder: Path, words: str) -> None:
    line = f'exec "{sys.executable}" -m espat {words} >/dev/full'
    done = subprocess.run(["sh", "-c", line], cwd=folder, env=environment(), capture_output=True, timeout=LIMIT)
    assert (done.returncode, done.stderr) == (1, b"espat: standard output: No space left on device\n")


@pytest.mark.parametrize("files", [8, 10, 12])
def test_a_machine_with_hardly_any_files_to_open(tmp_path: Path, files: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "espat", "run"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)),
    )
    assert done.returncode == 2
    assert "Too many open files" in done.stderr
    assert len(done.stderr.splitlines()) == 1


TIOCVHANGUP = 0x5437


def test_a_terminal_that_root_has_hung_up(start: Start) -> None:
    simulator = start()
    simulator.booted()
    client = os.open(simulator.port(), os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.ioctl(client, TIOCVHANGUP)
    except PermissionError:
        pytest.skip("only root hangs terminals up")
    finally:
        os.close(client)
    with Client(simulator.port()) as second:
        second.serial.write(b"\r\n")  # an ERROR, or the end of what has come before
        second.read_until(b"ERROR\r\n")
        assert second.command(b"AT") == OK
    assert simulator.stop() == 0
