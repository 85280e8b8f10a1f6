"""Tables of fields as tables of the docs. Sans-IO."""

from collections.abc import Iterable, Mapping, Sequence

from espat.scenario.schema.kinds import Kind
from espat.scenario.schema.tables import Field, Pairs, Tables


def field_rows(fields: Mapping[str, Field]) -> str:
    """A row for each key, with what it may be, what it means and what it is when left out; those that are only for the
    reader share the last row."""
    rows = []
    for key, field in fields.items():
        if field.meaning == FOR_THE_READER:
            continue
        default = "needed" if field.required else code(field.default)
        rows.append((names((key, *field.aliases)), value_of(field), field.meaning, default))
    readers = [key for key, field in fields.items() if field.meaning == FOR_THE_READER]
    if readers:
        rows.append((names(readers), "", FOR_THE_READER, ""))
    return table(("key", "value", "meaning", "when left out"), rows)


FOR_THE_READER = "for the reader"


def names(keys: Iterable[str]) -> str:
    """Keys as code, in a row."""
    return ", ".join(f"`{key}`" for key in keys)


def value_of(field: Field) -> str:
    """What may stand behind a key."""
    if isinstance(field.kind, Kind):
        return field.kind.right
    if isinstance(field.kind, Tables):
        return f"up to {field.kind.limit} tables"
    return f"a table of up to {field.kind.limit} entries" if isinstance(field.kind, Pairs) else "a table"


def code(default: str) -> str:
    """A default, as code when it is a value and not a sentence."""
    return f"`{default}`" if default and " " not in default.strip("'") and "`" not in default else default


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [_row(headings), "|" + "---|" * len(headings)]
    return "\n".join([*lines, *(_row([cell.replace("|", "\\|") for cell in row]) for row in rows)]) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
