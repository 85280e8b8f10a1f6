"""Reactions: what sets them off, and how often. And that a run is the same each time."""

from pathlib import Path

import pytest

from espat.scenario.play.player import PlayError, play, prepare
from espat.scenario.reading.scenario_file import read_scenario
from espat.scenario.stage.options import StageOptions
from tests.scenario.playing import HEAD, JOIN, play_text, steps, write

ROOT = Path(__file__).parents[2]
OK = "{expect: ['', 'OK']}"
OFF = "{do: access_point.off, ssid: lab}"


def reaction(when: str, *do: str) -> str:
    return f"  - when: {when}\n    do:\n" + "".join(f"      - {step}\n" for step in do)


LOST = "{expect: ['WIFI DISCONNECT'], within: 60s}"
WHEN = {
    "a line is printed": ("{module_prints: 'OK', nth: 4}", ("{send: 'AT'}", OK, LOST)),
    "a line that matches": ("{module_prints: 're:\\+CIPMUX:.'}", ("{send: 'AT+CIPMUX?'}", "{do: discard}", LOST)),
    "a command": ("{command: 'AT+GMR'}", ("{send: 'AT+GMR'}", "{do: discard}", LOST)),
    "the second time": (
        "{command: 'AT', nth: 2}",
        ("{send: 'AT'}", OK, "{do: quiet, time: 20s}", "{send: 'AT'}", OK, LOST),
    ),
    "an event": (
        "{event: station.got_ip}",
        ("{do: discard}", '{send: \'AT+CWJAP="lab","12345678"\'}', "{do: discard}"),
    ),
    "a time": ("{at: 100s}", ("{do: quiet, time: 90s}", LOST)),
}


@pytest.mark.parametrize(("when", "play"), WHEN.values(), ids=WHEN)
async def test_what_sets_a_reaction_off(tmp_path: Path, when: str, play: tuple[str, ...]) -> None:
    text = HEAD + JOIN + "reactions:\n" + reaction(when, OFF) + steps(*play)
    await play_text(tmp_path, text)


async def test_without_a_number_it_happens_each_time(tmp_path: Path) -> None:
    text = HEAD + JOIN + "reactions:\n" + reaction("{command: 'AT'}", "{do: peer.send, peer: pc, data: 'x'}")
    link = ('{send: \'AT+CIPSTART="TCP","{{PC_IP}}",8080\'}', "{expect: ['CONNECT', '', 'OK']}")
    again = ("{send: 'AT'}", "{expect_set: ['OK', '+IPD,1:x']}")
    await play_text(tmp_path, text + steps(*link, *again, *again))


async def test_a_reaction_that_fails_ends_the_scenario(tmp_path: Path) -> None:
    text = HEAD + "reactions:\n" + reaction("{command: 'AT'}", "{do: peer.close, peer: pc}")
    with pytest.raises(PlayError, match=r"reaction 1, step 1: peer.close: pc has no open connection"):
        await play_text(tmp_path, text + steps("{send: 'AT'}", "{do: quiet, time: 1h}"))


RACES = (
    HEAD
    + JOIN
    + "reactions:\n"
    + reaction("{module_prints: '>'}", OFF, "{do: peer.send, peer: pc, data: 'late'}")
    + (
        steps(
            '{send: \'AT+CIPSTART="TCP","{{PC_IP}}",8080\'}',
            "{expect: ['CONNECT', '', 'OK']}",
            "{repeat: 5, steps: [{send: 'AT+CIPSEND=4'}, {do: discard}, {send_raw: 'test'}, {do: discard}]}",
            "{do: clock.advance, time: 1h}",
            "{do: discard}",
        )
    )
)


async def trace_of(text: str, tmp_path: Path) -> bytes:
    path = tmp_path / "trace.jsonl"
    await play(prepare(read_scenario(write(tmp_path, text))), StageOptions(trace=path))
    return path.read_bytes()


async def test_three_runs_give_the_same_trace(tmp_path: Path) -> None:
    first = await trace_of(RACES, tmp_path)
    assert first.count(b"\n") > 50
    assert {await trace_of(RACES, tmp_path) for _ in range(2)} == {first}


PLAYED = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "scenarios/documented").glob("*.yaml"))
    if not prepare(read_scenario(path)).awaited
}


@pytest.mark.parametrize("text", PLAYED.values(), ids=PLAYED)
async def test_a_documented_session_gives_the_same_trace(tmp_path: Path, text: str) -> None:
    assert len({await trace_of(text, tmp_path) for _ in range(3)}) == 1
