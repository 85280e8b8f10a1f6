"""The MQTT broker of a host, at its ports."""

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import ClassVar, Final

import trio
from trio.lowlevel import ParkingLot

from espat.scenario.mqtt.broker import Broker, Session
from espat.scenario.mqtt.packets import (
    Connect,
    ConnectAnswer,
    LevelError,
    Packet,
    PacketError,
    PacketReader,
    encoded,
)
from espat.scenario.schema.kinds import Reader, WrongValueError
from espat.scenario.services.service import ServingHost, TcpService
from espat.scenario.services.tls import Tls
from espat.stack.errors import NetworkError
from espat.stack.memory_stream import WINDOW
from espat.stack.stream import Stream
from espat.stack.tls_context import OwnCertificate

PATIENCE: Final = 1.5
"""Of its keep-alive interval a client may be silent so long (3.1.2.10)."""
FIRST_PACKET: Final = 30.0
"""Seconds that a client has for its CONNECT."""
BAD_LEVEL: Final = 1
OUTPUT_LIMIT: Final = 2**22
"""Bytes that wait for a client which does not read; then it is thrown out."""


def read_word(value: object) -> bytes:
    """A user's name or password."""
    if not isinstance(value, str) or not value:
        raise WrongValueError("a word")
    return value.encode()


class BrokerConnection:
    """One connection of a client. `session`: None until it has introduced itself."""

    def __init__(self, stream: Stream) -> None:
        self.session: Session | None = None
        self._stream = stream
        self._output: deque[bytes] = deque()
        self._waiting = 0
        self._ends = False
        self._changed = ParkingLot()

    def put(self, packet: Packet) -> None:
        """Send a packet, when the client takes it."""
        data = encoded(packet)
        self._waiting += len(data)
        if self._waiting > OUTPUT_LIMIT:
            self._stream.reset()
            return
        self._output.append(data)
        self._changed.unpark_all()

    def end(self) -> None:
        """Close it, when what there is has been sent."""
        self._ends = True
        self._changed.unpark_all()

    async def write(self) -> None:
        """Send what is put, until the end."""
        with suppress(NetworkError):
            while True:
                while self._output:
                    data = self._output.popleft()
                    await self._stream.send(data)
                    self._waiting -= len(data)
                if self._ends:
                    break
                await self._changed.park()


class Mqtt(TcpService):
    """A broker of MQTT 3.1.1; the ports of one host have one broker. With `user=` and `password=` it takes nobody
    else."""

    usual_port: ClassVar[int | None] = 1883
    options: ClassVar[Mapping[str, Reader]] = {"user": read_word, "password": read_word}

    def __init__(self, host: ServingHost, port: int, user: bytes | None = None, password: bytes | None = None) -> None:
        super().__init__(host, port)
        self.broker = host.common(Broker)
        self.add_user(user, password)

    def add_user(self, user: bytes | None, password: bytes | None) -> None:
        """Take this user from now on; None is nobody."""
        if user is not None:
            self.broker.users[user] = password

    async def serve(self, stream: Stream) -> None:
        connection = BrokerConnection(stream)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._read, stream, connection)
                await connection.write()
                nursery.cancel_scope.cancel()
            self._end(connection, self.broker.leave)
        finally:  # without a will where the host itself is gone
            self._end(connection, self.broker.forget)

    async def _read(self, stream: Stream, connection: BrokerConnection) -> None:
        reader = PacketReader()
        with suppress(NetworkError):
            while data := await self._heard(stream, connection):
                while self.broker.paused:
                    await self.host.changed.park()
                try:
                    for packet in reader.feed(data):
                        self._take(packet, connection)
                except LevelError:
                    connection.put(ConnectAnswer(False, BAD_LEVEL))
                    break
                except PacketError:
                    break
                finally:
                    self.host.changed.unpark_all()
        connection.end()

    async def _heard(self, stream: Stream, connection: BrokerConnection) -> bytes:
        """What comes; nothing when the client has gone, or has been silent for too long."""
        session = connection.session
        limit = FIRST_PACKET if session is None else session.keep_alive * PATIENCE
        if not limit:
            return await stream.receive(WINDOW)
        with self.host.clock.move_on_after(limit):
            return await stream.receive(WINDOW)
        return b""

    def _take(self, packet: Packet, connection: BrokerConnection) -> None:
        session = connection.session
        if session is None:
            if not isinstance(packet, Connect):
                raise PacketError("something else before CONNECT")
            connection.session = self.broker.connect(packet, connection)
            if connection.session is None:
                raise PacketError("a client that is refused")
        elif session.connection is connection:
            self.broker.receive(session, packet)

    def _end(self, connection: BrokerConnection, how: Callable[[Session], None]) -> None:
        session = connection.session
        if session is not None and session.connection is connection:
            how(session)
            self.host.changed.unpark_all()


class Mqtts(Tls, Mqtt):
    """The same over TLS."""

    usual_port: ClassVar[int | None] = 8883
    options: ClassVar[Mapping[str, Reader]] = {**Tls.options, **Mqtt.options}

    def __init__(
        self,
        host: ServingHost,
        port: int,
        cert: OwnCertificate | None = None,
        ca: bytes | None = None,
        user: bytes | None = None,
        password: bytes | None = None,
    ) -> None:
        super().__init__(host, port, cert, ca)
        self.add_user(user, password)
