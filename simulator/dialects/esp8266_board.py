"""What the old firmwares share because their chip is the same: the text of its boot ROM and the layout of its flash."""

from typing import Final, NamedTuple

from simulator.firmware import BootText

BOOT_TEXT: Final = BootText(
    b"\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n"
    b"\r\n"
    b"load 0x40100000, len 2592, room 16 \r\n"
    b"tail 0\r\n"
    b"chksum 0xf3\r\n"
    b"load 0x3ffe8000, len 764, room 8 \r\n"
    b"tail 4\r\n"
    b"chksum 0x92\r\n"
    b"load 0x3ffe82fc, len 676, room 4 \r\n"
    b"tail 0\r\n"
    b"chksum 0x22\r\n"
    b"csum 0x22\r\n"
    b"\r\n"
    b"2nd boot version : 1.7(5d6f877)\r\n"
    b"  SPI Speed      : 40MHz\r\n"
    b"  SPI Mode       : DIO\r\n"
    b"  SPI Flash Size & Map: 8Mbit(512KB+512KB)\r\n"
    b"jump to run user1 @ 1000\r\n"
    b"\r\n",
    74880,  # the crystal of 26 MHz, where the ROM counts on 40 MHz: 115200 * 26 / 40
)
"""As a module of 1.7 printed it; the lengths and sums of the second and third block are not captured."""


class FlashArea(NamedTuple):
    """A part of the flash, in bytes. `namespaces`: those of the settings that are kept there."""

    name: str
    offset: int
    size: int
    namespaces: tuple[str, ...] = ()


USER_PARAMETERS: Final = ("UART", *(f"NVM_00{number}" for number in range(1, 9)))
SYSTEM_PARAMETERS: Final = ("nvs.net80211", "NVM_022")
FLASH: Final = (
    FlashArea("boot", 0x00000, 0x1000),
    FlashArea("user1.bin", 0x01000, 0x7B000),
    FlashArea("user parameters", 0x7C000, 0x4000, USER_PARAMETERS),
    FlashArea("user2.bin", 0x81000, 0x7B000),
    FlashArea("system parameters", 0xFC000, 0x4000, SYSTEM_PARAMETERS),
)
"""Of a flash of 1 MB (ESP8266 AT Instruction Set 0.30, appendix). UART, DHCP, addresses, MAC addresses and the saved
link are user parameters; mode, access point, softAP and joining at power-on are system parameters."""
