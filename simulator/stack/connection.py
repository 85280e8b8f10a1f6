"""A connection of the module's: a stream, and where it leads as the module sees that."""

from typing import NamedTuple

from espat.stack.endpoint import Endpoint
from espat.stack.lan import Lan
from espat.stack.stream import Stream


class Connection(NamedTuple):
    """What the dialler and listeners give.

    `local_port`: its port at the module's end. `remote`: the peer as the module shows it. `lan`: the network it goes
    through, None for loopback without any.
    """

    stream: Stream
    local_port: int
    remote: Endpoint
    lan: Lan | None
