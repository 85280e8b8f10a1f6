"""Where on this machine the ports are that the modules of a simulation listen on."""

import re
from typing import Final

from trio.lowlevel import ParkingLot

from espat.core.time.clock import Clock
from espat.module import Module
from espat.scenario.hosts.peers import PeerError
from espat.stack.address import Address
from espat.stack.endpoint import Endpoint

_SERVES: Final = re.compile(r"serves (tcp|udp) (\d+) at ([0-9.]+):(\d+)")
_WITHDRAWN: Final = re.compile(r"no longer serves (tcp|udp) (\d+)")


class ModulePorts:
    """What the modules have announced, and have not withdrawn."""

    def __init__(self, clock: Clock, patience: float) -> None:
        """`patience`: seconds of module time that a port may take to come about."""
        self._clock = clock
        self._patience = patience
        self._served: dict[tuple[int, str, int], Endpoint] = {}
        self._changed = ParkingLot()

    def announced(self, module: int, text: str) -> None:
        """A module, by its number, says that it offers a port on this machine, or no longer does."""
        if found := _SERVES.fullmatch(text):
            self._served[module, found[1], int(found[2])] = Endpoint(Address(found[3]), int(found[4]))
        elif found := _WITHDRAWN.fullmatch(text):
            self._served.pop((module, found[1], int(found[2])), None)
        self._changed.unpark_all()

    async def find(self, module: Module, transport: str, port: int) -> Endpoint:
        """Where a port of `tcp` or `udp` is. Raises PeerError."""
        key = (module.number, transport, port)
        with self._clock.move_on_after(self._patience):
            while key not in self._served:
                await self._changed.park()
            return self._served[key]
        raise PeerError(f"the module does not serve {transport} {port}")
