"""How TLS fails, in the numbers of the module's library, Mbed TLS 3: what `+ERRNO:` shows.

Of a failed handshake the module shows the first of these that there is: what was wrong with the peer's certificate, a
bit mask; the error of Mbed TLS, without its minus sign; that of esp-tls; that of the AT core (ESP-AT User Guide, "AT
Messages"; ESP-IDF, esp_tls_mbedtls.c). Mbed TLS has one for every handshake that fails, esp-tls one for every
connection that does not come about.

Sources of the numbers: mbedtls/x509.h, ssl.h, pk.h, net_sockets.h, esp_tls_errors.h.
"""

import ssl
from collections.abc import Iterable
from enum import IntEnum, IntFlag
from typing import Final

from espat.stack.errors import LWIP_ABORTED, NetworkError
from espat.stack.openssl import flaws_found


class CertificateFlaw(IntFlag):
    """What is wrong with a certificate: MBEDTLS_X509_BADCERT_..."""

    EXPIRED = 0x01
    REVOKED = 0x02
    NAME_MISMATCH = 0x04
    NOT_TRUSTED = 0x08
    OTHER = 0x0100
    FUTURE = 0x0200
    EXTENDED_KEY_USAGE = 0x1000
    BAD_DIGEST = 0x4000
    BAD_KEY = 0x010000


class MbedTls(IntEnum):
    """Errors of Mbed TLS: MBEDTLS_ERR_..."""

    NET_RECEIVE_FAILED = 0x004C
    NET_CONNECTION_RESET = 0x0050
    X509_INVALID_FORMAT = 0x2180
    X509_BAD_INPUT = 0x2800
    PK_KEY_INVALID_FORMAT = 0x3D00
    SSL_HANDSHAKE_FAILURE = 0x6E00
    SSL_BAD_PROTOCOL_VERSION = 0x6E80
    SSL_BAD_INPUT = 0x7100
    SSL_INVALID_MAC = 0x7180
    SSL_INVALID_RECORD = 0x7200
    SSL_CONNECTION_EOF = 0x7280
    SSL_DECODE_ERROR = 0x7300
    SSL_NO_CLIENT_CERTIFICATE = 0x7480
    SSL_UNEXPECTED_MESSAGE = 0x7700
    SSL_FATAL_ALERT = 0x7780


class EspTls(IntEnum):
    """Errors of esp-tls, which has them where Mbed TLS has not begun: ESP_ERR_ESP_TLS_..."""

    CANNOT_RESOLVE_HOST_NAME = 0x8001
    FAILED_CONNECT_TO_HOST = 0x8004
    CONNECTION_TIMEOUT = 0x8006


HANDSHAKE_TIMEOUT: Final = MbedTls.NET_RECEIVE_FAILED
"""A blocking read that times out is a failed one to Mbed TLS's network layer in ESP-IDF, as one report of a module has
it (-0x004C)."""

VERIFICATION: Final = {
    7: CertificateFlaw.NOT_TRUSTED,  # its signature is not the authority's
    9: CertificateFlaw.FUTURE,
    10: CertificateFlaw.EXPIRED,
    18: CertificateFlaw.NOT_TRUSTED,  # self-signed
    19: CertificateFlaw.NOT_TRUSTED,  # a self-signed authority in the chain
    20: CertificateFlaw.NOT_TRUSTED,  # the issuer is unknown
    21: CertificateFlaw.NOT_TRUSTED,  # the issuer of the first certificate is unknown
    23: CertificateFlaw.REVOKED,
    24: CertificateFlaw.NOT_TRUSTED,  # the issuer is no authority
    26: CertificateFlaw.EXTENDED_KEY_USAGE,
    62: CertificateFlaw.NAME_MISMATCH,
    64: CertificateFlaw.NAME_MISMATCH,  # an address
    66: CertificateFlaw.BAD_KEY,
    67: CertificateFlaw.BAD_KEY,
    68: CertificateFlaw.BAD_DIGEST,
    79: CertificateFlaw.NOT_TRUSTED,  # an authority whose extensions contradict that
}
"""OpenSSL's X509_V_ERR_... (x509_vfy.h)."""

TOLD_FIRST: Final = (62, 64, 26, 66, 67, 10, 23)
"""Of several flaws the one that the alert to the peer names, in Mbed TLS's order (ssl_tls.c): name, usage and key,
expired, revoked. Those are of VERIFICATION; the others come as they are found."""

REASONS: Final[dict[str, int]] = {
    "WRONG_VERSION_NUMBER": MbedTls.SSL_INVALID_RECORD,  # the first bytes are no record of TLS
    "HTTP_REQUEST": MbedTls.SSL_INVALID_RECORD,
    "HTTPS_PROXY_REQUEST": MbedTls.SSL_INVALID_RECORD,
    "PACKET_LENGTH_TOO_LONG": MbedTls.SSL_INVALID_RECORD,
    "ENCRYPTED_LENGTH_TOO_LONG": MbedTls.SSL_INVALID_RECORD,
    "DATA_LENGTH_TOO_LONG": MbedTls.SSL_INVALID_RECORD,
    "BAD_RECORD_TYPE": MbedTls.SSL_INVALID_RECORD,
    "RECORD_LENGTH_MISMATCH": MbedTls.SSL_INVALID_RECORD,
    "UNSUPPORTED_PROTOCOL": MbedTls.SSL_BAD_PROTOCOL_VERSION,
    "UNKNOWN_PROTOCOL": MbedTls.SSL_BAD_PROTOCOL_VERSION,
    "VERSION_TOO_LOW": MbedTls.SSL_BAD_PROTOCOL_VERSION,
    "BAD_PROTOCOL_VERSION_NUMBER": MbedTls.SSL_BAD_PROTOCOL_VERSION,
    "WRONG_SSL_VERSION": MbedTls.SSL_BAD_PROTOCOL_VERSION,
    "UNEXPECTED_MESSAGE": MbedTls.SSL_UNEXPECTED_MESSAGE,
    "UNEXPECTED_RECORD": MbedTls.SSL_UNEXPECTED_MESSAGE,
    "APP_DATA_IN_HANDSHAKE": MbedTls.SSL_UNEXPECTED_MESSAGE,
    "CCS_RECEIVED_EARLY": MbedTls.SSL_UNEXPECTED_MESSAGE,
    "DECRYPTION_FAILED_OR_BAD_RECORD_MAC": MbedTls.SSL_INVALID_MAC,
    "DECRYPTION_FAILED": MbedTls.SSL_INVALID_MAC,
    "DIGEST_CHECK_FAILED": MbedTls.SSL_INVALID_MAC,
    "BAD_LENGTH": MbedTls.SSL_DECODE_ERROR,
    "LENGTH_MISMATCH": MbedTls.SSL_DECODE_ERROR,
    "LENGTH_TOO_SHORT": MbedTls.SSL_DECODE_ERROR,
    "EXCESSIVE_MESSAGE_SIZE": MbedTls.SSL_DECODE_ERROR,
    "DECODE_ERROR": MbedTls.SSL_DECODE_ERROR,
    "NO_SHARED_CIPHER": MbedTls.SSL_HANDSHAKE_FAILURE,
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": MbedTls.SSL_NO_CLIENT_CERTIFICATE,
    "EE_KEY_TOO_SMALL": CertificateFlaw.BAD_KEY,
    "CA_KEY_TOO_SMALL": CertificateFlaw.BAD_KEY,
    "CA_MD_TOO_WEAK": CertificateFlaw.BAD_DIGEST,
}
"""OpenSSL's reasons (sslerr.h), as Python names them. Alerts of the peer are one error to Mbed TLS, whatever they say;
what is not here is a failed handshake."""


class TlsError(NetworkError):
    """TLS has failed; `errno` is what `+ERRNO:` shows."""


def no_connection(error: NetworkError) -> TlsError:
    """The error of an SSL link whose TCP connection has not come about."""
    too_late = error.errno == LWIP_ABORTED
    return TlsError(EspTls.CONNECTION_TIMEOUT if too_late else EspTls.FAILED_CONNECT_TO_HOST)


def _flaws(found: Iterable[int]) -> CertificateFlaw:
    """Every bit that fits. `found`: as X509_V_ERR_..."""
    bits = CertificateFlaw(0)
    for flaw in found:
        bits |= VERIFICATION.get(flaw, CertificateFlaw.OTHER)
    return bits


def tls_error(error: ssl.SSLError) -> TlsError:
    """The module's view of an error of OpenSSL's."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsError(_flaws(flaws_found() or (error.verify_code,)))
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return TlsError(MbedTls.SSL_CONNECTION_EOF)
    reason = error.reason or ""
    if reason in REASONS:
        return TlsError(REASONS[reason])
    text = f"{reason} {error}".lower()  # Python has no name for the reason of some alerts
    is_alert = "alert" in text or "tlsv1" in text
    return TlsError(MbedTls.SSL_FATAL_ALERT if is_alert else MbedTls.SSL_HANDSHAKE_FAILURE)
