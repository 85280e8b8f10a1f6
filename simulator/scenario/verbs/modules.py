"""Verbs on the board a module sits on: power, reset pin, wake-up pin."""

from typing import Annotated

from espat.scenario.stage.stage import Stage
from espat.scenario.verbs.table import verb


@verb("module.power_on", "power_on")
async def power_on(stage: Stage, *, module: str) -> None:
    """Switch the module on; its boot output is there to be expected."""
    stage.modules[module].power_on()


@verb("module.power_off")
async def power_off(stage: Stage, *, module: str) -> None:
    """Cut the power: everything but the flash is lost, without a word."""
    stage.modules[module].power_off()


@verb("module.cut_power_while_storing", after="so many more bytes have been written")
async def cut_power_while_storing(stage: Stage, *, module: str, after: Annotated[int, range(100_001)]) -> None:
    """The power will fail while the module writes to its flash, in the middle of a value: when so many bytes have
    reached the chip from now on."""
    board = stage.modules[module].board
    board.storage.chip.fail_after(after, board.power_off)


@verb("module.reset")
async def reset(stage: Stage, *, module: str) -> None:
    """Pull the reset pin."""
    stage.modules[module].reset()


@verb("module.press_wake")
async def press_wake(stage: Stage, *, module: str) -> None:
    """Pull the wake-up pin: a deep sleep ends."""
    stage.modules[module].press_wake()
