"""A world with a host in it, over the serial port: no other program takes part."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import Client, run_espat
from tests.texts import OK

ROOT = Path(__file__).parents[2]


def documented_world(page: str) -> str:
    """The world file that a page shows; what has no keys is none."""
    pieces: list[str] = re.findall(r"```toml\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    (world,) = [piece for piece in pieces if tomllib.loads(piece)]
    return world


@pytest.mark.parametrize("page", ["README.md", "docs/world.md"])
def test_documented_worlds_are_right(page: str, tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text(documented_world(page), encoding="utf-8")
    assert run_espat("check", "world.toml", directory=tmp_path).returncode == 0


def test_the_documented_host_echoes_and_tells_the_time(start: Start, tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text(documented_world("docs/world.md"), encoding="utf-8")
    simulator = start("--world", "world.toml", "--offline", "--speed", "10")
    with Client(simulator.port()) as client:
        client.started().join()
        assert client.command(b'AT+PING="time.example"') == b"+PING:1\r\n" + OK
        assert client.command(b'AT+CIPSTART="TCP","time.example",7') == b"CONNECT\r\n" + OK
        assert client.command(b"AT+CIPSEND=5", b">") == OK + b"\r\n>"
        client.write(b"hello")
        assert client.read_until(b"hello\r\n") == b"\r\nRecv 5 bytes\r\n\r\nSEND OK\r\n\r\n+IPD,5:hello\r\n"
        assert client.command(b'AT+CIPSNTPCFG=1,530,"time.example"') == OK
        assert client.read_until(b"UPDATED\r\n") == b"+TIME_UPDATED\r\n"
        printed = client.command(b"AT+CIPSNTPTIME?")
        assert re.fullmatch(rb"\+CIPSNTPTIME:Thu Jan  1 05:3\d:\d\d 2026\r\nOK\r\n", printed)
