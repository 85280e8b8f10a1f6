"""YAML from anybody to plain values that know their lines. Sans-IO.

What comes out are tables, lists, texts, numbers, true, false and null. Nothing else can be written: a tag is refused, a
date is a text, and so is a key. Anchors and aliases work, but what they unfold to is bounded, and so are depth and
size. The parser is used for its events only, which it makes without recursion.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from espat.core.suggestions import expected

SIZE_LIMIT: Final = 2**20
"""Bytes of a file."""
VALUES_LIMIT: Final = 250_000
"""Values in a document, those that aliases repeat counted each time."""
DEPTH_LIMIT: Final = 40
"""Tables and lists inside each other."""

_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,19}")
_HEXADECIMAL: Final = re.compile(r"0x[0-9A-Fa-f]{1,16}")
_DECIMAL: Final = re.compile(r"[-+]?(?:[0-9]{1,19}\.[0-9]{0,19}|\.[0-9]{1,19}|[0-9]{1,19})(?:[eE][-+]?[0-9]{1,3})?")
_TEXT_TAGS: Final = (None, "!", "tag:yaml.org,2002:str")
_SHOWN: Final = 120


class DocumentError(Exception):
    """The text is no document that can be used. `line`: where, from 1."""

    def __init__(self, line: int, found: str, right: str) -> None:
        super().__init__(expected(right, found))
        self.line = line


class Table(dict[str, Any]):
    """A mapping. `line`: where it begins. `lines`: where each key stands."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}
        self.size = 1


class Items(list[Any]):
    """A sequence. `line`: where it begins. `lines`: where each item stands."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []
        self.size = 1


def read_bytes(path: Path) -> bytes:
    """The content of a file that is not too large. Raises OSError, DocumentError."""
    if path.exists() and not path.is_file():  # a FIFO would never end
        raise DocumentError(1, "something else", "a regular file")
    with path.open("rb") as file:
        content = file.read(SIZE_LIMIT + 1)
    if len(content) > SIZE_LIMIT:
        raise DocumentError(1, f"more than {SIZE_LIMIT} bytes", "a smaller file")
    return content


def decoded(content: bytes) -> str:
    """The text of a file. Raises DocumentError."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentError(line, f"byte 0x{content[error.start]:02x}", "UTF-8 text") from None


def parse_document(content: bytes) -> Any:
    """The one document of a file; None for an empty one. Raises DocumentError."""
    text = decoded(content)
    import yaml  # heavy, and not needed to run a module

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(type(event).__name__, event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        raise DocumentError(mark.line + 1 if mark else 1, f"something else ({problem[:_SHOWN]})", "YAML") from None
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise DocumentError(line, f"something else ({str(error).splitlines()[0][:_SHOWN]})", "YAML") from None
    return builder.root


class _Builder:
    """Puts values together from the events of the parser."""

    def __init__(self) -> None:
        self.root: Any = None
        self._documents = 0
        self._open: list[tuple[Table | Items, str | None]] = []
        """What is being filled, and its anchor."""
        self._keys: list[tuple[str, int] | None] = []
        """For each of those, the key that waits for its value."""
        self._anchors: dict[str, tuple[Any, int]] = {}
        """What is complete, and how many values it has."""
        self._values = 0

    def take(self, kind: str, event: Any) -> None:
        line: int = event.start_mark.line + 1
        if kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                raise DocumentError(line, "a second document", "one document in a file")
        elif kind == "ScalarEvent":
            value = _scalar(event, line)
            if event.anchor is not None:
                self._anchors[event.anchor] = value, 1
            self._add(value, line, 1)
        elif kind == "AliasEvent":
            if event.anchor not in self._anchors:
                circle = event.anchor in [anchor for _, anchor in self._open]
                raise DocumentError(
                    line,
                    f"*{event.anchor[:_SHOWN]}, which {'contains itself' if circle else 'is nowhere'}",
                    "the anchor of something before it",
                )
            value, size = self._anchors[event.anchor]
            self._add(value, line, size)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            if event.tag is not None and event.tag not in ("!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
                raise DocumentError(line, f"the tag {event.tag[:_SHOWN]}", "no tag")
            if len(self._open) >= DEPTH_LIMIT:
                raise DocumentError(line, "more", f"at most {DEPTH_LIMIT} tables and lists inside each other")
            if self._open and isinstance(self._open[-1][0], Table) and self._keys[-1] is None:
                raise DocumentError(line, "a table or list as a key", "a text")
            self._open.append((Table(line) if kind == "MappingStartEvent" else Items(line), event.anchor))
            self._keys.append(None)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            value, anchor = self._open.pop()
            self._keys.pop()
            if anchor is not None:
                self._anchors[anchor] = value, value.size
            self._add(value, value.line, value.size)

    def _add(self, value: Any, line: int, size: int) -> None:
        if not self._open:
            self.root = value
            return
        inside = self._open[-1][0]
        inside.size += size
        if inside.size > VALUES_LIMIT:
            raise DocumentError(line, "more", f"at most {VALUES_LIMIT} values")
        if isinstance(inside, Items):
            inside.append(value)
            inside.lines.append(line)
            return
        key = self._keys[-1]
        if key is None:
            if isinstance(value, Table | Items):
                raise DocumentError(line, "a table or list as a key", "a text")
            name = _key(value)
            if name in inside:
                raise DocumentError(line, f"the key {name[:_SHOWN]!r} again", "each key once")
            self._keys[-1] = name, line
            return
        inside[key[0]] = value
        inside.lines[key[0]] = key[1]
        self._keys[-1] = None


def _key(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


def _scalar(event: Any, line: int) -> Any:
    text: str = event.value
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise DocumentError(line, "half of a surrogate pair", "a character")
    if event.tag not in _TEXT_TAGS:
        raise DocumentError(line, f"the tag {event.tag[:_SHOWN]}", "no tag")
    if event.style or event.tag is not None:  # quoted, or a block
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text


def as_document(value: Any) -> Any:
    """Plain values as those of a document of one line."""
    if isinstance(value, Mapping):
        table = Table(1)
        for key, inner in value.items():
            table[str(key)] = as_document(inner)
            table.lines[str(key)] = 1
        return table
    if isinstance(value, list | tuple):
        items = Items(1)
        for inner in value:
            items.append(as_document(inner))
            items.lines.append(1)
        return items
    return value
