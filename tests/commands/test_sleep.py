"""Deep-sleep, light-sleep, modem-sleep."""

import pytest

from espat.radio.wifi import Wifi, WifiMode
from espat.system.sleep import Sleep
from tests.workbench import workbench


async def test_deep_sleep_ends_by_its_timer() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+GSLP=3600000") == b"\r\nOK\r\n"
        assert await bench.send(b"AT\r\n") == b""
        assert await bench.advance(3599.9) == b""
        assert await bench.advance(0.1) == b"\r\nready\r\n"
        assert await bench.send(b"AT\r\n") == b"AT\r\n\r\nOK\r\n"


async def test_deep_sleep_of_nothing_is_a_restart() -> None:
    async with workbench() as bench:
        await bench.command(b"AT+SYSLOG=1")
        assert await bench.command(b"AT+GSLP=0") == b"\r\nOK\r\n\r\nready\r\n"
        assert await bench.command(b"AT+SYSLOG?") == b"+SYSLOG:0\r\n\r\nOK\r\n"


async def test_deep_sleep_limits() -> None:
    async with workbench() as bench:
        await bench.command(b"AT+SYSLOG=1")
        for line, code in (
            (b"AT+GSLP=-1", b"0x01070001"),
            (b"AT+GSLP=2147483648", b"0x01070001"),
            (b'AT+GSLP="1"', b"0x01080001"),
            (b"AT+GSLP=1,1", b"0x01060102"),
            (b"AT+GSLP?", b"0x01090000"),
            (b"AT+GSLP", b"0x01090000"),
        ):
            assert await bench.command(line) == b"ERR CODE:%b\r\n\r\nERROR\r\n" % code
        assert await bench.command(b"AT+GSLP=2147483647") == b"\r\nOK\r\n"
        assert await bench.advance(2147483.6) == b""
        assert await bench.advance(0.1) == b"\r\nready\r\n"


async def test_sleep_mode_is_awake_after_boot() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SLEEP?") == b"+SLEEP:0\r\n\r\nOK\r\n"


@pytest.mark.parametrize("mode", [WifiMode.NULL, WifiMode.STATION])
async def test_every_sleep_mode_without_a_softap(mode: WifiMode) -> None:
    async with workbench() as bench:
        bench.module[Wifi].mode = mode
        for sleep in (1, 2, 3, 0):
            assert await bench.command(b"AT+SLEEP=%d" % sleep) == b"\r\nOK\r\n"
            assert await bench.command(b"AT+SLEEP?") == b"+SLEEP:%d\r\n\r\nOK\r\n" % sleep


@pytest.mark.parametrize("mode", [WifiMode.SOFTAP, WifiMode.STATION | WifiMode.SOFTAP])
async def test_a_softap_does_not_sleep(mode: WifiMode) -> None:
    async with workbench() as bench:
        bench.module[Wifi].mode = mode
        await bench.command(b"AT+SYSLOG=1")
        for sleep in (1, 2, 3):
            assert await bench.command(b"AT+SLEEP=%d" % sleep) == b"\r\nERROR\r\n"
        assert await bench.command(b"AT+SLEEP=0") == b"\r\nOK\r\n"


async def test_modem_sleep_needs_an_initialised_wifi() -> None:
    async with workbench() as bench:
        bench.module[Wifi].mode = WifiMode.STATION
        bench.module[Wifi].initialised = False
        assert await bench.command(b"AT+SLEEP=1") == b"\r\nERROR\r\n"
        assert await bench.command(b"AT+SLEEP=3") == b"\r\nERROR\r\n"
        assert await bench.command(b"AT+SLEEP=2") == b"\r\nOK\r\n"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"AT+SLEEP=4", b"0x01070001"),
        (b"AT+SLEEP=-1", b"0x01070001"),
        (b"AT+SLEEP=", b"0x01080001"),
        (b"AT+SLEEP=1,1", b"0x01060102"),
        (b"AT+SLEEP", b"0x01090000"),
        (b"AT+SLEEPWKCFG=0,1", b"0x01070001"),
        (b"AT+SLEEPWKCFG=1,1", b"0x01070001"),
        (b"AT+SLEEPWKCFG=2,40,0", b"0x01070002"),
        (b"AT+SLEEPWKCFG=2,12,2", b"0x01070003"),
        (b"AT+SLEEPWKCFG=2", b"0x01060201"),
        (b"AT+SLEEPWKCFG=2,12,0,0", b"0x01060304"),
        (b"AT+SLEEPWKCFG?", b"0x01090000"),
    ],
)
async def test_errors(line: bytes, code: bytes) -> None:
    async with workbench() as bench:
        await bench.command(b"AT+SYSLOG=1")
        assert await bench.command(line) == b"ERR CODE:%b\r\n\r\nERROR\r\n" % code


async def test_wake_up_pin() -> None:
    async with workbench() as bench:
        for line in (b"AT+SLEEPWKCFG=2,12,0", b"AT+SLEEPWKCFG=2,39,1", b"AT+SLEEPWKCFG=2,0"):
            assert await bench.command(line) == b"\r\nOK\r\n"
        assert bench.module[Sleep].wake_pin == (0, 0)
