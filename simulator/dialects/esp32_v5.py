"""ESP-AT v5.0.0.0 on the ESP32."""

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
from simulator.core.answers import RestartCause
from simulator.dialects import esp32_log
from simulator.dialects.firmware import Dialect
from simulator.module import Module
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


class Esp32V5(Dialect):
    """ESP-AT itself: every default of a dialect is its."""

    name = "esp32-v5"
    tables = TABLES
    version = FirmwareVersion(
        core=b"5.0.0.0(3258eee - ESP32 - Nov 17 2025 09:58:48)",
        sdk=b"v5.4",
        commit=b"3258eee",  # the application's own is not published
        compiled=b"Nov 17 2025 09:58:48",
        application=b"v5.0.0.0",
        module_name=b"WROOM-32",
    )
    """What AT+GMR shows; may be replaced."""

    def log_reset(self, module: Module, cause: RestartCause) -> None:
        if module.log.is_read:
            esp32_log.log_reset(module, cause)

    def log_start(self, module: Module) -> None:
        if module.log.is_read:
            esp32_log.log_start(module)
