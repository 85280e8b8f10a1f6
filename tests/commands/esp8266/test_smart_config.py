"""SmartConfig of the old firmwares: a phone tells the access point. Exact bytes."""

import pytest

from espat.radio.broadcast import Broadcast, Protocol
from tests.commands.esp8266.test_wifi import OLD, WORLD, run
from tests.texts import CONNECTED, ERROR, JOIN, OK
from tests.workbench import Workbench, workbench

V17 = "esp8266-v1.7"
DETAILS = b"smartconfig type:%b\r\nSmart get wifi info\r\nssid:%b\r\npassword:%b\r\n"


async def tell(
    bench: Workbench, password: bytes = b"1234567890", protocol: Protocol = Protocol.ESPTOUCH, heard: int = 1
) -> bytes:
    """A phone speaks; what the module prints."""
    assert bench.simulation.air.broadcast(Broadcast(protocol, b"espressif", password)) == heard
    return await bench.settle()


async def test_a_phone_tells_the_access_point() -> None:
    async with workbench(WORLD, dialect=OLD) as bench:
        await run(bench, b"AT+CWMODE=1", b"AT+CWSTARTSMART")
        assert await tell(bench) == b"Smart get wifi info\r\n" + CONNECTED
        assert await tell(bench, heard=0) == b""
        assert await bench.command(b"AT+CWSTOPSMART") == OK
        assert b'"espressif"' in await bench.command(b"AT+CWJAP?")
        assert (await bench.command(b"AT+RST")).endswith(b"\r\nready\r\n" + CONNECTED)


async def test_the_access_point_that_is_joined_is_left_first() -> None:
    async with workbench(WORLD, dialect=OLD) as bench:
        await run(bench, b"AT+CWMODE=1")
        await bench.command(JOIN)
        await run(bench, b"AT+CWSTARTSMART")
        assert await tell(bench) == b"Smart get wifi info\r\nWIFI DISCONNECT\r\n" + CONNECTED


async def test_it_is_for_stations() -> None:
    async with workbench(WORLD, dialect=OLD) as bench:
        assert await bench.command(b"AT+CWSTARTSMART") == ERROR
        assert await bench.command(b"AT+CWSTOPSMART") == OK
        await run(bench, b"AT+CWMODE=3")
        assert await bench.command(b"AT+CWSTARTSMART") == ERROR
        await run(bench, b"AT+CWMODE=1", b"AT+CWSTARTSMART", b"AT+CWMODE=3")
        assert await tell(bench, heard=0) == b""
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(b"AT+CWSTARTSMART=1") == ERROR


@pytest.mark.parametrize("stop", [b"AT+CWSTOPSMART", b"AT+RST"])
async def test_nobody_listens_behind_the_end(stop: bytes) -> None:
    async with workbench(WORLD, dialect=OLD) as bench:
        await run(bench, b"AT+CWMODE=1", b"AT+CWSTARTSMART", b"AT+CWSTARTSMART")
        await bench.command(stop)
        assert await tell(bench, heard=0) == b""


async def test_a_wrong_password() -> None:
    async with workbench(WORLD, dialect=OLD) as bench:
        await run(bench, b"AT+CWMODE=1", b"AT+CWSTARTSMART")
        assert await tell(bench, b"wrong-one") == b"Smart get wifi info\r\n"
        assert await bench.command(b"AT+CWJAP?") == b"No AP\r\n" + OK


@pytest.mark.parametrize(
    ("line", "spoken", "other"),
    [
        (b"AT+CWSTARTSMART", Protocol.AIRKISS, Protocol.ESPTOUCH_V2),
        (b"AT+CWSTARTSMART=1", Protocol.ESPTOUCH, Protocol.AIRKISS),
        (b"AT+CWSTARTSMART=2", Protocol.AIRKISS, Protocol.ESPTOUCH),
        (b"AT+CWSTARTSMART=3", Protocol.ESPTOUCH, Protocol.ESPTOUCH_V2),
    ],
)
async def test_later_firmware_says_more_and_has_a_choice(line: bytes, spoken: Protocol, other: Protocol) -> None:
    async with workbench(WORLD, dialect=V17) as bench:
        await run(bench, b"AT+CWMODE=1", line)
        assert await tell(bench, protocol=other, heard=0) == b""
        details = DETAILS % (spoken.encode(), b"espressif", b"1234567890")
        assert await tell(bench, protocol=spoken) == details + CONNECTED + b"smartconfig connected wifi\r\n"
        await run(bench, b"AT+CWSTOPSMART")
        assert await bench.command(b"AT+CWSTARTSMART=4") == ERROR


async def test_later_firmware_says_that_it_has_failed() -> None:
    async with workbench(WORLD, dialect=V17) as bench:
        await run(bench, b"AT+CWMODE=1", b"AT+CWSTARTSMART")
        details = DETAILS % (b"ESPTOUCH", b"espressif", b"wrong-one")
        assert await tell(bench, b"wrong-one") == details + b"smartconfig connect fail\r\n"
