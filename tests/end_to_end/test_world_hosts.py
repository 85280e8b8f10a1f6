"""A world with a host in it, over the serial port: no other program takes part."""

import re
from pathlib import Path

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import Client, run_espat

OK = b"\r\nOK\r\n"
README = Path(__file__).parents[2] / "README.md"


def world_of_the_readme() -> str:
    """The world file that the README shows."""
    blocks = re.findall(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (world,) = (block for block in blocks if "[[host]]" in block)
    return str(world)


def test_the_host_of_the_readme_echoes_and_tells_the_time(start: Start, tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text(world_of_the_readme(), encoding="utf-8")
    assert run_espat("check", "world.toml", directory=tmp_path).returncode == 0
    simulator = start("--world", "world.toml", "--offline")
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
