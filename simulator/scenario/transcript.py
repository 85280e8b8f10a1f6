"""Transcripts: documented sessions as YAML files, and what a well-formed one looks like.

A transcript says what the client sends, what the module prints, and what happens in the world meanwhile. Reading it
touches no device; what a step means is the player's business.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple


class TranscriptError(Exception):
    """A transcript cannot be read or played as it is; the message names file, line and step."""


class Place(NamedTuple):
    """Where something stands. `step`: `step 3`, `setup step 1`, or a key."""

    file: str
    line: int
    step: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.step}"

    def error(self, problem: str) -> TranscriptError:
        """The error that something is wrong here."""
        return TranscriptError(f"{self}: {problem}")


class Step(NamedTuple):
    """One step.

    `action`: the key that makes it the step it is, or the verb of a `world` step. `value`: what stands behind that
    key, None for a verb. `arguments`: the other keys, modifiers that the player has no use for left out.
    """

    action: str
    value: Any
    arguments: dict[str, Any]
    module: str
    optional: bool
    place: Place


class Transcript(NamedTuple):
    """One file."""

    file: str
    title: str
    dialect: str
    modules: tuple[str, ...]
    variables: dict[str, str]
    tolerated: tuple[str, ...]
    """Lines that may appear although the document does not show them."""
    access_points: tuple[dict[str, Any], ...]
    peers: tuple[dict[str, Any], ...]
    services: dict[str, Any]
    """What there is on the internet: `sntp`, the time, and `sntp_servers`, who tells it."""
    elsewhere: tuple[str, ...]
    """The other keys of `world`: what the transcript needs besides."""
    steps: tuple[Step, ...]
    """With those of `setup` before them."""
    lines: dict[str, int]
    """By the keys of the file."""
    same_as: str | None = None

    def place(self, key: str) -> Place:
        """Where a key of the file stands."""
        return Place(self.file, self.lines.get(key, 1), key)


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
}
"""Keys of which every step has exactly one, and what stands behind them."""

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

FILE_KEYS: Final[Mapping[str, type]] = {
    "title": str,
    "source": dict,
    "dialect": str,
    "kind": str,
    "needs": list,
    "modules": list,
    "roles": dict,
    "world": dict,
    "vars": dict,
    "may_also_see": list,
    "setup": list,
    "steps": list,
    "same_as": str,
    "doubts": list,
}
REQUIRED: Final = ("title", "dialect", "modules", "world", "vars", "steps")

ACCESS_POINT_KEYS: Final = ("ssid", "password", "auth", "bssid", "wps", "up")
PEER_KEYS: Final = (
    *("id", "ip", "host", "serves", "refuses", "user", "password", "path", "udp_port"),
    *("client_auth", "ca", "cert", "client_cert"),
    *("addr", "mac", "ble", "bt", "app", "wifi", "tools", "network"),
)

SERVICE_KEYS: Final[Mapping[str, type]] = {"sntp": str, "sntp_servers": list}

_NAMES: Final = {str: "a text", int: "a number", bool: "true or false", list: "a list", dict: "a mapping"}


def read_transcript(path: Path) -> Transcript:
    """Read and check one file. Raises TranscriptError, OSError."""
    file = str(path)
    try:
        import yaml  # heavy, and not needed to run a module
    except ImportError as error:
        raise TranscriptError(f"{file}: PyYAML is needed to read it") from error
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        content = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise TranscriptError(f"{file}:{line}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise TranscriptError(f"{file}: not YAML: {error}") from error
    return _Reader(file, node).transcript(content)


class _Reader:
    """Checks one file. `node`: the YAML node of the whole, which knows the lines."""

    def __init__(self, file: str, node: Any) -> None:
        self._file = file
        self._lines: dict[str, int] = {}
        self._items: dict[str, list[int]] = {}
        pairs = node.value if node is not None and node.id == "mapping" else []
        for key, value in pairs:
            name = str(key.value)
            self._lines[name] = key.start_mark.line + 1
            if value.id == "sequence":
                self._items[name] = [item.start_mark.line + 1 for item in value.value]

    def transcript(self, content: Any) -> Transcript:
        whole = Place(self._file, 1, "the file")
        self._check(content, dict, whole)
        for key, value in content.items():
            if key not in FILE_KEYS:
                raise self._place(str(key)).error(f"unknown key; known are {', '.join(FILE_KEYS)}")
            self._check(value, FILE_KEYS[key], self._place(key))
        for key in REQUIRED:
            if key not in content:
                raise whole.error(f"{key!r} is missing")
        modules = self._texts(content["modules"], self._place("modules"))
        if not modules:
            raise self._place("modules").error("at least one module is needed")
        world = content["world"]
        return Transcript(
            file=self._file,
            title=content["title"],
            dialect=content["dialect"],
            modules=modules,
            variables=self._variables(content["vars"]),
            tolerated=self._texts(content.get("may_also_see", []), self._place("may_also_see")),
            access_points=self._entries(world, "access_points", ACCESS_POINT_KEYS, "ssid"),
            peers=self._entries(world, "peers", PEER_KEYS, "id"),
            services=self._services(world),
            elsewhere=tuple(key for key in world if key not in ("access_points", "peers", "services")),
            steps=self._steps(content, "setup", modules) + self._steps(content, "steps", modules),
            lines=self._lines,
            same_as=content.get("same_as"),
        )

    def _steps(self, content: dict[str, Any], key: str, modules: tuple[str, ...]) -> tuple[Step, ...]:
        name = "setup step" if key == "setup" else "step"
        lines = self._items.get(key, [])
        return tuple(
            self._step(step, modules, Place(self._file, line, f"{name} {number}"))
            for number, (step, line) in enumerate(zip(content.get(key, []), lines, strict=True), 1)
        )

    def _step(self, step: Any, modules: tuple[str, ...], place: Place) -> Step:
        self._check(step, dict, place)
        kinds = [key for key in STEP_KINDS if key in step]
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none"
            raise place.error(f"exactly one of {', '.join(STEP_KINDS)} makes a step; found {found}")
        kind = kinds[0]
        self._check(step[kind], STEP_KINDS[kind], place, kind)
        if kind in ("expect", "expect_set"):
            self._texts(step[kind], place, kind)
        for key, type_ in MODIFIERS.items():
            if key in step:
                self._check(step[key], type_, place, key)
        arguments = {key: value for key, value in step.items() if key != kind and key not in MODIFIERS}
        action, value = kind, step[kind]
        if kind == "world":
            if not isinstance(arguments.get("do"), str):
                raise place.error("a 'world' step needs 'do' with the name of a verb")
            action, value = arguments.pop("do"), None
        module = step.get("module", modules[0])
        if module not in modules:
            raise place.error(f"module: found {module!r}; {' or '.join(modules)} would be right")
        if "module" not in step and len(modules) > 1 and kind.startswith(("send", "expect")):
            raise place.error(f"module: needed in a file with several; {' or '.join(modules)} would be right")
        return Step(action, value, arguments, module, step.get("optional", False), place)

    def _variables(self, found: dict[Any, Any]) -> dict[str, str]:
        place = self._place("vars")
        for name, value in found.items():
            if not isinstance(name, str) or not name.isidentifier():
                raise place.error(f"found {name!r}; a name of letters, digits and underlines would be right")
            self._check(value, str, place, name)
        return dict(found)

    def _services(self, world: dict[str, Any]) -> dict[str, Any]:
        place = self._place("world")
        services: dict[str, Any] = world.get("services", {})
        self._check(services, dict, place, "services")
        for name, value in services.items():
            if name not in SERVICE_KEYS:
                raise place.error(f"services: unknown key {name!r}; known are {', '.join(SERVICE_KEYS)}")
            self._check(value, SERVICE_KEYS[name], place, f"services: {name}")
        return services

    def _entries(
        self, world: dict[str, Any], key: str, known: tuple[str, ...], required: str
    ) -> tuple[dict[str, Any], ...]:
        place = self._place("world")
        self._check(world.get(key, []), list, place, key)
        for entry in world.get(key, []):
            self._check(entry, dict, place, key)
            for name in entry:
                if name not in known:
                    raise place.error(f"{key}: unknown key {name!r}; known are {', '.join(known)}")
            self._check(entry.get(required), str, place, f"{key}: {required}")
        return tuple(world.get(key, []))

    def _texts(self, found: list[Any], place: Place, key: str = "") -> tuple[str, ...]:
        for text in found:
            self._check(text, str, place, key)
        return tuple(found)

    def _check(self, found: Any, type_: type, place: Place, key: str = "") -> None:
        if isinstance(found, type_) and not (type_ is int and isinstance(found, bool)):
            return
        prefix = f"{key}: " if key else ""
        raise place.error(f"{prefix}found {found!r}; {_NAMES.get(type_, type_.__name__)} would be right")

    def _place(self, key: str) -> Place:
        return Place(self._file, self._lines.get(key, 1), key)
