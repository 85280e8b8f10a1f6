"""What is older than any boot of a module: its power, its pins, its port, its flash, its clock of day."""

import logging
import math
from collections.abc import Awaitable, Callable
from typing import Final

import trio

from espat.core.at.output import Output
from espat.core.at.redaction import Redactor
from espat.core.at.system_log import SystemLog
from espat.core.at.uart import Uart
from espat.core.boot import PANIC_PAUSE, Identity
from espat.core.events import Event
from espat.core.panics import Panics
from espat.core.parts import Parts
from espat.core.ports.port import Port
from espat.core.restart import Restart, RestartCause
from espat.core.time.clock import Clock
from espat.core.time.real_time_clock import RealTimeClock
from espat.core.time.timing import Timing
from espat.core.trace import Kind, Trace
from espat.persist.storage import Storage

BOOTED: Final = Event[[RestartCause]]("module.boot", "{0.value}")
POWERED_OFF: Final = Event[[]]("module.power_off")
UART_LOST: Final = Event[[str]]("uart.lost", "{0}")

log = logging.getLogger(__name__)


class Board:
    """Power, pins, port, flash and clock of day of one module.

    `number` counts from 0 within the simulation. `mac` is the station's; other addresses follow from it. `parts`: what
    it has, and what it stands in, for whatever boots on it.
    """

    def __init__(
        self, number: int, mac: bytes, around: Parts, port: Port, storage: Storage, log_port: Port | None = None
    ) -> None:
        """`around`: what the board stands in: clock, timing, air, networks, this machine, and the trace, if there is
        one. `log_port`: where the log of UART0 goes, None for nowhere."""
        self.number = number
        self.mac = mac
        self.clock = around[Clock]
        self.storage = storage
        storage.chip.on_loss = self._flash_lost
        self._boot_takes_time = around[Timing]["boot"] > 0
        self._panics = around[Panics]
        self._trace = around.find(Trace)
        self.is_logged = log.isEnabledFor(logging.DEBUG)
        """Whether the program's log has what passes the port."""
        self.redactor: Redactor | None = None
        """Renders that for the log; without it nothing is written there."""
        self.recorder = self._record if self._trace is not None or self.is_logged else None
        """Notes what passes the port; None where nobody wants it."""
        self._rates_told = (0, 0)
        self.uart = Uart(port, self.recorder)
        port.on_loss = lambda text: self.record_event(UART_LOST.text(text))
        self.log = SystemLog(self.clock, log_port)
        self.rtc = RealTimeClock(self.clock)
        self._power = trio.CancelScope()
        self._powered = trio.Event()
        self._powered.set()
        self._woken = trio.Event()
        self.booted = trio.Event()
        """A boot has come as far as `ready`, for the first time."""
        self.parts = parts = Parts(around)
        parts.put(Identity, Identity(number, mac))
        parts.put(Storage, storage)
        parts.put(Uart, self.uart)
        parts.put(Output, self.output)
        parts.put(SystemLog, self.log)
        parts.put(RealTimeClock, self.rtc)

    @property
    def output(self) -> Output:
        """The writing side of the UART."""
        return self.uart.output

    @property
    def powered(self) -> bool:
        """Whether it has power."""
        return self._powered.is_set()

    async def run(self, boot: Callable[[RestartCause], Awaitable[Restart]], *, when_opened: bool = False) -> None:
        """Power on, and boot again and again until cancelled. `when_opened`: power on when the first client opens the
        port. After `power_off` it waits for `power_on`."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._panics.alone, self.number, self.output.run)
            nursery.start_soon(self._panics.alone, self.number, self.uart.lose)
            nursery.start_soon(self._panics.alone, self.number, self.log.run)
            if self._boot_takes_time:  # one that takes no time to start has lost nothing meanwhile
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
                        restart = await self._boot_or_panic(boot, restart.cause)
                self.record_event(POWERED_OFF.text())

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

    def panicked(self, where: str, error: BaseException) -> None:
        """Note that the simulator itself has failed in something that belongs to this module."""
        self._panics.note(self.number, where, error)

    async def _boot_or_panic(self, boot: Callable[[RestartCause], Awaitable[Restart]], cause: RestartCause) -> Restart:
        """Boot, and run until a restart is asked for, or until that fails in the simulator itself."""
        restart = Restart(RestartCause.PANIC, PANIC_PAUSE)
        try:
            restart = await boot(cause)
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

    def record_event(self, text: str) -> None:
        """Put into trace and log that something has happened: the name of an event, and what there is to say of it."""
        log.info("module %d: %s", self.number, text)
        if self._trace is not None:
            self._trace.record(self.clock.now(), self.number, "world", Kind.EVENT, text.encode())

    def _compare_rates(self) -> None:
        """Say once, where the client at the port has set another rate than the module's, which no pseudo-terminal
        feels."""
        rates = self.uart.port.client_rate, self.uart.line.baud_rate
        if rates[0] and rates[0] != rates[1] and rates != self._rates_told:
            self._rates_told = rates
            log.debug("module %d: its client is at %d baud, and it at %d", self.number, *rates)

    def _record(self, direction: str, kind: Kind, data: bytes, private: bool = False) -> None:
        if self.redactor is not None and kind is not Kind.ECHO:
            text = self.redactor.render(direction, kind, data, private=private)
            log.debug("module %d %s: %s", self.number, direction, text)
            if kind is Kind.COMMAND and log.isEnabledFor(logging.DEBUG):
                self._compare_rates()
        if self._trace is not None:
            self._trace.record(self.clock.now(), self.number, direction, kind, data)
