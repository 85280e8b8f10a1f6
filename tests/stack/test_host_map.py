"""The module's addresses to this machine's, and back."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espat.stack.address import Address
from espat.stack.endpoint import Endpoint
from espat.stack.errors import UnreachableError
from espat.stack.host_map import HostMap
from espat.stack.lan import Lan

LAN = Lan(IPv4Network("192.168.3.0/24"), IPv4Address("192.168.3.112"))
HOSTS = HostMap(
    {
        "192.168.3.102": "127.0.0.1",
        "192.168.3.102:8080": "127.0.0.1:18080",
        "192.168.3.103:80": "127.0.0.2",
        "10.0.0.1": "127.0.0.1",
        "10.0.0.2": "127.0.0.3:9000",
        "203.0.113.7": "198.51.100.9",
        "127.0.0.9": "127.0.0.1",
        "Broker.example.com": "127.0.0.4",
        "broker.example.com:8883": "127.0.0.4:18883",
    }
)


@pytest.mark.parametrize(
    ("address", "port", "host"),
    [
        (Address("192.168.3.102"), 8080, Endpoint(Address("127.0.0.1"), 18080)),  # an exact entry goes first
        (Address("192.168.3.102"), 80, Endpoint(Address("127.0.0.1"), 80)),
        (Address("192.168.3.103"), 80, Endpoint(Address("127.0.0.2"), 80)),
        (Address("10.0.0.2"), 80, Endpoint(Address("127.0.0.3"), 9000)),
        (Address("203.0.113.7"), 443, Endpoint(Address("198.51.100.9"), 443)),
        (Address("192.168.3.1"), 8080, Endpoint(Address("127.0.0.1"), 8080)),  # the gateway
        (Address("127.0.0.1"), 1883, Endpoint(Address("127.0.0.1"), 1883)),
        (Address("127.3.2.1"), 1883, Endpoint(Address("127.3.2.1"), 1883)),
        (Address("127.0.0.9"), 1883, Endpoint(Address("127.0.0.1"), 1883)),
        (Address("93.184.216.34"), 80, Endpoint(Address("93.184.216.34"), 80)),
        (Address("192.168.4.1"), 80, Endpoint(Address("192.168.4.1"), 80)),
    ],
)
def test_where_an_address_is(address: Address, port: int, host: Endpoint) -> None:
    assert HOSTS.to_host(address, port, LAN) == host


@pytest.mark.parametrize(
    ("address", "port"),
    [
        (Address("192.168.3.103"), 81),
        (Address("192.168.3.112"), 80),
        (Address("192.168.3.255"), 80),
        (Address("192.168.3.0"), 80),
        (Address("255.255.255.255"), 80),
        (Address("0.0.0.0"), 80),
    ],
)
def test_what_nobody_has(address: Address, port: int) -> None:
    with pytest.raises(UnreachableError, match=str(address)):
        HOSTS.to_host(address, port, LAN)


def test_offline_only_entries_gateway_and_loopback_can_be_reached() -> None:
    offline = HostMap({"203.0.113.7": "127.0.0.5"}, offline=True)
    assert offline.to_host(Address("203.0.113.7"), 80, LAN) == Endpoint(Address("127.0.0.5"), 80)
    assert offline.to_host(Address("192.168.3.1"), 80, LAN) == Endpoint(Address("127.0.0.1"), 80)
    assert offline.to_host(Address("127.0.0.1"), 80, LAN) == Endpoint(Address("127.0.0.1"), 80)
    for lan in (LAN, None):
        with pytest.raises(UnreachableError):
            offline.to_host(Address("93.184.216.34"), 80, lan)


@pytest.mark.parametrize(
    ("name", "port", "host"),
    [
        ("broker.EXAMPLE.com", 1883, Endpoint(Address("127.0.0.4"), 1883)),
        ("broker.example.com", 8883, Endpoint(Address("127.0.0.4"), 18883)),
        ("other.example.com", 8883, None),
    ],
)
def test_where_a_name_is(name: str, port: int, host: Endpoint | None) -> None:
    assert HOSTS.name_to_host(name, port) == host


@pytest.mark.parametrize(
    ("address", "port", "seen"),
    [
        (Address("127.0.0.1"), 18080, Endpoint(Address("192.168.3.102"), 8080)),
        (Address("127.0.0.1"), 50000, Endpoint(Address("192.168.3.102"), 50000)),  # the one on our network, of three
        (Address("127.0.0.2"), 80, Endpoint(Address("192.168.3.103"), 80)),
        (Address("127.0.0.2"), 50000, Endpoint(Address("127.0.0.2"), 50000)),  # the entry is for port 80 alone
        (Address("127.0.0.3"), 9000, Endpoint(Address("10.0.0.2"), 9000)),
        (Address("127.0.0.3"), 9001, Endpoint(Address("127.0.0.3"), 9001)),
        (Address("127.0.0.4"), 1883, Endpoint(Address("127.0.0.4"), 1883)),  # only a name leads there
        (Address("198.51.100.9"), 443, Endpoint(Address("203.0.113.7"), 443)),
        (Address("93.184.216.34"), 80, Endpoint(Address("93.184.216.34"), 80)),
    ],
)
def test_what_the_module_calls_it(address: Address, port: int, seen: Endpoint) -> None:
    assert HOSTS.to_module(address, port, LAN) == seen


def test_without_a_network_of_ones_own_the_first_entry_counts() -> None:
    assert HOSTS.to_module(Address("127.0.0.1"), 50000, None) == Endpoint(Address("192.168.3.102"), 50000)
    elsewhere = Lan(IPv4Network("10.0.0.0/8"), IPv4Address("10.0.0.100"))
    assert HOSTS.to_module(Address("127.0.0.1"), 50000, elsewhere) == Endpoint(Address("10.0.0.1"), 50000)


addresses = st.integers(0x01000000, 0xDFFFFFFF).map(Address)
ports = st.integers(1, 65535)


@given(
    pairs=st.lists(st.tuples(addresses, addresses), unique_by=(lambda pair: pair[0], lambda pair: pair[1])),
    port=ports,
    offline=st.booleans(),
)
def test_whole_addresses_there_and_back(pairs: list[tuple[Address, Address]], port: int, offline: bool) -> None:
    hosts = HostMap({str(key): str(value) for key, value in pairs}, offline=offline)
    for lan in (LAN, None):
        for address, _ in pairs:
            host = hosts.to_host(address, port, lan)
            assert hosts.to_module(*host, lan) == Endpoint(address, port)


@given(
    pairs=st.lists(
        st.tuples(st.tuples(addresses, ports), st.tuples(addresses, ports)),
        unique_by=(lambda pair: pair[0], lambda pair: pair[1]),
    )
)
def test_endpoints_there_and_back(pairs: list[tuple[tuple[Address, int], tuple[Address, int]]]) -> None:
    hosts = HostMap({str(Endpoint(*key)): str(Endpoint(*value)) for key, value in pairs})
    for key, value in pairs:
        assert hosts.to_host(*key, LAN) == value
        assert hosts.to_module(*value, LAN) == key


@given(address=addresses, port=ports)
def test_what_no_entry_names_is_itself_or_nobodys(address: Address, port: int) -> None:
    hosts = HostMap()
    assert hosts.to_module(address, port, LAN) == Endpoint(address, port)
    try:
        host = hosts.to_host(address, port, LAN)
    except UnreachableError:
        assert LAN.contains(address)
    else:
        assert host == Endpoint(Address("127.0.0.1") if address == LAN.gateway else address, port)
