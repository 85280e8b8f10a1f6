"""`espat play`, `espat check` of scenarios, `espat trace`: what they print and how they exit."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from espat.cli import main
from espat.scenario.play.waiting import EXTRAS, Extra

GOOD = "title: 'It says OK'\nsteps:\n  - {send: 'AT'}\n  - {expect: ['', 'OK']}\n"
BAD = "title: 'It says KO'\nsteps:\n  - {send: 'AT'}\n  - {expect: ['', 'KO']}\n"
RINGS = "title: 'It rings'\nsteps:\n  - {send: 'AT+BLEINIT=1'}\n  - {expect: ['', 'ERROR']}\n"
WAITING = f"waits: true\n{RINGS}"
WRONG = "title: 'It is wrong'\nsteps:\n  - {sent: 'AT'}\n"


@pytest.fixture
def scenarios(tmp_path: Path) -> Path:
    directory = tmp_path / "scenarios"
    (directory / "more").mkdir(parents=True)
    (directory / "1.yaml").write_text(GOOD)
    (directory / "_part.yaml").write_text(WRONG)
    (directory / "more" / "2.yaml").write_text(WAITING)
    return directory


def test_a_directory(scenarios: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["play", str(scenarios)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("1/2 ok ")
    assert lines[0].endswith(f"{scenarios}/1.yaml: It says OK")
    assert lines[1].startswith("2/2 waiting ")
    assert lines[2:] == [
        "waiting for what is not built yet:",
        f"    {scenarios}/more/2.yaml: AT+BLEINIT",
        "1 passed, 1 waiting",
    ]


def test_the_gallery_comes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["play", "gallery/busy.yaml"]) == 0
    assert capsys.readouterr().out.endswith("/gallery/busy.yaml: A command while the module joins\n1 passed\n")
    assert main(["play", "gallery/bussy.yaml"]) == 2
    assert "/gallery/bussy.yaml:1: the file: cannot be read" in capsys.readouterr().out


def test_a_folder_of_that_name_comes_before_the_gallery(
    scenarios: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scenarios.rename(scenarios.with_name("gallery"))
    monkeypatch.chdir(scenarios.parent)
    assert main(["play", "gallery"]) == 0
    assert "  gallery/1.yaml: It says OK\n" in capsys.readouterr().out


def test_what_is_not_built_fails_a_scenario_that_does_not_say_that_it_waits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rings.yaml"
    path.write_text(f"{RINGS}  - {{do: mqtt_publish, topic: t}}\nworld: {{bonded: []}}\n")
    assert main(["play", str(path)]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"    {path}:3: step 1: AT+BLEINIT is not built yet",
        f"    {path}:5: step 3: verb mqtt_publish is not built yet",
        f"    {path}:6: world: world: bonded is not built yet",
        "      a scenario with 'waits: true' waits for it, and does not fail",
        "0 passed, 1 failed",
    ]


def test_a_command_that_is_not_built_is_found_out_when_it_is_typed(tmp_path: Path) -> None:
    path = tmp_path / "rings.yaml"
    path.write_text(
        "title: 'It rings'\nsteps:\n"
        "  - {send_raw: \"AT+BLEINIT=1\\r\\n\"}\n  - {expect: [AT+BLEINIT=1, '', ERROR]}\n"
        "  - {send_raw: \"AT+BLEINIT?\\r\\n\"}\n  - {expect: [AT+BLEINIT?, '', ERROR]}\n"
    )
    command = [sys.executable, "-m", "espat", "play", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    sentence = "AT+BLEINIT is a command of this firmware that is not built here; it answers ERROR"
    assert done.returncode == 1
    assert done.stdout.splitlines()[1:3] == [f"    {path}:2: steps: the end", f"      module A: {sentence}"]
    assert done.stderr == f"module 0: {sentence}\n"


def test_what_no_firmware_has_is_typed_to_see_its_error(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(RINGS.replace("BLEINIT", "NONSENSE"))
    assert main(["play", str(tmp_path)]) == 0


@pytest.mark.parametrize(("head", "code", "status"), [("waits: true\n", 0, "waiting"), ("", 1, "FAILED")])
def test_an_extra_that_is_not_installed_is_named(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    head: str,
    code: int,
    status: str,
) -> None:
    monkeypatch.setitem(EXTRAS, "AT+GMR", Extra("versions", "no_such_package"))
    monkeypatch.setitem(EXTRAS, "discard", Extra("there", "json"))
    path = tmp_path / "x.yaml"
    path.write_text(f"{head}title: 'x'\nsteps: [{{send: AT+GMR}}, {{do: discard}}]\n")
    assert main(["play", str(path)]) == code
    out = capsys.readouterr().out
    assert status in out.splitlines()[0]
    assert "AT+GMR with the extra versions" in out
    installed = "is not installed (pip install 'esp-at-simulator[versions]')"
    assert (installed in out) is (status == "FAILED")


def test_a_failure_shows_what_was_expected_what_came_and_what_was_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(BAD)
    assert main(["play", str(path)]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"    {path}:4: step 2: expect",
        "      expected 'KO'",
        r"           got 'OK' at the end of b'AT\r\n\r\nOK\r\n'",
        "      the first line that is missing (-), and what came (+):",
        "          ",
        "        - KO",
        "        + OK",
        "      before that (module seconds, module, direction):",
        "            0.000000 0 ** event   module.boot power-on",
        r"            0.100000 0 -> report  \r\nready\r\n",
        "            0.100000 0 <- command AT",
        r"            0.100000 0 -> echo    AT\r\n",
        r"            0.100000 0 -> result  \r\nOK\r\n",
        "0 passed, 1 failed",
    ]


def test_a_file_that_is_wrong_comes_before_one_that_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in (("bad", BAD), ("wrong", WRONG)):
        (tmp_path / f"{name}.yaml").write_text(text)
    assert main(["play", str(tmp_path)]) == 2
    out = capsys.readouterr().out
    assert f"{tmp_path}/wrong.yaml:3: step 1: unknown step 'sent' (did you mean 'send'?)\n" in out
    assert out.endswith("0 passed, 1 failed, 1 wrong\n")


def test_json(scenarios: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["play", "--format", "json", str(scenarios)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["title"], row["status"], row["details"]) for row in rows] == [
        ("It says OK", "passed", []),
        ("It rings", "waiting", ["AT+BLEINIT"]),
    ]


def test_junit(scenarios: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (scenarios / "3.yaml").write_text(BAD.replace("It says", "<It> &amp; \\x01"))
    (scenarios / "4.yaml").write_text(WRONG)
    assert main(["play", "--format", "junit", str(scenarios)]) == 2
    suite = ElementTree.fromstring(capsys.readouterr().out)
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["4", "1", "1", "1"]
    assert [[child.tag for child in case] for case in suite] == [[], ["failure"], ["error"], ["skipped"]]


SLOW = """\
title: 'A module that takes its time'
timing: real
steps:
  - {send: 'AT+CWMODE=1'}
  - {expect: ['', 'OK']}
  - {send: 'AT+CWJAP="nobody","12345678"'}
  - {send: 'AT'}
  - {expect: ['', 'busy p...']}
  - {do: discard}
"""


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (SLOW, [], 0),
        (SLOW, ["--timing", "fast"], 1),
        (SLOW.replace("timing: real\n", ""), [], 1),
        (SLOW.replace("timing: real\n", ""), ["--timing", "real"], 0),
        (SLOW.replace("real\n", "fast\n"), ["--timing", "real"], 0),
        (SLOW.replace("real\n", "slow\n"), [], 2),
    ],
)
def test_the_timing_that_a_scenario_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, options: list[str], code: int
) -> None:
    (tmp_path / "slow.yaml").write_text(text)
    assert main(["play", *options, str(tmp_path / "slow.yaml")]) == code
    assert ("timing: expected one of 'fast', 'real', got 'slow'" in capsys.readouterr().out) is (code == 2)


@pytest.mark.parametrize("speed", ["max", "20"])
def test_jobs_and_traces(scenarios: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], speed: str) -> None:
    for name in ("3", "4", "5"):
        (scenarios / "more" / f"{name}.yaml").write_text(GOOD)
    (scenarios / "more" / "1.yaml").write_text(GOOD)
    traces = tmp_path / "traces"
    command = [sys.executable, "-m", "espat", "play", "--jobs", "2", "--speed", speed, "--trace", str(traces)]
    done = subprocess.run([*command, str(scenarios)], capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout.endswith("5 passed, 1 waiting\n"), done.stderr
    assert sorted(path.name for path in traces.iterdir()) == ["1-1.jsonl", "1.jsonl", "3.jsonl", "4.jsonl", "5.jsonl"]
    assert {path.stat().st_mode & 0o777 for path in traces.iterdir()} == {0o600}
    if speed == "max":
        assert (traces / "1.jsonl").read_bytes() == (traces / "1-1.jsonl").read_bytes()
    assert main(["trace", str(traces / "1.jsonl"), "--kind", "result"]) == 0
    assert capsys.readouterr().out.endswith(" 0 -> result  \\r\\nOK\\r\\n\n")


@pytest.mark.parametrize("options", [["--speed", "0"], ["--speed", "fast"], ["--jobs", "0"], ["--seed", "-1"]])
def test_wrong_usage(scenarios: Path, options: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["play", *options, str(scenarios)])
    assert raised.value.code == 2


def test_serving_has_no_stepped_time(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["run", "--speed", "max"])
    assert raised.value.code == 2
    assert "expected a number (max is for espat play), got 'max'" in capsys.readouterr().err


def test_a_directory_without_scenarios(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["play", str(tmp_path)])
    assert raised.value.code == 2


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.yaml"
    with open(path, "w") as file:  # noqa: PTH123
        file.write(BAD)
    command: list[str | bytes] = [sys.executable, "-m", "espat", "play", path]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"\\udcff.yaml:4: step 2: expect\n" in done.stdout


def test_seeds_are_told_apart_by_what_is_random(tmp_path: Path) -> None:
    path = tmp_path / "mac.yaml"
    path.write_text("title: x\nsteps:\n  - {send: 'AT+CIPSTAMAC?'}\n  - {do: discard}\n")
    traces = []
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        assert main(["play", "--seed", seed, "--trace", str(tmp_path / name), str(path)]) == 0
        traces.append((tmp_path / name / "mac.jsonl").read_bytes())
    assert traces[0] == traces[1] != traces[2]


def test_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(GOOD)
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: ok\n"
    path.write_text(WRONG + "  - {do: module.rest}\n")
    assert main(["check", str(path)]) == 2
    err = capsys.readouterr().err.splitlines()
    assert err[0] == f"{path}:3: step 1: unknown step 'sent' (did you mean 'send'?)"


def test_check_of_several_files_goes_on_behind_a_wrong_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right, wrong, world = (str(tmp_path / name) for name in ("right.yaml", "wrong.yaml", "world.toml"))
    Path(right).write_text(GOOD)
    Path(wrong).write_text(WRONG)
    Path(world).write_text("sed = 1\n")
    assert main(["check", wrong, world, right, right]) == 2
    out, err = capsys.readouterr()
    assert out == f"{right}: ok\n"
    *mistakes, unknown, last = err.splitlines()
    assert mistakes[0] == f"{wrong}:3: step 1: unknown step 'sent' (did you mean 'send'?)"
    assert unknown == f"{world}:1: unknown key 'sed' (did you mean 'seed'?)"
    assert last == "2 of 3 files have mistakes"
    with pytest.raises(SystemExit):
        main(["check"])


TRACE = """\
{"t": 0.0, "module": 0, "dir": "out", "kind": "report", "text": "\\r\\nready\\r\\n"}
{"t": 1.5, "module": 1, "dir": "in", "kind": "command", "text": "AT"}
{"t": 2.0, "module": 0, "dir": "in", "kind": "data", "bytes": "00ff"}
"""


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ([], [0, 1, 2]),
        (["--module", "1"], [1]),
        (["--kind", "report", "--kind", "data"], [0, 2]),
        (["--from", "1.5"], [1, 2]),
        (["--to", "1.5"], [0, 1]),
        (["--dir", "in", "--module", "0"], [2]),
    ],
)
def test_a_trace_is_filtered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], shown: list[int]
) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text(TRACE)
    assert main(["trace", "--format", "json", str(path), *options]) == 0
    assert capsys.readouterr().out == "".join(TRACE.splitlines(keepends=True)[number] for number in shown)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "7", '{"t": 0}', "\x00", TRACE.replace('"in"', '"up"'), TRACE.replace("00ff", "0g"), "[" * 10**5],
)
def test_what_is_no_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text(text)
    assert main(["trace", str(path)]) == 2
    assert "expected a line of a trace" in capsys.readouterr().err


ENDLESS = {
    "steps": "  - {repeat: 40000, steps: [{send: 'AT'}, {do: discard}]}\n",
    "a pattern": f"  - {{send: '{'A' * 60}'}}\n  - {{expect: ['re:(A+)+B', 'OK']}}\n",
}


@pytest.mark.parametrize("steps", ENDLESS.values(), ids=ENDLESS)
def test_a_scenario_that_would_take_for_ever(tmp_path: Path, capsys: pytest.CaptureFixture[str], steps: str) -> None:
    (tmp_path / "endless.yaml").write_text("title: x\nsteps:\n" + steps)
    (tmp_path / "good.yaml").write_text(GOOD)
    assert main(["play", "--limit", "1", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert f"    {tmp_path}/endless.yaml: it takes more than 1 s\n" in out
    assert out.endswith("1 passed, 1 failed\n")


def test_a_run_that_may_differ_from_the_next_one_says_so(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    program = (
        "import sys, trio._core._run as run\n"
        "loop = run.unrolled_run\n"
        "run.unrolled_run = lambda *arguments: loop(*arguments)\n"
        "from espat.cli import main\n"
        "sys.exit(main(['play', 'good.yaml']))\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert "UnrepeatableWarning: trio" in done.stderr
    assert "two runs in stepped time may differ" in done.stderr


SECRETS = """
title: 'a report'
steps:
  - {send: 'AT+CWMODE=1'}
  - {expect: ['', 'OK']}
  - {send: 'AT+CWJAP="nowhere","typed secret"'}
  - {expect: ['+CWJAP:3', '', 'ERROR']}
  - {send: 'AT+CWJAP="lab","stored secret"'}
  - {expect: ['AT+CWJAP="lab","stored secret" ']}
world:
  access_point: [{ssid: 'lab', password: 'stored secret'}]
"""


def test_a_report_hides_passwords(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.yaml"
    path.write_text(SECRETS)
    assert main(["play", str(path)]) == 1
    shown = capsys.readouterr().out
    assert "CWJAP" in shown
    assert "secret" not in shown
    assert '"***"' in shown


FAILING = """\
title: what is missing
steps:
  - send: AT
  - expect: ['', 'KO']
"""


def test_a_junit_file_beside_the_text_and_the_first_missing_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text(FAILING)
    assert main(["play", "--junit", str(tmp_path / "out.xml"), str(tmp_path / "a.yaml")]) == 1
    out = capsys.readouterr().out
    assert "the first line that is missing (-), and what came (+):\n          \n        - KO\n        + OK\n" in out
    assert "1 failed" in out
    (case,) = ElementTree.parse(tmp_path / "out.xml").getroot()
    assert case.attrib["name"] == "what is missing"
    assert "- KO" in (case[0].text or "")
    assert main(["play", "--junit", str(tmp_path / "a.yaml"), str(tmp_path / "a.yaml")]) == 2
    assert (tmp_path / "a.yaml").read_text() == FAILING


def test_a_trace_from_standard_input(scenarios: Path, tmp_path: Path) -> None:
    assert main(["play", "--trace", str(tmp_path / "traces"), str(scenarios / "1.yaml")]) == 0
    trace = (tmp_path / "traces" / "1.jsonl").read_bytes()
    command = [sys.executable, "-m", "espat", "trace", "--kind", "command", "-"]
    done = subprocess.run(command, input=trace, capture_output=True, check=True)
    assert done.stdout.decode().split() == ["0.100000", "0", "<-", "command", "AT"]


def test_a_world_file_without_its_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", "world.toml"])
    assert "unexpected argument 'world.toml' (did you mean '--world world.toml'?)" in (capsys.readouterr().err)
