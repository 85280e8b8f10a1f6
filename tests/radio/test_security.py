"""The kinds of security, as AT+CWLAP numbers them."""

from espat.radio.security import SECURITIES


def test_they_are_in_the_order_of_their_numbers() -> None:
    assert [security.number for security in SECURITIES.values()] == list(range(16))
    assert all(security.name == name for name, security in SECURITIES.items())


def test_what_needs_no_password() -> None:
    assert [name for name, security in SECURITIES.items() if not security.encrypted] == ["open", "owe"]


def test_what_a_station_cannot_join() -> None:
    assert [name for name, security in SECURITIES.items() if not security.personal] == [
        "wpa2-enterprise",
        "wapi-psk",
        "wpa3-enterprise-192",
        "dpp",
        "wpa3-enterprise",
        "wpa2-wpa3-enterprise",
    ]
