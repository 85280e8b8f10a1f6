"""NVS at work: values come and go, pages fill and are freed, the power fails in the middle, bits rot."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espat.persist.chip.flash import SECTOR_SIZE, FlashChip
from espat.persist.nvs.entry import Type
from espat.persist.nvs.page import NvsDamagedError
from espat.persist.nvs.partition import NvsFullError, NvsPartition, NvsValueError, Typed

SIZE = 4 * SECTOR_SIZE
Model = dict[str, Typed]


class PowerCut(BaseException):
    """The power fails."""


class TornChip(FlashChip):
    """A chip whose power fails after so many bytes, in the middle of whatever is being written or erased."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.left: float = float("inf")

    def program(self, offset: int, data: bytes) -> None:
        count = int(min(self.left, len(data)))
        self.left -= count
        if count:
            super().program(offset, data[:count])
        if count < len(data):
            raise PowerCut

    def program_behind(self, sector: int, first: int, bits: bytes | bytearray, start: int, data: bytes) -> None:
        self.program(sector + start, data)
        for number in reversed(range(len(bits))):
            self.program(sector + first + number, bytes(bits[number : number + 1]))

    def erase(self, offset: int, length: int) -> None:
        if self.left < length:
            rest = self.read(offset + int(self.left), length - int(self.left))
            super().erase(offset, length)
            super().program(offset + int(self.left), rest)
            raise PowerCut
        self.left -= length
        super().erase(offset, length)


typed_values = (
    st.integers(-(2**31), 2**31 - 1).map(lambda number: Typed(Type.I32, number))
    | st.binary(max_size=60).map(lambda data: Typed(Type.STRING, data.replace(b"\0", b"0")))
    | st.builds(lambda data, times: Typed(Type.BLOB, data * times), st.binary(max_size=40), st.integers(0, 40))
)
keys = st.sampled_from([f"key{number}" for number in range(6)])


def matches(partition: NvsPartition, model: Model) -> None:
    assert {key: partition.read("ns", key) for key, _ in partition.keys("ns")} == model


@given(st.lists(st.tuples(keys, st.none() | typed_values), max_size=120), st.integers(0, 20000))
@settings(max_examples=300, deadline=None)
def test_a_power_cut_loses_nothing_that_was_written(steps: list[tuple[str, Typed | None]], power: int) -> None:
    chip = TornChip(SIZE)
    chip.left = power
    model: Model = {}
    key, value = "", None
    try:
        partition = NvsPartition(chip)
        for key, value in steps:
            if value is None:
                partition.erase("ns", key)
                model.pop(key, None)
            else:
                partition.write("ns", key, *value)
                model[key] = value
    except (PowerCut, NvsFullError):
        chip.left = float("inf")
        found = NvsPartition(chip).read("ns", key)
        assert found in (model.get(key), value)  # old or new, never a mixture
        if found is None:
            model.pop(key, None)
        else:
            model[key] = found
    chip.left = float("inf")
    partition = NvsPartition(chip)
    matches(partition, model)
    for number in range(200):  # and it goes on
        partition.write("ns", "key0", Type.I32, number)
    model["key0"] = Typed(Type.I32, 199)
    matches(partition, model)
    matches(NvsPartition(chip), model)


def test_thousands_of_changes_with_the_power_cut_again_and_again() -> None:
    source = random.Random(7)
    chip = TornChip(SIZE)
    model: Model = {}
    for _ in range(400):
        chip.left = float("inf")
        partition = NvsPartition(chip)
        matches(partition, model)
        chip.left = source.randrange(12000)
        key, value = "", Typed(Type.I32, 0)
        try:
            while True:
                key = f"key{source.randrange(8)}"
                if source.random() < 0.6:
                    value = Typed(Type.I32, source.randrange(2**31))
                else:
                    value = Typed(Type.BLOB, source.randbytes(source.randrange(300)))
                partition.write("ns", key, *value)
                model[key] = value
        except PowerCut:
            chip.left = float("inf")
            found = NvsPartition(chip).read("ns", key)
            assert found in (model.get(key), value)
            if found is not None:
                model[key] = found
    assert sum(chip.erasures.values()) > 100


def test_pages_that_hold_nothing_take_turns() -> None:
    chip = FlashChip(SIZE)
    partition = NvsPartition(chip)
    for number in range(126 * 40):
        partition.write("ns", "key", Type.U16, number)
    assert set(chip.erasures) == {1, 2, 3}  # page 0 has the name of the namespace
    assert max(chip.erasures.values()) - min(chip.erasures.values()) <= 1


def test_an_unchanged_value_is_not_written() -> None:
    chip = FlashChip(SIZE)
    partition = NvsPartition(chip)
    values = {"number": Typed(Type.I8, -3), "text": Typed(Type.STRING, b"abc"), "blob": Typed(Type.BLOB, b"\0" * 5000)}
    for key, value in values.items():
        assert partition.write("ns", key, *value)
    before = chip.read(0, SIZE)
    for again in (partition, NvsPartition(chip)):
        for key, value in values.items():
            assert not again.write("ns", key, *value)
    assert chip.read(0, SIZE) == before


def test_a_value_may_change_its_type() -> None:
    chip = FlashChip(SIZE)
    partition = NvsPartition(chip)
    for value in (Typed(Type.U8, 1), Typed(Type.BLOB, b"x" * 4500), Typed(Type.STRING, b"text"), Typed(Type.I64, -1)):
        partition.write("ns", "key", *value)
        assert partition.read("ns", "key") == NvsPartition(chip).read("ns", "key") == value
        assert list(partition) == [("ns", "key", value.type)]


def test_namespaces_are_apart() -> None:
    partition = NvsPartition(FlashChip(SIZE))
    partition.write("a", "key", Type.U8, 1)
    partition.write("b", "key", Type.U8, 2)
    partition.write("b", "other", Type.STRING, b"")
    assert partition.namespaces == ["a", "b"]
    assert partition.keys("b") == [("key", Type.U8), ("other", Type.STRING)]
    assert partition.erase("b", "key")
    assert not partition.erase("b", "key")
    assert partition.read("a", "key") == Typed(Type.U8, 1)
    assert partition.erase("b")
    assert not partition.erase("b")
    assert not partition.erase("c")
    assert partition.namespaces == ["a"]


def test_a_full_partition_says_so_and_keeps_what_it_has() -> None:
    chip = FlashChip(SIZE)
    partition = NvsPartition(chip)
    kept = 20
    for number in range(kept):
        partition.write("ns", f"key{number}", Type.BLOB, bytes((number,)) * 500)
    with pytest.raises(NvsFullError):
        partition.write("ns", "one more", Type.BLOB, b"x" * 500)
    for again in (partition, NvsPartition(chip)):
        assert len(again.keys("ns")) == kept
        assert again.read("ns", "key3") == Typed(Type.BLOB, b"\3" * 500)
    partition.erase("ns", "key0")
    assert partition.write("ns", "key0", Type.BLOB, b"again" * 50)


@pytest.mark.parametrize(
    ("namespace", "key", "kind", "value"),
    [
        ("ns", "a" * 16, Type.U8, 1),
        ("", "key", Type.U8, 1),
        ("ns", "", Type.U8, 1),
        ("ns", "key", Type.U8, 256),
        ("ns", "key", Type.I8, -129),
        ("ns", "key", Type.STRING, b"a\0b"),
        ("ns", "key", Type.STRING, b"a" * 4000),
        ("ns", "key", Type.STRING, 7),
        ("ns", "key", Type.U8, b"7"),
    ],
)
def test_what_cannot_be_stored_is_refused(namespace: str, key: str, kind: Type, value: int | bytes) -> None:
    with pytest.raises(NvsValueError):
        NvsPartition(FlashChip(SIZE)).write(namespace, key, kind, value)


def image() -> bytearray:
    chip = FlashChip(SIZE)
    partition = NvsPartition(chip)
    for number in range(200):
        partition.write("ns", f"key{number}", Type.U8, number)
    partition.write("ns", "text", Type.STRING, b"some text")
    partition.write("ns", "blob", Type.BLOB, b"some data")
    return bytearray(chip.read(0, SIZE))


def flip(at: int) -> Callable[[bytearray], None]:
    def change(image: bytearray) -> None:
        image[at] ^= 1

    return change


def copy_page(image: bytearray) -> None:
    image[2 * SECTOR_SIZE : 3 * SECTOR_SIZE] = image[:SECTOR_SIZE]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (flip(SECTOR_SIZE + 5), "page 1: the CRC of its header is wrong"),
        (flip(2), "page 0: state 0xfffefffc"),
        (flip(64 + 5 * 32 + 10), "page 0: the CRC of entry 5 is wrong"),
        (flip(SECTOR_SIZE + 64 + 24), "page 1: the CRC of entry 0 is wrong"),
        (flip(SECTOR_SIZE + 64 + 32 * 76), "page 1: the CRC of the data of entry 75 is wrong"),
        (copy_page, "page 2: has the same sequence number as page 0"),
    ],
)
def test_damage_is_found_with_its_page(damage: Callable[[bytearray], None], message: str) -> None:
    content = image()
    damage(content)
    chip = FlashChip(SIZE)
    chip.program(0, bytes(content))
    with pytest.raises(NvsDamagedError, match=message) as raised:
        NvsPartition(chip)
    assert raised.value.page == int(message[5])


IMAGE = bytes(image())
places = st.sampled_from(range(4)).flatmap(lambda page: st.integers(0, 511).map(lambda at: page * SECTOR_SIZE + at))


@given(st.lists(st.tuples(places | st.integers(0, SIZE - 1), st.integers(0, 255)), max_size=20))
@settings(max_examples=500, deadline=None)
def test_whatever_is_in_flash_it_is_read_or_called_damaged(rot: list[tuple[int, int]]) -> None:
    raw = bytearray(IMAGE)
    for at, byte in rot:
        raw[at] = byte
    chip = FlashChip(SIZE)
    chip.program(0, bytes(raw))
    try:
        partition = NvsPartition(chip)
        values = {(namespace, key): partition.read(namespace, key) for namespace, key, _ in partition}
        partition.write("ns", "new", Type.U8, 1)
    except (NvsDamagedError, NvsFullError):
        return
    again = NvsPartition(chip)
    assert {(namespace, key): again.read(namespace, key) for namespace, key, _ in again} == {
        **values,
        ("ns", "new"): Typed(Type.U8, 1),
    }
