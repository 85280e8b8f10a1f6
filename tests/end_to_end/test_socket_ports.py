"""Ports that are sockets: one client at a time, owner-only, nothing left behind and nothing of others' touched."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import LIMIT, run_espat

URIS = ("tcp:127.0.0.1:0", "unix:wire")


class SocketClient:
    """A program at a port that is a socket."""

    def __init__(self, place: str) -> None:
        scheme, _, rest = place.partition(":")
        if scheme == "unix":
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(LIMIT)
            self.socket.connect(rest)
        else:
            host, _, port = rest.rpartition(":")
            self.socket = socket.create_connection((host, int(port)), LIMIT)

    def read_until(self, end: bytes) -> bytes:
        """Read through `end`."""
        data = b""
        while not data.endswith(end):
            byte = self.socket.recv(1)
            assert byte, f"wanted {end!r}, got {data!r}"
            data += byte
        return data

    def command(self, line: bytes) -> bytes:
        """Type a command; returns the answer without the echo."""
        self.socket.sendall(line + b"\r\n")
        answer = self.read_until(b"\r\nOK\r\n")
        assert answer.startswith(line + b"\r\n"), answer
        return answer.removeprefix(line + b"\r\n")

    def closed(self) -> bool:
        """Whether the module closes without a word."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    """Closes the clients' sockets at the end of the test."""
    with ExitStack() as stack:
        yield stack


def join(clients: ExitStack, place: str) -> SocketClient:
    client = SocketClient(place)
    clients.enter_context(client.socket)
    return client


@pytest.mark.parametrize("uri", URIS)
def test_the_first_client_sees_the_boot(start: Start, clients: ExitStack, uri: str) -> None:
    simulator = start("--port", uri)
    simulator.wait_for(lambda line: line.startswith("module 0: module.boot"), log=True)
    client = join(clients, simulator.place())
    assert client.read_until(b"ready\r\n") == b"\r\nready\r\n"
    assert client.command(b"AT") == b"\r\nOK\r\n"


@pytest.mark.parametrize("uri", URIS)
def test_a_second_client_is_closed_at_once_and_the_first_goes_on(start: Start, clients: ExitStack, uri: str) -> None:
    place = start("--port", uri).place()
    first = join(clients, place)
    assert first.read_until(b"ready\r\n") == b"\r\nready\r\n"
    for _ in range(3):
        assert join(clients, place).closed()
    assert first.command(b"AT") == b"\r\nOK\r\n"


@pytest.mark.parametrize("uri", URIS)
def test_the_next_client_finds_the_module_as_it_was_and_nothing_stale(
    start: Start, clients: ExitStack, uri: str
) -> None:
    place = start("--port", uri).place()
    first = join(clients, place)
    assert first.read_until(b"ready\r\n") == b"\r\nready\r\n"
    assert first.command(b"AT+CWMODE=3") == b"\r\nOK\r\n"
    first.socket.sendall(b"AT+GMR\r\n")  # never reads the answer
    first.socket.close()
    for _ in range(20):
        client = join(clients, place)
        assert client.command(b"AT+CWMODE?") == b"+CWMODE:3\r\n\r\nOK\r\n"
        client.socket.close()


@pytest.mark.parametrize("uri", URIS)
def test_what_a_client_said_before_it_left_is_heard(start: Start, clients: ExitStack, uri: str) -> None:
    place = start("--port", uri).place()
    join(clients, place).read_until(b"ready\r\n")
    clients.close()
    for mode in (1, 2, 3) * 5:
        talker = join(clients, place)
        talker.socket.sendall(b"AT+CWMODE=%d\r\n" % mode)
        talker.socket.close()
        assert join(clients, place).command(b"AT+CWMODE?") == b"+CWMODE:%d\r\n\r\nOK\r\n" % mode
        clients.close()


def test_each_of_several_modules_has_its_socket(start: Start, clients: ExitStack, tmp_path: Path) -> None:
    simulator = start("--modules", "2", "--port", "unix:wire{n}")
    assert [simulator.place(number) for number in range(2)] == [f"unix:{tmp_path}/wire{n}" for n in range(2)]
    for number in range(2):
        client = join(clients, simulator.place(number))
        client.read_until(b"ready\r\n")
        assert client.command(b"AT") == b"\r\nOK\r\n"


def test_tcp_ports_count_up(start: Start, clients: ExitStack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1] % 60000
    simulator = start("--modules", "2", "--port", f"tcp:127.0.0.1:{free}+{{n}}")
    assert [simulator.place(number) for number in range(2)] == [f"tcp:127.0.0.1:{free + n}" for n in range(2)]


def test_a_world_file_says_where_the_ports_are(start: Start, clients: ExitStack, tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text('[[module]]\nlink = "unix:a"\n[[module]]\nlink = "b"\n')
    simulator = start("--world", "world.toml")
    assert simulator.place(0) == f"unix:{tmp_path}/a"
    assert simulator.place(1) == f"{tmp_path}/b"


def test_a_unix_socket_is_its_owners_alone_and_goes_with_the_simulator(start: Start, tmp_path: Path) -> None:
    simulator = start("--port", "unix:wire")
    simulator.place()
    assert (tmp_path / "wire").stat().st_mode & 0o777 == 0o600
    assert simulator.stop() == 0
    assert list(tmp_path.iterdir()) == []


def test_the_socket_of_a_simulator_that_was_killed_is_replaced(
    start: Start, clients: ExitStack, tmp_path: Path
) -> None:
    first = start("--port", "unix:wire")
    first.place()
    first.kill()
    assert (tmp_path / "wire").is_socket()
    join(clients, start("--port", "unix:wire").place()).read_until(b"ready\r\n")


def test_the_socket_of_a_program_that_runs_is_refused_and_stays(clients: ExitStack, tmp_path: Path) -> None:
    listener = clients.enter_context(socket.socket(socket.AF_UNIX))
    listener.bind(str(tmp_path / "wire"))
    listener.listen()
    ended = run_espat("run", "--port", "unix:wire", directory=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"espat: {tmp_path}/wire belongs to a program that is running\n"
    assert [file.name for file in tmp_path.iterdir()] == ["wire"]


def test_a_second_simulator_at_the_same_socket_is_refused_and_the_first_keeps_its_boot(
    start: Start, clients: ExitStack, tmp_path: Path
) -> None:
    place = start("--port", "unix:wire").place()
    ended = run_espat("run", "--port", "unix:wire", directory=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"espat: {tmp_path}/wire belongs to another simulator that is running (choose another with --port unix:PATH)\n"
    )
    assert join(clients, place).read_until(b"ready\r\n") == b"\r\nready\r\n"


def test_a_file_in_place_of_the_socket_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "wire").write_text("precious")
    ended = run_espat("run", "--port", "unix:wire", directory=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"espat: {tmp_path}/wire is a file, not a socket: it stays as it is\n"
    assert (tmp_path / "wire").read_text() == "precious"


def test_a_tcp_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        uri = f"tcp:127.0.0.1:{taken.getsockname()[1]}"
        ended = run_espat("run", "--port", uri, directory=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"espat: cannot listen on {uri}: Address already in use\n"


def test_the_log_has_a_port_of_its_own(start: Start, clients: ExitStack, tmp_path: Path) -> None:
    simulator = start("--modules", "2", "--port", "unix:wire{n}", "--log-port", "unix:log{n}")
    for number in range(2):
        assert simulator.place(number, "log ready to open") == f"unix:{tmp_path}/log{number}"
        log = join(clients, simulator.place(number, "log ready to open"))
        assert log.read_until(b"at-init: v5.0.0.0 (3258eee)\r\n").startswith(b"rst:0x1 (POWERON_RESET),")
        commands = join(clients, simulator.place(number))
        assert commands.read_until(b"ready\r\n") == b"\r\nready\r\n"
        assert commands.command(b"AT") == b"\r\nOK\r\n"
