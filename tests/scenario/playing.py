"""Plays scenarios that a test writes."""

from pathlib import Path

from espat.scenario.play.player import play, prepare
from espat.scenario.reading.scenario_file import read_scenario
from espat.scenario.stage.options import StageOptions

MEMORY = StageOptions()
SOCKETS = StageOptions(speed=1.0, sockets=True)
SETTINGS = {"in memory, stepped": MEMORY, "with sockets, real": SOCKETS}

HEAD = """\
title: 'A scenario'
world:
  access_points:
    - {ssid: lab, password: '12345678'}
  peers:
    - {id: pc, ip: '192.168.3.102', serves: 'tcp 8080'}
    - {id: meter, ip: '192.168.3.103', serves: 'udp 9090'}
vars: {STA_IP: '192.168.3.50', PC_IP: '192.168.3.102', LEN: '4', ANY: null}
may_also_see: ['re:\\+STA_CONNECTED.*', 're:\\+DIST_STA_IP.*']
"""
JOIN = """\
setup:
  - {send: 'ATE0'}
  - {expect: ['', 'OK']}
  - {send: 'AT+CWMODE=3'}
  - {expect: ['', 'OK']}
  - {send: 'AT+CWJAP="lab","12345678"'}
  - {expect: ['WIFI CONNECTED', 'WIFI GOT IP', '', 'OK']}
"""
FIRST = HEAD.count("\n") + 2
"""The line of the first step of `steps`, without JOIN."""
FIRST_JOINED = (HEAD + JOIN).count("\n") + 2
"""With it."""

OK = "{expect: ['', 'OK']}"
LINK = (
    '{send: \'AT+CIPSTART="TCP","{{PC_IP}}",8080\'}',
    "{expect: ['CONNECT', '', 'OK']}",
    "{do: peer.accept, peer: pc}",
)
SERVER = ("{send: 'AT+CIPMUX=1'}", OK, "{send: 'AT+CIPSERVER=1,80'}", OK)


def write(tmp_path: Path, text: str, name: str = "scenario.yaml") -> Path:
    """A scenario file."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def steps(*lines: str) -> str:
    """Steps, one on each line."""
    return "steps:\n" + "".join(f"  - {line}\n" for line in lines)


async def play_text(tmp_path: Path, text: str, setting: StageOptions = MEMORY) -> None:
    """Play a text. Raises PlayError, ScenarioError."""
    prepared = prepare(read_scenario(write(tmp_path, text)))
    assert not prepared.awaited
    await play(prepared, setting)
