"""ESP-AT v5.0.0.0 on the ESP32."""

from collections.abc import Callable

from simulator.commands import (
    addresses,
    basic,
    command_list,
    link_options,
    links,
    message_filter,
    passthrough,
    ping,
    receiving,
    reports,
    sending,
    server,
    sleep,
    sntp,
    softap,
    ssl_options,
    system,
    uart,
    wifi,
    wifi_join,
)
from simulator.commands.reports import Esp32Reports
from simulator.core.answers import RestartCause
from simulator.core.grammar import Form
from simulator.core.registry import Registry
from simulator.core.timing import Timing
from simulator.dialects import esp32_log
from simulator.dialects.catalogue import load_catalogue
from simulator.dialects.names import BUILDS
from simulator.module import BootText, Module
from simulator.system import FirmwareVersion

TABLES = (
    basic.table,
    command_list.table,
    uart.table,
    sleep.table,
    system.table,
    message_filter.table,
    wifi.table,
    wifi_join.table,
    addresses.table,
    links.table,
    sending.table,
    passthrough.table,
    ping.table,
    receiving.table,
    server.table,
    link_options.table,
    ssl_options.table,
    softap.table,
    sntp.table,
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
    boot_text: BootText | None = None
    """Boot ROM and boot loader print on UART0."""

    def __init__(self, build: str = "full") -> None:
        """`build`: `full`, or `release` for the command groups of the released firmware only. Raises ValueError."""
        if build not in BUILDS:
            raise ValueError(f"found build {build!r}; one of {', '.join(BUILDS)} would be right")
        if build == "full":  # nothing to look up, and no catalogue to read at start
            self.registry = Registry(TABLES)
        else:
            self.registry = Registry(TABLES, load_catalogue(self.name).in_release().__contains__)

    def command_list(self) -> list[tuple[str, frozenset[Form]]]:
        """What is built in and works, with the forms that do, in the order of the firmware."""
        registry = self.registry
        working = [
            (name, frozenset(form for form in forms if (name, form) in registry))
            for name, forms, _ in load_catalogue(self.name).registered
        ]
        return [(name, forms) for name, forms in working if forms]

    def implemented(self) -> frozenset[tuple[str, str]]:
        """Name and form of everything that works: the commands, and what the manual lists that is no command."""
        commands = frozenset((name, form.value) for name, form in self.registry)
        return commands.union(*(table.formats for table in TABLES))

    def log_reset(self, module: Module, cause: RestartCause) -> None:
        if module.log.is_read:
            esp32_log.log_reset(module, cause)

    def log_start(self, module: Module) -> None:
        if module.log.is_read:
            esp32_log.log_start(module)

    def reports(self, module: Module) -> Esp32Reports:
        return Esp32Reports(module)

    def latency(self, timing: Timing) -> Callable[[str], float] | None:
        if not timing.command:
            return None
        return lambda name: timing.version if name == "AT+GMR" else timing.command
