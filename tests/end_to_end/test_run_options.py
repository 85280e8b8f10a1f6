"""What the options of `espat run` do to a module, as a client of its port sees it."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import LIMIT, Client, command_line, environment
from tests.texts import JOIN, OK


def mac_address(start: Start, *options: str) -> bytes:
    """The station's, as a module prints it."""
    simulator = start(*options)
    with Client(simulator.port()).started() as client:
        address = client.command(b"AT+CIPSTAMAC?")
    assert simulator.stop() == 0
    return address


def test_module_time_runs_as_fast_as_the_speed_says(start: Start) -> None:
    with Client(start("--speed", "10000").port()).started() as client:
        assert client.command(b"AT+GSLP=3600000") == OK
        assert client.read_until(b"ready\r\n") == b"\r\nready\r\n"  # an hour later


def test_the_seed_decides_what_is_random(start: Start) -> None:
    first = mac_address(start, "--seed", "5")
    assert mac_address(start, "--seed", "5") == first
    assert mac_address(start, "--seed", "6") != first


def serve(client: Client, port: int) -> None:
    assert client.command(b"AT+CIPMUX=1") == OK
    assert client.command(b"AT+CIPSERVER=1,%d" % port) == OK


def test_servers_appear_where_the_command_line_says_and_are_told_of(start: Start) -> None:
    simulator = start("--listen", "127.0.0.77")
    with Client(simulator.port()).started().join() as client:
        serve(client, 20333)
        place = simulator.serving(0, "tcp", 20333)
        assert place == ("127.0.0.77", 20333)
        with socket.create_connection(place, LIMIT) as caller:
            assert client.read_until(b"CONNECT\r\n") == b"0,CONNECT\r\n"
            caller.sendall(b"hello")
            assert client.read_until(b"hello\r\n") == b"\r\n+IPD,0,5:hello\r\n"
            assert client.command(b"AT+CIPSERVER=0,1").endswith(b"0,CLOSED\r\n" + OK)
            simulator.wait_for(lambda line: line == "module 0 no longer serves tcp 20333")
            assert caller.recv(1) == b""
    assert simulator.stdout[1:] == [
        "module 0 has booted",
        "module 0 serves tcp 20333 at 127.0.0.77:20333",
        "module 0 no longer serves tcp 20333",
    ]


def test_each_module_has_an_address_of_its_own(start: Start) -> None:
    simulator = start("--modules", "2")
    for number in range(2):
        with Client(simulator.port(number)).started().join() as client:
            serve(client, 20334)
            assert simulator.serving(number, "tcp", 20334)[0] == f"127.0.0.{1 + number}"


def test_the_world_file_says_where_a_port_is(start: Start, tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text('[listen]\naddress = "127.0.0.78"\nports = { 80 = 20380 }\n')
    simulator = start("--world", "world.toml")
    with Client(simulator.port()).started().join() as client:
        serve(client, 80)
        assert simulator.serving(0, "tcp", 80) == ("127.0.0.78", 20380)


@pytest.mark.parametrize(("option", "lines"), [("-v", r"command AT\+CWJAP=.*"), ("", r"station\..*"), ("-q", "")])
def test_the_log_is_as_loud_as_it_is_told_and_has_no_passwords(start: Start, option: str, lines: str) -> None:
    simulator = start(*option.split())
    with Client(simulator.port()).started().join() as client:
        answer = client.command(b"AT+CWJAP?")
        assert answer.startswith(b'+CWJAP:"espressif",')
        assert client.command(b'AT+CWSAP="soft","top secret",5,3', b"ERROR\r\n") == b"\r\nERROR\r\n"
    assert simulator.stop() == 0
    logged = "\n".join(simulator.stderr)
    assert bool(logged) == (option != "-q")
    assert "1234567890" not in logged
    assert "top secret" not in logged
    assert re.search(rf"module 0( in)?: {lines}", logged) or option == "-q"
    if option == "-v":
        assert 'module 0 in: command AT+CWJAP="espressif","***"' in simulator.stderr


def test_real_timing_takes_a_real_modules_time(start: Start, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    simulator = start("--timing", "real", "--speed", "20", "--trace", str(trace))
    with Client(simulator.port()) as client:
        client.read_until(b"ready\r\n")
        assert client.command(b"AT+CWMODE=1") == OK
        client.command(JOIN)
    assert simulator.stop() == 0
    (got_ip,) = re.findall(r'"t": ?([\d.]+).*station\.got_ip', trace.read_text(encoding="ascii"))
    assert float(got_ip) > 1.0  # module seconds, and no upper bound: this machine may be slow


def test_a_machine_that_gives_it_no_files(tmp_path: Path) -> None:
    few = f"import os, resource; resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9)); os.execv({sys.executable!r}, "
    ended = subprocess.run(
        [sys.executable, "-c", f"{few}{command_line('run')!r})"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Too many open files" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_a_signal_has_ended(start: Start) -> None:
    simulator = start("--port", "exec:sh -c 'kill -KILL $$'")
    assert simulator.wait() == 128 + 9
