"""Data behind a prompt: counted, escaped, cancelled, too little and too much; and clients that do not read."""

import pytest

from espat.core.at.output import TX_BUFFER
from espat.core.ports.port import Attachment
from tests.core.at.machine import machine
from tests.texts import BUSY, CANCELED, PROMPT

SILENCE = 0.02


def sent(count: int, surplus: bytes = b"") -> bytes:
    return surplus + b"\r\nRecv %d bytes\r\n" % count + b"\r\nSEND OK\r\n"


async def test_data_is_taken_raw_and_not_echoed() -> None:
    async with machine(echo=True) as it:
        assert await it.send(b"AT+SEND=8\r\n") == b"AT+SEND=8\r\n" + PROMPT
        assert await it.send(b"AT\r\n", b"\\0\x00") == b""
        assert await it.send(b"\xff") == sent(8)
        assert it.payloads == [b"AT\r\n\\0\x00\xff"]
        assert await it.send(b"AT\r\n") == b"AT\r\n\r\nOK\r\n"


async def test_too_few_bytes_are_waited_for_and_commands_are_data_meanwhile() -> None:
    async with machine() as it:
        assert await it.send(b"AT+SEND=9\r\n", b"12") == PROMPT
        assert await it.advance(3600) == b""
        assert await it.send(b"AT\r\n") == b""
        assert await it.send(b"AT\r\n") == sent(9, BUSY)
        assert it.payloads == [b"12AT\r\nAT\r"]


async def test_surplus_is_busy_and_the_data_is_sent() -> None:
    async with machine() as it:
        assert await it.send(b"AT+SEND=4\r\n") == PROMPT
        assert await it.send(b"datamore") == sent(4, BUSY)
        assert it.payloads == [b"data"]
        assert await it.send(b"AT\r\n") == b"\r\nOK\r\n"


async def test_surplus_shows_its_code() -> None:
    async with machine() as it:
        it.engine.syslog = True
        await it.send(b"AT+SEND=4\r\n")
        assert await it.send(b"data\r\n") == sent(4, b"ERR CODE:0x010b0000\r\n" + BUSY)


async def test_a_restart_as_surplus_is_heard_and_ends_the_command() -> None:
    async with machine() as it:
        await it.send(b"AT+SEND=4\r\n")
        answer = b"\r\nWill force to restart!!!\r\n\r\nOK\r\n"
        assert await it.send(b"dataAT+RST\r\n") == answer
        assert len(it.restarts) == 1


async def test_data_in_the_chunk_of_the_command_is_busy() -> None:
    async with machine() as it:
        assert await it.send(b"AT+SEND=4\r\ndata") == BUSY + PROMPT
        assert await it.send(b"data") == sent(4)


async def test_escaped_data() -> None:
    async with machine() as it:
        assert await it.send(b"AT+SENDX=100\r\n", b"a\\", b"\\0b", b"\\", b"0") == PROMPT + sent(4)
        assert it.payloads == [b"a\\0b"]
        assert await it.send(b"AT+SENDX=3\r\n", b"abcd") == PROMPT + sent(3, BUSY)


async def test_surplus_that_is_the_next_command() -> None:
    async with machine(echo=True) as it:
        assert await it.send(b"AT+STORE=2\r\n") == b"AT+STORE=2\r\n" + PROMPT
        assert await it.send(b"abAT\r\n") == b"\r\nOK\r\nAT\r\n\r\nOK\r\n"
        assert await it.send(b"AT+STORE=2\r\n") == b"AT+STORE=2\r\n" + PROMPT
        assert await it.send(b"ab\r\n") == b"\r\nOK\r\n\r\n\r\nERROR\r\n"
        assert it.payloads == [b"ab", b"ab"]


async def test_surplus_that_begins_the_next_command() -> None:
    async with machine() as it:
        await it.send(b"AT+STORE=2\r\n")
        assert await it.send(b"abAT+LI") == b"\r\nOK\r\n"
        assert await it.send(b"NE?\r\n") == b"+LINE:1\r\n\r\nOK\r\n"


async def test_surplus_that_is_more_than_the_next_command() -> None:
    async with machine() as it:
        await it.send(b"AT+STORE=2\r\n")
        assert await it.send(b"abAT\r\nAT\r\n") == b"\r\nOK\r\n" + BUSY + b"\r\nOK\r\n"


async def test_input_while_such_a_command_works_is_taken_after_it() -> None:
    async with machine() as it:
        assert await it.send(b"AT+STORE\r\n") == b">"
        assert await it.send(b"ab", b"AT\r\n", b"AT+WAIT\r\n", b"AT\r\n") == b""
        it.release.set()
        assert await it.send() == b"\r\nOK\r\n\r\nOK\r\n" + BUSY + b"+WAIT:done\r\n\r\nOK\r\n"


async def test_plus_signs_alone_cancel() -> None:
    async with machine() as it:
        assert await it.send(b"AT+SEND=100\r\n") == PROMPT
        await it.advance(SILENCE)
        assert await it.send(b"+++") == b""
        assert await it.advance(SILENCE) == CANCELED
        assert it.payloads == []
        assert await it.send(b"AT\r\n") == b"\r\nOK\r\n"


async def test_plus_signs_cancel_behind_some_data_and_in_pieces() -> None:
    async with machine() as it:
        await it.send(b"AT+SENDX=100\r\n", b"data")
        await it.advance(SILENCE)
        await it.send(b"+")
        await it.advance(SILENCE / 2)
        await it.send(b"++")
        assert await it.advance(SILENCE) == CANCELED


async def test_plus_signs_that_fill_the_entry_still_cancel() -> None:
    async with machine() as it:
        await it.send(b"AT+SEND=3\r\n")
        await it.advance(SILENCE)
        await it.send(b"+++")
        assert await it.advance(SILENCE) == CANCELED


@pytest.mark.parametrize("chunks", [(b"++++",), (b"+++\r\n",), (b"+++", b"\r\n"), (b"+++", b"+"), (b"a+++",)])
async def test_plus_signs_that_do_not_stand_alone_are_data(chunks: tuple[bytes, ...]) -> None:
    async with machine() as it:
        data = b"".join(chunks)
        await it.send(b"AT+SEND=%d\r\n" % len(data))
        await it.advance(SILENCE)
        for chunk in chunks[:-1]:
            assert await it.send(chunk) == b""
        assert await it.send(chunks[-1]) == sent(len(data))
        assert it.payloads == [data]


async def test_plus_signs_right_behind_the_command_are_data() -> None:
    async with machine() as it:
        await it.send(b"AT+SEND=3\r\n")
        assert await it.send(b"+++") == sent(3)


async def test_slow_plus_signs_are_data() -> None:
    async with machine() as it:
        await it.send(b"AT+SEND=3\r\n")
        await it.advance(1)
        for _ in range(2):
            await it.send(b"+")
            assert await it.advance(SILENCE) == b""
        await it.send(b"+")
        assert await it.advance(SILENCE) == sent(3)
        assert it.payloads == [b"+++"]


async def test_plus_signs_are_data_where_nothing_can_be_cancelled() -> None:
    async with machine() as it:
        await it.send(b"AT+STORE=3\r\n")
        await it.advance(1)
        assert await it.send(b"+++") == b"\r\nOK\r\n"
        assert it.payloads == [b"+++"]


async def test_a_report_comes_between_prompt_and_data() -> None:
    async with machine() as it:
        assert await it.send(b"AT+SEND=4\r\n", b"da") == PROMPT
        it.output.report(b"\r\n+IPD,2:hi\r\n")
        assert await it.send(b"ta") == b"\r\n+IPD,2:hi\r\n" + sent(4)


async def test_the_filter_sees_ok_and_prompt_apart() -> None:
    async with machine() as it:
        it.output.message_filter = lambda message: b"" if message == b"\r\nOK\r\n" else message
        assert await it.send(b"AT+SEND=1\r\n") == b"\r\n>"


async def test_a_client_that_does_not_read_is_waited_for_and_nothing_is_lost() -> None:
    async with machine(capacity=10) as it:
        for _ in range(2000):
            it.port.send(b"AT+LINE?\r\n")
        answers = await it.send()
        assert answers == b"+LINE:1\r\n\r"
        answered = 2000 - it.port.waiting
        assert answered * len(b"+LINE:1\r\n\r\nOK\r\n") <= len(answers) + TX_BUFFER + 16
        while printed := await it.send():
            answers += printed
        assert answers == 2000 * b"+LINE:1\r\n\r\nOK\r\n"


async def test_the_memory_held_for_a_client_that_does_not_read_is_bounded() -> None:
    async with machine(capacity=0, echo=True) as it:
        it.port.send(b"AT+WAIT\r\n")
        for _ in range(5000):
            it.port.send(b"?" * 100)
        await it.send()
        taken = 5000 - it.port.waiting
        assert taken * len(BUSY) <= TX_BUFFER + len(BUSY)


async def test_a_module_whose_client_has_left_goes_on() -> None:
    async with machine(capacity=10) as it:
        await it.send(b"AT+BIG=1000\r\n")
        it.port.set_attachment(Attachment.LEFT)
        assert await it.send(b"AT+SEND=2\r\n", b"ab") == b""
        assert it.payloads == [b"ab"]
        it.port.set_attachment(Attachment.ATTACHED)
        assert await it.send(b"AT\r\n") == b"\r\nOK\r\n"
