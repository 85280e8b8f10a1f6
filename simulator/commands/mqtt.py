"""MQTT (ESP-AT User Guide, "MQTT AT Commands")."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

from espat.commands.reports import status
from espat.core.at.answers import Line, Result
from espat.core.at.arguments import Argument, Secret, Text
from espat.core.at.data_entry import CountedEntry
from espat.core.at.engine import Engine
from espat.core.at.errors import failed, wrong_count
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.module import Module
from espat.stack.mqtt.client import MQTT_CONNECTED, MQTT_DISCONNECTED, MQTT_MESSAGE, MqttClient
from espat.stack.mqtt.configuration import USUAL_KEEP_ALIVE, MqttConfiguration, MqttState, Will
from espat.stack.mqtt.failures import MqttError, MqttFailure

table = CommandTable()

MOST_PROTOCOLS: Final = 5
LONGEST_PUBLISH: Final = 2**20
PUBLISHED: Final = Result(b"+MQTTPUB:OK\r\n")
NOT_PUBLISHED: Final = Result(b"+MQTTPUB:FAIL\r\n")


class Number(Argument):
    """A number from `least` to `most`; another has the code of MQTT."""

    def __init__(self, least: int, most: int, failure: MqttFailure) -> None:
        self.least = least
        self.most = most
        self._failure = failure

    def check(self, value: int, position: int) -> int:
        if not self.least <= value <= self.most:
            raise failed(self._failure)
        return value

    def describe(self) -> str:
        return f"{self.least}..{self.most}"


class String(Text):
    """A string; one that is too long has the code of MQTT, and an empty one that of `null` if there may be none."""

    def __init__(self, most: int, failure: MqttFailure, null: MqttFailure | None = None) -> None:
        super().__init__(most, int(null is not None))
        self._failure = failure
        self._null = null

    def check(self, value: bytes, position: int) -> Any:
        if len(value) > self.most:
            raise failed(self._failure)
        if not value and self._null is not None:
            raise failed(self._null)
        return value


class Password(String, Secret):
    """One that no log shows."""


LinkId = Annotated[int, Number(0, 0, MqttFailure.LINK_ID)]
Topic = Annotated[bytes, String(128, MqttFailure.TOPIC_LENGTH, MqttFailure.TOPIC_NULL)]
Qos = Annotated[int, Number(0, 2, MqttFailure.QOS)]
Retain = Annotated[int, Number(0, 1, MqttFailure.RETAIN)]
TimeLimit = Annotated[int, Number(3000, 60000, MqttFailure.START)]
"""Milliseconds."""
USUAL_LIMIT: Final = 15000
Length = Annotated[int, Number(1, 1024, MqttFailure.RECEIVED_LENGTH)]
ClientId = Annotated[bytes, String(256, MqttFailure.CLIENT_ID_LENGTH)]
Username = Annotated[bytes, String(64, MqttFailure.USERNAME_LENGTH)]
UserPassword = Annotated[bytes, Password(64, MqttFailure.PASSWORD_LENGTH)]


@contextmanager
def _with_codes() -> Iterator[None]:
    """Have what MQTT refuses bear its code."""
    try:
        yield
    except MqttError as error:
        raise failed(error.failure) from None


def _configurable(module: Module) -> MqttConfiguration:
    """What may still be configured. Raises CommandError."""
    with _with_codes():
        module[MqttClient].need_configured()
    return module[MqttClient].configuration


@table.command("AT+MQTTUSERCFG", Form.SET)
def configure_user(
    module: Module,
    _link: LinkId,
    scheme: Annotated[int, Number(1, 10, MqttFailure.SCHEME)],
    client_id: ClientId,
    username: Username,
    password: UserPassword,
    _pki: Annotated[int, Number(0, 0, MqttFailure.CERTIFICATE_ID)],
    _ca: Annotated[int, Number(0, 0, MqttFailure.AUTHORITY_ID)],
    path: Annotated[bytes, String(32, MqttFailure.PATH_LENGTH)],
) -> None:
    """AT+MQTTUSERCFG: never stored."""
    with _with_codes():
        module[MqttClient].configure(MqttConfiguration(scheme, client_id, username, password, path))


@table.command("AT+MQTTCLIENTID", Form.SET)
def set_client_id(module: Module, _link: LinkId, client_id: ClientId) -> None:
    """AT+MQTTCLIENTID: instead of that of AT+MQTTUSERCFG."""
    _configurable(module).client_id = client_id


@table.command("AT+MQTTUSERNAME", Form.SET)
def set_username(module: Module, _link: LinkId, username: Username) -> None:
    """AT+MQTTUSERNAME: likewise."""
    _configurable(module).username = username


@table.command("AT+MQTTPASSWORD", Form.SET)
def set_password(module: Module, _link: LinkId, password: UserPassword) -> None:
    """AT+MQTTPASSWORD: likewise."""
    _configurable(module).password = password


async def _long(module: Module, length: int) -> bytes:
    return await module[Engine].data_entry(CountedEntry(length, cancellable=False))


@table.command("AT+MQTTLONGCLIENTID", Form.SET, takes="prompt")
async def set_long_client_id(module: Module, _link: LinkId, length: Length) -> None:
    """AT+MQTTLONGCLIENTID: behind a prompt."""
    own = _configurable(module)
    own.client_id = await _long(module, length)


@table.command("AT+MQTTLONGUSERNAME", Form.SET, takes="prompt")
async def set_long_username(module: Module, _link: LinkId, length: Length) -> None:
    """AT+MQTTLONGUSERNAME: behind a prompt."""
    own = _configurable(module)
    own.username = await _long(module, length)


@table.command("AT+MQTTLONGPASSWORD", Form.SET, takes="prompt")
async def set_long_password(module: Module, _link: LinkId, length: Length) -> None:
    """AT+MQTTLONGPASSWORD: behind a prompt."""
    own = _configurable(module)
    own.password = await _long(module, length)


@table.command("AT+MQTTCONNCFG", Form.SET)
def configure_connection(
    module: Module,
    _link: LinkId,
    keep_alive: Annotated[int, Number(0, 7200, MqttFailure.KEEP_ALIVE)],
    keeps_session: Annotated[int, Number(0, 1, MqttFailure.CLEAN_SESSION)],
    topic: Annotated[bytes, String(128, MqttFailure.WILL_TOPIC_LENGTH)],
    message: Annotated[bytes, String(128, MqttFailure.WILL_MESSAGE_LENGTH)],
    qos: Annotated[int, Number(0, 2, MqttFailure.WILL_QOS)],
    retain: Annotated[int, Number(0, 1, MqttFailure.WILL_RETAIN)],
) -> None:
    """AT+MQTTCONNCFG: keep-alive in seconds, session and will."""
    own = _configurable(module)
    own.keep_alive = keep_alive or USUAL_KEEP_ALIVE
    own.clean_session = not keeps_session
    own.will = Will(topic, message, qos, bool(retain))
    module[MqttClient].state = MqttState.CONNECTION_CONFIGURED


@table.command("AT+MQTTALPN", Form.SET)
def set_protocols(
    module: Module,
    _link: LinkId,
    count: Annotated[int, Number(0, MOST_PROTOCOLS, MqttFailure.TLS_CONFIGURATION)],
    *names: Annotated[bytes, Text(255, 1)],
) -> None:
    """AT+MQTTALPN: 0 for none."""
    if count != len(names):
        raise wrong_count(2 + count, 2 + len(names))
    _configurable(module).alpn = names


@table.command("AT+MQTTSNI", Form.SET)
def set_server_name(module: Module, _link: LinkId, name: Annotated[bytes, Text(255)]) -> None:
    """AT+MQTTSNI: the name that tells the server whom the client wants."""
    _configurable(module).server_name = name


def _where(own: MqttConfiguration) -> bytes:
    """What all lines about the connection end with."""
    port = b"%d" % own.port if own.port else b""
    return b'%d,"%b","%b","%b",%d' % (own.scheme, own.host, port, own.resource, own.reconnect)


@table.command("AT+MQTTCONN", Form.QUERY)
def connection(module: Module) -> Line:
    """AT+MQTTCONN?: the state, and where it leads."""
    client = module[MqttClient]
    return Line(b"+MQTTCONN:0,%d,%b" % (client.state, _where(client.configuration)))


@table.command("AT+MQTTCONN", Form.SET)
async def connect(
    module: Module,
    _link: LinkId,
    host: Annotated[bytes, String(128, MqttFailure.HOST_LENGTH, MqttFailure.HOST_NULL)],
    port: Annotated[int, Number(1, 65535, MqttFailure.PORT)],
    reconnect: Annotated[int, Number(0, 1, MqttFailure.RECONNECT)],
    limit: TimeLimit = USUAL_LIMIT,
) -> None:
    """AT+MQTTCONN: +MQTTCONNECTED stands before the OK."""
    with _with_codes():
        await module[MqttClient].connect(host, port, limit / 1000, reconnect=bool(reconnect))


@table.command("AT+MQTTPUB", Form.SET)
async def publish(
    module: Module,
    _link: LinkId,
    topic: Topic,
    data: Annotated[bytes, Text(256)],
    qos: Qos,
    retain: Retain,
    limit: TimeLimit = USUAL_LIMIT,
) -> None:
    """AT+MQTTPUB: with QoS 1 and 2 the answer waits for the broker's."""
    with _with_codes():
        await module[MqttClient].publish(topic, data, qos, limit / 1000, retain=bool(retain))


@table.command("AT+MQTTPUBRAW", Form.SET, takes="prompt")
async def publish_raw(
    module: Module,
    _link: LinkId,
    topic: Topic,
    length: Annotated[int, Number(1, LONGEST_PUBLISH, MqttFailure.PUBLISH_LENGTH)],
    qos: Qos,
    retain: Retain,
    limit: TimeLimit = USUAL_LIMIT,
) -> Result:
    """AT+MQTTPUBRAW: data behind a prompt."""
    client = module[MqttClient]
    with _with_codes():
        client.need_connection()
    payload = await _long(module, length)
    try:
        await client.publish(topic, payload, qos, limit / 1000, retain=bool(retain))
    except MqttError:
        return NOT_PUBLISHED
    return PUBLISHED


@table.command("AT+MQTTSUB", Form.QUERY)
def subscriptions(module: Module) -> list[Line]:
    """AT+MQTTSUB?: the topics; one that is empty where there are none."""
    client = module[MqttClient]
    topics = client.topics or {b"": 0}
    return [Line(b'+MQTTSUB:0,%d,"%b",%d' % (client.state, topic, qos)) for topic, qos in topics.items()]


@table.command("AT+MQTTSUB", Form.SET)
async def subscribe(
    module: Module, _link: LinkId, topic: Topic, qos: Qos, limit: TimeLimit = USUAL_LIMIT
) -> Line | None:
    """AT+MQTTSUB: ten topics at most."""
    with _with_codes():
        is_new = await module[MqttClient].subscribe(topic, qos, limit / 1000)
    return None if is_new else Line(b"ALREADY SUBSCRIBE")


@table.command("AT+MQTTUNSUB", Form.SET)
async def unsubscribe(module: Module, _link: LinkId, topic: Topic, limit: TimeLimit = USUAL_LIMIT) -> Line | None:
    """AT+MQTTUNSUB."""
    with _with_codes():
        was_there = await module[MqttClient].unsubscribe(topic, limit / 1000)
    return None if was_there else Line(b"NO UNSUBSCRIBE")


@table.command("AT+MQTTCLEAN", Form.SET)
async def clean(module: Module, _link: LinkId) -> None:
    """AT+MQTTCLEAN: takes leave of the broker and forgets everything."""
    with _with_codes():
        await module[MqttClient].clean()


@table.report(MQTT_CONNECTED)
def connected(module: Module, own: MqttConfiguration) -> None:
    """+MQTTCONNECTED."""
    status(module, b"+MQTTCONNECTED:0,%b\r\n" % _where(own))


@table.report(MQTT_DISCONNECTED)
def disconnected(module: Module) -> None:
    """+MQTTDISCONNECTED."""
    status(module, b"+MQTTDISCONNECTED:0\r\n")


@table.report(MQTT_MESSAGE)
def received(module: Module, topic: bytes, data: bytes) -> None:
    """+MQTTSUBRECV: the data as it is."""
    status(module, b'+MQTTSUBRECV:0,"%b",%d,%b\r\n' % (topic, len(data), data), private=True)
