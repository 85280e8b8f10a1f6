"""The hosts that a scenario plays itself."""

import re
from collections.abc import Mapping
from typing import Any, Final

from espat.core.suggestions import expected
from espat.scenario.schema.kinds import (
    ANYTHING,
    BOOLEAN,
    TEXT,
    Kind,
    WrongValueError,
    list_of,
    one_of,
    shown,
    text_from,
    whole_number,
)
from espat.scenario.schema.tables import Field, Reading, Table, Tables
from espat.scenario.text.values import HOST_NAME, MAC, host_address
from espat.scenario.world.peers import TRANSPORTS, Credentials, PeerConfiguration

PEERS_LIMIT: Final = 256
AWAITED_PROTOCOLS: Final = ("http", "https", "ws-echo", "wss-echo", "wss")
"""What peers of transcripts serve that nothing here speaks yet."""
PORT: Final = whole_number(1, 65535)


def _served(text: str) -> tuple[str, int]:
    found = re.fullmatch(r"([a-z-]+) ([0-9]{1,5})", text)
    if found is None or not 0 < int(found[2]) < 65536 or found[1] not in (*TRANSPORTS, *AWAITED_PROTOCOLS):
        raise WrongValueError(SERVED.right)
    return found[1], int(found[2])


SERVED: Final = text_from(_served, "'tcp 80', 'udp 53' or 'ssl 443'", pattern="^[a-z-]+ [0-9]{1,5}$")
_SOME: Final = list_of(SERVED, "a list of such texts", 64)


def _serves(value: object) -> list[tuple[str, int]]:
    try:
        return _SOME.read(value if isinstance(value, list) else [value])
    except WrongValueError as error:
        raise WrongValueError(SERVES.right, (error.found or shown(value)).removesuffix(" in it")) from None


SERVES: Final = Kind(
    f"{SERVED.right}, or a list of these",
    _serves,
    {"anyOf": [SERVED.json_schema, _SOME.json_schema]},
)


def _certificate(text: str) -> str:
    if not re.fullmatch(r"[\w.]{1,40}", text):
        raise WrongValueError(CERTIFICATE.right)
    return re.sub(r"_0([0-9])$", r".\1", text.removesuffix(".crt").removesuffix(".pem"))


CERTIFICATE: Final[Kind[str]] = text_from(_certificate, "the name of a certificate", pattern=r"^[\w.]{1,40}$")
"""Read as its key in the manufacturing data: `client_cert_00.crt` is `client_cert.0` there."""

BROKERS: Final = ("mqtt", "mqtts")
OF_PROTOCOLS: Final = ("user", "password", "path")
"""What belongs to protocols, of which no peer speaks some yet."""
OF_BLUETOOTH: Final = ("addr", "ble", "bt", "app")
"""What belongs to phones that there are not yet."""
FOR_THE_READER: Final = ("wifi", "tools", "network")
"""Notes in the words of a transcript."""
NOT_BUILT: Final = "not built yet"


def make_peer(
    reading: Reading, place: str, written: Mapping[str, Any], fields: dict[str, Any]
) -> PeerConfiguration | None:
    """A peer; what it serves that there is not yet is awaited."""
    if "id" not in fields:
        return None
    reading.claim("peer", fields["id"], place, "id", "an id of its own")
    served = []
    for transport, port in fields.get("serves", []):
        if transport in AWAITED_PROTOCOLS:
            reading.context.awaited.append((f"a peer that serves {transport}", f"{place}.serves"))
        else:
            served.append((transport, port))
    serves = {transport for transport, _ in fields.get("serves", [])}
    for key in OF_PROTOCOLS:
        takers = AWAITED_PROTOCOLS if key == "path" else (*BROKERS, *AWAITED_PROTOCOLS)
        if key in written and not serves.intersection(takers):
            right = f"{' or '.join(takers)} among what it serves"
            reading.wrong(place, expected(f"{right}, with {key!r}", "none"), key)
    for key in OF_BLUETOOTH:
        if key in written:
            reading.context.awaited.append((f"a peer with {key}", f"{place}.{key}"))
    shown = fields.get("client_cert") or fields.get("cert")
    return PeerConfiguration(
        fields["id"],
        str(fields.get("address", "")),
        fields.get("name", ""),
        () if fields.get("refuses") else tuple(served),
        tuple(served),
        fields.get("udp_port"),
        fields.get("mac"),
        Credentials(shown, fields.get("ca")),
        demands="client_auth" in fields,
        user=fields.get("user"),
        password=fields.get("password"),
    )


PEER: Final = Table(
    "A host that a scenario plays itself, with its verbs.",
    {
        "id": Field(TEXT, "what verbs call it", required=True),
        "address": Field(host_address("192.168.3.102"), "its address", "any, when it is needed", aliases=("ip",)),
        "name": Field(HOST_NAME, "what DNS knows it by", aliases=("host",)),
        "serves": Field(SERVES, "what it serves from the beginning, one or a list of them"),
        "refuses": Field(BOOLEAN, "true: who connects is refused, until `peer.serve`", "false"),
        "udp_port": Field(PORT, "a UDP port that it has"),
        "mac": Field(MAC, "its MAC address as a station", "derived from its id"),
        "cert": Field(CERTIFICATE, "what its TLS servers show, of the certificates that ship", "`server_cert`"),
        "client_cert": Field(CERTIFICATE, "what it shows when it connects over TLS"),
        "ca": Field(CERTIFICATE, "whose certificates it trusts"),
        "client_auth": Field(one_of({"required": True}), "its TLS servers take nobody without a certificate"),
        "user": Field(TEXT, "who may come to its broker", "everybody"),
        "password": Field(TEXT, "and with which password"),
    }
    | {key: Field(ANYTHING, NOT_BUILT) for key in ("path", *OF_BLUETOOTH)}
    | {key: Field(TEXT, "for the reader") for key in FOR_THE_READER},
    make_peer,
    checks=True,
)

TABLES: Final = {"peer": Field(Tables(PEER, PEERS_LIMIT), "", attribute="peers", aliases=("peers",))}
