"""Options of TCP connections, by link number (ESP-AT User Guide, AT+CIPTCPOPT)."""

from typing import Final, NamedTuple

from espat.persist.settings import Settings

NAMESPACE: Final = "NVM_020"
NO_LINGER: Final = -1
KEEP_ALIVE_INTERVAL, KEEP_ALIVE_COUNT = 1, 3
"""Seconds between questions, and how many go unanswered before the peer is gone (ESP-AT User Guide, AT+CIPSTART)."""


class ConnectionOptions(NamedTuple):
    """What a connection is opened with.

    `linger`: seconds whatever closes it waits for the peer to close too, -1 off, 0 resets the connection.
    `no_delay`: whether small segments go out at once, not only when what was sent before has been acknowledged.
    `keep_alive`: seconds of silence before TCP asks whether the peer is there, 0 never.
    """

    linger: int = NO_LINGER
    no_delay: bool = False
    keep_alive: int = 0


class TcpOptions:
    """The options of connections that get a certain link number, see ConnectionOptions.

    `send_timeout`: milliseconds, 0 none; it applies at once. `keep_alive`: AT+CIPSTART sets it too, and who sets it
    last wins.
    """

    def __init__(self, settings: Settings, number: int) -> None:
        self._settings = settings
        self._number = number
        self.linger = self._stored("linger", NO_LINGER)
        self.no_delay = self._stored("nodelay", 0)
        self.send_timeout = self._stored("sndtimeo", 0)
        self.keep_alive = self._stored("keepalive", 0)

    @property
    def of_connection(self) -> ConnectionOptions:
        """Those that a connection keeps from its opening."""
        return ConnectionOptions(self.linger, bool(self.no_delay), self.keep_alive)

    def save(self) -> None:
        """Store all of them, as far as AT+SYSSTORE allows."""
        if self._settings.stores:
            for key, value in (
                ("linger", self.linger),
                ("nodelay", self.no_delay),
                ("sndtimeo", self.send_timeout),
                ("keepalive", self.keep_alive),
            ):
                self._settings.store.write(NAMESPACE, f"{key}{self._number}", value)

    def _stored(self, key: str, default: int) -> int:
        value = self._settings.store.read(NAMESPACE, f"{key}{self._number}")
        return value if isinstance(value, int) else default
