"""Test certificates: authorities, and what they issue. RSA with 2048 bits and SHA-256, as those of the module are.

Two authorities. The first has issued everything but client set 1, which has the second one's certificates on both
sides: with AT+CIPSSLCCONF=2,0,1 a server of the first is unknown, and so is a client of set 1 to it.
"""

import ipaddress
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from espat.core.output_file import others_can_write

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate, GeneralName, Name

KEY_BITS: Final = 2048
VALID_FROM: Final = datetime(2020, 1, 1, tzinfo=UTC)
VALID_UNTIL: Final = datetime(2070, 1, 1, tzinfo=UTC)
SERVER_NAME: Final = "server.test"
"""The common name of the server's certificate, and of those of mqtt, wss and https, which are clients, one like it."""
SERVER_ADDRESSES: Final = ("localhost", "127.0.0.1", "192.168.4.1")
"""What the server's certificate is good for besides its name."""


class Subject(NamedTuple):
    """Whose certificate it is. `is_server`: what it may be used as; `authority`: the number of its issuer."""

    name: str
    is_server: bool = False
    authority: int = 0


class KeySet(NamedTuple):
    """One set in the manufacturing data: `<kind>_ca`, `<kind>_cert`, `<kind>_key`, with a number behind it or none."""

    kind: str
    number: int | None
    subject: Subject

    def key(self, what: str) -> str:
        """The key of its `ca`, `cert` or `key`."""
        number = "" if self.number is None else f".{self.number}"
        return f"{self.kind}_{what}{number}"


KEY_SETS: Final = (
    KeySet("server", None, Subject(SERVER_NAME, is_server=True)),
    KeySet("client", 0, Subject("client0.test")),
    KeySet("client", 1, Subject("client1.test", authority=1)),
    KeySet("mqtt", None, Subject("mqtt.test")),
    KeySet("wss", None, Subject("wss.test")),
    KeySet("https", None, Subject("https.test")),
)
"""What `mfg_nvs` holds of certificates (ESP-AT User Guide, "How to Update PKI Config")."""


class Issued(NamedTuple):
    """A certificate and its private key, in PEM."""

    certificate: bytes
    key: bytes


class Authority:
    """A certificate authority. `name` is its common name."""

    def __init__(self, name: str, *, valid_from: datetime = VALID_FROM, valid_until: datetime = VALID_UNTIL) -> None:
        self._name = name
        self._valid_from = valid_from
        self._valid_until = valid_until

    @cached_property
    def _key(self) -> "RSAPrivateKey":
        return _new_key()

    @cached_property
    def issued(self) -> Issued:
        """Its own certificate, which others trust."""
        validity = self._valid_from, self._valid_until
        return self._issue(self._name, self._key, validity, is_server=False, issuer=None)

    def issue(
        self, subject: Subject, *, valid_from: datetime | None = None, valid_until: datetime | None = None
    ) -> Issued:
        """A certificate for a subject, with a fresh key; as long as the authority's own if nothing is said."""
        validity = valid_from or self._valid_from, valid_until or self._valid_until
        return self._issue(subject.name, _new_key(), validity, is_server=subject.is_server, issuer=self._name)

    def _issue(
        self,
        name: str,
        key: "RSAPrivateKey",
        validity: tuple[datetime, datetime],
        *,
        is_server: bool,
        issuer: str | None,
    ) -> Issued:
        from cryptography import x509  # heavy: only who makes certificates needs it
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.x509.oid import ExtendedKeyUsageOID

        is_authority = issuer is None
        builder = (
            x509.CertificateBuilder()
            .subject_name(_distinguished(name))
            .issuer_name(_distinguished(issuer or name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(validity[0])
            .not_valid_after(validity[1])
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if not is_authority:
            usage = ExtendedKeyUsageOID.SERVER_AUTH if is_server else ExtendedKeyUsageOID.CLIENT_AUTH
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if is_server:
            names = [_general_name(text) for text in (name, *SERVER_ADDRESSES)]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate: Certificate = builder.sign(self._key, hashes.SHA256())
        return Issued(
            certificate.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            ),
        )


def make(
    server_name: str = SERVER_NAME, *, valid_from: datetime = VALID_FROM, valid_until: datetime = VALID_UNTIL
) -> dict[str, bytes]:
    """Every certificate and key of the manufacturing data, by its key, and the authorities' own keys as `ca_key.N`."""
    authorities = [
        Authority(f"esp-at-simulator test CA {number}", valid_from=valid_from, valid_until=valid_until)
        for number in range(2)
    ]
    made = {f"ca_key.{number}": authority.issued.key for number, authority in enumerate(authorities)}
    for each in KEY_SETS:
        subject = each.subject._replace(name=server_name) if each.subject.is_server else each.subject
        authority = authorities[subject.authority]
        issued = authority.issue(subject)
        made[each.key("ca")] = authority.issued.certificate
        made[each.key("cert")] = issued.certificate
        made[each.key("key")] = issued.key
    return made


def write(made: dict[str, bytes], folder: Path) -> Iterator[Path]:
    """Write them as `KEY.pem` files, and tell which; the keys are for their owner only.

    Raises FileExistsError or PermissionError before anything is written, or OSError.
    """
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    if others_can_write(folder) and not folder.stat().st_mode & stat.S_ISVTX:
        raise PermissionError(f"{folder}: expected a folder of your own, got one that others can write")
    paths = {key: folder / f"{key}.pem" for key in sorted(made)}
    for path in paths.values():
        if path.exists():
            raise FileExistsError(f"{path} is there already")
    for key, path in paths.items():
        mode = 0o600 if "_key" in key else 0o644
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(made[key])
        yield path


def _new_key() -> "RSAPrivateKey":
    from cryptography.hazmat.primitives.asymmetric import rsa  # heavy: only who makes certificates needs it

    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def _distinguished(common_name: str) -> "Name":
    from cryptography import x509  # heavy: only who makes certificates needs it

    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


def _general_name(text: str) -> "GeneralName":
    from cryptography import x509  # heavy: only who makes certificates needs it

    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
