"""A NOR flash chip: sectors of 4 KB that are erased to ones, and programming that only clears bits.

What many modules have in common is stored once: a chip begins with the sectors of its factory image, which it shares
until it writes to them, and a sector that nobody has written takes no memory.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol

SECTOR_SIZE: Final = 4096
ERASED: Final = b"\xff" * SECTOR_SIZE
_ONES: Final = 0xFF
KEPT_LIMIT: Final = 64
"""Sectors of a file that are kept in memory, the first that are looked at: the settings and the manufacturing data are
among them, whatever others do to the file meanwhile."""


class Medium(Protocol):
    """A file that holds the whole content of a chip."""

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the image. Raises OSError, also where there are not as many any more."""

    def write(self, offset: int, data: bytes | bytearray) -> None:
        """Overwrite bytes of the image; when it returns, the operating system has them. Raises OSError."""


class Flash(Protocol):
    """What can be read, programmed and erased: a chip, or a part of one. Offsets and lengths are in bytes."""

    size: int
    chip: "FlashChip"
    offset: int
    """Where it begins on the chip."""

    def read(self, offset: int, length: int) -> bytes:
        """Bytes as they are."""

    def program(self, offset: int, data: bytes) -> None:
        """Clear the bits that are 0 in `data`; the others stay as they are."""

    def erase(self, offset: int, length: int) -> None:
        """Set all bits; whole sectors only. Raises ValueError."""


class FlashChip:
    """A chip, in memory or in a file.

    `size`: in bytes. `chip` and `offset`: itself and 0, as a region has them. `erasures`: how often each sector has
    been erased, by number, since the chip was made or opened.
    """

    def __init__(self, size: int, factory: Mapping[int, bytes] | None = None, medium: Medium | None = None) -> None:
        """`factory`: sectors of a chip in memory that are not erased to begin with, by number. `medium`: where the
        content is; none keeps it in memory."""
        self.size = size
        self.chip, self.offset = self, 0
        self.erasures: Counter[int] = Counter()
        self._factory = factory or {}
        self.on_loss: Callable[[OSError], None] | None = None
        """Called when the medium takes or gives no more: from then on what is written is in memory only, and what the
        medium has is what a loss of power in this moment would have left. What has not been read of it is as erased.
        None: the error is raised."""
        self._medium = medium
        self._lost = False
        self._written: dict[int, bytearray] = {}
        self._left: int | None = None
        self._failed: Callable[[], None] | None = None

    def fail_after(self, count: int, failed: Callable[[], None]) -> None:
        """The power fails when so many more bytes have been programmed, in the middle of what is; `failed` is called in
        that moment. What follows does not reach the chip, until `power_on`."""
        self._left, self._failed = count, failed

    def power_on(self) -> bool:
        """The power is there; returns whether it had failed, so that the content may not be what was written."""
        broken = self._left is not None and self._failed is None
        self._left = self._failed = None
        return broken

    def read(self, offset: int, length: int) -> bytes:
        """Bytes as they are. Raises ValueError outside the chip."""
        self._check(offset, length)
        number, start = divmod(offset, SECTOR_SIZE)
        if start + length <= SECTOR_SIZE:
            return self._read_within(number, start, length)
        return b"".join(self._read_within(*piece) for piece in _pieces(offset, length))

    def program(self, offset: int, data: bytes) -> None:
        """Clear the bits that are 0 in `data`. Raises ValueError outside the chip."""
        start = offset % SECTOR_SIZE
        end = start + len(data)
        sector = self._written.get(offset // SECTOR_SIZE)
        if sector is None or end > SECTOR_SIZE:
            self._check(offset, len(data))
            if end > SECTOR_SIZE:
                self._program_pieces(offset, data)
                return
            sector = self._mirror(offset // SECTOR_SIZE)
        if self._left is not None:
            data = self._until_failure(data)
            end = start + len(data)
        data = _cleared(sector[start:end], data)
        sector[start:end] = data
        if self._medium is not None:
            self._write(offset, data, sector)

    def program_behind(self, sector: int, first: int, bits: bytes | bytearray, start: int, data: bytes) -> None:
        """Program `bits` and, somewhere behind them, `data`; a file gets both in one write. `sector`: offset of the
        sector that both are in. `first`, `start`: where they begin in it. `bits` are what is there afterwards: they
        have been read, and only cleared. On a real chip `data` comes first, then the bits from the last byte on."""
        if self._left is not None:
            self.program(sector + start, data)
            for place in reversed(range(len(bits))):
                self.program(sector + first + place, bytes(bits[place : place + 1]))
            return
        content = self._written.get(sector // SECTOR_SIZE)
        if content is None:
            self._check(sector, SECTOR_SIZE)
            content = self._mirror(sector // SECTOR_SIZE)
        end = start + len(data)
        if content.count(_ONES, start, end) != len(data):
            data = _cleared(content[start:end], data)
        content[first : first + len(bits)] = bits
        content[start:end] = data
        if self._medium is not None:
            self._write(sector + first, content[first:end], content)

    def erase(self, offset: int, length: int) -> None:
        """Set all bits of whole sectors. Raises ValueError."""
        self._check(offset, length)
        if offset % SECTOR_SIZE or length % SECTOR_SIZE:
            raise ValueError(f"{length} bytes at 0x{offset:x} are not whole sectors")
        if self._left is not None and self._failed is None:
            return
        for number in range(offset // SECTOR_SIZE, (offset + length) // SECTOR_SIZE):
            self.erasures[number] += 1
            if self._medium is not None:
                self._write(number * SECTOR_SIZE, ERASED)
                if number in self._written or self._lost:
                    self._written[number] = bytearray(ERASED)
            elif number in self._factory:
                self._written[number] = bytearray(ERASED)
            else:
                self._written.pop(number, None)

    def untouched(self, offset: int, length: int) -> bool:
        """Whether a part of a chip in memory is still as the factory made it."""
        sectors = range(offset // SECTOR_SIZE, -(-(offset + length) // SECTOR_SIZE))
        return self._medium is None and self._written.keys().isdisjoint(sectors)

    def _write(self, offset: int, data: bytes | bytearray, content: bytearray | None = None) -> None:
        """Hand over to the medium what has been programmed or erased. `content`: of the whole sector, to keep when the
        medium does not take it."""
        if self._lost:
            return
        assert self._medium is not None
        try:
            self._medium.write(offset, data)
        except OSError as error:
            self._lose(error)
            if content is not None:
                self._written[offset // SECTOR_SIZE] = content

    def _fetch(self, number: int) -> bytes:
        """A sector as the medium has it, whatever it takes or does not take."""
        assert self._medium is not None
        try:
            return self._medium.read(number * SECTOR_SIZE, SECTOR_SIZE)
        except OSError as error:
            self._lose(error)
            return ERASED

    def _lose(self, error: OSError) -> None:
        """Go on without the medium. Raises OSError where nobody would be told."""
        if self._lost:
            return
        if self.on_loss is None:
            raise error
        self._lost = True
        self.on_loss(error)

    def _until_failure(self, data: bytes) -> bytes:
        """What of some bytes is programmed before the power fails."""
        assert self._left is not None
        done = data[: self._left]
        self._left -= len(done)
        if len(done) < len(data) and self._failed is not None:
            failed, self._failed = self._failed, None
            failed()
        return done

    def _check(self, offset: int, length: int) -> None:
        if offset < 0 or length < 0 or offset + length > self.size:
            raise ValueError(f"{length} bytes at 0x{offset:x} are not within {self.size} bytes")

    def _read_within(self, number: int, start: int, length: int) -> bytes:
        sector = self._written.get(number)
        if sector is not None:
            return bytes(sector[start : start + length])
        if self._medium is not None:
            content = self._fetch(number)
            if len(self._written) < KEPT_LIMIT:
                self._written[number] = bytearray(content)
            return content[start : start + length]
        return self._factory.get(number, ERASED)[start : start + length]

    def _program_pieces(self, offset: int, data: bytes) -> None:
        """Program more than one sector."""
        done = 0
        for number, start, count in _pieces(offset, len(data)):
            self.program(number * SECTOR_SIZE + start, data[done : done + count])
            done += count

    def _mirror(self, number: int) -> bytearray:
        """A sector that is about to be written to."""
        content = self._read_within(number, 0, SECTOR_SIZE)
        sector = self._written.get(number)
        if sector is None:
            sector = bytearray(content)
            if self._medium is None or self._lost:
                self._written[number] = sector
        return sector


class FlashRegion:
    """A part of a chip; offsets count from its start."""

    def __init__(self, chip: FlashChip, offset: int, size: int) -> None:
        self.chip = chip
        self.offset = offset
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        """Bytes as they are. Raises ValueError outside the region."""
        self._check(offset, length)
        return self.chip.read(self.offset + offset, length)

    def program(self, offset: int, data: bytes) -> None:
        """Clear the bits that are 0 in `data`. Raises ValueError outside the region."""
        if offset < 0 or offset + len(data) > self.size:
            self._check(offset, len(data))
        self.chip.program(self.offset + offset, data)

    def erase(self, offset: int, length: int) -> None:
        """Set all bits of whole sectors. Raises ValueError."""
        self._check(offset, length)
        self.chip.erase(self.offset + offset, length)

    @property
    def untouched(self) -> bool:
        """Whether it is still as the factory made it."""
        return self.chip.untouched(self.offset, self.size)

    def _check(self, offset: int, length: int) -> None:
        if offset < 0 or length < 0 or offset + length > self.size:
            raise ValueError(f"{length} bytes at 0x{offset:x} are not within {self.size} bytes")


def sectors_of(content: Mapping[int, bytes]) -> dict[int, bytes]:
    """Sectors by number, from pieces of content by offset; what nothing covers is erased."""
    sectors: dict[int, bytearray] = {}
    for offset, data in content.items():
        done = 0
        for number, start, count in _pieces(offset, len(data)):
            sector = sectors.setdefault(number, bytearray(ERASED))
            sector[start : start + count] = data[done : done + count]
            done += count
    return {number: bytes(sector) for number, sector in sectors.items() if sector != ERASED}


def _cleared(before: bytearray, data: bytes) -> bytes:
    """What programming makes of bytes."""
    if not before.strip(b"\xff"):
        return data
    bits = int.from_bytes(before, "little") & int.from_bytes(data, "little")
    return bits.to_bytes(len(data), "little")


def _pieces(offset: int, length: int) -> Iterator[tuple[int, int, int]]:
    """Sector, start within it and length of each piece of a range."""
    end = offset + length
    while offset < end:
        number, start = divmod(offset, SECTOR_SIZE)
        count = min(SECTOR_SIZE - start, end - offset)
        yield number, start, count
        offset += count
