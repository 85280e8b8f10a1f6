"""Partition tables as ESP-IDF has them in flash (ESP-IDF Programming Guide, "Partition Tables"). Sans-IO.

magic (2)  type (1)  subtype (1)  offset (4)  size (4)  name (16)  flags (4)    for each partition
magic (2)  ones (14)  MD5 of all entries before (16)
"""

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import Final, NamedTuple

from espat.persist.chip.flash import SECTOR_SIZE

TABLE_OFFSET: Final = 0x8000
"""Where the system's table is."""
TABLE_SIZE: Final = 0xC00
NAME_LIMIT: Final = 16
"""Bytes."""
APP, DATA, CUSTOM = 0x00, 0x01, 0x40
"""Types. CUSTOM holds a table of its own at its start, that of the user partitions (ESP-AT User Guide)."""
FACTORY_APP, BOOT_LOADER, OTA_0 = 0x00, 0x01, 0x10
OTA_DATA, PHY, NVS, FAT = 0x00, 0x01, 0x02, 0x81
_ENTRY: Final = Struct("<2sBBII16sI")
_MAGIC: Final = b"\xaa\x50"
_MD5_MAGIC: Final = b"\xeb\xeb" + b"\xff" * 14


class Partition(NamedTuple):
    """One partition; offset and size in bytes."""

    name: str
    type: int
    subtype: int
    offset: int
    size: int
    flags: int = 0


class PartitionTableError(Exception):
    """There is no partition table, or it is damaged."""


class PartitionTable:
    """Partitions by name, in the order of the table."""

    def __init__(self, partitions: Sequence[Partition]) -> None:
        self.partitions = tuple(partitions)

    def __iter__(self) -> Iterator[Partition]:
        return iter(self.partitions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PartitionTable) and self.partitions == other.partitions

    def __hash__(self) -> int:
        return hash(self.partitions)

    def find(self, name: str) -> Partition | None:
        """The partition of that name, or None."""
        return next((partition for partition in self.partitions if partition.name == name), None)

    def of_kind(self, kind: int, subtype: int) -> Partition | None:
        """The first partition of a type and subtype, or None."""
        return next((each for each in self.partitions if (each.type, each.subtype) == (kind, subtype)), None)

    def pack(self) -> bytes:
        """The table as it is in flash, without the ones behind it."""
        raw = b"".join(
            _ENTRY.pack(_MAGIC, each.type, each.subtype, each.offset, each.size, each.name.encode(), each.flags)
            for each in self.partitions
        )
        return raw + _MD5_MAGIC + _md5(raw)


def parse_table(raw: bytes, chip_size: int) -> PartitionTable:
    """Read a table. `chip_size`: bytes that its partitions have to lie within. Raises PartitionTableError."""
    partitions: list[Partition] = []
    for at in range(0, min(len(raw), TABLE_SIZE) - _ENTRY.size + 1, _ENTRY.size):
        entry = raw[at : at + _ENTRY.size]
        if entry.startswith(_MD5_MAGIC):
            if entry[16:] != _md5(raw[:at]):
                raise PartitionTableError("the MD5 of the partition table is wrong")
            break
        if entry == b"\xff" * _ENTRY.size:
            break
        magic, kind, subtype, offset, size, name, flags = _ENTRY.unpack(entry)
        if magic != _MAGIC:
            raise PartitionTableError(f"entry {len(partitions)} of the partition table begins with {magic.hex()}")
        partitions.append(Partition(name.rstrip(b"\0").decode("ascii", "replace"), kind, subtype, offset, size, flags))
    if not partitions:
        raise PartitionTableError("there is no partition table")
    for number, each in enumerate(partitions):
        if each.offset + each.size > chip_size or each.offset % SECTOR_SIZE or each.size % SECTOR_SIZE:
            raise PartitionTableError(
                f"entry {number} of the partition table has 0x{each.size:x} bytes at 0x{each.offset:x}"
            )
    return PartitionTable(partitions)


def _md5(data: bytes) -> bytes:
    from hashlib import md5  # loads OpenSSL, and a module without a flash file needs no table in bytes

    return md5(data, usedforsecurity=False).digest()
