"""Certificates, and the contexts of TLS for the peers of a module."""

import ctypes
import ssl
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from espat.persist.manufacturing import SHIPPED
from espat.persist.pki import Authority, Issued, Subject
from espat.stack.openssl import context_pointer, libssl

NOW: Final = 1_700_000_000
"""A time, in seconds since 1970, at which the shipped certificates are valid."""
SERVER: Final = Subject("server.test", is_server=True)


class Manufactured(dict[str, bytes]):
    """Manufacturing data by key."""

    def read(self, namespace: str, key: str) -> bytes | None:
        """A value, or None."""
        return self.get(key)


def shipped() -> Manufactured:
    """The shipped data, to change some of it."""
    return Manufactured({path.stem: path.read_bytes() for path in SHIPPED.glob("*.pem")})


@cache
def authority(name: str = "an authority of the tests") -> Authority:
    """An authority of the tests' own, valid as long as the shipped ones."""
    return Authority(name)


@cache
def issued(first: int = 2020, last: int = 2070, subject: Subject = SERVER) -> Issued:
    """A certificate of that authority's, valid for those years."""
    validity = {"valid_from": datetime(first, 1, 1, tzinfo=UTC), "valid_until": datetime(last, 1, 1, tzinfo=UTC)}
    return authority().issue(subject, **validity)


@cache
def chain() -> tuple[Issued, bytes]:
    """A server's certificate with the one of its issuer behind it, and that one alone: an authority in the middle,
    which the tests' own authority has issued."""
    root = load_pem_private_key(authority().issued.key, None)
    middle = Authority("in the middle")
    own = x509.load_pem_x509_certificate(middle.issued.certificate)
    assert isinstance(root, rsa.RSAPrivateKey)
    builder = (
        x509.CertificateBuilder()
        .subject_name(own.subject)
        .issuer_name(x509.load_pem_x509_certificate(authority().issued.certificate).subject)
        .public_key(own.public_key())
        .serial_number(own.serial_number)
        .not_valid_before(own.not_valid_before_utc)
        .not_valid_after(own.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    issuer = builder.sign(root, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    leaf = middle.issue(SERVER)
    return Issued(leaf.certificate + issuer, leaf.key), issuer


def trusting() -> Manufactured:
    """The shipped data, but that client set 0 trusts the tests' own authority too."""
    data = shipped()
    data["client_ca.0"] += authority().issued.certificate
    return data


def server_context(
    own: Issued | None = None, *, clients: bytes | None = None, ciphers: str = "", alpn: tuple[str, ...] = ()
) -> ssl.SSLContext:
    """What a server uses; the shipped certificate of a server unless another is given.

    `clients`: the authority that clients' certificates have to come from.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load(context, own or Issued(shipped()["server_cert"], shipped()["server_key"]))
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients.decode())
    if ciphers:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def client_context(own: str = "", *, trusted: str = "client_ca.0", ciphers: str = "") -> ssl.SSLContext:
    """What a client uses. `own`: the number of the shipped set it shows, none when empty."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=shipped()[trusted].decode())
    if own:
        load(context, Issued(shipped()[f"client_cert.{own}"], shipped()[f"client_key.{own}"]))
    if ciphers:
        context.set_ciphers(ciphers)
    return context


def load(context: ssl.SSLContext, own: Issued) -> None:
    """Let a context show a certificate."""
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = Path(folder, "certificate"), Path(folder, "key")
        certificate.write_bytes(own.certificate)
        key.write_bytes(own.key)
        context.load_cert_chain(certificate, key)


_SERVER_CALLBACK: Final = ctypes.CFUNCTYPE(
    ctypes.c_uint, ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_char), ctypes.c_uint
)
_kept: list[Any] = []


def psk_context(keys: Mapping[bytes, bytes]) -> ssl.SSLContext:
    """A server that knows clients by pre-shared keys: identity to key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("PSK")

    def find(connection: Any, identity: bytes, place: Any, room: int) -> int:
        key = keys.get(identity, b"")
        ctypes.memmove(place, key, len(key))
        return len(key)

    callback = _SERVER_CALLBACK(find)
    _kept.append(callback)
    library = libssl()
    library.SSL_CTX_set_psk_server_callback.argtypes = [ctypes.c_void_p, _SERVER_CALLBACK]
    library.SSL_CTX_set_psk_server_callback(context_pointer(context), callback)
    return context
