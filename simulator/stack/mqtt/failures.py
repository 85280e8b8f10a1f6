"""How MQTT commands fail (ESP-AT User Guide, "MQTT AT Error Codes")."""

from enum import IntEnum


class MqttFailure(IntEnum):
    """The number behind 0x010a of `ERR CODE:`."""

    NOT_CONFIGURED = 0x6001
    NOT_IN_CONFIGURED_STATE = 0x6002
    CLEAN = 0x6003
    ALREADY_CONNECTED = 0x6004
    TLS_CONFIGURATION = 0x6009
    START = 0x600B
    PUBLISH = 0x600C
    SUBSCRIBE = 0x600D
    UNSUBSCRIBE = 0x600E
    LINK_ID = 0x6011
    SCHEME = 0x6013
    CLIENT_ID_LENGTH = 0x6016
    USERNAME_LENGTH = 0x6019
    PASSWORD_LENGTH = 0x601C
    CERTIFICATE_ID = 0x601E
    AUTHORITY_ID = 0x6020
    PATH_LENGTH = 0x6029
    KEEP_ALIVE = 0x602D
    CLEAN_SESSION = 0x602F
    WILL_TOPIC_LENGTH = 0x6032
    WILL_MESSAGE_LENGTH = 0x6035
    WILL_QOS = 0x6037
    WILL_RETAIN = 0x6039
    HOST_NULL = 0x603B
    HOST_LENGTH = 0x603C
    PORT = 0x603E
    RECONNECT = 0x6040
    TOPIC_NULL = 0x6042
    TOPIC_LENGTH = 0x6043
    QOS = 0x6048
    RETAIN = 0x604A
    PUBLISH_LENGTH = 0x604C
    RECEIVED_LENGTH = 0x604D
    DISCONNECTED = 0x6051


class MqttError(Exception):
    """An MQTT command cannot be carried out."""

    def __init__(self, failure: MqttFailure) -> None:
        super().__init__(failure.name)
        self.failure = failure
