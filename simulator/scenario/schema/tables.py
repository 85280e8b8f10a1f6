"""Tables of fields: which keys may stand in a table of a file, and reading one against that. Sans-IO.

All that is wrong is collected, each mistake with its place, and none keeps the rest from being read.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from espat.core.suggestions import expected, one_line, unknown
from espat.scenario.schema.kinds import Kind, WrongValueError, shown

MISTAKES_LIMIT: Final = 100
"""Mistakes that are told: nobody reads more, and a file may have as many as it has bytes."""


class Mistake(NamedTuple):
    """One thing that is wrong. `place`: the table or key it is about; empty for the file as a whole. `key`: of the
    table at `place`, when it is one that should not be there or should. `line`: where that stands, if it is known."""

    place: str
    problem: str
    key: str = ""
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}" if self.place else self.problem

    @property
    def located(self) -> str:
        """The place whose line counts."""
        return ".".join(part for part in (self.place, self.key) if part)

    @property
    def at(self) -> str:
        """What stands behind the name of the file: the line, if it is known."""
        return f":{self.line}" if self.line is not None else ""


class Enough(Exception):  # noqa: N818  # nothing has failed
    """So much is wrong that there is no point in reading on."""


@dataclass(frozen=True)
class Field:
    """One key of a table. `default`: as it would be written, or in words; empty when there is none. `attribute`: what
    it is called in the program, the same as the key when empty. `aliases`: further names of the key."""

    kind: "Kind[Any] | Table | Tables | Pairs"
    meaning: str
    default: str = ""
    required: bool = False
    attribute: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table. `make`: what its fields become, by keyword; what it returns None for has been told as mistakes. It gets
    the reading, the place and the table as it was written too where `checks` says so."""

    meaning: str
    fields: Mapping[str, Field]
    make: Callable[..., Any] = dict
    checks: bool = False

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The key behind every name that may be written."""
        return {name: key for key, entry in self.fields.items() for name in (key, *entry.aliases)}


@dataclass(frozen=True)
class Tables:
    """Any number of tables of one kind, up to a limit: `[[key]]` in a world file."""

    table: Table
    limit: int


@dataclass(frozen=True)
class Pairs:
    """A table whose keys are values too. `key`: reads one; its mistakes are told of the key. `unique`: what a value is
    that none may share; empty when they may. `folded`: whether keys that differ in capitals only are the same."""

    meaning: str
    key: Kind[Any]
    value: Kind[Any]
    limit: int
    unique: str = ""
    folded: bool = False


@dataclass
class Reading:
    """One document being read. `context`: what readers of single tables need to know besides."""

    context: Any = None
    mistakes: list[Mistake] = field(default_factory=list)
    _owners: dict[tuple[str, Any], str] = field(default_factory=dict)

    def wrong(self, place: str, problem: str, key: str = "") -> None:
        """Note a mistake. Raises Enough."""
        self.mistakes.append(Mistake(place, problem, key))
        if len(self.mistakes) >= MISTAKES_LIMIT:
            self.mistakes.append(Mistake("", f"more than {MISTAKES_LIMIT} mistakes; the rest has not been read"))
            raise Enough

    def claim(self, what: str, value: Any, place: str, key: str, right: str) -> None:
        """Note that a value is this one's, which nobody else may have. `what`: of which kind it is."""
        owner = self._owners.setdefault((what, value), place)
        if owner != place:
            self.wrong(f"{place}.{key}", expected(right, f"that of {owner}"))

    def owner(self, what: str, value: Any) -> str:
        """The place of who has claimed a value."""
        return self._owners[what, value]

    def read(self, place: str, value: object, kind: "Kind[Any] | Table | Tables | Pairs") -> Any:
        """What the program holds for a value; None when it is wrong."""
        if isinstance(kind, Table):
            return self.table(place, value, kind)
        if isinstance(kind, Tables):
            return self._tables(place, value, kind)
        if isinstance(kind, Pairs):
            return self._pairs(place, value, kind)
        try:
            return kind.read(value)
        except WrongValueError as error:
            self.wrong(place, error.problem(value))
            return None

    def table(self, place: str, value: object, table: Table) -> Any:
        """What a table becomes; None when anything in it is wrong."""
        before = len(self.mistakes)
        fields = self.fields(place, value, table)
        if not table.checks:
            return table.make(**fields) if len(self.mistakes) == before else None
        made = table.make(self, place, value if isinstance(value, Mapping) else {}, fields)
        return made if len(self.mistakes) == before else None

    def fields(self, place: str, value: object, table: Table) -> dict[str, Any]:
        """The right ones of a table's values, by attribute; what it needs and has not is a mistake."""
        if not isinstance(value, Mapping):
            self.wrong(place, expected("a table", shown(value)))
            return {}
        fields: dict[str, Any] = {}
        written: dict[str, str] = {}
        for name, inner in value.items():
            key = table.names.get(name)
            if key is None:
                self.wrong(place, unknown("key", name, table.fields), shown_key(name))
                continue
            if key in written:
                self.wrong(place, expected(f"one of {written[key]!r} and {name!r}", "both"), shown_key(name))
                continue
            written[key] = name
            entry = table.fields[key]
            read = self.read(inside(place, shown_key(name)), inner, entry.kind)
            if read is not None:
                fields[entry.attribute or key] = read
        for key, entry in table.fields.items():
            if entry.required and key not in written:
                self.wrong(place, missing(key, entry.kind), key)
        return fields

    def _tables(self, place: str, value: object, tables: Tables) -> tuple[Any, ...]:
        if not isinstance(value, list):
            key = place.rpartition(".")[2]
            self.wrong(place, expected(f"a list of tables, [[{key}]] in a world file", shown(value)))
            return ()
        if len(value) > tables.limit:
            self.wrong(place, expected(f"at most {tables.limit} of them", str(len(value))))
            return ()
        made = [self.table(f"{place}#{number}", table, tables.table) for number, table in enumerate(value, 1)]
        return tuple(one for one in made if one is not None)

    def _pairs(self, place: str, value: object, pairs: Pairs) -> dict[Any, Any]:
        if not isinstance(value, Mapping):
            self.wrong(place, expected("a table", shown(value)))
            return {}
        if len(value) > pairs.limit:
            self.wrong(place, expected(f"at most {pairs.limit} entries", str(len(value))))
            return {}
        found: dict[Any, Any] = {}
        folded: set[str] = set()
        for name, inner in value.items():
            at = inside(place, shown_key(name))
            key: Any = None
            try:
                key = pairs.key.read(name)
            except WrongValueError as error:
                if not isinstance(inner, Mapping):  # else the name lacks its quotes, which its value tells
                    self.wrong(at, expected(error.right, f"the key {shown(name)}"))
            if pairs.folded and name.lower() in folded:
                self.wrong(at, expected("one entry", "a second one for the same name"))
            folded.add(name.lower())
            if key is None and not isinstance(inner, Mapping):
                continue
            read = self.read(at, inner, pairs.value)
            if read is None:
                continue
            if pairs.unique and read in found.values():
                self.wrong(at, expected(f"{pairs.unique} of its own", f"{read}, which another one has"))
            found[key] = read
        return found


def read_whole(reading: Reading, document: Mapping[str, object], table: Table) -> Any:
    """What a document becomes, of use only when there are no mistakes."""
    try:
        return reading.table("", document, table)
    except Enough:
        return None


def missing(key: str, kind: "Kind[Any] | Table | Tables | Pairs") -> str:
    """That a table lacks a key."""
    return f"missing key {key!r}" + (f" ({kind.right})" if isinstance(kind, Kind) else "")


def inside(place: str, key: str) -> str:
    """The place of a key."""
    return f"{place}.{key}" if place else key


def shown_key(key: str) -> str:
    """A key as TOML writes it."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,40}", key):
        return key
    return '"' + one_line(key, 80) + '"'
