"""Scenario files: what a client types and expects, and what happens in the world meanwhile.

A transcript of a documented session is a scenario as it stands; docs/scenarios.md describes all keys. Reading touches
no device; what a step means is the business of the verbs, and what a world means that of the surroundings.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from espat.core.suggestions import expected, unknown
from espat.scenario.reading.scenario import Place, Reaction, Scenario, ScenarioError, Step, Trigger
from espat.scenario.reading.scenario_tables import (
    FILE,
    INCLUDED_KEYS,
    MODIFIERS,
    ON_THE_PORT,
    REACTION,
    STEP_KINDS,
    STEPS,
    TRIGGERS,
    WHEN,
)
from espat.scenario.schema.kinds import TABLE as ANY_TABLE
from espat.scenario.schema.kinds import TEXT, Kind, WrongValueError, shown
from espat.scenario.schema.tables import MISTAKES_LIMIT, Enough, Field, missing
from espat.scenario.text.document import DocumentError, Table, parse_document, read_bytes

STEPS_LIMIT: Final = 100_000
"""Steps that may be played, repeats and includes unfolded."""
INCLUDE_DEPTH: Final = 8
"""Files that may include each other."""
NEVER: Final = Trigger("at", 0.0, None, None)
"""Stands for one that is wrong, so that the steps behind it are looked at too."""
INCLUDES_LIMIT: Final = 1000
"""Includes of a scenario, those of included files counted each time."""
BYTES_LIMIT: Final = 2**22
"""Of a scenario and the files that it includes."""


def read_scenario(path: Path) -> Scenario:
    """Read and check one file and those it includes. Raises ScenarioError."""
    return _read(path, ())


def _read(path: Path, aliases: tuple[Path, ...]) -> Scenario:
    reader = _Reader(path, (), aliases)
    scenario: Scenario | None = None
    try:
        scenario = reader.scenario()
    except Enough:
        reader.mistakes.append(f"{path}:1: more than {MISTAKES_LIMIT} mistakes; the rest has not been read")
    if reader.mistakes or scenario is None:
        raise ScenarioError("\n".join(reader.mistakes), scenario if reader.usable else None)
    return scenario


@dataclass
class _Files:
    """What a scenario and the files that it includes have in common: how many more includes and bytes it may
    have, and the contents of those that have been read, by path."""

    includes_left: int = INCLUDES_LIMIT
    bytes_left: int = BYTES_LIMIT
    contents: dict[Path, Any] = field(default_factory=dict)


class _Reader:
    """Reads one file and collects what is wrong with it."""

    def __init__(
        self, path: Path, above: tuple[Path, ...], aliases: tuple[Path, ...] = (), files: _Files | None = None
    ) -> None:
        """`above`: the files that include this one. `aliases`: those that are the same as this one."""
        self._files = files or _Files()
        self.mistakes: list[str] = []
        self.usable = False
        self._path = path
        self._file = str(path)
        self._above = above
        self._aliases = aliases
        self._steps_left = STEPS_LIMIT
        self._content = Table(1)
        """By the keys whose values are of their kind."""
        self._given: frozenset[str] = frozenset()
        self._variables: dict[str, str | None] = {}
        self._tolerated: list[str] = []

    def scenario(self) -> Scenario:
        """The scenario, of use only when there are no mistakes."""
        self._load()
        content = self._content
        if not self.usable:
            return self._empty()
        if "same_as" in content:
            return self._same_as(content["same_as"])
        for key in ("title", "steps"):
            if key not in self._given and not (key == "steps" and content.get("attach")):
                self._wrong(Place(self._file, 1, "the file"), missing(key, FILE.fields[key].kind))
        self._variables |= self._read_variables(content.get("vars", {}))
        self._tolerated += self._texts(content.get("may_also_see", []), self._place("may_also_see"))
        modules = self._texts(content.get("modules", ["A"]), self._place("modules"))
        if not modules or len(set(modules)) < len(modules):
            self._wrong(
                self._place("modules"), expected("at least one name, and each once", ", ".join(modules) or "none")
            )
            return self._empty()
        for name in content.get("roles", {}):
            if name not in modules:
                self._wrong(self._place("roles"), unknown("module", name, modules))
        attach = content.get("attach", False)
        steps = (*self._steps("setup", modules), *self._steps("steps", modules))
        reactions = tuple(self._reactions(content.get("reactions", []), modules))
        scenario = Scenario(
            file=self._file,
            title=content.get("title", ""),
            dialect=content.get("dialect", "esp32-v5"),
            timing=content.get("timing"),
            needs=self._texts(content.get("needs", []), self._place("needs")),
            modules=modules,
            variables=self._variables,
            tolerated=tuple(self._tolerated),
            world=content.get("world", Table(1)),
            attach=attach,
            reactions=reactions,
            steps=steps,
            lines=content.lines,
            waits=content.get("waits", False),
        )
        for step in scenario.every_step() if attach else ():
            if step.action in ON_THE_PORT:
                self._wrong(step.place, f"{step.action}: the serial port is left to somebody else by 'attach'")
        return scenario

    def _load(self) -> None:
        try:
            content = self._parsed()
        except DocumentError as error:
            self._wrong(Place(self._file, error.line, "the file"), str(error))
            return
        except OSError as error:
            self._wrong(Place(self._file, 1, "the file"), f"cannot be read ({error.strerror})")
            return
        if not isinstance(content, Table):
            self._wrong(Place(self._file, 1, "the file"), expected("a table", shown(content)))
            return
        self._content = Table(content.line)
        self._content.lines = content.lines
        self._given = frozenset(content)
        self.usable = True
        what, keys = ("key", tuple(FILE.fields)) if not self._above else ("key of an included file", INCLUDED_KEYS)
        for key, value in content.items():
            if key not in keys:
                self._wrong(self._place(key), unknown(what, key, keys))
            elif self._check(value, FILE.fields[key], self._place(key)):
                self._content[key] = value

    def _parsed(self) -> Any:
        """The content of the file. Raises DocumentError, OSError."""
        path = self._path.resolve()
        if path not in self._files.contents:
            content = read_bytes(self._path)
            self._files.bytes_left -= len(content)
            if self._files.bytes_left < 0:
                raise DocumentError(1, "more", f"at most {BYTES_LIMIT} bytes in all files together")
            self._files.contents[path] = parse_document(content)
        return self._files.contents[path]

    def _empty(self) -> Scenario:
        return Scenario(self._file, "", "", None, (), (), {}, (), Table(1), False, (), (), {})

    def _same_as(self, name: str) -> Scenario:
        place = self._place("same_as")
        path = self._beside(name, place)
        if path is None:
            return self._empty()
        aliases = (*self._aliases, self._path.resolve())
        if path.resolve() in aliases:
            self._wrong(place, expected("another file", f"{name}, which is the same as this one"))
            return self._empty()
        if len(aliases) > INCLUDE_DEPTH:
            self._wrong(place, expected(f"at most {INCLUDE_DEPTH} files that are the same", "more"))
            return self._empty()
        try:
            other = _read(path, aliases)
        except ScenarioError as error:
            self._wrong(place, f"{name} cannot be read")
            self.mistakes += str(error).splitlines()
            return self._empty()
        content = self._content
        return other._replace(title=content.get("title", other.title), waits=content.get("waits", other.waits))

    # Steps

    def _steps(self, key: str, modules: tuple[str, ...]) -> tuple[Step, ...]:
        name = "setup step" if key == "setup" else "step"
        return self._step_list(self._content.get(key, []), modules, name, 1)

    def _step_list(self, found: Any, modules: tuple[str, ...], name: str, times: int) -> tuple[Step, ...]:
        """The right ones. `times`: how often they are played."""
        steps: list[Step] = []
        for number, step in enumerate(found, 1):
            place = Place(self._file, found.lines[number - 1], f"{name} {number}")
            self._steps_left -= max(1, times)
            if self._steps_left < 0:
                raise place.error(expected(f"at most {STEPS_LIMIT} steps to play", "more"))
            if self._check(step, ANY_TABLE, place):
                steps += self._step(step, modules, place, times)
        return tuple(steps)

    def _step(self, step: Table, modules: tuple[str, ...], place: Place, times: int) -> Iterator[Step]:
        before = len(self.mistakes)
        kinds = [key for key in STEP_KINDS if key in step and not (key == "do" and "world" in step)]
        if len(kinds) != 1:
            strange = [key for key in step if key not in MODIFIERS]
            if kinds or not strange:
                right = f"exactly one of {', '.join(STEP_KINDS)}"
                self._wrong(place, expected(right, " and ".join(kinds) or "none"))
            else:
                self._wrong(place, unknown("step", strange[0], STEP_KINDS))
            return
        kind = kinds[0]
        self._check(step[kind], STEP_KINDS[kind], place, kind)
        for key, modifier in MODIFIERS.items():
            if key in step:
                self._check(step[key], modifier, place, key)
        arguments = {key: value for key, value in step.items() if key != kind and key not in MODIFIERS}
        action, value = kind, step[kind]
        if kind == "world":
            if not isinstance(arguments.get("do"), str):
                self._wrong(place, "missing key 'do' (the name of a verb)")
            action, value = arguments.pop("do", ""), None
        elif kind == "do":
            action, value = value, None
        module = step.get("module", modules[0])
        if module not in modules:
            self._wrong(place, self._unknown_module(module, modules))
        if "module" not in step and len(modules) > 1 and kind.startswith(("send", "expect")):
            self._wrong(place, f"missing key 'module', which of several (known: {', '.join(modules)})")
        for key in ("module", "optional") if kind in ("repeat", "include") else ():
            if key in step:
                self._wrong(place, f"{kind}: {expected(f'{key!r} in the steps themselves', 'it here')}")
        if len(self.mistakes) > before:
            return
        if kind == "include":
            yield from self._include(value, arguments, place, times, modules)
        else:
            inside: tuple[Step, ...] = ()
            if kind == "repeat":
                inside = self._repeated(value, arguments, place, times, modules)
            yield Step(action, value, arguments, module, step.get("optional", False), place, inside)

    def _repeated(
        self, count: int, arguments: dict[str, Any], place: Place, times: int, modules: tuple[str, ...]
    ) -> tuple[Step, ...]:
        found = arguments.pop("steps", None)
        if not self._check(found, STEPS, place, "steps"):
            return ()
        for key in arguments:
            if key != "as":
                self._wrong(place, f"repeat: {unknown('key', key, ('steps', 'as'))}")
        counter = arguments.get("as")
        if counter is not None:
            if not isinstance(counter, str) or not counter.isidentifier():
                self._wrong(place, f"as: {expected('the name of a variable', shown(counter))}")
            else:
                self._variables.setdefault(counter, None)
        return self._step_list(found, modules, f"{place.what}, step", times * count)

    def _include(
        self, name: str, arguments: dict[str, Any], place: Place, times: int, modules: tuple[str, ...]
    ) -> tuple[Step, ...]:
        for key in arguments:
            self._wrong(place, unknown("key", key, ()))
        path = self._beside(name, place)
        if path is None:
            return ()
        if not path.exists():
            self._wrong(place, f"include: {expected('a file that is there', shown(name))}")
            return ()
        files = (*self._above, self._path.resolve())
        if path.resolve() in files:
            self._wrong(place, f"include: {expected('another file', f'{name}, which includes itself')}")
            return ()
        if len(files) > INCLUDE_DEPTH:
            self._wrong(place, f"include: {expected(f'at most {INCLUDE_DEPTH} files inside each other', 'more')}")
            return ()
        self._files.includes_left -= 1
        if self._files.includes_left < 0:
            raise place.error(expected(f"at most {INCLUDES_LIMIT} includes", "more"))
        reader = _Reader(path, files, files=self._files)
        reader._steps_left = self._steps_left // max(1, times)
        try:
            steps = reader._included(modules)
        except Enough:
            self.mistakes += reader.mistakes
            raise
        self._steps_left -= times * (self._steps_left // max(1, times) - reader._steps_left)
        self.mistakes += reader.mistakes
        for name_, value in reader._variables.items():
            self._variables.setdefault(name_, value)
        self._tolerated += reader._tolerated
        return steps

    def _included(self, modules: tuple[str, ...]) -> tuple[Step, ...]:
        self._load()
        if not self.usable:
            return ()
        self._variables |= self._read_variables(self._content.get("vars", {}))
        self._tolerated += self._texts(self._content.get("may_also_see", []), self._place("may_also_see"))
        return (*self._steps("setup", modules), *self._steps("steps", modules))

    # The rest

    def _reactions(self, found: Any, modules: tuple[str, ...]) -> Iterator[Reaction]:
        for number, reaction in enumerate(found, 1):
            place = Place(self._file, found.lines[number - 1], f"reaction {number}")
            if not self._check(reaction, ANY_TABLE, place):
                continue
            self._known_keys(reaction, REACTION.fields, place)
            trigger = self._trigger(reaction.get("when"), modules, place)
            if self._check(reaction.get("do"), STEPS, place, "do"):
                steps = self._step_list(reaction["do"], modules, f"reaction {number}, step", 1)
                yield Reaction(trigger, steps, place)

    def _trigger(self, when: Any, modules: tuple[str, ...], place: Place) -> Trigger:
        """What starts a reaction; any, when that is wrong."""
        if not self._check(when, ANY_TABLE, place, "when"):
            return NEVER
        before = len(self.mistakes)
        self._known_keys(when, WHEN.fields, place, "when: ")
        kinds = [key for key in TRIGGERS if key in when]
        if len(kinds) != 1 and len(self.mistakes) == before:
            right = f"one of {', '.join(TRIGGERS)}"
            self._wrong(place, f"when: {expected(right, ' and '.join(kinds) or 'none')}")
        for key in when:
            if key in WHEN.fields:
                self._check(when[key], WHEN.fields[key], place, key)
        for key in ("nth", "module") if kinds == ["at"] else ():
            if key in when:
                self._wrong(place, f"when: {expected('at alone, which comes once', f'{key!r} with it')}")
        module = when.get("module")
        if isinstance(module, str) and module not in modules:
            self._wrong(place, self._unknown_module(module, modules))
        if len(self.mistakes) > before:
            return NEVER
        kind = WHEN.fields[kinds[0]].kind
        assert isinstance(kind, Kind)
        return Trigger(kinds[0], kind.read(when[kinds[0]]), when.get("nth"), module)

    def _known_keys(self, found: Table, known: Mapping[str, Field], place: Place, where: str = "") -> None:
        for key in found:
            if key not in known:
                self._wrong(place, where + unknown("key", key, known))

    @staticmethod
    def _unknown_module(module: Any, modules: Iterable[str]) -> str:
        return f"module: {unknown('module', str(module), modules)}"

    def _read_variables(self, found: Any) -> dict[str, str | None]:
        place = self._place("vars")
        for name, value in found.items():
            if not name.isidentifier():
                self._wrong(place, expected("a name of letters, digits and underlines", shown(name)))
            if value is not None:
                self._check(value, TEXT, Place(self._file, found.lines.get(name, place.line), "vars"), name)
        return dict(found)

    def _beside(self, name: str, place: Place) -> Path | None:
        """A file that this one names."""
        if not name or "\0" in name or Path(name).is_absolute() or Path(name).suffix not in (".yaml", ".yml"):
            self._wrong(place, expected("a path to a .yaml file from this one", shown(name)))
            return None
        return self._path.parent / name

    def _texts(self, found: Any, place: Place) -> tuple[str, ...]:
        return tuple(text for text in found if self._check(text, TEXT, place))

    def _check(self, found: Any, kind: Field | Kind[Any], place: Place, key: str = "") -> bool:
        """Whether a value is one of its kind, which is told otherwise."""
        if isinstance(kind, Field):
            assert isinstance(kind.kind, Kind)
            kind = kind.kind
        try:
            kind.read(found)
        except WrongValueError as error:
            self._wrong(place, f"{key}: {error.problem(found)}" if key else error.problem(found))
            return False
        return True

    def _wrong(self, place: Place, problem: str) -> None:
        """Note a mistake. Raises Enough."""
        self.mistakes.append(str(place.error(problem)))
        if len(self.mistakes) >= MISTAKES_LIMIT:
            raise Enough

    def _place(self, key: str) -> Place:
        return Place(self._file, self._content.lines.get(key, 1), key)
