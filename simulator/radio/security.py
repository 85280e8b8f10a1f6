"""The security of access points, as AT+CWLAP numbers it (ESP-AT User Guide, AT+CWLAP)."""

from typing import Final, NamedTuple


class Security(NamedTuple):
    """What an access point demands.

    `name`: as in a world file. `number`: `ecn` of AT+CWLAP. `pairwise`, `group`: cipher numbers of AT+CWLAP.
    `personal`: whether a station can join it with AT+CWJAP. `encrypted`: whether it needs a password.
    """

    name: str
    number: int
    pairwise: int
    group: int
    personal: bool = True
    encrypted: bool = True


_NO_CIPHER, _WEP40, _TKIP, _CCMP, _TKIP_CCMP, _UNKNOWN = 0, 1, 3, 4, 5, 7

OPEN: Final = Security("open", 0, _NO_CIPHER, _NO_CIPHER, encrypted=False)
WEP: Final = Security("wep", 1, _WEP40, _WEP40)

SECURITIES: Final = {
    security.name: security
    for security in (
        OPEN,
        WEP,
        Security("wpa-psk", 2, _TKIP, _TKIP),
        Security("wpa2-psk", 3, _CCMP, _CCMP),
        Security("wpa-wpa2-psk", 4, _TKIP_CCMP, _TKIP),
        Security("wpa2-enterprise", 5, _CCMP, _CCMP, personal=False),
        Security("wpa3-psk", 6, _CCMP, _CCMP),
        Security("wpa2-wpa3-psk", 7, _CCMP, _CCMP),
        Security("wapi-psk", 8, _UNKNOWN, _UNKNOWN, personal=False),
        Security("owe", 9, _CCMP, _CCMP, encrypted=False),
        Security("wpa3-enterprise-192", 10, _UNKNOWN, _UNKNOWN, personal=False),
        Security("wpa3-ext-psk", 11, _CCMP, _CCMP),
        Security("wpa3-ext-psk-mixed", 12, _CCMP, _CCMP),
        Security("dpp", 13, _CCMP, _CCMP, personal=False),
        Security("wpa3-enterprise", 14, _CCMP, _CCMP, personal=False),
        Security("wpa2-wpa3-enterprise", 15, _CCMP, _CCMP, personal=False),
    )
}
"""By the name a world file uses; the order is that of the numbers."""
