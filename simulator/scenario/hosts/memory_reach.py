"""How a host gets at modules in memory: over a network they are on. With that a run is the same each time."""

import trio

from espat.module import Module
from espat.scenario.hosts.peers import PeerError
from espat.scenario.hosts.world_host import WorldHost
from espat.scenario.services.peer import Datagram
from espat.stack.active_interfaces import ActiveInterface, ActiveInterfaces
from espat.stack.endpoint import Endpoint
from espat.stack.errors import NetworkError
from espat.stack.stream import Stream


class MemoryReach:
    """The networks of the simulation."""

    def __init__(self, host: WorldHost) -> None:
        self._host = host

    async def dial(self, module: Module, to: str, port: int) -> Stream:
        await trio.lowlevel.checkpoint()
        way = self._way_to(module, to)
        try:
            return self._host.dial(way.address, port, way.lan)
        except NetworkError:
            raise PeerError(f"no connection to {way.address}:{port}: refused") from None

    async def send_datagram(self, module: Module, data: bytes, from_port: int, port: int) -> None:
        way = self._way_to(module, "")
        self._host.send_datagram(data, from_port, Endpoint(way.address, port), way.lan)

    async def is_from(self, datagram: Datagram, module: Module, port: int) -> bool:
        await trio.lowlevel.checkpoint()
        return datagram.sender.port == port

    def _way_to(self, module: Module, to: str) -> ActiveInterface:
        """The address and network at which the host finds a module. Raises PeerError."""
        interfaces = tuple(module[ActiveInterfaces])
        named = [one for one in interfaces if str(one.address) == to]
        near = [one for one in interfaces if self._host.is_on(one.lan)]
        for found in (named, near, interfaces):
            if found:
                return found[0]
        raise PeerError(f"module {module.number} is on no network where {self._host.name or 'the host'} could find it")
