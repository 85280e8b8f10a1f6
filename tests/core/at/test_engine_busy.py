"""Input while a command runs: busy, chunk by chunk, and the one restart that is heard."""

import pytest

from tests.core.at.machine import machine
from tests.texts import BUSY

FORCED = b"\r\nWill force to restart!!!\r\n\r\nOK\r\n"
DONE = b"+WAIT:done\r\n\r\nOK\r\n"


async def test_every_chunk_is_busy_once_and_is_not_echoed() -> None:
    async with machine(echo=True) as it:
        assert await it.send(b"AT+WAIT\r\n") == b"AT+WAIT\r\n"
        assert await it.send(b"AT\r\n") == BUSY
        assert await it.send(b"AT\r\nAT\r\nAT\r\n") == BUSY
        assert await it.send(b" ") == BUSY
        assert await it.send(b"?\r\n") == BUSY
        assert await it.send(b"A", b"T", b"\r", b"\n") == BUSY * 4
        assert await it.send(b"\x00\xff" * 5000) == BUSY
        it.release.set()
        assert await it.send() == DONE


async def test_what_was_busy_is_dropped() -> None:
    async with machine() as it:
        await it.send(b"AT+WAIT\r\n")
        assert await it.send(b"AT+LINE?\r\n", b"AT") == BUSY * 2
        it.release.set()
        assert await it.send() == DONE
        assert await it.send(b"\r\n") == b"\r\nERROR\r\n"
        assert await it.send(b"AT\r\n") == b"\r\nOK\r\n"


async def test_busy_shows_its_code() -> None:
    async with machine() as it:
        it.engine.syslog = True
        assert await it.send(b"AT+WAIT\r\n", b"AT\r\n") == b"ERR CODE:0x010b0000\r\n" + BUSY


async def test_surplus_behind_a_command_is_busy_before_the_answer() -> None:
    async with machine(echo=True) as it:
        assert await it.send(b"AT\r\nAT\r\n") == b"AT\r\n" + BUSY + b"\r\nOK\r\n"
        assert await it.send(b"AT\r\n\r\n") == b"AT\r\n" + BUSY + b"\r\nOK\r\n"
        assert await it.send(b"AT+NONE\r\nAT") == b"AT+NONE\r\n" + BUSY + b"\r\nERROR\r\n"
        assert await it.send(b"AT+WAIT\r\n ") == b"AT+WAIT\r\n" + BUSY


async def test_a_stray_byte_is_an_error_behind_the_answer_and_busy_before_it() -> None:
    async with machine() as it:
        assert await it.send(b"AT\r\n", b" ") == b"\r\nOK\r\n\r\nERROR\r\n"
        assert await it.send(b"AT+WAIT\r\n", b" ") == BUSY
        it.release.set()
        assert await it.send() == DONE
        assert await it.send(b" ") == b"\r\nERROR\r\n"


@pytest.mark.parametrize("chunk", [b"AT+RST\r\n", b"at+rst\r\n", b"At+rSt\r\n", b"AT\r\nAT+RST\r\nxyz", b"xAT+RST\r\n"])
async def test_a_chunk_with_a_restart_is_heard(chunk: bytes) -> None:
    async with machine(echo=True) as it:
        it.engine.syslog = True
        await it.send(b"AT+WAIT\r\n")
        assert await it.send(chunk) == FORCED
        assert len(it.restarts) == 1


@pytest.mark.parametrize("split", range(1, 8))
async def test_a_restart_in_two_chunks_is_busy_twice(split: int) -> None:
    async with machine() as it:
        await it.send(b"AT+WAIT\r\n")
        restart = b"AT+RST\r\n"
        assert await it.send(restart[:split], restart[split:]) == BUSY * 2
        assert it.restarts == []


@pytest.mark.parametrize("chunk", [b"AT+RST\r", b"AT+RST\n", b"AT+RST", b"AT+RST=1\r\n"])
async def test_what_is_not_quite_a_restart_is_busy(chunk: bytes) -> None:
    async with machine() as it:
        assert await it.send(b"AT+WAIT\r\n", chunk) == BUSY
        assert it.restarts == []


async def test_a_restart_behind_a_command_in_the_same_chunk() -> None:
    async with machine() as it:
        assert await it.send(b"AT+WAIT\r\nAT+RST\r\n") == FORCED
        assert await it.send(b"AT\r\n") == b""


async def test_the_interrupted_command_has_no_answer_any_more(panics: list[str]) -> None:
    for command in (b"AT+WAIT\r\n", b"AT+CRASH?\r\n"):
        async with machine() as it:
            assert await it.send(command, b"AT+RST\r\n", b"AT+RST\r\n") == FORCED
            it.release.set()
            assert await it.send() == b""
            assert len(it.restarts) == 1
    assert len(panics) == 1
    panics.clear()
