"""ESP-AT v5.0.0.0 on the ESP32."""

from collections.abc import Callable

from simulator.commands import (
    addresses,
    basic,
    links,
    message_filter,
    reports,
    sending,
    sleep,
    system,
    uart,
    wifi,
    wifi_join,
)
from simulator.commands.reports import Esp32Reports
from simulator.core.registry import Registry
from simulator.core.timing import Timing
from simulator.module import Module
from simulator.system import FirmwareVersion

TABLES = (
    basic.table,
    uart.table,
    sleep.table,
    system.table,
    message_filter.table,
    wifi.table,
    wifi_join.table,
    addresses.table,
    links.table,
    sending.table,
    reports.table,
)


class Esp32V5:
    """The firmware of one build."""

    name = "esp32-v5"
    version = FirmwareVersion(
        core=b"5.0.0.0(3258eee - ESP32 - Nov 17 2025 09:58:48)",
        sdk=b"v5.4",
        commit=b"3258eee",  # the application's own is not published
        compiled=b"Nov 17 2025 09:58:48",
        application=b"v5.0.0.0",
        module_name=b"WROOM-32",
    )
    """What AT+GMR shows; may be replaced."""

    def __init__(self) -> None:
        self.registry = Registry(TABLES)

    def reports(self, module: Module) -> Esp32Reports:
        return Esp32Reports(module)

    def latency(self, timing: Timing) -> Callable[[str], float] | None:
        if not timing.command:
            return None
        return lambda name: timing.version if name == "AT+GMR" else timing.command
