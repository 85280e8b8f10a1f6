"""TOML from anybody: the values, and the line of each key, which the standard parser does not tell. Sans-IO.

A scanner goes over the text first. It knows strings, comments and brackets, so that it finds the keys, and it refuses
what would take that parser more memory or stack than the text is worth. What is no TOML at all the parser says.
"""

import re
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from espat.core.suggestions import one_line
from espat.scenario.text.document import DEPTH_LIMIT, DocumentError

VALUES_LIMIT: Final = 100_000
"""Values and parts of keys in a file."""
PARTS_LIMIT: Final = 16
"""Parts of a dotted key: the parser takes memory for each part of each key."""

_BASIC: Final = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_LITERAL: Final = re.compile(r"'[^'\n]*'")
_WORD: Final = re.compile(r"""[^\s"'#=\[\]{},.]+""")
_BLANK: Final = re.compile(r"[ \t\r]+|#[^\n]*")
_ESCAPE_OR_END: Final = re.compile(r'\\.|"""', re.DOTALL)


class Lines:
    """The lines of a text, by the places that mistakes name: `seed`, `access_point#1.channel`, `hosts."a.example"`."""

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}

    def note(self, place: str, line: int) -> None:
        """A place is in this line, and was in none before."""
        self._lines.setdefault(place, line)

    def line_of(self, place: str) -> int | None:
        """The line of a place, or of the table that it is in; None when neither is there."""
        place = place.replace('"', "")
        while place:
            if place in self._lines:
                return self._lines[place]
            place = place[: max(place.rfind("."), place.rfind("#"), 0)]
        return None


def parse_toml(text: str) -> tuple[dict[str, Any], Lines]:
    """The values of a text, and their lines. Raises DocumentError."""
    text = text.replace("\r\n", "\n")
    lines = Lines()
    _Scanner(text, lines).scan()
    try:
        return tomllib.loads(text), lines
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).removesuffix(")").rpartition(" (at ")
        found = re.match(r"line (\d+)", place)
        line = int(found[1]) if found is not None else text.count("\n") + 1
        raise DocumentError(line, f"something else ({one_line(reason)})", "TOML") from None
    except ValueError:  # Python's limit for the digits of a number
        raise DocumentError(1, "one with too many digits", "smaller numbers") from None


@dataclass
class _Open:
    """A list or table in brackets that is being scanned. `items`: of a list, None of a table."""

    place: str
    items: int | None
    parts: list[str] = field(default_factory=list)


class _Scanner:
    """Notes the lines of keys and of the tables in lists."""

    def __init__(self, text: str, lines: Lines) -> None:
        self._text = text
        self._lines = lines
        self._at = 0
        self._line = 1
        self._values = 0
        self._table = ""
        self._tables: Counter[str] = Counter()
        self._open: list[_Open] = []

    def scan(self) -> None:
        """Raises DocumentError for what is too much; stops where it is no TOML."""
        while (sign := self._next()) is not None:
            if sign == "\n":
                continue
            if sign == "[":
                done = self._header()
            else:
                key = self._key(sign)
                done = key is not None and self._value(self._noted(self._table, key))
            if not done:
                return

    def _next(self, newlines: bool = True) -> str | None:
        """The next sign, with its text when it is a word or a string; None at the end, or behind a broken string."""
        text = self._text
        while (blank := _BLANK.match(text, self._at)) is not None:
            self._at = blank.end()
        if self._at >= len(text):
            return None
        sign = text[self._at]
        if sign in "\"'":
            return self._string(sign)
        word = _WORD.match(text, self._at)
        self._at = word.end() if word is not None else self._at + 1
        self._line += sign == "\n"
        return word[0] if word is not None else sign

    def _string(self, quote: str) -> str | None:
        text, start = self._text, self._at
        if text.startswith(quote * 3, start):
            end = self._end_of_long(quote, start + 3)
            if end is None:
                return None
        else:
            found = (_BASIC if quote == '"' else _LITERAL).match(text, start)
            if found is None:
                return None
            end = found.end()
        self._at = end
        self._line += text.count("\n", start, end)
        return text[start:end]

    def _end_of_long(self, quote: str, start: int) -> int | None:
        if quote == "'":
            found = self._text.find("'''", start)
            return found + 3 if found >= 0 else None
        while (sign := _ESCAPE_OR_END.search(self._text, start)) is not None:
            start = sign.end()
            if sign[0] == '"""':
                return start
        return None

    def _key(self, sign: str | None, end: str = "=") -> list[str] | None:
        """The parts of a key, whose first sign has been taken, up to its end; None when it is none."""
        parts: list[str] = []
        while sign is not None and sign not in ("\n", "[", "]", "{", "}", ",", "=", "."):
            self._count()
            parts.append(sign[1:-1] if sign[0] in "\"'" else sign)
            if len(parts) > PARTS_LIMIT:
                raise DocumentError(self._line, "more", f"a key of at most {PARTS_LIMIT} parts")
            sign = self._next()
            if sign == end:
                return parts
            if sign != ".":
                return None
            sign = self._next()
        return None

    def _header(self) -> bool:
        line = self._line
        many = self._text.startswith("[", self._at)
        self._at += many
        parts = self._key(self._next(), "]")
        if parts is None or (many and self._next() != "]"):
            return False
        self._table = self._noted("", parts, line)
        if many:
            self._tables[self._table] += 1
            self._table = f"{self._table}#{self._tables[self._table]}"
            self._lines.note(self._table, line)
        return True

    def _noted(self, table: str, parts: list[str], line: int | None = None) -> str:
        place = table
        for part in parts:
            place = f"{place}.{part}" if place else part
            self._lines.note(place, line or self._line)
        return place

    def _count(self) -> None:
        self._values += 1
        if self._values > VALUES_LIMIT:
            raise DocumentError(self._line, "more", f"at most {VALUES_LIMIT} values")

    def _value(self, place: str) -> bool:
        """Go over a value; whether it has an end."""
        sign = self._next()
        if not self._begin(sign, place):
            return False
        while self._open:
            inside = self._open[-1]
            sign = self._next()
            if sign is None:
                return False
            if sign in ("\n", ","):
                continue
            if sign in ("]", "}"):
                self._open.pop()
            elif inside.items is None:
                key = self._key(sign)
                if key is None or not self._begin(self._next(), self._noted(inside.place, key)):
                    return False
            elif sign == ".":  # of a number
                self._next()
            else:
                inside.items += 1
                item = f"{inside.place}#{inside.items}"
                self._lines.note(item, self._line)
                if not self._begin(sign, item):
                    return False
        while (sign := self._next()) not in ("\n", None):  # what is left of a number or a time
            pass
        return True

    def _begin(self, sign: str | None, place: str) -> bool:
        self._count()
        if sign in ("[", "{"):
            if len(self._open) >= DEPTH_LIMIT:
                raise DocumentError(self._line, "more", f"at most {DEPTH_LIMIT} tables and lists inside each other")
            self._open.append(_Open(place, 0 if sign == "[" else None))
        return sign not in (None, "\n", "]", "}", ",", "=")
