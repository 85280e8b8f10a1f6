"""What a scenario waits for: commands, verbs and protocols that there are not yet.

A documented session stays in the tree before the simulator can play it: its file says `waits: true`. It is counted as
waiting, with what it waits for, and counts as played as soon as that exists: a verb of the table comes before what is
written here. Any other file that uses such a thing fails.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import Final, NamedTuple

from espat.core.at.grammar import Form, UnknownCommandError, parse_line
from espat.dialects.loading import load_firmware
from espat.dialects.names import RUNNABLE
from espat.scenario.reading.scenario import Awaited, Place, Scenario, Step
from espat.scenario.reading.scenario_world import ScenarioWorld
from espat.scenario.tables.peer import AWAITED_PROTOCOLS
from espat.scenario.text.variables import VARIABLE
from espat.scenario.verbs import VERBS
from espat.scenario.world.world import World

AWAITED_VERBS: Final = frozenset(
    (
        *("expect_chunks", "wps_button", "mdns_browse", "dns_query", "http_request", "http_seen"),
        *("mqtt_publish", "ble_connect", "ble_subscribe", "ble_write", "ble_receives", "ble_pair_accept"),
        *("ble_paired", "bt_connect", "a2dp_state", "blufi_connect", "blufi_configure"),
    )
)
"""Verbs of the transcript format that are still to be built."""
AWAITED_ARGUMENTS: Final[Mapping[str, frozenset[str]]] = {
    "smartconfig": frozenset({"aes_key"}),
    "sees_close": frozenset({"status"}),
    "peer_receives": frozenset({"topic", "qos", "repeats"}),
}
"""Arguments of the format that belong to protocols still to be built."""
AWAITED_TRANSPORTS: Final = frozenset((*AWAITED_PROTOCOLS, "spp", "ws", "blufi"))
BUILD_OPTIONS: Final[Mapping[str, str]] = {
    "web_server": "AT+WEBSERVER",
    "captive_portal": "AT+WEBSERVER",
    "websocket": "AT+WSOPEN",
    "classic_bt": "AT+BTINIT",
    "bt_spp": "AT+BTSPPINIT",
    "bt_a2dp": "AT+BTA2DPINIT",
    "ethernet": "AT+CIPETH",
}
"""What a transcript may need of the build: the full one has it as soon as this command exists."""


class Extra(NamedTuple):
    """Libraries that are installed only where somebody wants them: the name of the extra of this distribution, and a
    package of it to import."""

    name: str
    package: str


EXTRAS: Final[dict[str, Extra]] = {}
"""By the command or verb that needs it."""


def awaited_by_step(step: Step) -> str | None:
    """What one step waits for: a verb, an argument or a protocol; None when it can be played, or is just wrong."""
    if step.action in AWAITED_VERBS and step.action not in VERBS:
        return f"verb {step.action}"
    proto = step.arguments.get("proto")
    if isinstance(proto, str) and proto in AWAITED_TRANSPORTS:
        return f"{step.action} over {proto}"
    known = VERBS[step.action].keys if step.action in VERBS else {}
    for key in sorted(AWAITED_ARGUMENTS.get(step.action, ())):
        if key in step.arguments and key not in known:
            return f"{step.action} with {key}"
    if step.action == "expect_raw" and isinstance(step.value, dict):
        return "expect_raw with body_of"
    if step.optional and step.action in ("send", "send_raw"):
        return f"{step.action} that is optional"
    return None


def awaited(scenario: Scenario, surroundings: ScenarioWorld) -> tuple[Awaited, ...]:
    """What a scenario waits for, each once. `surroundings`: their world has a table for each module."""
    found: dict[str, Awaited] = {}
    for each in (*_awaited(scenario, surroundings.world), *surroundings.awaited):
        found.setdefault(each.what, each)
    return tuple(found.values())


def _awaited(scenario: Scenario, world: World) -> Iterator[Awaited]:
    dialects = {name: own.dialect or RUNNABLE[0] for name, own in zip(scenario.modules, world.modules, strict=True)}
    for dialect in dict.fromkeys(dialects.values()):
        if dialect not in RUNNABLE:
            yield Awaited(f"dialect {dialect}", scenario.place("dialect"))
        else:
            modules = [name for name in dialects if dialects[name] == dialect]
            yield from _awaited_commands(dialect, [step for step in scenario.every_step() if step.module in modules])
    runnable = [dialect for dialect in dialects.values() if dialect in RUNNABLE]
    built = {name for dialect in runnable for name, _ in load_firmware(dialect).registry} if scenario.needs else set()
    for need in scenario.needs:
        command = BUILD_OPTIONS.get(need, need)
        if command not in built:
            yield Awaited(command, scenario.place("needs"))
    for step in scenario.every_step():
        if (reason := awaited_by_step(step)) is not None:
            yield Awaited(reason, step.place)
        yield from _missing_extra(step.action, step.place)


def _awaited_commands(dialect: str, steps: Iterable[Step]) -> Iterator[Awaited]:
    """Those that the firmware has and the simulator has not. What no firmware has is typed to see its ERROR."""
    firmware = load_firmware(dialect)
    for step in steps:
        command = _command(step.value) if step.action == "send" else None
        if command is None:
            continue
        name, form = command
        if firmware.lacks(name, form):
            yield Awaited(name, step.place)
        yield from _missing_extra(name, step.place)


def _missing_extra(name: str, place: Place) -> Iterator[Awaited]:
    """The extra that a command or a verb needs, when it is not installed."""
    extra = EXTRAS.get(name)
    if extra is not None and find_spec(extra.package) is None:
        state = f"is not installed (pip install 'esp-at-simulator[{extra.name}]')"
        yield Awaited(f"{name} with the extra {extra.name}", place, state)


def _command(line: str) -> tuple[str, Form] | None:
    """The name and the form of a documented command; None for anything else a scenario may type."""
    try:
        command = parse_line(VARIABLE.sub("0", line).encode(errors="surrogateescape"))
    except UnknownCommandError:
        return None
    return (command.name, command.form) if re.fullmatch(r"AT\+[A-Z0-9_]+", command.name) else None
