"""Espressif's generator of NVS images, and our own writing of the same content."""

from collections.abc import Sequence
from io import BytesIO
from typing import Final, NamedTuple

from esp_idf_nvs_partition_gen import nvs_partition_gen

from espat.persist.chip.flash import SECTOR_SIZE, FlashChip
from espat.persist.nvs.entry import Type
from espat.persist.nvs.partition import NvsPartition

ENCODINGS: Final = {
    Type.U8: "u8",
    Type.I8: "i8",
    Type.U16: "u16",
    Type.I16: "i16",
    Type.U32: "u32",
    Type.I32: "i32",
    Type.U64: "u64",
    Type.I64: "i64",
    Type.STRING: "string",
    Type.BLOB: "binary",
}


class Row(NamedTuple):
    """One value of an image."""

    namespace: str
    key: str
    type: Type
    value: int | bytes


def vendors_image(size: int, rows: Sequence[Row]) -> bytes:
    """What the generator makes of it, rows of one namespace behind each other."""
    image = BytesIO()
    nvs = nvs_partition_gen.nvs_open(image, size - SECTOR_SIZE, version=nvs_partition_gen.Page.VERSION2)
    namespace = ""
    for row in rows:
        if row.namespace != namespace:
            namespace = row.namespace
            nvs.write_namespace(namespace)
        value = row.value.decode() if row.type is Type.STRING and isinstance(row.value, bytes) else row.value
        nvs.write_entry(row.key, value, ENCODINGS[row.type])
    nvs_partition_gen.nvs_close(nvs)
    return image.getvalue()


def our_image(size: int, rows: Sequence[Row]) -> bytes:
    """The same by our own writing."""
    chip = FlashChip(size)
    partition = NvsPartition(chip)
    partition.begin()
    for row in rows:
        partition.write(*row)
    return chip.read(0, size)
