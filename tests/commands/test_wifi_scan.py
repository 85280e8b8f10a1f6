"""AT+CWLAP and AT+CWLAPOPT: what is found, what of it is printed, and how long it takes."""

import re

import pytest

from espat.radio.security import SECURITIES
from espat.scenario.world.world import AccessPointConfiguration, World
from tests.texts import BUSY, OK
from tests.workbench import Workbench, workbench


def point(
    ssid: bytes, number: int, security: str = "open", *, channel: int = 6, rssi: int = -45, hidden: bool = False
) -> AccessPointConfiguration:
    return AccessPointConfiguration(
        ssid,
        b"",
        SECURITIES[security],
        bssid=b"\xca\x6f\0\0\0" + bytes([number]),
        channel=channel,
        rssi=rssi,
        hidden=hidden,
        wps=number == 1,
    )


NEAR = point(b"near", 1, "wpa2-psk", channel=1, rssi=-30)
HIDDEN = point(b"secret", 2, "wpa-wpa2-psk", channel=6, rssi=-50, hidden=True)
CAFE = point(b"cafe", 3, "open", channel=11, rssi=-60)
FAR = point(b"near", 4, "wpa3-psk", channel=13, rssi=-90)
ABROAD = point(b"abroad", 5, channel=14, rssi=-20)

NEAR_LINE = b'+CWLAP:(3,"near",-30,"ca:6f:00:00:00:01",1,-1,-1,4,4,7,1)\r\n'
HIDDEN_LINE = b'+CWLAP:(4,"",-50,"ca:6f:00:00:00:02",6,-1,-1,5,3,7,0)\r\n'
CAFE_LINE = b'+CWLAP:(0,"cafe",-60,"ca:6f:00:00:00:03",11,-1,-1,0,0,7,0)\r\n'
FAR_LINE = b'+CWLAP:(6,"near",-90,"ca:6f:00:00:00:04",13,-1,-1,4,4,7,0)\r\n'
ABROAD_LINE = b'+CWLAP:(0,"abroad",-20,"ca:6f:00:00:00:05",14,-1,-1,0,0,7,0)\r\n'
ALL = NEAR_LINE + HIDDEN_LINE + CAFE_LINE + FAR_LINE

AROUND = World(access_points=(FAR, CAFE, ABROAD, HIDDEN, NEAR))


async def run(bench: Workbench, *lines: bytes) -> None:
    for line in lines:
        assert await bench.command(line) == OK, line


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"AT+CWLAP", ALL),
        (b"AT+CWLAP=", ALL),
        (b'AT+CWLAP="near"', NEAR_LINE + FAR_LINE),
        (b'AT+CWLAP="NEAR"', b""),
        (b'AT+CWLAP="cafe","ca:6f:00:00:00:03"', CAFE_LINE),
        (b'AT+CWLAP="cafe","ca:6f:00:00:00:04"', b""),
        (b'AT+CWLAP=,"CA:6F:00:00:00:04"', FAR_LINE),
        (b"AT+CWLAP=,,11", CAFE_LINE),
        (b"AT+CWLAP=,,0", ALL),
        (b"AT+CWLAP=,,12", b""),
        (b"AT+CWLAP=,,14", b""),
        (b'AT+CWLAP="near",,13', FAR_LINE),
        (b'AT+CWLAP="secret"', HIDDEN_LINE.replace(b'""', b'"secret"')),
        (b"AT+CWLAP=,,,,,,0x2002", NEAR_LINE + FAR_LINE),
        (b"AT+CWLAP=,,6,,,,2", HIDDEN_LINE),
        (b"AT+CWLAP=,,,1,100,200", ALL),
    ],
)
async def test_filters(line: bytes, found: bytes) -> None:
    async with workbench(AROUND) as bench:
        await run(bench, b"AT+CWMODE=1")
        printed = await bench.command(line)
        printed += await bench.advance(20)
        assert printed == found + OK


async def test_the_country_limits_the_channels() -> None:
    async with workbench(AROUND) as bench:
        await run(bench, b"AT+CWMODE=3", b'AT+CWCOUNTRY=1,"US",1,11')
        assert await bench.command(b"AT+CWLAP") == NEAR_LINE + HIDDEN_LINE + CAFE_LINE + OK
        await run(bench, b'AT+CWCOUNTRY=1,"JP",6,9')
        assert await bench.command(b"AT+CWLAP") == ABROAD_LINE + HIDDEN_LINE + CAFE_LINE + FAR_LINE + OK
        assert await bench.command(b'AT+CWJAP="near"') == b"WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+CWQAP") == b"WIFI DISCONNECT\r\n\r\nOK\r\n"
        await run(bench, b'AT+CWCOUNTRY=1,"US",2,10')
        assert await bench.command(b'AT+CWJAP="near"') == b"+CWJAP:3\r\n\r\nERROR\r\n"


@pytest.mark.parametrize(
    ("mask", "line"),
    [
        (b"0", b"+CWLAP:()\r\n"),
        (b"1", b"+CWLAP:(0)\r\n"),
        (b"2", b'+CWLAP:("cafe")\r\n'),
        (b"4", b"+CWLAP:(-60)\r\n"),
        (b"8", b'+CWLAP:("ca:6f:00:00:00:03")\r\n'),
        (b"16", b"+CWLAP:(11)\r\n"),
        (b"31", b'+CWLAP:(0,"cafe",-60,"ca:6f:00:00:00:03",11)\r\n'),
        (b"0x60", b"+CWLAP:(-1,-1)\r\n"),
        (b"384", b"+CWLAP:(0,0)\r\n"),
        (b"0x200", b"+CWLAP:(7)\r\n"),
        (b"0x400", b"+CWLAP:(0)\r\n"),
        (b"0x402", b'+CWLAP:("cafe",0)\r\n'),
        (b"0x7FF", CAFE_LINE),
    ],
)
async def test_the_mask_takes_fields_away_with_their_commas(mask: bytes, line: bytes) -> None:
    async with workbench(AROUND) as bench:
        await run(bench, b"AT+CWMODE=1", b"AT+CWLAPOPT=1," + mask)
        assert await bench.command(b'AT+CWLAP="cafe"') == line + OK


async def test_weak_and_unwanted_access_points_are_hidden() -> None:
    async with workbench(AROUND) as bench:
        await run(bench, b"AT+CWMODE=1", b"AT+CWLAPOPT=,2047,-60")
        assert await bench.command(b"AT+CWLAP") == NEAR_LINE + HIDDEN_LINE + CAFE_LINE + OK
        await run(bench, b"AT+CWLAPOPT=,2047,-59")
        assert await bench.command(b"AT+CWLAP") == NEAR_LINE + HIDDEN_LINE + OK
        await run(bench, b"AT+CWLAPOPT=,2047,-100,1")
        assert await bench.command(b"AT+CWLAP") == CAFE_LINE + OK
        await run(bench, b"AT+CWLAPOPT=,2047,,0x58")
        assert await bench.command(b"AT+CWLAP") == NEAR_LINE + HIDDEN_LINE + FAR_LINE + OK
        await run(bench, b"AT+CWLAPOPT=,31")
        assert (await bench.command(b"AT+CWLAP")).count(b"+CWLAP:(") == 4


async def test_every_security_has_its_number_and_ciphers() -> None:
    points = tuple(point(name.encode(), number, name) for number, name in enumerate(SECURITIES))
    async with workbench(World(access_points=points)) as bench:
        await run(bench, b"AT+CWMODE=1", b"AT+CWLAPOPT=,0x183")
        assert await bench.command(b"AT+CWLAP") == (
            b'+CWLAP:(0,"open",0,0)\r\n'
            b'+CWLAP:(1,"wep",1,1)\r\n'
            b'+CWLAP:(2,"wpa-psk",3,3)\r\n'
            b'+CWLAP:(3,"wpa2-psk",4,4)\r\n'
            b'+CWLAP:(4,"wpa-wpa2-psk",5,3)\r\n'
            b'+CWLAP:(5,"wpa2-enterprise",4,4)\r\n'
            b'+CWLAP:(6,"wpa3-psk",4,4)\r\n'
            b'+CWLAP:(7,"wpa2-wpa3-psk",4,4)\r\n'
            b'+CWLAP:(8,"wapi-psk",7,7)\r\n'
            b'+CWLAP:(9,"owe",4,4)\r\n'
            b'+CWLAP:(10,"wpa3-enterprise-192",7,7)\r\n'
            b'+CWLAP:(11,"wpa3-ext-psk",4,4)\r\n'
            b'+CWLAP:(12,"wpa3-ext-psk-mixed",4,4)\r\n'
            b'+CWLAP:(13,"dpp",4,4)\r\n'
            b'+CWLAP:(14,"wpa3-enterprise",4,4)\r\n'
            b'+CWLAP:(15,"wpa2-wpa3-enterprise",4,4)\r\n'
            b"\r\nOK\r\n"
        )


async def test_an_access_point_that_is_off_is_not_found() -> None:
    async with workbench(AROUND) as bench:
        await run(bench, b"AT+CWMODE=1")
        bench.simulation.access_point(b"cafe").switch_off()
        assert await bench.command(b'AT+CWLAP="cafe"') == OK
        bench.simulation.access_point(b"cafe").switch_on()
        assert await bench.command(b'AT+CWLAP="cafe"') == CAFE_LINE + OK


@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [
        (b"", 13 * 0.12),
        (b"=,,,0,0,0", 13 * 0.12),
        (b"=,,,1", 13 * 0.36),
        (b"=,,6", 0.12),
        (b"=,,6,1", 0.36),
        (b"=,,6,0,0,1500", 1.5),
        (b"=,,6,0,400,1000", 1.0),
        (b"=,,5,0,400,1000", 0.4),
        (b"=,,5,1,400,1000", 1.0),
        (b"=,,,0,100,1000", 9 * 0.1 + 4 * 1.0),
        (b"=,,,,,,0x42", 0.24),
    ],
)
async def test_a_scan_takes_its_time_on_every_channel(arguments: bytes, seconds: float) -> None:
    world = World(access_points=AROUND.access_points, timing={"scan_channel": 0.12})
    async with workbench(world) as bench:
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(b"AT+CWLAP" + arguments) == b""
        assert OK not in await bench.advance(seconds - 0.01)
        assert await bench.send(b"AT\r\n") == BUSY
        assert (await bench.advance(0.01)).endswith(OK)


STRONG = point(b"strong", 6, channel=11, rssi=-20)
STRONG_LINE = b'+CWLAP:(0,"strong",-20,"ca:6f:00:00:00:06",11,-1,-1,0,0,7,0)\r\n'


async def test_nothing_is_printed_while_it_scans_and_then_the_strongest_comes_first() -> None:
    world = World(access_points=(*AROUND.access_points, STRONG), timing={"scan_channel": 0.1})
    async with workbench(world) as bench:
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(b"AT+CWLAP") == b""
        assert await bench.advance(1.2) == b""
        assert await bench.send(b"AT\r\n") == BUSY
        assert await bench.advance(0.1) == STRONG_LINE + ALL + OK


async def test_a_scan_takes_its_time_besides_that_on_every_channel() -> None:
    async with workbench(AROUND, profile="real") as bench:
        await bench.command(b"AT+CWMODE=1")
        assert await bench.advance(1) == OK
        assert await bench.command(b"AT+CWLAP") == b""
        assert await bench.advance(2.0) == b""
        assert await bench.advance(0.5) == ALL + OK


async def test_the_old_firmwares_go_by_channel_unless_they_are_told_to_sort() -> None:
    def shown(printed: bytes) -> list[int]:
        return [int(channel) for channel in re.findall(rb':\d\d",(\d+)', printed)]

    world = World(access_points=(*AROUND.access_points, STRONG))
    for dialect in ("esp8266-v0.30", "esp8266-v1.7"):
        async with workbench(world, dialect=dialect) as bench:
            await run(bench, b"AT+CWMODE=1")
            assert shown(await bench.command(b"AT+CWLAP")) == [1, 6, 11, 11, 13]
            if dialect == "esp8266-v1.7":
                await run(bench, b"AT+CWLAPOPT=1,31")
                assert shown(await bench.command(b"AT+CWLAP")) == [11, 1, 6, 11, 13]
                await run(bench, b"AT+CWLAPOPT=0,31")
                assert shown(await bench.command(b"AT+CWLAP")) == [1, 6, 11, 11, 13]
