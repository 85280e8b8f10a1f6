"""The packets of the world's broker: what is encoded can be read, cut anywhere, and nothing else than packets is."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from espat.scenario.mqtt import packets
from espat.scenario.mqtt.packets import (
    DISCONNECT,
    PINGREQ,
    PINGRESP,
    WITH_NUMBER_ONLY,
    Connect,
    ConnectAnswer,
    Empty,
    LevelError,
    Message,
    Numbered,
    Packet,
    PacketError,
    PacketReader,
    Publish,
    Subscribe,
    SubscribeAnswer,
    Unsubscribe,
    encoded,
)
from espat.scenario.mqtt.topics import is_filter, matches

numbers = some.integers(1, 65535)
texts = some.text(some.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=300).map(str.encode)
topics = texts.filter(lambda text: text != b"" and b"+" not in text and b"#" not in text)
qualities = some.integers(0, 2)
messages = some.builds(Message, topics, some.binary(max_size=400), qualities, some.booleans())


def published(message: Message, number: int, again: bool) -> Publish:
    return Publish(message, number, again) if message.qos else Publish(message)


def introduced(connect: Connect) -> Connect:
    return connect if connect.user is not None else connect._replace(password=None)


any_packet: some.SearchStrategy[Packet] = some.one_of(
    some.builds(
        Connect,
        texts,
        some.booleans(),
        some.integers(0, 65535),
        some.none() | messages,
        some.none() | texts,
        some.none() | some.binary(max_size=100),
    ).map(introduced),
    some.builds(ConnectAnswer, some.booleans(), some.integers(0, 5)),
    some.builds(published, messages, numbers, some.booleans()),
    some.builds(Numbered, some.sampled_from(sorted(WITH_NUMBER_ONLY)), numbers),
    some.builds(Subscribe, numbers, some.lists(some.tuples(texts, qualities), min_size=1, max_size=5).map(tuple)),
    some.builds(SubscribeAnswer, numbers, some.binary(max_size=5)),
    some.builds(Unsubscribe, numbers, some.lists(texts, min_size=1, max_size=5).map(tuple)),
    some.builds(Empty, some.sampled_from([PINGREQ, PINGRESP, DISCONNECT])),
)


@given(some.lists(any_packet, max_size=4), some.integers(1, 50))
def test_what_is_encoded_can_be_read_cut_anywhere(sent: list[Packet], piece: int) -> None:
    reader = PacketReader()
    data = b"".join(map(encoded, sent))
    got = [packet for at in range(0, len(data), piece) for packet in reader.feed(data[at : at + piece])]
    assert got == sent


@given(some.binary(max_size=200))
def test_whatever_comes_is_packets_or_a_mistake(data: bytes) -> None:
    try:
        found = list(PacketReader().feed(data))
    except PacketError:
        return
    for packet in found:
        assert list(PacketReader().feed(encoded(packet))) == [packet]


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00",
        b"\xf0\x00",
        b"\x30\xff\xff\xff\xff",
        b"\x30\xff\xff\xff\x7f",
        b"\x30\x00",
        b"\x30\x03\x00\x01#",
        b"\x36\x05\x00\x01a\x00\x01",
        b"\x32\x05\x00\x01a\x00\x00",
        b"\x38\x03\x00\x01a",
        b"\x80\x02\x00\x01",
        b"\x82\x02\x00\x01",
        b"\x82\x06\x00\x01\x00\x01a\x03",
        b"\x30\x03\x00\x01\xff",
        b"\x30\x03\x00\x01\x00",
        b"\xc0\x01\x00",
        b"\x10\x0c\x00\x04MQTT\x04\x01\x00\x00\x00\x00",
        b"\x10\x0c\x00\x04MQTT\x04\x40\x00\x00\x00\x00",
        b"\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x00\x00\x00",
    ],
)
def test_what_no_client_may_send(data: bytes) -> None:
    with pytest.raises(PacketError):
        list(PacketReader().feed(data))


def test_another_version_is_told_apart() -> None:
    with pytest.raises(LevelError):
        list(PacketReader().feed(b"\x10\x0c\x00\x04MQTT\x05\x02\x00\x00\x00\x00"))


def test_a_length_is_looked_at_before_anything_of_it_is_kept() -> None:
    size = packets.PACKET_LIMIT
    assert list(PacketReader().feed(encoded(Publish(Message(b"a", bytes(size - 3))))))
    with pytest.raises(PacketError):
        list(PacketReader().feed(encoded(Publish(Message(b"a", bytes(size - 2))))[:8]))


@pytest.mark.parametrize(
    ("wanted", "topic", "fits"),
    [
        (b"a/b", b"a/b", True),
        (b"a/b", b"a/b/c", False),
        (b"a/#", b"a", True),
        (b"a/#", b"a/b/c", True),
        (b"#", b"a/b", True),
        (b"#", b"$SYS/a", False),
        (b"+/a", b"$SYS/a", False),
        (b"$SYS/#", b"$SYS/a", True),
        (b"+", b"a", True),
        (b"+", b"/a", False),
        (b"+/+", b"/a", True),
        (b"a/+/c", b"a/b/c", True),
        (b"a/+", b"a", False),
        (b"a/+", b"a/", True),
    ],
)
def test_wildcards(wanted: bytes, topic: bytes, fits: bool) -> None:
    assert is_filter(wanted)
    assert matches(wanted, topic) is fits


@pytest.mark.parametrize("text", [b"", b"a#", b"a/#/b", b"a+", b"a/b+/c", b"#/a"])
def test_what_is_no_filter(text: bytes) -> None:
    assert not is_filter(text)
