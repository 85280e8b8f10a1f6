"""What is generated of the schema and kept in the tree: tables of the docs, and the verbs as methods.

    python -m tests.generated

writes them anew; a test compares.
"""

import json
import keyword
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Final, Literal, Union, get_args, get_origin

from espat.dialects.loading import event_names
from espat.scenario.reading.scenario_tables import FILE, MODIFIERS, STEP_KINDS, WHEN
from espat.scenario.reading.world_reader import world_table
from espat.scenario.schema.markdown import field_rows, names, table
from espat.scenario.schema.tables import Field, Pairs, Table, Tables
from espat.scenario.verbs import VERBS, Verb
from espat.scenario.verbs.arguments import Address, Data, Duration, Event, Hexadecimal, Milliseconds

ROOT: Final = Path(__file__).parent.parent
SECTION: Final = re.compile(r"((<!--|#) generated: ([\w ]+)(?: -->)?\n).*?((?:<!--|#) end(?: -->)?\n)", re.DOTALL)


def world_tables() -> str:
    """Every table of a world, with its keys."""
    parts = []
    fields = world_table().fields
    parts.append(field_rows({key: field for key, field in fields.items() if not _has_keys(field)}))
    for key, field in fields.items():
        if not _has_keys(field):
            continue
        inner = field.kind.table if isinstance(field.kind, Tables) else field.kind
        assert isinstance(inner, Table | Pairs)
        limit = f" At most {field.kind.limit}." if isinstance(field.kind, Tables | Pairs) else ""
        brackets = f"[[{key}]]" if isinstance(field.kind, Tables) else f"[{key}]"
        parts.append(f"### `{brackets}`\n\n{inner.meaning}{limit}\n")
        if isinstance(inner, Pairs):
            parts.append(table(("key", "value"), [(inner.key.right, _right(inner.value))]))
        elif all(not each.meaning for each in inner.fields.values()):
            kinds = {_right(each.kind) for each in inner.fields.values()}
            parts.append(f"{names(inner.fields)}: {' or '.join(kinds)}.\n")
        else:
            parts.append(field_rows(inner.fields))
    return "\n".join(parts)


def _has_keys(field: Field) -> bool:
    return isinstance(field.kind, Table | Tables | Pairs)


def _right(kind: object) -> str:
    return str(getattr(kind, "right", ""))


def verb_rows() -> str:
    """Every verb, with its arguments."""
    rows = []
    for name, verb in VERBS.items():
        if name != verb.names[0] or ("value" in verb.hints and name in STEP_KINDS):
            continue
        rows.append((names(verb.names), _arguments(verb), verb.meaning))
    return table(("verb", "arguments", "meaning"), sorted(rows))


def _arguments(verb: Verb) -> str:
    needed = [key for key in verb.keys if key in verb.required]
    others = [key for key in verb.keys if key not in verb.required]
    return "; ".join(part for part in (names(needed), names(others)) if part)


def argument_rows() -> str:
    """Every argument of a verb: what it may be, and what it means."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for name, verb in VERBS.items():
        if name != verb.names[0]:
            continue
        for key, field in verb.fields.items():
            default = f"; `{field.default}` when left out" if field.default else ""
            found.setdefault((key, _right(field.kind), field.meaning + default), []).append(name)
    rows = []
    for (key, right, meaning), verbs in sorted(found.items()):
        alone = sum(other[0] == key for other in found) == 1
        rows.append((f"`{key}`" + ("" if alone else f" of {names(verbs)}"), right, meaning))
    return table(("argument", "value", "meaning"), rows)


WRITTEN: Final[Mapping[object, str]] = {
    str: "str",
    int: "int",
    bool: "bool",
    Duration: "Time",
    Milliseconds: "int",
    Data: "Text",
    Hexadecimal: "str",
    Event: "EventName",
    Address: "str",
}
"""What a program gives for a parameter of a verb, by its type."""
VALUES: Final = {"send": "line", "send_raw_hex": "digits"}
"""What `value` of a verb is called as a parameter; `data` of others."""


def written(hint: object) -> str:
    """The type of what a program gives for a parameter."""
    origin = get_origin(hint)
    if origin is Literal:
        return f"Literal[{', '.join(json.dumps(choice) for choice in get_args(hint))}]"
    if origin in (Union, UnionType):
        return " | ".join(written(choice) for choice in get_args(hint) if choice is not NoneType)
    if origin is Annotated:
        return written(get_args(hint)[0])
    return "list[str]" if origin is list else WRITTEN[hint]


def method(name: str, verb: Verb, *, of_module: bool) -> str:
    """A verb as a method. `of_module`: whether the module is that of the object."""
    needed, others, given = [], [], []
    if "value" in verb.hints and verb.names[0] in STEP_KINDS:
        value = VALUES.get(name, "data")
        lines = get_origin(verb.hints["value"]) is list
        needed.append("*lines: str" if lines else f"{value}: {written(verb.hints['value'])}")
        given.append("value=[*lines]" if lines else f"value={value}")
    for key, parameter in verb.keys.items():
        hint = written(verb.hints[parameter])
        own = parameter if keyword.iskeyword(key) else key
        if key in verb.required:
            needed.append(f"{own}: {hint}")
        else:
            others.append(f"{own}: {hint} | None = None")
        given.append(f"**{{{json.dumps(key)}: {own}}}" if keyword.iskeyword(key) else f"{key}={own}")
    if "module" in verb.hints and not of_module:
        others.append("module: str | None = None")
        given.append("module=module")
    star = ["*"] if others and not any(each.startswith("*") for each in needed) else []
    call = ", ".join([json.dumps(verb.names[0]), *sorted(given, key=lambda each: each.startswith("**"))])
    return (
        f"    def {name}({', '.join(['self', *needed, *star, *others])}) -> R:\n"
        f"{_docstring(verb.meaning)}"
        f"        return self._call({call})\n"
    )


def _docstring(text: str) -> str:
    lines = textwrap.wrap(f'"""{text}"""', 112)
    return "".join(f"        {line}\n" for line in lines)


def _usual() -> list[tuple[str, Verb]]:
    return sorted((name, verb) for name, verb in VERBS.items() if name == verb.names[0])


def verb_groups() -> str:
    """A class for each thing that verbs are about, and one that has them all; a simulation has a clock of its own."""
    groups: dict[str, list[tuple[str, Verb]]] = {}
    for name, verb in _usual():
        group, dot, action = name.partition(".")
        if dot and group != "clock":
            groups.setdefault(group, []).append((action, verb))
    classes = []
    for group, verbs in groups.items():
        methods = "\n".join(method(action, verb, of_module=False) for action, verb in verbs)
        classes.append(f'class {_class(group)}(VerbGroup[R]):\n    """The verbs `{group}.*`."""\n\n{methods}')
    members = "\n".join(
        f"    @property\n    def {group}(self) -> {_class(group)}[R]:\n"
        f'        """The verbs `{group}.*`."""\n        return {_class(group)}(self.do, "{group}")\n'
        for group in groups
    )
    classes.append(f'class VerbGroups(DynamicGroups[R]):\n    """The verbs, by what they are about."""\n\n{members}')
    return _formatted("\n\n".join(classes))


def module_verbs() -> str:
    """The verbs about a module, as methods of one."""
    methods = []
    for name, verb in _usual():
        group, dot, action = name.rpartition(".")
        if "module" in verb.hints and (group == "module" or not dot) and not name.startswith("peer_"):
            methods.append(method(action, verb, of_module=True))
    text = "\n".join(methods)
    return _formatted(f'class VerbsOfModule(VerbGroup[R]):\n    """The verbs about one module."""\n\n{text}')


def _class(group: str) -> str:
    return "".join(part.capitalize() for part in group.split("_")) + "Verbs"


def _formatted(text: str) -> str:
    ruff = [sys.executable, "-m", "ruff", "format", "--line-length", "120", "-"]
    return subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout


SECTIONS: Final[Mapping[str, Callable[[], str]]] = {
    "world": world_tables,
    "file": lambda: field_rows(FILE.fields),
    "steps": lambda: table(("key", "meaning"), [(f"`{key}`", field.meaning) for key, field in STEP_KINDS.items()]),
    "modifiers": lambda: field_rows(MODIFIERS),
    "when": lambda: field_rows(WHEN.fields),
    "events": lambda: names(event_names()) + "\n",
    "verbs": verb_rows,
    "arguments": argument_rows,
    "verbs by what they are about": verb_groups,
    "verbs about a module": module_verbs,
}
FILES: Final = ("docs/world.md", "docs/scenarios.md", "simulator/testing/verb_groups.py")


def current(text: str) -> str:
    """A file with its generated sections as they should be."""

    def section(found: re.Match[str]) -> str:
        gap = "\n\n" if found[2] == "#" else "\n"  # as the formatter has it
        return f"{found[1]}{gap}{SECTIONS[found[3]]()}{gap}{found[4]}"

    return SECTION.sub(section, text)


if __name__ == "__main__":
    for name in FILES:
        path = ROOT / name
        path.write_text(current(path.read_text(encoding="utf-8")), encoding="utf-8")
