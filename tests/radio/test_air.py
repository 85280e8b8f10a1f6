"""The air: who is on it, and who hears whom."""

from espat.radio.access_point import AccessPoint
from espat.radio.air import Air
from espat.radio.broadcast import Broadcast, Protocol
from espat.radio.security import OPEN


def point(number: int, *, rssi: int = -45, channel: int = 6, up: bool = True) -> AccessPoint:
    return AccessPoint(b"lab", bytes(5) + bytes([number]), security=OPEN, rssi=rssi, channel=channel, up=up)


def heard(air: Air) -> list[int]:
    """The numbers of those that a scan finds."""
    return [found.bssid[5] for found in air.scan(lambda _: True)]


def test_a_scan_finds_the_strongest_first_and_nobody_who_is_off() -> None:
    air = Air([point(1, rssi=-80), point(2, rssi=-30), point(3, rssi=-10, up=False), point(4, rssi=-60)])
    assert heard(air) == [2, 4, 1]


def test_of_equal_ones_the_first_stays_the_first() -> None:
    assert heard(Air([point(3), point(1), point(2)])) == [3, 1, 2]


def test_a_scan_finds_what_is_wanted() -> None:
    air = Air([point(1, channel=1), point(2, channel=6)])
    assert [found.bssid[5] for found in air.scan(lambda found: found.channel == 6)] == [2]


def test_whoever_listens_is_told_of_access_points_that_appear() -> None:
    air, told = Air([point(1)]), list[AccessPoint]()
    air.listeners.append(told.append)
    new = point(2)
    air.add(new)
    assert told == [new]
    assert heard(air) == [1, 2]


def test_one_that_is_removed_is_off_and_gone() -> None:
    gone = point(1)
    air = Air([gone])
    air.remove(gone)
    assert not gone.up
    assert heard(air) == []


def test_one_that_appears_in_the_place_of_another_knows_none_of_its_stations() -> None:
    before = point(1)
    air = Air([before])
    air.remove(before)
    air.add(point(1))
    assert before.restarted


def test_on_another_channel_it_is_in_nobodys_place() -> None:
    before = point(1, channel=6)
    air = Air([before])
    air.remove(before)
    air.add(point(1, channel=11))
    assert not before.restarted


def test_phones_are_told_how_many_have_understood_them() -> None:
    air, broadcast = Air(), Broadcast(Protocol.AIRKISS, b"lab", b"12345678")
    assert air.broadcast(broadcast) == 0
    air.smart_config_listeners += [
        lambda said: said.protocol is Protocol.AIRKISS,
        lambda said: said.protocol is Protocol.ESPTOUCH,
        lambda said: said == broadcast,
    ]
    assert air.broadcast(broadcast) == 2
