"""Applications in flash, and which of them starts (ESP-IDF Programming Guide, "App Image Format", "Over The Air
Updates"). Sans-IO but for the flash."""

from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

from espat.persist.chip.flash import SECTOR_SIZE, Flash, FlashRegion
from espat.persist.nvs.entry import CRC_START
from espat.persist.partitions import FACTORY_APP, OTA_0, Partition

_IMAGE: Final = Struct("<BBBBIB3sHBHH4sBII")
_IMAGE_MAGIC: Final = 0xE9
_ESP32: Final = 0
_DATA_ADDRESS: Final = 0x3F400020
"""Where the chip maps the data of an application."""
_DESCRIPTION: Final = Struct("<II8s32s32s16s16s32s32s80s")
_DESCRIPTION_MAGIC: Final = 0xABCD5432
_SELECTION: Final = Struct("<I20sII")
_NEVER: Final = 0xFFFFFFFF
PROJECT: Final = b"esp-at"


class Slot(NamedTuple):
    """An application's partition. `version`: of the application in it, None when there is none."""

    partition: Partition
    version: bytes | None


def application_head(version: bytes, sdk: bytes, compiled: bytes) -> bytes:
    """The beginning of an application: image header and description. `compiled`: `<Mon dd yyyy> <hh:mm:ss>`."""
    date, _, time = compiled.rpartition(b" ")
    head = _IMAGE.pack(
        _IMAGE_MAGIC, 1, 2, 0x20, 0, 0xEE, bytes(3), _ESP32, 0, 0, 0, bytes(4), 0, _DATA_ADDRESS, _DESCRIPTION.size
    )
    return head + _DESCRIPTION.pack(
        _DESCRIPTION_MAGIC, 0, bytes(8), version[:31], PROJECT, time[:15], date[:15], sdk[:31], bytes(32), bytes(80)
    )


def application_version(flash: Flash, partition: Partition) -> bytes | None:
    """The version of the application in a partition, or None when there is none that can be read."""
    raw = flash.read(partition.offset, _IMAGE.size + _DESCRIPTION.size)
    if raw[0] != _IMAGE_MAGIC:
        return None
    magic, _, _, version, *_ = _DESCRIPTION.unpack_from(raw, _IMAGE.size)
    return bytes(version).partition(b"\0")[0] if magic == _DESCRIPTION_MAGIC else None


class Applications:
    """The slots, and the partition `otadata` that says which of them starts: two sectors, each with a number, of which
    the higher one counts."""

    def __init__(self, flash: Flash, partitions: Sequence[Partition], selection: FlashRegion | None) -> None:
        """`partitions`: those of type app. `selection`: the partition `otadata`, if there is one."""
        self._flash = flash
        self._slots = sorted((each for each in partitions if each.subtype >= OTA_0), key=lambda each: each.subtype)
        self._factory = next((each for each in partitions if each.subtype == FACTORY_APP), None)
        self._selection = selection

    @property
    def running(self) -> Slot | None:
        """The one that starts; None when the flash has no partition for an application."""
        sequence = max(self._sequences(), default=0)
        if self._slots and sequence:
            return self._slot(self._slots[(sequence - 1) % len(self._slots)])
        first = self._factory or next(iter(self._slots), None)
        return None if first is None else self._slot(first)

    @property
    def other(self) -> Slot | None:
        """The one an update would be written to, which is where a rollback goes to; None without a second slot."""
        running = self.running
        others = [each for each in self._slots if running is None or each != running.partition]
        return self._slot(others[0]) if others and len(self._slots) > 1 else None

    def start_from(self, slot: Slot) -> None:
        """Let a slot be the one that starts from the next boot on."""
        assert self._selection is not None
        sequences = self._sequences()
        sequence = max(sequences, default=0) + 1
        while self._slots[(sequence - 1) % len(self._slots)] != slot.partition:
            sequence += 1
        sector = 1 if sequences and sequences[0] == max(sequences) else 0  # the higher one stays until this is written
        number = sequence.to_bytes(4, "little")
        self._selection.erase(sector * SECTOR_SIZE, SECTOR_SIZE)
        self._selection.program(
            sector * SECTOR_SIZE, _SELECTION.pack(sequence, b"\xff" * 20, _NEVER, crc32(number, CRC_START))
        )

    def _slot(self, partition: Partition) -> Slot:
        return Slot(partition, application_version(self._flash, partition))

    def _sequences(self) -> list[int]:
        """The numbers of the two sectors; 0 for one that is not valid."""
        if self._selection is None:
            return []
        sequences = []
        for sector in range(2):
            number, _, _, crc = _SELECTION.unpack(self._selection.read(sector * SECTOR_SIZE, _SELECTION.size))
            valid = number != _NEVER and crc == crc32(number.to_bytes(4, "little"), CRC_START)
            sequences.append(number if valid else 0)
        return sequences
