"""Status reports: what the firmware prints of what happens (ESP-AT User Guide, "AT Messages")."""

from espat.core.at.output import Output
from espat.module import Module
from espat.stack.passthrough import Passthrough
from espat.system.messages import Messages, SystemMessages


def status(module: Module, *messages: bytes, private: bool = False) -> None:
    """Print a status report, which passthrough is spared unless AT+SYSMSG bit 2 wants it. `private`: whether no log may
    show it."""
    if not module[Passthrough].running or SystemMessages.PASSTHROUGH_STATUS in module[Messages].shown:
        for message in messages:
            module[Output].report(message, private=private)
