"""The MQTT client of one boot (ESP-AT User Guide, "MQTT AT Commands"). The packets are paho's business."""

from collections.abc import Callable
from typing import Final

import trio

from espat.core.at.output import Output
from espat.core.boot import Boot, Ending
from espat.core.events import Event
from espat.core.time.clock import Clock
from espat.stack.active_interfaces import NETWORK_DOWN, ActiveInterface
from espat.stack.connection import Connection
from espat.stack.dialler import Dialler
from espat.stack.errors import NetworkError, ResolveError, UnreachableError
from espat.stack.mqtt.configuration import MqttConfiguration, MqttState
from espat.stack.mqtt.failures import MqttError, MqttFailure
from espat.stack.mqtt.protocol import MqttProtocol
from espat.stack.tls_options import TlsChoices
from espat.stack.websocket import WebSocketStream

MQTT_CONNECTED: Final = Event[[MqttConfiguration]]("mqtt.connected", "{0.port}")
"""The broker has taken the client."""
MQTT_DISCONNECTED: Final = Event[[]]("mqtt.disconnected")
"""The connection is lost."""
MQTT_MESSAGE: Final = Event[[bytes, bytes]]()
"""A message has come, or a part of one: topic and data."""

BUFFER: Final = 1024
"""Bytes of a packet that are reported in one piece."""
SEGMENT: Final = 4096
"""Bytes taken from the stream at a time."""
RETRY_PAUSE: Final = 10.0
"""Seconds between a loss and the next attempt, and that an attempt may take: those of esp-mqtt."""
MOST_TOPICS: Final = 10


class _Request:
    """What the broker has to acknowledge."""

    def __init__(self) -> None:
        self.granted = False
        self._done = trio.Event()

    def end(self, *, granted: bool) -> None:
        self.granted = granted
        self._done.set()

    async def wait(self) -> None:
        await self._done.wait()


class MqttClient:
    """The only one there is. `topics`: subscribed to, with the QoS asked for."""

    def __init__(self, boot: Boot) -> None:
        self.configuration = MqttConfiguration()
        self.state = MqttState.CLEAN
        self.topics: dict[bytes, int] = {}
        self._boot = boot
        self._clock = boot[Clock]
        self._dialler = boot[Dialler]
        self._output = boot[Output]
        self._connection: Connection | None = None
        self._protocol: MqttProtocol | None = None
        self._requests: dict[int, _Request] = {}
        self._inbox: list[tuple[bytes, bytes, int]] = []
        self._sending = trio.Lock()
        self._life = trio.CancelScope()
        self._holding = trio.CancelScope()
        boot.at_end(self._end)

    # Configuration

    def configure(self, configuration: MqttConfiguration) -> None:
        """AT+MQTTUSERCFG. Raises MqttError."""
        if self.state >= MqttState.LOST:
            raise MqttError(MqttFailure.ALREADY_CONNECTED)
        self.configuration = configuration
        self.state = MqttState.CONFIGURED

    def need_configured(self) -> None:
        """Raises MqttError unless it is configured and not connected yet."""
        if self.state == MqttState.CLEAN:
            raise MqttError(MqttFailure.NOT_CONFIGURED)
        if self.state >= MqttState.LOST:
            raise MqttError(MqttFailure.NOT_IN_CONFIGURED_STATE)

    async def clean(self) -> None:
        """AT+MQTTCLEAN. Raises MqttError."""
        if self.state == MqttState.CLEAN:
            raise MqttError(MqttFailure.CLEAN)
        if self._connection is not None and self._protocol is not None:
            self._protocol.disconnect()
            try:
                with self._clock.move_on_after(RETRY_PAUSE):
                    await self._flush()
            except NetworkError:
                pass  # it is to be closed anyway
        self._free()

    def _free(self) -> None:
        self._life.cancel()
        if self._connection is not None:
            self._connection.stream.close()
        self._connection = self._protocol = None
        self._inbox.clear()
        self.topics.clear()
        self.configuration = MqttConfiguration()
        self.state = MqttState.CLEAN

    # Connection

    async def connect(self, host: bytes, port: int, limit: float, *, reconnect: bool) -> None:
        """AT+MQTTCONN; `limit` in seconds. One that fails forgets the configuration. Raises MqttError."""
        if self.state == MqttState.CLEAN:
            raise MqttError(MqttFailure.NOT_CONFIGURED)
        if self.state >= MqttState.LOST:
            raise MqttError(MqttFailure.ALREADY_CONNECTED)
        own = self.configuration
        own.host, own.port, own.reconnect = host, port, reconnect
        try:
            self._protocol = MqttProtocol(own, self._acknowledge, self._receive)
            connection = await self._open(limit)
        except (MqttError, ValueError):
            self._free()
            raise MqttError(MqttFailure.START) from None
        self._take(connection)
        self._life = trio.CancelScope()
        self._boot.spawn(self._live, connection)

    def _choices(self) -> TlsChoices | None:
        own = self.configuration
        if not own.has_tls:
            return None
        return TlsChoices(
            pki=0 if own.shows_certificate else None,
            ca=0 if own.verifies_server else None,
            server_name=own.server_name,
            alpn=own.alpn,
            kind="mqtt",
        )

    async def _open(self, limit: float) -> Connection:
        """A connection whose broker has taken the client. Raises MqttError."""
        own, protocol = self.configuration, self._protocol
        assert protocol is not None
        connection: Connection | None = None
        try:
            with self._clock.move_on_after(limit):
                connection = await self._dialler.dial(own.host.decode("latin-1"), own.port, tls=self._choices())
                if own.has_websocket:
                    connection = await self._open_websocket(connection)
                protocol.begin()
                await connection.stream.send(protocol.take())
                while protocol.connected is None:
                    data = await connection.stream.receive(SEGMENT)
                    if not data or not protocol.feed(data):
                        break
                if protocol.connected:
                    kept, connection = connection, None
                    return kept
        except (NetworkError, ResolveError, UnreachableError):
            pass
        finally:
            if connection is not None:
                connection.stream.close()
        raise MqttError(MqttFailure.START)

    async def _open_websocket(self, connection: Connection) -> Connection:
        """The same connection with a WebSocket in it. Raises NetworkError."""
        own = self.configuration
        stream = WebSocketStream(connection.stream)
        await stream.open(f"{own.host.decode('latin-1')}:{own.port}", own.resource.decode("latin-1"), "mqtt")
        return connection._replace(stream=stream)

    def _take(self, connection: Connection) -> None:
        self._connection = connection
        self.state = MqttState.SUBSCRIBED if self.topics else MqttState.CONNECTED
        self._boot.announce(MQTT_CONNECTED, self.configuration)

    async def _live(self, connection: Connection) -> None:
        """Have the connection, and others after it if it is to reconnect, until AT+MQTTCLEAN."""
        with self._life:
            while True:
                await self._hold(connection)
                self._lost(connection)
                if not self.configuration.reconnect:
                    return
                connection = await self._open_again()
                self._take(connection)
                assert self._protocol is not None
                for topic, qos in self.topics.items():
                    self._protocol.subscribe(topic, qos)

    async def _open_again(self) -> Connection:
        while True:
            await self._clock.sleep(RETRY_PAUSE)
            try:
                return await self._open(RETRY_PAUSE)
            except MqttError:
                continue

    def _lost(self, connection: Connection) -> None:
        connection.stream.close()
        self._connection = None
        self.state = MqttState.LOST
        self._boot.announce(MQTT_DISCONNECTED)
        for request in self._requests.values():
            request.end(granted=False)

    async def _hold(self, connection: Connection) -> None:
        """Pass on what comes over a connection until it ends."""
        with trio.CancelScope() as self._holding:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._keep_alive)
                await self._read(connection)
                nursery.cancel_scope.cancel()

    async def _read(self, connection: Connection) -> None:
        assert self._protocol is not None
        try:
            alive = True
            while alive:
                await self._deliver()
                await self._flush()
                data = await connection.stream.receive(SEGMENT)
                alive = bool(data) and self._protocol.feed(data)
            await self._deliver()
        except NetworkError:
            return

    async def _deliver(self) -> None:
        """Report what has come in, in pieces of the client's buffer."""
        inbox, self._inbox = self._inbox, []
        for topic, payload, qos in inbox:
            head = 2 + len(topic) + (2 if qos else 0)
            length = head + len(payload)
            head += 2 + (length > 127) + (length > 16383)
            first = max(BUFFER - head, 1)
            pieces = [payload[:first]]
            pieces += [payload[at : at + BUFFER] for at in range(first, len(payload), BUFFER)]
            for piece in pieces:
                await self._output.room()
                self._boot.announce(MQTT_MESSAGE, topic, piece)

    async def _keep_alive(self) -> None:
        """Ask twice in the interval; a broker that has not answered the last time is gone."""
        assert self._protocol is not None
        while True:
            await self._clock.sleep(self.configuration.keep_alive / 2)
            if self._protocol.awaits_response:
                self._holding.cancel()
                return
            self._protocol.ping()
            try:
                await self._flush()
            except NetworkError:
                self._holding.cancel()
                return

    async def _flush(self) -> None:
        """Send what there is to be sent; a packet that is cut breaks the connection. Raises NetworkError."""
        connection, protocol = self._connection, self._protocol
        if connection is None or protocol is None:
            return
        async with self._sending:
            while data := protocol.take():
                try:
                    await connection.stream.send(data)
                except trio.Cancelled:
                    connection.stream.close()
                    raise

    @NETWORK_DOWN.heard
    def _network_down(self, gone: ActiveInterface) -> None:
        if self._connection is not None and self._connection.lan is gone.lan:
            self._connection.stream.vanish()
            self._holding.cancel()

    def _end(self, how: Ending) -> None:
        if self._connection is not None:
            self._connection.stream.vanish()

    # Requests

    async def publish(self, topic: bytes, payload: bytes, qos: int, limit: float, *, retain: bool) -> None:
        """Publish, and wait for what acknowledges it, `limit` seconds. Raises MqttError."""
        protocol = self.need_connection()
        await self._request(
            lambda: protocol.publish(topic, payload, qos, retain=retain), limit, MqttFailure.PUBLISH, wait=qos > 0
        )

    async def subscribe(self, topic: bytes, qos: int, limit: float) -> bool:
        """Subscribe; whether the topic was not there before. Raises MqttError."""
        protocol = self.need_connection()
        if topic in self.topics:
            return False
        if len(self.topics) >= MOST_TOPICS:
            raise MqttError(MqttFailure.SUBSCRIBE)
        await self._request(lambda: protocol.subscribe(topic, qos), limit, MqttFailure.SUBSCRIBE)
        self.topics[topic] = qos
        self.state = MqttState.SUBSCRIBED
        return True

    async def unsubscribe(self, topic: bytes, limit: float) -> bool:
        """Unsubscribe; whether there was that topic. Raises MqttError."""
        protocol = self.need_connection()
        if topic not in self.topics:
            return False
        await self._request(lambda: protocol.unsubscribe(topic), limit, MqttFailure.UNSUBSCRIBE)
        del self.topics[topic]
        if not self.topics:
            self.state = MqttState.NOTHING_SUBSCRIBED
        return True

    def need_connection(self) -> MqttProtocol:
        """What speaks with the broker. Raises MqttError."""
        if self.state < MqttState.LOST:
            raise MqttError(MqttFailure.CLEAN)
        if self._connection is None or self._protocol is None:
            raise MqttError(MqttFailure.DISCONNECTED)
        return self._protocol

    async def _request(self, send: Callable[[], int], limit: float, failure: MqttFailure, *, wait: bool = True) -> None:
        """Send a request, and wait until it is granted. Raises MqttError."""
        try:
            number = send()
        except ValueError:
            raise MqttError(failure) from None
        request = self._requests[number] = _Request()
        try:
            with self._clock.move_on_after(limit):
                try:
                    await self._flush()
                    request.granted = not wait
                except NetworkError:
                    self._holding.cancel()
                    wait = True
                if wait:
                    await request.wait()
        finally:
            del self._requests[number]
        if not request.granted:
            raise MqttError(failure)

    def _acknowledge(self, number: int, granted: bool) -> None:  # called by position
        request = self._requests.get(number)
        if request is not None:
            request.end(granted=granted)

    def _receive(self, topic: bytes, payload: bytes, qos: int) -> None:
        self._inbox.append((topic, payload, qos))
