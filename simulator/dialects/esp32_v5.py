"""ESP-AT v5.0.0.0 on the ESP32."""

from collections.abc import Callable

from simulator.commands import basic
from simulator.commands.reports import Esp32Reports
from simulator.core.registry import Registry
from simulator.core.timing import Timing
from simulator.module import Module

TABLES = (basic.table,)


class Esp32V5:
    """The firmware of one build."""

    name = "esp32-v5"

    def __init__(self) -> None:
        self.registry = Registry(TABLES)

    def reports(self, module: Module) -> Esp32Reports:
        return Esp32Reports(module)

    def latency(self, timing: Timing) -> Callable[[str], float] | None:
        if not timing.command:
            return None
        return lambda name: timing.version if name == "AT+GMR" else timing.command
