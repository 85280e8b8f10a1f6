"""Entries of a page: 32 bytes each, a header or the data behind one (ESP-IDF Programming Guide, "NVS Structure").

    namespace (1)  type (1)  span (1)  chunk (1)  CRC32 of the rest (4)  key, padded with zeros (16)  data (8)

A number is its own data. A string or a chunk of a blob has its size and the CRC32 of its bytes there, and the bytes in
the entries behind it; the index of a blob has the whole size, and number and first of the chunks. Sans-IO.
"""

from enum import IntEnum
from functools import lru_cache
from struct import Struct
from struct import error as StructError  # noqa: N812
from typing import Final, NamedTuple
from zlib import crc32

ENTRY_SIZE: Final = 32
"""Bytes."""
KEY_LIMIT: Final = 15
"""Bytes of a key, without the zero at its end."""
ANY_CHUNK: Final = 0xFF
"""Chunk number of an entry that is no chunk of a blob."""
NAMESPACES: Final = 0
"""The namespace whose keys are the names of the others, and whose values are their numbers."""
CRC_START: Final = 0xFFFFFFFF


class Type(IntEnum):
    """What a value is. The low half of an integer's number is its size in bytes, 0x10 stands for signed."""

    U8 = 0x01
    U16 = 0x02
    U32 = 0x04
    U64 = 0x08
    I8 = 0x11
    I16 = 0x12
    I32 = 0x14
    I64 = 0x18
    STRING = 0x21
    SINGLE_BLOB = 0x41
    """Of version 1: a blob on one page, without an index."""
    BLOB_CHUNK = 0x42
    BLOB = 0x48
    """In a page: the index of a blob, which is written behind its chunks."""


INTEGERS: Final = {
    Type.U8: Struct("<B"),
    Type.U16: Struct("<H"),
    Type.U32: Struct("<I"),
    Type.U64: Struct("<Q"),
    Type.I8: Struct("<b"),
    Type.I16: Struct("<h"),
    Type.I32: Struct("<i"),
    Type.I64: Struct("<q"),
}
_FILL: Final = {kind: b"\xff" * (8 - layout.size) for kind, layout in INTEGERS.items()}
TYPES: Final = {int(kind): kind for kind in Type}
SPANNING: Final = (Type.STRING, Type.SINGLE_BLOB, Type.BLOB_CHUNK)
"""What has data in further entries."""

_HEADER: Final = Struct("<BBBBI16s8s")
_FRONT: Final = Struct("<BBBB")
_CRC: Final = Struct("<I")
_VARIABLE: Final = Struct("<HHI")
_INDEX: Final = Struct("<IBBH")


class Entry(NamedTuple):
    """A header entry, read. `data`: its last eight bytes."""

    namespace: int
    type: int
    span: int
    chunk: int
    crc: int
    key: bytes
    data: bytes

    @property
    def name(self) -> str:
        """The key as text."""
        return self.key.rstrip(b"\0").decode("latin-1")


def pack_entry(namespace: int, kind: int, span: int, chunk: int, key: str, data: bytes) -> bytes:
    """The 32 bytes of a header. `data`: eight bytes. The key is not checked."""
    front = _FRONT.pack(namespace, kind, span, chunk)
    rest = key.encode("latin-1").ljust(16, b"\0") + data
    return front + _CRC.pack(crc32(rest, crc32(front, CRC_START))) + rest


Stem = tuple[bytes, bytes, int, Struct, bytes]
"""What all entries of a number have in common: what stands before the CRC, the key, the CRC of both, how the number is
packed, and what fills its place."""


@lru_cache(maxsize=1024)  # modules have the same settings
def integer_stem(namespace: int, kind: Type, key: str) -> Stem:
    """The stem of a number. Raises KeyError when the type is none of a number."""
    layout = INTEGERS[kind]
    front, name = _FRONT.pack(namespace, kind, 1, ANY_CHUNK), key.encode("latin-1").ljust(16, b"\0")
    return front, name, crc32(name, crc32(front, CRC_START)), layout, _FILL[kind]


def pack_integer(stem: Stem, value: int) -> bytes:
    """The entry of a number. Raises struct.error when the type cannot hold it."""
    front, name, crc, layout, fill = stem
    data = layout.pack(value) + fill
    return front + _CRC.pack(crc32(data, crc)) + name + data


def pack_spanning(namespace: int, kind: Type, chunk: int, key: str, data: bytes) -> bytes:
    """The header of a string or chunk, and its data, padded to whole entries."""
    entries = -(-len(data) // ENTRY_SIZE)
    header = pack_entry(
        namespace, kind, 1 + entries, chunk, key, _VARIABLE.pack(len(data), 0xFFFF, crc32(data, CRC_START))
    )
    return header + data.ljust(entries * ENTRY_SIZE, b"\xff")


def pack_index(namespace: int, key: str, size: int, chunks: int, first: int) -> bytes:
    """The index of a blob."""
    return pack_entry(namespace, Type.BLOB, 1, ANY_CHUNK, key, _INDEX.pack(size, chunks, first, 0xFFFF))


def unpack_entry(raw: bytes) -> Entry | None:
    """A header, or None when its CRC is wrong."""
    crc = crc32(raw[8:], crc32(raw[:4], CRC_START))
    entry = Entry(*_HEADER.unpack(raw))
    return entry if entry.crc == crc else None


def fits(kind: Type, value: int | bytes) -> bool:
    """Whether a value is of a type; of bytes any will do for STRING and BLOB."""
    if kind not in INTEGERS:
        return isinstance(value, bytes)
    try:
        return bool(INTEGERS[kind].pack(value))
    except StructError:
        return False


def integer_of(entry: Entry) -> int:
    """The number in an entry."""
    value: int = INTEGERS[TYPES[entry.type]].unpack_from(entry.data)[0]
    return value


def size_of(entry: Entry) -> int:
    """The size in bytes of the data behind a string or chunk."""
    size: int = _VARIABLE.unpack(entry.data)[0]
    return size


def data_is_whole(entry: Entry, data: bytes) -> bool:
    """Whether the data behind a string or chunk has the CRC that its header says."""
    crc: int = _VARIABLE.unpack(entry.data)[2]
    return crc32(data, CRC_START) == crc


def index_of(entry: Entry) -> tuple[int, int, int]:
    """Size, number of chunks and first chunk of a blob."""
    size, chunks, first, _ = _INDEX.unpack(entry.data)
    return size, chunks, first
