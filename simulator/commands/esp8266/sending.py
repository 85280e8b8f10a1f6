"""Sending (ESP8266 AT Instruction Set 0.30, AT+CIPSEND and AT+CIPSENDEX)."""

from typing import Annotated, Final

from espat.commands import sending
from espat.commands.argument_types import Host, Link, Port
from espat.commands.link_failures import LinkFailure
from espat.core.at.answers import Result
from espat.core.at.arguments import Range
from espat.core.at.errors import CommandError
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.module import Module

table = CommandTable()

PAYLOAD_LIMIT: Final = 2048


class PayloadLength(Range):
    """How many bytes a send takes; what is too much has words of its own."""

    def check(self, value: int, position: int) -> int:
        if value > self.most:
            raise CommandError(cause=LinkFailure.TOO_LONG)
        return super().check(value, position)


Length = Annotated[int, PayloadLength(1, PAYLOAD_LIMIT)]


@table.command("AT+CIPSEND", Form.SET, takes="prompt")
async def send(
    module: Module, link: Link, length: Length, host: Host | None = None, port: Port | None = None
) -> Result:
    """AT+CIPSEND: at most 2048 bytes."""
    return await sending.send(module, link, length, host, port)


@table.command("AT+CIPSENDEX", Form.SET, takes="prompt")
async def send_escaped(
    module: Module, link: Link, length: Length, host: Host | None = None, port: Port | None = None
) -> Result:
    """AT+CIPSENDEX: at most 2048 bytes."""
    return await sending.send_escaped(module, link, length, host, port)
