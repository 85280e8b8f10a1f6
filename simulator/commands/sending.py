"""Sending (ESP-AT User Guide, AT+CIPSEND, AT+CIPSENDEX).

A broken link before the prompt is ERROR; after it, the data is taken all the same and SEND FAIL follows.
"""

from typing import Annotated, Final

from simulator.commands.argument_types import Host, Link, Port
from simulator.core.answers import Result, received
from simulator.core.arguments import Range
from simulator.core.data_entry import CountedEntry, DataEntry, EscapedEntry
from simulator.core.engine import DataEntryCancelledError
from simulator.core.errors import CommandError
from simulator.core.grammar import Form
from simulator.core.registry import CommandTable
from simulator.core.trace import Kind
from simulator.module import Module
from simulator.stack.host_network import Destination, NetworkError, ResolveError
from simulator.stack.links import Link as OpenLink
from simulator.stack.links import UdpLink

table = CommandTable()

PAYLOAD_LIMIT: Final = 8192

Length = Annotated[int, Range(1, PAYLOAD_LIMIT)]


@table.command("AT+CIPSEND", Form.SET)
async def send(
    module: Module, link: Link, length: Length, host: Host | None = None, port: Port | None = None
) -> Result:
    """AT+CIPSEND: `length` raw bytes; host and port are for UDP only."""
    return await _send(module, link, CountedEntry(length), host, port)


@table.command("AT+CIPSENDEX", Form.SET)
async def send_escaped(
    module: Module, link: Link, length: Length, host: Host | None = None, port: Port | None = None
) -> Result:
    r"""AT+CIPSENDEX: as AT+CIPSEND, but the data is escaped and may end early with `\\0`."""
    return await _send(module, link, EscapedEntry(length), host, port)


@table.command("AT+CIPSEND", Form.EXECUTE)
def enter_passthrough(module: Module) -> None:
    """AT+CIPSEND without a length enters passthrough, which is refused as long as AT+CIPMODE is 0."""
    raise CommandError


@table.wire("+++", "execute")
def cancelled() -> Result:
    """`+++`, standing alone, ends the data entry."""
    return Result.SEND_CANCELED


async def _send(module: Module, number: int, entry: DataEntry, host: str | None, port: int | None) -> Result:
    link = module.links[number]
    if link is None or (host is None) != (port is None):
        raise CommandError
    destination = await _destination(module, link, host, port)
    await module.pause(module.timing.prompt)
    if module.links[number] is not link:  # closed meanwhile
        raise CommandError
    try:
        payload = await module.engine.data_entry(entry)
    except DataEntryCancelledError:
        return cancelled()
    await module.pause(module.timing.payload)
    module.output.write(received(len(payload)), Kind.RESULT)
    module.engine.refuse_surplus(entry)
    if module.links[number] is not link:
        return Result.SEND_FAIL
    try:
        if destination is not None and isinstance(link, UdpLink):
            await link.send_to(payload, destination)
        else:
            await link.send(payload)
    except NetworkError:
        return Result.SEND_FAIL
    await module.pause(module.timing.send)
    return Result.SEND_OK


async def _destination(module: Module, link: OpenLink, host: str | None, port: int | None) -> Destination | None:
    if host is None or port is None:
        return None
    if not isinstance(link, UdpLink):
        raise CommandError
    try:
        return await module.network.locate_datagram(host, port, module.interface.lan)
    except ResolveError:
        raise CommandError from None
