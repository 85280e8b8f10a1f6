"""What the module prints by itself, and in which form (ESP-AT User Guide, AT+SYSMSG, AT+SYSMSGFILTER)."""

from enum import IntFlag

from espat.core.at.message_filter import SystemMessageFilter
from espat.core.boot import Boot
from espat.persist.settings import Setting, Settings


class SystemMessages(IntFlag):
    """AT+SYSMSG: which further messages there are."""

    QUIT = 1
    """`+QUITT` when passthrough is left."""
    LINK_DETAILS = 2
    """`+LINK_CONN` instead of `CONNECT`."""
    PASSTHROUGH_STATUS = 4
    """Status reports during passthrough too."""


class Messages:
    """The messages of one boot. `filter`: what AT+SYSMSGFILTERCFG has put together, in force or not."""

    _shown = Setting("NVM_012", "s_msg", 0)

    def __init__(self, boot: Boot) -> None:
        self.settings = boot[Settings]
        self.filter = SystemMessageFilter()

    @property
    def shown(self) -> SystemMessages:
        """The messages that AT+SYSMSG has switched on."""
        return SystemMessages(self._shown)

    @shown.setter
    def shown(self, messages: SystemMessages) -> None:
        self._shown = int(messages)
