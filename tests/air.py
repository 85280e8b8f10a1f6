"""Access points for tests, and a module in station mode among them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from espat.radio.security import SECURITIES
from espat.scenario.world.world import DEFAULT_ACCESS_POINT, AccessPointConfiguration, World
from tests.texts import OK
from tests.workbench import Workbench, workbench

BSSID = bytes.fromhex("ca6f00000001")


def router(
    ssid: bytes = b"espressif",
    password: bytes = b"1234567890",
    security: str = "wpa2-psk",
    *,
    bssid: bytes | None = None,
    channel: int = 6,
    rssi: int = -45,
    dhcp: bool = True,
    protection: int = 0,
    up: bool = True,
) -> AccessPointConfiguration:
    return AccessPointConfiguration(
        ssid,
        password,
        SECURITIES[security],
        channel=channel,
        rssi=rssi,
        bssid=bssid,
        dhcp=dhcp,
        management_protection=protection,
        up=up,
    )


def world(*points: AccessPointConfiguration, **timing: float) -> World:
    return World(access_points=points or (DEFAULT_ACCESS_POINT,), timing=timing)


@asynccontextmanager
async def station(*points: AccessPointConfiguration, **timing: float) -> AsyncIterator[Workbench]:
    """A module in station mode among these access points."""
    async with workbench(world(*points, **timing)) as bench:
        assert await bench.command(b"AT+CWMODE=1") == OK
        yield bench


async def state(bench: Workbench) -> int:
    """The number that AT+CWSTATE? shows."""
    printed = await bench.command(b"AT+CWSTATE?")
    assert printed.startswith(b"+CWSTATE:")
    return int(printed[9:10])
