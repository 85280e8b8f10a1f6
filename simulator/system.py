"""The firmware's own state, for one boot of one module: UART, messages, sleep, memory, registers."""

from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum, IntFlag
from typing import Final, NamedTuple

from espat.core.at.errors import CommandError
from espat.core.at.message_filter import SystemMessageFilter
from espat.core.ports.serial_line import FACTORY_UART, UartParameters
from espat.persist.factory import PARAMETER_RANGES, FactoryParameters
from espat.persist.settings import Setting, Settings
from espat.radio.scan import ALL_FIELDS
from espat.radio.softap import MOST_STATIONS
from espat.radio.wifi import DEFAULT_MODE, Wifi, WifiMode
from espat.stack.links import LinkTable
from espat.stack.receiving import MESSAGE_LIMIT
from espat.stack.server import DEFAULT_IDLE_LIMIT


class FirmwareVersion(NamedTuple):
    """What AT+GMR shows of a firmware, each part without its label."""

    core: bytes
    """Version, commit, chip and date of the AT core: `<version>(<commit> - <chip> - <Mon dd yyyy> <hh:mm:ss>)`."""
    sdk: bytes
    commit: bytes
    """Of the application."""
    compiled: bytes
    """When the application was built: `<Mon dd yyyy> <hh:mm:ss>`."""
    application: bytes
    module_name: bytes = b""
    """Where the flash does not say it."""


# The UART


UART_LIMITS: Final = (PARAMETER_RANGES["uart_baudrate"], (5, 8), (1, 3), (0, 2), (0, 3))
"""Least and most of each parameter."""
UART_CLOCK: Final = 80_000_000
"""The clock of the UART in Hz."""


class UartConfiguration:
    """The stored parameters, and those in force."""

    _baud_rate = Setting("UART", "rate", lambda uart: uart.factory.baud_rate, always=True)
    _data_bits = Setting("UART", "databits", lambda uart: uart.factory.data_bits, always=True)
    _stop_bits = Setting("UART", "stopbits", lambda uart: uart.factory.stop_bits, always=True)
    _parity = Setting("UART", "parity", lambda uart: uart.factory.parity, always=True)
    _flow_control = Setting("UART", "flow_ctrl", lambda uart: uart.factory.flow_control, always=True)

    def __init__(
        self, settings: Settings, factory: UartParameters, *, divider_steps: int, stores_factory: bool
    ) -> None:
        """Take the stored parameters into force; one that is out of range is passed over.

        `divider_steps`, `stores_factory`: `uart_divider_steps` and `stores_uart` of Factory.
        """
        self.settings = settings
        self.factory = factory
        self._divider_steps = divider_steps
        if stores_factory and not self.is_stored:
            with suppress(CommandError):  # a flash without room for them works too
                self.stored = factory
        self.current = UartParameters(
            *(
                value if least <= value <= most else default
                for value, default, (least, most) in zip(self.stored, factory, UART_LIMITS, strict=True)
            )
        )

    @property
    def is_stored(self) -> bool:
        """Whether flash holds any."""
        return self.settings.store.read("UART", "rate") is not None

    @property
    def stored(self) -> UartParameters:
        """What flash holds; assigning stores at once, whatever AT+SYSSTORE says."""
        return UartParameters(self._baud_rate, self._data_bits, self._stop_bits, self._parity, self._flow_control)

    @stored.setter
    def stored(self, parameters: UartParameters) -> None:
        self._baud_rate, self._data_bits, self._stop_bits, self._parity, self._flow_control = parameters

    @property
    def measured(self) -> UartParameters:
        """The parameters in force, with the baud rate that the clock divider makes of the wanted one."""
        fine_clock = UART_CLOCK * self._divider_steps
        return self.current._replace(baud_rate=fine_clock // (fine_clock // self.current.baud_rate))


# Memory


# What a heap region can be used for: bits of AT+SYSRAM=<caps> (ESP-IDF, heap capabilities).
EXECUTABLE: Final = 1 << 0
WORDS: Final = 1 << 1
BYTES: Final = 1 << 2
DMA: Final = 1 << 3
INTERNAL: Final = 1 << 11
DEFAULT: Final = 1 << 12


class Region(NamedTuple):
    """A part of the heap, in bytes, as a module that has just booted finds it without Wi-Fi and links."""

    capabilities: int
    total: int
    free: int
    lowest: int
    """The least that was ever free while it booted."""
    largest: int
    """The largest block that can be free."""


class HeapFigures(NamedTuple):
    """What AT+SYSRAM shows, in bytes: largest <= free <= total, minimum <= free."""

    largest: int
    free: int
    minimum: int
    total: int


WIFI_MEMORY: Final = 38_000
LINK_MEMORY: Final = {b"TCP": 3_600, b"UDP": 1_200, b"SSL": 40_000}
"""Bytes one link takes, by its kind. These and the regions are estimates around the documented example (148408 bytes
free, 84044 at least); nothing but their relations is known."""
DATA_REGION: Final = Region(
    WORDS | BYTES | DMA | INTERNAL | DEFAULT,
    total=292_000,
    free=148_408 + WIFI_MEMORY,
    lowest=84_044,
    largest=110_592,
)
INSTRUCTION_REGION: Final = Region(
    EXECUTABLE | WORDS | INTERNAL,
    total=40_960,
    free=30_208,
    lowest=30_208,
    largest=30_208,
)


class Heap:
    """How much memory is left, from what the rooms say they take of it.

    The minimum follows at every look; a peak between two of them is missed, but only one below the low of the boot
    would count.
    """

    def __init__(self) -> None:
        self._charges: list[Callable[[], int]] = []
        self._lowest = DATA_REGION.lowest

    def charge(self, taken: Callable[[], int]) -> None:
        """Count what `taken` returns, in bytes, from now on."""
        self._charges.append(taken)

    def figures(self, capabilities: int = DEFAULT) -> HeapFigures:
        """The sum over all regions that have all of `capabilities`; zeros when there is none."""
        regions = [
            region for region in (self._data_region(), INSTRUCTION_REGION) if not capabilities & ~region.capabilities
        ]
        return HeapFigures(
            max((region.largest for region in regions), default=0),
            sum(region.free for region in regions),
            sum(region.lowest for region in regions),
            sum(region.total for region in regions),
        )

    def _data_region(self) -> Region:
        free = max(0, DATA_REGION.free - sum(taken() for taken in self._charges))
        self._lowest = min(self._lowest, free)
        return DATA_REGION._replace(free=free, lowest=self._lowest, largest=min(DATA_REGION.largest, free))


# Messages, sleep, and the system itself


class SystemMessages(IntFlag):
    """AT+SYSMSG: which further messages there are."""

    QUIT = 1
    """`+QUITT` when passthrough is left."""
    LINK_DETAILS = 2
    """`+LINK_CONN` instead of `CONNECT`."""
    PASSTHROUGH_STATUS = 4
    """Status reports during passthrough too."""


class SleepMode(IntEnum):
    """AT+SLEEP."""

    AWAKE = 0
    MODEM_DTIM = 1
    LIGHT = 2
    MODEM_LISTEN_INTERVAL = 3


class WakePin(NamedTuple):
    """The pin that ends a light-sleep, and the level that does."""

    gpio: int
    level: int


DEFAULT_TRANSMIT_INTERVAL: Final = 20
"""Milliseconds, of AT+TRANSINTVL."""
TRANSMIT_POWER_STEPS: Final = (78, 72, 66, 60, 56, 52, 44, 34)
"""In 0.25 dBm."""


def next_mac(station: bytes) -> bytes:
    """The address behind a station's: the softAP's of an ESP32."""
    return (int.from_bytes(station, "big") + 1).to_bytes(6, "big")


def local_mac(station: bytes) -> bytes:
    """A station's address as a locally administered one, bit 1 of its first byte set: the softAP's of an ESP8266."""
    return bytes([station[0] | 2]) + station[1:]


class Factory(NamedTuple):
    """What a firmware comes up with when nothing is stored, and its sizes: data of a dialect.

    `softap_mac`: makes the softAP's address of the station's. `reconnect_interval`: seconds between the station's
    attempts to come back, 0 never. `uart_divider_steps`: of the divider of the UART's clock between two whole numbers
    (ESP32 Technical Reference Manual: 16). `stores_uart`: whether the first boot stores `uart`. `idle_limit`: seconds
    after which a silent client of the server is closed, 0 never. `message_limit`: payload bytes of one +IPD.
    `passthrough_block`: bytes passthrough sends at a time. `scan_fields`: a bit for each field of AT+CWLAP.
    `frequency`: its offset and calibration there, the same for all access points. `datagrams_wait`: whether passive
    receiving is for UDP too. `withholds_end`: whether CLOSED comes only when nothing is left to read.
    """

    wifi_mode: WifiMode = DEFAULT_MODE
    softap_mac: Callable[[bytes], bytes] = next_mac
    softap_stations: int = MOST_STATIONS
    reconnect_interval: int = 0
    uart: UartParameters = FACTORY_UART
    uart_divider_steps: int = 16
    stores_uart: bool = True
    sleep_mode: SleepMode = SleepMode.AWAKE
    idle_limit: int = DEFAULT_IDLE_LIMIT
    message_limit: int = MESSAGE_LIMIT
    passthrough_block: int = 2920
    scan_fields: int = ALL_FIELDS
    frequency: tuple[int, int] = (-1, -1)
    datagrams_wait: bool = True
    withholds_end: bool = True


class System:
    """What belongs to no other room."""

    _messages = Setting("NVM_012", "s_msg", 0)
    reconnect_interval = Setting("NVM_018", "interval", 1)
    """Units of 100 ms between attempts to open a link of passthrough again."""

    def __init__(
        self, settings: Settings, wifi: Wifi, links: LinkTable, parameters: FactoryParameters, factory: Factory
    ) -> None:
        """`parameters`: of the board. `factory`: of the firmware."""
        self.settings = settings
        self.uart = UartConfiguration(
            settings,
            factory.uart._replace(baud_rate=_baud_rate(parameters)),
            divider_steps=factory.uart_divider_steps,
            stores_factory=factory.stores_uart,
        )
        self.heap = Heap()
        self.heap.charge(lambda: WIFI_MEMORY if wifi.initialised else 0)
        self.heap.charge(lambda: sum(LINK_MEMORY.get(link.kind, 0) for link in links))
        self.message_filter = SystemMessageFilter()
        self.transmit_interval = DEFAULT_TRANSMIT_INTERVAL
        """Milliseconds after which passthrough sends what is less than a full block."""
        self.sleep_mode = factory.sleep_mode
        self.wake_pin: WakePin | None = None
        self.matched_supply: int | None = None
        """Millivolts that the transmit power has been matched to."""
        self.registers: dict[int, int] = {}
        """What AT+SYSREG has written, by address; any other register reads 0."""
        self._transmit_power = parameters.max_transmit_power

    @property
    def messages(self) -> SystemMessages:
        """The messages that AT+SYSMSG has switched on."""
        return SystemMessages(self._messages)

    @messages.setter
    def messages(self, messages: SystemMessages) -> None:
        self._messages = int(messages)

    @property
    def transmit_power(self) -> int:
        """The Wi-Fi power in 0.25 dBm; the radio takes the next step that is not above the wanted one."""
        lowest = TRANSMIT_POWER_STEPS[-1]
        return next((step for step in TRANSMIT_POWER_STEPS if step <= self._transmit_power), lowest)

    @transmit_power.setter
    def transmit_power(self, power: int) -> None:
        self._transmit_power = power


def _baud_rate(factory: FactoryParameters) -> int:
    """The factory's baud rate, unless it is none."""
    least, most = UART_LIMITS[0]
    return factory.uart_baud_rate if least <= factory.uart_baud_rate <= most else FACTORY_UART.baud_rate
