"""AT+PING: who is there and who is not."""

from tests.stations import around, station
from tests.texts import ERROR, OK

TIMEOUT = b"+PING:TIMEOUT\r\n"


async def test_the_gateway_and_hosts_of_this_machine_answer() -> None:
    async with station(around({"broker.example.com": "127.0.0.1"}, offline=True)) as bench:
        for host in (b"192.168.3.1", b"192.168.3.102", b"127.0.0.1", b"broker.example.com", b"192.168.3.112"):
            assert await bench.command(b'AT+PING="%b"' % host) == b"+PING:1\r\n" + OK


async def test_nobody_has_that_address() -> None:
    async with station() as bench:
        assert await bench.command(b'AT+PING="192.168.3.77"') == b""
        assert await bench.advance(0.9) == b""
        assert await bench.advance(0.3) == TIMEOUT + ERROR


async def test_a_client_that_asks_after_a_second_finds_a_busy_module() -> None:
    async with station() as bench:
        assert await bench.command(b'AT+PING="192.168.3.77"') == b""
        assert await bench.advance(1) == b""
        assert await bench.command(b"?") == b"\r\nbusy p...\r\n"
        assert await bench.advance(0.2) == TIMEOUT + ERROR


async def test_nobody_has_that_name() -> None:
    async with station(around(offline=True)) as bench:
        assert await bench.command(b'AT+PING="nowhere.example.com"') == TIMEOUT + ERROR
        assert await bench.command(b'AT+PING="240c::6666"') == ERROR  # an address, of a network that is not there


async def test_without_a_network() -> None:
    async with station(None, b"AT+CWQAP", b"AT+SYSLOG=1") as bench:
        assert await bench.command(b'AT+PING="192.168.3.1"') == ERROR
        assert await bench.command(b"AT+PING=1") == b"ERR CODE:0x01080001\r\n" + ERROR
        assert await bench.command(b'AT+PING=""') == b"ERR CODE:0x01040001\r\n" + ERROR
        assert await bench.command(b"AT+PING?") == b"ERR CODE:0x01090000\r\n" + ERROR
