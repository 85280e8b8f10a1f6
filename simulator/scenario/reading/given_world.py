"""A world that a program gives: as a World, as plain values, or as the path of a world file."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from espat.scenario.reading.scenario import Scenario, ScenarioError
from espat.scenario.reading.scenario_world import arrange
from espat.scenario.text.document import Table, as_document
from espat.scenario.text.variables import Variables
from espat.scenario.world.peers import PeerConfiguration
from espat.scenario.world.world import World

WorldSource: TypeAlias = World | Mapping[str, Any] | str | Path | None
"""A World, what a scenario may say under `world`, or the path of a world file; None is the usual one."""


def read_given_world(
    source: WorldSource, variables: Variables, folder: Path = Path()
) -> tuple[World, tuple[PeerConfiguration, ...]]:
    """The world, offline unless it is a World that is not, and the hosts that the program plays. What the world fixes
    is bound in `variables`. `folder`: from where relative paths are. Raises ValueError with all mistakes."""
    if source is None:
        return World(offline=True), ()
    if isinstance(source, World):
        return replace(source, peers=()), source.peers
    inline: Table | str = str((folder / source).absolute()) if isinstance(source, str | Path) else as_document(source)
    scenario = Scenario(str(folder / "world"), "", "esp32-v5", None, (), ("0",), {}, (), inline, False, (), (), {})
    try:
        found = arrange(scenario, variables)
    except ScenarioError as error:
        place = "world:1: world: " if isinstance(inline, str) else "world:1: "
        raise ScenarioError("\n".join(line.removeprefix(place) for line in str(error).splitlines())) from None
    if found.awaited:
        raise ValueError(f"the world waits for {', '.join(map(str, found.awaited))}")
    return found.world, found.peers
