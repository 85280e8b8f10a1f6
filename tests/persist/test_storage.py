"""The flash of a module as a whole: what the factory leaves, what a file keeps, and what happens to a damaged one."""

import logging
import stat
from pathlib import Path

import pytest
from esp_idf_nvs_partition_gen import nvs_partition_gen

from espat.persist.chip.flash import ERASED, SECTOR_SIZE
from espat.persist.chip.image_file import FlashFileError
from espat.persist.factory import FactoryParameters, factory_data
from espat.persist.nvs.entry import Type
from espat.persist.nvs.partition import NvsPartition
from espat.persist.storage import Storage, open_storage
from espat.persist.variants import VARIANTS, UartPins, Variant
from tests.persist.nvs.vendor import Row, vendors_image

MAC = bytes.fromhex("246f28000010")
NVS, MANUFACTURING, USER_TABLE = 0x12000, 0x21000, 0x20000


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_the_factory_leaves_this(variant: Variant, tmp_path: Path) -> None:
    in_memory, in_file = Storage(variant), open_storage(tmp_path / "flash", variant)
    for storage in (in_memory, in_file):
        assert storage.manufacturing.parameters() == FactoryParameters(
            variant.name, 78, "CN", 1, 13, 115200, variant.pins, stores=True, present=True
        )
        assert storage.manufacturing.read("factory_param", "version") == 4
        assert storage.manufacturing.read("factory_param", "uart_cts_pin") == variant.pins.cts
        assert storage.manufacturing.read("factory_param", "nothing") is None
        assert storage.settings.read("UART", "rate") is None
    assert in_memory.chip.read(0, variant.size) == in_file.chip.read(0, variant.size)
    in_file.close()


def test_the_names_and_pins_of_the_modules() -> None:
    assert {name: (variant.name, variant.pins) for name, variant in VARIANTS.items()} == {
        "WROOM-32": ("WROOM-32", UartPins(17, 16, 15, 14)),
        "MINI-1": ("MINI-1", UartPins(22, 19, 15, 14)),
        "SOLO-1": ("SOLO-1", UartPins(17, 16, 15, 14)),
        "WROVER-32": ("WROVER-32", UartPins(22, 19, 15, 14)),
        "D2WD": ("ESP32-D2WD", UartPins(22, 19, 15, 14)),
        "ESP8266": ("ESP8266", UartPins(1, 3, 13, 15)),
        "ESP-12S": ("ESP-12S", UartPins(1, 3, 13, 15)),
    }


def test_the_old_chip_has_its_settings_in_two_places_and_no_table(tmp_path: Path) -> None:
    path, old = tmp_path / "flash", [VARIANTS["ESP8266"]]
    storage = open_storage(path, variants=old)
    storage.settings.write("UART", "rate", 9600)
    storage.settings.write("nvs.net80211", "opmode", 3)
    storage.settings.write("nvs.net80211", "opmode", 3)
    assert storage.settings.writes == 2
    storage.close()
    image = path.read_bytes()
    written = {offset for offset in range(0, len(image), SECTOR_SIZE) if image[offset : offset + SECTOR_SIZE] != ERASED}
    assert written == {0x7C000, 0xFC000}
    assert b"rate" in image[0x7C000:0x7D000]
    assert b"opmode" in image[0xFC000:0xFD000]
    storage = open_storage(path, variants=old)
    assert (storage.settings.read("UART", "rate"), storage.settings.read("nvs.net80211", "opmode")) == (9600, 3)
    storage.settings.erase()
    assert (storage.settings.read("UART", "rate"), storage.settings.read("nvs.net80211", "opmode")) == (None, None)
    storage.close()
    with pytest.raises(FlashFileError, match=r"expected a flash image of 4194304 bytes, got 1048576"):
        open_storage(path, VARIANTS["WROOM-32"])


def test_damage_of_the_old_chips_settings_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "flash"
    storage = open_storage(path, VARIANTS["ESP8266"])
    storage.settings.write("UART", "rate", 9600)
    storage.close()
    content = bytearray(path.read_bytes())
    content[0x7C000 + 64 + 32 + 10] ^= 4
    path.write_bytes(content)
    open_storage(path).close()
    assert "damaged: partition user_param, page 0: the CRC of entry 1 is wrong; kept as" in caplog.text
    assert path.read_bytes() == ERASED * (2**20 // SECTOR_SIZE)


def test_the_manufacturing_data_are_what_espressifs_generator_makes(tmp_path: Path) -> None:
    variant = VARIANTS["WROOM-32"]
    rows = [Row(namespace, key, *typed) for (namespace, key), typed in factory_data(variant).items()]
    storage = Storage(variant)
    assert storage.chip.read(MANUFACTURING, 0x1C000) == vendors_image(0x1C000, rows)
    assert nvs_partition_gen.check_size("0x1C000") == (0x1B000, False)


def test_it_is_all_kept_in_the_file(tmp_path: Path) -> None:
    storage = open_storage(tmp_path / "flash")
    storage.settings.write("UART", "rate", 9600)
    storage.settings.write("nvs.net80211", "sta.ssid", b"home\0\xff")
    storage.settings.calibrate(MAC)
    partition = storage.manufacturing.partition
    assert partition is not None
    partition.write("factory_param", "max_tx_power", Type.I8, 40)
    storage.close()
    again = open_storage(tmp_path / "flash", VARIANTS["WROOM-32"])
    assert again.settings.read("UART", "rate") == 9600
    assert again.settings.read("nvs.net80211", "sta.ssid") == b"home\0\xff"
    assert again.settings.read("phy", "cal_mac") == MAC
    assert again.manufacturing.parameters().max_transmit_power == 40
    again.settings.forget_calibration()
    assert again.settings.read("phy", "cal_mac") is None
    again.settings.erase()
    assert again.settings.read("UART", "rate") is None
    assert again.manufacturing.parameters().max_transmit_power == 40
    again.close()


def test_the_types_of_the_firmware() -> None:
    storage = Storage()
    for key in ("rate", "databits"):
        storage.settings.write("UART", key, 8)
    storage.settings.write("nvs.net80211", "sta.ssid", b"home")
    assert list(NvsPartition(storage.region(storage.system.partitions[2]))) == [
        ("UART", "rate", Type.I32),
        ("UART", "databits", Type.I8),
        ("nvs.net80211", "sta.ssid", Type.BLOB),
    ]


def damage(path: Path, at: int) -> bytes:
    """Flip a bit; returns the whole content."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    return bytes(content)


def used(path: Path) -> None:
    """A file with settings, and another power in the manufacturing data."""
    storage = open_storage(path, VARIANTS["MINI-1"])
    storage.settings.write("UART", "rate", 9600)
    partition = storage.manufacturing.partition
    assert partition is not None
    partition.write("factory_param", "max_tx_power", Type.I8, 40)
    storage.close()


@pytest.mark.parametrize(
    ("at", "message", "rate", "power"),
    [
        (NVS + 64 + 32 + 9, "partition nvs, page 0: the CRC of entry 1 is wrong", None, 78),
        (NVS + 4, "partition nvs, page 0: the CRC of its header is wrong", None, 78),
        (MANUFACTURING + 64 + 9, "partition mfg_nvs, page 0: the CRC of entry 0 is wrong", 9600, 78),
        (0x8000 + 32, "entry 1 of the partition table begins with ab50", None, 78),
        (0x8000 + 40, "the MD5 of the partition table is wrong", None, 78),
        (USER_TABLE + 4, "the MD5 of the partition table is wrong", None, 78),
    ],
)
def test_a_damaged_one_is_kept_and_the_module_starts_with_a_new_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, at: int, message: str, rate: int | None, power: int
) -> None:
    path = tmp_path / "flash"
    used(path)
    for number in (1, 2):
        content = damage(path, at)
        caplog.clear()
        storage = open_storage(path)
        aside = tmp_path / f"flash.damaged-{number}"
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        assert caplog.messages == [f"{path}: damaged: {message}; kept as {aside}, and the module starts with a new one"]
        assert aside.read_bytes() == content
        assert storage.settings.read("UART", "rate") == rate
        assert storage.manufacturing.parameters().max_transmit_power == power
        assert storage.chip.read(0x100000, SECTOR_SIZE) == Storage().chip.read(0x100000, SECTOR_SIZE)
        storage.close()
        if rate is None:
            path.unlink()
            used(path)


def test_partitions_outside_the_chip_are_damage(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "flash"
    used(path)
    content = bytearray(path.read_bytes())
    content[0x8000 + 4 * 32 + 6 : 0x8000 + 4 * 32 + 8] = b"\xff\xff"  # the upper half of where ota_0 is
    content[0x8000 + 6 * 32 : 0x8000 + 7 * 32] = b"\xff" * 32  # no MD5 to notice it
    path.write_bytes(content)
    open_storage(path).close()
    damage = "entry 4 of the partition table has 0x180000 bytes at 0xffff0000"
    aside = f"{path}.damaged-1"
    assert caplog.messages == [f"{path}: damaged: {damage}; kept as {aside}, and the module starts with a new one"]


def test_what_was_half_done_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "flash"
    used(path)
    content = bytearray(path.read_bytes())
    content[NVS + 64 + 7 * 32 : NVS + 64 + 7 * 32 + 20] = b"\x01\x14\x01\xff" + bytes(16)  # half an entry
    content[NVS + 3 * SECTOR_SIZE + 2000] = 0  # half an erasure
    path.write_bytes(content)
    storage = open_storage(path)
    assert storage.settings.read("UART", "rate") == 9600
    assert list(tmp_path.iterdir()) == [path]
    storage.close()


def test_what_is_no_flash_image_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("my notes")
    path.chmod(0o644)
    with pytest.raises(FlashFileError) as raised:
        open_storage(path)
    assert str(raised.value) == (f"{path}: expected a flash image of 4194304 or 2097152 or 1048576 bytes, got 8")
    assert path.read_text() == "my notes"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_flash_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "flash"
    open_storage(path).close()
    path.chmod(0o644)
    open_storage(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_flash_of_another_module_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "flash"
    open_storage(path, VARIANTS["WROOM-32"]).close()
    with pytest.raises(FlashFileError) as raised:
        open_storage(path, VARIANTS["MINI-1"])
    assert str(raised.value) == f"{path}: expected the flash of MINI-1, got that of WROOM-32"
    storage = open_storage(path, VARIANTS["WROOM-32"])  # and it is not locked any more
    partition = storage.manufacturing.partition
    assert partition is not None
    partition.write("factory_param", "module_name", Type.STRING, b"our own board")
    storage.close()
    open_storage(path, VARIANTS["MINI-1"]).close()


def test_the_flash_of_another_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "flash"
    open_storage(path, VARIANTS["D2WD"]).close()
    with pytest.raises(FlashFileError) as raised:
        open_storage(path, VARIANTS["MINI-1"])
    assert str(raised.value) == f"{path}: expected a flash image of 4194304 bytes, got 2097152"
    storage = open_storage(path)
    assert storage.manufacturing.parameters().module_name == "ESP32-D2WD"
    storage.close()


def test_damaged_manufacturing_data_of_a_running_module_are_none(caplog: pytest.LogCaptureFixture) -> None:
    storage = Storage()
    partition = storage.find("mfg_nvs")
    assert partition is not None
    storage.region(partition).program(64, bytes(40))
    storage.changed(partition)
    for _ in range(2):
        assert storage.manufacturing.parameters() == FactoryParameters()
        assert storage.manufacturing.partition is None
    assert caplog.messages == ["mfg_nvs, page 0: the CRC of entry 0 is wrong: the firmware uses its own values"]


def test_the_other_application(tmp_path: Path) -> None:
    storage = Storage()
    running, other = storage.applications.running, storage.applications.other
    assert running is not None
    assert other is not None
    assert (running.partition.name, running.version) == ("ota_0", b"v5.0.0.0")
    assert (other.partition.name, other.version) == ("ota_1", None)
    storage.region(other.partition).program(0, storage.region(running.partition).read(0, SECTOR_SIZE))
    for expected in ("ota_1", "ota_0", "ota_1", "ota_0"):
        other = storage.applications.other
        assert other is not None
        storage.applications.start_from(other)
        running = storage.applications.running
        assert running is not None
        assert (running.partition.name, running.version) == (expected, b"v5.0.0.0")


def test_a_module_with_one_application() -> None:
    applications = Storage(VARIANTS["D2WD"]).applications
    assert applications.running is not None
    assert applications.running.partition.name == "factory"
    assert applications.other is None
