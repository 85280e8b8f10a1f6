"""A partition of NVS pages: namespaces, keys and values (ESP-IDF Programming Guide, "Non-Volatile Storage Library").

A new value is written behind the last one and only then is the old one erased; of two, the newer counts. When pages run
out, the one that holds least is copied to the last free page and erased, so one page always stays free.

What is written to an empty partition is what Espressif's generator of NVS images makes of the same content, byte for
byte; where the firmware itself would begin another page a little earlier or later, the generator is followed.
"""

import struct
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from espat.persist.chip.flash import SECTOR_SIZE, Flash
from espat.persist.nvs.entry import (
    ENTRY_SIZE,
    INTEGERS,
    KEY_LIMIT,
    NAMESPACES,
    TYPES,
    Stem,
    Type,
    index_of,
    integer_of,
    integer_stem,
    pack_index,
    pack_integer,
    pack_spanning,
    size_of,
    unpack_entry,
)
from espat.persist.nvs.page import ENTRY_COUNT, Item, NvsDamagedError, Page, PageState

STRING_LIMIT: Final = 4000
"""Bytes of a string with the zero at its end."""
PAGES_KEPT_FREE: Final = 1
"""For what the page that is erased next still holds."""
CHUNK_LIMIT: Final = 0x80
"""Chunks of one blob, less one; a new value of a blob has the numbers that the old one does not have."""
NAMESPACE_LIMIT: Final = 254
"""Namespaces of a partition."""

Value = int | bytes
"""A number, or the bytes of a string, without the zero at its end, or of a blob."""


class NvsFullError(Exception):
    """There is no room for a value."""


class NvsValueError(ValueError):
    """A name or a value cannot be stored; the message says why."""


class Typed(NamedTuple):
    """A value with its type: an integer's, STRING or BLOB."""

    type: Type
    value: Value


class _Place:
    """Where a value is, or a part of one. `number`, `stem`: of an integer, the value itself, and what its next entry
    begins with, once it has been written."""

    __slots__ = ("at", "number", "page", "span", "stem", "type")

    def __init__(self, page: Page, at: int, span: int, kind: Type, number: int = 0) -> None:
        self.page = page
        self.at = at
        self.span = span
        self.type = kind
        self.number = number
        self.stem: Stem | None = None


class NvsPartition:
    """The values of one partition."""

    def __init__(self, flash: Flash) -> None:
        """Read what is there, and finish what was broken off. Raises NvsDamagedError, with the page."""
        self._places: dict[tuple[int, str], _Place] = {}
        self._chunks: dict[tuple[int, str], dict[int, _Place]] = {}
        self._namespaces: dict[str, int] = {}
        self._pages = [Page(flash, number) for number in range(flash.size // SECTOR_SIZE)]
        self._active: Page | None = None
        self._free: list[Page] = []
        self._load()

    def __iter__(self) -> Iterator[tuple[str, str, Type]]:
        """Namespace, key and type of every value, by namespace in the order of their numbers."""
        names = {number: name for name, number in self._namespaces.items()}
        for namespace, key in sorted(self._places, key=lambda name: name[0]):
            if namespace in names:
                kind = self._places[namespace, key].type
                yield names[namespace], key, Type.BLOB if kind is Type.SINGLE_BLOB else kind

    @property
    def namespaces(self) -> list[str]:
        """The namespaces that have values, by their numbers."""
        return list(dict.fromkeys(namespace for namespace, _, _ in self))

    def keys(self, namespace: str) -> list[tuple[str, Type]]:
        """The keys of a namespace, with their types."""
        return [(key, kind) for name, key, kind in self if name == namespace]

    def read(self, namespace: str, key: str) -> Typed | None:
        """A value, or None."""
        number = self._namespaces.get(namespace)
        place = None if number is None else self._places.get((number, key))
        if number is None or place is None:
            return None
        if place.type is Type.BLOB:
            return Typed(Type.BLOB, self._blob((number, key), place))
        if place.type is Type.SINGLE_BLOB:
            return Typed(Type.BLOB, _data(place))
        if place.type is Type.STRING:
            return Typed(Type.STRING, _data(place)[:-1])
        return Typed(place.type, place.number)

    def write(self, namespace: str, key: str, kind: Type, value: Value) -> bool:
        """Store a value; one that is there already is not written again. Returns whether it was.

        Raises NvsValueError, NvsFullError.
        """
        number = self._namespaces.get(namespace)
        place = None if number is None else self._places.get((number, key))
        if number is None or place is None:
            _check_name(namespace)
            _check_name(key)
            if number is None:
                number = self._add_namespace(namespace)
        if isinstance(value, int):
            return self._write_integer(number, key, kind, value, place)
        if kind is Type.STRING:
            return self._write_string(number, key, value)
        if kind is not Type.BLOB:
            raise NvsValueError(f"expected a number for {kind.name}, got bytes")
        return self._write_blob(number, key, value)

    def erase(self, namespace: str, key: str | None = None) -> bool:
        """Forget a value, or all of a namespace; returns whether there was any."""
        number = self._namespaces.get(namespace)
        if number is None:
            return False
        keys = [name for name in self._places if name[0] == number and key in (None, name[1])]
        for name in keys:
            self._remove(name, self._places.pop(name))
        return bool(keys)

    def begin(self) -> None:
        """Begin the first page, if none has been begun."""
        if all(page.state is PageState.FREE for page in self._pages):
            self._next_page()

    # Writing

    def _add_namespace(self, name: str) -> int:
        taken = {*self._namespaces.values(), *(namespace for namespace, _ in self._places)}
        number = next((number for number in range(1, NAMESPACE_LIMIT + 1) if number not in taken), None)
        if number is None:
            raise NvsFullError
        self._write_integer(NAMESPACES, name, Type.U8, number)
        self._namespaces[name] = number
        return number

    def _write_integer(self, namespace: int, key: str, kind: Type, value: int, place: _Place | None = None) -> bool:
        """`place`: of the value that is there."""
        stem = None
        if place is not None and place.type is kind:
            if place.number == value:
                return False
            stem = place.stem
        try:
            if stem is None:
                stem = integer_stem(namespace, kind, key)
            raw = pack_integer(stem, value)
        except (struct.error, KeyError):
            raise NvsValueError(f"expected a value of the type {kind.name}, got {value}") from None
        page = self._active
        if page is None or page.next_free >= ENTRY_COUNT:
            page = self._page_for(1)
        if place is not None and place.page is page and place.type in INTEGERS:
            place.at, place.type, place.number = page.exchange(place.at, raw), kind, value
        else:
            place = _Place(page, page.append(raw), 1, kind, value)
            self._replace((namespace, key), place)
        place.stem = stem
        return True

    def _write_string(self, namespace: int, key: str, value: bytes) -> bool:
        if b"\0" in value:
            raise NvsValueError("a string cannot have a zero byte")
        if len(value) >= STRING_LIMIT:
            raise NvsValueError(f"expected a string of at most {STRING_LIMIT - 1} bytes, got {len(value)}")
        raw = pack_spanning(namespace, Type.STRING, 0xFF, key, value + b"\0")
        old = self._places.get((namespace, key))
        if old is not None and old.page.read(old.at, old.span) == raw:
            return False
        span = len(raw) // ENTRY_SIZE
        # The generator leaves the last entry of a page to other values, unless there is nothing but this one.
        page = self._page_for(min(span + 1, ENTRY_COUNT))
        self._replace((namespace, key), _Place(page, page.append(raw), span, Type.STRING))
        return True

    def _write_blob(self, namespace: int, key: str, value: bytes) -> bool:
        name = namespace, key
        first = 0
        old = self._places.get(name)
        if old is not None and old.type is Type.BLOB:
            if self._blob(name, old) == value:
                return False
            first = 0 if _chunk_numbers(old).start else CHUNK_LIMIT
        chunks = self._chunks.setdefault(name, {})
        numbers = range(first, first)
        start = 0
        try:
            while start < len(value) or not numbers:
                if len(numbers) == CHUNK_LIMIT:
                    raise NvsFullError
                page = self._page_for(1)
                tailroom = (page.room - 1) * ENTRY_SIZE
                part = value[start : start + tailroom]
                raw = pack_spanning(namespace, Type.BLOB_CHUNK, numbers.stop, key, part)
                chunks[numbers.stop] = _Place(page, page.append(raw), len(raw) // ENTRY_SIZE, Type.BLOB_CHUNK)
                numbers = range(first, numbers.stop + 1)
                start += len(part)
                if start < len(value) or tailroom - len(part) < ENTRY_SIZE:
                    self._next_page()
            page = self._page_for(1)
        except NvsFullError:
            self._remove_chunks(name, numbers)
            raise
        raw = pack_index(namespace, key, len(value), len(numbers), first)
        self._replace(name, _Place(page, page.append(raw), 1, Type.BLOB), kept=numbers)
        return True

    def _replace(self, name: tuple[int, str], place: _Place, kept: range = range(0)) -> None:
        """Let a name mean what has just been written, and erase what it meant before. `kept`: the chunks of the new
        value."""
        old = self._places.get(name)
        self._places[name] = place
        if old is not None:
            old.page.remove(old.at, old.span)
            if old.type is Type.BLOB:
                self._remove_chunks(name, [chunk for chunk in self._chunks[name] if chunk not in kept])

    def _remove(self, name: tuple[int, str], place: _Place) -> None:
        place.page.remove(place.at, place.span)
        self._remove_chunks(name, list(self._chunks.get(name, ())))

    def _remove_chunks(self, name: tuple[int, str], chunks: Iterable[int]) -> None:
        places = self._chunks.get(name, {})
        for chunk in chunks:
            place = places.pop(chunk)
            place.page.remove(place.at, place.span)
        if not places:
            self._chunks.pop(name, None)

    def _blob(self, name: tuple[int, str], index: _Place) -> bytes:
        return b"".join(_data(self._chunks[name][chunk]) for chunk in _chunk_numbers(index))

    # Pages

    def _page_for(self, entries: int) -> Page:
        """The page to write so many entries to. Raises NvsFullError."""
        for _ in range(len(self._pages) + 1):
            if self._active is not None and self._active.room >= entries:
                return self._active
            self._next_page()
        raise NvsFullError

    def _next_page(self) -> None:
        """Go on to another page. Raises NvsFullError."""
        if self._active is not None:
            self._active.become(PageState.FULL)
            self._active = None
        if len(self._free) >= PAGES_KEPT_FREE + 1:
            self._activate()
            return
        victim = max(
            (page for page in self._pages if page.state is PageState.FULL), key=lambda page: -page.used, default=None
        )
        if not self._free or victim is None or victim.used == ENTRY_COUNT:
            raise NvsFullError
        victim.become(PageState.FREEING)
        self._move_all(victim)

    def _activate(self) -> Page:
        used = [page.sequence for page in self._pages if page.state is not PageState.FREE]
        self._active = self._free.pop(0)
        self._active.activate(max(used, default=-1) + 1)
        return self._active

    def _move_all(self, victim: Page) -> None:
        """Copy what a page holds to a fresh one, and erase it."""
        page = self._activate()
        for place in sorted(self._on(victim), key=lambda place: place.at):
            place.at = page.append(victim.read(place.at, place.span))
            place.page = page
        victim.erase()
        self._free.append(victim)

    def _on(self, page: Page) -> list[_Place]:
        """What a page holds."""
        chunks = (place for places in self._chunks.values() for place in places.values())
        return [place for place in (*self._places.values(), *chunks) if place.page is page]

    # Loading

    def _load(self) -> None:
        freeing = [page for page in self._pages if page.state is PageState.FREEING]
        if freeing:  # the copy of what it holds is not complete, or may not be
            for page in self._pages:
                if page.state is PageState.ACTIVE:
                    page.erase()
        used = sorted(
            (page for page in self._pages if page.state is not PageState.FREE), key=lambda page: page.sequence
        )
        for before, page in pairwise(used):
            if before.sequence == page.sequence:
                raise NvsDamagedError(page.number, f"has the same sequence number as page {before.number}")
        for page in used:
            for item in page.load():
                self._enter(page, item)
        self._check_blobs()
        self._free = [page for page in self._pages if page.state is PageState.FREE]
        active = [page for page in used if page.state is PageState.ACTIVE]
        self._active = active.pop() if active else None
        for page in active:
            page.become(PageState.FULL)
        for page in freeing:
            if not self._free:
                raise NvsDamagedError(page.number, "there is no free page to copy it to")
            self._move_all(page)

    def _enter(self, page: Page, item: Item) -> None:
        """Take what a page holds; of two values of one name the later one counts, and the other was to be erased."""
        entry = item.entry
        kind = TYPES[entry.type]
        place = _Place(page, item.at, entry.span, kind, integer_of(entry) if kind in INTEGERS else 0)
        name = entry.namespace, entry.name
        if place.type is Type.BLOB_CHUNK:
            chunks = self._chunks.setdefault(name, {})
            old = chunks.get(entry.chunk)
            chunks[entry.chunk] = place
        else:
            old = self._places.get(name)
            self._places[name] = place
            if entry.namespace == NAMESPACES:
                self._namespaces[entry.name] = place.number
        if old is not None:
            old.page.remove(old.at, old.span)

    def _check_blobs(self) -> None:
        """Erase chunks that belong to no blob and blobs that lack chunks: their writing or erasing was broken off."""
        for name, chunks in list(self._chunks.items()):
            place = self._places.get(name)
            wanted = _chunk_numbers(place) if place is not None and place.type is Type.BLOB else range(0)
            self._remove_chunks(name, [chunk for chunk in chunks if chunk not in wanted])
        for name, place in list(self._places.items()):
            if place.type is Type.BLOB and not self._chunks.get(name, {}).keys() >= set(_chunk_numbers(place)):
                self._remove(name, self._places.pop(name))


def _data(place: _Place) -> bytes:
    """The data behind a string or chunk."""
    raw = place.page.read(place.at, place.span)
    entry = unpack_entry(raw[:ENTRY_SIZE])
    assert entry is not None
    return raw[ENTRY_SIZE : ENTRY_SIZE + size_of(entry)]


def _chunk_numbers(index: _Place) -> range:
    """The numbers of the chunks of a blob."""
    entry = unpack_entry(index.page.read(index.at))
    assert entry is not None
    _, count, first = index_of(entry)
    return range(first, first + count)


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= KEY_LIMIT or not name.isascii() or "\0" in name:
        raise NvsValueError(f"expected a name of 1 to {KEY_LIMIT} characters, got {name!r}")
