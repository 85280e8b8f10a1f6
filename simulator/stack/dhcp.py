"""DHCP: which interfaces use it, and the client of one (ESP-AT User Guide, AT+CWDHCP)."""

from collections.abc import Callable
from typing import Final

import trio

from espat.core.boot import Boot
from espat.core.events import Event
from espat.core.time.clock import Clock
from espat.core.time.timing import Timing
from espat.persist.settings import Setting, Settings
from espat.stack.active_interfaces import InterfaceKind
from espat.stack.address import Address
from espat.stack.lan import Lan

LONGEST_DISCOVERY: Final = 60
SHORTEST_RENEWAL: Final = 60
"""Seconds between two questions to a DHCP server that does not answer: lwIP looks for one after 2, 4, 8, ... and
asks again for an address it has after half of the time left (RFC 2131, section 4.4.5)."""

DHCP_SWITCHED: Final = Event[[InterfaceKind]]()
"""DHCP of an interface has been switched on or off."""


def dhcp_bit(kind: InterfaceKind) -> int:
    """The bit of AT+CWDHCP that stands for an interface."""
    return 1 << kind - 1


class DhcpModes:
    """Which interfaces use DHCP: the station as a client, the softAP as a server. `mask`: their bits."""

    mask = Setting("NVM_006", "mode", dhcp_bit(InterfaceKind.STATION) | dhcp_bit(InterfaceKind.SOFTAP))

    def __init__(self, boot: Boot) -> None:
        self.settings = boot[Settings]
        self._boot = boot

    def is_on(self, kind: InterfaceKind) -> bool:
        """Whether an interface uses it."""
        return bool(self.mask & dhcp_bit(kind))

    def set(self, kind: InterfaceKind, enabled: bool) -> None:
        """Have an interface use it or not, which knows already."""
        self.mask = self.mask | dhcp_bit(kind) if enabled else self.mask & ~dhcp_bit(kind)

    def switch(self, enabled: bool, interfaces: int) -> None:
        """Have the interfaces whose bits are set use it or not; they are told if that is new."""
        before = self.mask
        self.mask = before | interfaces if enabled else before & ~interfaces
        for kind in InterfaceKind:
            if (before ^ self.mask) & dhcp_bit(kind):
                self._boot.announce(DHCP_SWITCHED, kind)


class DhcpClient:
    """Has an address of a network's DHCP server for as long as it gives one.

    No document says what a module prints about renewals, and none is seen to print anything. That a lost address is
    lost without a word, but for the links that end with it, is inferred: `WIFI GOT IP` comes with the next one.
    """

    def __init__(
        self,
        boot: Boot,
        mac: Callable[[], bytes],
        *,
        leased: Callable[[Lan, Address], None],
        renewed: Callable[[], None],
        lost: Callable[[], None],
    ) -> None:
        """`mac`: the interface's. `leased` is told of every address that it gets, `renewed` when it may keep it longer,
        `lost` when it may not."""
        self._boot = boot
        self._clock = boot[Clock]
        self._duration = boot[Timing]["lease"]
        self._mac = mac
        self._leased = leased
        self._renewed = renewed
        self._lost = lost
        self._scope: trio.CancelScope | None = None

    def start(self, lan: Lan) -> None:
        """Ask for an address from now on."""
        self._scope = trio.CancelScope()
        self._boot.spawn(self._run, lan, self._scope)

    def stop(self) -> None:
        """Ask no more; an address that has been leased stays."""
        if self._scope is not None:
            self._scope.cancel()
            self._scope = None

    async def _run(self, lan: Lan, scope: trio.CancelScope) -> None:
        with scope:
            while True:
                address = await self._discover(lan)
                self._leased(lan, address)
                await self._keep(lan, address)
                self._lost()

    async def _discover(self, lan: Lan) -> Address:
        """Ask until there is a server with an address to give."""
        pause = 1
        while True:
            await self._clock.sleep(self._duration)
            address = lan.lease(self._mac(), self._clock.now()) if lan.dhcp else None
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
            elif lan.leases.get(self._mac()) == address:
                ends = self._clock.now() + lan.lease_time
                pause = lan.lease_time / 2
                self._renewed()
            else:
                return
