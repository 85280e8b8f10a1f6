"""The chip of the old firmwares: its memory, and what comes before a firmware, the texts of the boot ROM and of the
boot loader that each is shipped with."""

from typing import Final

from espat.firmware import BootText
from espat.system.heap import DATA_REGION, INSTRUCTION_REGION, HeapTraits

HEAP: Final = HeapTraits(
    DATA_REGION._replace(total=98_304, free=86_000, lowest=40_000, largest=86_000),
    INSTRUCTION_REGION._replace(total=0, free=0, lowest=0, largest=0),
)
"""Somewhat less than 50 kB are left when a station is connected (the data sheet of the chip); the rest is estimated."""

BOOT_RATE: Final = 74880
"""The crystal of 26 MHz, where the ROM counts on 40 MHz: 115200 * 26 / 40."""

FIRST_BOOT_TEXT: Final = BootText(
    b"\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n"
    b"\r\n"
    b"load 0x40100000, len 1396, room 16 \r\n"
    b"tail 4\r\n"
    b"chksum 0x89\r\n"
    b"load 0x3ffe8000, len 776, room 4 \r\n"
    b"tail 4\r\n"
    b"chksum 0xe8\r\n"
    b"load 0x3ffe8308, len 540, room 4 \r\n"
    b"tail 8\r\n"
    b"chksum 0xc0\r\n"
    b"csum 0xc0\r\n"
    b"\r\n"
    b"2nd boot version : 1.4(b1)\r\n"
    b"  SPI Speed      : 40MHz\r\n"
    b"  SPI Mode       : DIO\r\n"
    b"  SPI Flash Size & Map: 8Mbit(512KB+512KB)\r\n"
    b"jump to run user1 @ 1000\r\n"
    b"\r\n",
    BOOT_RATE,
)
"""As a module of 0.40 printed it."""

LAST_BOOT_TEXT: Final = BootText(
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
    BOOT_RATE,
)
"""As modules from 1.6 on printed it."""
