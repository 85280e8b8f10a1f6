"""Passive receiving: AT+CIPRECVTYPE, AT+CIPRECVMODE, AT+CIPRECVDATA, AT+CIPRECVLEN, in stepped time."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from espat.stack.links import LinkTable
from espat.stack.receiving import Receiving
from tests.hosts import Connection, MemoryHost, host, linked
from tests.network import TcpPeer, expect
from tests.stations import around, station
from tests.texts import CONNECTED, ERROR, LOST, OK, OPENED
from tests.workbench import Workbench

WINDOW = 5760
ALL_PASSIVE = b"AT+CIPRECVMODE=1"


def notice(length: int, link: int | None = None) -> bytes:
    """So much waits to be read."""
    return b"\r\n+IPD,%b%d\r\n" % (b"" if link is None else b"%d," % link, length)


def data(payload: bytes) -> bytes:
    """What AT+CIPRECVDATA answers: no line end behind the data."""
    return b"+CIPRECVDATA:%d,%b" % (len(payload), payload) + OK


async def read(bench: Workbench, most: int) -> bytes:
    """Read in single mode."""
    return await bench.command(b"AT+CIPRECVDATA=%d" % most)


# TCP


async def test_a_notice_then_the_data() -> None:
    async with linked(b"AT+CIPRECVTYPE=1") as (bench, it):
        await it.connection.send(b"test")
        assert await bench.settle() == notice(4)
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:4\r\n" + OK
        assert await read(bench, 4) == b"+CIPRECVDATA:4,test\r\nOK\r\n"
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:0\r\n" + OK
        assert await read(bench, 4) == ERROR


async def test_in_multiple_mode_the_link_stands_in_the_notice_but_not_before_the_data() -> None:
    async with linked(b"AT+CIPMUX=1", b"AT+CIPRECVTYPE=0,1") as (bench, it):
        await it.connection.send(b"test")
        assert await bench.settle() == notice(4, 0)
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:4,-1,-1,-1,-1\r\n" + OK
        assert await bench.command(b"AT+CIPRECVDATA=0,4") == data(b"test")
        assert await bench.command(b"AT+CIPRECVDATA=1,4") == ERROR
        assert await bench.command(b"AT+CIPRECVDATA=4") == ERROR
        assert await bench.command(b"AT+CIPRECVDATA=5,4") == ERROR


async def test_the_sender_stands_before_the_data_and_never_in_the_notice() -> None:
    async with linked(b"AT+CIPRECVTYPE=1", b"AT+CIPDINFO=1") as (bench, it):
        await it.connection.send(b"test")
        assert await bench.settle() == notice(4)
        assert await read(bench, 2) == b'+CIPRECVDATA:2,"192.168.3.50",80,te' + OK + notice(2)
        assert await bench.command(b"AT+CIPDINFO=0") == OK
        assert await read(bench, 2) == data(b"st")


async def test_data_is_raw() -> None:
    async with linked(b"AT+CIPRECVTYPE=1") as (bench, it):
        payload = bytes(range(256)) + b"\r\nOK\r\n"
        await it.connection.send(payload)
        assert await bench.settle() == notice(len(payload))
        assert await read(bench, 1000) == data(payload)


async def test_what_is_left_is_announced_behind_the_answer() -> None:
    async with linked(b"AT+CIPRECVTYPE=1") as (bench, it):
        await it.connection.send(b"one")
        assert await bench.settle() == notice(3)
        await it.connection.send(b"two")
        assert await bench.settle() == b""
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:6\r\n" + OK
        assert await read(bench, 2) == data(b"on") + notice(4)
        assert await bench.advance(60) == b""
        await it.connection.send(b"three")
        assert await bench.settle() == b""  # one notice until something is read
        assert await read(bench, 5) == data(b"etwot") + notice(4)  # over the borders of what was sent
        assert await read(bench, 100) == data(b"hree")
        await it.connection.send(b"four")
        assert await bench.settle() == notice(4)


async def test_the_window_stops_the_host_and_nothing_is_lost() -> None:
    async with linked(b"AT+CIPRECVTYPE=1") as (bench, it), trio.open_nursery() as nursery:
        payload = bytes(range(251)) * 400
        nursery.start_soon(it.connection.send, payload)
        printed = await bench.settle()
        assert printed.startswith(b"\r\n+IPD,")
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:%d\r\n" % WINDOW + OK
        assert await bench.advance(60) == b""
        received = b""
        while len(received) < len(payload):
            bench.port.send(b"AT+CIPRECVDATA=1000\r\n")
            printed = await bench.settle()
            head, _, rest = printed.partition(b"+CIPRECVDATA:")
            length, _, rest = rest.partition(b",")
            received += rest[: int(length)]
            assert head == b""
            left = rest[int(length) :].removeprefix(OK)
            assert left.startswith(b"\r\n+IPD,") or len(received) == len(payload)
        assert received == payload


async def test_one_link_passive_another_one_active() -> None:
    async with linked(b"AT+CIPMUX=1", b"AT+CIPRECVTYPE=1,1") as (bench, it):
        assert await bench.command(b'AT+CIPSTART=1,"TCP","192.168.3.50",80') == b"1," + OPENED
        for connection in it.connections:
            await connection.send(b"test")
            await wait_all_tasks_blocked()
        assert await bench.settle() == b"\r\n+IPD,0,4:test\r\n" + notice(4, 1)
        assert await bench.command(b"AT+CIPRECVDATA=0,4") == ERROR
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:0,4,-1,-1,-1\r\n" + OK


async def test_data_that_is_read_before_its_notice_could_leave_has_none() -> None:
    async with linked(b"AT+CIPMUX=1", b"AT+CIPRECVTYPE=1,1", capacity=200) as (bench, it):
        assert await bench.command(b'AT+CIPSTART=1,"TCP","192.168.3.50",80') == b"1," + OPENED
        first, second = it.connections
        async with trio.open_nursery() as nursery:
            nursery.start_soon(first.send, bytes(30_000))  # fills the module's output
            await wait_all_tasks_blocked()
            await second.send(b"test")
            await wait_all_tasks_blocked()
            link = bench.module[LinkTable][1]
            assert link is not None
            assert bench.module[Receiving].read(link, 100)[0] == b"test"
            printed = b""
            while part := await bench.settle():
                printed += part
            assert b"+IPD,1" not in printed


# The end of a link


async def test_closed_is_withheld_until_all_is_read() -> None:
    async with linked(b"AT+CIPRECVTYPE=1") as (bench, it):
        await it.connection.send(b"test")
        it.connection.close()
        assert await bench.settle() == notice(4)
        assert await bench.advance(60) == b""
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:4\r\n" + OK
        assert await bench.command(b"AT+CIPSEND=1") == ERROR
        assert await read(bench, 3) == data(b"tes") + notice(1)
        assert await bench.advance(60) == b""
        assert await read(bench, 1) == data(b"t") + b"CLOSED\r\n"
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:-1\r\n" + OK
        assert await read(bench, 1) == ERROR
        assert await bench.command(b'AT+CIPSTART="TCP","192.168.3.50",80') == OPENED


async def test_closed_comes_at_once_when_all_is_read() -> None:
    async with linked(b"AT+CIPRECVTYPE=1") as (bench, it):
        await it.connection.send(b"test")
        assert await bench.settle() == notice(4)
        assert await read(bench, 10) == data(b"test")
        it.connection.close()
        assert await bench.settle() == b"CLOSED\r\n"


async def test_closing_discards_what_waits() -> None:
    async with linked(b"AT+CIPRECVTYPE=1") as (bench, it):
        for ended in (False, True):
            await it.connection.send(b"test")
            if ended:
                it.connection.close()
            assert await bench.settle() == notice(4)
            assert await bench.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
            assert await read(bench, 4) == ERROR
            assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:-1\r\n" + OK
            assert await bench.command(b'AT+CIPSTART="TCP","192.168.3.50",80') == OPENED


async def test_stopping_the_server_with_its_clients_discards_what_waits() -> None:
    async with station(around(), b"AT+CIPMUX=1", ALL_PASSIVE, b"AT+CIPSERVER=1,8080") as bench:
        (text,) = (text for _, text in bench.announced if text.startswith("serves tcp"))
        address, _, port = text.rpartition(" ")[2].rpartition(":")
        async with await trio.open_tcp_stream(address, int(port)) as stream:
            await expect(bench, b"0,CONNECT\r\n")
            await stream.send_all(b"test")
            await expect(bench, notice(4, 0))
        assert await bench.command(b"AT+CIPSERVER=0") == OK
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:4,-1,-1,-1,-1\r\n" + OK
        assert await bench.command(b"AT+CIPSERVER=0,1") == b"0,CLOSED\r\n" + OK
        assert await bench.command(b"AT+CIPRECVDATA=0,4") == ERROR


async def test_a_lost_network_withholds_closed_too() -> None:
    async with linked(b"AT+CIPMUX=1", ALL_PASSIVE) as (bench, it):
        assert await bench.command(b'AT+CIPSTART=1,"TCP","192.168.3.50",80') == b"1," + OPENED
        await it.connection.send(b"test")
        assert await bench.settle() == notice(4, 1)
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST + b"0,CLOSED\r\n"
        assert await bench.advance(1) == CONNECTED
        assert await bench.command(b"AT+CIPRECVDATA=1,9") == data(b"test") + b"1,CLOSED\r\n"


async def test_a_restart_forgets_everything_without_a_word() -> None:
    async with linked(b"AT+CIPRECVTYPE=1") as (bench, it):
        await it.connection.send(b"test")
        it.connection.close()
        assert await bench.settle() == notice(4)
        bench.port.send(b"AT+CIPRECVDATA=4\r\n")
        bench.port.send(b"AT+RST\r\n")
        assert await bench.settle() == data(b"test") + b"CLOSED\r\n" + OK + LOST + b"\r\nready\r\n" + CONNECTED
        assert await bench.command(b"ATE0") == OK
        assert await bench.command(b"AT+CIPRECVTYPE?") == b"+CIPRECVTYPE:0,0\r\n" + OK


async def test_a_restart_while_data_waits() -> None:
    async with linked(b"AT+CIPRECVTYPE=1") as (bench, it):
        await it.connection.send(b"test")
        assert await bench.settle() == notice(4)
        assert await bench.command(b"AT+RST") == OK + LOST + b"\r\nready\r\n" + CONNECTED


# Back to active receiving


async def test_what_waits_is_printed_when_the_link_becomes_active() -> None:
    async with linked(b"AT+CIPRECVTYPE=1") as (bench, it):
        await it.connection.send(b"one")
        assert await bench.settle() == notice(3)
        await it.connection.send(b"two")
        assert await bench.settle() == b""
        assert await bench.command(b"AT+CIPRECVTYPE=0") == OK + b"\r\n+IPD,6:onetwo\r\n"
        await it.connection.send(b"three")
        assert await bench.settle() == b"\r\n+IPD,5:three\r\n"
        assert await read(bench, 1) == ERROR


async def test_the_end_that_was_withheld_follows() -> None:
    async with linked(b"AT+CIPRECVTYPE=1") as (bench, it):
        await it.connection.send(bytes(5000))
        it.connection.close()
        assert await bench.settle() == notice(5000)
        assert await bench.command(b"AT+CIPRECVTYPE=0") == (
            OK + b"\r\n+IPD,2920:" + bytes(2920) + b"\r\n\r\n+IPD,2080:" + bytes(2080) + b"\r\nCLOSED\r\n"
        )


async def test_the_order_is_kept_while_the_client_does_not_read() -> None:
    async with linked(b"AT+CIPRECVTYPE=1", capacity=500) as (bench, it), trio.open_nursery() as nursery:
        payload = b"".join(b"%06d " % number for number in range(10_000))
        nursery.start_soon(it.connection.send, payload)
        await wait_all_tasks_blocked()
        assert (await bench.settle()).startswith(b"\r\n+IPD,")
        bench.port.send(b"AT+CIPRECVTYPE=0\r\n")
        printed = b""
        while part := await bench.settle():
            printed += part
        assert printed.startswith(OK)
        printed = printed.removeprefix(OK)
        received = b""
        while printed:
            head, _, rest = printed.partition(b":")
            length = int(head.removeprefix(b"\r\n+IPD,"))
            received += rest[:length]
            assert rest[length : length + 2] == b"\r\n"
            printed = rest[length + 2 :]
        assert received == payload


# The commands


async def test_receive_types() -> None:
    async with host() as (bench, _):
        assert await bench.command(b"AT+CIPRECVTYPE?") == b"+CIPRECVTYPE:0,0\r\n" + OK
        assert await bench.command(b"AT+CIPRECVTYPE=1") == OK
        assert await bench.command(b"AT+CIPRECVTYPE?") == b"+CIPRECVTYPE:0,1\r\n" + OK
        assert await bench.command(b"AT+CIPMUX=1") == OK
        assert await bench.command(b"AT+CIPRECVTYPE=3,1") == OK
        lines = b"".join(b"+CIPRECVTYPE:%d,%d\r\n" % line for line in enumerate((1, 0, 0, 1, 0)))
        assert await bench.command(b"AT+CIPRECVTYPE?") == lines + OK
        for line in (b"AT+CIPRECVTYPE=5,1", b"AT+CIPRECVTYPE=,1"):
            assert await bench.command(b"AT+CIPRECVTYPE=5,0") == OK
            assert await bench.command(line) == OK
            lines = b"".join(b"+CIPRECVTYPE:%d,1\r\n" % number for number in range(5))
            assert await bench.command(b"AT+CIPRECVTYPE?") == lines + OK


async def test_the_older_name_is_for_all_links() -> None:
    async with host() as (bench, _):
        assert await bench.command(b"AT+CIPRECVMODE?") == b"+CIPRECVMODE:0\r\n" + OK
        assert await bench.command(b"AT+CIPMUX=1") == OK
        assert await bench.command(b"AT+CIPRECVMODE=1") == OK
        assert await bench.command(b"AT+CIPRECVMODE?") == b"+CIPRECVMODE:1\r\n" + OK
        lines = b"".join(b"+CIPRECVTYPE:%d,1\r\n" % number for number in range(5))
        assert await bench.command(b"AT+CIPRECVTYPE?") == lines + OK
        assert await bench.command(b"AT+CIPRECVMODE=5,0") == OK
        assert await bench.command(b"AT+CIPRECVMODE=2,1") == OK
        lines = b"".join(b"+CIPRECVTYPE:%d,%d\r\n" % line for line in enumerate((0, 0, 1, 0, 0)))
        assert await bench.command(b"AT+CIPRECVTYPE?") == lines + OK


async def test_lengths() -> None:
    async with host() as (bench, _):
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:-1\r\n" + OK
        assert await bench.command(b"AT+CIPMUX=1") == OK
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:-1,-1,-1,-1,-1\r\n" + OK
        assert await bench.command(b'AT+CIPSTART=3,"TCP","192.168.3.50",80') == b"3," + OPENED
        assert await bench.command(b"AT+CIPRECVLEN?") == b"+CIPRECVLEN:-1,-1,-1,0,-1\r\n" + OK


async def prepared(bench: Workbench, it: MemoryHost[Connection]) -> None:
    """Something to read."""
    await it.connection.send(b"test")
    assert await bench.settle() == notice(4)


@pytest.mark.parametrize(
    "line",
    [
        b"AT+CIPRECVDATA=0",
        b"AT+CIPRECVDATA=-1",
        b"AT+CIPRECVDATA=2147483648",
        b"AT+CIPRECVDATA=2147483647",  # more than the module has memory for
        b"AT+CIPRECVDATA=110592",
        b"AT+CIPRECVDATA=0,4",
        b"AT+CIPRECVDATA=",
        b'AT+CIPRECVDATA="4"',
        b"AT+CIPRECVTYPE=2",
        b"AT+CIPRECVTYPE=0,1",
        b"AT+CIPRECVTYPE=",
        b"AT+CIPRECVMODE=2",
        b"AT+CIPRECVMODE=0,1",
        b"AT+CIPRECVLEN",
        b"AT+CIPRECVLEN=0",
    ],
)
async def test_wrong_parameters(line: bytes) -> None:
    async with linked(b"AT+CIPRECVTYPE=1") as (bench, it):
        await prepared(bench, it)
        assert await bench.command(line) == ERROR
        assert await read(bench, 100_000) == data(b"test")


@pytest.mark.parametrize("line", [b"AT+CIPRECVTYPE=6,1", b"AT+CIPRECVTYPE=1", b"AT+CIPRECVTYPE=0,2"])
async def test_wrong_parameters_in_multiple_mode(line: bytes) -> None:
    async with host(b"AT+CIPMUX=1") as (bench, _):
        assert await bench.command(line) == ERROR


async def test_over_a_real_socket() -> None:
    """A peer that sends more than the window and closes: every byte, then the end."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    payload = bytes(range(251)) * 400
    async with listener, station(around(), b"AT+CIPRECVTYPE=1") as bench:
        bench.port.send(b'AT+CIPSTART="TCP","127.0.0.1",%d\r\n' % TcpPeer(listener).port)
        await expect(bench, OPENED)
        async with trio.open_nursery() as nursery:
            stream = await TcpPeer(listener).accept()

            async def flood() -> None:
                async with stream:
                    await stream.send_all(payload)

            nursery.start_soon(flood)
            received = b""
            with trio.fail_after(10):
                while len(received) < len(payload):
                    printed = await bench.port.read_until(b"\r\n")
                    if not printed.strip():
                        continue
                    assert printed.startswith(b"+IPD,")
                    bench.port.send(b"AT+CIPRECVDATA=6000\r\n")
                    head = await bench.port.read_until(b",")
                    received += await bench.port.read_exactly(int(head.removeprefix(b"+CIPRECVDATA:")[:-1]))
                    assert await bench.port.read_exactly(len(OK)) == OK
                assert await bench.port.read_until(b"CLOSED\r\n") == b"CLOSED\r\n"
        assert received == payload
