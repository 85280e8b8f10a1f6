"""What an MQTT client is configured with (ESP-AT User Guide, AT+MQTTUSERCFG, AT+MQTTCONNCFG, AT+MQTTCONN)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

USUAL_KEEP_ALIVE: Final = 120
"""Seconds, where nobody or 0 has said another."""


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
