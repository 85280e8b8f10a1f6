"""Settings: RAM, flash, and AT+SYSSTORE between them."""

from espat.persist.chip.flash import FlashChip, FlashRegion
from espat.persist.nvs_settings import NvsSettings
from espat.persist.settings import Setting, Settings, stored


class Room:
    """Owns a few settings."""

    mode = Setting("NVM_001", "mode", 1)
    name = Setting("NVM_002", "name", b"")
    link = Setting("NVM_003", "link", 0, always=True)
    mac = Setting("NVM_004", "mac", lambda room: room.factory_mac)

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.factory_mac = b"\x24\x6f\x28\x00\x00\x01"


def new_store() -> NvsSettings:
    return NvsSettings(FlashRegion(FlashChip(0x4000), 0, 0x4000))


def boot(store: NvsSettings, *, stores: bool = True) -> Room:
    return Room(Settings(store, stores=stores))


def test_the_factory_value_is_not_written() -> None:
    store = new_store()
    room = boot(store)
    assert (room.mode, room.name, room.link) == (1, b"", 0)
    assert room.mac == b"\x24\x6f\x28\x00\x00\x01"
    assert store.writes == 0
    assert store.read("NVM_001", "mode") is None


def test_a_value_survives_a_restart() -> None:
    store = new_store()
    room = boot(store)
    room.mode = 3
    room.name = b"home"
    room.mac = b"\x00" * 6
    again = boot(store)
    assert (again.mode, again.name, again.mac) == (3, b"home", b"\x00" * 6)
    assert store.read("NVM_001", "mode") == 3


def test_zero_and_nothing_are_values() -> None:
    store = new_store()
    boot(store).mode = 0
    assert boot(store).mode == 0


def test_without_storing_a_value_lasts_until_the_restart() -> None:
    store = new_store()
    boot(store).mode = 2
    room = boot(store, stores=False)
    room.mode = 3
    assert room.mode == 3
    assert boot(store).mode == 2


def test_some_settings_are_always_stored() -> None:
    store = new_store()
    boot(store, stores=False).link = 1
    assert boot(store).link == 1


def test_switching_storing_on_writes_nothing_by_itself() -> None:
    store = new_store()
    room = boot(store, stores=False)
    room.mode = 3
    room.settings.stores = True
    assert store.writes == 0
    room.mode = 3
    assert store.writes == 1
    assert boot(store).mode == 3


def test_switching_storing_off_keeps_what_is_stored() -> None:
    store = new_store()
    room = boot(store)
    room.mode = 3
    room.settings.stores = False
    room.mode = 2
    assert (room.mode, boot(store).mode) == (2, 3)


def test_an_unchanged_value_is_not_written() -> None:
    store = new_store()
    room = boot(store)
    room.mode = 3
    room.mode = 3
    boot(store).mode = 3
    assert store.writes == 1


def test_two_owners_do_not_share_values() -> None:
    first, second = boot(new_store()), boot(new_store())
    first.mode = 3
    assert second.mode == 1


def test_erasing_brings_the_factory_values_back_at_the_next_boot() -> None:
    store = new_store()
    room = boot(store)
    room.mode = 3
    room.link = 1
    store.erase()
    assert room.mode == 3
    again = boot(store)
    assert (again.mode, again.link) == (1, 0)


def test_the_declaration_itself_can_be_looked_at() -> None:
    assert isinstance(Room.mode, Setting)


def test_a_room_as_flash_has_it() -> None:
    room = boot(new_store())
    room.mode = 3
    with room.settings.volatile():
        room.mode = 2
    assert (room.mode, stored(room).mode) == (2, 3)
    assert room.mode == 2


def test_what_is_set_in_force_only_is_gone_at_the_next_boot() -> None:
    store = new_store()
    room = boot(store)
    with room.settings.volatile():
        room.mode = 3
        room.link = 1  # always stored
    again = boot(store)
    assert (again.mode, again.link) == (1, 1)
