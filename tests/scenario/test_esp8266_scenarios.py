"""The scenarios of the old firmwares: each is replayed, in memory in stepped time and with sockets in time that passes,
and together they show every command and every text."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from inspect import getsource
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
import trio

from espat.commands import passthrough, wifi_join
from espat.commands.esp8266 import links, update
from espat.commands.esp8266.wifi import FAIL
from espat.commands.link_failures import LinkFailure
from espat.commands.receiving import print_data
from espat.commands.sending import SEND_CANCELED, SEND_FAIL, SEND_OK
from espat.core.trace import Record
from espat.dialects.catalogue import load_catalogue
from espat.dialects.esp8266_v030 import Esp8266V030
from espat.dialects.esp8266_v17 import Esp8266V17
from espat.scenario.play.player import on_stage, perform, play, prepare
from espat.scenario.reading.scenario import Scenario
from espat.scenario.reading.scenario_file import read_scenario
from espat.scenario.stage.options import StageOptions

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios" / "esp8266").glob("[!_]*.yaml"))
FIRMWARES: Final = (Esp8266V030, Esp8266V17)
SETTINGS = {"stepped": StageOptions(), "sockets": StageOptions(speed=20.0, sockets=True)}
LIMIT = 60.0
"""Seconds after which a scenario hangs. They are never waited for unless it fails."""


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
async def test_it_replays(path: Path, setting: StageOptions) -> None:
    prepared = prepare(read_scenario(path))
    assert not prepared.awaited
    with trio.fail_after(LIMIT):
        await play(prepared, setting)


def scenarios(dialect: str) -> list[Scenario]:
    """Those of one firmware."""
    return [scenario for scenario in map(read_scenario, SCENARIOS) if scenario.dialect == dialect]


# Every command


def entries(dialect: str) -> set[tuple[str, str]]:
    """Name and form of everything that a firmware's catalogue has and that works."""
    catalogue = load_catalogue(dialect)
    return {
        (command, form)
        for entry in catalogue.documented
        if entry.name not in catalogue.open
        for form in entry.forms
        for command in entry.commands
    }


def typed(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Name and form of what a scenario types or, for what a module says by itself, expects."""
    for step in scenario.every_step():
        if step.action == "send":
            name, mark, _ = str(step.value).partition("=")
            form = (
                "query" if name.endswith("?") else "test" if step.value.endswith("=?") else "set" if mark else "execute"
            )
            yield name.rstrip("?"), form
        elif step.action == "expect":
            yield from ((line.partition(",")[0], "urc") for line in step.value)


def test_every_command_of_0_30_is_in_one() -> None:
    assert (
        entries("esp8266-v0.30") - {each for scenario in scenarios("esp8266-v0.30") for each in typed(scenario)}
        == set()
    )


def test_every_command_that_1_7_adds_is_in_one() -> None:
    added = entries("esp8266-v1.7") - entries("esp8266-v0.30")
    assert added - {each for scenario in scenarios("esp8266-v1.7") for each in typed(scenario)} == set()


# Every text


@cache
def printed() -> dict[str, bytes]:
    """All that modules print while the scenarios are replayed, by firmware. Each of them fails where a module prints
    what is not expected, or not what is."""

    async def collect(scenario: Scenario) -> bytes:
        records: list[Record] = []
        prepared = prepare(scenario)
        async with on_stage(prepared, StageOptions()) as stage:
            stage.trace.listeners.append(records.append)
            await perform(prepared, stage)
        return b"".join(record.data for record in records if record.direction == "out")

    return {
        firmware.name: b"".join(trio.run(collect, scenario) for scenario in scenarios(firmware.name))
        for firmware in FIRMWARES
    }


def is_printed(text: bytes, where: bytes) -> bool:
    """Whether a text is in it, with any values for its placeholders."""
    pattern = re.escape(text).replace(b"%b", rb"[^\r\n]*?").replace(b"%d", rb"-?\d+")
    return re.search(pattern, where) is not None


@pytest.mark.parametrize("cause", Esp8266V030.conventions.causes, ids=lambda cause: cause.name)
def test_every_cause_is_in_one(cause: LinkFailure) -> None:
    text = Esp8266V030.conventions.causes[cause]
    assert is_printed(b"\n" + text + b"\r\n\r\nERROR\r\n", printed()["esp8266-v0.30"])


def test_every_text_of_the_conventions_is_in_one() -> None:
    conventions = Esp8266V030.conventions
    texts = {
        b"".join(message.wire for message in conventions.prompt),
        b"".join(message.wire for message in passthrough.PROMPT),
        b"".join(Esp8266V030.ready),
        conventions.receipt,
        conventions.busy,
        conventions.busy_behind_data,
        *(each.wire for each in (SEND_OK, SEND_FAIL, SEND_CANCELED, FAIL)),
    }
    assert [text for text in texts if not is_printed(text, printed()["esp8266-v0.30"])] == []


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (b"STATUS:%d\r\n", set(links.Summary)),
        (b"+CWJAP:%d\r\n\r\nFAIL\r\n", {wifi_join.TIMED_OUT, *wifi_join.JOIN_ERRORS.values()}),
        (b"+CIPUPDATE:%d\r\n", set(update.Step)),
    ],
)
def test_every_number_is_in_one(text: bytes, numbers: set[int]) -> None:
    assert [number for number in numbers if text % number not in printed()["esp8266-v0.30"]] == []


def modules(firmware: type[Esp8266V030]) -> list[ModuleType]:
    """The modules that only the old firmwares' tables use."""
    names = {entry.handler.__module__ for table in firmware.tables for entry in table.entries}
    return [sys.modules[name] for name in sorted(names) if name.startswith("espat.commands.esp8266.")]


def texts(source: ModuleType | Callable[..., None]) -> set[bytes]:
    """The texts that a module of commands answers, or one of its functions reports: its constants with words in them,
    but for private ones, which are for somebody else, and patterns."""
    found: set[bytes] = set()
    waiting: list[ast.AST] = [ast.parse(getsource(source))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id.startswith("_"):
            continue
        if isinstance(node, ast.Call) and ast.unparse(node).startswith("re."):
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
            found.add(node.value)
        waiting += ast.iter_child_nodes(node)
    return {text for text in found if re.search(rb"[A-Za-z]{2}", re.sub(rb"%[bd]", b"", text))}


@pytest.mark.parametrize("firmware", FIRMWARES, ids=lambda firmware: firmware.name)
def test_every_text_of_the_handlers_is_in_one(firmware: type[Esp8266V030]) -> None:
    where = b"".join(printed().values())
    missing = {(module.__name__, text) for module in modules(firmware) for text in texts(module)}
    assert {each for each in missing if not is_printed(each[1], where)} == set()


def test_every_report_is_in_one() -> None:
    where = b"".join(printed().values())
    reports = {report for firmware in FIRMWARES for report in firmware().registry.reports.values()}
    assert {text for each in (*reports, print_data) for text in texts(each) if not is_printed(text, where)} == set()
