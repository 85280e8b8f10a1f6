"""`espat play` of a scenario that leaves the serial port to firmware."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import pytest
import serial

from tests.end_to_end.simulator_process import LIMIT, Client

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
    command = [sys.executable, "-m", "espat", "play", *options, "--link", "tty{n}", "s.yaml"]
    return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def join(tmp_path: Path) -> bytes:
    """What the module prints from a join to what happens then."""
    with serial.Serial(str(tmp_path / "tty0"), 115200, timeout=LIMIT) as port:
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
    process = start(tmp_path, SCENARIO + steps, "--junit", "out.xml")
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
    problem = "expected event 'station.got_ip', which does not come"
    assert err == "" if not code else problem in err
    (case,) = ElementTree.parse(tmp_path / "out.xml").getroot()
    assert case.attrib["name"] == "The router goes away whenever the firmware has joined"
    assert [problem in (failure.text or "") for failure in case] == [True] * code


FIRMWARE = """\
import os
import sys

def until(end):
    seen = b""
    while not seen.endswith(end):
        seen += os.read(0, 1)

until(b"ready\\r\\n")
for command in (b"ATE0", b"AT+CWMODE=1", b'AT+CWJAP="espressif","1234567890"'):
    os.write(1, command + b"\\r\\n")
    until(b"OK\\r\\n")
until(b"WIFI DISCONNECT\\r\\n")
print("firmware: it is gone", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""
IT_COMES = "steps: [{do: wait_for, module_prints: WIFI DISCONNECT, within: 60s}]\n"
IT_DOES_NOT = "steps: [{do: wait_for, command: AT+X, within: 60s}]\n"


def play_firmware(tmp_path: Path, text: str, code: int, *options: str) -> subprocess.CompletedProcess[str]:
    """Firmware behind `exec:`, which ends with that exit code when the router has thrown it out."""
    (tmp_path / "s.yaml").write_text(text)
    (tmp_path / "firmware.py").write_text(FIRMWARE)
    command = [sys.executable, "-m", "espat", "play", "s.yaml", *options]
    program = f"exec:'{sys.executable}' firmware.py {code}"
    return subprocess.run(
        [*command, "--port", program], cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT, check=False
    )


@pytest.mark.parametrize(
    ("steps", "code", "result"),
    [("", 0, 0), ("", 7, 7), (IT_COMES, 0, 0), (IT_DOES_NOT, 7, 7), (IT_DOES_NOT.replace("60s", "1s"), 0, 1)],
)
def test_firmware_behind_exec(tmp_path: Path, steps: str, code: int, result: int) -> None:
    done = play_firmware(tmp_path, SCENARIO + steps, code)
    assert done.stdout == f"module 0 runs '{sys.executable}' firmware.py {code}\n"
    assert done.returncode == result
    assert "firmware: it is gone\n" in done.stderr or steps
    assert ("expected command 'AT+X', which does not come" in done.stderr) is (result == 1)


def test_the_log_of_the_firmware_and_a_module_that_takes_its_time(tmp_path: Path) -> None:
    process = start(tmp_path, SCENARIO + "timing: real\n", "--log-port", "pty:log{n}")
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == f"module 0 ready to open at {tmp_path / 'tty0'}\n"
        assert process.stdout.readline() == f"module 0 log ready to open at {tmp_path / 'log0'}\n"
        with Client(tmp_path / "log0") as log:
            assert b"rst:0x1 (POWERON_RESET)" in log.read_until(b"POWERON_RESET)")
            with Client(tmp_path / "tty0") as port:
                port.started().serial.baudrate = 9600
                port.write(b"AT\r\n")
                assert port.serial.read(1) not in (b"", b"A"), "another rate than the module's: noise, not the echo"
        process.terminate()
        _, err = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, "")


def test_ports_that_cannot_be_had(tmp_path: Path) -> None:
    process = start(tmp_path, SCENARIO)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        second = start(tmp_path, SCENARIO)
        out, err = second.communicate(timeout=LIMIT)
        assert (second.returncode, out) == (2, "")
        assert err == (
            f"espat: {tmp_path}/tty0 belongs to another simulator that is running (choose another with --link PATH)\n"
        )
    finally:
        process.kill()
        process.communicate()
    for options, said in (
        (("--port", "exec:no-such-program"), "no-such-program"),
        (("--port", "usb:0"), "--port: expected pty:PATH, tcp:HOST:PORT, unix:PATH or exec:COMMAND, got 'usb:0'"),
        (("--log-port", "exec:cat"), "--log-port: exec: is for the port of the commands"),
        (
            ("--link", "x", "--log-port", "pty:x"),
            "--log-port: expected a port of its own, got that of the commands, 'x'",
        ),
    ):
        command = [sys.executable, "-m", "espat", "play", "s.yaml", *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_only_firmware_needs_a_port(tmp_path: Path) -> None:
    process = start(tmp_path, "title: It types\nsteps: [{send: AT}, {expect: ['', OK]}]\n")
    out, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, out) == (2, "")
    assert "--link: expected one scenario, with 'attach'\n" in err


def test_firmware_does_not_live_in_stepped_time(tmp_path: Path) -> None:
    process = start(tmp_path, SCENARIO, "--speed", "max")
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 2
    assert "firmware lives in real time" in err
