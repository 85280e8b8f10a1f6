"""What is older than any boot of a module: its power, its pins, its port, its flash, its clock of day."""

import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import trio

from espat.core.at.answers import Restart, RestartCause
from espat.core.at.output import Output
from espat.core.at.redaction import Redactor
from espat.core.at.system_log import SystemLog
from espat.core.at.uart import Uart
from espat.core.panics import Panics
from espat.core.ports.port import Port
from espat.core.time.clock import Clock
from espat.core.time.real_time_clock import RealTimeClock
from espat.core.time.timing import Timing
from espat.core.trace import Kind, Trace
from espat.firmware import Firmware
from espat.persist.nvs_settings import SECRETS
from espat.persist.storage import Storage
from espat.radio.air import Air
from espat.stack.host_network import HostNetwork
from espat.stack.lan import Lan

EVENTS: Final = (
    "module.boot",
    "module.power_off",
    "station.associated",
    "station.got_ip",
    "station.lease_renewed",
    "station.lost_ip",
    "station.disconnected",
    "softap.on",
    "softap.off",
    "uart.lost",
)
"""What the trace tells of a module besides what it prints."""

PANIC_PAUSE: Final = 1.0
"""Seconds a module is down after a panic, so that one that comes back at each boot leaves time for anything else; an
ESP32 takes about as long to print its registers and start again (an inference)."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Surroundings:
    """What a module stands in: time, air, the networks behind the access points, this machine."""

    clock: Clock
    timing: Timing
    air: Air
    lans: dict[bytes, Lan]
    """By the BSSID of the access point."""
    network: HostNetwork
    random: Random
    panics: Panics
    trace: Trace | None = None


class Board(ABC):
    """Power, pins, port, flash and clock of one module; what boots on it is for a subclass to say.

    `number` counts from 0 within the simulation. `mac` is the station's; the softAP's follows from it.
    """

    def __init__(
        self,
        number: int,
        firmware: Firmware[Any],
        surroundings: Surroundings,
        port: Port,
        storage: Storage,
        mac: bytes,
        log_port: Port | None = None,
    ) -> None:
        """`log_port`: where the log of UART0 goes, None for nowhere."""
        self.number = number
        self.firmware = firmware
        self.mac = mac
        self.clock = surroundings.clock
        self.timing = surroundings.timing
        self.air = surroundings.air
        self.host_network = surroundings.network
        self.random = surroundings.random
        self.storage = storage
        self.store = storage.settings
        storage.chip.on_loss = self._flash_lost
        self._lans = surroundings.lans
        self._panics = surroundings.panics
        self._trace = surroundings.trace
        self._redactor = Redactor(firmware.registry, self, self._passwords) if log.isEnabledFor(logging.DEBUG) else None
        self._recorder = self._record if self._trace is not None or self._redactor is not None else None
        self.uart = Uart(port, self._recorder)
        port.on_loss = lambda text: self._event(f"uart.lost {text}")
        self.log = SystemLog(self.clock, log_port)
        self._power = trio.CancelScope()
        self._powered = trio.Event()
        self._powered.set()
        self._woken = trio.Event()
        self.rtc = RealTimeClock(self.clock)
        self.not_built: list[str] = []
        """Commands that were typed and that only the real firmware has."""
        self._assemble()

    @property
    def output(self) -> Output:
        """The writing side of the UART."""
        return self.uart.output

    async def run(self, *, when_opened: bool = False) -> None:
        """Power on, and run until cancelled. `when_opened`: power on when the first client opens the port. After
        `power_off` it waits for `power_on`."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._panics.alone, self.number, self.uart.run)
            nursery.start_soon(self._panics.alone, self.number, self.log.run)
            if self.timing.boot:  # one that takes no time to start has lost nothing meanwhile
                self.uart.listen()
            if when_opened:
                await self.uart.port.first_attached.wait()
            while True:
                while not self._powered.is_set():  # it may have come and gone again
                    await self._powered.wait()
                with trio.CancelScope() as self._power:
                    self.rtc.power_on()
                    self.storage.power_on()
                    self.output.power_on()
                    restart = Restart(RestartCause.POWER_ON)
                    while True:
                        await self._sleep(restart.sleep)
                        restart = await self._boot_or_panic(restart.cause)
                self._event("module.power_off")

    def power_off(self) -> None:
        """Cut the power: everything but the flash is lost, without a word."""
        if self._powered.is_set():  # who waits for it would miss a new event
            self._powered = trio.Event()
        self._power.cancel()
        self.output.power_off()
        self.uart.detach()

    def power_on(self) -> None:
        """Give it power again."""
        self._powered.set()

    def reset(self) -> None:
        """Pull the reset pin (EN): everything starts again as from a loss of power, the clock of day included. Without
        power nothing happens."""
        if self._powered.is_set():
            self.power_off()
            self.power_on()

    def press_wake(self) -> None:
        """Pull the wake-up pin: a deep sleep ends, and nothing else happens."""
        self._woken.set()

    def time(self) -> float:
        """The clock of day: seconds since 1970, or since power-on as long as nobody has set it."""
        return self.rtc.time()

    async def pause(self, seconds: float) -> None:
        """Wait for a figure of the timing profile; no checkpoint when it is zero."""
        if seconds > 0:
            await self.clock.sleep(seconds)

    @abstractmethod
    def _assemble(self) -> None:
        """Make what runs on the board afresh, for a boot to come."""

    @abstractmethod
    async def _boot(self, cause: RestartCause) -> Restart:
        """Boot, and run until a restart is asked for."""

    def panicked(self, where: str, error: BaseException) -> None:
        """Note that the simulator itself has failed in something that belongs to this module."""
        self._panics.note(self.number, where, error)

    async def _boot_or_panic(self, cause: RestartCause) -> Restart:
        """Boot, and run until a restart is asked for, or until that fails in the simulator itself."""
        restart = Restart(RestartCause.PANIC, PANIC_PAUSE)
        try:
            restart = await self._boot(cause)
        except* Exception as errors:
            self.panicked("the boot", errors)
        return restart

    async def _sleep(self, seconds: float) -> None:
        """Wait before a boot: for the timer of a deep sleep, or until somebody pulls the wake-up pin."""
        self._woken = trio.Event()
        if seconds == math.inf:
            await self._woken.wait()
        elif seconds > 0:
            with self.clock.move_on_after(seconds):
                await self._woken.wait()
        else:
            await trio.lowlevel.checkpoint()

    def _flash_lost(self, error: OSError) -> None:
        log.error(
            "the flash %s ends here: %s; what is stored from now on is lost with this program",
            error.filename,
            error.strerror,
        )

    def _event(self, text: str) -> None:
        """`text`: a name of EVENTS, and what there is to say about it."""
        log.info("module %d: %s", self.number, text)
        if self._trace is not None:
            self._trace.record(self.clock.now(), self.number, "world", Kind.EVENT, text.encode())

    def _passwords(self) -> Iterator[bytes]:
        """Those of the world, and those that an earlier life has left in flash."""
        yield from (point.password for point in self.air.access_points)
        stored = (self.store.read(*key) for key in SECRETS)
        yield from (password for password in stored if isinstance(password, bytes))

    def _record(self, direction: str, kind: Kind, data: bytes, private: bool = False) -> None:
        if self._redactor is not None and kind is not Kind.ECHO:
            log.debug(
                "module %d %s: %s",
                self.number,
                direction,
                self._redactor.render(direction, kind, data, private=private),
            )
        if self._trace is not None:
            self._trace.record(self.clock.now(), self.number, direction, kind, data)
