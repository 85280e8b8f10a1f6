"""AT+PING (ESP-AT User Guide, AT+PING)."""

from typing import Final

from espat.commands.argument_types import Host
from espat.core.at.answers import ERROR, Line, Result
from espat.core.at.errors import CommandError
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.core.time.clock import Clock
from espat.module import Module
from espat.stack.active_interfaces import ActiveInterfaces
from espat.stack.address import is_ipv6
from espat.stack.errors import ResolveError, UnreachableError
from espat.stack.ping import round_trip
from espat.stack.routing import Routing

table = CommandTable()

PING_LIMIT: Final = 1.1
"""Seconds until a host counts as silent. The documents give none: ESP-IDF's default is 1 s from its request on, and the
command begins before that. So a client that asks what is going on after a second of silence, as WiFiEspAT does, finds
a busy module, not one that has just answered."""
NEAR: Final = 1
"""Milliseconds to this machine and to those of the simulation: less than a module can measure."""


@table.command("AT+PING", Form.SET)
async def ping(module: Module, host: Host) -> Line | list[Line | Result]:
    """AT+PING: milliseconds to the answer; TIMEOUT when there is none or no such name."""
    try:
        took = await milliseconds_to(module, host)
    except ResolveError:
        took = None
    return Line(b"+PING:%d" % took) if took is not None else [Line(b"+PING:TIMEOUT"), ERROR]


async def milliseconds_to(module: Module, host: str) -> int | None:
    """Until a host answers; None when it does not. Raises ResolveError, and CommandError without a network."""
    if not module[ActiveInterfaces] or is_ipv6(host):
        raise CommandError
    try:
        route = await module[Routing].locate(host, 0)
    except UnreachableError:
        await module[Clock].sleep(PING_LIMIT)
        return None
    if route.nodes or route.host is None or route.host.address.is_loopback:
        return NEAR
    with module[Clock].move_on_after(PING_LIMIT):
        return await round_trip(route.host.address)
    return None
