"""The control channel of `espat run`, from other processes."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import LIMIT, Client, run_espat


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the notes of this test's runs alone."""
    folder = tmp_path / "runtime"
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder / "espat"


class Channel:
    """A program that speaks JSON-RPC with a run, line by line."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(LIMIT)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rwb")

    def send(self, line: bytes) -> None:
        self._file.write(line + b"\n")
        self._file.flush()

    def receive(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._file.readline())
        return found

    def call(self, method: str, **parameters: Any) -> Any:
        self.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode())
        answer = self.receive()
        return answer.get("result", answer.get("error", {}).get("message"))

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@pytest.fixture
def channel(start: Start, tmp_path: Path) -> Iterator[Channel]:
    start("--control").booted()
    channel = Channel(tmp_path / "ttyESP0.control")
    yield channel
    channel.close()


def control_line(line: str) -> bool:
    return line.startswith("control at ")


def test_the_socket_is_beside_the_link_and_only_its_owner_can_open_it(
    start: Start, tmp_path: Path, runtime: Path
) -> None:
    simulator = start("--control")
    assert simulator.wait_for(control_line) == f"control at unix:{tmp_path}/ttyESP0.control"
    assert (tmp_path / "ttyESP0.control").stat().st_mode & 0o777 == 0o600
    assert (runtime / f"{simulator.pid}.json").stat().st_mode & 0o777 == 0o600
    assert simulator.stop() == 0
    assert list(tmp_path.glob("ttyESP0*")) == []
    assert list(runtime.iterdir()) == []


def test_there_is_none_unless_it_is_asked_for(start: Start, tmp_path: Path, runtime: Path) -> None:
    start().booted()
    assert not runtime.exists()
    done = run_espat("do", "module.reset", directory=tmp_path)
    assert done.stderr == "espat: no run of yours has a control channel; espat run --control opens one\n"
    assert done.returncode == 2


def test_a_verb_acts_on_the_module_while_its_client_looks_on(start: Start, tmp_path: Path) -> None:
    simulator = start("--control")
    simulator.booted()
    with Client(simulator.port()) as client:
        client.started().command(b"AT+CWMODE=1")
        client.command(b'AT+CWJAP="espressif","1234567890"')
        done = run_espat("do", "access_point.off", "ssid=espressif", directory=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert run_espat("do", "clock.advance", "time=10s", directory=tmp_path).returncode == 0
        client.read_until(b"WIFI DISCONNECT\r\n")
    told = run_espat("status", directory=tmp_path)
    assert "access point 'espressif': off, channel 6, -45 dBm" in told.stdout.splitlines()
    assert f"module 0: esp32-v5, {tmp_path}/ttyESP0 (nobody there), not joined" in told.stdout.splitlines()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("acces_point.off",), "unknown verb 'acces_point.off' (did you mean 'access_point.off'?)"),
        (("access_point.off", "sid=x"), "access_point.off: unknown argument 'sid' (did you mean 'ssid'?)"),
        (("access_point.off", "x"), "access_point.off: expected arguments like key=value, got 'x'"),
        (("access_point.off",), "access_point.off: missing argument 'ssid'"),
        (("access_point.off", "ssid=lab"), "access_point.off: the world has no access point 'lab'; it has 'espressif'"),
        (("module.reset", "--module", "7"), "unknown module '7' (known: 0)"),
    ],
)
def test_what_cannot_be_done_says_why(start: Start, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    start("--control").booted()
    done = run_espat("do", *arguments, directory=tmp_path)
    assert (done.returncode, done.stderr) == (1, f"espat: {message}\n")


def test_several_runs_have_to_be_told_apart(start: Start, tmp_path: Path) -> None:
    first, second = start("--control"), start("--control", "unix:./other", "--link", "wire")
    first.booted()
    second.booted()
    done = run_espat("status", directory=tmp_path)
    assert done.returncode == 2
    assert f"  --control unix:{tmp_path}/other" in done.stderr.splitlines()
    told = run_espat("status", "--json", "--control", "unix:./other", directory=tmp_path)
    assert json.loads(told.stdout)["modules"][0]["port"] == f"{tmp_path}/wire"


def test_what_happens_comes_as_notifications(channel: Channel, tmp_path: Path) -> None:
    assert channel.call("trace.subscribe") is None
    with Client(tmp_path / "ttyESP0") as client:
        client.started().command(b"AT")
    found: list[dict[str, Any]] = []
    while not found or found[-1]["params"].get("text") != "\r\nOK\r\n":
        found.append(channel.receive())
    assert [each["params"]["kind"] for each in found][-3:] == ["command", "echo", "result"]
    assert {each["method"] for each in found} == {"trace"}


def test_a_verb_that_waits_holds_up_no_other(channel: Channel) -> None:
    wait = {"method": "wait_for", "params": {"event": "module.boot", "within": "1h"}}
    channel.send(json.dumps({"jsonrpc": "2.0", "id": "wait", **wait}).encode())
    channel.send(json.dumps({"jsonrpc": "2.0", "id": "reset", "method": "module.reset"}).encode())
    assert {channel.receive()["id"], channel.receive()["id"]} == {"wait", "reset"}


def test_time_can_be_made_faster(channel: Channel) -> None:
    assert (
        channel.call("clock.speed", speed=0)
        == "clock.speed: speed: expected a number more than 0, at most 1000000, got 0"
    )
    assert channel.call("clock.speed", speed=5000) is None
    before = channel.call("status")["time"]
    assert channel.call("pause_ms", value=100_000) is None
    assert channel.call("status")["time"] >= before + 100


def test_garbage_is_answered_and_the_next_request_too(channel: Channel) -> None:
    for line in (b"AT", b"\xff\x00", b"[]", b'{"jsonrpc": "2.0"}'):
        channel.send(line)
        assert "expected" in channel.receive()["error"]["message"]
    assert channel.call("status")["modules"][0]["booted"]


def test_a_line_without_an_end_ends_the_client_only(channel: Channel, tmp_path: Path) -> None:
    bad = Channel(tmp_path / "ttyESP0.control")
    bad.send(b"x" * 100_000)
    assert "at most 65536 bytes" in bad.receive()["error"]["message"]
    bad.close()
    assert channel.call("status")["modules"][0]["booted"]


def test_a_client_that_never_reads_holds_nothing_up(channel: Channel, tmp_path: Path) -> None:
    channel.send(b'{"jsonrpc":"2.0","method":"trace.subscribe"}')
    with Client(tmp_path / "ttyESP0") as client:
        client.started()
        for _ in range(200):
            client.command(b"AT+CMD?")
    other = Channel(tmp_path / "ttyESP0.control")
    assert other.call("status")["modules"][0]["booted"]
    other.close()


def test_many_clients(start: Start, tmp_path: Path) -> None:
    start("--control").booted()
    clients = [Channel(tmp_path / "ttyESP0.control") for _ in range(64)]
    assert all(client.call("status") for client in clients)
    late = Channel(tmp_path / "ttyESP0.control")
    assert late.receive()["error"]["message"] == "expected at most 64 clients at once, got one more"
    for client in (*clients, late):
        client.close()


def test_shutdown_answers_and_ends_the_run_with_0(start: Start, tmp_path: Path) -> None:
    simulator = start("--control")
    simulator.booted()
    assert run_espat("do", "shutdown", directory=tmp_path).returncode == 0
    assert simulator.wait() == 0


def test_tcp_asks_for_the_token_of_the_note(start: Start, tmp_path: Path, runtime: Path) -> None:
    simulator = start("--control", "tcp:127.0.0.1:0")
    line = simulator.wait_for(control_line)
    simulator.booted()
    place, _, rest = line.removeprefix("control at ").partition(" ")
    assert rest == f"(its token is in {runtime}/{simulator.pid}.json)"
    with socket.create_connection(("127.0.0.1", int(place.rpartition(":")[2])), LIMIT) as stranger:
        stranger.sendall(b'{"jsonrpc":"2.0","id":1,"method":"shutdown"}\n')
        assert b"expected the method 'token' first" in stranger.recv(4096)
        stranger.sendall(b'{"jsonrpc":"2.0","id":2,"method":"token","params":{"token":"guess"}}\n')
        assert b"expected the token of this run" in stranger.recv(4096)
    assert run_espat("status", "--control", place, directory=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("tcp:0.0.0.0:1", "--control: expected tcp:127.0.0.1:PORT (only this machine may control a run)"),
        ("unix:no/folder", "--control: cannot make"),
    ],
)
def test_a_place_that_cannot_be(tmp_path: Path, place: str, message: str) -> None:
    done = run_espat("run", "--control", place, directory=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"espat: {message}")
    assert not os.path.lexists(tmp_path / "ttyESP0")
