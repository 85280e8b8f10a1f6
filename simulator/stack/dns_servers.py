"""The servers that know names (ESP-AT User Guide, AT+CIPDNS)."""

from collections.abc import Sequence
from typing import Final

from espat.core.boot import Boot
from espat.persist.settings import Setting, Settings
from espat.stack.address import Address, address_text, read_address

DEFAULT_DNS: Final = (Address("208.67.222.222"), Address("114.114.114.114"), Address("8.8.8.8"))


class DnsServers:
    """Those of one boot: the default ones, those of AT+CIPDNS, or those that come with an address. `manual`: whether
    those of AT+CIPDNS stay whatever comes with an address."""

    manual = Setting("NVM_008", "enable", 0)
    _first = Setting("NVM_008", "dns1", address_text(DEFAULT_DNS[0]))
    _second = Setting("NVM_008", "dns2", address_text(DEFAULT_DNS[1]))
    _third = Setting("NVM_008", "dns3", address_text(DEFAULT_DNS[2]))

    def __init__(self, boot: Boot) -> None:
        self.settings = boot[Settings]
        self.leased: Address | None = None
        """The one that came with the last address, as long as that lasts."""

    @property
    def in_force(self) -> tuple[Address, Address, Address]:
        """The three servers; DHCP replaces the first default."""
        if self.manual or self.leased is None:
            return read_address(self._first), read_address(self._second), read_address(self._third)
        return self.leased, DEFAULT_DNS[1], DEFAULT_DNS[2]

    def set(self, manual: bool, servers: Sequence[Address]) -> None:
        """Use these three servers; unless `manual`, until DHCP completes the next time."""
        self.manual = int(manual)
        self._first, self._second, self._third = map(address_text, servers)
        self.leased = None
