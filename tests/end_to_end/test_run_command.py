"""`espat run` on the command line: links, lines on stdout, exit codes."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import Client, run_espat


def test_the_link_is_made_in_the_working_directory_and_announced_with_its_whole_path(
    start: Start, tmp_path: Path
) -> None:
    simulator = start()
    assert simulator.port() == tmp_path / "ttyESP0"
    assert simulator.stdout == [f"module 0 ready to open at {tmp_path}/ttyESP0"]
    assert os.readlink(tmp_path / "ttyESP0").startswith("/dev/pts/")


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_with_0_and_removes_the_link(
    start: Start, tmp_path: Path, with_signal: signal.Signals
) -> None:
    simulator = start("--link", "wire")
    with Client(simulator.port()) as client:
        client.started()
        assert simulator.stop(with_signal) == 0
    assert list(tmp_path.iterdir()) == []


def test_several_signals_in_a_row_end_it_as_one_does(start: Start, tmp_path: Path) -> None:
    simulator = start("--modules", "3")
    simulator.port(2)
    for with_signal in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT) * 3:
        if not simulator.ended:
            os.kill(simulator.pid, with_signal)
    assert simulator.wait() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_is_not_built_is_told_once(start: Start) -> None:
    simulator = start()
    with Client(simulator.port()) as client:
        client.started()
        for command in (b"AT+BLEINIT=1", b"AT+NONSENSE", b"AT+BLEINIT?", b"AT+RST", b"AT+BLEINIT=1", b"AT+FS?"):
            client.command(command, b"ready\r\n" if command == b"AT+RST" else b"\r\nERROR\r\n")
    assert simulator.stop() == 0
    told = [line for line in simulator.stderr if "not built" in line]
    sentence = "module 0: {} is a command of this firmware that is not built here; it answers ERROR"
    assert told == [sentence.format("AT+BLEINIT"), sentence.format("AT+FS")]


def test_what_a_released_firmware_leaves_out_is_no_command_of_it(start: Start) -> None:
    simulator = start("--build", "release")
    with Client(simulator.port()) as client:
        client.started().command(b"AT+BTINIT?", b"\r\nERROR\r\n")
    assert simulator.stop() == 0
    assert not [line for line in simulator.stderr if "not built" in line]


@pytest.mark.parametrize("option", ["--link", "--port"])
def test_the_place_of_the_link_can_be_chosen(start: Start, tmp_path: Path, option: str) -> None:
    simulator = start(option, f"{'pty:' * (option == '--port')}wire")
    assert simulator.port() == tmp_path / "wire"


def test_a_link_that_points_nowhere_is_replaced(start: Start, tmp_path: Path) -> None:
    (tmp_path / "wire").symlink_to("/dev/pts/987654")
    with Client(start("--link", "wire").port()) as client:
        client.started()


def test_the_link_of_a_simulator_that_was_killed_is_replaced(start: Start, tmp_path: Path) -> None:
    first = start("--link", "wire")
    first.port()
    first.kill()
    assert (tmp_path / "wire").is_symlink()
    with Client(start("--link", "wire").port()) as client:
        client.started()


def test_a_file_in_place_of_the_link_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "wire").write_text("precious")
    ended = run_espat("run", "--link", "wire", directory=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"espat: {tmp_path}/wire is a file, not a link: it stays as it is\n"
    assert (tmp_path / "wire").read_text() == "precious"


def test_a_link_to_somebody_elses_file_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "wire").symlink_to("precious")
    ended = run_espat("run", "--link", "wire", directory=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "not one of ours" in ended.stderr
    assert (tmp_path / "wire").read_text() == "precious"


def test_a_second_simulator_on_the_same_link_is_refused_and_the_first_goes_on(start: Start, tmp_path: Path) -> None:
    port = start("--link", "wire").port()
    ended = run_espat("run", "--link", "wire", directory=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"espat: {tmp_path}/wire belongs to another simulator that is running (choose another with --link PATH)\n"
    )
    with Client(port) as client:
        client.started()
        assert client.command(b"AT") == b"\r\nOK\r\n"


def test_when_one_of_several_links_is_refused_none_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "wire1").write_text("precious")
    ended = run_espat("run", "--link", "wire{n}", "--modules", "2", directory=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert [file.name for file in tmp_path.iterdir()] == ["wire1"]


def test_several_modules_each_have_their_port(start: Start, tmp_path: Path) -> None:
    simulator = start("--modules", "2")
    simulator.port(1)
    assert simulator.stdout == [
        f"module 0 ready to open at {tmp_path}/ttyESP0",
        f"module 1 ready to open at {tmp_path}/ttyESP1",
    ]
    with Client(simulator.port(0)) as first, Client(simulator.port(1)) as second:
        first.started()
        second.started()
        assert first.command(b"AT+CWMODE=2") == b"\r\nOK\r\n"
        assert second.command(b"AT+CWMODE=3") == b"\r\nOK\r\n"
        assert first.command(b"AT+CWMODE?") == b"+CWMODE:2\r\n\r\nOK\r\n"
    assert simulator.stop() == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        ["run", "--no-such-option"],
        ["run", "--modules", "0"],
        ["run", "--modules", "many"],
        ["run", "--modules", "2", "--link", "wire"],
        ["run", "--speed", "0"],
        ["run", "--timing", "sluggish"],
        ["run", "--port", "carrier-pigeon:wire"],
        ["run", "--port", "pty:wire", "--link", "wire"],
        ["run", "--port", "wire"],
        ["run", "--port", "tcp:127.0.0.1"],
        ["run", "--port", "tcp:127.0.0.1:65536"],
        ["run", "--port", "unix:"],
        ["run", "--port", "unix:wire", "--modules", "2"],
        ["run", "--port", "exec:cat", "--modules", "2"],
        ["run", "--port", "exec:no-such-program"],
        ["run", "--port", "exec:'"],
        ["run", "--port", "unix:missing/wire"],
        ["run", "--log-port", "log"],
        ["run", "--log-port", "exec:cat"],
        ["run", "--log-port", "unix:log", "--modules", "2"],
        ["run", "--listen", "somewhere"],
        ["run", "--dialect", "esp1"],
        ["run", "--power-on", "never"],
        ["run", "-v", "-q"],
        ["run", "--world", "missing.toml"],
        ["run", "--link", "missing/wire"],
        ["stroll"],
        [],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_says_why(tmp_path: Path, options: list[str]) -> None:
    ended = run_espat(*options, directory=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["run", "--modul", "2"], "espat run: unknown option '--modul' (did you mean '--modules'?)\n"),
        (["run", "--bogus"], "espat run: unknown option '--bogus'\n"),
        (["run", "-x"], "espat run: unknown option '-x'\n"),
        (["run", "extra"], "espat run: unexpected argument 'extra'\n"),
        (["run", "--seed", "x"], "espat run: argument --seed: expected a whole number, got 'x'\n"),
        (
            ["run", "--build", "releas"],
            "espat run: argument --build: expected release, got 'releas'\n",
        ),
        (
            ["run", "--timing", "slow"],
            "espat run: argument --timing: expected one of fast, real, got 'slow'\n",
        ),
        (
            ["flash", "shw", "flash.bin"],
            "espat flash: argument ACTION: expected show, got 'shw'\n",
        ),
        (["flash", "show", "flash.bin", "--secret"], "unknown option '--secret' (did you mean '--secrets'?)\n"),
        (["run", "--trace", "missing/trace"], "espat: missing/trace: No such file or directory\n"),
        (["trace", "missing"], "espat: missing: No such file or directory\n"),
        (
            ["run", "--listen", "203.0.113.9"],
            "espat: --listen: expected an IPv4 address of this machine, "
            "got 203.0.113.9 (Cannot assign requested address)\n",
        ),
        (["run", "--seed", "-1"], "espat run: --seed: expected 0 or more, got -1\n"),
        (["play", "lab.toml"], "espat play: lab.toml: expected a scenario (*.yaml), got a world file\n"),
        (["run", "--link", "."], "is a directory, not a link: it stays as it is\n"),
        (
            ["run", "--link", "wire", "--log-port", "pty:wire"],
            "espat run: --log-port: expected a port of its own, got that of the commands, 'wire'\n",
        ),
        (
            ["pki", "pki", "--from", "2020-01-02", "--until", "2020-01-02"],
            "espat pki: argument --until: expected a day after --from, 2020-01-02, got 2020-01-02\n",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_named_with_what_would_be_right(tmp_path: Path, options: list[str], said: str) -> None:
    ended = run_espat(*options, directory=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) <= 2
    assert list(tmp_path.iterdir()) == []


def test_a_bad_world_file_ends_with_2_and_names_the_key(tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text('[[access_point]]\nssid = "lab"\nchanel = 6\n')
    ended = run_espat("run", "--world", "world.toml", directory=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "world.toml" in ended.stderr
    assert "chanel" in ended.stderr


def test_a_world_that_listens_at_an_address_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text('[listen]\naddress = "203.0.113.9"\n')
    ended = run_espat("run", "--world", "world.toml", directory=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "espat: world.toml: listen.address: expected an IPv4 address of this machine, "
        "got 203.0.113.9 (Cannot assign requested address)\n"
    )


@pytest.mark.parametrize(
    ("options", "answer"),
    [((), b'+CIPDOMAIN:"127.0.0.1"\r\n\r\nOK\r\n'), (("--offline",), b"\r\nERROR\r\n")],
    ids=["online", "offline"],
)
def test_offline_keeps_the_module_from_the_names_of_the_host(
    start: Start, options: tuple[str, ...], answer: bytes
) -> None:
    with Client(start(*options).port()).started().join() as client:
        client.write(b'AT+CIPDOMAIN="localhost"\r\n')
        assert client.read_until(answer) == b'AT+CIPDOMAIN="localhost"\r\n' + answer


def test_a_trace_that_cannot_be_written_does_not_disturb_the_module(start: Start) -> None:
    simulator = start("--trace", "/dev/full")
    with Client(simulator.port()).started() as client:
        assert client.command(b"AT") == b"\r\nOK\r\n"
    simulator.wait_for(lambda line: line == "the trace /dev/full ends here: No space left on device", log=True)
    assert simulator.stop() == 0


def test_the_trace_holds_what_went_over_the_port_and_is_its_owners_alone(start: Start, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    simulator = start("--trace", str(trace))
    with Client(simulator.port()).started() as client:
        assert client.command(b"AT") == b"\r\nOK\r\n"
    assert simulator.stop() == 0
    assert trace.stat().st_mode & 0o777 == 0o600
    messages = [json.loads(line) for line in trace.read_text(encoding="ascii").splitlines()]
    traced = [(message["module"], message["dir"], message["kind"], message["text"]) for message in messages]
    for expected in (
        (0, "out", "report", "\r\nready\r\n"),
        (0, "in", "command", "AT"),
        (0, "out", "result", "\r\nOK\r\n"),
    ):
        assert expected in traced
