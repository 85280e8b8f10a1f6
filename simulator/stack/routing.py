"""The way to an address: an entry of `[hosts]`; somebody of the simulation on one of the module's networks or behind
their gateway; the host's network behind a router. `stack/host_map.py` knows the order on this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from espat.core.at.system_log import SystemLog
from espat.core.boot import Boot
from espat.core.time.clock import Clock
from espat.core.time.timing import Timing
from espat.stack.active_interfaces import ActiveInterface, ActiveInterfaces
from espat.stack.address import BROADCAST, NO_ADDRESS, Address, parse_address
from espat.stack.endpoint import Endpoint
from espat.stack.errors import ResolveError, UnreachableError
from espat.stack.host_network import HostNetwork
from espat.stack.lan import Lan, Node

LOG_TAG: Final = "at-net"


class Route(NamedTuple):
    """The way to a destination.

    `seen`: as the module shows it. `lan`: the network it leaves through, None for loopback without any. `source`: the
    module's address there, NO_ADDRESS without any. `nodes`: who of the simulation is meant. `host`: on this machine or
    its network; `many`: of a broadcast or multicast datagram, all there. None of them: nobody.
    """

    seen: Endpoint
    lan: Lan | None
    source: Address
    nodes: tuple[Node, ...] = ()
    host: Endpoint | None = None
    many: tuple[Endpoint, ...] = ()


class Routing:
    """Finds the ways of one boot of one module."""

    def __init__(self, boot: Boot) -> None:
        self._host = boot[HostNetwork]
        self._interfaces = boot[ActiveInterfaces]
        self._log = boot[SystemLog]
        self._clock = boot[Clock]
        self._unresolved_time = boot[Timing]["unresolved"]

    async def resolve(self, name: str) -> Address:
        """The address of a name or of dotted text, as the module sees it. Raises ResolveError."""
        address = parse_address(name)
        if address is not None:
            return address
        async with self._asking():
            _need_route(name, self._interfaces.default)
            address = self._address_in_memory(name)
            if address is not None:
                return address
            self._need_names(name, self._default_lan)
            return await self._host.resolve(name, self._default_lan)

    async def locate(self, host: str | Address, port: int) -> Route:
        """The way to an address, or to a name or dotted text. Raises ResolveError, UnreachableError."""
        target = _target(host)
        async with self._asking():
            _need_route(target, self._interfaces.towards(target))
            if isinstance(target, str):
                target = self._address_in_memory(target, port) or target
            active = self._interfaces.towards(target)
            lan, source = (active.lan, active.address) if active is not None else (None, NO_ADDRESS)
            if isinstance(target, str):
                self._need_names(target, lan)
            elif lan is not None and not self._host.host_map.has_entry(target, port):
                node = _in_memory(lan, target)
                if node is not None:
                    return Route(Endpoint(target, port), lan, source, nodes=(node,))
            destination = await self._host.locate(target, port, lan)
        if lan is not None and (node := _in_memory(lan, destination.host.address)) is not None:
            return Route(destination.host, lan, source, nodes=(node,))  # an entry of [hosts] leads there
        if destination.beyond and (lan is None or not lan.has_uplink):
            raise UnreachableError(destination.seen.address)
        return Route(destination.seen, lan, source, host=destination.host)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """A name that nobody knows is asked for as long as a module does, and logged then."""
        began = self._clock.now()
        try:
            yield
        except ResolveError as error:
            rest = began + self._unresolved_time - self._clock.now()
            if rest > 0:
                await self._clock.sleep(rest)
            self._log.info(LOG_TAG, f"unknown host: {error}")
            raise

    async def locate_datagram(self, host: str | Address, port: int) -> Route:
        """The way of a datagram, to one or to many; what nobody has is nowhere. Raises ResolveError."""
        target = _target(host)
        many = None if isinstance(target, str) else self._route_to_many(Endpoint(target, port))
        if many is not None:
            return many
        try:
            return await self.locate(target, port)
        except UnreachableError as error:
            return Route(Endpoint(error.address, port), None, NO_ADDRESS)

    def current(self, route: Route) -> Route:
        """A route whose nodes are those of now."""
        seen = route.seen
        many = self._route_to_many(seen)
        if many is not None:
            return many
        active = self._interfaces.towards(seen.address)
        if active is None:
            return route._replace(nodes=())
        if active.stranded:
            return Route(seen, None, NO_ADDRESS)
        node = None if route.host is not None else active.lan.node(seen.address)
        nodes = (node,) if node is not None else ()
        return route._replace(lan=active.lan, source=active.address, nodes=nodes)

    def _address_in_memory(self, name: str, port: int | None = None) -> Address | None:
        """The address of a host of the world; None for other names and for those that `[hosts]` has."""
        lan, host_map = self._default_lan, self._host.host_map
        entry = host_map.name_to_address(name) if port is None else host_map.name_to_host(name, port)
        return lan.named(name) if lan is not None and entry is None else None

    def _need_names(self, name: str, lan: Lan | None) -> None:
        """Raises ResolveError for a name where nobody answers questions about names."""
        has_entry = self._host.host_map.name_to_address(name) is not None
        if not has_entry and lan is not None and not lan.has_uplink:
            raise ResolveError(name)

    @property
    def _default_lan(self) -> Lan | None:
        active = self._interfaces.default
        return active.lan if active is not None else None

    def _route_to_many(self, seen: Endpoint) -> Route | None:
        address = seen.address
        multicast = address.is_multicast
        active = self._interfaces.broadcasting(address)
        if active is None or active.stranded:
            return None
        lan = active.lan
        if not multicast and address not in (BROADCAST, lan.broadcast):
            return None
        others = tuple(node for own, node in lan.neighbours() if own != active.address)
        hosts = [seen] if multicast else self._host.host_map.everybody(seen.port, lan)
        return Route(seen, lan, active.address, others, many=tuple(hosts))


def _target(host: str | Address) -> str | Address:
    """A name, or the address that a dotted text is."""
    return parse_address(host) or host if isinstance(host, str) else host


def _need_route(target: str | Address, active: ActiveInterface | None) -> None:
    """There is none to a name or an address where the interface to it is stranded. Raises ResolveError,
    UnreachableError."""
    if active is not None and active.stranded:
        raise ResolveError(target) if isinstance(target, str) else UnreachableError(target)


def _in_memory(lan: Lan, address: Address) -> Node | None:
    """Who of the simulation has an address. Raises UnreachableError where that is a host without power."""
    node = lan.node(address)
    if node is None and address in lan.hosts:
        raise UnreachableError(address)
    return node
