"""What the factory leaves in flash: the manufacturing data of the partition `mfg_nvs`, and what the firmware takes from
it at every boot (ESP-AT User Guide, "Manufacturing NVS", AT+SYSMFG)."""

import logging
from functools import cache
from typing import Final, NamedTuple

from espat.persist.chip.flash import FlashChip, FlashRegion
from espat.persist.manufacturing import shipped_value, shipped_values
from espat.persist.nvs.entry import Type
from espat.persist.nvs.page import NvsDamagedError
from espat.persist.nvs.partition import NvsPartition, Typed
from espat.persist.variants import UartPins, Variant

PARAMETERS: Final = "factory_param"
"""The namespace of the factory parameters."""

PKI_NAMESPACES: Final = tuple(
    f"{kind}_{what}" for kind in ("server", "client", "mqtt", "wss", "https") for what in ("cert", "key", "ca")
)
"""Where keys and certificates are, in the order of the firmware. Those of wss and https are there because their
commands are; the released build has neither."""

PARAMETER_RANGES: Final = {
    "max_tx_power": (40, 84),
    "start_channel": (1, 14),
    "channel_num": (1, 14),
    "uart_port": (0, 2),
    "uart_baudrate": (80, 5_000_000),
    **dict.fromkeys(("uart_tx_pin", "uart_rx_pin", "uart_cts_pin", "uart_rts_pin"), (-1, 39)),
    "sys_store": (0, 1),
}
"""Least and most of factory parameters that are numbers, as the commands document them that set the same (ESP-AT User
Guide, AT+RFPOWER, AT+CWCOUNTRY, AT+UART_CUR, AT+SYSSTORE), and the UARTs and pins of an ESP32; -1 is an unused pin."""

log = logging.getLogger(__name__)


class FactoryParameters(NamedTuple):
    """What the firmware takes from the factory parameters at a boot. `max_transmit_power`: in 0.25 dBm. `present`:
    whether the flash has any."""

    module_name: str = "Unknown"
    max_transmit_power: int = 78
    country_code: str = "CN"
    start_channel: int = 1
    channel_count: int = 13
    uart_baud_rate: int = 115200
    uart_pins: UartPins = UartPins(17, 16)
    stores: bool = True
    """Whether AT+SYSSTORE is 1 after a boot."""
    present: bool = False


@cache
def _parameters(variant: Variant) -> dict[str, Typed]:
    """The factory parameters of a variant, in the order of the released firmware."""
    pins = variant.pins
    return {
        "version": Typed(Type.I8, 4),
        "module_name": Typed(Type.STRING, variant.name.encode()),
        "max_tx_power": Typed(Type.I8, 78),
        "country_code": Typed(Type.STRING, b"CN"),
        "start_channel": Typed(Type.U8, 1),
        "channel_num": Typed(Type.U8, 13),
        "uart_port": Typed(Type.I8, 1),
        "uart_baudrate": Typed(Type.I32, 115200),
        "uart_tx_pin": Typed(Type.I32, pins.tx),
        "uart_rx_pin": Typed(Type.I32, pins.rx),
        "uart_cts_pin": Typed(Type.I32, pins.cts),
        "uart_rts_pin": Typed(Type.I32, pins.rts),
        "sys_store": Typed(Type.U8, 1),
    }


@cache
def factory_data(variant: Variant) -> dict[tuple[str, str], Typed]:
    """All manufacturing data of a variant, by namespace and key, in the order of the released firmware."""
    values = {
        (namespace, key): Typed(Type.BLOB, value)
        for namespace in PKI_NAMESPACES
        for key, value in shipped_values(namespace).items()
    }
    return values | {(PARAMETERS, key): value for key, value in _parameters(variant).items()}


@cache
def manufacturing_image(variant: Variant, size: int) -> bytes:
    """The default content of `mfg_nvs`."""
    chip = FlashChip(size)
    partition = NvsPartition(chip)
    partition.begin()
    for (namespace, key), (kind, value) in factory_data(variant).items():
        partition.write(namespace, key, kind, value)
    return chip.read(0, size)


class ManufacturingPartition:
    """The manufacturing data of one module, read when it is needed; none while its partition is damaged."""

    def __init__(self, region: FlashRegion | None, variant: Variant) -> None:
        """`region`: the partition; None when the flash has none. `variant`: what an untouched partition is of."""
        self._region = region
        self._variant = variant
        self._partition: NvsPartition | None = None
        self._damaged = False

    @property
    def partition(self) -> NvsPartition | None:
        """The values as they are in flash; None when there is no such partition, or it is damaged."""
        if self._partition is None and self._region is not None and not self._damaged:
            try:
                self._partition = NvsPartition(self._region)
            except NvsDamagedError as error:
                self._damaged = True
                log.error("mfg_nvs, %s: the firmware uses its own values", error)
        return self._partition

    def check(self) -> None:
        """Look whether it can be read. Raises NvsDamagedError."""
        if self._region is not None:
            self._partition = NvsPartition(self._region)

    def forget(self) -> None:
        """The partition has been written to from elsewhere; look at it again."""
        self._partition, self._damaged = None, False

    def read(self, namespace: str, key: str) -> int | str | bytes | None:
        """A value: a number, the text of a string, the bytes of anything else; None when there is none."""
        typed = self._typed(namespace, key)
        if typed is None:
            return None
        kind, value = typed
        if kind is Type.STRING and isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        return value

    def parameters(self) -> FactoryParameters:
        """The factory parameters, with the firmware's own values for those that are not there or are no such values."""
        default = FactoryParameters()

        def number(key: str, otherwise: int) -> int:
            value = self.read(PARAMETERS, key)
            least, most = PARAMETER_RANGES[key]
            return value if isinstance(value, int) and least <= value <= most else otherwise

        def text(key: str, otherwise: str) -> str:
            value = self.read(PARAMETERS, key)
            return value if isinstance(value, str) else otherwise

        pins = default.uart_pins
        country = text("country_code", default.country_code)
        return FactoryParameters(
            text("module_name", default.module_name),
            number("max_tx_power", default.max_transmit_power),
            country if country.isascii() and len(country) in (2, 3) else default.country_code,
            number("start_channel", default.start_channel),
            number("channel_num", default.channel_count),
            number("uart_baudrate", default.uart_baud_rate),
            UartPins(
                number("uart_tx_pin", pins.tx),
                number("uart_rx_pin", pins.rx),
                number("uart_cts_pin", pins.cts),
                number("uart_rts_pin", pins.rts),
            ),
            number("sys_store", default.stores) != 0,
            self._typed(PARAMETERS, "version") is not None,
        )

    def _typed(self, namespace: str, key: str) -> Typed | None:
        built_in = self._region is None and self._variant.fixed
        if built_in or (self._partition is None and self._region is not None and self._region.untouched):
            if namespace == PARAMETERS:
                return _parameters(self._variant).get(key)
            shipped = shipped_value(namespace, key) if namespace in PKI_NAMESPACES else None
            return None if shipped is None else Typed(Type.BLOB, shipped)
        return self.partition.read(namespace, key) if self.partition is not None else None
