"""The cipher suites of the module, by the numbers IANA gives them (TLS Cipher Suites registry, RFC 5246 and others).

Those of Mbed TLS as ESP-IDF builds it by default for the ESP32 that OpenSSL has too: TLS 1.2, no DHE, no Camellia. The
order is Mbed TLS's own, which is its order of preference.
"""

from collections.abc import Iterable
from typing import Final

SUITES: Final = {
    0xC02C: "ECDHE-ECDSA-AES256-GCM-SHA384",
    0xC030: "ECDHE-RSA-AES256-GCM-SHA384",
    0xC0AD: "ECDHE-ECDSA-AES256-CCM",
    0xC024: "ECDHE-ECDSA-AES256-SHA384",
    0xC028: "ECDHE-RSA-AES256-SHA384",
    0xC00A: "ECDHE-ECDSA-AES256-SHA",
    0xC014: "ECDHE-RSA-AES256-SHA",
    0xC0AF: "ECDHE-ECDSA-AES256-CCM8",
    0xC02B: "ECDHE-ECDSA-AES128-GCM-SHA256",
    0xC02F: "ECDHE-RSA-AES128-GCM-SHA256",
    0xC0AC: "ECDHE-ECDSA-AES128-CCM",
    0xC023: "ECDHE-ECDSA-AES128-SHA256",
    0xC027: "ECDHE-RSA-AES128-SHA256",
    0xC009: "ECDHE-ECDSA-AES128-SHA",
    0xC013: "ECDHE-RSA-AES128-SHA",
    0xC0AE: "ECDHE-ECDSA-AES128-CCM8",
    0xC038: "ECDHE-PSK-AES256-CBC-SHA384",
    0xC036: "ECDHE-PSK-AES256-CBC-SHA",
    0xC037: "ECDHE-PSK-AES128-CBC-SHA256",
    0xC035: "ECDHE-PSK-AES128-CBC-SHA",
    0x009D: "AES256-GCM-SHA384",
    0xC09D: "AES256-CCM",
    0x003D: "AES256-SHA256",
    0x0035: "AES256-SHA",
    0xC0A1: "AES256-CCM8",
    0x009C: "AES128-GCM-SHA256",
    0xC09C: "AES128-CCM",
    0x003C: "AES128-SHA256",
    0x002F: "AES128-SHA",
    0xC0A0: "AES128-CCM8",
    0x00A9: "PSK-AES256-GCM-SHA384",
    0xC0A5: "PSK-AES256-CCM",
    0x00AF: "PSK-AES256-CBC-SHA384",
    0x008D: "PSK-AES256-CBC-SHA",
    0xC0A9: "PSK-AES256-CCM8",
    0x00A8: "PSK-AES128-GCM-SHA256",
    0xC0A4: "PSK-AES128-CCM",
    0x00AE: "PSK-AES128-CBC-SHA256",
    0x008C: "PSK-AES128-CBC-SHA",
    0xC0A8: "PSK-AES128-CCM8",
}
"""Number to OpenSSL's name."""


def openssl_names(chosen: Iterable[int], *, with_key: bool) -> list[str]:
    """The suites to offer, in order: the chosen ones that the module has, or all when none is chosen.

    `with_key`: those for a pre-shared key, else those for certificates.
    """
    names = [SUITES[number] for number in chosen or SUITES if number in SUITES]
    return [name for name in names if ("PSK" in name) == with_key]
