"""Verbs on the board a module sits on: power, reset pin, wake-up pin."""

from simulator.scenario.playing.stage import Stage
from simulator.scenario.verbs.table import verb


@verb("module.power_on", "power_on")
async def power_on(stage: Stage, *, module: str) -> None:
    """Switch the module on; its boot output is there to be expected."""
    stage.modules[module].power_on()


@verb("module.power_off")
async def power_off(stage: Stage, *, module: str) -> None:
    """Cut the power: everything but the flash is lost, without a word."""
    stage.modules[module].power_off()


@verb("module.reset")
async def reset(stage: Stage, *, module: str) -> None:
    """Pull the reset pin."""
    stage.modules[module].reset()


@verb("module.press_wake")
async def press_wake(stage: Stage, *, module: str) -> None:
    """Pull the wake-up pin: a deep sleep ends."""
    stage.modules[module].press_wake()
