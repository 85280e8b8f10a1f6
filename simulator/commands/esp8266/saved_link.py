"""Passthrough from the start on (ESP8266 AT Instruction Set 0.30, AT+SAVETRANSLINK): as a client only."""

from typing import Annotated, Any, Final

from espat.commands import saved_link
from espat.commands.argument_types import Host, Port
from espat.commands.esp8266.links import HalfSeconds, LinkType
from espat.commands.links import LocalPort
from espat.core.at.arguments import OneOf, Word
from espat.core.at.errors import CommandError
from espat.core.at.grammar import Form, Parameter
from espat.core.at.registry import Choice, CommandTable
from espat.module import Module
from espat.stack.address import parse_address

table = CommandTable()
"""Of 0.30: a link to an address."""
with_names = CommandTable()
"""Of the later ones: the peer may have a name."""
table.start(saved_link.open_saved)

OFF, ON = 0, 1
TYPE_AT: Final = 3
"""Where the type of the link stands, counted from 0."""


def _is_udp(module: Any, parameters: tuple[Parameter, ...]) -> bool:
    return parameters[TYPE_AT : TYPE_AT + 1] == (b"UDP",)


def _is_on(module: Any, parameters: tuple[Parameter, ...]) -> bool:
    return parameters[0] == ON


def _to_address(chosen: Choice) -> Choice:
    """The same choice, refused where the peer is a name."""

    def choose(module: Any, parameters: tuple[Parameter, ...]) -> bool:
        if not chosen(module, parameters):
            return False
        if any(isinstance(host, bytes) and parse_address(host.decode("latin-1")) is None for host in parameters[1:2]):
            raise CommandError
        return True

    return choose


table.command("AT+SAVETRANSLINK", Form.SET, when=_to_address(_is_udp))(saved_link.save_udp)
with_names.command("AT+SAVETRANSLINK", Form.SET, when=_is_udp)(saved_link.save_udp)


@table.command("AT+SAVETRANSLINK", Form.SET, when=_to_address(_is_on))
@with_names.command("AT+SAVETRANSLINK", Form.SET, when=_is_on)
def save_tcp(
    module: Module,
    mode: Annotated[int, OneOf(ON)],
    host: Host,
    port: Port,
    kind: Annotated[bytes, Word(b"TCP")] = b"TCP",
    keep_alive: HalfSeconds = 0,
) -> None:
    """AT+SAVETRANSLINK=1, TCP."""
    saved_link.save_tcp(module, mode, host, port, kind, (keep_alive + 1) // 2)


@table.command("AT+SAVETRANSLINK", Form.SET)
@with_names.command("AT+SAVETRANSLINK", Form.SET)
def switch_off(
    module: Module,
    mode: Annotated[int, OneOf(OFF)],
    host: Host | None = None,
    port: Port | None = None,
    kind: LinkType | None = None,
    keep_alive: HalfSeconds = 0,
    local_port: LocalPort = 0,
) -> None:
    """AT+SAVETRANSLINK=0: what stands behind it means nothing."""
    saved_link.switch_off(module, mode)
