"""`espat play` of a scenario that leaves the serial port to firmware."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import serial

from tests.end_to_end.simulator_process import LIMIT

SCENARIO = """\
title: 'The router goes away whenever the firmware has joined'
attach: true
world: {access_points: [{ssid: espressif, password: '1234567890'}]}
reactions:
  - when: {module_prints: 'WIFI GOT IP'}
    do: [{do: access_point.throw_out, ssid: espressif}]
"""


def start(tmp_path: Path, text: str, *options: str) -> "subprocess.Popen[str]":
    (tmp_path / "s.yaml").write_text(text)
    command = [sys.executable, "-m", "simulator.cli", "play", *options, "--link", "tty{n}", "s.yaml"]
    return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def join(tmp_path: Path) -> bytes:
    """What the module prints from a join to what happens then."""
    with serial.Serial(str(tmp_path / "tty0"), 115200, timeout=LIMIT) as port:
        port.read_until(b"ready\r\n")
        port.write(b"ATE0\r\n")
        port.read_until(b"OK\r\n")
        port.write(b"AT+CWRECONNCFG=0,0\r\n")
        port.read_until(b"OK\r\n")
        port.write(b"AT+CWMODE=1\r\n")
        port.read_until(b"OK\r\n")
        port.write(b'AT+CWJAP="espressif","1234567890"\r\n')
        return bytes(port.read_until(b"WIFI DISCONNECT\r\n"))


def test_it_watches_and_moves_the_world(tmp_path: Path) -> None:
    process = start(tmp_path, SCENARIO, "--trace", "traces")
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == f"module 0 ready to open at {tmp_path / 'tty0'}\n"
        assert join(tmp_path).endswith(b"WIFI DISCONNECT\r\n")
        process.terminate()
        _, err = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, "")
    assert "access_point.throw_out" in (tmp_path / "traces" / "s.jsonl").read_text()


@pytest.mark.parametrize(("within", "code"), [("60s", 0), ("100ms", 1)])
def test_its_steps_end_it(tmp_path: Path, within: str, code: int) -> None:
    steps = f"steps:\n  - {{do: wait_for, event: station.got_ip, within: {within}}}\n"
    process = start(tmp_path, SCENARIO + steps)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        if not code:
            with suppress(serial.SerialException):  # it ends while the client still listens
                join(tmp_path)
        _, err = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
    assert process.returncode == code
    assert err == "" if not code else "expected event 'station.got_ip', which does not come" in err


def test_firmware_does_not_live_in_stepped_time(tmp_path: Path) -> None:
    process = start(tmp_path, SCENARIO, "--speed", "max")
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 2
    assert "firmware lives in real time" in err
