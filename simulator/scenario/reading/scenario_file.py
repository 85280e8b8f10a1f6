"""Scenario files: what a client types and expects, and what happens in the world meanwhile.

A transcript of a documented session is a scenario as it stands; docs/scenarios.md describes all keys. Reading touches
no device; what a step means is the business of the verbs, and what a world means that of the surroundings.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from espat.core.suggestions import right_word
from espat.core.time.timing import PROFILES
from espat.dialects.loading import event_names, is_event
from espat.scenario.reading.scenario import Place, Reaction, Scenario, ScenarioError, Step, Trigger, shown
from espat.scenario.text.document import DocumentError, Table, parse_document, read_bytes
from espat.scenario.text.durations import read_seconds

STEPS_LIMIT: Final = 100_000
"""Steps that may be played, repeats and includes unfolded."""
INCLUDE_LIMIT: Final = 8
"""Files that may include each other."""
REPEAT_LIMIT: Final = 100_000
"""Times that steps may be repeated."""

STEP_KINDS: Final[Mapping[str, type]] = {
    "send": str,
    "send_raw": str,
    "send_raw_hex": str,
    "expect": list,
    "expect_set": list,
    "expect_raw": object,
    "expect_chunks": dict,
    "peer_receives": str,
    "peer_sends": str,
    "pause_ms": int,
    "world": str,
    "do": str,
    "repeat": int,
    "include": str,
}
"""Keys that make a step what it is: one of them, or `world` with `do`. And what stands behind them."""
ON_THE_PORT: Final = ("send", "send_raw", "send_raw_hex", "expect", "expect_set", "expect_raw", "expect_chunks")
"""Those that drive the serial port."""

MODIFIERS: Final[Mapping[str, type]] = {
    "module": str,
    "added": bool,
    "optional": bool,
    "note": str,
    "doc_lines": list,
    "doc_echo": bool,
    "from_screenshot": bool,
}
"""Keys that any step may have; all but `module` and `optional` are for the reader."""

FILE_KEYS: Final[Mapping[str, type | tuple[type, ...]]] = {
    "title": str,
    "why": str,
    "source": dict,
    "dialect": str,
    "kind": str,
    "timing": str,
    "needs": list,
    "modules": list,
    "roles": dict,
    "world": (dict, str),
    "vars": dict,
    "may_also_see": list,
    "attach": bool,
    "waits": bool,
    "reactions": list,
    "setup": list,
    "steps": list,
    "same_as": str,
    "doubts": list,
}
INCLUDED_KEYS: Final = ("title", "why", "vars", "may_also_see", "setup", "steps")
"""Keys of a file that is included."""
TRIGGERS: Final = ("module_prints", "command", "event", "at")

_NAMES: Final = {str: "a text", int: "a number", bool: "true or false", list: "a list", dict: "a table"}


def read_scenario(path: Path) -> Scenario:
    """Read and check one file and those it includes. Raises ScenarioError."""
    return _read(path, ())


def _read(path: Path, aliases: tuple[Path, ...]) -> Scenario:
    reader = _Reader(path, (), aliases)
    scenario = reader.scenario()
    if reader.mistakes:
        raise ScenarioError("\n".join(reader.mistakes), scenario if reader.usable else None)
    return scenario


class _Reader:
    """Reads one file and collects what is wrong with it."""

    def __init__(self, path: Path, above: tuple[Path, ...], aliases: tuple[Path, ...] = ()) -> None:
        """`above`: the files that include this one. `aliases`: those that are the same as this one."""
        self.mistakes: list[str] = []
        self.usable = False
        self._path = path
        self._file = str(path)
        self._above = above
        self._aliases = aliases
        self._steps_left = STEPS_LIMIT
        self._content = Table(1)
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
            if key not in content and not (key == "steps" and content.get("attach")):
                self._wrong(Place(self._file, 1, "the file"), f"{key!r} is missing")
        self._variables |= self._read_variables(content.get("vars", {}))
        self._tolerated += self._texts(content.get("may_also_see", []), self._place("may_also_see"))
        modules = self._texts(content.get("modules", ["A"]), self._place("modules"))
        if not modules or len(set(modules)) < len(modules):
            self._wrong(self._place("modules"), "at least one module is needed, and each once")
            return self._empty()
        for name in content.get("roles", {}):
            if name not in modules:
                self._wrong(self._place("roles"), f"found {shown(name)}; {' or '.join(modules)} would be right")
        attach = content.get("attach", False)
        timing = content.get("timing")
        if timing is not None and timing not in PROFILES:
            self._wrong(self._place("timing"), f"found {shown(timing)}; {' or '.join(PROFILES)} would be right")
        steps = (*self._steps("setup", modules), *self._steps("steps", modules))
        reactions = tuple(self._reactions(content.get("reactions", []), modules))
        scenario = Scenario(
            file=self._file,
            title=content.get("title", ""),
            dialect=content.get("dialect", "esp32-v5"),
            timing=timing,
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
            content = parse_document(read_bytes(self._path))
        except DocumentError as error:
            self._wrong(Place(self._file, error.line, "the file"), str(error))
            return
        except OSError as error:
            self._wrong(Place(self._file, 1, "the file"), f"found nothing to read ({error.strerror})")
            return
        if not isinstance(content, Table):
            self._wrong(Place(self._file, 1, "the file"), f"found {shown(content)}; a table would be right")
            return
        self._content = content
        self.usable = True
        for key, value in content.items():
            if key not in FILE_KEYS or (self._above and key not in INCLUDED_KEYS):
                keys = INCLUDED_KEYS if self._above else FILE_KEYS
                where = "in a file that is included" if self._above else "as a key"
                self._wrong(self._place(key), f"found {shown(key)}; {right_word(key, keys)} would be right {where}")
            elif not self._check(value, FILE_KEYS[key], self._place(key)):
                self.usable = False

    def _empty(self) -> Scenario:
        return Scenario(self._file, "", "", None, (), (), {}, (), Table(1), False, (), (), {})

    def _same_as(self, name: str) -> Scenario:
        place = self._place("same_as")
        path = self._beside(name, place)
        if path is None:
            return self._empty()
        aliases = (*self._aliases, self._path.resolve())
        if path.resolve() in aliases:
            self._wrong(place, f"found {name}, which is the same as this one; another file would be right")
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
            self._steps_left -= times
            if self._steps_left < 0:
                raise place.error(f"more than {STEPS_LIMIT} steps to play; fewer would be right")
            if self._check(step, dict, place):
                steps += self._step(step, modules, place, times)
        return tuple(steps)

    def _step(self, step: Table, modules: tuple[str, ...], place: Place, times: int) -> Iterator[Step]:
        before = len(self.mistakes)
        kinds = [key for key in STEP_KINDS if key in step and not (key == "do" and "world" in step)]
        if len(kinds) != 1:
            strange = [key for key in step if key not in MODIFIERS]
            if kinds or not strange:
                found = " and ".join(kinds) or "none"
                self._wrong(place, f"exactly one of {', '.join(STEP_KINDS)} makes a step; found {found}")
            else:
                right = right_word(strange[0], STEP_KINDS)
                self._wrong(place, f"found {shown(strange[0])}, which makes no step; {right} would be right")
            return
        kind = kinds[0]
        self._check(step[kind], STEP_KINDS[kind], place, kind)
        for key, type_ in MODIFIERS.items():
            if key in step:
                self._check(step[key], type_, place, key)
        arguments = {key: value for key, value in step.items() if key != kind and key not in MODIFIERS}
        action, value = kind, step[kind]
        if kind == "world":
            if not isinstance(arguments.get("do"), str):
                self._wrong(place, "a 'world' step needs 'do' with the name of a verb")
            action, value = arguments.pop("do", ""), None
        elif kind == "do":
            action, value = value, None
        module = step.get("module", modules[0])
        if module not in modules:
            self._wrong(place, f"module: found {shown(module)}; {' or '.join(modules)} would be right")
        if "module" not in step and len(modules) > 1 and kind.startswith(("send", "expect")):
            self._wrong(place, f"module: needed in a file with several; {' or '.join(modules)} would be right")
        for key in ("module", "optional") if kind in ("repeat", "include") else ():
            if key in step:
                self._wrong(place, f"{kind}: found {shown(key)}; it would be right in the steps themselves")
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
        if not 0 <= count <= REPEAT_LIMIT:
            self._wrong(place, f"repeat: found {count}; 0 to {REPEAT_LIMIT} would be right")
            return ()
        if not self._check(found, list, place, "steps"):
            return ()
        for key in arguments:
            if key != "as":
                self._wrong(place, f"repeat: found {shown(key)}; steps or as would be right")
        counter = arguments.get("as")
        if counter is not None:
            if not isinstance(counter, str) or not counter.isidentifier():
                self._wrong(place, f"as: found {shown(counter)}; the name of a variable would be right")
            else:
                self._variables.setdefault(counter, None)
        return self._step_list(found, modules, f"{place.what}, step", times * count)

    def _include(
        self, name: str, arguments: dict[str, Any], place: Place, times: int, modules: tuple[str, ...]
    ) -> tuple[Step, ...]:
        for key in arguments:
            self._wrong(place, f"include: found {shown(key)}; no other key would be right")
        path = self._beside(name, place)
        if path is None:
            return ()
        if not path.exists():
            self._wrong(place, f"include: found {shown(name)}; a file that is there would be right")
            return ()
        files = (*self._above, self._path.resolve())
        if path.resolve() in files:
            self._wrong(place, f"include: {name} includes itself; another file would be right")
            return ()
        if len(files) > INCLUDE_LIMIT:
            self._wrong(
                place, f"include: found more than {INCLUDE_LIMIT} files inside each other; fewer would be right"
            )
            return ()
        reader = _Reader(path, files)
        reader._steps_left = self._steps_left // max(1, times)
        steps = reader._included(modules)
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
            if not self._check(reaction, dict, place):
                continue
            for key in reaction:
                if key not in ("when", "do", "note"):
                    self._wrong(place, f"found {shown(key)}; when or do would be right")
            trigger = self._trigger(reaction.get("when"), modules, place)
            if self._check(reaction.get("do"), list, place, "do"):
                steps = self._step_list(reaction["do"], modules, f"reaction {number}, step", 1)
                if trigger is not None:
                    yield Reaction(trigger, steps, place)

    def _trigger(self, when: Any, modules: tuple[str, ...], place: Place) -> Trigger | None:
        if not self._check(when, dict, place, "when"):
            return None
        kinds = [key for key in TRIGGERS if key in when]
        if len(kinds) != 1 or any(key not in (*TRIGGERS, "nth", "module") for key in when):
            self._wrong(
                place, f"when: found {', '.join(when) or 'nothing'}; one of {', '.join(TRIGGERS)} would be right"
            )
            return None
        kind, nth, module = kinds[0], when.get("nth"), when.get("module")
        for key in ("nth", "module") if kind == "at" else ():
            if key in when:
                self._wrong(place, f"when: found {shown(key)} with at, which comes once; at alone would be right")
        wanted: Any = when[kind]
        if kind == "at":
            try:
                wanted = read_seconds(wanted)
            except ValueError as error:
                self._wrong(place, f"at: found {shown(wanted)}; {error} would be right")
        elif not self._check(wanted, str, place, kind):
            return None
        elif kind == "event" and not is_event(wanted):
            self._wrong(place, f"event: found {shown(wanted)}; {right_word(wanted, event_names())} would be right")
        if nth is not None and (not self._check(nth, int, place, "nth") or nth < 1):
            self._wrong(place, f"nth: found {shown(nth)}; 1 or more would be right")
        if module is not None and module not in modules:
            self._wrong(place, f"module: found {shown(module)}; {' or '.join(modules)} would be right")
        return Trigger(kind, wanted, nth, module)

    def _read_variables(self, found: Any) -> dict[str, str | None]:
        place = self._place("vars")
        for name, value in found.items():
            if not name.isidentifier():
                self._wrong(place, f"found {shown(name)}; a name of letters, digits and underlines would be right")
            if value is not None:
                self._check(value, str, Place(self._file, found.lines.get(name, place.line), "vars"), name)
        return dict(found)

    def _beside(self, name: str, place: Place) -> Path | None:
        """A file that this one names."""
        if not name or "\0" in name or Path(name).is_absolute() or Path(name).suffix not in (".yaml", ".yml"):
            self._wrong(place, f"found {shown(name)}; a path to a .yaml file from this one would be right")
            return None
        return self._path.parent / name

    def _texts(self, found: Any, place: Place) -> tuple[str, ...]:
        return tuple(text for text in found if self._check(text, str, place))

    def _check(self, found: Any, type_: type | tuple[type, ...], place: Place, key: str = "") -> bool:
        if isinstance(found, type_) and not (type_ is int and isinstance(found, bool)):
            return True
        prefix = f"{key}: " if key else ""
        types = type_ if isinstance(type_, tuple) else (type_,)
        right = " or ".join(_NAMES.get(one, one.__name__) for one in types)
        self._wrong(place, f"{prefix}found {shown(found)}; {right} would be right")
        return False

    def _wrong(self, place: Place, problem: str) -> None:
        self.mistakes.append(str(place.error(problem)))

    def _place(self, key: str) -> Place:
        return Place(self._file, self._content.lines.get(key, 1), key)
