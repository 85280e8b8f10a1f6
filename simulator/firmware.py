"""What a module asks of the firmware that runs on it; a dialect fulfils it."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

from espat.core.at.conventions import Conventions
from espat.core.at.grammar import Form
from espat.core.at.registry import Registry
from espat.core.restart import RestartCause
from espat.persist.variants import Variant
from espat.system.version import FirmwareVersion

ModuleT = TypeVar("ModuleT", contravariant=True)
"""The module that a firmware runs on."""


class BootText(NamedTuple):
    """What the boot ROM prints on the port of the commands."""

    text: bytes
    baud_rate: int
    """After a reset of the chip; after a restart by software the UART still has the rate of the commands."""


class Firmware(Protocol[ModuleT]):
    """A dialect as the module needs it."""

    registry: Registry
    """Its commands, what it prints of what happens, and what it does after a start."""
    version: FirmwareVersion
    boot_text: BootText | None
    """None where the ROM prints elsewhere."""
    ready: tuple[bytes, ...]
    """The messages of a boot: commands are taken behind them."""
    conventions: Conventions
    traits: Mapping[type[Any], Any]
    """What it says of itself for the rooms, by type."""

    @property
    def name(self) -> str:
        """As users call it."""

    @property
    def variant(self) -> Variant:
        """The module it runs on, when nobody says another one."""

    def log_reset(self, module: ModuleT, cause: RestartCause) -> None:
        """Write what ROM and boot loader print on UART0."""

    def log_start(self, module: ModuleT) -> None:
        """Write what the application logs before it is ready."""

    def lacks(self, name: str, form: Form) -> bool:
        """Whether the real firmware has a form of a command that is not built here."""

    def command_list(self) -> Iterable[tuple[str, Collection[Form]]]:
        """The commands that are built in and work, with their forms, in the order of the firmware."""
