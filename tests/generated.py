"""What is generated of the schema and kept in the tree: tables of the docs.

    python -m tests.generated

writes them anew; a test compares.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from espat.dialects.loading import event_names
from espat.scenario.reading.scenario_tables import FILE, MODIFIERS, STEP_KINDS, WHEN
from espat.scenario.reading.world_reader import world_table
from espat.scenario.schema.markdown import field_rows, names, table
from espat.scenario.schema.tables import Field, Pairs, Table, Tables
from espat.scenario.verbs import VERBS, Verb

ROOT: Final = Path(__file__).parent.parent
SECTION: Final = re.compile(r"(<!-- generated: ([\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


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


SECTIONS: Final[Mapping[str, Callable[[], str]]] = {
    "world": world_tables,
    "file": lambda: field_rows(FILE.fields),
    "steps": lambda: table(("key", "meaning"), [(f"`{key}`", field.meaning) for key, field in STEP_KINDS.items()]),
    "modifiers": lambda: field_rows(MODIFIERS),
    "when": lambda: field_rows(WHEN.fields),
    "events": lambda: names(event_names()) + "\n",
    "verbs": verb_rows,
    "arguments": argument_rows,
}
FILES: Final = ("docs/world.md", "docs/scenarios.md")


def current(text: str) -> str:
    """A file with its generated sections as they should be."""
    return SECTION.sub(lambda found: f"{found[1]}\n{SECTIONS[found[2]]()}\n{found[3]}", text)


if __name__ == "__main__":
    for name in FILES:
        path = ROOT / name
        path.write_text(current(path.read_text(encoding="utf-8")), encoding="utf-8")
