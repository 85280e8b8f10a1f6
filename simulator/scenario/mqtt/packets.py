"""Packets of MQTT 3.1.1 (OASIS standard, 29 October 2014), as values and as bytes. Sans-IO."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeVar

from espat.scenario.mqtt.topics import is_topic

T = TypeVar("T")

PACKET_LIMIT: Final = 2**20
"""Bytes of a packet behind its fixed header, at most; the standard would allow 256 MB."""

CONNECT: Final = 1
CONNACK: Final = 2
PUBLISH: Final = 3
PUBACK: Final = 4
PUBREC: Final = 5
PUBREL: Final = 6
PUBCOMP: Final = 7
SUBSCRIBE: Final = 8
SUBACK: Final = 9
UNSUBSCRIBE: Final = 10
UNSUBACK: Final = 11
PINGREQ: Final = 12
PINGRESP: Final = 13
DISCONNECT: Final = 14

FLAGS: Final = {kind: 2 if kind in (PUBREL, SUBSCRIBE, UNSUBSCRIBE) else 0 for kind in range(CONNECT, DISCONNECT + 1)}
"""The lower half of the first byte (table 2.2); that of PUBLISH says something."""
WITH_NUMBER_ONLY: Final = frozenset({PUBACK, PUBREC, PUBREL, PUBCOMP, UNSUBACK})
EMPTY: Final = frozenset({PINGREQ, PINGRESP, DISCONNECT})
PROTOCOL: Final = b"MQTT"
LEVEL: Final = 4

_CLEAN: Final = 0x02
_WILL: Final = 0x04
_WILL_RETAIN: Final = 0x20
_PASSWORD: Final = 0x40
_USER: Final = 0x80


class PacketError(Exception):
    """What came is no packet of MQTT 3.1.1, or too large: the connection is to be closed (4.8)."""


class LevelError(PacketError):
    """The client speaks another version of the protocol."""


class Message(NamedTuple):
    """What is published. `qos`: 0 to 2."""

    topic: bytes
    payload: bytes
    qos: int = 0
    retain: bool = False


class Connect(NamedTuple):
    """3.1. `keep_alive`: seconds, 0 is never."""

    client: bytes
    clean: bool = True
    keep_alive: int = 0
    will: Message | None = None
    user: bytes | None = None
    password: bytes | None = None


class ConnectAnswer(NamedTuple):
    """3.2. `code`: 0 is accepted, 1 to 5 as in table 3.1."""

    session_present: bool
    code: int


class Publish(NamedTuple):
    """3.3. `number`: the packet identifier, 0 with QoS 0. `again`: the DUP flag."""

    message: Message
    number: int = 0
    again: bool = False


class Numbered(NamedTuple):
    """Those that are a packet identifier only: PUBACK, PUBREC, PUBREL, PUBCOMP, UNSUBACK."""

    kind: int
    number: int


class Subscribe(NamedTuple):
    """3.8. `wanted`: topic filters, each with the highest QoS."""

    number: int
    wanted: tuple[tuple[bytes, int], ...]


class SubscribeAnswer(NamedTuple):
    """3.9. `codes`: the QoS granted, 0x80 is a failure."""

    number: int
    codes: bytes


class Unsubscribe(NamedTuple):
    """3.10."""

    number: int
    filters: tuple[bytes, ...]


class Empty(NamedTuple):
    """Those that are nothing but their kind: PINGREQ, PINGRESP, DISCONNECT."""

    kind: int


Packet = Connect | ConnectAnswer | Publish | Numbered | Subscribe | SubscribeAnswer | Unsubscribe | Empty


def encoded(packet: Packet) -> bytes:
    """A packet as it is sent."""
    match packet:
        case Connect():
            kind, body = CONNECT, _connect_body(packet)
        case ConnectAnswer(session_present, code):
            kind, body = CONNACK, bytes((session_present, code))
        case Publish(message, number, again):
            head = PUBLISH << 4 | again << 3 | message.qos << 1 | message.retain
            named = _number(number) if message.qos else b""
            return _framed(head, _text(message.topic) + named + message.payload)
        case Numbered(kind, number):
            body = _number(number)
        case Subscribe(number, wanted):
            kind = SUBSCRIBE
            body = _number(number) + b"".join(_text(name) + bytes((qos,)) for name, qos in wanted)
        case SubscribeAnswer(number, codes):
            kind, body = SUBACK, _number(number) + codes
        case Unsubscribe(number, filters):
            kind, body = UNSUBSCRIBE, _number(number) + b"".join(map(_text, filters))
        case Empty(kind):
            body = b""
    return _framed(kind << 4 | FLAGS[kind], body)


class PacketReader:
    """Makes packets of bytes, cut anywhere."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """The packets that are complete with this. Raises PacketError."""
        self._received += data
        while (found := self._next()) is not None:
            head, body = found
            yield _decoded(head, body)

    def _next(self) -> tuple[int, bytes] | None:
        """The first byte and what is behind the fixed header of a packet that is complete (2.2)."""
        length = 0
        for place, byte in enumerate(self._received[1:5]):
            length |= (byte & 0x7F) << (7 * place)
            if length > PACKET_LIMIT:
                raise PacketError(f"a packet of more than {PACKET_LIMIT} bytes")
            if byte < 0x80:
                start = place + 2
                if len(self._received) < start + length:
                    return None
                head, body = self._received[0], bytes(self._received[start : start + length])
                del self._received[: start + length]
                return head, body
            if place == 3:
                raise PacketError("a length of more than four bytes")
        return None


class _Body:
    """What is behind the fixed header, taken from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise PacketError("a packet that is too short")
        taken, self._at = self._data[self._at : end], end
        return taken

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self.take(2))

    def identifier(self) -> int:
        number = self.number()
        if not number:
            raise PacketError("packet identifier 0")
        return number

    def data(self) -> bytes:
        return self.take(self.number())

    def text(self) -> bytes:
        text = self.data()
        try:
            text.decode()
        except UnicodeDecodeError:
            raise PacketError("a text that is no UTF-8") from None
        if b"\0" in text:
            raise PacketError("a text with U+0000")
        return text

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)

    @property
    def left(self) -> bool:
        return self._at < len(self._data)


def _decoded(head: int, data: bytes) -> Packet:
    kind, flags = head >> 4, head & 0x0F
    body = _Body(data)
    if kind != PUBLISH and FLAGS.get(kind) != flags:
        raise PacketError(f"a first byte of 0x{head:02x}")
    packet: Packet
    if kind == PUBLISH:
        packet = _publish(flags, body)
    elif kind == CONNECT:
        packet = _connect(body)
    elif kind == CONNACK:
        packet = ConnectAnswer(bool(body.byte()), body.byte())
    elif kind in WITH_NUMBER_ONLY:
        packet = Numbered(kind, body.identifier())
    elif kind == SUBSCRIBE:
        packet = Subscribe(body.identifier(), tuple(_each(body, lambda: (body.text(), _qos(body.byte())))))
    elif kind == SUBACK:
        packet = SubscribeAnswer(body.identifier(), body.rest())
    elif kind == UNSUBSCRIBE:
        packet = Unsubscribe(body.identifier(), tuple(_each(body, body.text)))
    else:
        packet = Empty(kind)
    if body.left:
        raise PacketError("a packet that is too long")
    return packet


def _each(body: _Body, read: Callable[[], T]) -> Iterator[T]:
    """One at least, and as many as there are."""
    yield read()
    while body.left:
        yield read()


def _qos(value: int) -> int:
    if value > 2:
        raise PacketError(f"QoS {value}")
    return value


def _publish(flags: int, body: _Body) -> Publish:
    qos = _qos(flags >> 1 & 3)
    topic = body.text()
    if not is_topic(topic):
        raise PacketError("a topic that is empty or has wildcards")
    number = body.identifier() if qos else 0
    again = bool(flags & 8)
    if again and not qos:
        raise PacketError("DUP with QoS 0")
    return Publish(Message(topic, body.rest(), qos, bool(flags & 1)), number, again)


def _connect(body: _Body) -> Connect:
    if body.text() != PROTOCOL:
        raise PacketError("another protocol")
    if body.byte() != LEVEL:
        raise LevelError("another level of the protocol")
    flags = body.byte()
    keep_alive = body.number()
    will_qos = _qos(flags >> 3 & 3)
    if flags & 1 or (not flags & _WILL and flags & (_WILL_RETAIN | 0x18)) or (flags & _PASSWORD and not flags & _USER):
        raise PacketError(f"flags of 0x{flags:02x} in CONNECT")
    client = body.text()
    will = Message(body.text(), body.data(), will_qos, bool(flags & _WILL_RETAIN)) if flags & _WILL else None
    user = body.text() if flags & _USER else None
    password = body.data() if flags & _PASSWORD else None
    return Connect(client, bool(flags & _CLEAN), keep_alive, will, user, password)


def _connect_body(packet: Connect) -> bytes:
    flags = _CLEAN if packet.clean else 0
    parts = [_text(packet.client)]
    if packet.will is not None:
        flags |= _WILL | packet.will.qos << 3 | (_WILL_RETAIN if packet.will.retain else 0)
        parts += [_text(packet.will.topic), _text(packet.will.payload)]
    if packet.user is not None:
        flags |= _USER
        parts.append(_text(packet.user))
    if packet.password is not None:
        flags |= _PASSWORD
        parts.append(_text(packet.password))
    return _text(PROTOCOL) + bytes((LEVEL, flags)) + _number(packet.keep_alive) + b"".join(parts)


def _framed(head: int, body: bytes) -> bytes:
    length, rest = bytearray(), len(body)
    while True:
        rest, byte = divmod(rest, 128)
        length.append(byte | (0x80 if rest else 0))
        if not rest:
            return bytes((head,)) + bytes(length) + body


def _text(data: bytes) -> bytes:
    return _number(len(data)) + data


def _number(value: int) -> bytes:
    return value.to_bytes(2)
