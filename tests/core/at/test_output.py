"""The ordered writer: what is kept, what is dropped, who waits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.at.output import TX_BUFFER, Output
from espat.core.ports.port import Attachment, MemoryPort
from espat.core.trace import Kind


@asynccontextmanager
async def running(port: MemoryPort) -> AsyncIterator[Output]:
    async with trio.open_nursery() as nursery:
        output = Output(port)
        nursery.start_soon(output.run)
        yield output
        nursery.cancel_scope.cancel()


def unopened_port() -> MemoryPort:
    port = MemoryPort()
    port.set_attachment(Attachment.NOT_YET)
    return port


async def test_messages_go_out_in_the_order_they_were_written() -> None:
    port = MemoryPort()
    async with running(port) as output:
        output.write(b"AT\r\n", Kind.ECHO)
        output.report(b"WIFI CONNECTED\r\n")
        output.write(b"\r\nOK\r\n", Kind.RESULT)
        await wait_all_tasks_blocked()
        assert port.read() == b"AT\r\nWIFI CONNECTED\r\n\r\nOK\r\n"


async def test_what_comes_before_the_first_client_is_kept_for_it() -> None:
    port = unopened_port()
    async with running(port) as output:
        output.report(b"\r\nready\r\n")
        output.report(b"WIFI CONNECTED\r\n")
        await wait_all_tasks_blocked()
        assert port.read() == b""
        port.set_attachment(Attachment.ATTACHED)
        await wait_all_tasks_blocked()
        assert port.read() == b"\r\nready\r\nWIFI CONNECTED\r\n"


async def test_no_more_is_kept_than_the_buffer_holds() -> None:
    port = unopened_port()
    async with running(port) as output:
        output.report(b"a" * TX_BUFFER)
        output.report(b"b")
        for _ in range(10_000):
            output.report(b"WIFI DISCONNECT\r\n")
        await output.room()  # nobody is waited for
        await output.drained()
        port.set_attachment(Attachment.ATTACHED)
        await wait_all_tasks_blocked()
        assert port.read() == b"a" * TX_BUFFER


async def test_a_message_is_kept_whole_or_not_at_all() -> None:
    port = unopened_port()
    async with running(port) as output:
        output.report(b"a" * (TX_BUFFER - 5))
        output.report(b"too long")
        output.report(b"fits!")
        port.set_attachment(Attachment.ATTACHED)
        await wait_all_tasks_blocked()
        assert port.read() == b"a" * (TX_BUFFER - 5) + b"fits!"


async def test_what_is_written_for_a_client_that_has_left_is_lost() -> None:
    port = MemoryPort()
    async with running(port) as output:
        port.set_attachment(Attachment.LEFT)
        output.report(b"lost")
        await output.room()
        await output.drained()
        port.set_attachment(Attachment.ATTACHED)
        output.report(b"seen")
        await wait_all_tasks_blocked()
        assert port.read() == b"seen"


async def test_what_a_client_has_not_taken_when_it_leaves_is_lost() -> None:
    port = MemoryPort(capacity=4)
    async with running(port) as output:
        output.report(b"0123456789")
        await wait_all_tasks_blocked()
        port.set_attachment(Attachment.LEFT)
        port.set_attachment(Attachment.ATTACHED)
        assert port.read() == b"0123"
        output.report(b"new")
        await wait_all_tasks_blocked()
        assert port.read() == b"new"


async def test_whoever_writes_waits_for_a_client_that_does_not_read() -> None:
    port = MemoryPort(capacity=100)
    written = 0

    async def produce(output: Output) -> None:
        nonlocal written
        for _ in range(1000):
            output.report(b"x" * 100)
            written += 100
            await output.room()

    async with running(port) as output, trio.open_nursery() as nursery:
        nursery.start_soon(produce, output)
        await wait_all_tasks_blocked()
        assert written <= TX_BUFFER + 200
        received = 0
        while received < 100_000:
            received += len(await port.read_exactly(100))
    assert written == received == 100_000


async def test_room_and_drained_end_when_the_client_leaves() -> None:
    port = MemoryPort(capacity=1)
    ended = []

    async def wait(output: Output, *, drained: bool) -> None:
        await (output.drained() if drained else output.room())
        ended.append(drained)

    async with running(port) as output, trio.open_nursery() as nursery:
        output.report(b"x" * 2 * TX_BUFFER)
        nursery.start_soon(lambda: wait(output, drained=True))
        nursery.start_soon(lambda: wait(output, drained=False))
        await wait_all_tasks_blocked()
        assert ended == []
        port.set_attachment(Attachment.LEFT)
    assert sorted(ended) == [False, True]


async def test_drained_waits_for_the_last_byte() -> None:
    port = MemoryPort(capacity=3)
    order = []

    async def wait(output: Output) -> None:
        await output.drained()
        order.append("drained")

    async with running(port) as output, trio.open_nursery() as nursery:
        output.report(b"123456")
        nursery.start_soon(wait, output)
        await wait_all_tasks_blocked()
        assert order == []
        order.append(port.read().decode())
        await wait_all_tasks_blocked()
        assert order == ["123", "drained"]
        assert port.read() == b"456"


async def test_a_slow_client_gets_every_byte_in_order() -> None:
    port = MemoryPort(capacity=7)
    expected = b"".join(b"message %d\r\n" % number for number in range(50))
    async with running(port) as output:
        for number in range(50):
            output.report(b"message %d\r\n" % number)
        received = b""
        while len(received) < len(expected):
            received += await port.read_exactly(min(5, len(expected) - len(received)))
    assert received == expected


async def test_corked_messages_go_out_in_one_piece() -> None:
    port = MemoryPort()
    async with running(port) as output:
        output.cork()
        output.write(b"AT\r\n", Kind.ECHO)
        output.write(b"\r\nOK\r\n", Kind.RESULT)
        await wait_all_tasks_blocked()
        assert port.read() == b""
        output.uncork()
        assert port.read() == b"AT\r\n\r\nOK\r\n"


async def test_what_does_not_fit_when_uncorked_follows() -> None:
    port = MemoryPort(capacity=6)
    async with running(port) as output:
        output.cork()
        output.write(b"0123456789", Kind.RESULT)
        output.uncork()
        assert port.read() == b"012345"
        await wait_all_tasks_blocked()
        assert port.read() == b"6789"


async def test_corking_without_a_word_sends_nothing() -> None:
    port = unopened_port()
    async with running(port) as output:
        output.cork()
        output.uncork()
        output.cork()
        output.report(b"kept")
        output.uncork()
        assert port.read() == b""
        port.set_attachment(Attachment.ATTACHED)
        await wait_all_tasks_blocked()
        assert port.read() == b"kept"


async def test_the_filter_sees_each_message_by_itself() -> None:
    port = MemoryPort()
    seen = []

    def drop_ok(message: bytes) -> bytes:
        seen.append(message)
        return message.replace(b"\r\nOK\r\n", b"")

    async with running(port) as output:
        output.message_filter = drop_ok
        output.write(b"\r\nO", Kind.DATA)
        output.write(b"K\r\n", Kind.DATA)
        output.write(b"\r\nOK\r\n", Kind.RESULT)
        output.write(b"\r\nOK\r\n", Kind.RESULT, filtered=False)
        await wait_all_tasks_blocked()
        assert port.read() == b"\r\nOK\r\n\r\nOK\r\n"
    assert seen == [b"\r\nO", b"K\r\n", b"\r\nOK\r\n"]


async def test_the_recorder_is_told_what_goes_out() -> None:
    port = MemoryPort()
    recorded: list[tuple[str, Kind, bytes, bool]] = []
    output = Output(port, lambda *message: recorded.append(message))
    output.message_filter = lambda message: message.removeprefix(b"secret")
    output.report(b"secret")
    output.report(b"secret, not")
    output.report(b"+IPD,2:hi", private=True)
    port.set_attachment(Attachment.LEFT)
    output.report(b"nobody hears this")
    assert recorded == [("out", Kind.REPORT, b", not", False), ("out", Kind.REPORT, b"+IPD,2:hi", True)]
