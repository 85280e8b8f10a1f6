"""What a scenario is, once it has been read: steps, reactions, and where each of them stands."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from espat.scenario.text.document import Table


class ScenarioError(ValueError):
    """A scenario cannot be read or played as it is; each line of the message names file, line and what is wrong.

    `readable`: what of it could be read, to look for more mistakes in.
    """

    def __init__(self, message: str, readable: "Scenario | None" = None) -> None:
        super().__init__(message)
        self.readable = readable


class Place(NamedTuple):
    """Where something stands. `what`: `step 3`, `setup step 1`, or a key."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"

    def error(self, problem: str) -> ScenarioError:
        """The error that something is wrong here."""
        return ScenarioError(f"{self}: {problem}")


class Awaited(NamedTuple):
    """Something that a scenario uses and that there is not: a command, a verb, a protocol. `state`: why not."""

    what: str
    place: Place
    state: str = "is not built yet"

    def __str__(self) -> str:
        return self.what

    @property
    def problem(self) -> str:
        """What is wrong with a scenario that does not wait for it."""
        return f"{self.place}: {self.what} {self.state}"


class Step(NamedTuple):
    """One step.

    `action`: the key that makes it the step it is, or the verb behind `do`. `value`: what stands behind that key, None
    for a verb. `arguments`: the other keys, but for those that are for the reader. `steps`: of a repeat.
    """

    action: str
    value: Any
    arguments: dict[str, Any]
    module: str
    optional: bool
    place: Place
    steps: "tuple[Step, ...]" = ()


class Trigger(NamedTuple):
    """What a reaction waits for. `kind`: `module_prints`, `command`, `event` or `at`. `nth`: only that time, None each
    time. `module`: None any."""

    kind: str
    wanted: str | float
    nth: int | None
    module: str | None


class Reaction(NamedTuple):
    """Steps that are done whenever something happens."""

    trigger: Trigger
    steps: tuple[Step, ...]
    place: Place


class Scenario(NamedTuple):
    """One file."""

    file: str
    title: str
    dialect: str
    timing: str | None
    """The profile of the timing it needs; None: any."""
    needs: tuple[str, ...]
    modules: tuple[str, ...]
    variables: dict[str, str | None]
    """None: nothing is documented, the first line that contains it captures it."""
    tolerated: tuple[str, ...]
    """Lines that may appear although they are not expected."""
    world: Table | str
    """Inline, or the path of a world file beside this one."""
    attach: bool
    """Whether the serial ports are left to somebody else."""
    reactions: tuple[Reaction, ...]
    steps: tuple[Step, ...]
    """With those of `setup` before them."""
    lines: Mapping[str, int]
    """By the keys of the file."""
    waits: bool = False
    """Whether it may wait for what is not built yet; else it fails."""

    def place(self, key: str) -> Place:
        """Where a key of the file stands."""
        return Place(self.file, self.lines.get(key, 1), key)

    def every_step(self) -> Iterator[Step]:
        """All steps, those of repeats and reactions among them, each once."""
        yield from _unfolded(self.steps)
        for reaction in self.reactions:
            yield from _unfolded(reaction.steps)


def _unfolded(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from _unfolded(step.steps)
