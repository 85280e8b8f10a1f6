"""The world's broker, with clients in memory, and with the client of somebody else over a socket of this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from threading import Event
from typing import Any

import paho.mqtt.client as paho
import pytest
import trio
from paho.mqtt.enums import CallbackAPIVersion
from trio.testing import wait_all_tasks_blocked

from espat.core.time.clock import RealClock, SteppedClock
from espat.scenario.hosts.world_host import WorldHost
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
    PacketReader,
    Publish,
    Subscribe,
    SubscribeAnswer,
    Unsubscribe,
    encoded,
)
from espat.scenario.services.mqtt import Mqtt
from espat.scenario.services.table import read_service
from espat.scenario.world.world import HostConfiguration
from espat.stack.address import LOOPBACK
from espat.stack.endpoint import Endpoint, socket_endpoint
from espat.stack.errors import NetworkError
from espat.stack.host_stream import HostStream
from espat.stack.memory_stream import MemoryStream

PORT = 1883
LIMIT = 10.0
"""Seconds after which a test gives up."""


class Client:
    """A client in memory that says what it is told to, and shows what it gets."""

    def __init__(self, stream: MemoryStream) -> None:
        self.stream = stream
        self._received: list[Packet] = []
        self._ended = False

    async def run(self) -> None:
        """Take what comes."""
        reader = PacketReader()
        with suppress(NetworkError):
            while data := await self.stream.receive(65536):
                self._received += reader.feed(data)
        self._ended = True

    async def say(self, *packets: Packet) -> list[Packet]:
        """Send packets; what comes within the same moment."""
        await self.stream.send(b"".join(map(encoded, packets)))
        return await self.hear()

    async def hear(self) -> list[Packet]:
        """What has come, and was not heard yet."""
        await wait_all_tasks_blocked()
        got, self._received = self._received, []
        return got

    async def is_let_go(self) -> bool:
        """Whether the broker has closed the connection."""
        await wait_all_tasks_blocked()
        return self._ended


class Place:
    """A host with a broker. `clock`: stands still until it is moved."""

    def __init__(self, host: WorldHost, clock: SteppedClock, nursery: trio.Nursery) -> None:
        self.host = host
        self.clock = clock
        self.broker = host.service(Mqtt, PORT).broker
        self._nursery = nursery
        self._next_port = 50000

    def dial(self) -> Client:
        """A connection."""
        self._next_port += 1
        client = Client(self.host.accept(PORT, Endpoint(LOOPBACK, self._next_port), LOOPBACK))
        self._nursery.start_soon(client.run)
        return client

    async def client(self, name: bytes, **more: Any) -> Client:
        """A client that is connected."""
        client = self.dial()
        (answer,) = await client.say(Connect(name, **more))
        assert isinstance(answer, ConnectAnswer)
        assert answer.code == 0
        return client


@asynccontextmanager
async def broker(service: str = "mqtt") -> AsyncIterator[Place]:
    """A host that serves this."""
    clock = SteppedClock()
    async with trio.open_nursery() as nursery:
        host = WorldHost(HostConfiguration(serves=(read_service(service),)), clock, (), nursery.start_soon)
        yield Place(host, clock, nursery)
        nursery.cancel_scope.cancel()


def message(number: int = 0, qos: int = 0, payload: bytes = b"on", **more: Any) -> Publish:
    return Publish(Message(b"lamp", payload, qos), number, **more)


async def test_a_message_goes_to_its_subscribers_before_it_is_acknowledged() -> None:
    async with broker() as place:
        lamp = await place.client(b"lamp")
        assert await lamp.say(Subscribe(7, ((b"+/#", 0), (b"lamp", 1), (b"+x", 1)))) == [
            SubscribeAnswer(7, b"\0\x01\x80")
        ]
        assert await lamp.say(message(9, 1)) == [message(1, 1), Numbered(PUBACK, 9)]
        assert await lamp.say(Unsubscribe(8, (b"lamp",)), message()) == [Numbered(UNSUBACK, 8), message()]
        assert await lamp.say(Empty(PINGREQ)) == [Empty(PINGRESP)]


async def test_qos_2_is_delivered_once() -> None:
    async with broker() as place:
        switch, lamp = await place.client(b"switch"), await place.client(b"lamp")
        await lamp.say(Subscribe(1, ((b"lamp", 2),)))
        assert await switch.say(message(5, 2), message(5, 2, again=True)) == [Numbered(PUBREC, 5)] * 2
        assert await lamp.hear() == [message(1, 2)]
        assert await switch.say(Numbered(PUBREL, 5)) == [Numbered(PUBCOMP, 5)]
        assert await lamp.say(Numbered(PUBREC, 1)) == [Numbered(PUBREL, 1)]
        assert await lamp.say(Numbered(PUBCOMP, 1)) == []
        assert place.broker.sessions[b"lamp"].unacknowledged == {}


async def test_a_session_waits_for_its_client() -> None:
    async with broker() as place:
        lamp = await place.client(b"lamp", clean=False)
        await lamp.say(Subscribe(1, ((b"lamp", 1),)))
        place.broker.publish(Message(b"lamp", b"seen", 1))
        assert await lamp.hear() == [message(1, 1, b"seen")]
        await lamp.say(Empty(DISCONNECT))
        assert await lamp.is_let_go()
        place.broker.publish(Message(b"lamp", b"missed", 1))
        place.broker.publish(Message(b"lamp", b"lost", 0))
        again = place.dial()
        assert await again.say(Connect(b"lamp", clean=False)) == [
            ConnectAnswer(True, 0),
            message(1, 1, b"seen", again=True),
            message(2, 1, b"missed", again=True),
        ]
        assert await again.say(Numbered(PUBACK, 1), Numbered(PUBACK, 2)) == []
        newer = place.dial()
        assert await newer.say(Connect(b"lamp")) == [ConnectAnswer(False, 0)]
        assert await again.is_let_go()
        await newer.say(Empty(DISCONNECT))
        assert b"lamp" not in place.broker.sessions


async def test_retained_messages() -> None:
    async with broker() as place:
        switch, lamp = await place.client(b"switch"), await place.client(b"lamp")
        await switch.say(Publish(Message(b"lamp", b"on", 1, retain=True), 1))
        kept = Publish(Message(b"lamp", b"on", 0, retain=True))
        assert await lamp.say(Subscribe(1, ((b"#", 0),))) == [SubscribeAnswer(1, b"\0"), kept]
        await switch.say(Publish(Message(b"lamp", b"", 0, retain=True)))
        assert await lamp.hear() == [message(payload=b"")]
        assert await lamp.say(Subscribe(2, ((b"#", 0),))) == [SubscribeAnswer(2, b"\0")]


@pytest.mark.parametrize("way", ["breaks", "is silent", "is thrown out", "sends nonsense", "says good-bye"])
async def test_a_will_is_done_unless_the_client_has_said_good_bye(way: str) -> None:
    async with broker() as place:
        heir = await place.client(b"heir")
        await heir.say(Subscribe(1, ((b"will", 0),)))
        client = await place.client(b"lamp", keep_alive=10, will=Message(b"will", b"gone"))
        match way:
            case "breaks":
                client.stream.reset()
            case "is silent":
                await place.clock.advance(14.9)
                assert await heir.hear() == []
                await place.clock.advance(0.1)
            case "is thrown out":
                assert place.broker.throw_out(b"lamp")
                assert not place.broker.throw_out(b"lamp")
            case "sends nonsense":
                await client.stream.send(b"\0\0")
            case "says good-bye":
                await client.say(Empty(DISCONNECT))
        done = [] if way == "says good-bye" else [Publish(Message(b"will", b"gone"))]
        assert await heir.hear() == done


@pytest.mark.parametrize(
    ("connect", "code"),
    [
        (Connect(b"lamp", user=b"me", password=b"secret"), 0),
        (Connect(b"", user=b"me", password=b"secret"), 0),
        (Connect(b"", clean=False, user=b"me", password=b"secret"), 2),
        (Connect(b"lamp", user=b"me", password=b"wrong"), 4),
        (Connect(b"lamp", user=b"you", password=b"secret"), 4),
        (Connect(b"lamp", user=b"me"), 4),
        (Connect(b"lamp"), 4),
    ],
)
async def test_who_is_let_in(connect: Connect, code: int) -> None:
    async with broker("mqtt 1883 user=me password=secret") as place:
        client = place.dial()
        assert await client.say(connect) == [ConnectAnswer(False, code)]
        assert not code or await client.is_let_go()


@pytest.mark.parametrize("code", range(1, 6))
async def test_every_code_of_a_refusal(code: int) -> None:
    async with broker() as place:
        place.broker.refusal = code
        client = place.dial()
        assert await client.say(Connect(b"lamp")) == [ConnectAnswer(False, code)]
        assert await client.is_let_go()


async def test_who_does_not_introduce_itself_is_let_go() -> None:
    async with broker() as place:
        early = place.dial()
        assert await early.say(Empty(PINGREQ)) == []
        assert await early.is_let_go()
        another = place.dial()
        await another.stream.send(b"\x10\x0c\x00\x04MQTT\x05\x02\x00\x00\x00\x00")
        assert await another.hear() == [ConnectAnswer(False, 1)]
        silent = place.dial()
        await place.clock.advance(30)
        assert await silent.is_let_go()


async def test_a_broker_that_is_paused_answers_later() -> None:
    async with broker() as place:
        lamp = await place.client(b"lamp")
        place.broker.paused = True
        assert await lamp.say(Empty(PINGREQ)) == []
        place.broker.paused = False
        place.host.changed.unpark_all()
        assert await lamp.hear() == [Empty(PINGRESP)]


async def test_the_client_of_somebody_else() -> None:
    got: list[tuple[str, bytes, int]] = []
    done = Event()

    def talk(port: int) -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2, "lamp", clean_session=True)

        def start(client: paho.Client, *_: Any) -> None:
            client.subscribe([("lamp/+", 2)])

        def publish(client: paho.Client, *_: Any) -> None:
            for qos in range(3):
                client.publish(f"lamp/{qos}", bytes(5000), qos)

        def take(_: Any, __: Any, one: paho.MQTTMessage) -> None:
            got.append((one.topic, bytes(one.payload), one.qos))
            if len(got) == 3:
                done.set()

        client.on_connect, client.on_subscribe, client.on_message = start, publish, take
        client.connect(str(LOOPBACK), port)
        client.loop_start()
        assert done.wait(LIMIT)
        client.disconnect()
        client.loop_stop()

    clock = RealClock()
    async with trio.open_nursery() as nursery:
        host = WorldHost(HostConfiguration(serves=(read_service("mqtt"),)), clock, (), nursery.start_soon)
        listener = trio.socket.socket()
        await listener.bind((str(LOOPBACK), 0))
        listener.listen()

        async def accept() -> None:
            sock, address = await listener.accept()
            host.take(HostStream(sock, socket_endpoint(address), clock), PORT)

        nursery.start_soon(accept)
        await trio.to_thread.run_sync(talk, listener.getsockname()[1])
        nursery.cancel_scope.cancel()
    listener.close()
    assert sorted(got) == [(f"lamp/{qos}", bytes(5000), qos) for qos in range(3)]
