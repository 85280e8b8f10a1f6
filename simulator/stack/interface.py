"""The station's network interface: its address, by DHCP or static, and its DNS servers (ESP-AT User Guide, AT+CIPSTA,
AT+CWDHCP, AT+CIPDNS)."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import trio

from espat.core.boot import Boot
from espat.core.events import Event
from espat.core.time.clock import Clock
from espat.core.time.timing import Timing
from espat.persist.settings import Setting, Settings
from espat.radio.access_point import AccessPoint
from espat.radio.station import STATION_ASSOCIATED, STATION_DISCONNECTED, Station
from espat.stack.address import NO_ADDRESS, Address, address_text, read_address
from espat.stack.lan import Lan, Lans
from espat.stack.network import STATION, Network

STATION_GOT_IP: Final = Event[[Address]]("station.got_ip", "{0}")
STATION_LEASE_RENEWED: Final = Event[[]]("station.lease_renewed")
STATION_LOST_IP: Final = Event[[]]("station.lost_ip")
"""The station has no address any more, though it is still joined."""

DHCP_STATION, DHCP_SOFTAP = 1, 2
LONGEST_DISCOVERY: Final = 60
SHORTEST_RENEWAL: Final = 60
"""Seconds between two questions to a DHCP server that does not answer: lwIP looks for one after 2, 4, 8, ... and
asks again for an address it has after half of the time left (RFC 2131, section 4.4.5)."""
DEFAULT_DNS: Final = (Address("208.67.222.222"), Address("114.114.114.114"), Address("8.8.8.8"))


class Ipv4(NamedTuple):
    """The address of an interface, and its network."""

    address: Address
    gateway: Address
    netmask: Address


UNSET: Final = Ipv4(NO_ADDRESS, NO_ADDRESS, NO_ADDRESS)


class StationInterface:
    """The IPv4 side of the station, for one boot of one module."""

    dhcp_mode = Setting("NVM_006", "mode", DHCP_STATION | DHCP_SOFTAP)
    static_address = Setting("NVM_002", "ip", b"")
    static_gateway = Setting("NVM_002", "gw", b"")
    static_netmask = Setting("NVM_002", "netmask", b"")
    manual_dns = Setting("NVM_008", "enable", 0)
    dns_1 = Setting("NVM_008", "dns1", address_text(DEFAULT_DNS[0]))
    dns_2 = Setting("NVM_008", "dns2", address_text(DEFAULT_DNS[1]))
    dns_3 = Setting("NVM_008", "dns3", address_text(DEFAULT_DNS[2]))

    def __init__(self, boot: Boot) -> None:
        self.settings = boot[Settings]
        self.lan: Lan | None = None
        self._boot = boot
        self._station = boot[Station]
        self._lans = boot[Lans]
        self._network = boot[Network]
        self._clock = boot[Clock]
        self._lease_time = boot[Timing]["lease"]
        self._ipv4: Ipv4 | None = None
        self._came_up = trio.Event()
        self._lease_scope: trio.CancelScope | None = None
        self._leased_dns: Address | None = None

    @property
    def up(self) -> bool:
        """Whether the interface is joined and has an address."""
        return self._ipv4 is not None

    @property
    def ipv4(self) -> Ipv4:
        """The address in force; a static one shows without a connection too."""
        return self._ipv4 or self.static or UNSET

    @property
    def dns_servers(self) -> tuple[Address, Address, Address]:
        """The three servers in force; DHCP replaces the first default."""
        if self.manual_dns or self._leased_dns is None:
            return read_address(self.dns_1), read_address(self.dns_2), read_address(self.dns_3)
        return self._leased_dns, DEFAULT_DNS[1], DEFAULT_DNS[2]

    @property
    def dhcp(self) -> bool:
        """Whether the station asks for its address."""
        return bool(self.dhcp_mode & DHCP_STATION)

    @property
    def softap_dhcp(self) -> bool:
        """Whether the softAP gives addresses; the mask holds both interfaces."""
        return bool(self.dhcp_mode & DHCP_SOFTAP)

    @softap_dhcp.setter
    def softap_dhcp(self, enabled: bool) -> None:
        self.dhcp_mode = self.dhcp_mode | DHCP_SOFTAP if enabled else self.dhcp_mode & ~DHCP_SOFTAP

    @STATION_ASSOCIATED.wakes
    def _link_up(self, point: AccessPoint) -> None:
        """The station has joined."""
        self.lan = self._lans.get(point.bssid)
        self._configure()

    @STATION_DISCONNECTED.heard
    def _link_down(self, reason: int) -> None:
        """The station has lost its access point."""
        self._stop_lease()
        self.lan = None
        self._ipv4 = None
        self._leased_dns = None
        self._network.detach(STATION)

    async def wait_for_address(self) -> None:
        """Wait until the interface is up."""
        while self._ipv4 is None:
            await self._came_up.wait()

    def set_static(self, ipv4: Ipv4) -> None:
        """Use a fixed address from now on; DHCP is off then."""
        self.dhcp_mode &= ~DHCP_STATION
        self.static_address, self.static_gateway, self.static_netmask = map(address_text, ipv4)
        self._give_up(ipv4)
        self._configure()

    def set_dhcp(self, enabled: bool, interfaces: int) -> None:
        """Switch DHCP of the interfaces whose bits are set; enabling the station's drops its static address."""
        before = self.dhcp
        self.dhcp_mode = self.dhcp_mode | interfaces if enabled else self.dhcp_mode & ~interfaces
        if self.dhcp and not before:
            self.static_address = b""
            self._give_up()
            self._configure()
        elif before and not self.dhcp:
            self._stop_lease()  # an address that has been leased stays

    def set_dns(self, manual: bool, servers: Sequence[Address]) -> None:
        """Use these three servers; unless `manual`, until DHCP completes the next time."""
        self.manual_dns = int(manual)
        self.dns_1, self.dns_2, self.dns_3 = map(address_text, servers)
        self._leased_dns = None

    @property
    def static(self) -> Ipv4 | None:
        """The fixed address, if there is one."""
        if self.dhcp or not self.static_address:
            return None
        return Ipv4(*map(read_address, (self.static_address, self.static_gateway, self.static_netmask)))

    def _configure(self) -> None:
        self._stop_lease()
        if self.lan is None:
            return
        if self.static is not None:
            self._come_up(self.static)
        elif self.dhcp:
            self._lease_scope = trio.CancelScope()
            self._boot.spawn(self._lease, self.lan, self._lease_scope)

    async def _lease(self, lan: Lan, scope: trio.CancelScope) -> None:
        """Have an address of the DHCP server for as long as it gives one.

        No document says what a module prints about renewals, and none is seen to print anything. That a lost address
        is lost without a word, but for the links that end with it, is inferred: `WIFI GOT IP` comes with the next one.
        """
        with scope:
            while True:
                address = await self._discover(lan)
                self._leased_dns = lan.gateway
                self._come_up(Ipv4(address, lan.gateway, lan.netmask))
                await self._keep(lan, address)
                self._leased_dns = None
                self._give_up()

    async def _discover(self, lan: Lan) -> Address:
        """Ask until there is a server with an address to give."""
        pause = 1
        while True:
            await self._clock.sleep(self._lease_time)
            address = lan.lease(self._station.mac, self._clock.now()) if lan.dhcp else None
            if address is not None:
                return address
            pause = min(2 * pause, LONGEST_DISCOVERY)
            await self._clock.sleep(pause)

    async def _keep(self, lan: Lan, address: Address) -> None:
        """Renew the lease until it is refused, or has run out."""
        ends = self._clock.now() + lan.lease_time
        pause = lan.lease_time / 2
        while True:
            await self._clock.sleep(pause)
            left = ends - self._clock.now()
            if left <= 0:
                return
            if not lan.dhcp:
                pause = min(left, max(left / 2, SHORTEST_RENEWAL))
            elif lan.leases.get(self._station.mac) == address:
                ends = self._clock.now() + lan.lease_time
                pause = lan.lease_time / 2
                self._boot.announce(STATION_LEASE_RENEWED)
            else:
                return

    def _give_up(self, following: Ipv4 | None = None) -> None:
        before, self._ipv4 = self._ipv4, None
        if before is not None and (following is None or before.address != following.address):
            self._boot.announce(STATION_LOST_IP)
            self._network.detach(STATION)

    def _stop_lease(self) -> None:
        if self._lease_scope is not None:
            self._lease_scope.cancel()
            self._lease_scope = None

    def _come_up(self, ipv4: Ipv4) -> None:
        self._ipv4 = ipv4
        self._came_up.set()
        self._came_up = trio.Event()
        if self.lan is not None:
            self._network.attach(STATION, self.lan, ipv4.address)
        self._boot.announce(STATION_GOT_IP, ipv4.address)
