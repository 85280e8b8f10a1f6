"""A network's DHCP server: who gets which address, and for how long."""

from ipaddress import IPv4Network

from espat.stack.address import Address
from espat.stack.lan import Lan

ONE, OTHER, THIRD = b"\2\0\0\0\0\1", b"\2\0\0\0\0\2", b"\2\0\0\0\0\3"


def small() -> tuple[Lan, list[tuple[bytes, Address]]]:
    """A softAP that has two addresses to give, and what it has given."""
    given: list[tuple[bytes, Address]] = []
    lan = Lan(
        IPv4Network("192.168.4.0/24"),
        Address("192.168.4.1"),
        Address("192.168.4.3"),
        softap_address=Address("192.168.4.1"),
        leased=lambda mac, address: given.append((mac, address)),
    )
    return lan, given


def test_addresses_in_order_and_none_twice() -> None:
    lan, given = small()
    assert [lan.lease(mac) for mac in (ONE, OTHER, THIRD)] == [Address("192.168.4.2"), Address("192.168.4.3"), None]
    assert lan.lease(ONE) == Address("192.168.4.2")
    assert given == [(ONE, Address("192.168.4.2")), (OTHER, Address("192.168.4.3")), (ONE, Address("192.168.4.2"))]


def test_an_address_that_has_been_left_is_kept_for_a_while() -> None:
    lan, _ = small()
    lan.lease(ONE, 0.0)
    lan.lease(OTHER, 0.0)
    lan.release(ONE, until=60.0)
    assert lan.lease(THIRD, 59.9) is None
    assert lan.lease(ONE, 59.9) == Address("192.168.4.2")
    lan.release(ONE, until=120.0)
    assert lan.lease(THIRD, 120.0) == Address("192.168.4.2")
    assert lan.lease(ONE, 120.0) is None


def test_a_new_pool_is_for_those_who_come_later() -> None:
    lan, _ = small()
    lan.lease(ONE)
    lan.lease(OTHER)
    lan.release(OTHER, until=60.0)
    lan.set_pool(Address("192.168.4.100"), Address("192.168.4.101"))
    assert [lan.lease(mac) for mac in (ONE, OTHER)] == [Address("192.168.4.2"), Address("192.168.4.100")]


def test_another_address_of_the_softap_takes_all_leases_back() -> None:
    lan, _ = small()
    lan.lease(ONE)
    lan.move(IPv4Network("10.0.0.0/8"), Address("10.0.0.1"))
    lan.set_pool(Address("10.0.0.2"), Address("10.0.0.9"))
    assert (lan.gateway, lan.netmask, lan.broadcast) == (
        Address("10.0.0.1"),
        Address("255.0.0.0"),
        Address("10.255.255.255"),
    )
    assert lan.leases == {}
    assert lan.lease(ONE) == Address("10.0.0.2")
