"""A world file: TOML to a World. What the tables mean is in `world_reader`."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from espat.scenario.reading.world_reader import Mistake, WorldError, read_world
from espat.scenario.text.toml_lines import KeyLines
from espat.scenario.text.values import shown
from espat.scenario.world.world import World

SIZE_LIMIT: Final = 2**20
"""Bytes. A world is written by hand; what is larger is another kind of file."""
LONG_KEY: Final = re.compile(r"(?<![\w\"'-])(?:[\w\"'-]+[ \t]*\.[ \t]*){64}")
"""The TOML parser takes memory by the square of the number of a key's dotted parts."""


def load_world(path: str | os.PathLike[str]) -> World:
    """Read a world file. Raises WorldError with all mistakes that were found."""
    source = os.fsdecode(path)
    text = _read(source)
    try:
        return read_world(_parse(text, source), source, Path(source).parent)
    except WorldError as error:
        lines = KeyLines(text)
        located = [mistake._replace(line=lines.line_of(mistake.place)) for mistake in error.mistakes]
        raise WorldError(source, located) from None


def _read(source: str) -> str:
    try:
        with open(source, "rb") as file:  # noqa: PTH123
            content = file.read(SIZE_LIMIT + 1)
    except IsADirectoryError:
        raise WorldError(source, [Mistake("", "a directory", "a TOML file")]) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise WorldError(source, [Mistake("", f"nothing to read ({reason})", "a readable file")]) from None
    if len(content) > SIZE_LIMIT:
        raise WorldError(source, [Mistake("", f"more than {SIZE_LIMIT} bytes", "a smaller file")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02x}"
        raise WorldError(source, [Mistake(f"line {line}", found, "UTF-8 text")]) from None


def _parse(text: str, source: str) -> dict[str, Any]:
    if (key := LONG_KEY.search(text)) is not None:
        line = text.count("\n", 0, key.start()) + 1
        raise WorldError(source, [Mistake(f"line {line}", "a key of more than 64 parts", "one part")])
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).removesuffix(")").rpartition(" (at ")
        if not place.startswith("line"):
            line = text.count("\n") + 1
            place = f"line {line}, the end of the file"
        raise WorldError(source, [Mistake(place, f"no TOML ({shown(reason, 120)})", "TOML")]) from None
    except RecursionError:
        raise WorldError(source, [Mistake("", "too many tables and arrays inside each other", "fewer")]) from None
    except ValueError:  # Python's limit for the digits of a number
        raise WorldError(source, [Mistake("", "a number with too many digits", "a smaller one")]) from None
