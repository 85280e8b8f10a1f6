"""Passthrough from the start on (ESP-AT User Guide, AT+SAVETRANSLINK)."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final

from espat.commands.argument_types import DefaultRange, DefaultWord, Host, Mac, Port
from espat.commands.links import LocalPort, need_ipv4
from espat.commands.passthrough import BOOT_PROMPT, Opening, open_and_keep, pipe
from espat.commands.server import Netif
from espat.core.at.answers import NOTHING, Result
from espat.core.at.arguments import Bool, OneOf, Range, Seconds, Word
from espat.core.at.engine import Engine
from espat.core.at.errors import CommandError
from espat.core.at.grammar import Form, Parameter
from espat.core.at.registry import Choice, CommandTable
from espat.core.at.stream_entry import StreamEntry
from espat.module import Module
from espat.stack.active_interfaces import ANY_INTERFACE, ActiveInterfaces
from espat.stack.errors import NetworkError
from espat.stack.link import TlsLink
from espat.stack.links import LinkTable
from espat.stack.passthrough import Passthrough
from espat.stack.receiving import Receiving
from espat.stack.saved_link import UNSET, SavedLink, SavedMode
from espat.stack.server import DEFAULT_PORT, Server
from espat.stack.tls_options import LinkTls

table = CommandTable()

log = logging.getLogger(__name__)

TYPE_POSITIONS: Final = {SavedMode.CLIENT: 3, SavedMode.SERVER: 2}
"""Where the type of the link stands, counted from 0."""


DefaultPort = Annotated[int | None, DefaultRange(1, 65535)]
"""Left empty: 333."""


def _mode(mode: SavedMode, kind: bytes | None = None) -> Choice:
    """Choose a signature by the mode and, if it is given, by the type of the link."""
    at = TYPE_POSITIONS.get(mode, 0)

    def choose(module: Any, parameters: tuple[Parameter, ...]) -> bool:
        return parameters[0] == mode and (kind is None or parameters[at : at + 1] == (kind,))

    return choose


@table.command("AT+SAVETRANSLINK", Form.SET, when=_mode(SavedMode.CLIENT, b"UDP"))
def save_udp(
    module: Module,
    mode: Annotated[int, OneOf(SavedMode.CLIENT)],
    host: Host,
    port: Port,
    kind: Annotated[bytes, Word(b"UDP")],
    local_port: LocalPort = 0,
) -> None:
    """AT+SAVETRANSLINK=1, UDP. Modules of version 2.2 differ on whether it may come without a local port: it may."""
    need_ipv4(host)
    module[SavedLink].save_client(kind, host, port, local_port=local_port)


@table.command("AT+SAVETRANSLINK", Form.SET, when=_mode(SavedMode.CLIENT))
def save_tcp(
    module: Module,
    mode: Annotated[int, OneOf(SavedMode.CLIENT)],
    host: Host,
    port: Port,
    kind: Annotated[bytes, DefaultWord(b"TCP", b"SSL")] = b"TCP",
    keep_alive: Annotated[int, Seconds(0, 7200)] = UNSET,
) -> None:
    """AT+SAVETRANSLINK=1, TCP and SSL."""
    need_ipv4(host)
    module[SavedLink].save_client(kind, host, port, keep_alive=keep_alive)


Index = Annotated[int, Range(0, 255)]
"""The number of a service or characteristic."""


@table.command("AT+SAVETRANSLINK", Form.SET, when=_mode(SavedMode.BLE))
def save_ble(
    module: Module,
    mode: Annotated[int, OneOf(SavedMode.BLE)],
    role: Annotated[int, OneOf(1, 2)],
    transmit_service: Index,
    transmit_characteristic: Index,
    receive_service: Index,
    receive_characteristic: Index,
    peer: Mac,
) -> None:
    """AT+SAVETRANSLINK=2: refused, as by a module whose BLE is not initialised."""
    raise CommandError


@table.command("AT+SAVETRANSLINK", Form.SET, when=_mode(SavedMode.SERVER, b"SSL"))
def save_secure_server(
    module: Module,
    mode: Annotated[int, OneOf(SavedMode.SERVER)],
    port: DefaultPort,
    kind: Annotated[bytes, Word(b"SSL")],
    checks_clients: Bool = False,
    interface: Netif = ANY_INTERFACE,
) -> None:
    """AT+SAVETRANSLINK=3, SSL: a server of one client. `checks_clients`: whether it has to show a certificate."""
    module[SavedLink].save_server(kind, port or DEFAULT_PORT, interface, checks_clients=checks_clients)


@table.command("AT+SAVETRANSLINK", Form.SET, when=_mode(SavedMode.SERVER))
def save_server(
    module: Module,
    mode: Annotated[int, OneOf(SavedMode.SERVER)],
    port: Port = DEFAULT_PORT,
    kind: Annotated[bytes, DefaultWord(b"TCP")] = b"TCP",
    interface: Netif = ANY_INTERFACE,
) -> None:
    """AT+SAVETRANSLINK=3: a server of one client; TCP has no place for a certificate check before the interface."""
    module[SavedLink].save_server(kind, port, interface)


@table.command("AT+SAVETRANSLINK", Form.SET)
def switch_off(module: Module, mode: Annotated[int, OneOf(SavedMode.OFF)]) -> None:
    """AT+SAVETRANSLINK=0."""
    module[SavedLink].switch_off()


# After a start


@table.start
def open_saved(module: Module) -> None:
    """Go into passthrough, if that is saved; until `+++` no command is taken."""
    start = {SavedMode.CLIENT: _client, SavedMode.SERVER: _server}.get(module[SavedLink].mode)
    if start is not None:
        module[Engine].begin(start)


def _tcp(module: Module, saved: SavedLink, *, secure: bool = False) -> Opening:
    if saved.keep_alive != UNSET:
        module[LinkTable].options[0].keep_alive = saved.keep_alive
    return partial(module[LinkTable].open_tcp, 0, saved.host.decode("latin-1"), saved.remote_port, secure=secure)


def _udp(module: Module, saved: SavedLink) -> Opening:
    return partial(
        module[LinkTable].open_udp, 0, saved.host.decode("latin-1"), saved.remote_port, saved.local_port or None, 0
    )


CLIENTS: Final[dict[bytes, Callable[[Module, SavedLink], Opening]]] = {
    b"TCP": _tcp,
    b"SSL": partial(_tcp, secure=True),
    b"UDP": _udp,
}
"""How a client's link is opened, by its type."""


async def _client(module: Module) -> Result:
    opening = CLIENTS[module[SavedLink].kind](module, module[SavedLink])
    module[Receiving].raw = module[Passthrough].awaited = True
    await pipe(module, (), partial(open_and_keep, module, opening))
    return NOTHING


async def _server(module: Module) -> Result:
    links, server, saved = module[LinkTable], module[Server], module[SavedLink]
    module[Receiving].raw = links.multiple = module[Passthrough].awaited = True
    server.most_clients = 1
    try:
        secure = saved.kind == TlsLink.kind
        security = module[LinkTls].server(checks_clients=bool(saved.checks_clients)) if secure else None
        await server.start(saved.port, saved.interface, security=security)
    except NetworkError as error:
        log.error("module %d: its server cannot listen on %d: errno %d", module.number, saved.port, error.errno)
    else:
        await pipe(module, (), partial(_serve_first, module))
    module[Receiving].set_raw(False)  # from now on it serves normally
    return NOTHING


async def _serve_first(module: Module, entry: StreamEntry) -> None:
    """Print the prompt when the first client has come. Once the network goes away under one, the module leaves
    passthrough: then it takes normal connections (ESP-AT User Guide, AT+SAVETRANSLINK)."""
    links, greeted = module[LinkTable], False
    while True:
        while (link := links.only) is None:
            await links.changed.wait()
        if not greeted:
            greeted = True
            module[Engine].ask(BOOT_PROMPT)
        await links.gone(link)
        if not any(active.lan is link.lan for active in module[ActiveInterfaces]):
            entry.cancel()
            return
