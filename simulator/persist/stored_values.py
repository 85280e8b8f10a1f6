"""What the firmware keeps in flash: which values each setting can have.

A flash file may come from anybody. What the firmware could not have written is as good as nothing: it is said, and the
default is taken, as by a module. The limits are those of the commands that set the same (ESP-AT User Guide), of
ESP-IDF where the Wi-Fi driver keeps it.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Final, NamedTuple

from espat.core.suggestions import any_of


class Numbers(NamedTuple):
    """Whole numbers, from `least` to `most`."""

    least: int
    most: int

    @property
    def of_numbers(self) -> bool:
        """Whether the values are numbers, else bytes."""
        return True

    def right(self, value: int | bytes) -> str | None:
        """What would be right instead of a value; None for one that is."""
        if isinstance(value, int) and self.least <= value <= self.most:
            return None
        return f"a number from {self.least} to {self.most}"


class OneOf(NamedTuple):
    """One of some numbers, or of some texts."""

    values: tuple[int, ...] | tuple[bytes, ...]

    @property
    def of_numbers(self) -> bool:
        """As of Numbers."""
        return isinstance(self.values[0], int)

    def right(self, value: int | bytes) -> str | None:
        """As of Numbers."""
        if value in self.values:
            return None
        return any_of([each.decode() if isinstance(each, bytes) else str(each) for each in self.values])


class Bytes(NamedTuple):
    """Bytes, as many as one of the `sizes`."""

    sizes: range | tuple[int, ...]

    @property
    def of_numbers(self) -> bool:
        """As of Numbers."""
        return False

    def right(self, value: int | bytes) -> str | None:
        """As of Numbers."""
        if isinstance(value, bytes) and len(value) in self.sizes:
            return None
        if isinstance(self.sizes, range):
            return f"{self.sizes.start} to {self.sizes.stop - 1} bytes"
        return f"{any_of([str(size) for size in self.sizes])} bytes"


class Dotted(NamedTuple):
    """An IPv4 address, dotted. `mask`: a netmask. `empty`: or nothing."""

    mask: bool = False
    empty: bool = True

    @property
    def of_numbers(self) -> bool:
        """As of Numbers."""
        return False

    def right(self, value: int | bytes) -> str | None:
        """As of Numbers."""
        if isinstance(value, bytes) and (self._fits(value) if value else self.empty):
            return None
        return "a netmask such as 255.255.255.0" if self.mask else "an IPv4 address such as 192.168.4.1"

    def _fits(self, value: bytes) -> bool:
        try:
            text = value.decode("ascii")
            if self.mask:
                # The mask of a host's address is taken for the mask of its network, not for an inverted one.
                return str(IPv4Network(f"0.0.0.0/{text}").netmask) == text
            IPv4Address(text)
        except ValueError:
            return False
        return True


Values = Numbers | OneOf | Bytes | Dotted

FLAG: Final = Numbers(0, 1)
PORT: Final = Numbers(0, 65535)
CHANNEL: Final = Numbers(1, 14)
MAC: Final = Bytes((0, 6))
STORED: Final[Mapping[tuple[str, str], Values]] = {
    ("UART", "rate"): Numbers(80, 5_000_000),
    ("UART", "databits"): Numbers(5, 8),
    ("UART", "stopbits"): Numbers(1, 3),
    ("UART", "parity"): Numbers(0, 2),
    ("UART", "flow_ctrl"): Numbers(0, 3),
    ("country", "policy"): FLAG,
    ("country", "code"): Bytes(range(2, 4)),
    ("country", "first"): CHANNEL,
    ("country", "count"): CHANNEL,
    ("nvs.net80211", "opmode"): Numbers(0, 3),
    ("nvs.net80211", "sta.ssid"): Bytes(range(33)),
    ("nvs.net80211", "sta.pswd"): Bytes(range(65)),
    ("nvs.net80211", "sta.bssid"): MAC,
    ("nvs.net80211", "sta.pci_en"): FLAG,
    ("nvs.net80211", "sta.scan_mode"): FLAG,
    ("nvs.net80211", "sta.pmf"): Numbers(0, 3),
    ("nvs.net80211", "sta.phym"): Numbers(1, 15),
    ("nvs.net80211", "sta.bw"): Numbers(1, 2),
    ("nvs.net80211", "ap.ssid"): Bytes(range(33)),
    ("nvs.net80211", "ap.passwd"): Bytes(range(65)),
    ("nvs.net80211", "ap.chan"): CHANNEL,
    ("nvs.net80211", "ap.authmode"): OneOf((0, 2, 3, 4)),
    ("nvs.net80211", "ap.max.conn"): Numbers(1, 10),
    ("nvs.net80211", "ap.hidden"): FLAG,
    ("nvs.net80211", "ap.phym"): Numbers(1, 15),
    ("nvs.net80211", "ap.bw"): Numbers(1, 2),
    ("NVM_001", "ip"): Dotted(),
    ("NVM_001", "gw"): Dotted(),
    ("NVM_001", "netmask"): Dotted(mask=True),
    ("NVM_002", "ip"): Dotted(),
    ("NVM_002", "gw"): Dotted(),
    ("NVM_002", "netmask"): Dotted(mask=True),
    ("NVM_003", "mac"): MAC,
    ("NVM_004", "mac"): MAC,
    ("NVM_005", "enable"): Numbers(0, 3),
    ("NVM_005", "type"): OneOf((b"TCP", b"UDP", b"SSL")),
    ("NVM_005", "r_ip"): Bytes(range(65)),
    ("NVM_005", "r_port"): PORT,
    ("NVM_005", "l_port"): PORT,
    ("NVM_005", "keep_alive"): Numbers(-1, 7200),
    ("NVM_005", "port"): PORT,
    ("NVM_005", "netif"): Numbers(0, 2),
    ("NVM_005", "ca"): FLAG,
    ("NVM_006", "mode"): Numbers(0, 3),
    ("NVM_007", "lease"): Numbers(1, 2880),
    ("NVM_007", "start"): Dotted(),
    ("NVM_007", "end"): Dotted(),
    ("NVM_008", "enable"): FLAG,
    ("NVM_008", "dns1"): Dotted(empty=False),
    ("NVM_008", "dns2"): Dotted(empty=False),
    ("NVM_008", "dns3"): Dotted(empty=False),
    ("NVM_012", "s_msg"): Numbers(0, 7),
    ("NVM_017", "interval"): Numbers(0, 7200),
    ("NVM_017", "count"): Numbers(0, 1000),
    ("NVM_018", "interval"): Numbers(1, 36000),
    ("NVM_022", "autoconn"): FLAG,
    ("NVM_024", "sta_inactive"): Numbers(3, 600),
    ("NVM_024", "listen_intv"): Numbers(1, 100),
    ("NVM_024", "ap_inactive"): Numbers(10, 3600),
}
"""By namespace and key. All of them in one table, so that whoever puts values into a flash file needs no room."""


def right_value(namespace: str, key: str, value: int | bytes) -> str | None:
    """What would be right instead of a stored value; None for one that the firmware may have written, and for what it
    does not know."""
    values = STORED.get((namespace, key))
    return None if values is None else values.right(value)
