"""Passive receiving over UDP: AT+CIPRECVTYPE, AT+CIPRECVDATA, AT+CIPRECVLEN, in stepped time."""

from trio.testing import wait_all_tasks_blocked

from espat.stack.address import Address
from espat.stack.endpoint import Endpoint
from tests.commands.test_passive_receiving import data, notice, read
from tests.hosts import HOST, host
from tests.texts import ERROR, OK, OPENED
from tests.workbench import Workbench

START_UDP = b'AT+CIPSTART="UDP","%b",80,1112' % HOST.encode()


def arrive(bench: Workbench, payload: bytes, port: int = 80) -> None:
    """A datagram from the host."""
    (lan,) = bench.simulation.lans.values()
    (address,) = (address for address in lan.nodes if address != Address(HOST))
    lan.nodes[address].datagram(payload, Endpoint(Address(HOST), port), Endpoint(address, 1112))


async def test_datagrams_join_to_fill_what_is_asked_for() -> None:
    async with host(b"AT+CIPRECVTYPE=1") as (bench, _):
        assert await bench.command(START_UDP) == OPENED
        arrive(bench, b"one")
        assert await bench.settle() == notice(3)
        arrive(bench, b"three")
        assert await bench.settle() == b""
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:8\r\n" + OK
        assert await read(bench, 100) == data(b"onethree")
        assert await read(bench, 100) == ERROR


async def test_what_is_left_of_the_last_datagram_is_lost_and_the_rest_announced() -> None:
    """Six datagrams of 444 bytes, as one session of a real module has them."""
    async with host(b"AT+CIPRECVTYPE=1") as (bench, _):
        assert await bench.command(START_UDP) == OPENED
        for number in range(6):
            arrive(bench, b"%d" % number * 444)
        assert await bench.settle() == notice(444)
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:2664\r\n" + OK
        assert await read(bench, 1000) == data(b"0" * 444 + b"1" * 444 + b"2" * 112) + notice(1332)


async def test_what_is_not_read_of_a_datagram_is_lost() -> None:
    async with host(b"AT+CIPRECVTYPE=1") as (bench, _):
        assert await bench.command(START_UDP) == OPENED
        arrive(bench, bytes(331))
        assert await bench.settle() == notice(331)
        assert await read(bench, 256) == data(bytes(256))
        assert await read(bench, 75) == ERROR
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:0\r\n" + OK


async def test_the_sender_is_that_of_the_last_datagram() -> None:
    async with host(b"AT+CIPRECVTYPE=1", b"AT+CIPDINFO=1") as (bench, _):
        assert await bench.command(START_UDP) == OPENED
        arrive(bench, b"one", 80)
        arrive(bench, b"two", 81)
        assert await bench.settle() == notice(3)
        assert await read(bench, 3) == b'+CIPRECVDATA:3,"192.168.3.50",80,one' + OK + notice(3)
        arrive(bench, b"three", 82)
        assert await read(bench, 9) == b'+CIPRECVDATA:8,"192.168.3.50",82,twothree' + OK


async def test_datagrams_beyond_the_window_are_lost() -> None:
    async with host(b"AT+CIPRECVTYPE=1") as (bench, _):
        assert await bench.command(START_UDP) == OPENED
        for number in range(6):
            arrive(bench, b"%d" % number * 1000)
            await wait_all_tasks_blocked()
        assert await bench.settle() == notice(1000)
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:5000\r\n" + OK
        arrive(bench, b"x" * 760)
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:5760\r\n" + OK
        for number in range(5):
            assert await read(bench, 1000) == data(b"%d" % number * 1000) + notice(760 + 1000 * (4 - number))
        assert await read(bench, 1000) == data(b"x" * 760)
        assert await read(bench, 1000) == ERROR


async def test_datagrams_are_printed_one_by_one_when_the_link_becomes_active() -> None:
    async with host(b"AT+CIPRECVTYPE=1") as (bench, _):
        assert await bench.command(START_UDP) == OPENED
        arrive(bench, b"one")
        arrive(bench, b"two")
        assert await bench.settle() == notice(3)
        assert await bench.command(b"AT+CIPRECVTYPE=0") == OK + b"\r\n+IPD,3:one\r\n\r\n+IPD,3:two\r\n"
