"""What an ESP32 writes to UART0 when it starts (ESP-AT User Guide, hardware connection, log of a boot)."""

from typing import Final

from simulator.core.answers import RestartCause
from simulator.module import Module
from simulator.system import MAXIMUM_TRANSMIT_POWER

RESET_REASONS: Final = {
    RestartCause.POWER_ON: "0x1 (POWERON_RESET)",
    RestartCause.SOFTWARE: "0xc (SW_CPU_RESET)",
    RestartCause.RESTORE: "0xc (SW_CPU_RESET)",
    RestartCause.DEEP_SLEEP: "0x5 (DEEPSLEEP_RESET)",
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
I (43) boot.esp32: SPI Flash Size : 4MB
I (47) boot: Enabling RNG early entropy source...
I (53) boot: Partition Table:
I (56) boot: ## Label            Usage          Type ST Offset   Length
I (64) boot:  0 phy_init         RF data          01 01 0000f000 00001000
I (71) boot:  1 otadata          OTA data         01 00 00010000 00002000
I (78) boot:  2 nvs              WiFi data        01 02 00012000 0000e000
I (86) boot:  3 at_customize     unknown          40 00 00020000 000e0000
I (93) boot:  4 ota_0            OTA app          00 10 00100000 00180000
I (101) boot:  5 ota_1            OTA app          00 11 00280000 00180000
I (108) boot: End of partition table
I (676) boot: Loaded app from partition at offset 0x100000
I (676) boot: Disabling RNG early entropy source...
"""
CLOCK: Final = "no external 32k oscillator, disable it now.\n"
"""What the application says of its clock before its log has begun."""
PINS: Final = "tx:17 rx:16 cts:15 rts:14"
PARAMETER_MODE: Final = 1
"""Where the factory parameters come from: mfg_nvs."""


def log_reset(module: Module, cause: RestartCause) -> None:
    """From the reset to the end of the boot loader."""
    text = ROM.format(reason=RESET_REASONS[cause]) + BOOT_LOADER.format(sdk=module.firmware.version.sdk.decode())
    module.log.print(text.replace("\n", "\r\n").encode())


def log_start(module: Module) -> None:
    """What the application says before it is ready."""
    log, version = module.log, module.firmware.version
    log.print(CLOCK.replace("\n", "\r\n").encode())
    log.info("at-init", f"at param mode: {PARAMETER_MODE}")
    log.info("at-uart", f"AT cmd port:uart1 {PINS} baudrate:{module.system.uart.current.baud_rate}")
    log.info("at-init", f"module_name: {version.module_name.decode()}")
    log.info("at-init", f"max tx power={MAXIMUM_TRANSMIT_POWER}, ret=0")
    log.info("at-init", f"{version.application.decode()} ({version.commit.decode()})")
