"""The chip, and the file that keeps it."""

import errno
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espat.persist.chip.flash import ERASED, KEPT_LIMIT, SECTOR_SIZE, FlashChip, FlashRegion, sectors_of
from espat.persist.chip.image_file import FlashFileError, create_image, open_image

SIZE = 4 * SECTOR_SIZE


class Kept:
    """A medium that is a file in all but name."""

    def __init__(self, content: bytearray) -> None:
        self.content = bytearray(content)

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self.content[offset : offset + length])

    def write(self, offset: int, data: bytes | bytearray) -> None:
        self.content[offset : offset + len(data)] = data


def chip_in_file(path: Path) -> FlashChip:
    return FlashChip(SIZE, medium=create_image(path, SIZE, {}))


def test_programming_clears_bits_and_sets_none() -> None:
    chip = FlashChip(SIZE)
    chip.program(10, b"\xf0\x0f\xff")
    chip.program(10, b"\xcc\xff\x00")
    assert chip.read(9, 5) == b"\xff\xc0\x0f\x00\xff"


def test_erasing_is_for_whole_sectors() -> None:
    chip = FlashChip(SIZE)
    chip.program(SECTOR_SIZE - 2, b"\0\0\0\0")
    chip.erase(0, SECTOR_SIZE)
    assert chip.read(SECTOR_SIZE - 2, 4) == b"\xff\xff\0\0"
    for offset, length in ((1, SECTOR_SIZE), (0, 1), (SIZE, SECTOR_SIZE), (-SECTOR_SIZE, SECTOR_SIZE)):
        with pytest.raises(ValueError, match="bytes at"):
            chip.erase(offset, length)
    assert chip.erasures == {0: 1}


@given(
    st.lists(
        st.tuples(st.integers(0, SIZE - 1), st.binary(min_size=1, max_size=SECTOR_SIZE + 9))
        | st.tuples(st.integers(0, 3), st.none()),
        max_size=12,
    )
)
def test_memory_and_file_behave_as_a_model_does(steps: list[tuple[int, bytes | None]]) -> None:
    factory = sectors_of({SECTOR_SIZE - 5: b"factory made"})
    model = bytearray(b"".join(factory.get(number, ERASED) for number in range(4)))
    file = Kept(model)
    chips = (FlashChip(SIZE, factory), FlashChip(SIZE, medium=file))
    for at, data in steps:
        if data is None:
            model[at * SECTOR_SIZE : (at + 1) * SECTOR_SIZE] = ERASED
        else:
            data = data[: SIZE - at]
            model[at : at + len(data)] = bytes(old & new for old, new in zip(model[at:], data, strict=False))
        for chip in chips:
            if data is None:
                chip.erase(at * SECTOR_SIZE, SECTOR_SIZE)
            else:
                chip.program(at, data)
    for chip in chips:
        assert chip.read(0, SIZE) == model
        assert chip.read(SECTOR_SIZE - 9, 20) == model[SECTOR_SIZE - 9 : SECTOR_SIZE + 11]
    assert file.content == model


def test_chips_share_their_factory_sectors_until_they_write() -> None:
    factory = sectors_of({0: b"both"})
    first, second = FlashChip(SIZE, factory), FlashChip(SIZE, factory)
    assert first.untouched(0, SIZE)
    first.program(0, b"\0")
    assert (first.read(0, 4), second.read(0, 4)) == (b"\0oth", b"both")
    assert not first.untouched(0, 1)
    assert first.untouched(SECTOR_SIZE, SIZE - SECTOR_SIZE)
    first.erase(0, SECTOR_SIZE)
    assert first.read(0, SECTOR_SIZE) == ERASED
    assert not first.untouched(0, SECTOR_SIZE)


def test_a_region_counts_from_its_own_start_and_ends_at_its_end() -> None:
    chip = FlashChip(SIZE)
    region = FlashRegion(chip, SECTOR_SIZE, SECTOR_SIZE)
    region.program(1, b"\0")
    assert chip.read(SECTOR_SIZE, 3) == region.read(0, 3) == b"\xff\0\xff"
    with pytest.raises(ValueError, match="not within"):
        region.read(SECTOR_SIZE - 1, 2)
    with pytest.raises(ValueError, match="not within"):
        region.program(SECTOR_SIZE - 1, b"\0\0")
    with pytest.raises(ValueError, match="not within"):
        region.erase(0, 2 * SECTOR_SIZE)


def test_more_sectors_than_are_mirrored(tmp_path: Path) -> None:
    size = 100 * SECTOR_SIZE
    chip = FlashChip(size, medium=create_image(tmp_path / "image", size, {}))
    for number in (*range(100), 3):
        chip.program(number * SECTOR_SIZE + 7, bytes((number,)))
    for number in range(100):
        assert chip.read(number * SECTOR_SIZE + 7, 1) == bytes((number,))


def test_what_is_programmed_is_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "image"
    chip = chip_in_file(path)
    chip.program(5, b"here")
    assert path.read_bytes()[4:10] == b"\xffhere\xff"
    chip.erase(0, SECTOR_SIZE)
    assert path.read_bytes() == b"\xff" * SIZE


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "image"
    file = create_image(path, SIZE, {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    file.close()
    path.chmod(0o644)
    again = open_image(path)
    assert again is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o644, "it may be no image at all"
    again.close_to_others()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again.close()


def test_only_one_program_uses_it(tmp_path: Path) -> None:
    path = tmp_path / "image"
    file = create_image(path, SIZE, {})
    with pytest.raises(FlashFileError, match=f"^{path}: another program uses it"):
        open_image(path)
    file.close()
    again = open_image(path)
    assert again is not None
    again.close()


def test_a_link_leads_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "image")
    create_image(tmp_path / "link", SIZE, {}).close()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "image").stat().st_size == SIZE


def test_an_empty_file_becomes_an_image(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.touch()
    assert open_image(path) is None
    create_image(path, SIZE, {}).close()
    assert path.stat().st_size == SIZE
    assert list(tmp_path.iterdir()) == [path]


def test_where_none_can_be(tmp_path: Path) -> None:
    with pytest.raises(FlashFileError, match=str(tmp_path)):
        open_image(tmp_path)
    with pytest.raises(FlashFileError, match=f"{tmp_path}/missing/image: No such file"):
        create_image(tmp_path / "missing" / "image", SIZE, {})


def test_the_power_fails_in_the_middle_of_a_write() -> None:
    chip = FlashChip(4 * SECTOR_SIZE)
    told: list[str] = []
    chip.fail_after(5, lambda: told.append("failed"))
    chip.program(0, b"abc")
    assert told == []
    chip.program_behind(SECTOR_SIZE, 0, b"\xfe\xfd", 8, b"d")  # the data, then the bits from behind
    assert told == ["failed"]
    chip.program(100, b"late")
    chip.erase(0, SECTOR_SIZE)
    assert chip.read(0, 3) == b"abc"
    assert chip.read(SECTOR_SIZE, 9) == b"\xff\xfd" + b"\xff" * 6 + b"d"
    assert chip.read(100, 4) == b"\xff" * 4
    assert chip.power_on()
    assert not chip.power_on()
    chip.program(100, b"back")
    assert chip.read(100, 4) == b"back"


class Full(Kept):
    """A medium that takes so many writes and no more."""

    def __init__(self, content: bytearray, writes: int) -> None:
        super().__init__(content)
        self._left = writes

    def write(self, offset: int, data: bytes | bytearray) -> None:
        if not self._left:
            raise OSError(errno.ENOSPC, "No space left on device", "image")
        self._left -= 1
        super().write(offset, data)


def use(chip: FlashChip) -> Iterator[bytes]:
    """Do all that can be done to a chip, in more sectors than a file's are kept of; what it shows after each step."""
    for number in range(KEPT_LIMIT + 3):
        chip.program(number * SECTOR_SIZE + 5, b"one")
        yield chip.read(0, chip.size)
    chip.erase(SECTOR_SIZE, 2 * SECTOR_SIZE)
    yield chip.read(0, chip.size)
    chip.program_behind(0, 0, b"\xf0", 20, b"behind")
    yield chip.read(0, chip.size)
    chip.program(SECTOR_SIZE - 2, b"over the border")
    yield chip.read(0, chip.size)


def test_a_medium_that_takes_no_more_is_left_as_it_is_and_the_chip_goes_on() -> None:
    size = (KEPT_LIMIT + 4) * SECTOR_SIZE
    blank = bytearray(b"\xff" * size)
    steps = list(use(FlashChip(size)))
    kept = Kept(blank)
    versions = [bytes(blank)]
    for _ in use(FlashChip(size, medium=kept)):
        versions.append(bytes(kept.content))
    for writes in (0, 1, KEPT_LIMIT, KEPT_LIMIT + 1, KEPT_LIMIT + 3, KEPT_LIMIT + 4, KEPT_LIMIT + 5):
        medium, errors = Full(blank, writes), list[OSError]()
        chip = FlashChip(size, medium=medium)
        chip.on_loss = errors.append
        assert list(use(chip)) == steps
        assert [error.filename for error in errors] == ["image"]
        if writes <= KEPT_LIMIT + 3:  # each of these steps is one write
            assert medium.content == versions[writes]
    chip = FlashChip(size, medium=Full(blank, 3))
    with pytest.raises(OSError, match="No space"):
        list(use(chip))
