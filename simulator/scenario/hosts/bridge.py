"""From a host of the world to this machine's sockets, where time is real.

Modules find its ports by entries of `[hosts]` that lead to ports of this machine. All that a scenario may ever need are
reserved before there is a module; a reserved TCP port refuses connections until the host serves it.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

import trio

from espat.module import Module
from espat.scenario.hosts.peers import PeerError
from espat.scenario.hosts.world_host import WorldHost
from espat.scenario.services.peer import Datagram
from espat.scenario.world.peers import PeerConfiguration
from espat.stack.address import LOOPBACK
from espat.stack.endpoint import Endpoint
from espat.stack.errors import NetworkError
from espat.stack.reserved_port import ReservedPort, open_host_stream
from espat.stack.stream import Stream
from espat.stack.tcp_options import ConnectionOptions

FindPort = Callable[[Module, str, int], Awaitable[Endpoint]]
"""Tells where on this machine a port of a module is: the module, `tcp` or `udp`, the port. Raises PeerError."""


class Bridge:
    """The ports of this machine at which a host is reached, and its way to the ports of modules."""

    def __init__(
        self,
        configuration: PeerConfiguration,
        host: WorldHost,
        spawn: Callable[..., None],
        find_port: FindPort,
        add_entries: Callable[[Mapping[str, str]], None],
    ) -> None:
        """`spawn` starts a task that ends with the simulation. `add_entries` puts entries into `[hosts]`. Raises
        PeerError when this machine has no port left."""
        self._name = configuration.host or str(configuration.address)
        self._host = host
        self._spawn = spawn
        self._find_port = find_port
        self._add_entries = add_entries
        self._ports: dict[int, ReservedPort] = {}
        self._serving: dict[tuple[str, int], trio.CancelScope] = {}
        if configuration.host:
            add_entries({configuration.host: str(LOOPBACK)})
        try:
            with self._port_needed():
                for port in sorted({port for _, port in (*configuration.at_first, *configuration.later)}):
                    self._reserved(port)
        except PeerError:
            self.close()
            raise
        host.outside = self

    def update(self) -> None:
        """The host serves more or less than before. Raises PeerError when this machine has no port for that."""
        wanted = self._host.served
        with self._port_needed():
            for transport, port in self._serving.keys() - wanted:
                self._serving.pop((transport, port)).cancel()
                if transport == "tcp":
                    self._ports[port].refuse()
            for transport, port in sorted(wanted - self._serving.keys()):
                self._serve(transport, self._reserved(port), port)

    async def dial(self, module: Module, to: str, port: int) -> Stream:
        found = await self._find_port(module, "tcp", port)
        try:
            stream = await open_host_stream(found, self._host.clock)
        except NetworkError as error:
            raise PeerError(f"no connection to {found}: {error}") from error
        stream.set_options(ConnectionOptions(no_delay=True))
        return stream

    async def send_datagram(self, module: Module, data: bytes, from_port: int, port: int) -> None:
        self.send(data, from_port, await self._find_port(module, "udp", port))

    async def is_from(self, datagram: Datagram, module: Module, port: int) -> bool:
        return datagram.sender == await self._find_port(module, "udp", port)

    def send(self, data: bytes, from_port: int, destination: Endpoint) -> None:
        """Send a datagram of the host's to somebody on this machine."""
        self._ports[from_port].send(data, destination)

    def close(self) -> None:
        """Give all ports back."""
        for reserved in self._ports.values():
            reserved.close()

    def _reserved(self, port: int) -> ReservedPort:
        """The port of this machine for one of the host's, and the way of modules there. Raises NetworkError."""
        if port not in self._ports:
            self._ports[port] = ReservedPort(self._host.clock)
            if self._name:
                self._add_entries({f"{self._name}:{port}": str(self._ports[port].endpoint)})
        return self._ports[port]

    @contextmanager
    def _port_needed(self) -> Iterator[None]:
        try:
            yield
        except NetworkError as error:
            raise PeerError(f"this machine has no port for {self._name or 'a host'}: {error}") from error

    def _serve(self, transport: str, reserved: ReservedPort, port: int) -> None:
        """Raises NetworkError."""
        if transport == "tcp":
            reserved.listen()
        else:
            reserved.forget_datagrams()
        scope = self._serving[transport, port] = trio.CancelScope()
        self._spawn(self._accept if transport == "tcp" else self._receive, reserved, port, scope)

    async def _accept(self, reserved: ReservedPort, port: int, scope: trio.CancelScope) -> None:
        with scope:
            while True:
                stream = await reserved.accept()
                stream.set_options(ConnectionOptions(no_delay=True))
                self._host.take(stream, port)

    async def _receive(self, reserved: ReservedPort, port: int, scope: trio.CancelScope) -> None:
        with scope:
            while True:
                data, sender = await reserved.receive()
                self._host.hear(data, sender, port, self)
