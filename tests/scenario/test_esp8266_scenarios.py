"""The scenarios of the old firmwares, each replayed in memory in stepped time, and with sockets in time that passes."""

from pathlib import Path

import pytest
import trio

from simulator.dialects.catalogue import load_catalogue
from simulator.scenario.playing.player import play, prepare
from simulator.scenario.playing.stage import Setting
from simulator.scenario.scenario_file import read_scenario

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios" / "esp8266").glob("*.yaml"))


SETTINGS = {"stepped": Setting(), "sockets": Setting(speed=20.0, sockets=True)}
LIMIT = 60.0
"""Seconds after which a scenario hangs. They are never waited for unless it fails."""


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
async def test_it_replays(path: Path, setting: Setting) -> None:
    prepared = prepare(read_scenario(path))
    assert not prepared.awaited
    with trio.fail_after(LIMIT):
        await play(prepared, setting)


def test_every_command_of_the_three_chapters_is_in_one() -> None:
    typed: set[str] = set()
    for path in SCENARIOS:
        sent = [str(step.value) for step in read_scenario(path).steps if step.action == "send"]
        for line in sent:
            name = line.partition("=")[0]
            form = "query" if name.endswith("?") else "test" if line.endswith("=?") else "set" if "=" in line else ""
            typed.add(f"{name.rstrip('?').upper()} {form or 'execute'}")
    catalogue = load_catalogue("esp8266-v0.30")
    wanted = {
        f"{command} {form}"
        for entry in catalogue.documented
        if entry.name not in catalogue.open
        for form in entry.forms
        if form != "urc"
        for command in entry.commands
    }
    assert wanted - typed == set()
