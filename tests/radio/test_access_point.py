"""Access points, and the softAP as one of them: who has joined, and who is told."""

from collections.abc import Callable

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from espat.radio.access_point import AccessPoint
from espat.radio.security import SECURITIES
from espat.radio.softap import SoftAccessPoint, local_mac, next_mac

BSSID = bytes.fromhex("ca6f00000001")
ONE, OTHER = b"\2\0\0\0\0\1", b"\2\0\0\0\0\2"


def router() -> AccessPoint:
    return AccessPoint(b"lab", BSSID, security=SECURITIES["wpa2-psk"], password=b"12345678")


def softap(told: list[tuple[str, bytes]], most_stations: int = 2) -> SoftAccessPoint:
    """A softAP that tells what stations do."""
    return SoftAccessPoint(
        b"lab",
        BSSID,
        security=SECURITIES["wpa2-psk"],
        password=b"12345678",
        channel=5,
        hidden=False,
        most_stations=most_stations,
        joined=lambda mac: told.append(("joined", mac)),
        left=lambda mac: told.append(("left", mac)),
        silent=lambda _, mac: told.append(("silent", mac)),
    )


def nobody(reason: int) -> None:
    """A station that does not care why it is thrown out."""


@pytest.mark.parametrize("make", [router, lambda: softap([])])
def test_stations_are_told_why_they_are_thrown_out(make: Callable[[], AccessPoint]) -> None:
    point, reasons = make(), list[tuple[bytes, int]]()
    for mac in (ONE, OTHER):
        point.associate(mac, lambda reason, mac=mac: reasons.append((mac, reason)))  # type: ignore[misc]
    assert point.stations == [ONE, OTHER]
    point.deauthenticate(OTHER, 8)
    point.deauthenticate(OTHER, 8)  # is not there any more
    assert (point.stations, reasons) == ([ONE], [(OTHER, 8)])
    point.deauthenticate()
    assert (point.stations, reasons[1:]) == ([], [(ONE, 2)])


def test_a_router_that_vanishes_says_nothing() -> None:
    point, reasons = router(), list[int]()
    point.associate(ONE, reasons.append)
    point.switch_off()
    point.deauthenticate()
    assert (point.up, point.stations, reasons) == (False, [], [])


async def test_whoever_waits_for_a_change_is_woken_by_one_and_by_nothing_else() -> None:
    point, seen = router(), list[bool]()

    async def watch() -> None:
        while True:
            await point.changed.park()
            seen.append(point.up)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        for change in (point.switch_on, point.switch_off, point.switch_off, point.switch_on):
            await wait_all_tasks_blocked()
            change()
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert seen == [False, True]


def test_a_softap_tells_who_comes_and_goes() -> None:
    told: list[tuple[str, bytes]] = []
    point = softap(told)
    point.associate(ONE, nobody)
    point.associate(OTHER, nobody)
    point.dissociate(ONE)
    point.dissociate(ONE)
    point.deauthenticate()
    assert told == [("joined", ONE), ("joined", OTHER), ("left", ONE), ("left", OTHER)]


def test_a_station_that_joins_again_has_left_before() -> None:
    told: list[tuple[str, bytes]] = []
    point = softap(told)
    point.associate(ONE, nobody)
    point.associate(ONE, nobody)
    assert told == [("joined", ONE), ("left", ONE), ("joined", ONE)]


def test_a_softap_is_full_and_has_room_again() -> None:
    point = softap([], most_stations=1)
    assert not point.full
    point.associate(ONE, nobody)
    assert point.full
    point.dissociate(ONE)
    assert not point.full


def test_a_station_that_is_lost_counts_until_its_silence_has_been_long_enough() -> None:
    told: list[tuple[str, bytes]] = []
    point = softap(told)
    point.associate(ONE, nobody)
    assert point.absence(ONE) is None
    point.lose(ONE)
    assert point.stations == [ONE]
    assert told[1:] == [("silent", ONE)]
    first = point.absence(ONE)
    point.lose(ONE)
    assert first is not None
    assert point.absence(ONE) is not first, "another silence"
    point.associate(ONE, nobody)
    assert point.absence(ONE) is None


def test_the_addresses_of_softaps() -> None:
    assert next_mac(bytes.fromhex("246f28ffffff")) == bytes.fromhex("246f29000000")
    assert local_mac(bytes.fromhex("246f28c21000")) == bytes.fromhex("266f28c21000")
