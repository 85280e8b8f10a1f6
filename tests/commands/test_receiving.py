"""Receiving over TCP, with real peers on this machine."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.network import connected, expect, prompt, receive_exactly, soon, taken
from tests.stations import station
from tests.texts import OK, SENT
from tests.workbench import Workbench


@pytest.mark.parametrize(
    ("commands", "printed"),
    [
        ((), b"\r\n+IPD,4:test\r\n"),
        ((b"AT+CIPMUX=1",), b"\r\n+IPD,0,4:test\r\n"),
        ((b"AT+CIPDINFO=1",), b'\r\n+IPD,4,"192.168.3.102",%d:test\r\n'),
        ((b"AT+CIPMUX=1", b"AT+CIPDINFO=1"), b'\r\n+IPD,0,4,"192.168.3.102",%d:test\r\n'),
    ],
)
async def test_the_four_forms_of_incoming_data(commands: tuple[bytes, ...], printed: bytes) -> None:
    async with connected(None, *commands) as (bench, stream):
        await stream.send_all(b"test")
        await expect(bench, printed % stream.socket.getsockname()[1] if b"%d" in printed else printed)


async def reports(bench: Workbench, count: int) -> list[bytes]:
    """The payloads of `+IPD` messages in single mode, as many as make `count` bytes."""
    payloads: list[bytes] = []
    while sum(map(len, payloads)) < count:
        head = await soon(bench.port.read_until(b":"))
        assert head.startswith(b"\r\n+IPD,")
        length = int(head[7:-1])
        payload = await soon(bench.port.read_exactly(length + 2))
        assert payload.endswith(b"\r\n")
        payloads.append(payload[:-2])
    return payloads


async def test_much_data_is_cut_into_messages_of_2920_bytes_at_most() -> None:
    async with connected() as (bench, stream):
        data = bytes(range(251)) * 100
        await stream.send_all(data)
        payloads = await reports(bench, len(data))
        assert b"".join(payloads) == data
        assert max(map(len, payloads)) == 2920


async def test_data_may_come_anywhere_but_inside_a_message() -> None:
    async with connected() as (bench, stream):
        await prompt(bench, b"AT+CIPSEND=4")
        await stream.send_all(b"one")
        await expect(bench, b"\r\n+IPD,3:one\r\n")
        bench.port.send(b"te")
        await stream.send_all(b"two")
        await expect(bench, b"\r\n+IPD,3:two\r\n")
        bench.port.send(b"st")
        await expect(bench, taken(4) + SENT)
        assert await receive_exactly(stream, 4) == b"test"


async def test_data_that_comes_with_the_connection_follows_its_ok() -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]

    async def greet(stream: trio.SocketStream) -> None:
        await stream.send_all(b"hello")

    async with station() as bench, trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, greet, listeners)
        bench.port.send(b'AT+CIPSTART="TCP","192.168.3.102",%d\r\n' % port)
        await expect(bench, b"CONNECT\r\n" + OK + b"\r\n+IPD,5:hello\r\nCLOSED\r\n")
        nursery.cancel_scope.cancel()


async def test_a_client_that_does_not_read_stops_the_peer_and_loses_nothing() -> None:
    async with connected(None, capacity=1000) as (bench, stream):
        stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_SNDBUF, 65536)
        data = bytes(range(253)) * 40_000  # 10 MB, far more than all sockets hold
        sent = trio.Event()

        async def flood() -> None:
            await stream.send_all(data)
            sent.set()

        received = bytearray()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood)
            await wait_all_tasks_blocked()
            assert not sent.is_set()
            while len(received) < len(data):
                head = await soon(bench.port.read_until(b":"))
                rest = int(head.removeprefix(b"\r\n+IPD,")[:-1]) + 2
                while rest:  # the port holds less than a message
                    part = await soon(bench.port.read_exactly(min(rest, 500)))
                    rest -= len(part)
                    received += part
                assert received.endswith(b"\r\n")
                del received[-2:]
        assert received == data


async def test_an_answer_waits_for_a_client_that_does_not_read() -> None:
    async with connected(None, capacity=100) as (bench, stream):
        await stream.send_all(b"x" * 200)
        assert await soon(bench.port.read_until(b":")) == b"\r\n+IPD,200:"
        bench.port.send(b"AT\r\n")
        assert await soon(bench.port.read_exactly(90)) == b"x" * 90
        assert await soon(bench.port.read_exactly(100)) == b"x" * 100
        await expect(bench, b"x" * 10 + b"\r\n" + OK)
