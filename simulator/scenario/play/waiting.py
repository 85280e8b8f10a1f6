"""What a scenario waits for: commands, verbs and protocols that there are not yet.

A documented session stays in the tree before the simulator can play it. It is counted as waiting, with what it waits
for, and counts as played as soon as that exists: a verb of the table comes before what is written here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from espat.core.at.grammar import UnknownCommandError, parse_line
from espat.dialects.catalogue import load_catalogue
from espat.dialects.loading import load_firmware
from espat.dialects.names import RUNNABLE
from espat.scenario.reading.scenario import Scenario, Step
from espat.scenario.reading.scenario_world import AWAITED_PROTOCOLS
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
    "accept": frozenset({"client_id"}),
    "smartconfig": frozenset({"aes_key"}),
    "sees_close": frozenset({"status"}),
    "peer_receives": frozenset({"topic", "qos", "repeats"}),
}
"""Arguments of the format that belong to protocols still to be built."""
AWAITED_TRANSPORTS: Final = frozenset((*AWAITED_PROTOCOLS, "spp", "ws", "blufi"))
BUILD_OPTIONS: Final = frozenset(
    ("web_server", "captive_portal", "websocket", "classic_bt", "bt_spp", "bt_a2dp", "ethernet")
)
"""What a transcript may need of the build: the full one has it as soon as its commands exist."""


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
    return None


def awaited(scenario: Scenario, world: World) -> tuple[str, ...]:
    """What a scenario waits for besides its world, each once. `world`: has a table for each module."""
    return tuple(dict.fromkeys(_awaited(scenario, world)))


def _awaited(scenario: Scenario, world: World) -> Iterator[str]:
    dialects = {name: own.dialect or RUNNABLE[0] for name, own in zip(scenario.modules, world.modules, strict=True)}
    for dialect in dict.fromkeys(dialects.values()):
        if dialect not in RUNNABLE:
            yield f"dialect {dialect}"
        else:
            modules = [name for name in dialects if dialects[name] == dialect]
            yield from _awaited_commands(dialect, [step for step in scenario.every_step() if step.module in modules])
    for need in scenario.needs:
        if need not in BUILD_OPTIONS:
            yield need
    for step in scenario.every_step():
        if (reason := awaited_by_step(step)) is not None:
            yield reason


def _awaited_commands(dialect: str, steps: Iterable[Step]) -> Iterator[str]:
    """Those that the firmware has and the simulator has not. What no firmware has is typed to see its ERROR."""
    typed = [_command(step.value) for step in steps if step.action == "send"]
    works = {name for name, _ in load_firmware(dialect).registry}
    missing = [name for name in typed if name is not None and name not in works]
    if missing:
        documented = {command for entry in load_catalogue(dialect).documented for command in entry.commands}
        yield from (name for name in missing if name in documented)


def _command(line: str) -> str | None:
    """The name of a documented command; None for anything else a scenario may type."""
    try:
        name = parse_line(VARIABLE.sub("0", line).encode(errors="surrogateescape")).name
    except UnknownCommandError:
        return None
    return name if re.fullmatch(r"AT\+[A-Z0-9_]+", name) else None
