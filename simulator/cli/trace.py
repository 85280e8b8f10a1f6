"""`espat trace`: print a trace, or some of it."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from espat.cli.reasons import is_of_output, reason
from espat.core.trace import Kind

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction

    from espat.core.trace import Record

KINDS = tuple(kind.value for kind in Kind)
STANDARD_INPUT = Path("-")
LINE_LIMIT = 2**20
"""Characters of one line of a trace."""


class TraceError(Exception):
    """A line is none of a trace."""


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("trace", help="print a trace file, or some of it")
    add = parser.add_argument
    add("file", metavar="FILE", type=Path, help="what --trace has written; -: standard input")
    add("--module", metavar="N", type=int, action="append", help="only this module; may be given several times")
    add("--kind", choices=KINDS, action="append", help="only this kind; may be given several times")
    add("--dir", choices=("in", "out", "world"), action="append", help="only this direction")
    add("--from", metavar="SECONDS", type=float, dest="begin", default=float("-inf"), help="from this module time on")
    add("--to", metavar="SECONDS", type=float, dest="end", default=float("inf"), help="up to this module time")
    add("--format", choices=("text", "json"), default="text", help="for people, or the lines of the file (text)")
    parser.set_defaults(main=main)


def main(options: Namespace) -> int:
    """Print what is wanted. Returns 0, or 2 when the file is no trace."""
    from espat.core.trace import line as as_line  # with the one below: for this subcommand only
    from espat.scenario.stage.trace_text import shown_record

    show = as_line if options.format == "json" else shown_record
    try:
        for record in read_trace(options.file):
            if _wanted(record, options):
                print(show(record))
    except (TraceError, OSError) as error:
        if is_of_output(error):
            raise
        print(f"espat: {reason(error)}", file=sys.stderr)
        return 2
    return 0


def read_trace(path: Path) -> "Iterator[Record]":
    """The messages of a trace file; `-` is standard input. Raises OSError, TraceError."""
    with nullcontext(sys.stdin.buffer) if path == STANDARD_INPUT else path.open("rb") as file:
        number = 0
        while text := file.readline(LINE_LIMIT + 1):
            number += 1
            try:
                if len(text) > LINE_LIMIT:
                    raise ValueError(f"more than {LINE_LIMIT} bytes")
                yield _record(json.loads(text))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                found = text[:40].decode("ascii", "backslashreplace").strip()
                raise TraceError(f"{path}:{number}: expected a line of a trace, got {found!r}") from error


def _record(fields: dict[str, object]) -> "Record":
    from espat.core.trace import Record  # as above

    data = fields["text"] if "text" in fields else fields["bytes"]
    time, module = fields["t"], fields["module"]
    if not isinstance(data, str) or not isinstance(time, int | float) or not isinstance(module, int):
        raise TypeError
    direction = fields["dir"]
    if direction not in ("in", "out", "world"):
        raise ValueError(direction)
    content = data.encode("ascii") if "text" in fields else bytes.fromhex(data)
    return Record(float(time), module, str(direction), Kind(fields["kind"]), content)


def _wanted(record: "Record", options: Namespace) -> bool:
    return (
        (options.module is None or record.module in options.module)
        and (options.kind is None or record.kind.value in options.kind)
        and (options.dir is None or record.direction in options.dir)
        and options.begin <= record.time <= options.end
    )
