"""The one byte stream: what links, the services of hosts, the peers of scenarios and TLS talk over.

There are three: a TCP connection of this machine (`host_stream`), one of the simulation in memory (`memory_stream`),
and TLS over either (`tls`). Who has one does not know which.
"""

from typing import Protocol

from espat.stack.endpoint import Endpoint
from espat.stack.tcp_options import ConnectionOptions


class Stream(Protocol):
    """Bytes both ways, in order, for one task in each direction at a time."""

    @property
    def local(self) -> Endpoint:
        """This end, in the addresses of the network that carries it."""

    @property
    def remote(self) -> Endpoint:
        """The other end, likewise."""

    @property
    def sent(self) -> int:
        """Bytes handed to the stack so far, those of a send that broke off included."""

    async def send(self, data: bytes) -> None:
        """Hand all of the data to the stack, as fast as the other end takes it. Raises NetworkError."""

    async def receive(self, most: int) -> bytes:
        """Wait for data, and take up to `most` bytes; none means that the other end has closed. Raises NetworkError."""

    async def wait_ended(self) -> None:
        """Wait until either end has closed or reset it, whatever there is left to read."""

    def set_options(self, options: ConnectionOptions) -> None:
        """Take the options of its link."""

    def finish(self) -> None:
        """Say that nothing more comes; what was sent, and that, may be on its way for a while."""

    @property
    def acknowledged(self) -> bool:
        """Whether the other end's TCP has got all that was sent, after `finish` the end too."""

    def close(self) -> None:
        """Close it: the other end reads what is under way, then the end. Without lingering that resets it."""

    def reset(self) -> None:
        """Close it, and discard what is under way; the other end learns that it is broken."""

    def vanish(self) -> None:
        """Be gone without a word, as far as that is possible."""
