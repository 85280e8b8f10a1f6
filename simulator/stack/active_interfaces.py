"""Which interfaces of a module are up, on which networks and with which addresses."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Final, NamedTuple

import trio

from espat.core.boot import Boot
from espat.core.events import Event
from espat.stack.address import Address
from espat.stack.lan import Lan

ANY_INTERFACE: Final = 0
"""`netif` of AT+CIPSERVER, else an InterfaceKind."""


class InterfaceKind(IntEnum):
    """The interfaces that a module can have, by `netif` of AT+CIPSERVER."""

    STATION = 1
    SOFTAP = 2
    ETHERNET = 3


class ActiveInterface(NamedTuple):
    """An interface that is up: it has an address on a network.

    `stranded`: whether the address is none of the network's, so that it finds nobody
    there, not even the gateway, and is not found.
    """

    kind: InterfaceKind
    lan: Lan
    address: Address
    stranded: bool


NETWORK_UP: Final = Event[[ActiveInterface]]()
"""An interface has an address on a network."""
NETWORK_DOWN: Final = Event[[ActiveInterface]]()
"""It has none any more."""


class ActiveInterfaces:
    """Those of one boot, in the order of their kinds."""

    def __init__(self, boot: Boot) -> None:
        self._all: list[ActiveInterface] = []
        self._came_up = trio.lowlevel.ParkingLot()

    def __iter__(self) -> Iterator[ActiveInterface]:
        return iter(tuple(self._all))

    def __bool__(self) -> bool:
        """Whether any interface has an address."""
        return bool(self._all)

    def put(self, active: ActiveInterface) -> None:
        """One more is up, of a kind that is not."""
        self._all.append(active)
        self._all.sort(key=lambda one: one.kind)
        self._came_up.unpark_all()

    def remove(self, active: ActiveInterface) -> None:
        """It is not up any more."""
        self._all.remove(active)

    async def wait(self) -> None:
        """Wait until any interface has an address."""
        while not self._all:
            await self._came_up.park()

    @property
    def default(self) -> ActiveInterface | None:
        """The one that leads to whoever is on no network of the others, and to names: the first that is up."""
        return self._all[0] if self._all else None

    def of(self, kind: int = ANY_INTERFACE) -> list[ActiveInterface]:
        """The one of a kind, if it is up, or all."""
        return [one for one in self._all if kind in (ANY_INTERFACE, one.kind)]

    def reached(self, kind: int = ANY_INTERFACE) -> bool:
        """Whether anybody finds the module over an interface, or any of them."""
        return any(not one.stranded for one in self.of(kind))

    def kind_on(self, lan: Lan | None) -> InterfaceKind:
        """The kind of the interface that is on a network, the station where there is none."""
        return next((one.kind for one in self._all if one.lan is lan), InterfaceKind.STATION)

    def towards(self, target: str | Address) -> ActiveInterface | None:
        """The one that leads to a name or an address."""
        if isinstance(target, str):
            return self.default
        return next((one for one in self._all if one.lan.contains(target)), None) or self.default

    def broadcasting(self, address: Address) -> ActiveInterface | None:
        """The one of whose network an address is the broadcast address, else the default."""
        return next((one for one in self._all if one.lan.broadcast == address), None) or self.default
