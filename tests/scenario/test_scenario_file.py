"""Reading scenarios: what is accepted, and how a mistake is told."""

import os
from pathlib import Path

import pytest

from espat.scenario.play.player import prepare, prepare_file
from espat.scenario.reading.scenario import Place, ScenarioError, Step
from espat.scenario.reading.scenario_file import STEPS_LIMIT, read_scenario
from tests.scenario.playing import FIRST, HEAD, write

DOCUMENTED = sorted((Path(__file__).parents[2] / "scenarios" / "documented").glob("*.yaml"))


def test_there_are_all_documented_sessions() -> None:
    assert len(DOCUMENTED) == 68


@pytest.mark.parametrize("path", DOCUMENTED, ids=lambda path: path.stem)
def test_every_documented_session_is_a_scenario_as_it_stands(path: Path) -> None:
    scenario = read_scenario(path)
    assert scenario.steps
    prepare(scenario)


def test_a_scenario_needs_little(tmp_path: Path) -> None:
    scenario = read_scenario(write(tmp_path, "title: x\nsteps: []\n"))
    assert (scenario.modules, scenario.dialect, scenario.attach) == (("A",), "esp32-v5", False)


def test_steps_know_their_line_number_and_module(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "title: x\nsteps:\n"
        "  - {send: 'AT'}\n"
        "  - expect:\n      - ''\n      - 'OK'\n    blanks: lenient\n    note: 'why'\n"
        "  - {world: 'a peer waits', do: accept, peer: pc, optional: true}\n"
        "  - {do: accept, peer: pc}\n"
        "setup:\n  - {send: 'AT+RST', added: true}\n",
    )
    assert read_scenario(path).steps == (
        Step("send", "AT+RST", {}, "A", False, Place(str(path), 12, "setup step 1")),
        Step("send", "AT", {}, "A", False, Place(str(path), 3, "step 1")),
        Step("expect", ["", "OK"], {"blanks": "lenient"}, "A", False, Place(str(path), 4, "step 2")),
        Step("accept", None, {"peer": "pc"}, "A", True, Place(str(path), 9, "step 3")),
        Step("accept", None, {"peer": "pc"}, "A", False, Place(str(path), 10, "step 4")),
    )


KINDS = (
    "send, send_raw, send_raw_hex, expect, expect_set, expect_raw, expect_chunks, peer_receives, peer_sends, pause_ms, "
    "world, do, repeat, include"
)
HERE = f"{FIRST}: step 1: "
MISTAKES = {
    "- {do: accept, peer: pd}": HERE + "accept: peer: unknown peer 'pd' (known: pc, meter)",
    "- {do: access_point.off, ssid: lib}": (
        HERE + "access_point.off: ssid: unknown access point 'lib' (did you mean 'lab'?)"
    ),
    "- {do: host.stop, host: x}": HERE + "host.stop: host: unknown host 'x' (known: pc, meter)",
    "- {do: dns.set, name: x, address: y}": (HERE + "dns.set: address: expected an IPv4 address, got 'y'"),
    "- {do: wait_for, event: station.gotip}": (
        HERE + "wait_for: event: unknown event 'station.gotip' (did you mean 'station.got_ip'?)"
    ),
    "- {do: wait_for}": (HERE + "wait_for: expected one of module_prints, command, event, got none"),
    "- {do: wait_for, command: AT, module_prints: OK}": (
        HERE + "wait_for: expected one of module_prints, command, event, got module_prints and command"
    ),
    "- {expect: ['{{BNY}}']}": (HERE + "expect: unknown variable 'BNY' (did you mean 'ANY'?)"),
    "- {include: there-is-none.yaml}": (HERE + "include: expected a file that is there, got 'there-is-none.yaml'"),
    "just a text\n": "1: the file: expected a table, got 'just a text'",
    "": "1: the file: expected a table, got nothing",
    "a: [\n": None,
    "title: x\n": "1: the file: missing key 'steps' (a list of steps)",
    "title: x\nsteps: []\nstep: []\n": "3: step: unknown key 'step' (did you mean 'steps'?)",
    "title: x\nsteps: 3\n": "2: steps: expected a list of steps, got 3",
    "title: x\nworld: 3\nsteps: []\n": "2: world: expected a table or a text, got 3",
    "title: x\nsteps: []\nmodules: []\n": "3: modules: expected at least one name, and each once, got none",
    "title: x\nsteps: []\nmodules: [A, A]\n": "3: modules: expected at least one name, and each once, got A, A",
    "title: x\nsteps: []\nroles: {B: phone}\n": "3: roles: unknown module 'B' (known: A)",
    "title: x\nsteps: []\nvars: {IP: 7}\n": "3: vars: IP: expected a text, got 7",
    "title: x\nsteps: []\nvars: {'a b': x}\n": (
        "3: vars: expected a name of letters, digits and underlines, got 'a b'"
    ),
    "title: x\nsteps: []\ndialect: esp9\n": (
        "3: dialect: "
        "expected one of 'esp32-v5', 'esp8266-v0.30', 'esp8266-v1.7', 'ai-thinker', 'tencent-tc', got 'esp9'"
    ),
    "title: x\nmodules: [A, B]\nsteps:\n  - {send: 'AT'}\n": (
        "4: step 1: missing key 'module', which of several (known: A, B)"
    ),
    "- {send: 7}": HERE + "send: expected a text, got 7",
    "- AT": HERE + "expected a table, got 'AT'",
    "- {send: 'AT', expect: ['OK']}": HERE + f"expected exactly one of {KINDS}, got send and expect",
    "- {note: 'nothing'}": HERE + f"expected exactly one of {KINDS}, got none",
    "- {within: 3}": HERE + f"unknown step 'within' (known: {KINDS})",
    "- {expect: ['', 7]}": HERE + "expect: expected a list of texts, got 7 in it",
    "- {expect: OK}": HERE + "expect: expected a list, got 'OK'",
    "- {pause_ms: true}": HERE + "pause_ms: expected a number, got true",
    "- {pause_ms: -1}": HERE + "pause_ms: expected a number of milliseconds, got -1",
    "- {send: 'AT', optional: 1}": HERE + "optional: expected true or false, got 1",
    "- {send: 'AT', module: B}": HERE + "module: unknown module 'B' (known: A)",
    "- {world: 'something happens'}": HERE + "missing key 'do' (the name of a verb)",
    "- {do: conjure}": None,
    "- {do: access_point.of, ssid: lab}": (HERE + "unknown verb 'access_point.of' (did you mean 'access_point.off'?)"),
    "- {do: access_point.off, sid: lab}": HERE + "access_point.off: unknown argument 'sid' (did you mean 'ssid'?)",
    "- {do: access_point.off}": HERE + "access_point.off: missing argument 'ssid'",
    "- {do: module.reset, pin: 3}": HERE + "module.reset: unknown argument 'pin'",
    "- {send: 'AT', speed: 3}": HERE + "send: unknown argument 'speed'",
    "- {do: accept, peer: 3}": HERE + "accept: peer: expected a text, got 3",
    "- {do: accept, peer: pc, port: http}": HERE + "accept: port: expected a whole number from 1 to 65535, got 'http'",
    "- {do: accept, peer: pc, port: 65536}": HERE + "accept: port: expected a whole number from 1 to 65535, got 65536",
    "- {do: serve, peer: pc, proto: sctp, port: 1}": (
        HERE + "serve: proto: expected 'tcp' or 'udp' or 'ssl' or 'mqtt' or 'mqtts', got 'sctp'"
    ),
    "- {do: clock.advance, time: soon}": (
        HERE + "clock.advance: time: expected a duration like 10s, 250ms, 5min, 2h or 1d, got 'soon'"
    ),
    "- {do: clock.advance, time: 900d}": (
        HERE + "clock.advance: time: expected a duration like 10s, 250ms, 5min, 2h or 1d, of at most a year, got '900d'"
    ),
    "- {expect: ['OK'], or: 'ERROR'}": HERE + "expect: or: expected a list of texts, got 'ERROR'",
    "- {expect: ['OK', 're:(']}": (
        HERE + "expect: not a regular expression: missing ), unterminated subpattern at position 0"
    ),
    "- {do: wait_for, module_prints: 're:a**'}": (
        HERE + "wait_for: not a regular expression: multiple repeat at position 2"
    ),
    "- {expect: ['OK'], blanks: strict}": HERE + "expect: blanks: expected 'lenient', got 'strict'",
    "- {send_raw_hex: 'abc'}": HERE + "send_raw_hex: expected pairs of hexadecimal digits, got 'abc'",
    "- {repeat: 3}": HERE + "steps: expected a list of steps, got nothing",
    "- {repeat: -1, steps: []}": HERE + "repeat: expected a whole number from 0 to 100000, got -1",
    "- {repeat: 2, as: 'a b', steps: []}": HERE + "as: expected the name of a variable, got 'a b'",
    "- {repeat: 2, steps: [{send: 'AT'}, {sent: 'AT'}]}": (
        f"{FIRST}: step 1, step 2: unknown step 'sent' (did you mean 'send'?)"
    ),
    "- {include: '/etc/passwd'}": HERE + "expected a path to a .yaml file from this one, got '/etc/passwd'",
    "- {include: 'other.yaml', with: x}": None,
    "- {include: 'other.yaml', module: A}": HERE + "include: expected 'module' in the steps themselves, got it here",
    "- {repeat: 2, optional: true, steps: []}": (
        HERE + "repeat: expected 'optional' in the steps themselves, got it here"
    ),
    "- {repeat: 2, steps: [], until: x}": HERE + "repeat: unknown key 'until' (known: steps, as)",
    "- {do: module.reset, optional: true}": (
        HERE + "module.reset: expected an expect, which may be left out, got optional: true"
    ),
    "- {do: quiet, ms: 5, time: 5s}": HERE + "quiet: expected one of ms and time, got both",
    "- {do: peer.accept, peer: pc, proto: tcp, client_cert: true}": (
        HERE + "peer.accept: expected proto ssl with client_cert, got tcp"
    ),
    "- {do: peer.connect, peer: pc, port: 1, client_cert: true}": (
        HERE + "peer.connect: expected proto ssl with client_cert, got tcp"
    ),
    "- {do: peer.serve, peer: pc, port: 1, proto: udp, client_auth: required}": (
        HERE + "peer.serve: expected proto ssl or mqtts with client_auth, got udp"
    ),
    "- {do: peer.accept, peer: pc, client_id: lamp}": (
        HERE + "peer.accept: expected proto mqtt with client_id, got tcp"
    ),
    "- {do: broker.publish, host: pc, topic: 'lamp/#'}": (
        HERE + "broker.publish: expected a topic without wildcards, got 'lamp/#'"
    ),
    "- {peer_sends: 'x', data: 'y', peer: pc}": HERE + "peer_sends: expected the data once, got it twice",
    "- {do: peer.send, peer: pc}": HERE + "peer.send: missing argument 'data'",
    "- {do: peer.receive, peer: pc, data: x, from_port: 5}": (
        HERE + "peer.receive: expected proto udp with from_port, got tcp"
    ),
    "[]\nreactions: [{when: {at: 1s, nth: 2}, do: []}]\n": (
        f"{FIRST}: reaction 1: when: expected at alone, which comes once, got 'nth' with it"
    ),
    "- {include: 'scenario.yaml'}": HERE + "include: expected another file, got scenario.yaml, which includes itself",
    "[]\nattach: true\n": None,
    "[]\nreactions: [{when: {at: 1s}}]\n": f"{FIRST}: reaction 1: do: expected a list of steps, got nothing",
    "[]\nreactions: [{when: {sometimes: x}, do: []}]\n": (
        f"{FIRST}: reaction 1: when: unknown key 'sometimes' (known: module_prints, command, event, at, nth, module)"
    ),
    "[]\nreactions: [{when: {event: station.gone}, do: []}]\n": (
        f"{FIRST}: reaction 1: event: unknown event 'station.gone' (did you mean 'station.got_ip'?)"
    ),
    "[]\nreactions: [{when: {module_prints: 're:['}, do: []}]\n": (
        f"{FIRST}: reaction 1: not a regular expression: unterminated character set at position 0"
    ),
    "title: x\nsteps: []\nmay_also_see: ['re:)']\n": (
        "3: may_also_see: not a regular expression: unbalanced parenthesis at position 0"
    ),
    "[]\nreactions: [{when: {command: AT, nth: 0}, do: []}]\n": (
        f"{FIRST}: reaction 1: nth: expected a whole number from 1 to 2147483648, got 0"
    ),
    "[]\nreactions: [{when: {at: 1s}, do: [{do: module.rest}]}]\n": (
        f"{FIRST}: reaction 1, step 1: unknown verb 'module.rest' (did you mean 'module.reset'?)"
    ),
}


@pytest.mark.parametrize(("text", "error"), MISTAKES.items())
def test_a_mistake_is_told_with_file_line_and_step(tmp_path: Path, text: str, error: str | None) -> None:
    if text.startswith("- "):
        text = HEAD + "steps:\n  " + text + "\n"
    elif text.startswith("[]"):
        text = HEAD + "steps: " + text
    path = write(tmp_path, text)
    if error is None and "attach" in text:
        assert read_scenario(path).attach
        return
    with pytest.raises(ScenarioError) as raised:
        prepare(read_scenario(path))
    if error is not None:
        assert str(raised.value) == f"{path}:{error}"
    else:
        assert str(raised.value).startswith(f"{path}:")


def test_all_mistakes_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, "title: x\nsteps:\n  - {send: 1}\n  - {sent: 'AT'}\nvars: {A: 1}\n")
    with pytest.raises(ScenarioError) as raised:
        read_scenario(path)
    assert [line.removeprefix(f"{path}:")[:2] for line in str(raised.value).splitlines()] == ["5:", "3:", "4:"]


def test_mistakes_of_every_kind_are_told_at_once_and_by_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """\
title: x
wrld: {}
world:
  access_points: [{ssid: lab}]
  peers: [{id: pc}]
reactions:
  - when: {event: station.gotip}
    do: [{do: access_point.of, ssid: lab}]
steps:
  - {snd: 'AT'}
  - {send: '{{NME}}'}
  - {do: access_point.off, ssid: lib}
  - {do: peer.close, peer: px}
  - {do: quiet, tme: 1s}
  - {include: none.yaml}
vars: {NAME: x}
""",
    )
    with pytest.raises(ScenarioError) as raised:
        prepare_file(path)
    lines = [line.removeprefix(f"{path}:") for line in str(raised.value).splitlines()]
    assert lines == [
        "2: wrld: unknown key 'wrld' (did you mean 'world'?)",
        "7: reaction 1: event: unknown event 'station.gotip' (did you mean 'station.got_ip'?)",
        "8: reaction 1, step 1: unknown verb 'access_point.of' (did you mean 'access_point.off'?)",
        "10: step 1: unknown step 'snd' (did you mean 'send'?)",
        "11: step 2: send: unknown variable 'NME' (did you mean 'NAME'?)",
        "12: step 3: access_point.off: ssid: unknown access point 'lib' (did you mean 'lab'?)",
        "13: step 4: peer.close: peer: unknown peer 'px' (known: pc)",
        "14: step 5: quiet: unknown argument 'tme' (did you mean 'time'?)",
        "15: step 6: include: expected a file that is there, got 'none.yaml'",
    ]


WORLDS = {
    "{access_points: [{ssid: lab, auth: 99}]}": (
        "2: world: access_point#1.auth: expected a name, or a number of AT+CWLAP from 0 to 15, got 99"
    ),
    "{access_points:\n  [{ssid: lab,\n    password: 'short'}]}": (
        "4: world: access_point#1.password: "
        "expected 8 to 63 bytes or 64 hexadecimal digits, as security is wpa2-psk, got 5 bytes"
    ),
    "{access_points: [{sid: lab}]}": None,
    "{acces_point: []}": "2: world: unknown key 'acces_point' (did you mean 'access_point'?)",
    "{peers: {a: b}}": "2: world: peers: expected a list of tables, [[peers]] in a world file, got a table",
    "{peers: [x]}": "2: world: peers#1: expected a table, got 'x'",
    "{peers: [{ip: '1.2.3.4'}]}": "2: world: peers#1: missing key 'id' (a text)",
    "{peers: [{id: pc, speed: 3}]}": None,
    "{peers: [{id: pc}, {id: pc}]}": "2: world: peers#2.id: expected an id of its own, got that of peers#1",
    "{peers: [{id: pc, ip: '1.2.3'}]}": (
        "2: world: peers#1.ip: expected an IPv4 address like '192.168.3.102', got '1.2.3'"
    ),
    "{peers: [{id: pc, serves: 'sctp 9'}]}": (
        "2: world: peers#1.serves: expected 'tcp 80', 'udp 53' or 'ssl 443', or a list of these, got 'sctp 9'"
    ),
    "{peers: [{id: pc, serves: [3]}]}": (
        "2: world: peers#1.serves: expected 'tcp 80', 'udp 53' or 'ssl 443', or a list of these, got 3"
    ),
    "{peers: [{id: pc, ip: '{{NOBODY}}'}]}": "2: world: unknown variable 'NOBODY'",
    "missing.toml": None,
}


@pytest.mark.parametrize(("world", "error"), WORLDS.items())
def test_a_mistake_in_the_world_is_told_with_file_and_line(tmp_path: Path, world: str, error: str | None) -> None:
    path = write(tmp_path, f"title: x\nworld: {world}\nsteps: []\n")
    with pytest.raises(ScenarioError) as raised:
        prepare(read_scenario(path))
    if error is None:
        assert str(raised.value).startswith(f"{path}:2: world: ")
    else:
        assert str(raised.value) == f"{path}:{error}"


def test_a_scenario_that_is_left_to_firmware_types_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "title: x\nattach: true\nsteps:\n  - {send: 'AT'}\n")
    with pytest.raises(ScenarioError, match="4: step 1: send: the serial port is left to somebody else by 'attach'"):
        read_scenario(path)


def test_files_that_include_each_other(tmp_path: Path) -> None:
    write(tmp_path, "steps:\n  - {include: 'scenario.yaml'}\n", "other.yaml")
    path = write(tmp_path, "title: x\nsteps:\n  - {include: 'other.yaml'}\n")
    with pytest.raises(
        ScenarioError,
        match=r"other.yaml:2: step 1: include: expected another file, got scenario.yaml, which includes itself",
    ):
        read_scenario(path)


def test_a_chain_of_files(tmp_path: Path) -> None:
    for number in range(20):
        write(tmp_path, f"title: x\nsteps:\n  - {{include: '{number + 1}.yaml'}}\n", f"{number}.yaml")
    with pytest.raises(ScenarioError, match="expected at most 8 files inside each other, got more"):
        read_scenario(tmp_path / "0.yaml")


def test_files_that_are_each_other(tmp_path: Path) -> None:
    path = write(tmp_path, "title: x\nsame_as: other.yaml\n")
    write(tmp_path, "title: y\nsame_as: scenario.yaml\n", "other.yaml")
    with pytest.raises(ScenarioError, match=r"expected another file, got scenario.yaml, which is the same as this one"):
        read_scenario(path)


def test_a_million_steps_are_refused(tmp_path: Path) -> None:
    inner = "{repeat: 1000, steps: [{send: 'AT'}]}"
    path = write(tmp_path, f"title: x\nsteps:\n  - {{repeat: 1000, steps: [{inner}]}}\n")
    too_many = f"3: step 1, step 1, step 1: expected at most {STEPS_LIMIT} steps to play, got more"
    with pytest.raises(ScenarioError, match=too_many):
        read_scenario(path)


def test_a_million_steps_in_files_that_are_included_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "steps:\n  - {repeat: 1000, steps: [{send: 'AT'}]}\n", "0.yaml")
    for number in range(1, 4):
        body = f"  - {{include: '{number - 1}.yaml'}}\n" * 8
        write(tmp_path, f"title: x\nsteps:\n{body}", f"{number}.yaml")
    with pytest.raises(ScenarioError, match=f"expected at most {STEPS_LIMIT} steps to play, got more"):
        read_scenario(tmp_path / "3.yaml")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="1: the file: cannot be read"):
        read_scenario(tmp_path / "missing.yaml")


def test_what_never_ends_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    os.mkfifo(path)
    with pytest.raises(ScenarioError, match=r"s.yaml:1: the file: expected a regular file, got something else"):
        read_scenario(path)


@pytest.mark.parametrize(
    ("claim", "problem"),
    [
        ("refuses: 1", "peers#1.refuses: expected true or false, got 1"),
        ("client_auth: maybe", "peers#1.client_auth: expected 'required', got 'maybe'"),
        ("wifi: 3", "peers#1.wifi: expected a text, got 3"),
        (
            "serves: 'tcp 80', user: me",
            "peers#1: expected mqtt or mqtts or http or https or ws-echo or wss-echo or wss among what it serves, "
            "with 'user', got none",
        ),
    ],
)
def test_nothing_is_said_of_a_peer_that_it_does_not_keep(tmp_path: Path, claim: str, problem: str) -> None:
    path = write(tmp_path, f"title: x\nsteps: []\nworld:\n  peers: [{{id: pc, {claim}}}]\n")
    with pytest.raises(ScenarioError) as raised:
        prepare(read_scenario(path))
    assert str(raised.value) == f"{path}:4: world: {problem}"


@pytest.mark.parametrize(
    ("world", "problem"),
    [
        ("stored: false, access_points: [{ssid: a}]", "stored: expected true or a sentence, got false"),
        ("stored: true", "expected an access point with stored, got none"),
        (
            "stored: true, access_points: [{ssid: a}], module: [{}]",
            "expected 'joined' in module, got stored and module",
        ),
    ],
)
def test_what_modules_have_stored_is_said_once_and_can_be(tmp_path: Path, world: str, problem: str) -> None:
    path = write(tmp_path, f"title: x\nsteps: []\nworld: {{{world}}}\n")
    with pytest.raises(ScenarioError) as raised:
        prepare(read_scenario(path))
    assert str(raised.value) == f"{path}:3: world: {problem}"


def test_what_a_build_must_have_is_looked_for(tmp_path: Path) -> None:
    path = write(tmp_path, "title: x\nsteps: []\nneeds: [ethernet]\nworld:\n  peers: [{id: p, ble: central}]\n")
    assert [each.problem for each in prepare(read_scenario(path)).awaited] == [
        f"{path}:3: needs: AT+CIPETH is not built yet",
        f"{path}:5: world: a peer with ble is not built yet",
    ]
