"""From what a link or the server is to use to a context of OpenSSL: TLS 1.2, as the module's."""

import os
import ssl
from functools import lru_cache
from typing import Final, NamedTuple

from espat.stack.cipher_suites import openssl_names
from espat.stack.openssl import find_all_flaws, use_client_key
from espat.stack.tls_errors import TOLD_FIRST, MbedTls, TlsError

KEPT: Final = 32
"""Contexts that are kept: making one takes as long as a handshake."""


class OwnCertificate(NamedTuple):
    """A certificate, perhaps with those of its issuers behind it, and its private key."""

    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "OwnCertificate(...)"


class PreSharedKey(NamedTuple):
    """A key that both sides know, and the name it goes by."""

    key: bytes
    identity: bytes

    def __repr__(self) -> str:
        return "PreSharedKey(...)"


class TlsConfiguration(NamedTuple):
    """What one side of a connection uses.

    `own`: what it shows. `trusted`: the authorities that the peer's certificate has to come from, None to take any.
    `suites`: by number, all when none is named. `alpn`: protocols to offer.
    """

    is_server: bool = False
    own: OwnCertificate | None = None
    trusted: bytes | None = None
    key: PreSharedKey | None = None
    suites: tuple[int, ...] = ()
    alpn: tuple[bytes, ...] = ()


class Context(NamedTuple):
    """A context of OpenSSL. `kept`: what has to live as long."""

    openssl: ssl.SSLContext
    kept: object


@lru_cache(maxsize=KEPT)
def context_for(configuration: TlsConfiguration) -> Context:
    """The context of a configuration. Raises TlsError when its certificates, key or suites will not do."""
    is_server, own, trusted, key, suites, alpn = configuration
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if is_server else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    if not is_server:
        context.check_hostname = False  # the module compares names itself, and with another one than SNI's
    context.verify_mode = ssl.CERT_NONE if trusted is None else ssl.CERT_REQUIRED
    # What is not verified may be signed with anything, as with Mbed TLS; what is has to be as strong as Mbed TLS's
    # default profile demands: RSA of 2048 bits, SHA-256.
    level = "@SECLEVEL=0" if trusted is None else "@SECLEVEL=2"
    names = openssl_names(suites, with_key=key is not None)
    if not names:
        raise TlsError(MbedTls.SSL_FATAL_ALERT)  # what any peer answers an offer of nothing with
    try:
        context.set_ciphers(":".join([*names, level]))
    except ssl.SSLError as error:  # this OpenSSL has been built without
        raise TlsError(MbedTls.SSL_FATAL_ALERT) from error
    kept: list[object] = []
    if trusted is not None:
        _trust(context, trusted)
        kept.append(find_all_flaws(context, TOLD_FIRST))
    if own is not None:
        _show(context, own)
    if alpn:
        try:
            context.set_alpn_protocols([protocol.decode("ascii") for protocol in alpn])
        except (ssl.SSLError, UnicodeError, ValueError) as error:
            raise TlsError(MbedTls.SSL_BAD_INPUT) from error
    if key is not None:
        kept.append(use_client_key(context, key.identity, key.key))
    return Context(context, kept)


def _trust(context: ssl.SSLContext, authorities: bytes) -> None:
    try:
        context.load_verify_locations(cadata=_text(authorities))
    except (ssl.SSLError, ValueError) as error:
        raise TlsError(MbedTls.X509_INVALID_FORMAT) from error
    loaded = context.cert_store_stats()
    if loaded["x509_ca"] == loaded["x509"]:  # an authority in the middle will do; somebody else's certificate will not
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN


def _show(context: ssl.SSLContext, own: OwnCertificate) -> None:
    """Load a certificate and its key, by way of memory: Python takes them from files only."""
    _trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), own.certificate)  # to know which of the two is wrong
    certificate, key = _file(own.certificate), _file(own.key)
    try:
        # With a password Python never asks for one on the terminal.
        context.load_cert_chain(f"/proc/self/fd/{certificate}", f"/proc/self/fd/{key}", password="")
    except ssl.SSLError as error:
        # Mbed TLS takes a key that does not belong to its certificate; the peer is the one who notices.
        mismatch = error.reason == "KEY_VALUES_MISMATCH"
        raise TlsError(MbedTls.SSL_FATAL_ALERT if mismatch else MbedTls.PK_KEY_INVALID_FORMAT) from error
    finally:
        os.close(certificate)
        os.close(key)


def _file(content: bytes) -> int:
    """A file without a name, on no disk, that goes when it is closed."""
    descriptor = os.memfd_create("pem")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(content.rstrip(b"\0"))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _text(pem: bytes) -> str:
    """PEM as text. Raises ValueError for what is none."""
    return pem.rstrip(b"\0").decode("ascii")
