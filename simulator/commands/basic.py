"""Basic commands (ESP-AT User Guide, chapter "Basic AT Commands")."""

from simulator.core.answers import Restart
from simulator.core.grammar import Form
from simulator.core.registry import CommandTable
from simulator.module import Module

table = CommandTable()


@table.command("AT", Form.EXECUTE)
def test_startup(module: Module) -> None:
    """AT: is anybody there."""


@table.command("ATE0", Form.EXECUTE)
def echo_off(module: Module) -> None:
    """ATE0: stop the echo; the line itself has been echoed already."""
    module.engine.echo = False


@table.command("ATE1", Form.EXECUTE)
def echo_on(module: Module) -> None:
    """ATE1: echo from the next line on."""
    module.engine.echo = True


@table.command("AT+RST", Form.EXECUTE)
def restart(module: Module) -> Restart:
    """AT+RST: OK, then a restart."""
    return Restart()
