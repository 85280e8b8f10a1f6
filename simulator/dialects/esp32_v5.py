"""ESP-AT v5.0.0.0 on the ESP32."""

from espat.commands import (
    addresses,
    basic,
    command_list,
    http,
    link_options,
    links,
    message_filter,
    mqtt,
    passthrough,
    ping,
    radio,
    receiving,
    saved_link,
    sending,
    server,
    sleep,
    sntp,
    softap,
    ssl_options,
    storage,
    system,
    uart,
    wifi,
    wifi_join,
)
from espat.core.at.system_log import SystemLog
from espat.core.restart import RestartCause
from espat.dialects import esp32_log
from espat.dialects.firmware import Dialect
from espat.module import Module
from espat.persist.storage import DEFAULT_APPLICATION
from espat.system.version import FirmwareVersion

TABLES = (
    basic.table,
    command_list.table,
    uart.table,
    sleep.table,
    system.table,
    storage.table,
    saved_link.table,
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
    mqtt.table,
    http.table,
    radio.table,
)


class Esp32V5(Dialect):
    """ESP-AT itself: every default of a dialect is its."""

    name = "esp32-v5"
    tables = TABLES
    version = FirmwareVersion(
        core=b"5.0.0.0(3258eee - ESP32 - Nov 17 2025 09:58:48)",
        sdk=DEFAULT_APPLICATION.sdk,
        commit=b"3258eee",  # the application's own is not published
        compiled=DEFAULT_APPLICATION.compiled,
        application=DEFAULT_APPLICATION.version,
    )
    """What AT+GMR shows; may be replaced."""

    def log_reset(self, module: Module, cause: RestartCause) -> None:
        if module[SystemLog].is_read:
            esp32_log.log_reset(module, cause)

    def log_start(self, module: Module) -> None:
        if module[SystemLog].is_read:
            esp32_log.log_start(module)
