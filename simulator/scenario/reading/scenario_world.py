"""The world a scenario takes place in: what it says under `world`, as a World with the peers that it plays.

Sans-IO but for a world file that it names.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from espat.core.suggestions import unknown
from espat.scenario.reading.scenario import Awaited, Place, Scenario, ScenarioError
from espat.scenario.reading.transcript_words import NOT_BUILT, in_words_of_a_world_file
from espat.scenario.reading.world_file import load_world
from espat.scenario.reading.world_reader import WorldError, read_world
from espat.scenario.tables.peer import FOR_THE_READER, OF_BLUETOOTH, OF_PROTOCOLS
from espat.scenario.text.document import Items, Table
from espat.scenario.text.variables import UnknownVariableError, Variables
from espat.scenario.world.peers import TRANSPORTS, PeerConfiguration
from espat.scenario.world.world import World
from espat.stack.address import parse_address

NOT_USED: Final = (*OF_PROTOCOLS, *OF_BLUETOOTH, *FOR_THE_READER)
"""What is said of a peer that nothing reads, so that variables in it stay open."""


class ScenarioWorld(NamedTuple):
    """The world, offline because a scenario reaches nothing but what it brings, and the hosts that it plays itself.
    `awaited`: what it needs besides that there is not."""

    world: World
    peers: tuple[PeerConfiguration, ...]
    awaited: tuple[Awaited, ...]


def arrange(scenario: Scenario, variables: Variables) -> ScenarioWorld:
    """The surroundings of a scenario; what the world fixes is bound in `variables`. Raises ScenarioError."""
    return _Arrangement(scenario, variables).result()


class _Arrangement:
    def __init__(self, scenario: Scenario, variables: Variables) -> None:
        self._scenario = scenario
        self._variables = variables
        self._mistakes: list[str] = []
        self._awaited: list[Awaited] = []
        self._document = Table(1)

    def result(self) -> ScenarioWorld:
        world = World(access_points=())
        if isinstance(self._scenario.world, str):
            try:
                world = load_world(Path(self._scenario.file).parent / self._scenario.world)
            except WorldError as error:
                self._mistakes += [str(self._scenario.place("world").error(line)) for line in str(error).splitlines()]
        else:
            world = self._inline(self._scenario.world)
        peers = self._with_steps(world.peers)
        if self._mistakes:
            raise ScenarioError("\n".join(self._mistakes))
        return ScenarioWorld(replace(world, offline=True, peers=()), peers, tuple(self._awaited))

    def _inline(self, found: Table) -> World:
        here = self._scenario.place("world")
        for key in NOT_BUILT:
            if key in found:
                self._awaited.append(Awaited(f"world: {key}", here._replace(line=found.lines[key])))
        document = in_words_of_a_world_file(self._scenario, found, self._variables, self._wrong)
        before = len(self._mistakes)
        self._document = self._substituted(document, found.line)
        if len(self._mistakes) > before:
            return World()
        awaited: list[tuple[str, str]] = []
        try:
            return read_world(self._document, self._scenario.file, Path(self._scenario.file).parent, awaited)
        except WorldError as error:
            self._mistakes += [str(self._place_of(mistake.located).error(str(mistake))) for mistake in error.mistakes]
            return World()
        finally:
            self._awaited += [Awaited(what, self._place_of(place)) for what, place in awaited]

    def _with_steps(self, peers: Sequence[PeerConfiguration]) -> tuple[PeerConfiguration, ...]:
        """The peers with what steps say of them: the address one gets where it joins, and what it will serve."""
        addresses: dict[str, str] = {peer.name: peer.address for peer in peers}
        later: dict[str, dict[tuple[str, int], None]] = {peer.name: {} for peer in peers}
        for step in self._scenario.every_step():
            name = step.arguments.get("peer")
            if not isinstance(name, str) or name not in later:
                continue
            if step.action in ("join_ap", "station.join") and not addresses[name] and "ip" in step.arguments:
                addresses[name] = self._own_address(step.arguments["ip"], step.place)
            port, transport = step.arguments.get("port"), step.arguments.get("proto")
            if step.action in ("serve", "peer.serve") and isinstance(port, int) and transport in TRANSPORTS:
                later[name][transport, port] = None
        return tuple(
            peer._replace(address=addresses[peer.name], later=(*later[peer.name], *peer.later)) for peer in peers
        )

    def _own_address(self, text: Any, place: Place) -> str:
        try:
            found = self._variables.use(text) if isinstance(text, str) else ""
        except UnknownVariableError:
            return ""  # which is told of the step
        if not found or parse_address(found) is not None:
            return found
        self._mistakes.append(str(place.error(f"ip: expected an IPv4 address, got {found!r}")))
        return ""

    def _substituted(self, value: Any, line: int, key: str = "") -> Any:
        """The same with the values of variables, which are bound, but for what is for the reader."""
        if isinstance(value, str):
            try:
                return self._variables.use(value)
            except UnknownVariableError as error:
                self._wrong("world", unknown("variable", str(error), self._scenario.variables), line)
        elif isinstance(value, Table):
            table = Table(value.line)
            for name, inner in value.items():
                at = table.lines[name] = value.lines.get(name, line)
                reader = key in ("peer", "peers") and name in NOT_USED
                table[name] = inner if reader else self._substituted(inner, at, key or name)
            return table
        elif isinstance(value, Items):
            items = Items(value.line)
            for inner, at in zip(value, value.lines, strict=True):
                items.append(self._substituted(inner, at, key))
                items.lines.append(at)
            return items
        return value

    def _wrong(self, key: str, problem: str, line: int) -> None:
        self._mistakes.append(str(self._scenario.place(key)._replace(line=line).error(problem)))

    def _place_of(self, place: str) -> Place:
        """Where a mistake in the world stands in the scenario, as near as can be told."""
        found: Any = self._document
        line = self._scenario.lines.get("world", 1)
        for part in place.split("."):
            key, _, number = part.partition("#")
            if isinstance(found, Table):
                line, found = found.lines.get(key, line), found.get(key)
            if number.isdigit() and isinstance(found, Items) and int(number) <= len(found):
                line, found = found.lines[int(number) - 1], found[int(number) - 1]
        return self._scenario.place("world")._replace(line=line)
