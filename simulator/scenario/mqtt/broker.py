"""A broker of MQTT 3.1.1: clients, sessions, subscriptions, retained messages. Sans-IO: it takes packets, and puts
those for a client into that client's connection."""

from collections import deque
from typing import Final, NamedTuple, Protocol

from espat.scenario.mqtt.packets import (
    DISCONNECT,
    PINGREQ,
    PINGRESP,
    PUBACK,
    PUBCOMP,
    PUBREC,
    PUBREL,
    UNSUBACK,
    Connect,
    ConnectAnswer,
    Empty,
    Message,
    Numbered,
    Packet,
    PacketError,
    Publish,
    Subscribe,
    SubscribeAnswer,
    Unsubscribe,
)
from espat.scenario.mqtt.topics import is_filter, matches

ACCEPTED: Final = 0
BAD_IDENTIFIER: Final = 2
BAD_CREDENTIALS: Final = 4
FAILURE: Final = 0x80
"""Of a subscription (3.9.3)."""
SESSIONS_LIMIT: Final = 1024
SUBSCRIPTIONS_LIMIT: Final = 256
"""Of one session."""
WAITING_LIMIT: Final = 1000
"""Messages with QoS 1 or 2 that wait for a client to come back or to acknowledge; more are lost."""
RETAINED_LIMIT: Final = 4096
RECENT_LIMIT: Final = 4096
"""Messages that are kept for who wants to see what was published; the oldest go first."""
LAST_NUMBER: Final = 65535


class ClientConnection(Protocol):
    """A connection of a client, as the broker uses it."""

    def put(self, packet: Packet) -> None:
        """Send a packet."""

    def end(self) -> None:
        """Close it."""


class Published(NamedTuple):
    """A message, and the client that has published it."""

    client: bytes
    message: Message


class Session:
    """What a broker knows of a client (3.1.2.4).

    `connection`: None while it is away. `will`: what is published when it goes without a word. `keep_alive`: seconds,
    0 is for ever. `unacknowledged`: what it has to acknowledge, by packet identifier.
    """

    def __init__(self, client: bytes, clean: bool) -> None:
        self.client = client
        self.clean = clean
        self.keep_alive = 0
        self.connection: ClientConnection | None = None
        self.will: Message | None = None
        self.subscriptions: dict[bytes, int] = {}
        self.unacknowledged: dict[int, Publish | Numbered] = {}
        self.received: set[int] = set()  # QoS 2: those whose PUBREL has not come
        self._last_number = 0

    def deliver(self, message: Message) -> None:
        """Send a message with its QoS; one with QoS 1 or 2 is kept until it is acknowledged."""
        if message.qos and len(self.unacknowledged) < WAITING_LIMIT:
            packet = Publish(message, self._next_number())
            self.unacknowledged[packet.number] = packet
            self._put(packet)
        elif not message.qos:
            self._put(Publish(message))

    def go_on(self) -> None:
        """Send again what the client has not acknowledged (4.4)."""
        for packet in self.unacknowledged.values():
            self._put(packet._replace(again=True) if isinstance(packet, Publish) else packet)

    def acknowledge(self, packet: Numbered) -> None:
        """The client has got a message, or a part of the exchange of QoS 2."""
        waiting = self.unacknowledged.get(packet.number)
        if packet.kind == PUBREC:
            released = Numbered(PUBREL, packet.number)
            if isinstance(waiting, Publish) and waiting.message.qos == 2:
                self.unacknowledged[packet.number] = released
            self._put(released)
        elif isinstance(waiting, Publish) is (packet.kind == PUBACK):
            self.unacknowledged.pop(packet.number, None)

    def _put(self, packet: Packet) -> None:
        if self.connection is not None:
            self.connection.put(packet)

    def _next_number(self) -> int:
        while True:
            self._last_number = self._last_number % LAST_NUMBER + 1
            if self._last_number not in self.unacknowledged:
                return self._last_number


class Broker:
    """The broker of one host, whatever ports it has.

    `users`: who may come, with their passwords; empty: everybody. `refusal`: the code of CONNACK that whoever comes
    gets, 0 for none. `paused`: it reads nothing. `sessions`: by client identifier. `retained`: by topic. `recent`: what
    clients have published and nobody has asked for yet.
    """

    def __init__(self) -> None:
        self.users: dict[bytes, bytes | None] = {}
        self.paused = False
        self.refusal = ACCEPTED
        self.sessions: dict[bytes, Session] = {}
        self.retained: dict[bytes, Message] = {}
        self.recent: deque[Published] = deque(maxlen=RECENT_LIMIT)
        self._made_up = 0

    def connect(self, packet: Connect, connection: ClientConnection) -> Session | None:
        """A client introduces itself; answers it. None: it is refused."""
        code = self._judge(packet)
        if code != ACCEPTED:
            connection.put(ConnectAnswer(False, code))
            return None
        client = packet.client or self._make_up()
        session = self.sessions.get(client)
        if session is not None and session.connection is not None:  # 3.1.4: the newer one counts
            before = session.connection
            self.leave(session)
            before.end()
            session = self.sessions.get(client)
        present = session is not None and not packet.clean
        if session is None or packet.clean:
            session = self.sessions[client] = Session(client, packet.clean)
        session.connection, session.will, session.keep_alive = connection, packet.will, packet.keep_alive
        session.clean = packet.clean
        connection.put(ConnectAnswer(present, ACCEPTED))
        session.go_on()
        return session

    def receive(self, session: Session, packet: Packet) -> None:
        """A packet of a client that is connected. Raises PacketError."""
        connection = session.connection
        assert connection is not None
        match packet:
            case Publish(message, number):
                self._published(session, message, number, connection)
            case Numbered(kind, number) if kind == PUBREL:
                session.received.discard(number)
                connection.put(Numbered(PUBCOMP, number))
            case Numbered(kind) if kind in (PUBACK, PUBREC, PUBCOMP):
                session.acknowledge(packet)
            case Subscribe(number, wanted):
                self._subscribe(session, number, wanted, connection)
            case Unsubscribe(number, filters):
                for each in filters:
                    session.subscriptions.pop(each, None)
                connection.put(Numbered(UNSUBACK, number))
            case Empty(kind) if kind == PINGREQ:
                connection.put(Empty(PINGRESP))
            case Empty(kind) if kind == DISCONNECT:
                session.will = None
                connection.end()
            case _:
                raise PacketError("a packet that clients do not send")

    def leave(self, session: Session) -> None:
        """The connection of a client has ended: its will is done, unless it has said good-bye."""
        will, session.will = session.will, None
        self.forget(session)
        if will is not None:
            self.publish(will)

    def forget(self, session: Session) -> None:
        """The connection of a client is gone, and so is its session, unless it wants to come back."""
        session.connection = None
        if session.clean and self.sessions.get(session.client) is session:
            del self.sessions[session.client]

    def throw_out(self, client: bytes) -> bool:
        """Close the connection of a client, which gets no word; its will is done. False: it is not connected."""
        session = self.sessions.get(client)
        connection = session.connection if session is not None else None
        if session is None or connection is None:
            return False
        self.leave(session)
        connection.end()
        return True

    def publish(self, message: Message) -> None:
        """Give a message to all who have subscribed, with the lower QoS of the two, and keep it if it is to be
        retained; an empty one ends that (3.3.1.3)."""
        if message.retain and not message.payload:
            self.retained.pop(message.topic, None)
        elif message.retain and (message.topic in self.retained or len(self.retained) < RETAINED_LIMIT):
            self.retained[message.topic] = message
        for session in list(self.sessions.values()):
            granted = [qos for wanted, qos in session.subscriptions.items() if matches(wanted, message.topic)]
            if granted:
                session.deliver(message._replace(qos=min(message.qos, max(granted)), retain=False))

    def _judge(self, packet: Connect) -> int:
        if self.refusal:
            return self.refusal
        if not packet.client and not packet.clean:
            return BAD_IDENTIFIER
        if len(self.sessions) >= SESSIONS_LIMIT and packet.client not in self.sessions:
            return BAD_IDENTIFIER
        if self.users and (packet.user is None or self.users.get(packet.user) != packet.password):
            return BAD_CREDENTIALS
        return ACCEPTED

    def _make_up(self) -> bytes:
        """An identifier for a client without one."""
        while True:
            self._made_up += 1
            if (name := b"client-%d" % self._made_up) not in self.sessions:
                return name

    def _published(self, session: Session, message: Message, number: int, connection: ClientConnection) -> None:
        # A message goes to its subscribers before it is acknowledged, as mosquitto does it.
        is_new = message.qos < 2 or number not in session.received
        if message.qos == 2 and is_new:
            if len(session.received) >= WAITING_LIMIT:
                raise PacketError("too many messages that are not released")
            session.received.add(number)
        if is_new:
            self.recent.append(Published(session.client, message))
            self.publish(message)
        if message.qos:
            connection.put(Numbered(PUBACK if message.qos == 1 else PUBREC, number))

    def _subscribe(
        self, session: Session, number: int, wanted: tuple[tuple[bytes, int], ...], connection: ClientConnection
    ) -> None:
        codes = bytearray()
        for name, qos in wanted:
            room = name in session.subscriptions or len(session.subscriptions) < SUBSCRIPTIONS_LIMIT
            granted = is_filter(name) and room
            if granted:
                session.subscriptions[name] = qos
            codes.append(qos if granted else FAILURE)
        connection.put(SubscribeAnswer(number, bytes(codes)))
        for (name, qos), code in zip(wanted, codes, strict=True):
            if code != FAILURE:
                for message in [kept for kept in self.retained.values() if matches(name, kept.topic)]:
                    session.deliver(message._replace(qos=min(message.qos, qos)))
