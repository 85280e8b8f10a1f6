"""Reading transcripts: what is accepted, and how a mistake is told."""

from pathlib import Path

import pytest

from simulator.scenario.playing.player import prepare
from simulator.scenario.transcript import Place, Step, TranscriptError, read_transcript
from tests.programs import need_program

DOCUMENTED = sorted((Path(__file__).parents[2] / "scenarios" / "documented").glob("*.yaml"))

HEAD = """\
title: 'A session'
dialect: esp32-v5
modules: [A]
world: {}
vars: {IP: '192.168.3.112'}
steps:
"""


def write(tmp_path: Path, text: str) -> Path:
    """A transcript file."""
    path = tmp_path / "session.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", DOCUMENTED, ids=lambda path: path.stem)
async def test_every_documented_session_can_be_read_and_prepared(path: Path) -> None:
    if "ssl" in path.stem:
        need_program("openssl", "openssl")
    async with prepare(read_transcript(path)) as player:
        assert "[hosts]" in player.world


def test_steps_know_their_line_number_and_module(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        HEAD
        + "  - {send: 'AT'}\n"
        + "  - expect:\n      - ''\n      - 'OK'\n    blanks: lenient\n    note: 'why'\n"
        + "  - {world: 'a peer waits', do: accept, peer: pc, optional: true}\n"
        + "setup:\n  - {send: 'AT+RST', added: true}\n",
    )
    assert read_transcript(path).steps == (
        Step("send", "AT+RST", {}, "A", False, Place(str(path), 15, "setup step 1")),
        Step("send", "AT", {}, "A", False, Place(str(path), 7, "step 1")),
        Step("expect", ["", "OK"], {"blanks": "lenient"}, "A", False, Place(str(path), 8, "step 2")),
        Step("accept", None, {"peer": "pc"}, "A", True, Place(str(path), 13, "step 3")),
    )


MISTAKES = {
    "title: x\n": "1: the file: 'dialect' is missing",
    "just a text\n": "1: the file: found 'just a text'; a mapping would be right",
    "": "1: the file: found None; a mapping would be right",
    HEAD + "  - {send: 'AT'}\nstep: []\n": (
        "8: step: unknown key; known are title, source, dialect, kind, needs, modules, roles, world, vars, "
        "may_also_see, setup, steps, same_as, doubts"
    ),
    HEAD + "  - {send: 'AT'}\nsetup: 3\n": "8: setup: found 3; a list would be right",
    HEAD + "  - {send: 7}\n": "7: step 1: send: found 7; a text would be right",
    HEAD + "  - AT\n": "7: step 1: found 'AT'; a mapping would be right",
    HEAD + "  - {send: AT}\n  - {send: 'AT', expect: ['OK']}\n": (
        "8: step 2: exactly one of send, send_raw, send_raw_hex, expect, expect_set, expect_raw, expect_chunks, "
        "peer_receives, peer_sends, pause_ms, world makes a step; found send and expect"
    ),
    HEAD + "  - {note: 'nothing'}\n": (
        "7: step 1: exactly one of send, send_raw, send_raw_hex, expect, expect_set, expect_raw, expect_chunks, "
        "peer_receives, peer_sends, pause_ms, world makes a step; found none"
    ),
    HEAD + "  - {expect: ['', 7]}\n": "7: step 1: expect: found 7; a text would be right",
    HEAD + "  - {expect: OK}\n": "7: step 1: expect: found 'OK'; a list would be right",
    HEAD + "  - {pause_ms: true}\n": "7: step 1: pause_ms: found True; a number would be right",
    HEAD + "  - {send: 'AT', optional: 1}\n": "7: step 1: optional: found 1; true or false would be right",
    HEAD + "  - {send: 'AT', module: B}\n": "7: step 1: module: found 'B'; A would be right",
    HEAD + "  - {world: 'something happens'}\n": "7: step 1: a 'world' step needs 'do' with the name of a verb",
    HEAD.replace("[A]", "[A, B]") + "  - {send: 'AT'}\n": (
        "7: step 1: module: needed in a file with several; A or B would be right"
    ),
    HEAD.replace("[A]", "[]") + "  []\n": "3: modules: at least one module is needed",
    HEAD.replace("'192.168.3.112'", "7") + "  []\n": "5: vars: IP: found 7; a text would be right",
    HEAD.replace("{}", "{peers: [{ip: '1.2.3.4'}]}") + "  []\n": (
        "4: world: peers: id: found None; a text would be right"
    ),
    HEAD.replace("{}", "{peers: [{id: pc, speed: 3}]}") + "  []\n": (
        "4: world: peers: unknown key 'speed'; known are id, ip, host, serves, refuses, user, password, path, "
        "udp_port, client_auth, ca, cert, client_cert, addr, mac, ble, bt, app, wifi, tools, network"
    ),
    HEAD.replace("{}", "{services: {gopher: 1}}") + "  []\n": (
        "4: world: services: unknown key 'gopher'; known are sntp, sntp_servers"
    ),
    HEAD.replace("{}", "{services: {sntp: 1}}") + "  []\n": "4: world: services: sntp: found 1; a text would be right",
    HEAD + "  - {send: 'AT'\n": "8: not YAML: expected ',' or '}', but got '<stream end>'",
}


@pytest.mark.parametrize(("text", "error"), MISTAKES.items())
def test_a_mistake_is_told_with_file_line_and_step(tmp_path: Path, text: str, error: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(TranscriptError) as raised:
        read_transcript(path)
    assert str(raised.value) == f"{path}:{error}"


UNPLAYABLE = {
    HEAD
    + "  - {world: 'magic', do: conjure}\n": "7: step 1: 'conjure' cannot be played; what can: accept, advance_time, ",
    HEAD + "  - {send: 'AT', speed: 3}\n": "7: step 1: send: 'speed' cannot be played; what can: -",
    HEAD + "  - {world: 'joined', do: accept}\n": "7: step 1: accept: peer is missing",
    HEAD + "  - {world: 'joined', do: accept, peer: 3}\n": "7: step 1: accept: peer: found 3; a text would be right",
    HEAD + "  - {world: 'joined', do: accept, peer: pc, port: http}\n": (
        "7: step 1: accept: port: found 'http'; a number would be right"
    ),
    HEAD + "  - {world: 'served', do: serve, peer: pc, proto: dtls, port: 443}\n": (
        "7: step 1: serve: proto: found 'dtls'; 'tcp' or 'udp' or 'ssl' would be right"
    ),
    HEAD
    + "  - {expect: ['OK'], or: 'ERROR'}\n": "7: step 1: expect: or: found 'ERROR'; a list of texts would be right",
    HEAD + "  - {expect: ['OK'], blanks: strict}\n": (
        "7: step 1: expect: blanks: found 'strict'; 'lenient' would be right"
    ),
    HEAD + "  - {expect_raw: {body_of: png}}\n": (
        "7: step 1: expect_raw: found {'body_of': 'png'}; a text would be right"
    ),
    HEAD.replace("{}", "{advertisers: []}") + "  []\n": "4: world: advertisers cannot be played",
    HEAD.replace("{}", "{peers: [{id: pc, ip: '1.2.3.4', serves: 'mqtt 1883'}]}") + "  []\n": (
        "4: world: peer pc: serves: 'mqtt 1883' cannot be played; 'tcp PORT', 'udp PORT' and 'ssl PORT' can"
    ),
    HEAD.replace("{}", "{peers: [{id: pc, ip: '{{NOBODY}}'}]}") + "  []\n": (
        "4: world: variable NOBODY is not defined in vars"
    ),
    HEAD + "  []\nsame_as: 'other.yaml'\n": "8: same_as: no session of its own; it is that of other.yaml",
}


@pytest.mark.parametrize(("text", "error"), UNPLAYABLE.items())
async def test_what_cannot_be_played_is_told_before_anything_is_played(tmp_path: Path, text: str, error: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(TranscriptError) as raised:
        async with prepare(read_transcript(path)):
            pytest.fail("it was prepared")
    assert str(raised.value).startswith(f"{path}:{error}")
