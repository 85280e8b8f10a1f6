"""What the steps of a scenario speak of has to be there: peers, access points, hosts; and variables in `vars`."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from espat.core.suggestions import expected, unknown
from espat.scenario.play.waiting import awaited_by_step
from espat.scenario.reading.scenario import Scenario, Step
from espat.scenario.reading.scenario_world import ScenarioWorld
from espat.scenario.text.variables import VARIABLE

WAITING: Final = ("module_prints", "command", "event")
"""What a step can wait for, one of them."""
OF_PEERS: Final = ("peer.", "peer_")
"""How verbs begin that are about a peer of the scenario, or a host of the world; stations may be anybody."""
_CALLED: Final = {"peer": "peer", "ssid": "access point", "host": "host"}
SHORT_NAMES: Final = frozenset(("serve", "accept", "connect", "sees_close"))
"""Those that transcripts use."""


def unknown_names(scenario: Scenario, surroundings: ScenarioWorld | None) -> Iterator[str]:
    """The mistakes, each with its place. `surroundings`: None when these are wrong themselves."""
    known = _known_names(surroundings) if surroundings is not None else {}
    for step in scenario.every_step():
        if awaited_by_step(step) is None:
            for problem in (*_variables(step, scenario), *_things_waited_for(step), *_names(step, known)):
                yield str(step.place.error(f"{step.action}: {problem}"))


def _variables(step: Step, scenario: Scenario) -> Iterator[str]:
    texts = _texts([step.value, *step.arguments.values()])
    for name in dict.fromkeys(name for text in texts for name in VARIABLE.findall(text)):
        if name not in scenario.variables:
            yield unknown("variable", name, scenario.variables)


def _things_waited_for(step: Step) -> Iterator[str]:
    given = [key for key in WAITING if key in step.arguments]
    if step.action == "wait_for" and len(given) != 1:
        yield expected(f"one of {', '.join(WAITING)}", " and ".join(given) or "none")


class _Known(NamedTuple):
    """Names that there are, in their order, and those in small letters that may be written in capitals too."""

    names: Mapping[str, None]
    folded: frozenset[str] = frozenset()


def _known_names(surroundings: ScenarioWorld) -> Mapping[str, _Known]:
    """By the argument that names them."""
    world = surroundings.world
    hosts = [name for host in world.memory_hosts for name in (host.name, str(host.address)) if name]
    peers = _Known(dict.fromkeys([*(peer.name for peer in surroundings.peers), *hosts]), frozenset(hosts))
    points = _Known(dict.fromkeys(point.ssid.decode(errors="replace") for point in world.access_points))
    return {"peer": peers, "ssid": points, "host": peers}


def _names(step: Step, known: Mapping[str, _Known]) -> Iterator[str]:
    if step.action.startswith(OF_PEERS) or step.action in SHORT_NAMES:
        key = "peer"
    elif step.action.startswith("access_point.") or step.action == "ap_up":
        key = "ssid"
    elif step.action.startswith("host."):
        key = "host"
    else:
        return
    name = step.arguments.get(key)
    if not known or not isinstance(name, str) or VARIABLE.search(name):
        return
    if name not in known[key].names and name.lower() not in known[key].folded:
        yield f"{key}: {unknown(_CALLED[key], name, known[key].names)}"


def _texts(value: Any) -> Iterator[str]:
    """The texts in a value, and in lists and tables in it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
