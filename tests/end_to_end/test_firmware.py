"""Firmware under test that runs beside the simulator: an emulated machine at the PTY, a program behind `exec:`."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import LIMIT
from tests.programs import need_program

pytestmark = pytest.mark.peers

FIRMWARE = Path(__file__).parent / "firmware"
DONE = 33
"""Exit code of the emulator when the firmware writes 16 to its exit port."""


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """The host the firmware talks to: it listens, and takes its time with nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT)
        yield listener


def answer_ping(server: socket.socket) -> None:
    """Take one connection, expect "ping" and say "pong"."""
    with server.accept()[0] as connection:
        connection.settimeout(LIMIT)
        assert connection.recv(4, socket.MSG_WAITALL) == b"ping"
        connection.sendall(b"pong")
        assert connection.recv(1) == b""


def test_an_emulated_machine_at_the_pty(start: Start, server: socket.socket, tmp_path: Path) -> None:
    emulator = need_program("qemu-system-i386", "qemu-system-x86")
    assembler, linker = need_program("as", "binutils"), need_program("ld", "binutils")
    image, unlinked = tmp_path / "machine.img", tmp_path / "machine.o"
    subprocess.run([assembler, "--32", "-o", unlinked, FIRMWARE / "machine.s"], check=True)
    plain = ("-m", "elf_i386", "-Ttext", "0x7c00", "--oformat", "binary")
    subprocess.run([linker, *plain, "-o", image, unlinked], check=True)
    assert image.stat().st_size == 512
    port = server.getsockname()[1]
    (tmp_path / "world.toml").write_text(f'[hosts]\n"192.168.3.102:8080" = "127.0.0.1:{port}"\n')
    simulator = start("--world", "world.toml", "--power-on", "open")
    machine = [
        *(emulator, "-nodefaults", "-display", "none", "-no-reboot", "-machine", "pc,accel=tcg"),
        *("-chardev", f"serial,id=uart,path={simulator.port()}", "-device", "isa-serial,chardev=uart"),
        *("-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"),
        *("-drive", f"file={image},format=raw,if=floppy"),
    ]
    with subprocess.Popen(machine) as running:
        try:
            answer_ping(server)
            assert running.wait(LIMIT) == DONE
        finally:
            running.kill()


def test_a_compiled_program_behind_exec(start: Start, server: socket.socket, tmp_path: Path) -> None:
    compiler = need_program("gcc", "gcc libc6-dev")
    program = tmp_path / "my firmware"
    subprocess.run([compiler, "-Wall", "-Werror", "-o", program, FIRMWARE / "session.c"], check=True)
    simulator = start("--port", f"exec:'{program}' 127.0.0.1 {server.getsockname()[1]} 7")
    answer_ping(server)
    assert simulator.wait() == 7
    assert simulator.stdout[0] == f"module 0 runs '{program}' 127.0.0.1 {server.getsockname()[1]} 7"
    assert "firmware: terminal of its own: yes" in simulator.stderr
    assert "module 0: station.got_ip 192.168.3.112" in simulator.stderr


ON_A_DEVICE = """\
import sys

import serial

with serial.Serial(sys.argv[1], 115200, timeout=0.5) as port:
    for _ in range(40):  # as firmware does, which is up before the module
        port.write(b"AT\\r\\n")
        if port.read_until(b"OK\\r\\n").endswith(b"OK\\r\\n"):
            break
    else:
        sys.exit("it does not answer")
print("it has answered")
sys.exit(7)
"""


def test_a_program_that_is_told_the_path_of_a_device(tmp_path: Path) -> None:
    firmware = tmp_path / "firmware.py"
    firmware.write_text(ON_A_DEVICE)
    command = [sys.executable, "-m", "espat", "run", "--port", f"exec:{sys.executable} {firmware} {{port}}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 7, done.stderr
    assert done.stdout.startswith(f"module 0 runs {sys.executable} {firmware} ")
    assert "it has answered" not in done.stdout
    assert "it has answered" in done.stderr


def test_a_program_on_a_device_ends_with_the_simulator(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "espat", "run", "--port", "exec:sh -c 'echo $$ {port} >&2; exec sleep 1000'"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        number, device = next(line for line in process.stderr if "uart" in line).split()
        assert Path(device).is_char_device()
        process.terminate()
        assert process.wait(60) == 0
    assert not Path(f"/proc/{number}").exists()
    assert not Path(device).parent.exists()


def test_a_client_at_another_rate_is_told_with_v(tmp_path: Path) -> None:
    firmware = tmp_path / "firmware.py"
    firmware.write_text(ON_A_DEVICE.replace("115200", "9600"))
    program = f"exec:{sys.executable} {firmware} {{port}}"
    command = [sys.executable, "-m", "espat", "run", "-v", "--port", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 7, done.stderr
    assert done.stderr.count("module 0: its client is at 9600 baud, and it at 115200") == 1
