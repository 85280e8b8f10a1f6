"""Two modules on serial ports of this machine: one joins the other's softAP, and they talk."""

import re
import resource
from pathlib import Path
from random import Random
from typing import Final

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import Client, run_espat
from tests.texts import JOIN_LAB, JOINED, OK

SIZE: Final = 100_000
BLOCK: Final = 8192


def send(client: Client, data: bytes) -> None:
    """Send one block over link 0."""
    assert client.command(b"AT+CIPSEND=0,%d" % len(data), b">") == b"\r\nOK\r\n\r\n>"
    client.write(data)
    assert client.read_until(b"SEND OK\r\n") == b"\r\nRecv %d bytes\r\n\r\nSEND OK\r\n" % len(data)


def receive(client: Client, count: int) -> bytes:
    """So many bytes that arrive on link 0, and no wrong one around them."""
    data = b""
    while len(data) < count:
        head = client.read_until(b":")
        found = re.fullmatch(rb"\r\n\+IPD,0,(\d+):", head)
        assert found is not None, head
        data += client.serial.read(int(found[1]))
        assert client.serial.read(2) == b"\r\n"
    return data


def test_one_joins_the_other_and_a_hundred_kilobytes_go_each_way(start: Start) -> None:
    simulator = start("--modules", "2")
    with Client(simulator.port(0)) as server, Client(simulator.port(1)) as client:
        for each in (server, client):
            each.started()
            assert each.command(b"AT+CIPMUX=1") == OK
        for line in (b"AT+CWMODE=2", b'AT+CWSAP="lab","12345678",5,3', b"AT+CIPSERVER=1,333"):
            assert server.command(line) == OK
        assert client.command(b"AT+CWMODE=1") == OK
        assert client.command(JOIN_LAB) == JOINED
        came = server.read_until(b'"192.168.4.2"\r\n')
        assert re.fullmatch(rb'\+STA_CONNECTED:"([0-9a-f:]{17})"\r\n\+DIST_STA_IP:"\1","192\.168\.4\.2"\r\n', came)
        assert client.command(b'AT+CIPSTART=0,"TCP","192.168.4.1",333') == b"0,CONNECT\r\n" + OK
        assert server.read_until(b"CONNECT\r\n") == b"0,CONNECT\r\n"
        for seed, (sender, receiver) in enumerate(((client, server), (server, client))):
            data = Random(seed).randbytes(SIZE)
            for at in range(0, SIZE, BLOCK):
                block = data[at : at + BLOCK]
                send(sender, block)
                assert receive(receiver, len(block)) == block
        assert client.command(b"AT+CWQAP") == b"WIFI DISCONNECT\r\n0,CLOSED\r\n" + OK
        assert server.read_until(b"\r\n").startswith(b"+STA_DISCONNECTED:")


WORLD = """
[[module]]
mac = "24:6f:28:00:00:10"
link = "softap"
[[module]]
link = "wire{n}"
[[station]]
mac = "f8:87:f1:0f:35:3b"
joins = "lab"
password = "12345678"
"""


def test_the_modules_and_stations_of_the_world(start: Start, tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text(WORLD, encoding="utf-8")
    simulator = start("--world", "world.toml")
    assert (simulator.port(0), simulator.port(1)) == (tmp_path / "softap", tmp_path / "wire1")
    with Client(simulator.port(0)) as client:
        client.started()
        assert client.command(b"AT+CIPSTAMAC?") == b'+CIPSTAMAC:"24:6f:28:00:00:10"\r\n' + OK
        assert client.command(b"AT+CWMODE=2") == OK
        assert client.command(b'AT+CWSAP="lab","12345678",5,3') == OK
        assert client.read_until(b'.2"\r\n') == (
            b'+STA_CONNECTED:"f8:87:f1:0f:35:3b"\r\n+DIST_STA_IP:"f8:87:f1:0f:35:3b","192.168.4.2"\r\n'
        )


def test_the_command_line_may_want_more_modules_and_other_links(start: Start, tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text(WORLD, encoding="utf-8")
    simulator = start("--world", "world.toml", "--modules", "3", "--link", "mine{n}")
    assert [simulator.port(number) for number in range(3)] == [tmp_path / f"mine{number}" for number in range(3)]


def test_links_that_clash(tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text('[[module]]\n[[module]]\nlink = "./ttyESP0"\n', encoding="utf-8")
    ended = run_espat("run", "--world", "world.toml", directory=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.startswith("espat run: --world: two modules have the same link\n")
    ended = run_espat("run", "--world", "world.toml", "--link", "one", directory=tmp_path)
    assert ended.returncode == 2
    assert "needs {n}" in ended.stderr


def test_modules_of_two_firmwares(start: Start, tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text('[[module]]\ndialect = "esp8266-v0.30"\n[[module]]\n', encoding="utf-8")
    simulator = start("--world", "world.toml")
    with Client(simulator.port(0)) as old, Client(simulator.port(1)) as new:
        for each in (old, new):
            assert each.read_until(b"ready\r\n") == b"\r\nready\r\n"
            each.serial.write(b"AT+GMR\r\n")
        assert old.read_until(b"OK\r\n") == (
            b"AT+GMR\r\r\nAT version:0.30.0.0(Jul  3 2015 19:35:49)\r\nSDK version:1.2.0\r\n"
            b"compile time:Jul  7 2015 18:34:26\r\nOK\r\n"
        )
        assert new.read_until(b"OK\r\n").startswith(b"AT+GMR\r\nAT version:5.0.0.0(")


def test_the_command_line_says_the_firmware_of_every_module(start: Start, tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text('[[module]]\ndialect = "esp8266-v0.30"\n[[module]]\n', encoding="utf-8")
    simulator = start("--world", "world.toml", "--dialect", "esp8266-v1.7")
    for number in range(2):
        simulator.booted(number)
    with Client(simulator.port(0)) as first, Client(simulator.port(1)) as second:
        for each in (first, second):
            each.serial.write(b"AT+GMR\r\n")
            assert b"AT version:1.7.4.0(" in each.read_until(b"OK\r\n")


def test_more_modules_than_open_files_are_allowed_at_first(start: Start) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    try:
        simulator = start("--modules", "100")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with Client(simulator.port(99)).started() as last:
        assert last.command(b"AT") == b"\r\nOK\r\n"
