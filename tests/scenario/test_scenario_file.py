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
    "- {do: accept, peer: pd}": HERE + "accept: peer: found 'pd'; one of pc, meter would be right",
    "- {do: access_point.off, ssid: lib}": HERE + "access_point.off: ssid: found 'lib'; lab would be right",
    "- {do: host.stop, host: x}": HERE + "host.stop: host: found 'x'; one of pc, meter would be right",
    "- {do: dns.set, name: x, address: y}": (HERE + "dns.set: address: found 'y'; an IPv4 address would be right"),
    "- {do: wait_for, event: station.gotip}": (
        HERE + "wait_for: event: found 'station.gotip'; station.got_ip would be right"
    ),
    "- {do: wait_for}": (HERE + "wait_for: found none of module_prints, command, event; one of them would be right"),
    "- {do: wait_for, command: AT, module_prints: OK}": (
        HERE + "wait_for: found module_prints and command of module_prints, command, event; one of them would be right"
    ),
    "- {expect: ['{{BNY}}']}": (
        HERE + "expect: found the variable BNY, which is not defined in vars; ANY would be right"
    ),
    "- {include: there-is-none.yaml}": (
        HERE + "include: found 'there-is-none.yaml'; a file that is there would be right"
    ),
    "just a text\n": "1: the file: found 'just a text'; a table would be right",
    "": "1: the file: found nothing; a table would be right",
    "a: [\n": None,
    "title: x\n": "1: the file: 'steps' is missing",
    "title: x\nsteps: []\nstep: []\n": "3: step: found 'step'; steps would be right as a key",
    "title: x\nsteps: 3\n": "2: steps: found 3; a list would be right",
    "title: x\nworld: 3\nsteps: []\n": "2: world: found 3; a table or a text would be right",
    "title: x\nsteps: []\nmodules: []\n": "3: modules: at least one module is needed, and each once",
    "title: x\nsteps: []\nmodules: [A, A]\n": "3: modules: at least one module is needed, and each once",
    "title: x\nsteps: []\nvars: {IP: 7}\n": "3: vars: IP: found 7; a text would be right",
    "title: x\nsteps: []\nvars: {'a b': x}\n": (
        "3: vars: found 'a b'; a name of letters, digits and underlines would be right"
    ),
    "title: x\nsteps: []\ndialect: esp9\n": (
        "3: dialect: found 'esp9'; esp32-v5 or esp8266-v0.30 or esp8266-v1.7 or ai-thinker or tencent-tc would be right"
    ),
    "title: x\nmodules: [A, B]\nsteps:\n  - {send: 'AT'}\n": (
        "4: step 1: module: needed in a file with several; A or B would be right"
    ),
    "- {send: 7}": HERE + "send: found 7; a text would be right",
    "- AT": HERE + "found 'AT'; a table would be right",
    "- {send: 'AT', expect: ['OK']}": HERE + f"exactly one of {KINDS} makes a step; found send and expect",
    "- {note: 'nothing'}": HERE + f"exactly one of {KINDS} makes a step; found none",
    "- {within: 3}": HERE + f"found 'within', which makes no step; one of {KINDS} would be right",
    "- {expect: ['', 7]}": HERE + "expect: found a list; a list of texts would be right",
    "- {expect: OK}": HERE + "expect: found 'OK'; a list would be right",
    "- {pause_ms: true}": HERE + "pause_ms: found true; a number would be right",
    "- {pause_ms: -1}": HERE + "pause_ms: found -1; a number of milliseconds would be right",
    "- {send: 'AT', optional: 1}": HERE + "optional: found 1; true or false would be right",
    "- {send: 'AT', module: B}": HERE + "module: found 'B'; A would be right",
    "- {world: 'something happens'}": HERE + "a 'world' step needs 'do' with the name of a verb",
    "- {do: conjure}": None,
    "- {do: access_point.of, ssid: lab}": (HERE + "found the verb 'access_point.of'; access_point.off would be right"),
    "- {do: access_point.off, sid: lab}": HERE + "access_point.off: found 'sid'; ssid would be right",
    "- {do: access_point.off}": HERE + "access_point.off: ssid is missing",
    "- {do: module.reset, pin: 3}": HERE + "module.reset: found 'pin'; no argument would be right",
    "- {send: 'AT', speed: 3}": HERE + "send: found 'speed'; no argument would be right",
    "- {do: accept, peer: 3}": HERE + "accept: peer: found 3; a text would be right",
    "- {do: accept, peer: pc, port: http}": HERE + "accept: port: found 'http'; a number would be right",
    "- {do: accept, peer: pc, port: 65536}": HERE + "accept: port: found 65536; 1 to 65535 would be right",
    "- {do: serve, peer: pc, proto: sctp, port: 1}": (
        HERE + "serve: proto: found 'sctp'; 'tcp' or 'udp' or 'ssl' would be right"
    ),
    "- {do: clock.advance, time: soon}": (
        HERE + "clock.advance: time: found 'soon'; a duration like 10s, 250ms, 5min, 2h or 1d would be right"
    ),
    "- {do: clock.advance, time: 900d}": (
        HERE + "clock.advance: time: found '900d'; a duration like 10s, 250ms, 5min, 2h or 1d, of at most a year "
        "would be right"
    ),
    "- {expect: ['OK'], or: 'ERROR'}": HERE + "expect: or: found 'ERROR'; a list of texts would be right",
    "- {expect: ['OK', 're:(']}": HERE
    + ("expect: not a regular expression: missing ), unterminated subpattern at position 0"),
    "- {do: wait_for, module_prints: 're:a**'}": (
        HERE + "wait_for: not a regular expression: multiple repeat at position 2"
    ),
    "- {expect: ['OK'], blanks: strict}": HERE + "expect: blanks: found 'strict'; 'lenient' would be right",
    "- {send_raw_hex: 'abc'}": HERE + "send_raw_hex: found 'abc'; pairs of hexadecimal digits would be right",
    "- {repeat: 3}": HERE + "steps: found nothing; a list would be right",
    "- {repeat: -1, steps: []}": HERE + "repeat: found -1; 0 to 100000 would be right",
    "- {repeat: 2, as: 'a b', steps: []}": HERE + "as: found 'a b'; the name of a variable would be right",
    "- {repeat: 2, steps: [{send: 'AT'}, {sent: 'AT'}]}": (
        f"{FIRST}: step 1, step 2: found 'sent', which makes no step; send would be right"
    ),
    "- {include: '/etc/passwd'}": HERE + "found '/etc/passwd'; a path to a .yaml file from this one would be right",
    "- {include: 'other.yaml', with: x}": None,
    "- {include: 'scenario.yaml'}": HERE + "include: scenario.yaml includes itself; another file would be right",
    "- {include: 'other.yaml', module: A}": HERE + "include: found 'module'; it would be right in the steps themselves",
    "- {repeat: 2, optional: true, steps: []}": (
        HERE + "repeat: found 'optional'; it would be right in the steps themselves"
    ),
    "- {repeat: 2, steps: [], until: x}": HERE + "repeat: found 'until'; steps or as would be right",
    "- {do: module.reset, optional: true}": (
        HERE + "module.reset: found optional: true; an expect that may be left out would be right"
    ),
    "- {do: quiet, ms: 5, time: 5s}": HERE + "quiet: found ms and time; one of them would be right",
    "- {do: peer.accept, peer: pc, proto: tcp, client_cert: true}": (
        HERE + "peer.accept: found client_cert with proto tcp; ssl would be right"
    ),
    "- {do: peer.connect, peer: pc, port: 1, client_cert: true}": (
        HERE + "peer.connect: found client_cert without TLS; 'proto: ssl' would be right"
    ),
    "- {do: peer.serve, peer: pc, port: 1, proto: udp, client_auth: required}": (
        HERE + "peer.serve: found client_auth with proto udp; ssl would be right"
    ),
    "- {peer_sends: 'x', data: 'y', peer: pc}": HERE + "peer_sends: found the data twice; once would be right",
    "- {do: peer.send, peer: pc}": HERE + "peer.send: data is missing",
    "- {do: peer.receive, peer: pc, data: x, from_port: 5}": (
        HERE + "peer.receive: found from_port with proto tcp; 'proto: udp' would be right"
    ),
    "[]\nreactions: [{when: {at: 1s, nth: 2}, do: []}]\n": (
        f"{FIRST}: reaction 1: when: found 'nth' with at, which comes once; at alone would be right"
    ),
    "[]\nroles: {B: server}\n": f"{FIRST}: roles: found 'B'; A would be right",
    "[]\nattach: true\n": None,
    "[]\nreactions: [{when: {at: 1s}}]\n": f"{FIRST}: reaction 1: do: found nothing; a list would be right",
    "[]\nreactions: [{when: {sometimes: x}, do: []}]\n": (
        f"{FIRST}: reaction 1: when: found sometimes; one of module_prints, command, event, at would be right"
    ),
    "[]\nreactions: [{when: {event: station.gone}, do: []}]\n": (
        f"{FIRST}: reaction 1: event: found 'station.gone'; station.got_ip would be right"
    ),
    "[]\nreactions: [{when: {module_prints: 're:['}, do: []}]\n": (
        f"{FIRST}: reaction 1: not a regular expression: unterminated character set at position 0"
    ),
    "title: x\nsteps: []\nmay_also_see: ['re:)']\n": (
        "3: may_also_see: not a regular expression: unbalanced parenthesis at position 0"
    ),
    "[]\nreactions: [{when: {command: AT, nth: 0}, do: []}]\n": (
        f"{FIRST}: reaction 1: nth: found 0; 1 or more would be right"
    ),
    "[]\nreactions: [{when: {at: 1s}, do: [{do: module.rest}]}]\n": (
        f"{FIRST}: reaction 1, step 1: found the verb 'module.rest'; module.reset would be right"
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
        "2: wrld: found 'wrld'; world would be right as a key",
        "7: reaction 1: event: found 'station.gotip'; station.got_ip would be right",
        "8: reaction 1, step 1: found the verb 'access_point.of'; access_point.off would be right",
        "10: step 1: found 'snd', which makes no step; send would be right",
        "11: step 2: send: found the variable NME, which is not defined in vars; NAME would be right",
        "12: step 3: access_point.off: ssid: found 'lib'; lab would be right",
        "13: step 4: peer.close: peer: found 'px'; pc would be right",
        "14: step 5: quiet: found 'tme'; time would be right",
        "15: step 6: include: found 'none.yaml'; a file that is there would be right",
    ]


WORLDS = {
    "{access_points: [{ssid: lab, auth: 99}]}": "2: world: auth: found 99; 0 to 15 would be right",
    "{access_points:\n  [{ssid: lab,\n    password: 'short'}]}": (
        "4: world: access_point#1.password: found 5 bytes; "
        "8 to 63 bytes or 64 hexadecimal digits, as security is wpa2-psk, would be right"
    ),
    "{access_points: [{sid: lab}]}": None,
    "{acces_point: []}": "2: world: acces_point: found an unknown key; access_point would be right",
    "{peers: {a: b}}": "2: world: peers: found a table; a list would be right",
    "{peers: [x]}": "2: world: peers: found 'x'; a table would be right",
    "{peers: [{ip: '1.2.3.4'}]}": "2: world: peers: id: found nothing; a text would be right",
    "{peers: [{id: pc, speed: 3}]}": None,
    "{peers: [{id: pc}, {id: pc}]}": "2: world: peers: found 'pc' again; each id once would be right",
    "{peers: [{id: pc, ip: '1.2.3'}]}": "2: world: peers: ip: found '1.2.3'; an IPv4 address would be right",
    "{peers: [{id: pc, serves: 'sctp 9'}]}": (
        "2: world: peers: serves: found 'sctp 9'; 'tcp 80', 'udp 53' or 'ssl 443' would be right"
    ),
    "{peers: [{id: pc, serves: [3]}]}": (
        "2: world: peers: serves: found 3; 'tcp 80', 'udp 53' or 'ssl 443' would be right"
    ),
    "{peers: [{id: pc, ip: '{{NOBODY}}'}]}": "2: world: variable NOBODY is not defined in vars",
    "missing.toml": None,
}


@pytest.mark.parametrize(("world", "error"), WORLDS.items())
def test_a_mistake_in_the_world_is_told_with_file_and_line(tmp_path: Path, world: str, error: str | None) -> None:
    path = write(tmp_path, f"title: x\nworld: {world}\nsteps: []\n")
    with pytest.raises(ScenarioError) as raised:
        prepare(read_scenario(path))
    if error is None:
        assert str(raised.value).startswith(f"{path}:2: world: ")
        assert "would be right" in str(raised.value)
    else:
        assert str(raised.value) == f"{path}:{error}"


def test_a_scenario_that_is_left_to_firmware_types_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "title: x\nattach: true\nsteps:\n  - {send: 'AT'}\n")
    with pytest.raises(ScenarioError, match="4: step 1: send: the serial port is left to somebody else by 'attach'"):
        read_scenario(path)


def test_files_that_include_each_other(tmp_path: Path) -> None:
    write(tmp_path, "steps:\n  - {include: 'scenario.yaml'}\n", "other.yaml")
    path = write(tmp_path, "title: x\nsteps:\n  - {include: 'other.yaml'}\n")
    with pytest.raises(ScenarioError, match=r"other.yaml:2: step 1: include: scenario.yaml includes itself"):
        read_scenario(path)


def test_a_chain_of_files(tmp_path: Path) -> None:
    for number in range(20):
        write(tmp_path, f"title: x\nsteps:\n  - {{include: '{number + 1}.yaml'}}\n", f"{number}.yaml")
    with pytest.raises(ScenarioError, match="found more than 8 files inside each other; fewer would be right"):
        read_scenario(tmp_path / "0.yaml")


def test_files_that_are_each_other(tmp_path: Path) -> None:
    path = write(tmp_path, "title: x\nsame_as: other.yaml\n")
    write(tmp_path, "title: y\nsame_as: scenario.yaml\n", "other.yaml")
    with pytest.raises(ScenarioError, match=r"found scenario.yaml, which is the same as this one"):
        read_scenario(path)


def test_a_million_steps_are_refused(tmp_path: Path) -> None:
    inner = "{repeat: 1000, steps: [{send: 'AT'}]}"
    path = write(tmp_path, f"title: x\nsteps:\n  - {{repeat: 1000, steps: [{inner}]}}\n")
    with pytest.raises(ScenarioError, match=f"3: step 1, step 1, step 1: more than {STEPS_LIMIT} steps to play"):
        read_scenario(path)


def test_a_million_steps_in_files_that_are_included_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "steps:\n  - {repeat: 100, steps: [{send: 'AT'}]}\n", "0.yaml")
    for number in range(1, 4):
        body = f"  - {{include: '{number - 1}.yaml'}}\n" * 30
        write(tmp_path, f"title: x\nsteps:\n{body}", f"{number}.yaml")
    with pytest.raises(ScenarioError, match=f"more than {STEPS_LIMIT} steps to play; fewer would be right"):
        read_scenario(tmp_path / "3.yaml")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="1: the file: found nothing to read"):
        read_scenario(tmp_path / "missing.yaml")


def test_what_never_ends_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    os.mkfifo(path)
    with pytest.raises(ScenarioError, match=r"s.yaml:1: the file: found no regular file; one would be right"):
        read_scenario(path)


@pytest.mark.parametrize(
    ("claim", "problem"),
    [
        ("refuses: 1", "peers: refuses: found 1; true or false would be right"),
        ("client_auth: maybe", "peers: client_auth: found 'maybe'; 'required' would be right"),
        ("wifi: 3", "peers: wifi: found 3; a text would be right"),
        (
            "serves: 'tcp 80', user: me",
            "peers: found 'user'; http or https or mqtt or mqtts or ws-echo or wss-echo or wss among what it serves "
            "would be right with it",
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
        ("stored: false, access_points: [{ssid: a}]", "stored: found false; true or a sentence would be right"),
        ("stored: true", "found stored without access points; one would be right with it"),
        (
            "stored: true, access_points: [{ssid: a}], module: [{}]",
            "found stored and module; 'joined' in module would be right",
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
