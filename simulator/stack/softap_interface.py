"""The softAP's network interface: its address and its DHCP server (ESP-AT User Guide, AT+CIPAP, AT+CWDHCPS)."""

from ipaddress import IPv4Network
from typing import Final

from espat.core.boot import Boot, Ending
from espat.core.events import Event
from espat.core.time.clock import Clock
from espat.persist.settings import Setting
from espat.radio.access_point import AccessPoint
from espat.radio.softap import SOFTAP_OFF, SOFTAP_ON, SOFTAP_STATION_LEFT, SoftAp
from espat.stack.active_interfaces import InterfaceKind
from espat.stack.address import Address, address_text, read_address
from espat.stack.dhcp import DHCP_SWITCHED
from espat.stack.interface import Interface, Ipv4
from espat.stack.lan import Lan, Lans

SOFTAP_LEASED: Final = Event[[bytes, Address]]()
"""The softAP has given an address: to whom, by its MAC, and which."""

DEFAULT_ADDRESS: Final = Ipv4(Address("192.168.4.1"), Address("192.168.4.1"), Address("255.255.255.0"))
DEFAULT_LEASE: Final = 120
"""Minutes (ESP-IDF's DHCP server)."""
POOL_SIZE: Final = 100
"""Addresses next to the softAP's own that the server gives: those behind it, or those before it where its last byte is
128 or more (ESP-IDF's DHCP server)."""


class SoftApInterface(Interface):
    """The IPv4 side of the softAP."""

    kind = InterfaceKind.SOFTAP
    _address = Setting("NVM_001", "ip", b"")
    _gateway = Setting("NVM_001", "gw", b"")
    _netmask = Setting("NVM_001", "netmask", b"")
    lease_time = Setting("NVM_007", "lease", DEFAULT_LEASE)
    _pool_start = Setting("NVM_007", "start", b"")
    _pool_end = Setting("NVM_007", "end", b"")

    def __init__(self, boot: Boot) -> None:
        super().__init__(boot)
        self._softap = boot[SoftAp]
        self._lans = boot[Lans]
        self._clock = boot[Clock]
        boot.at_end(self._end)

    @property
    def fixed(self) -> Ipv4 | None:
        """The address it was given, if it was."""
        if not (self._address and self._gateway and self._netmask):
            return None
        return Ipv4(*map(read_address, (self._address, self._gateway, self._netmask)))

    @property
    def ipv4(self) -> Ipv4:
        """The softAP's own address."""
        return self.fixed or DEFAULT_ADDRESS

    @property
    def pool(self) -> tuple[Address, Address]:
        """First and last address of the DHCP server."""
        if self.has_own_pool:
            return read_address(self._pool_start), read_address(self._pool_end)
        own, subnet = self.ipv4.address, self.subnet
        if own.packed[-1] < 0x80:
            return own + 1, min(own + POOL_SIZE, subnet.broadcast_address - 1)
        return max(own - POOL_SIZE, subnet.network_address + 1), own - 1

    @property
    def has_own_pool(self) -> bool:
        """Whether somebody chose the addresses."""
        return bool(self._pool_start and self._pool_end)

    @property
    def subnet(self) -> IPv4Network:
        """The subnet of the softAP."""
        return IPv4Network(f"{self.ipv4.address}/{self.ipv4.netmask}", strict=False)

    @SOFTAP_ON.wakes
    def _start(self, point: AccessPoint) -> None:
        """The softAP comes on, and there is a network behind it."""
        first, last = self.pool
        self.lan = Lan(
            self.subnet,
            first,
            last,
            softap_address=self.ipv4.address,
            dhcp=self.uses_dhcp,
            lease_time=60 * self.lease_time,
            leased=self._boot.announcer(SOFTAP_LEASED),
        )
        self._lans[point.bssid] = self.lan
        self._network.attach(self.kind, self.lan, self.ipv4.address)

    @SOFTAP_OFF.heard
    def _stop(self, point: AccessPoint) -> None:
        """The softAP is off."""
        self._lans.pop(point.bssid, None)
        self.lan = None
        self._network.detach(self.kind)

    def _end(self, how: Ending) -> None:
        if self._softap.access_point is not None:
            self._lans.pop(self._softap.access_point.bssid, None)

    def set_address(self, ipv4: Ipv4 | None) -> None:
        """Another address, None for the default; the pool goes back to the default. Those who have joined stay
        joined."""
        parts = map(address_text, ipv4) if ipv4 is not None else (b"", b"", b"")
        self._address, self._gateway, self._netmask = parts
        self._pool_start = self._pool_end = b""
        if self.lan is not None:
            self.lan.move(self.subnet, self.ipv4.address)
            self._apply_pool()
            self._network.detach(self.kind)
            self._network.attach(self.kind, self.lan, self.ipv4.address)

    def set_pool(self, lease_time: int, first: Address, last: Address) -> None:
        """Give these addresses from now on, for so many minutes."""
        self.lease_time = lease_time
        self._pool_start, self._pool_end = address_text(first), address_text(last)
        self._apply_pool()

    def reset_pool(self) -> None:
        """Back to the defaults."""
        self.lease_time = DEFAULT_LEASE
        self._pool_start = self._pool_end = b""
        self._apply_pool()

    def use_dhcp(self, enabled: bool) -> None:
        """Have a DHCP server or none."""
        self._dhcp_modes.set(self.kind, enabled)
        if self.lan is not None:
            self.lan.dhcp = enabled

    @DHCP_SWITCHED.wakes
    def _switched(self, kind: InterfaceKind) -> None:
        """With the server the default address comes back."""
        if kind is not self.kind:
            return
        if self.uses_dhcp and self.fixed:
            self.set_address(None)
        if self.lan is not None:
            self.lan.dhcp = self.uses_dhcp

    @SOFTAP_STATION_LEFT.heard
    def _release(self, mac: bytes) -> None:
        """A station has gone; its address is kept for it as long as it had got it for."""
        if self.lan is not None:
            self.lan.release(mac, self._clock.now() + 60 * self.lease_time)

    def _apply_pool(self) -> None:
        if self.lan is not None:
            self.lan.lease_time = 60 * self.lease_time
            self.lan.set_pool(*self.pool)
