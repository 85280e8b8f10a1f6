"""A page of NVS: one sector with a header, two bits of state for each entry, and 126 entries.

Source: ESP-IDF Programming Guide, "Structure of a Page".

    state (4)  sequence number (4)  version (1)  unused (19)  CRC32 of the 24 bytes before (4)
    two bits for each entry (32)
    entries (126 * 32)

Every change is one or more programs that only clear bits, in an order that leaves a page which can be read at any
moment: an entry is there once its state says so, and what follows the last complete one is passed over.
"""

from enum import IntEnum
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

from espat.persist.chip.flash import ERASED, SECTOR_SIZE, Flash
from espat.persist.nvs.entry import (
    CRC_START,
    ENTRY_SIZE,
    SPANNING,
    TYPES,
    Entry,
    data_is_whole,
    size_of,
    unpack_entry,
)

ENTRY_COUNT: Final = 126
VERSION_2: Final = 0xFE
_HEADER: Final = Struct("<IIB19sI")
_STATE: Final = Struct("<I")
_STATES: Final = 32
"""Where the states of the entries begin."""
_ENTRIES: Final = 64
"""Where the entries begin."""
_TO_WRITTEN: Final = [0xFF & ~(1 << entry * 2) for entry in range(4)]
_TO_ERASED: Final = [0xFF & ~(3 << entry * 2) for entry in range(4)]
"""What to mask the states of four entries with, to change that of one of them."""
_BYTES: Final = [bytes((value,)) for value in range(256)]


class PageState(IntEnum):
    """Each follows from the one before it by clearing a bit."""

    FREE = 0xFFFFFFFF
    ACTIVE = 0xFFFFFFFE
    FULL = 0xFFFFFFFC
    FREEING = 0xFFFFFFF8


class EntryState(IntEnum):
    """Two bits."""

    EMPTY = 3
    WRITTEN = 2
    ERASED = 0


_PAGE_STATES: Final = {int(state): state for state in PageState}


class NvsDamagedError(Exception):
    """A page holds what no writing that was broken off explains. `page`: its number within the partition."""

    def __init__(self, page: int, reason: str) -> None:
        super().__init__(f"page {page}: {reason}")
        self.page = page


class Item(NamedTuple):
    """A value, or a part of one, and where its page has it."""

    at: int
    entry: Entry


class Page:
    """One page.

    `dirty`: it is free, but has to be erased before it is used. `used`: how many entries hold something.
    """

    __slots__ = (
        "_base",
        "_flash",
        "_program_behind",
        "_sector",
        "_states",
        "dirty",
        "next_free",
        "number",
        "sequence",
        "state",
        "used",
    )

    def __init__(self, flash: Flash, number: int) -> None:
        """Read the header. Raises NvsDamagedError."""
        self._flash = flash
        self._base = number * SECTOR_SIZE
        self._program_behind, self._sector = flash.chip.program_behind, flash.offset + self._base
        self._states = bytearray()
        self.number = number
        self.next_free = 0
        self.used = 0
        self.dirty = False
        raw = flash.read(self._base, _ENTRIES)
        state, self.sequence, version, _, crc = _HEADER.unpack_from(raw)
        self.state = _PAGE_STATES.get(state, PageState.FREE)
        if self.state is PageState.FREE and state != PageState.FREE:
            raise NvsDamagedError(number, f"state 0x{state:08x}")
        if self.state is PageState.FREE:
            self.dirty = flash.read(self._base, SECTOR_SIZE) != ERASED
        elif crc32(raw[4:28], CRC_START) != crc:
            if flash.read(self._base + _STATES, SECTOR_SIZE - _STATES) != ERASED[_STATES:]:
                raise NvsDamagedError(number, "the CRC of its header is wrong")
            self.state, self.dirty = PageState.FREE, True  # nothing has been written to it but half a header
        elif version < VERSION_2:
            raise NvsDamagedError(number, f"version 0x{version:02x}, which is not known")
        else:
            self._states += raw[_STATES:]

    def load(self) -> list[Item]:
        """What is on the page; finishes or undoes what was broken off. Raises NvsDamagedError."""
        raw = self._flash.read(self._base + _ENTRIES, ENTRY_COUNT * ENTRY_SIZE)
        items = []
        at = covered = 0  # `covered`: as far as the item reached that was erased last
        while at < ENTRY_COUNT:
            state = self._state_of(at)
            if state == EntryState.EMPTY:
                break
            entry = unpack_entry(raw[at * ENTRY_SIZE : (at + 1) * ENTRY_SIZE])
            if state == EntryState.ERASED:
                if entry is not None and entry.type in SPANNING:
                    covered = at + entry.span
                at += 1
            elif state != EntryState.WRITTEN:
                raise NvsDamagedError(self.number, f"state {state} of entry {at}")
            elif entry is None:
                if at >= covered:
                    raise NvsDamagedError(self.number, f"the CRC of entry {at} is wrong")
                self._mark_erased(at, 1)  # its header was erased, and then the power failed
                at += 1
            else:
                if self._is_whole(at, entry, raw):
                    items.append(Item(at, entry))
                at += max(1, entry.span)
        self._find_end(raw, min(at, ENTRY_COUNT))
        self.used = sum(item.entry.span for item in items)
        return items

    @property
    def room(self) -> int:
        """Entries that can still be written."""
        return ENTRY_COUNT - self.next_free

    def activate(self, sequence: int) -> None:
        """Begin a free page."""
        if self.dirty:
            self._flash.erase(self._base, SECTOR_SIZE)
            self.dirty = False
        rest = sequence.to_bytes(4, "little") + bytes((VERSION_2,)) + b"\xff" * 19
        header = _STATE.pack(PageState.ACTIVE) + rest + _STATE.pack(crc32(rest, CRC_START))
        self._flash.program(self._base, header)
        self.state, self.sequence = PageState.ACTIVE, sequence
        self._states = bytearray(b"\xff" * 32)
        self.next_free = self.used = 0

    def become(self, state: PageState) -> None:
        """Go on to the next state."""
        self._flash.program(self._base, _STATE.pack(state))
        self.state = state

    def erase(self) -> None:
        """Make it a free page."""
        self._flash.erase(self._base, SECTOR_SIZE)
        self.state, self.dirty = PageState.FREE, False
        self._states = bytearray()
        self.next_free = self.used = 0

    def append(self, raw: bytes) -> int:
        """Write whole entries behind the last ones; returns where. They have to fit."""
        at = self.next_free
        self._flash.program(self._base + _ENTRIES + at * ENTRY_SIZE, raw)
        count = len(raw) // ENTRY_SIZE
        if count == 1:
            self._change_states(at >> 2, self._states[at >> 2] & ~(1 << (at & 3) * 2))
        else:
            for number in range(at >> 2, (at + count - 1 >> 2) + 1):
                first, last = max(at, number * 4), min(at + count, number * 4 + 4)
                mask = sum(1 << (entry & 3) * 2 for entry in range(first, last))
                self._change_states(number, self._states[number] & ~mask)
        self.next_free = at + count
        self.used += count
        return at

    def exchange(self, old: int, raw: bytes) -> int:
        """Write one entry and erase another one."""
        at, states = self.next_free, self._states
        states[at >> 2] &= _TO_WRITTEN[at & 3]
        states[old >> 2] &= _TO_ERASED[old & 3]
        first = old >> 2  # entries are written in their order: the new one is the later one
        self._program_behind(
            self._sector, _STATES + first, states[first : (at >> 2) + 1], _ENTRIES + at * ENTRY_SIZE, raw
        )
        self.next_free = at + 1
        return at

    def remove(self, at: int, span: int) -> None:
        """Erase an item."""
        self._mark_erased(at, span)
        self.used -= span

    def read(self, at: int, count: int = 1) -> bytes:
        """The bytes of entries."""
        return self._flash.read(self._base + _ENTRIES + at * ENTRY_SIZE, count * ENTRY_SIZE)

    def _is_whole(self, at: int, entry: Entry, raw: bytes) -> bool:
        """Whether an item is there with all its data; erases one that was still being written or erased."""
        if entry.type not in TYPES or not 1 <= entry.span <= ENTRY_COUNT - at:
            raise NvsDamagedError(self.number, f"type 0x{entry.type:02x}, span {entry.span} of entry {at}")
        if any(self._state_of(number) != EntryState.WRITTEN for number in range(at, at + entry.span)):
            self._mark_erased(at, entry.span)
            return False
        if entry.type in SPANNING:
            start, size = (at + 1) * ENTRY_SIZE, size_of(entry)
            if size > (entry.span - 1) * ENTRY_SIZE or not data_is_whole(entry, raw[start : start + size]):
                raise NvsDamagedError(self.number, f"the CRC of the data of entry {at} is wrong")
        return True

    def _find_end(self, raw: bytes, first_empty: int) -> None:
        """Pass over entries whose writing was broken off before their state was changed."""
        written = len(raw.rstrip(b"\xff"))
        self.next_free = max(first_empty, -(-written // ENTRY_SIZE))
        if self.next_free > first_empty:
            self._mark_erased(first_empty, self.next_free - first_empty)

    def _state_of(self, at: int) -> int:
        return self._states[at >> 2] >> (at & 3) * 2 & 3

    def _mark_erased(self, at: int, count: int) -> None:
        """From the end: as long as the header is there, the whole item is known to go."""
        if count == 1:
            self._change_states(at >> 2, self._states[at >> 2] & ~(3 << (at & 3) * 2))
            return
        for number in range(at + count - 1 >> 2, (at >> 2) - 1, -1):
            first, last = max(at, number * 4), min(at + count, number * 4 + 4)
            mask = sum(3 << (entry & 3) * 2 for entry in range(first, last))
            self._change_states(number, self._states[number] & ~mask)

    def _change_states(self, number: int, states: int) -> None:
        """One byte, the states of four entries."""
        self._states[number] = states
        self._flash.program(self._base + _STATES + number, _BYTES[states])
