"""What every kind of service has.

To add one: derive from TcpService or UdpService, say what may stand behind the port in the world file (`options`), and
give it a name in `table.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

from trio.lowlevel import ParkingLot

from espat.core.time.clock import Clock
from espat.scenario.services.peer_connection import PeerConnection
from espat.stack.address import Address
from espat.stack.endpoint import Endpoint
from espat.stack.stream import Stream

T = TypeVar("T")


class ServingHost(Protocol):
    """The host as its services see it.

    `peer_connections`: those that are left to the scenario, the latest last. `changed`: who waits there is woken when
    anything comes for the scenario.
    """

    address: Address | None
    clock: Clock
    peer_connections: list[PeerConnection]
    changed: ParkingLot

    def time(self) -> float:
        """What its clock shows: seconds since 1970."""

    def common(self, kind: type[T]) -> T:
        """What its services have in common, one of a kind, made when the first one asks."""

    def send_datagram(self, data: bytes, from_port: int, destination: Endpoint) -> None:
        """Send a datagram to somebody on its network, or to who has sent it one; lost when nobody is there."""


class Service(ABC):
    """A service at one port of one host."""

    transport: ClassVar[str]
    """`tcp` or `udp`."""
    usual_port: ClassVar[int | None] = None
    """Where it is when the world file names no port; None: it has to."""
    needs_time: ClassVar[bool] = False
    """Whether its host has to say what time it is."""
    options: ClassVar[Mapping[str, Callable[[object], Any]]] = {}
    """What may stand behind the port as `name=value`, each with its reader; they become arguments of the class."""
    files: ClassVar[frozenset[str]] = frozenset()
    """Those of the options that name a file, which is looked for beside the world file."""

    def __init__(self, host: ServingHost, port: int) -> None:
        self.host = host
        self.port = port


class TcpService(Service):
    """A service that takes connections."""

    transport = "tcp"
    accepts: ClassVar[bool] = True
    """Whether anybody listens; False: connections are refused."""

    @abstractmethod
    async def serve(self, stream: Stream) -> None:
        """Talk on a connection, which is closed when this returns. That the client has gone (NetworkError)
        need not be caught."""


class UdpService(Service):
    """A service that takes datagrams."""

    transport = "udp"

    @abstractmethod
    def receive(self, data: bytes, sender: Endpoint, reply: Callable[[bytes], None]) -> None:
        """A datagram has come; `reply` sends one back."""


class ServiceConfiguration(NamedTuple):
    """One entry of `serves` of a `[[host]]`. `options`: what stands behind the port, as `kind` takes it."""

    kind: type[Service]
    port: int
    options: Mapping[str, Any] = {}
