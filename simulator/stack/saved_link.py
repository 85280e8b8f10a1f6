"""The link that the module opens by itself after every start, to be in passthrough (ESP-AT User Guide,
AT+SAVETRANSLINK)."""

from enum import IntEnum
from typing import Final

from espat.core.boot import Boot
from espat.persist.settings import Setting, Settings
from espat.stack.active_interfaces import ANY_INTERFACE
from espat.stack.server import DEFAULT_PORT

UNSET: Final = -1


class SavedMode(IntEnum):
    """First parameter of AT+SAVETRANSLINK."""

    OFF = 0
    CLIENT = 1
    BLE = 2
    SERVER = 3


class SavedLink:
    """What is saved, whatever AT+SYSSTORE says. The keys are those of the firmware."""

    _mode = Setting("NVM_005", "enable", int(SavedMode.OFF), always=True)
    kind = Setting("NVM_005", "type", b"TCP", always=True)
    host = Setting("NVM_005", "r_ip", b"", always=True)
    remote_port = Setting("NVM_005", "r_port", 0, always=True)
    local_port = Setting("NVM_005", "l_port", 0, always=True)
    """Of UDP; 0 is a free one."""
    keep_alive = Setting("NVM_005", "keep_alive", UNSET, always=True)
    """Seconds; UNSET: as AT+CIPTCPOPT has it."""
    port = Setting("NVM_005", "port", DEFAULT_PORT, always=True)
    interface = Setting("NVM_005", "netif", ANY_INTERFACE, always=True)
    checks_clients = Setting("NVM_005", "ca", 0, always=True)
    """Of an SSL server: whether they have to show a certificate."""

    def __init__(self, boot: Boot) -> None:
        self.settings = boot[Settings]

    @property
    def mode(self) -> SavedMode:
        """What the module does after a start."""
        return SavedMode(self._mode)

    def switch_off(self) -> None:
        """Nothing after the next start."""
        self._mode = SavedMode.OFF

    def save_client(self, kind: bytes, host: str, port: int, *, local_port: int = 0, keep_alive: int = UNSET) -> None:
        """Connect to a host; of UDP from a local port."""
        client = (kind, host.encode("latin-1"), port, local_port, keep_alive)
        if client != (self.kind, self.host, self.remote_port, self.local_port, self.keep_alive):
            self.switch_off()  # a power cut between two of them leaves no mixture
            self.kind, self.host, self.remote_port, self.local_port, self.keep_alive = client
        self._mode = SavedMode.CLIENT

    def save_server(self, kind: bytes, port: int, interface: int, *, checks_clients: bool = False) -> None:
        """Listen."""
        server = (kind, port, interface, int(checks_clients))
        if server != (self.kind, self.port, self.interface, self.checks_clients):
            self.switch_off()
            self.kind, self.port, self.interface, self.checks_clients = server
        self._mode = SavedMode.SERVER
