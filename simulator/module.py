"""One module: a board, a firmware, and the boot that is running.

A boot is a nursery with rooms in it; a restart is its cancellation. What survives is what the settings store holds,
and the clock of day as long as there is power.
"""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from espat.board import BOOTED, Board
from espat.core.at.engine import WORKERS, Engine
from espat.core.at.grammar import Form
from espat.core.at.redaction import Redactor
from espat.core.at.system_log import LogTraits
from espat.core.boot import Boot
from espat.core.events import Event
from espat.core.restart import Restart, RestartCause
from espat.core.time.clock import Clock
from espat.core.time.timing import Timing
from espat.firmware import BootText, Firmware
from espat.persist.factory import FactoryParameters
from espat.persist.settings import Settings
from espat.system.uart import UartConfiguration

P = ParamSpec("P")
Room = TypeVar("Room")
Traits = TypeVar("Traits")

WARM_RESTARTS: Final = (RestartCause.SOFTWARE, RestartCause.RESTORE)
"""The chip is not reset, and its ROM prints at the rate that the UART has."""
DRAIN_LIMIT: Final = 3.0
"""Seconds a restart waits for its OK to leave the UART (ESP-AT source)."""
NOT_BUILT: Final = "%s is a command of this firmware that is not built here; it answers ERROR"

log = logging.getLogger(__name__)


class Module:
    """A board with a firmware. `module[Station]` is a room of its boot, the last one while none is running."""

    def __init__(self, board: Board, firmware: "Firmware[Module]") -> None:
        self.board = board
        self.firmware = firmware
        self.not_built: list[str] = []
        """Commands that were typed and that only the real firmware has."""
        if board.is_logged:
            board.redactor = Redactor(firmware.registry, self, self.secrets, conventions=firmware.conventions)
        self.boot = self._next_boot()

    def __getitem__(self, kind: type[Room]) -> Room:
        """The room of that type, or what the board has of it."""
        room: Room | None = self.boot.rooms.get(kind)  # nearly always
        return self.boot[kind] if room is None else room

    def traits(self, kind: type[Traits]) -> Traits:
        """What the firmware says of itself for one room."""
        return self.boot.traits(kind)

    def announce(self, event: Event[P], *about: P.args, **named: P.kwargs) -> None:
        """Something has happened: trace, report of the firmware, rooms that hear of it."""
        self.boot.announce(event, *about, **named)

    def spawn(self, task: Callable[..., Any], *arguments: Any) -> None:
        """Start a task that ends with the boot; nothing starts any more when it is ending."""
        self.boot.spawn(task, *arguments)

    async def pause(self, figure: str) -> None:
        """Wait for a figure of the timing profile; no checkpoint when it is zero."""
        seconds = self[Timing][figure]
        if seconds > 0:
            await self[Clock].sleep(seconds)

    # What is done to it from outside

    @property
    def number(self) -> int:
        """Which one it is, from 0 within the simulation."""
        return self.board.number

    @property
    def is_booting(self) -> bool:
        """Whether a boot has begun that has not come as far as `ready`: what comes in meanwhile is lost."""
        return self.boot.is_running and not self.boot.restarting.is_set() and self.board.uart.reader is None

    async def run(self, *, when_opened: bool = False) -> None:
        """Power on, and run until cancelled. `when_opened`: power on when the first client opens the port. After
        `power_off` it waits for `power_on`."""
        await self.board.run(self._boot, when_opened=when_opened)

    def power_off(self) -> None:
        """Cut the power: everything but the flash is lost, without a word."""
        self.board.power_off()

    def power_on(self) -> None:
        """Give it power again."""
        self.board.power_on()

    def reset(self) -> None:
        """Pull the reset pin (EN): everything starts again as from a loss of power, the clock of day included. Without
        power nothing happens."""
        self.board.reset()

    def press_wake(self) -> None:
        """Pull the wake-up pin: a deep sleep ends, and nothing else happens."""
        self.board.press_wake()

    # A boot

    def _next_boot(self) -> Boot:
        """A boot to come."""
        board = self.board
        boot = Boot(
            board.parts,
            module=self,
            traits=self.firmware.traits,
            reports=self.firmware.registry.reports,
            record=board.record_event,
            panicked=board.panicked,
        )
        parameters = board.storage.manufacturing.parameters()
        boot.put(FactoryParameters, parameters)
        timing = boot[Timing]
        boot.put(Settings, Settings(board.storage.settings, stores=parameters.stores))
        board.output.message_filter = None
        engine = Engine(
            self,
            self.firmware.registry,
            board.uart,
            restart=boot.restart,
            panicked=board.panicked,
            unknown=self._unknown_command,
            conventions=self.firmware.conventions,
            latency=timing if any(timing[figure] for figure in self.firmware.registry.takes) else None,
            sleep=boot[Clock].sleep,
            recorder=board.recorder,
            system_log=board.log,
        )
        boot.put(Engine, engine)
        boot.at_end(lambda how: board.uart.detach())
        board.uart.set_line(boot[UartConfiguration].current)
        return boot

    async def _boot(self, cause: RestartCause) -> Restart:
        board, firmware = self.board, self.firmware
        boot_text = firmware.boot_text if board.uart.port.paced else None
        if boot_text is not None and cause in WARM_RESTARTS:
            await board.uart.print_at(boot_text.text, board.uart.line.baud_rate)
        self.boot = boot = self._next_boot()
        return await boot.run(partial(self._live, cause, boot_text))

    async def _live(self, cause: RestartCause, boot_text: BootText | None) -> None:
        """From the reset until a restart has been answered."""
        board, firmware, boot = self.board, self.firmware, self.boot
        boot.announce(BOOTED, cause)
        if boot_text is not None and cause not in WARM_RESTARTS:
            await board.uart.print_at(*boot_text)
        board.log.reset(boot.traits(LogTraits))
        firmware.log_reset(self, cause)
        board.storage.settings.calibrate(board.mac)
        await boot[Clock].sleep(boot[Timing]["boot"])
        firmware.log_start(self)
        for message in firmware.ready:
            board.output.report(message)
        engine = boot[Engine]
        board.uart.attach(engine)
        board.uart.listen()
        board.booted.set()
        for start in firmware.registry.starts:
            start(self)
        for _ in range(WORKERS):
            boot.spawn(engine.work)
        await boot.restarting.wait()
        board.uart.detach()
        with boot[Clock].move_on_after(DRAIN_LIMIT):
            await board.output.drained()

    def _unknown_command(self, name: str, form: Form) -> None:
        """A command has been answered as unknown: say so, once, when the real firmware has it."""
        if name not in self.not_built and self.firmware.lacks(name, form):
            self.not_built.append(name)
            log.warning("module %d: %s", self.number, NOT_BUILT % name)

    def secrets(self) -> Iterator[bytes]:
        """What no log shows, though nobody has typed it."""
        for known in self.firmware.registry.secrets:
            yield from known(self)
