"""Plays a scenario: its surroundings, its steps, its reactions."""

import re
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import trio

from espat.core.suggestions import expected
from espat.module import NOT_BUILT
from espat.persist.chip.image_file import FlashFileError
from espat.scenario.hosts.peers import PeerError
from espat.scenario.play.references import unknown_names
from espat.scenario.play.waiting import awaited, awaited_by_step
from espat.scenario.reading.scenario import Awaited, Place, Scenario, ScenarioError, Step
from espat.scenario.reading.scenario_file import read_scenario
from espat.scenario.reading.scenario_world import ScenarioWorld, arrange
from espat.scenario.schema.tables import MISTAKES_LIMIT
from espat.scenario.stage.company import open_played_stage
from espat.scenario.stage.matching import Printed, Quiet
from espat.scenario.stage.mismatch import MismatchError
from espat.scenario.stage.options import StageOptions
from espat.scenario.stage.reactions import Watcher
from espat.scenario.stage.stage import Stage
from espat.scenario.stage.trace_text import shown_record, without_secrets
from espat.scenario.text.patterns import EndlessPatternError
from espat.scenario.text.variables import UnknownVariableError, Variables, pattern_mistake
from espat.scenario.verbs import Action, VerbError, bind
from espat.scenario.verbs.acting import described
from espat.scenario.world.modules import with_modules
from espat.scenario.world.world import ModuleConfiguration, World

MATCHING: Final = ("expect", "expect_set", "wait_for")
"""Steps whose texts may be patterns."""
POWER_ON: Final = ("power_on", "module.power_on")
RECENT: Final = 20
"""Messages of the trace that a failure shows."""
BOOT_LIMIT: Final = 60.0
"""Seconds of module time that a boot may take."""


class PlayError(Exception):
    """The module did not do what the scenario says.

    `place`: the step. `problem`: what was expected and what came. `recent`: what had just happened.
    `difference`: lines that show where it is. Passwords are hidden in all of it.
    """

    def __init__(
        self, place: Place, action: str, problem: str, stage: Stage | None = None, difference: Sequence[str] = ()
    ) -> None:
        secrets = stage.secrets() if stage is not None else set()
        recent = list(stage.trace.recent)[-RECENT:] if stage is not None else []
        problem = without_secrets(problem, secrets)
        super().__init__(f"{place}: {action}: {problem}")
        self.place = place
        self.action = action
        self.problem = problem
        self.difference = tuple(without_secrets(line, secrets) for line in difference)
        self.recent = tuple(without_secrets(shown_record(record), secrets) for record in recent)


class Bound(NamedTuple):
    """A step and what it does. `inside`: the steps of a repeat."""

    step: Step
    action: Action | None
    inside: "tuple[Bound, ...]" = ()


class Prepared(NamedTuple):
    """A scenario that has been checked and can be played, unless it waits for something: `awaited`."""

    scenario: Scenario
    steps: tuple[Bound, ...]
    reactions: tuple[tuple[Bound, ...], ...]
    surroundings: ScenarioWorld
    variables: Variables
    awaited: tuple[Awaited, ...]


def prepare_file(path: Path) -> Prepared:
    """Read and check a file. Raises ScenarioError with every mistake in it, by line."""
    try:
        scenario = read_scenario(path)
    except ScenarioError as error:
        mistakes = str(error).splitlines()
        if error.readable is not None:
            try:
                prepare(error.readable)
            except ScenarioError as more:
                mistakes += str(more).splitlines()
        raise ScenarioError(_in_order(mistakes, path)) from None
    try:
        return prepare(scenario)
    except ScenarioError as error:
        raise ScenarioError(_in_order(str(error).splitlines(), path)) from None


def _in_order(mistakes: Iterable[str], path: Path) -> str:
    """Each once, those of the file itself by line, those of files it includes behind them."""

    def line(mistake: str) -> tuple[bool, int]:
        number = mistake.removeprefix(f"{path}:").partition(":")[0]
        own = mistake.startswith(f"{path}:") and number.isdigit()
        return not own, int(number) if own else 0

    return "\n".join(sorted(dict.fromkeys(mistakes), key=line))


def prepare(scenario: Scenario) -> Prepared:
    """Check everything that can be checked before there is a module. Raises ScenarioError."""
    mistakes: list[str] = []
    steps = _bind(scenario.steps, mistakes)
    reactions = tuple(_bind(reaction.steps, mistakes) for reaction in scenario.reactions)
    _check_patterns(scenario.place("may_also_see"), scenario.tolerated, mistakes)
    for reaction in scenario.reactions:
        _check_patterns(reaction.place, _texts(reaction.trigger.wanted), mistakes)
    variables = Variables(scenario.variables)
    surroundings: ScenarioWorld | None = None
    try:
        surroundings = arrange(scenario, variables)
    except ScenarioError as error:
        mistakes.append(str(error))
    mistakes += islice(unknown_names(scenario, surroundings), MISTAKES_LIMIT)
    if surroundings is not None and len(surroundings.world.modules) > len(scenario.modules):
        right = f"{len(surroundings.world.modules)} names, one for each module of the world"
        problem = expected(right, str(len(scenario.modules)))
        mistakes.append(str(scenario.place("modules").error(problem)))
    elif surroundings is not None:
        try:
            surroundings = surroundings._replace(world=_modules_of(scenario, surroundings.world))
        except ValueError as error:
            mistakes.append(str(scenario.place("world").error(str(error))))
    if mistakes or surroundings is None:
        raise ScenarioError("\n".join(mistakes))
    waiting = awaited(scenario, surroundings)
    return Prepared(scenario, steps, reactions, surroundings, variables, waiting)


def _modules_of(scenario: Scenario, world: World) -> World:
    """The world with a table for each module. Raises ValueError."""
    for number, module in enumerate(world.modules, 1):
        if module.flash is not None and not Path(module.flash).is_file():
            raise ValueError(f"module#{number}.flash: {expected('a flash image', f'no file {module.flash}')}")
        if module.link is not None and not scenario.attach and not isinstance(scenario.world, str):
            raise ValueError(f"module#{number}.link: {expected('attach: true with it', module.link)}")
    return with_modules(world, len(scenario.modules), ModuleConfiguration(dialect=scenario.dialect))


def _bind(steps: Sequence[Step], mistakes: list[str]) -> tuple[Bound, ...]:
    bound = []
    for step in steps:
        if len(mistakes) >= MISTAKES_LIMIT:
            break
        action: Action | None = None
        if step.action in MATCHING:
            _check_patterns(step.place, _texts([step.value, *step.arguments.values()]), mistakes, f"{step.action}: ")
        if step.action != "repeat":
            try:
                action = bind(step.action, step.arguments, step.module, value=step.value, optional=step.optional)
            except VerbError as error:
                if awaited_by_step(step) is None:
                    mistakes.append(str(step.place.error(str(error))))
        bound.append(Bound(step, action, _bind(step.steps, mistakes)))
    return tuple(bound)


def _check_patterns(place: Place, texts: Iterable[str], mistakes: list[str], where: str = "") -> None:
    for text in texts:
        if (mistake := pattern_mistake(text)) is not None:
            mistakes.append(str(place.error(where + mistake)))


def _texts(value: Any) -> Iterator[str]:
    """The texts of a list, and of lists in it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


async def play(prepared: Prepared, setting: StageOptions, *, seed: int | None = None) -> None:
    """Run all steps of a scenario that waits for nothing. Raises PlayError, ScenarioError, OSError."""
    async with on_stage(prepared, setting, seed=seed) as stage:
        await perform(prepared, stage)


@asynccontextmanager
async def on_stage(
    prepared: Prepared,
    setting: StageOptions,
    *,
    seed: int | None = None,
    ended: Callable[[int], None] = lambda code: None,
) -> AsyncIterator[Stage]:
    """The stage of a scenario, its modules booted; time passes. `ended`: is told the exit code of a program at a port.
    Raises PlayError, PortError, OSError."""
    scenario = prepared.scenario
    world = prepared.surroundings.world
    if seed is not None:
        world = replace(world, seed=seed)
    first = {step.module: step for step in reversed(scenario.steps)}
    off = tuple(name for name in scenario.modules if name in first and first[name].action in POWER_ON)
    files = {scenario.place("steps").file, *(step.place.file for step in scenario.steps)}
    if isinstance(scenario.world, str):
        files.add(str(Path(scenario.place("world").file).parent / scenario.world))
    setting = setting._replace(
        inputs=tuple(map(Path, sorted(files))),
        profile=setting.profile or scenario.timing,
        off=off,
        clients=setting.clients and not scenario.attach,
    )
    place = scenario.place("world")
    try:
        async with open_played_stage(
            setting,
            world,
            scenario.modules,
            copies=True,  # the same run each time, and files may be anybody's
            peers=prepared.surroundings.peers,
            variables=prepared.variables,
            tolerated=scenario.tolerated,
            ended=ended,
        ) as stage:
            with stage.time_passing():
                await _boot(stage, off)
                yield stage
    except (MismatchError, PeerError, FlashFileError) as error:
        raise PlayError(place, "world", str(error)) from error


async def _boot(stage: Stage, off: Collection[str]) -> None:
    """Wait until all modules but those that are off have booted."""
    for name, terminal in stage.terminals.items():
        if name not in off:
            printed = terminal.printed
            await terminal.until(partial(_is_ready, printed), f"module {name} to boot", BOOT_LIMIT)


def _is_ready(printed: Printed, quiet: Quiet) -> bool:
    return printed.through("ready")


async def perform(prepared: Prepared, stage: Stage, *, forever: bool = False) -> None:
    """Play the steps on a stage, with the reactions, which go on `forever` or until the steps are done. Raises
    PlayError, ScenarioError."""
    failures: list[Exception] = []
    async with trio.open_nursery() as nursery:

        async def react(steps: tuple[Bound, ...]) -> None:
            try:
                await _play_steps(steps, stage)
            except (PlayError, ScenarioError) as error:
                failures.append(error)
                nursery.cancel_scope.cancel()

        watcher = Watcher(stage, nursery)
        for reaction, steps in zip(prepared.scenario.reactions, prepared.reactions, strict=True):
            watcher.add(reaction.trigger, react, steps)
        try:
            await _play_steps(prepared.steps, stage)
            if forever:
                await trio.sleep_forever()
            await _nothing_left(prepared, stage)
        except (PlayError, ScenarioError) as error:
            failures.append(error)
        watcher.close()
        nursery.cancel_scope.cancel()
    if failures:
        raise failures[0]  # here, because a nursery would wrap it


async def _nothing_left(prepared: Prepared, stage: Stage) -> None:
    """No command was typed that only the real firmware has; what the modules print until they rest has been expected,
    or may be seen anywhere. Raises PlayError."""
    for name, module in stage.modules.items():
        for command in module.not_built:
            raise PlayError(prepared.scenario.place("steps"), "the end", f"module {name}: {NOT_BUILT % command}")
    for name, terminal in stage.terminals.items():
        last = next((step for step in reversed(prepared.scenario.steps) if step.module == name), None)
        place = last.place if last is not None else prepared.scenario.place("steps")
        try:
            await terminal.rest()
            terminal.printed.nothing()
        except (UnknownVariableError, re.error) as error:
            raise prepared.scenario.place("may_also_see").error(str(error)) from error
        except MismatchError as error:
            raise PlayError(place, "the end", f"module {name}: {error}", stage) from error


async def _play_steps(steps: Sequence[Bound], stage: Stage) -> None:
    for bound in steps:
        if bound.action is not None:
            await _perform(bound.step, bound.action, stage)
            continue
        for number in range(1, bound.step.value + 1):
            if "as" in bound.step.arguments:
                stage.variables.bind({bound.step.arguments["as"]: str(number)})
            await _play_steps(bound.inside, stage)


async def _perform(step: Step, action: Action, stage: Stage) -> None:
    if step.value is None:
        stage.event(step.module, described(step.action, step.arguments))
    try:
        await action(stage)
    except (MismatchError, PeerError) as error:
        difference = error.difference if isinstance(error, MismatchError) else ()
        raise PlayError(step.place, step.action, str(error), stage, difference) from error
    except VerbError as error:
        raise step.place.error(str(error)) from error
    except UnknownVariableError as error:
        raise step.place.error(
            f"{step.action}: variable {error} is not defined in vars, or has no value yet"
        ) from error
    except re.error as error:
        what = "" if isinstance(error, EndlessPatternError) else "not a regular expression: "
        raise step.place.error(f"{step.action}: {what}{error}") from error
