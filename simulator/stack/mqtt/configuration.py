"""What an MQTT client is configured with (ESP-AT User Guide, AT+MQTTUSERCFG, AT+MQTTCONNCFG, AT+MQTTCONN)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

USUAL_KEEP_ALIVE: Final = 120
"""Seconds, where nobody or 0 has said another."""

LAST_WITHOUT_WEBSOCKET: Final = 5


class MqttState(IntEnum):
    """What AT+MQTTCONN? shows."""

    CLEAN = 0
    CONFIGURED = 1
    CONNECTION_CONFIGURED = 2
    LOST = 3
    CONNECTED = 4
    NOTHING_SUBSCRIBED = 5
    SUBSCRIBED = 6


class Will(NamedTuple):
    """What the broker publishes when the client is lost; without a topic nothing."""

    topic: bytes = b""
    message: bytes = b""
    qos: int = 0
    retain: bool = False


NO_WILL: Final = Will()


@dataclass
class MqttConfiguration:
    """Of one client. `scheme`: 1 to 10. `path`: of WebSocket. `keep_alive`: seconds. `host`, `port`, `reconnect`: of
    the last AT+MQTTCONN. `server_name`: of SNI. `alpn`: protocols."""

    scheme: int = 0
    client_id: bytes = b""
    username: bytes = b""
    password: bytes = b""
    path: bytes = b""
    keep_alive: int = USUAL_KEEP_ALIVE
    clean_session: bool = True
    will: Will = NO_WILL
    host: bytes = b""
    port: int = 0
    reconnect: bool = False
    server_name: bytes = b""
    alpn: tuple[bytes, ...] = ()

    @property
    def has_websocket(self) -> bool:
        """Schemes 6 to 10 are 1 to 5 over WebSocket."""
        return self.scheme > LAST_WITHOUT_WEBSOCKET

    @property
    def has_tls(self) -> bool:
        """All but 1 and 6."""
        return self._transport > 1

    @property
    def verifies_server(self) -> bool:
        """Whether the server's certificate is checked."""
        return self._transport in (3, 5)

    @property
    def shows_certificate(self) -> bool:
        """Whether the client has one."""
        return self._transport in (4, 5)

    @property
    def resource(self) -> bytes:
        """What a WebSocket is asked for; empty without one."""
        return b"/" + self.path.removeprefix(b"/") if self.has_websocket else b""

    @property
    def _transport(self) -> int:
        return self.scheme - LAST_WITHOUT_WEBSOCKET if self.has_websocket else self.scheme
