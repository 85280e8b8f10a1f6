"""In which line of a TOML file a key stands: the parser of the standard library does not tell. Sans-IO.

As near as can be told: a key of an inline table is said to be in the line of the table, and what looks like a key in a
text of several lines is taken for one.
"""

import re
from collections import Counter
from typing import Final

_HEADER: Final = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY: Final = re.compile(r"\s*(\"[^\"]*\"|'[^']*'|[\w.-]+)\s*=")


class KeyLines:
    """The lines of a text, by the places that mistakes name: `seed`, `access_point#1.channel`, `hosts."a.example"`."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, int] = {}
        tables: Counter[str] = Counter()
        table = ""
        for number, line in enumerate(text.splitlines(), 1):
            if (header := _HEADER.match(line)) is not None:
                table = header[2]
                if header[1] == "[[":
                    tables[table] += 1
                    self._lines.setdefault(table, number)
                    table = f"{table}#{tables[table]}"
                self._lines.setdefault(table, number)
            elif (key := _KEY.match(line)) is not None:
                name = key[1].strip("\"'")
                self._lines.setdefault(f"{table}.{name}" if table else name, number)

    def line_of(self, place: str) -> int | None:
        """The line of a place, or of the table that it is in; None when neither is there."""
        place = place.replace('"', "")
        while place:
            if place in self._lines:
                return self._lines[place]
            place = place[: max(place.rfind("."), place.rfind("#"), 0)]
        return None
