"""The engine over a memory port: what commands are answered with."""

import pytest

from tests.core.at.machine import machine


async def test_a_command_is_echoed_and_answered() -> None:
    async with machine(echo=True) as it:
        assert await it.send(b"AT\r\n") == b"AT\r\n\r\nOK\r\n"


async def test_the_echo_is_what_was_typed_as_it_was_typed() -> None:
    async with machine(echo=True) as it:
        assert await it.send(b"a") == b"a"
        assert await it.send(b"t+Li") == b"t+Li"
        assert await it.send(b"ne?\r") == b"ne?\r"
        assert await it.send(b"\n") == b"\n+LINE:1\r\n\r\nOK\r\n"


async def test_the_line_that_ends_the_echo_is_echoed_and_the_one_that_starts_it_is_not() -> None:
    async with machine(echo=True) as it:
        assert await it.send(b"ATE0\r\n") == b"ATE0\r\n\r\nOK\r\n"
        assert await it.send(b"AT\r\n") == b"\r\nOK\r\n"
        assert await it.send(b"ATE1\r\n") == b"\r\nOK\r\n"
        assert await it.send(b"AT\r\n") == b"AT\r\n\r\nOK\r\n"


async def test_what_is_refused_with_error_is_echoed() -> None:
    async with machine(echo=True) as it:
        assert await it.send(b" ") == b" \r\nERROR\r\n"
        assert await it.send(b"\r\n") == b"\r\n\r\nERROR\r\n"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"AT", b"\r\nOK\r\n"),
        (b"aT", b"\r\nOK\r\n"),
        (b"AT+LINE?", b"+LINE:1\r\n\r\nOK\r\n"),
        (b"AT+LINES?", b"+LINES:1\r\n+LINES:2\r\nend\r\nOK\r\n"),
        (b"AT+SET=1", b"+SET:1,\r\nOK\r\n"),
        (b'at+set=1,"aB"', b"+SET:1,aB\r\nOK\r\n"),
        (b"AT+SET=1,", b"+SET:1,\r\nOK\r\n"),
        (b"AT+FAIL", b"WIFI DISCONNECT\r\n\r\nERROR\r\n"),
    ],
)
async def test_answers(line: bytes, answer: bytes) -> None:
    async with machine() as it:
        assert await it.send(line + b"\r\n") == answer


async def test_the_last_part_of_an_answer_may_say_how_it_ends() -> None:
    async with machine() as it:
        it.release.set()
        assert await it.send(b"AT+LINES?\r\n") == b"+LINES:1\r\n+LINES:2\r\nend\r\nERROR\r\n"


FAILURES = [
    (b"X", b"ERR CODE:0x01030000\r\n"),
    (b"\r\n", b"ERR CODE:0x01030000\r\n"),
    (b"?\r\n", b"ERR CODE:0x01030000\r\n"),
    (b"AT" + b"X" * 300 + b"\r\n", b"ERR CODE:0x01030000\r\n"),
    (b"AT+NONE\r\n", b"ERR CODE:0x01090000\r\n"),
    (b"AT+LINE\r\n", b"ERR CODE:0x01090000\r\n"),
    (b"AT+LINE=?\r\n", b"ERR CODE:0x01090000\r\n"),
    (b"AT?\r\n", b"ERR CODE:0x01090000\r\n"),
    (b"AT \r\n", b"ERR CODE:0x01090000\r\n"),
    (b"AT+SET=1,2\r\n", b"ERR CODE:0x01080002\r\n"),
    (b"AT+SET=10\r\n", b"ERR CODE:0x01070001\r\n"),
    (b'AT+SET=1,"abcde"\r\n', b"ERR CODE:0x01040002\r\n"),
    (b'AT+SET=1,"a",2\r\n', b"ERR CODE:0x01060203\r\n"),
    (b"AT+SET=\r\n", b"ERR CODE:0x01080001\r\n"),
    (b"AT+SEND=0\r\n", b"ERR CODE:0x01070001\r\n"),
    (b"AT+NETWORK\r\n", b"+ERRNO:0x71\r\n"),
]


@pytest.mark.parametrize(("chunk", "code"), FAILURES)
async def test_failures_show_their_code_only_on_demand(chunk: bytes, code: bytes) -> None:
    async with machine() as it:
        assert await it.send(chunk) == b"\r\nERROR\r\n"
        it.engine.syslog = True
        assert await it.send(chunk) == code + b"\r\nERROR\r\n"
        assert await it.send(b"AT\r\n") == b"\r\nOK\r\n"


async def test_the_code_of_a_command_that_took_time() -> None:
    async with machine() as it:
        it.engine.syslog = True
        assert await it.send(b"AT+FAIL\r\n") == b"WIFI DISCONNECT\r\nERR CODE:0x010a0002\r\n\r\nERROR\r\n"


async def test_a_line_that_is_too_long_is_answered_at_its_end() -> None:
    async with machine(echo=True) as it:
        assert await it.send(b"AT" + b"X" * 200) == b"AT" + b"X" * 200
        assert await it.send(b"X" * 200) == b"X" * 200
        assert await it.send(b"\r\n") == b"\r\n\r\nERROR\r\n"
        assert await it.send(b"AT\r\n") == b"AT\r\n\r\nOK\r\n"


async def test_without_cr_lf_there_is_no_answer() -> None:
    async with machine() as it:
        assert await it.send(b"AT\r", b"AT\n", b"AT") == b""


async def test_a_command_that_fails_in_the_simulator_is_an_error_and_the_module_goes_on(panics: list[str]) -> None:
    async with machine() as it:
        it.engine.syslog = True
        assert await it.send(b"AT+CRASH\r\n") == b"\r\nERROR\r\n"
        assert await it.send(b"AT+CRASH=1\r\n") == b"\r\nERROR\r\n"
        assert await it.send(b"AT+CRASH=0\r\n") == b"+CRASH:-1\r\n\r\nERROR\r\n"
        assert await it.send(b"AT+CRASH?\r\n") == b""
        it.release.set()
        assert await it.send() == b"\r\nERROR\r\n"
        assert await it.send(b"AT+WAIT\r\n") == b"+WAIT:done\r\n\r\nOK\r\n"
    assert ["ZeroDivisionError" in message for message in panics] == [True] * 4
    panics.clear()


async def test_an_answer_that_fails_half_way_in_a_command_that_takes_time(panics: list[str]) -> None:
    async with machine(command_time=0.1) as it:
        assert await it.send(b"AT+CRASH=0\r\n") == b""
        assert await it.advance(0.1) == b"+CRASH:-1\r\n\r\nERROR\r\n"
        assert await it.send(b"AT\r\n") == b""
        assert await it.advance(0.1) == b"\r\nOK\r\n"
    assert ["ZeroDivisionError" in message for message in panics] == [True]
    panics.clear()


async def test_a_restart_is_asked_for_behind_ok_and_further_input_is_lost() -> None:
    async with machine() as it:
        assert await it.send(b"AT+RST\r\n") == b"\r\nOK\r\n"
        assert len(it.restarts) == 1
        assert await it.send(b"AT\r\n", b"?", b"AT+RST\r\n") == b""
        assert len(it.restarts) == 1


async def test_a_command_may_take_its_time() -> None:
    async with machine(command_time=0.003) as it:
        assert await it.send(b"AT\r\n", b"AT\r\n") == b"\r\nbusy p...\r\n"
        assert await it.advance(0.002) == b""
        assert await it.advance(0.001) == b"\r\nOK\r\n"
        assert await it.send(b"AT+NONE\r\n") == b"\r\nERROR\r\n"


async def test_every_input_is_traced_before_its_answer() -> None:
    async with machine(echo=True) as it:
        await it.send(b"AT", b"+LINE?\r\n\r\n", b"?")
        await it.send(b"AT+SEND=3\r\n")
        await it.advance(1)
        await it.send(b"+")
        await it.advance(1)
        await it.send(b"ab")
        traced = [(direction, kind.value, data) for direction, kind, data in it.recorded]
    assert traced == [
        ("out", "echo", b"AT"),
        ("in", "command", b"AT+LINE?"),
        ("out", "echo", b"+LINE?\r\n"),
        ("in", "command", b"\r\n"),
        ("out", "result", b"\r\nbusy p...\r\n"),
        ("out", "result", b"+LINE:1\r\n"),
        ("out", "result", b"\r\nOK\r\n"),
        ("in", "command", b"?"),
        ("out", "echo", b"?"),
        ("out", "result", b"\r\nERROR\r\n"),
        ("in", "command", b"AT+SEND=3"),
        ("out", "echo", b"AT+SEND=3\r\n"),
        ("out", "result", b"\r\nOK\r\n"),
        ("out", "prompt", b"\r\n>"),
        ("in", "data", b"+"),
        ("in", "data", b"ab"),
        ("out", "result", b"\r\nRecv 3 bytes\r\n"),
        ("out", "result", b"\r\nSEND OK\r\n"),
    ]
