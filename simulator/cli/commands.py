"""`espat commands`: the catalogue of a dialect, and what of it works."""

from argparse import Namespace
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from espat.dialects.names import DIALECTS

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction

    from espat.dialects.coverage import Coverage

WORDS = ("missing", "works")


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("commands", help="list every documented command, and whether it works")
    parser.add_argument("--dialect", choices=DIALECTS, default=DIALECTS[0], help=f"the firmware ({DIALECTS[0]})")
    parser.add_argument("--format", choices=FORMATS, default="text", help="how to print it (text)")
    parser.set_defaults(main=main)


def main(options: Namespace) -> int:
    """Print the list. Returns 0."""
    from espat.dialects.coverage import coverage  # all commands of all firmwares: only for this subcommand

    print(FORMATS[options.format](coverage(options.dialect), options.dialect))
    return 0


def as_text(rows: Sequence["Coverage"], dialect: str) -> str:
    """Aligned columns, a paragraph for each group, and a sentence about all of it."""
    wide = max(len(row.command) for row in rows)
    lines = []
    for group, members in _groups(rows):
        works, documented = _counts(members)
        lines.append(f"{group}: {works} of {documented} commands work")
        lines += [f"  {row.command:{wide}}  {row.form:7}  {WORDS[row.works]}" for row in members]
        lines.append("")
    works, documented = _counts(rows)
    unknown = "the others answer as unknown ones do"
    lines.append(f"{works} of the {documented} commands that {dialect} documents work here; {unknown}.")
    return "\n".join(lines)


def as_markdown(rows: Sequence["Coverage"], dialect: str) -> str:
    """A table."""
    lines = ["| command | form | group | works |", "| --- | --- | --- | --- |"]
    lines += [f"| `{row.command}` | {row.form} | {row.group} | {'yes' if row.works else 'no'} |" for row in rows]
    return "\n".join(lines)


def as_json(rows: Sequence["Coverage"], dialect: str) -> str:
    """A list of objects, one on each line."""
    import json  # only this format needs it

    return "[\n" + ",\n".join("  " + json.dumps(row._asdict()) for row in rows) + "\n]"


FORMATS: dict[str, Callable[[Sequence["Coverage"], str], str]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
}


def _groups(rows: Sequence["Coverage"]) -> list[tuple[str, list["Coverage"]]]:
    return [(group, list(members)) for group, members in groupby(rows, key=lambda row: row.group)]


def _counts(rows: Sequence["Coverage"]) -> tuple[int, int]:
    """How many commands work in all their forms, and how many there are."""
    commands = {row.command for row in rows}
    missing = {row.command for row in rows if not row.works}
    return len(commands - missing), len(commands)
