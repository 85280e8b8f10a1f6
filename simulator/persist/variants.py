"""The ESP32 modules there is firmware for: how their flash is divided, and what differs in their factory parameters
(ESP-AT User Guide, "Partitions"; factory parameters of the released firmware)."""

from typing import Final, NamedTuple

from simulator.persist.partitions import (
    APP,
    CUSTOM,
    DATA,
    FACTORY_APP,
    FAT,
    NVS,
    OTA_0,
    OTA_DATA,
    PHY,
    Partition,
    PartitionTable,
)

_FRONT: Final = (
    Partition("phy_init", DATA, PHY, 0xF000, 0x1000),
    Partition("otadata", DATA, OTA_DATA, 0x10000, 0x2000),
    Partition("nvs", DATA, NVS, 0x12000, 0xE000),
)
_MANUFACTURING: Final = Partition("mfg_nvs", DATA, NVS, 0x21000, 0x1C000)

SYSTEM_4_MB: Final = PartitionTable(
    (
        *_FRONT,
        Partition("at_customize", CUSTOM, 0, 0x20000, 0xE0000),
        Partition("ota_0", APP, OTA_0, 0x100000, 0x180000),
        Partition("ota_1", APP, OTA_0 + 1, 0x280000, 0x180000),
    )
)
USER_4_MB: Final = PartitionTable((_MANUFACTURING, Partition("fatfs", DATA, FAT, 0x70000, 0x90000)))
SYSTEM_2_MB: Final = PartitionTable(
    (
        *_FRONT,
        Partition("at_customize", CUSTOM, 0, 0x20000, 0x60000),
        Partition("factory", APP, FACTORY_APP, 0x80000, 0x180000),
    )
)
USER_2_MB: Final = PartitionTable((_MANUFACTURING,))


class UartPins(NamedTuple):
    """GPIO numbers of the command port; -1 is unused."""

    tx: int
    rx: int
    cts: int = 15
    rts: int = 14


class Variant(NamedTuple):
    """One module. `size`: of its flash, in bytes. `name`: as AT+GMR shows it."""

    name: str
    pins: UartPins
    size: int = 0x400000
    system: PartitionTable = SYSTEM_4_MB
    user: PartitionTable = USER_4_MB


VARIANTS: Final = {
    "WROOM-32": Variant("WROOM-32", UartPins(17, 16)),
    "MINI-1": Variant("MINI-1", UartPins(22, 19)),
    "SOLO-1": Variant("SOLO-1", UartPins(17, 16)),
    "WROVER-32": Variant("WROVER-32", UartPins(22, 19)),
    "D2WD": Variant("ESP32-D2WD", UartPins(22, 19), 0x200000, SYSTEM_2_MB, USER_2_MB),
}
"""By the names of the command line; the first is the default."""
