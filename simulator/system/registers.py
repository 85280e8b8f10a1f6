"""Registers (ESP-AT User Guide, AT+SYSREG)."""

from espat.core.boot import Boot


class Registers(dict[int, int]):
    """What AT+SYSREG has written, by address; any other register reads 0."""

    def __init__(self, boot: Boot) -> None:
        super().__init__()
