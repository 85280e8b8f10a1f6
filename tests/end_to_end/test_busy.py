r"""Where `busy p...` is seen, and where it is not: what is typed while a command runs is answered so, and lost.

Each write of pyserial is one chunk for the module as long as it waits for the one before to be answered.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import LIMIT, Client

SLOW_JOIN = """
[[access_point]]
ssid = "espressif"
password = "1234567890"

[timing]
join = "2s"
"""


def slow_to_join(start: Start, tmp_path: Path) -> Path:
    """A module that takes its time to join; returns its port."""
    (tmp_path / "world.toml").write_text(SLOW_JOIN)
    return start("--world", "world.toml").port()


@contextmanager
def linked(start: Start) -> Iterator[tuple[Client, socket.socket]]:
    """A client whose module has a TCP link to this test, and the test's end of it."""
    with socket.create_server(("127.0.0.1", 0)) as server, Client(start().port()) as client:
        client.started().join()
        opened = client.command(b'AT+CIPSTART="TCP","127.0.0.1",%d' % server.getsockname()[1])
        assert opened == b"CONNECT\r\n\r\nOK\r\n"
        with server.accept()[0] as connection:
            connection.settimeout(LIMIT)
            yield client, connection


def test_a_second_line_in_the_same_write_is_refused_before_the_first_is_answered(start: Start) -> None:
    with Client(start().port()) as client:
        client.started()
        client.write(b"AT\r\nAT\r\n")
        assert client.read_until(b"OK\r\n") == b"AT\r\n\r\nbusy p...\r\n\r\nOK\r\n"
        assert client.command(b"AT") == b"\r\nOK\r\n"


def test_every_write_is_refused_once_while_the_module_joins(start: Start, tmp_path: Path) -> None:
    with Client(slow_to_join(start, tmp_path)) as client:
        client.started()
        assert client.command(b"AT+CWMODE=1") == b"\r\nOK\r\n"
        join = b'AT+CWJAP="espressif","1234567890"\r\n'
        client.write(join)
        assert client.read_until(join) == join
        for line in (b"AT\r\n", b"?\r\n", b"AT+CWMODE?\r\nAT+GMR\r\n"):
            client.write(line)
            assert client.read_until(b"busy p...\r\n") == b"\r\nbusy p...\r\n"
        assert client.read_until(b"OK\r\n") == b"WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n"
        client.write(b"?\r\n")
        assert client.read_until(b"ERROR\r\n") == b"?\r\n\r\nERROR\r\n"
        assert client.command(b"AT") == b"\r\nOK\r\n"


def test_only_a_restart_is_obeyed_while_the_module_joins(start: Start, tmp_path: Path) -> None:
    with Client(slow_to_join(start, tmp_path)) as client:
        client.started()
        assert client.command(b"AT+CWMODE=1") == b"\r\nOK\r\n"
        join = b'AT+CWJAP="espressif","1234567890"\r\n'
        client.write(join)
        assert client.read_until(join) == join
        client.write(b"AT+RST\r\n")
        assert client.read_until(b"ready\r\n") == b"\r\nWill force to restart!!!\r\n\r\nOK\r\n\r\nready\r\n"
        assert client.command(b"AT") == b"\r\nOK\r\n"


def test_what_is_too_much_for_a_send_is_refused_before_the_receipt(start: Start) -> None:
    with linked(start) as (client, connection):
        assert client.command(b"AT+CIPSEND=4", b">") == b"\r\nOK\r\n\r\n>"
        client.write(b"testAT+GMR\r\n")
        printed = client.read_until(b"SEND OK\r\n")
        assert printed == b"\r\nbusy p...\r\n\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n"
        assert connection.recv(100) == b"test"
        assert client.command(b"AT") == b"\r\nOK\r\n"


def test_nothing_is_refused_while_a_send_waits_for_its_bytes(start: Start) -> None:
    with linked(start) as (client, connection):
        assert client.command(b"AT+CIPSEND=8", b">") == b"\r\nOK\r\n\r\n>"
        client.write(b"AT\r\n")
        connection.sendall(b"meanwhile")
        assert client.read_until(b"while\r\n") == b"\r\n+IPD,9:meanwhile\r\n"
        client.write(b"AT\r\n")
        assert client.read_until(b"SEND OK\r\n") == b"\r\nRecv 8 bytes\r\n\r\nSEND OK\r\n"
        assert connection.recv(100) == b"AT\r\nAT\r\n"
