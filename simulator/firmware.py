"""What a module asks of the firmware that runs on it; a dialect fulfils it."""

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple, Protocol, TypeVar

from espat.core.at.answers import RestartCause
from espat.core.at.conventions import Conventions
from espat.core.at.grammar import Form
from espat.core.at.registry import Registry
from espat.core.time.timing import Timing
from espat.persist.variants import Variant
from espat.radio.smart_config import Broadcast
from espat.stack.address import Address
from espat.stack.links import LinkListener
from espat.stack.receiving import DataListener
from espat.system import Factory, FirmwareVersion

ModuleT = TypeVar("ModuleT", contravariant=True)
"""The module that a firmware runs on."""


class Reports(LinkListener, DataListener, Protocol):
    """What a firmware prints by itself."""

    def wifi_connected(self) -> None:
        """The station is associated."""

    def wifi_got_address(self) -> None:
        """The station's interface is up."""

    def wifi_disconnected(self) -> None:
        """The station has lost or left its access point."""

    def link_not_opened(self, number: int) -> None:
        """A link could not be opened, in firmwares that report it."""

    def smart_config_heard(self, broadcast: Broadcast) -> None:
        """A phone has told which access point to join."""

    def smart_config_ended(self, *, joined: bool) -> None:
        """The station has joined it and has an address, or could not."""

    def softap_station_joined(self, mac: bytes) -> None:
        """A station has joined the softAP."""

    def softap_leased(self, mac: bytes, address: Address) -> None:
        """The softAP has given an address."""

    def softap_station_left(self, mac: bytes) -> None:
        """A station has left the softAP."""

    def time_updated(self) -> None:
        """The clock has been set by a server."""


class BootText(NamedTuple):
    """What the boot ROM prints on the port of the commands."""

    text: bytes
    baud_rate: int
    """After a reset of the chip; after a restart by software the UART still has the rate of the commands."""


class Firmware(Protocol[ModuleT]):
    """A dialect as the module needs it."""

    registry: Registry
    version: FirmwareVersion
    boot_text: BootText | None
    """None where the ROM prints elsewhere."""
    conventions: Conventions
    factory: Factory

    @property
    def variant(self) -> Variant:
        """The module it runs on, when nobody says another one."""

    def log_reset(self, module: ModuleT, cause: RestartCause) -> None:
        """Write what ROM and boot loader print on UART0."""

    def log_start(self, module: ModuleT) -> None:
        """Write what the application logs before it is ready."""

    def reports(self, module: ModuleT) -> Reports:
        """What prints the reports of one boot."""

    def latency(self, timing: Timing) -> Callable[[str], float] | None:
        """Seconds each command takes by itself; None when none takes any."""

    def started(self, module: ModuleT) -> None:
        """The module is ready: what the firmware does next by itself."""

    def lacks(self, name: str, form: Form) -> bool:
        """Whether the real firmware has a form of a command that is not built here."""

    def command_list(self) -> Iterable[tuple[str, Collection[Form]]]:
        """The commands that are built in and work, with their forms, in the order of the firmware."""
