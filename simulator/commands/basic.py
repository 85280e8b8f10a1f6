"""Basic commands: start-up, echo, version, restarts (ESP-AT User Guide, chapter "Basic AT Commands")."""

from typing import Annotated

from espat.core.at.answers import Line
from espat.core.at.arguments import Milliseconds
from espat.core.at.engine import Engine
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.core.restart import Restart, RestartCause
from espat.module import Module
from espat.persist.factory import FactoryParameters
from espat.persist.settings import Settings
from espat.stack.links import LinkTable
from espat.stack.passthrough import Passthrough

table = CommandTable()


@table.command("AT", Form.EXECUTE)
def test_startup(module: Module) -> None:
    """AT: is anybody there."""


@table.command("ATE0", Form.EXECUTE)
def echo_off(module: Module) -> None:
    """ATE0: stop the echo; the line itself has been echoed already."""
    module[Engine].echo = False


@table.command("ATE1", Form.EXECUTE)
def echo_on(module: Module) -> None:
    """ATE1: echo from the next line on."""
    module[Engine].echo = True


@table.command("AT+RST", Form.EXECUTE)
def restart(module: Module) -> Restart:
    """AT+RST: OK, then a restart."""
    return Restart()


@table.command("AT+GMR", Form.EXECUTE, takes="version")
def version(module: Module) -> list[Line]:
    """AT+GMR: the versions of the AT core, the SDK and the application."""
    firmware = module.firmware.version
    return [
        Line(b"AT version:" + firmware.core),
        Line(b"SDK version:" + firmware.sdk),
        Line(b"compile time(%b):%b" % (firmware.commit, firmware.compiled)),
        Line(b"Bin version:%b(%b)" % (firmware.application, module[FactoryParameters].module_name.encode())),
    ]


@table.command("AT+RESTORE", Form.EXECUTE)
async def restore(module: Module) -> Restart:
    """AT+RESTORE: end all links, the highest first, forget every setting, OK, restart."""
    await module.pause("restore")
    for link in reversed(list(module[LinkTable])):
        module[LinkTable].close(link)
    module[Settings].store.erase()
    return Restart(RestartCause.RESTORE)


@table.command("AT+TRANSINTVL", Form.QUERY)
def transmit_interval(module: Module) -> Line:
    """AT+TRANSINTVL?: how long passthrough waits for a full block, in milliseconds."""
    return Line(b"+TRANSINTVL:%d" % module[Passthrough].transmit_interval)


@table.command("AT+TRANSINTVL", Form.SET)
def set_transmit_interval(module: Module, interval: Annotated[int, Milliseconds(0, 1000)]) -> None:
    """AT+TRANSINTVL=<interval>."""
    module[Passthrough].transmit_interval = interval
