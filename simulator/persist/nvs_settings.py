"""Settings in the partition `nvs`, as the firmware has them."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from espat.core.at.errors import CommandError
from espat.persist.chip.flash import FlashRegion
from espat.persist.nvs.entry import Type
from espat.persist.nvs.partition import NvsFullError, NvsPartition, NvsValueError

INTEGER: Final = Type.I32
"""The type of a number where nothing is known of the firmware's own."""
TYPES: Final = {
    ("UART", "rate"): Type.I32,
    ("UART", "databits"): Type.I8,
    ("UART", "stopbits"): Type.I8,
    ("UART", "parity"): Type.I8,
    ("UART", "flow_ctrl"): Type.I8,
    ("nvs.net80211", "opmode"): Type.U8,
    ("nvs.net80211", "ap.chan"): Type.U8,
    ("nvs.net80211", "ap.authmode"): Type.U8,
    ("nvs.net80211", "ap.max.conn"): Type.U8,
    ("nvs.net80211", "ap.hidden"): Type.U8,
    ("nvs.net80211", "sta.phym"): Type.U8,
    ("nvs.net80211", "ap.phym"): Type.U8,
}
"""Those of the firmware's open source (UART) and of the Wi-Fi driver (nvs.net80211). Strings are blobs: an SSID may
have any byte."""
SECRETS: Final = (("nvs.net80211", "sta.pswd"), ("nvs.net80211", "ap.passwd"))
"""Namespaces and keys of passwords."""
CALIBRATION: Final = "phy"
"""The namespace of the radio's calibration data (ESP-IDF)."""
CALIBRATION_SIZE: Final = 1904
CALIBRATION_VERSION: Final = 4670


class NvsSettings:
    """The store of the settings, read when the first one is asked for. `writes`: how many have been written."""

    def __init__(self, region: FlashRegion) -> None:
        self.writes = 0
        self._region = region
        self._partition: NvsPartition | None = None

    @property
    def partition(self) -> NvsPartition:
        """The values. Raises NvsDamagedError."""
        if self._partition is None:
            self._partition = NvsPartition(self._region)
        return self._partition

    def check(self) -> None:
        """Look whether it can be read. Raises NvsDamagedError."""
        assert self.partition is not None

    def read(self, namespace: str, key: str) -> int | bytes | None:
        """The stored value, or None."""
        typed = self.partition.read(namespace, key)
        return None if typed is None else typed.value

    def write(self, namespace: str, key: str, value: int | bytes) -> None:
        """Store a value; when it returns, the value survives the end of this program.

        Raises CommandError when there is no room for it: the command that sets it ends with ERROR.
        """
        kind = TYPES.get((namespace, key), INTEGER) if isinstance(value, int) else Type.BLOB
        try:
            if (self._partition or self.partition).write(namespace, key, kind, value):
                self.writes += 1
        except (NvsFullError, NvsValueError):  # NvsValueError: a namespace that the flash has under another name
            raise CommandError from None

    def erase(self) -> None:
        """Forget everything, the calibration of the radio too."""
        self._region.erase(0, self._region.size)
        self._partition = None

    def forget(self) -> None:
        """Read everything again: the flash may not hold what was written."""
        self._partition = None

    def calibrate(self, mac: bytes) -> None:
        """Store the calibration data of the radio, unless they are there: what the first start of the radio does.
        They are of no use here, but they fill their place."""
        if self.read(CALIBRATION, "cal_version") is None:
            write = self.partition.write
            with suppress(NvsFullError):
                write(CALIBRATION, "cal_data", Type.BLOB, (mac * CALIBRATION_SIZE)[:CALIBRATION_SIZE])
                write(CALIBRATION, "cal_mac", Type.BLOB, mac)
                write(CALIBRATION, "cal_version", Type.U32, CALIBRATION_VERSION)

    def forget_calibration(self) -> None:
        """The next start of the radio calibrates it again."""
        self.partition.erase(CALIBRATION)


class DividedSettings(NvsSettings):
    """Settings in more than one partition."""

    def __init__(self, region: FlashRegion, elsewhere: Mapping[str, NvsSettings]) -> None:
        """`elsewhere`: the namespaces that are not in the `region`, and who has them."""
        super().__init__(region)
        self._elsewhere = elsewhere

    def read(self, namespace: str, key: str) -> int | bytes | None:
        """The stored value, or None."""
        other = self._elsewhere.get(namespace)
        return super().read(namespace, key) if other is None else other.read(namespace, key)

    def write(self, namespace: str, key: str, value: int | bytes) -> None:
        """Store a value, as NvsSettings does. Raises CommandError."""
        other = self._elsewhere.get(namespace)
        if other is None:
            super().write(namespace, key, value)
        else:
            before = other.writes
            other.write(namespace, key, value)
            self.writes += other.writes - before

    def erase(self) -> None:
        """Forget everything."""
        super().erase()
        for other in set(self._elsewhere.values()):
            other.erase()
