"""A serial port whose clients open, close and crash as they please; the module does not notice."""

import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import LIMIT, Client, SimulatorProcess, environment

ROUND_TRIPS = 20


def read_device(descriptor: int, end: bytes) -> bytes:
    """Read a bare descriptor until what came ends with `end`."""
    data = b""
    while not data.endswith(end):
        readable, _, _ = select.select([descriptor], [], [], LIMIT)
        assert readable, f"wanted {end!r}, got {data!r}"
        data += os.read(descriptor, 4096)
    return data


class Witness:
    """A second module of the same simulator: what it answers comes after what has happened before the question."""

    def __init__(self, simulator: SimulatorProcess) -> None:
        self._client = Client(simulator.port(1)).started()

    def settle(self) -> None:
        """Return when the simulator has taken note of everything that has happened so far."""
        for _ in range(ROUND_TRIPS):
            assert self._client.command(b"AT") == b"\r\nOK\r\n"

    def close(self) -> None:
        """Close its port."""
        self._client.serial.close()


@pytest.mark.parametrize("options", [(), ("--timing", "real")])
def test_what_was_printed_before_is_in_the_device_where_a_flush_finds_it(
    start: Start, options: tuple[str, ...]
) -> None:
    simulator = start(*options)
    simulator.booted()
    with Client(simulator.port(), flushes=True) as client:
        client.write(b"AT+CWMODE?\r\n")
        assert client.read_until(b"OK\r\n") == b"AT+CWMODE?\r\n+CWMODE:0\r\n\r\nOK\r\n"
        client.serial.reset_input_buffer()
        client.write(b"AT+RST\r\n")
        assert client.read_until(b"ready\r\n") == b"AT+RST\r\n\r\nOK\r\n\r\nready\r\n"


@pytest.mark.parametrize("opens_again", [False, True], ids=["flushes", "opens its port again"])
def test_who_sets_up_its_port_again_on_the_answer_to_a_restart_still_gets_ready(
    start: Start, opens_again: bool
) -> None:
    """As libraries do that go back to the rate of a start there."""
    simulator = start()
    simulator.booted()
    with Client(simulator.port(), flushes=True) as client:
        for _ in range(5):
            client.write(b"AT+RST\r\n")
            assert client.read_until(b"OK\r\n") == b"AT+RST\r\n\r\nOK\r\n"
            if opens_again:
                client.serial.close()
                client.serial.open()
            client.serial.reset_input_buffer()
            assert client.read_until(b"ready\r\n") == b"\r\nready\r\n"


def test_a_flush_as_the_first_thing_that_a_client_does_takes_the_boot(start: Start) -> None:
    simulator = start()
    simulator.booted()
    descriptor = open_bare(simulator.port())
    try:
        termios.tcflush(descriptor, termios.TCIFLUSH)
        os.write(descriptor, b"AT\r\n")
        assert read_device(descriptor, b"OK\r\n") == b"AT\r\n\r\nOK\r\n"
    finally:
        os.close(descriptor)


def test_the_boot_is_told_behind_the_port(start: Start) -> None:
    simulator = start("--modules", "2")
    for number in range(2):
        simulator.booted(number)
    assert [line.partition(" at ")[0] for line in simulator.stdout[:2]] == [
        "module 0 ready to open",
        "module 1 ready to open",
    ]


def test_the_first_client_sees_the_boot_when_it_just_opens_and_reads(start: Start) -> None:
    descriptor = os.open(start().port(), os.O_RDWR | os.O_NOCTTY)
    try:
        assert read_device(descriptor, b"ready\r\n") == b"\r\nready\r\n"
        os.write(descriptor, b"AT\r\n")
        assert read_device(descriptor, b"OK\r\n") == b"AT\r\n\r\nOK\r\n"
    finally:
        os.close(descriptor)


def test_the_first_client_sees_the_boot_when_it_is_there_before(start: Start) -> None:
    with Client(start("--timing", "real").port(), flushes=True) as client:
        assert client.read_until(b"ready\r\n") == b"\r\nready\r\n"


def test_the_first_client_of_power_on_open_sees_the_boot_though_it_flushes(start: Start) -> None:
    with Client(start("--power-on", "open").port(), flushes=True) as client:
        assert client.read_until(b"ready\r\n") == b"\r\nready\r\n"


def test_the_first_client_sees_the_boot_when_it_sets_up_the_port_before_it_reads(start: Start) -> None:
    descriptor = os.open(start().port(), os.O_RDWR | os.O_NOCTTY)
    try:
        attributes = termios.tcgetattr(descriptor)
        attributes[4] = attributes[5] = termios.B115200
        termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
        assert read_device(descriptor, b"ready\r\n") == b"\r\nready\r\n"
    finally:
        os.close(descriptor)


def test_the_device_is_raw_from_the_start(start: Start) -> None:
    descriptor = os.open(start().port(), os.O_RDWR | os.O_NOCTTY)
    try:
        assert read_device(descriptor, b"ready\r\n") == b"\r\nready\r\n"
        every_byte = bytes(range(256))
        os.write(descriptor, every_byte)  # begins with what cannot begin a command, and is echoed as it is
        assert read_device(descriptor, b"ERROR\r\n") == every_byte + b"\r\nERROR\r\n"
    finally:
        os.close(descriptor)


def test_power_on_open_boots_each_module_when_its_first_client_comes(start: Start) -> None:
    simulator = start("--power-on", "open", "--modules", "2")
    with Client(simulator.port(1)) as client:
        client.started()
    simulator.wait_for(lambda line: line.startswith("module 1: module.boot"), log=True)
    assert not [line for line in simulator.stderr if line.startswith("module 0: module.boot")]
    with Client(simulator.port(0)) as client:
        client.started()
    simulator.wait_for(lambda line: line.startswith("module 0: module.boot"), log=True)
    with Client(simulator.port(0)) as client:  # the second client boots nothing
        assert client.command(b"AT") == b"\r\nOK\r\n"


def test_a_client_comes_back_to_the_module_as_it_was(start: Start) -> None:
    simulator = start()
    with Client(simulator.port()) as client:
        client.started().join()
        client.command(b"ATE0")
    for _ in range(20):
        with Client(simulator.port()) as client:
            client.write(b"AT+CWSTATE?\r\n")
            assert client.read_until(b"OK\r\n") == b'+CWSTATE:2,"espressif"\r\n\r\nOK\r\n'


def test_a_client_that_comes_the_moment_another_one_leaves_gets_its_answer(start: Start) -> None:
    simulator = start()
    with Client(simulator.port()) as client:
        client.started()
    for _ in range(300):
        descriptor = os.open(simulator.port(), os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(descriptor, b"AT\r\n")
            assert read_device(descriptor, b"OK\r\n") == b"AT\r\n\r\nOK\r\n"
        finally:
            os.close(descriptor)


CRASHING_CLIENT = """
import sys, time, serial
port = serial.Serial(sys.argv[1], 115200, timeout=30)
port.read_until(b"ready\\r\\n")
port.write(b"AT+CWMODE=1\\r\\n")
port.read_until(b"OK\\r\\n")
port.write(b'AT+CWJAP="espressif","1234567890"\\r\\n')
port.read_until(b"\\r\\nOK\\r\\n")
port.write(b"AT+CWLAP\\r\\n")  # never reads the answer
while not port.in_waiting:
    time.sleep(0.01)
port.exclusive = True
print("joined", flush=True)
time.sleep(1000)
"""


def crash_a_client(port: Path) -> None:
    """Let a program join, leave output unread, and die without a chance to clean up."""
    with subprocess.Popen(
        [sys.executable, "-c", CRASHING_CLIENT, str(port)], stdout=subprocess.PIPE, env=environment()
    ) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"joined\n"
        client.kill()


def test_after_a_client_has_crashed_the_next_one_finds_the_module_joined_and_nothing_stale(start: Start) -> None:
    simulator = start("--modules", "2")
    witness = Witness(simulator)
    crash_a_client(simulator.port())
    witness.settle()
    descriptor = os.open(simulator.port(), os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(descriptor, b"AT+CWSTATE?\r\n")
        answer = read_device(descriptor, b"OK\r\n")
        assert answer == b'AT+CWSTATE?\r\n+CWSTATE:2,"espressif"\r\n\r\nOK\r\n'
    finally:
        os.close(descriptor)
        witness.close()


def test_output_is_dropped_while_nobody_is_there(start: Start) -> None:
    simulator = start("--modules", "2")
    witness = Witness(simulator)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        with Client(simulator.port()) as client:
            client.started().join()
            opened = client.command(b'AT+CIPSTART="UDP","127.0.0.1",%d,1112,0' % peer.getsockname()[1])
            assert opened == b"CONNECT\r\n\r\nOK\r\n"
        module = simulator.serving(0, "udp", 1112)
        witness.settle()
        peer.sendto(b"lost", module)
        witness.settle()
        descriptor = os.open(simulator.port(), os.O_RDWR | os.O_NOCTTY)
        try:
            witness.settle()
            peer.sendto(b"seen", module)
            assert read_device(descriptor, b"seen\r\n") == b"\r\n+IPD,4:seen\r\n"
        finally:
            os.close(descriptor)
    witness.close()


def nobody_yet(simulator: SimulatorProcess) -> None:
    simulator.port()


def a_client_has_crashed(simulator: SimulatorProcess) -> None:
    crash_a_client(simulator.port())


def sleeps_for_a_second(simulator: SimulatorProcess) -> bool:
    """Whether the simulator hardly wakes up or works in the next second; a busy loop sleeps never or thousands of
    times."""
    switches, ticks = simulator.context_switches(), simulator.processor_ticks()
    time.sleep(1)
    return simulator.context_switches() - switches < 20 and simulator.processor_ticks() - ticks < 20


def comes_to_rest(simulator: SimulatorProcess) -> bool:
    """Whether such a second comes: what it still does of its own accord has an end, however slow the machine is."""
    deadline = time.monotonic() + LIMIT
    while not sleeps_for_a_second(simulator):
        if time.monotonic() > deadline:
            return False
    return True


@pytest.mark.parametrize("situation", [nobody_yet, a_client_has_crashed])
def test_an_idle_simulator_sleeps(start: Start, situation: Callable[[SimulatorProcess], None]) -> None:
    simulator = start()
    situation(simulator)
    assert comes_to_rest(simulator)


def test_a_simulator_with_an_idle_client_sleeps(start: Start) -> None:
    simulator = start()
    with Client(simulator.port()) as client:
        client.started().join()
        assert comes_to_rest(simulator)


def open_bare(port: Path) -> int:
    """Open a port as the simplest program does."""
    return os.open(port, os.O_RDWR | os.O_NOCTTY)


def test_two_clients_that_come_while_the_simulator_is_held_up_do_not_cost_the_third_its_port(start: Start) -> None:
    simulator = start("--modules", "2")
    witness = Witness(simulator)
    with Client(simulator.port()).started() as client:
        os.kill(simulator.pid, signal.SIGSTOP)
        others = [open_bare(simulator.port()) for _ in range(2)]  # the kernel reports both in one
        os.kill(simulator.pid, signal.SIGCONT)
        for other in others:
            witness.settle()
            os.close(other)
        witness.settle()
        assert client.command(b"AT") == b"\r\nOK\r\n"
    witness.settle()
    with Client(simulator.port()) as later:
        assert later.command(b"AT") == b"\r\nOK\r\n"
    witness.close()


def test_one_of_two_clients_leaves(start: Start) -> None:
    simulator = start("--modules", "2")
    witness = Witness(simulator)
    with Client(simulator.port()).started() as client:
        second = open_bare(simulator.port())
        witness.settle()
        os.close(second)
        witness.settle()
        assert client.command(b"AT") == b"\r\nOK\r\n"
    witness.close()


def test_the_claim_of_a_client_on_the_port_ends_with_it(start: Start) -> None:
    simulator = start("--modules", "2")
    witness = Witness(simulator)
    claiming, other = open_bare(simulator.port()), open_bare(simulator.port())
    assert read_device(claiming, b"ready\r\n") == b"\r\nready\r\n"
    fcntl.ioctl(claiming, termios.TIOCEXCL)
    witness.settle()
    os.close(other)
    witness.settle()
    exclusive = 0x80045440  # TIOCGEXCL
    assert fcntl.ioctl(claiming, exclusive, bytes(4)) == b"\1\0\0\0"
    os.close(claiming)
    witness.settle()
    later = open_bare(simulator.port())
    assert fcntl.ioctl(later, exclusive, bytes(4)) == bytes(4)
    os.close(later)
    witness.close()


def test_a_long_path(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / ("ü" * 100)
    folder.mkdir()
    simulator = start("--modules", "2", "--link", str(folder / "ttyESP{n}"))
    for number in range(2):
        with Client(simulator.port(number)).started() as client:
            assert client.command(b"AT") == b"\r\nOK\r\n"


def test_nobody_reads_what_the_simulator_prints(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "espat", "run", "-v"],
        cwd=tmp_path,
        env=environment(),
        stdout=writing,
        stderr=writing,
    )
    os.close(writing)
    try:
        printed = b""
        while b"ready to open" not in printed:
            printed += os.read(reading, 4096)
        with Client(tmp_path / "ttyESP0").started() as client:
            for _ in range(2000):  # each writes two lines to the log, which is a full pipe soon
                assert client.command(b"AT") == b"\r\nOK\r\n"
            os.close(reading)
            assert client.command(b"AT+CWMODE=1") == b"\r\nOK\r\n"
            assert client.command(b"AT") == b"\r\nOK\r\n"
    finally:
        process.terminate()
        assert process.wait(LIMIT) == 0
