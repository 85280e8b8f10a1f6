"""Network interfaces: what a module has one of for the station, one for the softAP, and could have for more."""

from abc import ABC, abstractmethod
from typing import ClassVar, Final, NamedTuple

import trio

from espat.core.boot import Boot
from espat.persist.settings import Setting, Settings
from espat.stack.active_interfaces import InterfaceKind
from espat.stack.address import NO_ADDRESS, Address, address_text, read_address
from espat.stack.dhcp import DhcpClient, DhcpModes
from espat.stack.dns_servers import DnsServers
from espat.stack.lan import Lan
from espat.stack.network import Network


class Ipv4(NamedTuple):
    """The address of an interface, and its network."""

    address: Address
    gateway: Address
    netmask: Address


UNSET: Final = Ipv4(NO_ADDRESS, NO_ADDRESS, NO_ADDRESS)


class Interface(ABC):
    """One interface, for one boot of one module. `lan`: the network it is on, None for none."""

    kind: ClassVar[InterfaceKind]

    def __init__(self, boot: Boot) -> None:
        self.settings = boot[Settings]
        self.lan: Lan | None = None
        self._boot = boot
        self._network = boot[Network]
        self._dhcp_modes = boot[DhcpModes]

    @property
    @abstractmethod
    def ipv4(self) -> Ipv4:
        """The address it has, or would have."""

    @property
    def uses_dhcp(self) -> bool:
        """Whether DHCP is on, of a client or a server."""
        return self._dhcp_modes.is_on(self.kind)


class ClientInterface(Interface):
    """An interface that is a host on somebody else's network, with a fixed address or one that it is given there.

    Who derives from it declares where the fixed address is stored, and tells of what happens.
    """

    _address: Setting[bytes]
    _gateway: Setting[bytes]
    _netmask: Setting[bytes]

    def __init__(self, boot: Boot) -> None:
        super().__init__(boot)
        self._dns_servers = boot[DnsServers]
        self._dhcp = DhcpClient(
            boot, self._mac, leased=self._leased, renewed=self._lease_renewed, lost=self._lease_lost
        )
        self._ipv4: Ipv4 | None = None
        self._came_up = trio.Event()

    @property
    def up(self) -> bool:
        """Whether it is on a network and has an address."""
        return self._ipv4 is not None

    @property
    def ipv4(self) -> Ipv4:
        """The address in force; a fixed one shows without a network too."""
        return self._ipv4 or (None if self.uses_dhcp else self.fixed) or UNSET

    @property
    def fixed(self) -> Ipv4 | None:
        """The fixed address, if there is one, which is used while DHCP is off."""
        if not (self._address and self._gateway and self._netmask):
            return None
        return Ipv4(*map(read_address, (self._address, self._gateway, self._netmask)))

    async def wait_for_address(self) -> None:
        """Wait until it is up."""
        while self._ipv4 is None:
            await self._came_up.wait()

    def set_fixed(self, ipv4: Ipv4) -> None:
        """Use a fixed address from now on; DHCP is off then."""
        self._dhcp_modes.set(self.kind, False)
        self._address, self._gateway, self._netmask = map(address_text, ipv4)
        self._give_up(ipv4)
        self._configure()

    @abstractmethod
    def _mac(self) -> bytes:
        """Its MAC address."""

    @abstractmethod
    def _got_address(self, address: Address) -> None:
        """It has come up."""

    @abstractmethod
    def _lease_renewed(self) -> None:
        """It may keep its address longer."""

    @abstractmethod
    def _lost_address(self) -> None:
        """It has given up its address while it stays on its network."""

    def _joined(self, lan: Lan | None) -> None:
        """It is on a network now; None: on one without IP."""
        self.lan = lan
        self._configure()

    def _left(self) -> None:
        """It is on no network any more."""
        self._dhcp.stop()
        self.lan = None
        self._ipv4 = None
        self._dns_servers.leased = None
        self._network.detach(self.kind)

    def _dhcp_switched(self) -> None:
        """DHCP has been switched on or off; its fixed address is gone where that is on."""
        if self.uses_dhcp:
            self._address = b""
            self._give_up()
            self._configure()
        else:
            self._dhcp.stop()  # an address that has been leased stays

    def _configure(self) -> None:
        self._dhcp.stop()
        if self.lan is None:
            return
        if self.uses_dhcp:
            self._dhcp.start(self.lan)
        elif self.fixed is not None:
            self._come_up(self.lan, self.fixed)

    def _leased(self, lan: Lan, address: Address) -> None:
        self._dns_servers.leased = lan.gateway
        self._come_up(lan, Ipv4(address, lan.gateway, lan.netmask))

    def _lease_lost(self) -> None:
        self._dns_servers.leased = None
        self._give_up()

    def _give_up(self, following: Ipv4 | None = None) -> None:
        before, self._ipv4 = self._ipv4, None
        if before is not None and (following is None or before.address != following.address):
            self._lost_address()
            self._network.detach(self.kind)

    def _come_up(self, lan: Lan, ipv4: Ipv4) -> None:
        self._ipv4 = ipv4
        self._came_up.set()
        self._came_up = trio.Event()
        self._network.attach(self.kind, lan, ipv4.address)
        self._got_address(ipv4.address)
