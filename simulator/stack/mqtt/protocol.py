"""MQTT 3.1.1 by paho-mqtt, without its sockets and threads: bytes in, bytes out.

paho is imported by the first AT+MQTTCONN. Its clock and its check of the keep-alive are not used: that needs
`loop_misc`, which nobody calls here.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from espat.stack.mqtt.configuration import MqttConfiguration

if TYPE_CHECKING:
    import paho.mqtt.client as paho

LARGEST_PACKET: Final = 2**20
"""Bytes of a packet that are kept while it comes in; a broker that announces more is left."""
CONNACK: Final = b"\x20"
"""What the first packet of a broker begins with."""
REFUSED: Final = 0x80
"""From here on a reason says that a request has failed."""


class _MemorySocket:
    """What paho takes for a socket. `incoming`: not read yet. `outgoing`: to be sent."""

    def __init__(self) -> None:
        self.incoming = bytearray()
        self.outgoing = bytearray()

    def recv(self, size: int) -> bytes:
        if not self.incoming:
            raise BlockingIOError
        data = bytes(self.incoming[:size])
        del self.incoming[:size]
        return data

    def send(self, data: bytes | bytearray) -> int:
        self.outgoing += data
        return len(data)

    def pending(self) -> int:
        return len(self.incoming)

    def fileno(self) -> int:
        return -1

    def setblocking(self, flag: bool) -> None:
        """It never blocks."""

    def close(self) -> None:
        """There is nothing to close."""


def _client(memory: _MemorySocket, configuration: MqttConfiguration) -> "paho.Client":
    """paho's client over a socket in memory. Raises ValueError."""
    import paho.mqtt.client as paho  # by the first who connects

    class Client(paho.Client):
        def _create_socket(self) -> Any:
            return memory

    return Client(
        paho.CallbackAPIVersion.VERSION2,  # type: ignore[attr-defined]  # imported there
        client_id=configuration.client_id,  # type: ignore[arg-type]  # bytes will do
        clean_session=configuration.clean_session,
        reconnect_on_failure=False,
    )


class MqttProtocol:
    """One client, over as many connections as it takes. `connected`: None until the broker has answered CONNECT.

    `acknowledged` is called with the number of a request and whether it was granted, `received` with topic, payload
    and QoS of a message. Raises ValueError for a configuration that MQTT does not allow.
    """

    def __init__(
        self,
        configuration: MqttConfiguration,
        acknowledged: Callable[[int, bool], None],
        received: Callable[[bytes, bytes, int], None],
    ) -> None:
        self.connected: bool | None = None
        self._memory = _MemorySocket()
        self._began = False
        self._received = received
        self._client = client = _client(self._memory, configuration)
        if configuration.username:
            client.username_pw_set(_text(configuration.username), _text(configuration.password))
        if configuration.will.topic:
            will = configuration.will
            client.will_set(_text(will.topic), will.message, will.qos, will.retain)
        client.on_connect = lambda _client, _data, _flags, reason, _properties: self._answered(reason.value)
        client.on_message = lambda _client, _data, message: self._message(message)
        client.on_publish = lambda _client, _data, mid, _reason, _properties: acknowledged(mid, True)
        client.on_subscribe = lambda _client, _data, mid, reasons, _properties: acknowledged(
            mid, bool(reasons) and all(each.value < REFUSED for each in reasons)
        )
        client.on_unsubscribe = lambda _client, _data, mid, _reasons, _properties: acknowledged(mid, True)
        client.connect_async(configuration.host.decode("latin-1"), configuration.port, configuration.keep_alive)

    def begin(self) -> None:
        """A connection is there: ask the broker to take the client."""
        self.connected = None
        self._memory.incoming.clear()
        self._memory.outgoing.clear()
        self._began = False
        self._client.reconnect()

    def feed(self, data: bytes) -> bool:
        """Take what has come in; whether the connection is still of use."""
        if not self._began and data[:1] != CONNACK:
            return False
        self._began = True
        self._memory.incoming += data
        while self._memory.incoming:
            if self._client.loop_read() or self._is_too_large:
                return False
        return self._client.loop_write() == 0

    def take(self) -> bytes:
        """What is to be sent."""
        data = bytes(self._memory.outgoing)
        self._memory.outgoing.clear()
        return data

    def publish(self, topic: bytes, payload: bytes, qos: int, *, retain: bool) -> int:
        """Returns the number that is acknowledged. Raises ValueError for a topic that is none."""
        return self._client.publish(_text(topic), payload, qos, retain).mid

    def subscribe(self, topic: bytes, qos: int) -> int:
        """As publish."""
        return self._client.subscribe(_text(topic), qos)[1] or 0

    def unsubscribe(self, topic: bytes) -> int:
        """As publish."""
        return self._client.unsubscribe(_text(topic))[1] or 0

    def disconnect(self) -> None:
        """Take leave of the broker, which does not publish the will then."""
        self._client.disconnect()

    @property
    def awaits_response(self) -> bool:
        """Whether the last ping has not been answered."""
        return bool(self._client._ping_t)

    def ping(self) -> None:
        """Ask the broker for a sign of life."""
        self._client._send_pingreq()

    @property
    def _is_too_large(self) -> bool:
        """Whether the packet that comes in is larger than anybody needs."""
        return int(self._client._in_packet["remaining_length"]) > LARGEST_PACKET

    def _answered(self, reason: int) -> None:
        self.connected = reason == 0

    def _message(self, message: "paho.MQTTMessage") -> None:
        try:
            topic = message.topic.encode()
        except UnicodeDecodeError:
            return
        self._received(topic, bytes(message.payload), message.qos)


def _text(value: bytes) -> str:
    """UTF-8, which is all that MQTT has. Raises ValueError."""
    return value.decode()
