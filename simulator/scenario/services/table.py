"""All kinds of services by their names in the world file, and how an entry is read. Sans-IO."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from espat.core.suggestions import unknown
from espat.scenario.schema.kinds import Reader, WrongValueError, whole_number_text
from espat.scenario.services.mqtt import Mqtt, Mqtts
from espat.scenario.services.ntp import Ntp
from espat.scenario.services.peer import TcpPeer, UdpPeer
from espat.scenario.services.service import Service, ServiceConfiguration
from espat.scenario.services.streams import TcpDiscard, TcpEcho, TcpRefuse, TcpSilent, TcpSource, UdpEcho
from espat.scenario.services.tls import TlsEcho, TlsPeer, located
from espat.scenario.services.web import SecureWeb, Web

SERVICES: Final[Mapping[str, type[Service]]] = {
    "tcp-echo": TcpEcho,
    "udp-echo": UdpEcho,
    "tcp-discard": TcpDiscard,
    "tcp-source": TcpSource,
    "tcp-silent": TcpSilent,
    "tcp-refuse": TcpRefuse,
    "tls-echo": TlsEcho,
    "ntp": Ntp,
    "mqtt": Mqtt,
    "mqtts": Mqtts,
    "http": Web,
    "https": SecureWeb,
    "tcp-peer": TcpPeer,
    "tls-peer": TlsPeer,
    "udp-peer": UdpPeer,
}

RIGHT: Final = "a service like 'tcp-echo 7'"
_read_port = whole_number_text(1, 65535)


def read_service(value: object, folder: Path = Path()) -> ServiceConfiguration:
    """Read `kind [port] [option=value ...]`, like `tcp-echo 7`. `folder`: where the files are that it names. Raises
    WrongValueError."""
    if not isinstance(value, str) or not value.split():
        raise WrongValueError(RIGHT)
    name, *words = value.split()
    if name not in SERVICES:
        raise WrongValueError(RIGHT, problem=unknown("service", name, SERVICES))
    kind = SERVICES[name]
    port = kind.usual_port
    if words and "=" not in words[0]:
        port = _read(f"'{name} PORT' with", words.pop(0), _read_port)
    if port is None:
        raise WrongValueError(f"'{name} PORT' with a whole number from 1 to 65535")
    options: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or key not in kind.options or key in options:
            known = "".join(f" [{option}=...]" for option in kind.options)
            raise WrongValueError(f"'{name} [PORT]{known}'")
        if key in kind.files:
            text = located(text, folder)
        options[key] = _read(f"'{key}=' with", text, kind.options[key])
    return ServiceConfiguration(kind, port, options)


def _read(what: str, text: str, reader: Reader) -> Any:
    try:
        return reader(text)
    except WrongValueError as error:
        raise WrongValueError(f"{what} {error.right}", error.found) from None
