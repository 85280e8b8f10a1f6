"""The simulator itself fails: what goes on, what is told, and that nothing is a success any more."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.broken import MISTAKE
from tests.end_to_end.simulator_process import LIMIT, Client, environment

WORLD = """\
[[access_point]]
ssid = "espressif"
password = "1234567890"

[[host]]
address = "192.168.3.50"
serves = ["tcp-echo 7", "udp-echo 7"]
"""
JOIN = """\
  - {send: 'ATE0'}
  - {expect: ['ATE0', '', 'OK']}
  - {send: 'AT+CWMODE=1'}
  - {expect: ['', 'OK']}
  - {send: 'AT+CWJAP="espressif","1234567890"'}
  - {expect: ['WIFI CONNECTED', 'WIFI GOT IP', '', 'OK']}
"""


def broken(*parts: str) -> list[str]:
    return [sys.executable, "-m", "tests.broken", *parts, "--"]


def play(directory: Path, part: str, steps: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Play a scenario with a part that fails."""
    (directory / "world.toml").write_text(WORLD)
    (directory / "s.yaml").write_text(f"title: 'it goes on'\nworld: world.toml\nsteps:\n{steps}")
    command = [*broken(part), "play", "--trace", "traces", *options, "s.yaml"]
    return subprocess.run(
        command, cwd=directory, env=environment(), capture_output=True, text=True, timeout=LIMIT, check=False
    )


def panics(trace: Path) -> list[tuple[int, str]]:
    """Module and text of each in a trace."""
    records = [json.loads(line) for line in trace.read_text(encoding="ascii").splitlines()]
    return [(record["module"], record["text"]) for record in records if record["kind"] == "panic"]


@contextmanager
def served(directory: Path, *parts: str) -> "Iterator[subprocess.Popen[str]]":
    """`espat run` with parts that fail, its port open to be opened."""
    (directory / "world.toml").write_text(WORLD)
    command = [*broken(*parts), "run", "--world", "world.toml", "--trace", "trace.jsonl"]
    process = subprocess.Popen(
        command, cwd=directory, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == f"module 0 ready to open at {directory}/ttyESP0\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_run_goes_on_and_ends_with_1(tmp_path: Path) -> None:
    with served(tmp_path, "AT+CWLAP") as process, Client(tmp_path / "ttyESP0") as client:
        client.started().join()
        for _ in range(2):
            assert client.command(b"AT+CWLAP", b"ERROR\r\n") == b"\r\nERROR\r\n"
        assert client.command(b'AT+PING="192.168.3.1"').endswith(b"\r\nOK\r\n")
        process.terminate()
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert err.count("Traceback (most recent call last)") == 1, err
    assert err.count(MISTAKE) == 3, err  # twice as a sentence, once in the traceback
    assert [(number, text.startswith(f"AT+CWLAP: {MISTAKE}")) for number, text in panics(tmp_path / "trace.jsonl")] == [
        (0, True)
    ] * 2


def test_a_task_of_a_module_takes_its_boot_with_it(tmp_path: Path) -> None:
    with served(tmp_path, "SNTP") as process, Client(tmp_path / "ttyESP0") as client:
        client.started().command(b"AT+CIPSNTPCFG=1,0", b"\r\nready\r\n")
        assert client.command(b"AT") == b"\r\nOK\r\n"
        process.terminate()
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert "Traceback" in err
    assert MISTAKE in err
    text = (tmp_path / "trace.jsonl").read_text()
    assert text.index('"panic"') < text.index("module.boot panic")


def test_a_boot_that_fails_is_tried_again_and_the_program_can_be_ended(tmp_path: Path) -> None:
    with served(tmp_path, "boot") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "failed again" in line:
                break
        process.terminate()
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert "Traceback" not in err, "the same one again"


@pytest.mark.parametrize(
    ("part", "steps", "where"),
    [
        ("AT+CWLAP", f"{JOIN}  - {{send: AT+CWLAP}}\n  - {{expect: ['', 'ERROR']}}\n", "AT+CWLAP"),
        (
            "SNTP",
            "  - {send: 'ATE0'}\n  - {expect: ['ATE0', '', 'OK']}\n"
            "  - {send: 'AT+CIPSNTPCFG=1,0'}\n  - {do: clock.advance, time: 10s}\n  - {do: discard}\n",
            "fail",
        ),
        (
            "tcp-echo",
            JOIN + '  - {send: \'AT+CIPSTART="TCP","192.168.3.50",7\'}\n  - {do: clock.advance, time: 1s}\n'
            "  - {do: discard}\n",
            "WorldHost._talk",
        ),
        (
            "udp-echo",
            JOIN + "  - {send: 'AT+CIPSTART=\"UDP\",\"192.168.3.50\",7'}\n  - {expect: [CONNECT, '', OK]}\n"
            "  - {send: AT+CIPSEND=1}\n  - {expect: ['', OK, '', '>']}\n  - {send_raw: 'x'}\n"
            "  - {expect: ['', 'Recv 1 bytes', '', SEND OK]}\n",
            "_fail",
        ),
        ("access_point.off", "  - {do: access_point.off, ssid: espressif}\n", "the verb access_point.off"),
    ],
    ids=["command", "task", "service", "datagram service", "verb"],
)
def test_a_scenario_fails_whatever_it_expects(tmp_path: Path, part: str, steps: str, where: str) -> None:
    done = play(tmp_path, part, steps)
    assert done.returncode == 1, done.stdout
    head, first, panic, *_ = done.stdout.splitlines()
    assert head.startswith("1/1 FAILED")
    assert first == "    s.yaml: the simulator itself failed"
    assert panic.startswith(f"      module 0: {where}: {MISTAKE}")
    assert "Traceback" in done.stderr
    ((_, text),) = panics(tmp_path / "traces" / "s.jsonl")
    assert text == panic.strip().removeprefix("module 0: ")


def test_a_failure_beside_it_is_told_too(tmp_path: Path) -> None:
    done = play(tmp_path, "AT+CWLAP", f"{JOIN}  - {{send: AT+CWLAP}}\n  - {{expect: ['', 'OK']}}\n")
    assert done.returncode == 1
    assert "    s.yaml: the simulator itself failed\n" in done.stdout
    assert "    s.yaml:11: step 8: expect\n      expected 'OK'\n" in done.stdout


def test_a_play_that_leaves_the_port_to_firmware_fails(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        "title: 'x'\nattach: true\nworld: {access_points: [{ssid: espressif, password: '1234567890'}]}\n"
    )
    firmware = tmp_path / "firmware.py"
    firmware.write_text(
        "import sys\n"
        "def command(line, end):\n"
        "    sys.stdout.write(line + '\\r\\n'); sys.stdout.flush()\n"
        "    while end not in sys.stdin.readline(): pass\n"
        "while 'ready' not in sys.stdin.readline(): pass\n"
        "command('AT+CWMODE=1', 'OK')\n"
        "command('AT+CWLAP', 'ERROR')\n"
    )
    command = [*broken("AT+CWLAP"), "play", "--port", f"exec:{sys.executable} {firmware}", "s.yaml"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "AT+CWLAP: " + MISTAKE in done.stderr
