"""The modules there is firmware for: how their flash is divided, and what differs in their factory parameters.

Sources: for the ESP32, ESP-AT User Guide, "Partitions", and the factory parameters of the released firmware; for the
ESP8266, ESP8266 AT Instruction Set 0.30, preface and appendix, and the flash map of 512 KB + 512 KB of its SDK.
"""

from typing import Final, NamedTuple

from espat.persist.partitions import (
    APP,
    BOOT_LOADER,
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

SYSTEM_PARAMETERS: Final = "system_param"
"""Of the ESP8266: mode, access point, softAP and joining at power-on are kept here."""
USER_PARAMETERS: Final = "user_param"
"""Of the ESP8266: UART, DHCP, addresses, MAC addresses and the saved link are kept here."""
MAP_1_MB: Final = PartitionTable(
    (
        Partition("boot", APP, BOOT_LOADER, 0x00000, 0x1000),
        Partition("user1", APP, OTA_0, 0x01000, 0x7B000),
        Partition(USER_PARAMETERS, DATA, NVS, 0x7C000, 0x4000),
        Partition("user2", APP, OTA_0 + 1, 0x81000, 0x7B000),
        Partition(SYSTEM_PARAMETERS, DATA, NVS, 0xFC000, 0x4000),
    )
)
"""How the parameters are coded there is not published; here they are NVS pages, as on the ESP32."""
USER_NAMESPACES: Final = ("UART", *(f"NVM_00{number}" for number in range(1, 9)))


class UartPins(NamedTuple):
    """GPIO numbers of the command port; -1 is unused."""

    tx: int
    rx: int
    cts: int = 15
    rts: int = 14


class Variant(NamedTuple):
    """One module.

    `size`: of its flash, in bytes. `name`: as AT+GMR shows it. `fixed`: the firmware itself knows how the flash is
    divided and what the factory parameters are, there is neither a table nor `mfg_nvs` in flash. `settings`: the
    partition for those. `elsewhere`: namespaces that have another one.
    """

    name: str
    pins: UartPins
    size: int = 0x400000
    system: PartitionTable = SYSTEM_4_MB
    user: PartitionTable = USER_4_MB
    fixed: bool = False
    settings: str = "nvs"
    elsewhere: tuple[tuple[str, tuple[str, ...]], ...] = ()


ESP32_VARIANTS: Final = {
    "WROOM-32": Variant("WROOM-32", UartPins(17, 16)),
    "MINI-1": Variant("MINI-1", UartPins(22, 19)),
    "SOLO-1": Variant("SOLO-1", UartPins(17, 16)),
    "WROVER-32": Variant("WROVER-32", UartPins(22, 19)),
    "D2WD": Variant("ESP32-D2WD", UartPins(22, 19), 0x200000, SYSTEM_2_MB, USER_2_MB),
}
ESP8266_VARIANTS: Final = {
    "ESP8266": Variant(
        "ESP8266",
        UartPins(1, 3, 13, 15),
        0x100000,
        MAP_1_MB,
        PartitionTable(()),
        fixed=True,
        settings=SYSTEM_PARAMETERS,
        elsewhere=((USER_PARAMETERS, USER_NAMESPACES),),
    )
}
AI_THINKER_VARIANTS: Final = {"ESP-12S": Variant("ESP-12S", UartPins(1, 3, 13, 15))}
"""Modules with ESP-AT 2 on an ESP8266; their flash is divided here as that of the ESP32."""
VARIANTS: Final = {**ESP32_VARIANTS, **ESP8266_VARIANTS, **AI_THINKER_VARIANTS}
"""By the names of the command line; the first of a chip is its default."""


def variant_of_size(size: int) -> Variant:
    """The first variant whose flash has so many bytes; the default one, if none has."""
    return next((each for each in VARIANTS.values() if each.size == size), VARIANTS["WROOM-32"])
