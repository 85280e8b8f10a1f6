"""Our NVS beside Espressif's generator: the same bytes for the same content, and its images can be read."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espat.persist.chip.flash import FlashChip, sectors_of
from espat.persist.nvs.entry import INTEGERS, Type
from espat.persist.nvs.partition import NvsPartition, Typed
from tests.persist.nvs.vendor import Row, our_image, vendors_image

SIZE = 0xE000


def limits(kind: Type) -> tuple[int, int]:
    bits = 8 * INTEGERS[kind].size
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if kind.name.startswith("I") else (0, 2**bits - 1)


integers = st.sampled_from(list(INTEGERS)).flatmap(
    lambda kind: st.integers(*limits(kind)).map(lambda value: Typed(kind, value))
)
texts = st.text(st.characters(min_codepoint=1, max_codepoint=0x7FF), max_size=40).map(str.encode)
long_texts = st.integers(0, 3900).map(lambda length: b"s" * length)
strings = (texts | long_texts).map(lambda value: Typed(Type.STRING, value))
blobs = (st.binary(max_size=70) | st.integers(0, 9000).map(bytes)).map(lambda value: Typed(Type.BLOB, value))
names = st.text("abcdefghijklmnopqrstuvwxyz_.0123456789", min_size=1, max_size=15)
contents = st.dictionaries(names, st.dictionaries(names, integers | strings | blobs, max_size=12), max_size=6)


def rows_of(content: dict[str, dict[str, Typed]]) -> list[Row]:
    return [Row(namespace, key, *typed) for namespace, values in content.items() for key, typed in values.items()]


@given(contents.map(rows_of))
@settings(max_examples=150, deadline=None)
def test_the_same_content_is_the_same_image(rows: Sequence[Row]) -> None:
    size = SIZE + sum(len(row.value) for row in rows if isinstance(row.value, bytes)) * 2 // 4096 * 4096
    assert our_image(size, rows) == vendors_image(size, rows)


@given(contents.map(rows_of))
@settings(max_examples=50, deadline=None)
def test_a_generated_image_is_read_and_goes_on(rows: Sequence[Row]) -> None:
    size = SIZE + sum(len(row.value) for row in rows if isinstance(row.value, bytes)) * 2 // 4096 * 4096
    chip = FlashChip(size, sectors_of({0: vendors_image(size, rows)}))
    partition = NvsPartition(chip)
    for row in rows:
        assert partition.read(row.namespace, row.key) == Typed(row.type, row.value)
        assert not partition.write(*row)
    partition.write("more", "value", Type.I32, -7)
    again = NvsPartition(chip)
    assert again.read("more", "value") == Typed(Type.I32, -7)
    for row in rows:
        assert again.read(row.namespace, row.key) == Typed(row.type, row.value)


@pytest.mark.parametrize("filler", [0, 1, 60, 122, 123, 124, 125, 126])
@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 63, 64, 65, 1984, 3967, 4000, 4001, 8200])
def test_every_place_on_a_page_for_a_blob(filler: int, length: int) -> None:
    rows = [Row("a", f"k{number}", Type.U8, number) for number in range(filler)]
    rows += [Row("a", "blob", Type.BLOB, b"\x5a" * length), Row("a", "behind", Type.U8, 1)]
    assert our_image(SIZE, rows) == vendors_image(SIZE, rows)


@pytest.mark.parametrize("filler", [0, 1, 60, 122, 123, 124, 125, 126])
@pytest.mark.parametrize("length", [0, 30, 31, 32, 62, 63, 64, 1900, 3900])
def test_every_place_on_a_page_for_a_string(filler: int, length: int) -> None:
    rows = [Row("a", f"k{number}", Type.U8, number) for number in range(filler)]
    rows += [Row("a", "text", Type.STRING, b"x" * length), Row("a", "behind", Type.U8, 1)]
    assert our_image(SIZE, rows) == vendors_image(SIZE, rows)


def test_the_images_have_this_form() -> None:
    image = our_image(0x3000, [Row("wifi", "mode", Type.U8, 3)])
    header = bytes.fromhex("feffffff 00000000 fe") + b"\xff" * 19
    assert image[:28] == header
    assert image[32:64] == b"\xfa" + b"\xff" * 31
    assert image[64:68] == bytes((0, 1, 1, 0xFF))
    assert image[72:96] == b"wifi".ljust(16, b"\0") + b"\x01" + b"\xff" * 7
    assert image[96:100] == bytes((1, 1, 1, 0xFF))
    assert image[104:128] == b"mode".ljust(16, b"\0") + b"\x03" + b"\xff" * 7
    assert image[128:] == b"\xff" * (0x3000 - 128)
