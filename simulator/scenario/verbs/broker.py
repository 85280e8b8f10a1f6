"""Verbs on the MQTT broker of a host."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from espat.core.suggestions import expected, one_line
from espat.scenario.hosts.world_host import WorldHost
from espat.scenario.mqtt.broker import Broker, Published
from espat.scenario.mqtt.packets import PACKET_LIMIT, Message
from espat.scenario.mqtt.topics import is_topic
from espat.scenario.schema.kinds import shown
from espat.scenario.services.mqtt import Mqtt
from espat.scenario.stage.matching import EXCERPT
from espat.scenario.stage.mismatch import MismatchError
from espat.scenario.stage.stage import Stage
from espat.scenario.verbs.arguments import Data
from espat.scenario.verbs.table import verb

Quality = Annotated[int, range(3)]
NOTHING: Final = Data(b"")
DATA_LIMIT: Final = PACKET_LIMIT - 2**17
"""Bytes that fit into a packet with any topic."""
Refusal = Annotated[int, range(6)]


def _check_publish(given: Mapping[str, Any]) -> str | None:
    if not is_topic(given["topic"]):
        return expected("a topic without wildcards", shown(_text(given["topic"])))
    if len(given.get("data", b"")) > DATA_LIMIT:
        return expected(f"at most {DATA_LIMIT} bytes of data", str(len(given["data"])))
    return None


@verb("broker.publish", check=_check_publish)
async def publish(
    stage: Stage, *, host: str, topic: Data, data: Data = NOTHING, qos: Quality = 0, retain: bool = False
) -> None:
    """The broker publishes a message, to all who have subscribed to its topic."""
    _, broker = _broker(stage, host)
    broker.publish(Message(topic, data, qos, retain))


@verb("broker.expect")
async def expect(
    stage: Stage,
    *,
    host: str,
    topic: Data,
    data: Data | None = None,
    qos: Quality | None = None,
    client: Data | None = None,
) -> None:
    """The broker has got a message from a client, after the last one like it that was expected."""
    at, broker = _broker(stage, host)

    def fits(one: Published) -> bool:
        wanted = ((topic, one.message.topic), (data, one.message.payload), (qos, one.message.qos), (client, one.client))
        return all(want is None or want == got for want, got in wanted)

    def told() -> str:
        others = ", ".join(f"{_text(one.message.topic)} {one.message.payload[:EXCERPT]!r}" for one in broker.recent)
        return f"{host} expected a message about {_text(topic)}, got {one_line(others) or 'none'}"

    await stage.until(at.changed, lambda: any(map(fits, broker.recent)), told)
    broker.recent.remove(next(filter(fits, broker.recent)))


@verb("broker.expect_client")
async def expect_client(stage: Stage, *, host: str, client: Data) -> None:
    """A client is connected to the broker."""
    await connected_to_broker(stage, host, client)


@verb("broker.refuse", code="of CONNACK: 1 to 5; 0: it takes them again")
async def refuse(stage: Stage, *, host: str, code: Refusal = 5) -> None:
    """The broker refuses all who connect from now on."""
    _, broker = _broker(stage, host)
    broker.refusal = code


@verb("broker.disconnect")
async def disconnect(stage: Stage, *, host: str, client: Data) -> None:
    """The broker throws a client out: it closes the connection, and does what the client's will says."""
    at, broker = _broker(stage, host)
    if not broker.throw_out(client):
        raise MismatchError(f"{_text(client)} is not connected to {host}")
    at.changed.unpark_all()


@verb("broker.pause")
async def pause(stage: Stage, *, host: str) -> None:
    """The broker answers nothing any more; connections stay."""
    _, broker = _broker(stage, host)
    broker.paused = True


@verb("broker.resume")
async def resume(stage: Stage, *, host: str) -> None:
    """The broker answers again, first what came meanwhile."""
    at, broker = _broker(stage, host)
    broker.paused = False
    at.changed.unpark_all()


async def connected_to_broker(stage: Stage, host: str, client: bytes | None) -> None:
    """Wait until that client, or any, is connected to the broker of a host. Raises MismatchError."""
    at, broker = _broker(stage, host)

    def connected() -> bool:
        present = {name for name, session in broker.sessions.items() if session.connection is not None}
        return bool(present) if client is None else client in present

    await stage.until(
        at.changed, connected, lambda: f"{host} expected the client {_text(client or b'')}, which does not connect"
    )


def _text(data: bytes) -> str:
    """A topic or the name of a client, to be shown."""
    return data.decode(errors="replace")


def _broker(stage: Stage, name: str) -> tuple[WorldHost, Broker]:
    """A host and its broker. Raises MismatchError."""
    host = stage.host(name)
    for service in host.services:
        if isinstance(service, Mqtt):
            return host, service.broker
    raise MismatchError(f"{name} has no broker; 'mqtt' among what it serves would be one")
