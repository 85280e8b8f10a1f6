"""What one module can reach, and what reaches it: over its interfaces, in memory or on this machine.

The way to an address: an entry of `[hosts]`; somebody of the simulation on one of the module's networks; the host's
network behind a router. `stack/host_map.py` knows the order on this machine.
"""

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Final, NamedTuple

from simulator.stack.connection import Connection, HostConnection, MemoryConnection
from simulator.stack.datagrams import Datagrams
from simulator.stack.endpoint import BROADCAST, Endpoint, is_address
from simulator.stack.errors import LWIP_ADDRESS_IN_USE, LWIP_RESET, NetworkError, UnreachableError
from simulator.stack.host_network import HostNetwork
from simulator.stack.lan import Lan, Node
from simulator.stack.memory_stream import MemoryStream, memory_stream_pair

ANY_INTERFACE, STATION, SOFTAP = 0, 1, 2
"""`netif` of AT+CIPSERVER."""
HOST_BROADCAST: Final = "127.255.255.255"
"""Reaches the programs of this machine that listen on all addresses."""
FIRST_EPHEMERAL: Final = 49152


class Attachment(NamedTuple):
    """An interface with an address on a network. `interface`: STATION or SOFTAP."""

    interface: int
    lan: Lan
    address: str


class Route(NamedTuple):
    """The way to a destination.

    `seen`: as the module shows it. `lan`: the network it leaves through, None for loopback without any. `source`: the
    module's address there. `nodes`: who of the simulation is meant. `host`: on this machine or its network. Neither
    nodes nor host: nobody.
    """

    seen: Endpoint
    lan: Lan | None
    source: str
    nodes: tuple[Node, ...] = ()
    host: Endpoint | None = None


class Network:
    """The networks of one boot of one module."""

    def __init__(self, host: HostNetwork, spawn: Callable[..., None]) -> None:
        self.host = host
        self.attachments: list[Attachment] = []
        """The interfaces that are up, the station's first."""
        self.listeners: dict[int, Callable[[MemoryStream, Lan], None]] = {}
        """Who takes TCP connections from the simulation, by port."""
        self._ports: dict[int, Datagrams] = {}
        self._spawn = spawn
        self._next_port = FIRST_EPHEMERAL

    @property
    def up(self) -> bool:
        """Whether any interface has an address."""
        return bool(self.attachments)

    def attach(self, interface: int, lan: Lan, address: str) -> None:
        """An interface has come up, or has got another address."""
        self.detach(interface)
        self.attachments.append(Attachment(interface, lan, address))
        self.attachments.sort()
        lan.nodes[address] = _ModuleNode(self, lan, address)

    def detach(self, interface: int) -> None:
        """An interface has gone down."""
        for attachment in [one for one in self.attachments if one.interface == interface]:
            self.attachments.remove(attachment)
            attachment.lan.nodes.pop(attachment.address, None)

    def attachment(self, interface: int = ANY_INTERFACE) -> Attachment | None:
        """An interface, or the first one that is up."""
        return next((one for one in self.attachments if interface in (ANY_INTERFACE, one.interface)), None)

    async def resolve(self, name: str) -> str:
        """The IPv4 address of a name or address, as the module sees it. Raises ResolveError."""
        return await self.host.resolve(name, self._default_lan)

    async def locate(self, name: str, port: int) -> Route:
        """The way to a name or address. Raises ResolveError, UnreachableError."""
        attachment = self._attachment_for(name) if is_address(name) else self.attachment()
        lan, source = (attachment.lan, attachment.address) if attachment is not None else (None, "")
        if lan is not None and is_address(name) and not self.host.host_map.has_entry(name, port):
            node = lan.nodes.get(name)
            if node is not None:
                return Route(Endpoint(name, port), lan, source, nodes=(node,))
        destination = await self.host.locate(name, port, lan)
        if destination.beyond and (lan is None or not lan.has_uplink):
            raise UnreachableError(destination.seen.address)
        return Route(destination.seen, lan, source, host=destination.host)

    async def locate_datagram(self, name: str, port: int) -> Route:
        """The way of a datagram, to one or to many; what nobody has is nowhere. Raises ResolveError."""
        if is_address(name):
            many = self._route_to_many(Endpoint(name, port))
            if many is not None:
                return many
        try:
            return await self.locate(name, port)
        except UnreachableError as error:
            return Route(Endpoint(error.address, port), None, "")

    async def connect(self, route: Route, keep_alive: int, linger: int) -> tuple[Connection, int]:
        """Open a TCP connection; returns it and the local port. `keep_alive`: idle seconds, 0 for none. `linger`: 0
        resets the connection when it is closed. Raises NetworkError."""
        if route.nodes:
            port = self._ephemeral_port()
            return MemoryConnection(route.nodes[0].connect(route.seen.port, Endpoint(route.source, port))), port
        assert route.host is not None
        connection = HostConnection(await self.host.connect(route.host, keep_alive, linger))
        return connection, connection.local_port

    async def open_datagrams(self, local_port: int | None, peer: Endpoint) -> Datagrams:
        """Open a UDP port, a free one when none is given. Raises NetworkError."""
        if local_port in self._ports:
            raise NetworkError(LWIP_ADDRESS_IN_USE)
        datagrams = await self.host.open_datagrams(local_port, self._spawn)
        self._ports[datagrams.local_port] = datagrams
        if IPv4Address(peer.address).is_multicast:
            datagrams.group = peer.address
        return datagrams

    def close_datagrams(self, datagrams: Datagrams) -> None:
        """Close a UDP port."""
        self._ports.pop(datagrams.local_port, None)
        datagrams.close()

    async def send_datagram(self, datagrams: Datagrams, data: bytes, route: Route) -> None:
        """Send one datagram. Raises NetworkError."""
        sender = Endpoint(route.source, datagrams.local_port)
        for node in route.nodes:
            node.datagram(data, sender, route.seen)
        if route.host is not None:
            await datagrams.send_to_host(data, route.host)

    def from_host(self, host: Endpoint, interface: int = ANY_INTERFACE) -> Endpoint:
        """What the module calls an address of this machine or its network."""
        near = self.attachment(interface)
        for attachment in [near] if near is not None else []:
            found = self.host.host_map.to_module(host.address, host.port, attachment.lan)
            if found != host:
                return found
        return self.host.host_map.to_module(host.address, host.port, self._default_lan)

    def deliver(self, data: bytes, sender: Endpoint, destination: Endpoint) -> None:
        """A datagram from the simulation has come in."""
        datagrams = self._ports.get(destination.port)
        if datagrams is None:
            return
        if IPv4Address(destination.address).is_multicast and datagrams.group != destination.address:
            return
        datagrams.deliver(data, sender)

    @property
    def _default_lan(self) -> Lan | None:
        attachment = self.attachment()
        return attachment.lan if attachment is not None else None

    def _attachment_for(self, address: str) -> Attachment | None:
        near = next((one for one in self.attachments if one.lan.contains(address)), None)
        return near or self.attachment()

    def _route_to_many(self, seen: Endpoint) -> Route | None:
        address = seen.address
        multicast = IPv4Address(address).is_multicast
        attachment = next((one for one in self.attachments if one.lan.broadcast == address), None) or self.attachment()
        if attachment is None or not (multicast or address in (BROADCAST, attachment.lan.broadcast)):
            return None
        lan = attachment.lan
        others = tuple(node for own, node in lan.nodes.items() if own != attachment.address)
        return Route(
            seen, lan, attachment.address, others, Endpoint(address if multicast else HOST_BROADCAST, seen.port)
        )

    def _ephemeral_port(self) -> int:
        port, self._next_port = self._next_port, self._next_port + 1
        if self._next_port > 65535:
            self._next_port = FIRST_EPHEMERAL
        return port


class _ModuleNode:
    """The module as others of the simulation see it on one network."""

    def __init__(self, network: Network, lan: Lan, address: str) -> None:
        self._network = network
        self._lan = lan
        self._address = address

    def connect(self, port: int, client: Endpoint) -> MemoryStream:
        accept = self._network.listeners.get(port)
        if accept is None:
            raise NetworkError(LWIP_RESET)
        far, near = memory_stream_pair(client, Endpoint(self._address, port))
        accept(near, self._lan)
        return far

    def datagram(self, data: bytes, sender: Endpoint, destination: Endpoint) -> None:
        self._network.deliver(data, sender, destination)
