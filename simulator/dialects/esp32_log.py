"""What an ESP32 writes to UART0 when it starts (ESP-AT User Guide, hardware connection, log of a boot)."""

from typing import Final

from espat.core.at.system_log import SystemLog
from espat.core.restart import RestartCause
from espat.module import Module
from espat.persist.factory import FactoryParameters
from espat.persist.partitions import APP, DATA, FACTORY_APP, NVS, OTA_0, OTA_DATA, PHY
from espat.persist.storage import Storage
from espat.system.uart import UartConfiguration

RESET_REASONS: Final = {
    RestartCause.POWER_ON: "0x1 (POWERON_RESET)",
    RestartCause.SOFTWARE: "0xc (SW_CPU_RESET)",
    RestartCause.RESTORE: "0xc (SW_CPU_RESET)",
    RestartCause.DEEP_SLEEP: "0x5 (DEEPSLEEP_RESET)",
    RestartCause.PANIC: "0xc (SW_CPU_RESET)",
}
"""As the ROM names them (ESP-IDF, reset reasons of the ESP32)."""
ROM: Final = """\
rst:{reason},boot:0x13 (SPI_FAST_FLASH_BOOT)
configsip: 0, SPIWP:0xee
clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00
mode:DIO, clock div:2
load:0x3fff0030,len:5884
ho 0 tail 12 room 4
load:0x40078000,len:15844
load:0x40080400,len:3560
entry 0x40080604
"""
BOOT_LOADER: Final = """\
I (29) boot: ESP-IDF {sdk} 2nd stage bootloader
I (29) boot: chip revision: v1.0
I (34) boot.esp32: SPI Speed      : 40MHz
I (38) boot.esp32: SPI Mode       : DIO
I (43) boot.esp32: SPI Flash Size : {size}MB
I (47) boot: Enabling RNG early entropy source...
I (53) boot: Partition Table:
I (56) boot: ## Label            Usage          Type ST Offset   Length
{partitions}I (108) boot: End of partition table
I (676) boot: Loaded app from partition at offset 0x{running:x}
I (676) boot: Disabling RNG early entropy source...
"""
CLOCK: Final = "no external 32k oscillator, disable it now.\n"
"""What the application says of its clock before its log has begun."""
PARTITION: Final = "I ({at}) boot: {number:2} {name:16} {usage:16} {type:02x} {subtype:02x} {offset:08x} {size:08x}\n"
FIRST_PARTITION, PARTITION_TIME = 64, 7.4
"""Milliseconds after the reset of the first of these lines, and of each."""
USAGES: Final = {
    (DATA, PHY): "RF data",
    (DATA, OTA_DATA): "OTA data",
    (DATA, NVS): "WiFi data",
    (APP, FACTORY_APP): "factory app",
    (APP, OTA_0): "OTA app",
    (APP, OTA_0 + 1): "OTA app",
}
"""By type and subtype; "unknown" for others."""


def log_reset(module: Module, cause: RestartCause) -> None:
    """From the reset to the end of the boot loader."""
    storage = module[Storage]
    running = storage.applications.running
    loader = BOOT_LOADER.format(
        sdk=module.firmware.version.sdk.decode(),
        size=storage.chip.size >> 20,
        partitions="".join(
            PARTITION.format(
                at=int(FIRST_PARTITION + PARTITION_TIME * number),
                number=number,
                usage=USAGES.get((partition.type, partition.subtype), "unknown"),
                **partition._asdict(),
            )
            for number, partition in enumerate(storage.system)
        ),
        running=running.partition.offset if running is not None else 0,
    )
    text = ROM.format(reason=RESET_REASONS[cause]) + loader
    module[SystemLog].print(text.replace("\n", "\r\n").encode())


def log_start(module: Module) -> None:
    """What the application says before it is ready."""
    log, version = module[SystemLog], module.firmware.version
    log.print(CLOCK.replace("\n", "\r\n").encode())
    factory = module[FactoryParameters]
    pins = "tx:{} rx:{} cts:{} rts:{}".format(*factory.uart_pins)
    log.info("at-init", f"at param mode: {factory.present:d}")  # 1: mfg_nvs, 0: none
    log.info("at-uart", f"AT cmd port:uart1 {pins} baudrate:{module[UartConfiguration].current.baud_rate}")
    log.info("at-init", f"module_name: {factory.module_name}")
    log.info("at-init", f"max tx power={factory.max_transmit_power}, ret=0")
    log.info("at-init", f"{version.application.decode()} ({version.commit.decode()})")
