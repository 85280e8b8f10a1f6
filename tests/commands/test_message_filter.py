"""The filter for system messages, from its set-up to what it swallows."""

import pytest

from espat.core.at.message_filter import FILTERS_LIMIT
from espat.core.at.output import Output
from tests.stations import among
from tests.texts import ERROR, JOIN, JOINED, LOST, OK, PROMPT
from tests.workbench import Workbench, workbench


async def add(bench: Workbench, head: bytes, tail: bytes = b"") -> None:
    """Add a filter that is good."""
    assert await bench.command(b"AT+SYSMSGFILTERCFG=1,%d,%d" % (len(head), len(tail))) == PROMPT
    assert await bench.send(head + tail) == OK


async def test_the_filter_is_off_after_boot() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSMSGFILTER?") == b"+SYSMSGFILTER:0\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+SYSMSGFILTERCFG?") == OK


async def test_without_filters_nothing_is_filtered() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSMSGFILTER=1") == OK
        assert await bench.command(b"AT+SYSMSGFILTER?") == b"+SYSMSGFILTER:1\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+SYSMSGFILTER=0") == OK
        assert await bench.command(b"AT+SYSMSGFILTER?") == b"+SYSMSGFILTER:0\r\n\r\nOK\r\n"


async def test_a_report_is_suppressed_until_its_filter_is_deleted() -> None:
    async with among() as bench:
        await add(bench, b"^WIFI CONNECTED\r\n")
        assert await bench.command(b"AT+SYSMSGFILTER=1") == OK
        assert await bench.command(JOIN) == b"WIFI GOT IP\r\n" + OK
        assert await bench.command(b"AT+SYSMSGFILTERCFG=2,17,0") == PROMPT
        assert await bench.send(b"^WIFI CONNECTED\r\n") == OK
        assert await bench.command(JOIN) == LOST + JOINED


async def test_the_documented_download() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSMSGFILTERCFG=1,18,3") == PROMPT
        assert await bench.send(b"^+HTTPCGET:[0-9]*,\r\n$") == OK
        assert await bench.command(b"AT+SYSMSGFILTERCFG=1,0,7") == PROMPT
        assert await bench.send(b"\r\nOK\r\n$") == OK
        assert await bench.command(b"AT+SYSMSGFILTER=1") == b""
        assert await bench.command(b"ATE0") == b""
        bench.module[Output].report(b"+HTTPCGET:6,\x89PNG\r\n\r\n")
        bench.module[Output].report(b"+HTTPCGET:3,\0\xff\0\r\n")
        assert await bench.command(b"AT") == b"\x89PNG\r\n\0\xff\0"
        assert await bench.command(b"AT+FAKE") == ERROR
        assert await bench.command(b"AT+SYSMSGFILTERCFG=0") == OK
        assert await bench.command(b"AT+SYSMSGFILTER=0") == OK
        assert await bench.command(b"ATE1") == OK


async def test_the_query_passes_the_filter_by() -> None:
    async with workbench() as bench:
        await add(bench, b"^+SYS", b"\r\n$")
        await add(bench, b"", b"^[0-9]*$")
        await add(bench, b"^a\r\n")
        await bench.command(b"AT+SYSMSGFILTER=1")
        assert await bench.command(b"AT+SYSMSGFILTERCFG?") == (
            b'+SYSMSGFILTERCFG:0,"^+SYS","\r\n$"\r\n'
            b'+SYSMSGFILTERCFG:1,"","^[0-9]*$"\r\n'
            b'+SYSMSGFILTERCFG:2,"^a\r\n",""\r\n'
            b"\r\nOK\r\n"
        )
        assert await bench.command(b"AT+SYSMSGFILTER?") == b"MSGFILTER:1\r\nOK\r\n"


async def test_the_echo_is_filtered_too() -> None:
    async with workbench() as bench:
        await add(bench, b"^AT+SYSLOG?\r\n$")
        await bench.command(b"AT+SYSMSGFILTER=1")
        assert await bench.send(b"AT+SYSLOG?\r\n") == b"+SYSLOG:0\r\n\r\nOK\r\n"


async def test_the_expressions_may_come_in_pieces_and_are_not_echoed() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSMSGFILTERCFG=1,2,3") == PROMPT
        assert await bench.send(b"^", b"ab", b"c") == b""
        assert await bench.send(b"$") == OK
        assert await bench.command(b"AT+SYSMSGFILTERCFG?") == b'+SYSMSGFILTERCFG:0,"^a","bc$"\r\n\r\nOK\r\n'


async def test_what_stands_behind_the_expressions_is_the_next_command() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSMSGFILTERCFG=1,2,0") == PROMPT
        assert await bench.send(b"^aAT+SYSLOG?\r\n") == OK + b"AT+SYSLOG?\r\n+SYSLOG:0\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+SYSMSGFILTERCFG=1,2,0") == PROMPT
        assert await bench.send(b"^b\r\n") == OK + b"\r\n" + ERROR
        assert await bench.command(b"AT+SYSMSGFILTERCFG=1,2,0") == PROMPT
        assert await bench.send(b"^cAT+SYS") == OK + b"AT+SYS"
        assert await bench.send(b"LOG?\r\n") == b"LOG?\r\n+SYSLOG:0\r\n\r\nOK\r\n"


async def test_three_plus_signs_are_an_expression() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSMSGFILTERCFG=1,3,0") == PROMPT
        await bench.advance(1)
        assert await bench.send(b"+++") == OK
        assert await bench.command(b"AT+SYSMSGFILTERCFG?") == b'+SYSMSGFILTERCFG:0,"+++",""\r\n\r\nOK\r\n'


async def test_a_bad_expression_is_refused_behind_the_prompt() -> None:
    async with workbench() as bench:
        await bench.command(b"AT+SYSLOG=1")
        assert await bench.command(b"AT+SYSMSGFILTERCFG=1,2,1") == PROMPT
        assert await bench.send(b"\\(a") == ERROR
        assert await bench.command(b"AT+SYSMSGFILTERCFG=1,1,2") == PROMPT
        assert await bench.send(b"a[b") == ERROR
        assert await bench.command(b"AT+SYSMSGFILTERCFG?") == OK


async def test_only_the_very_same_filter_is_deleted() -> None:
    async with workbench() as bench:
        await add(bench, b"^a", b"b$")
        for head, tail in ((b"^a", b""), (b"", b"b$"), (b"b$", b"^a"), (b"^ab$", b"")):
            assert await bench.command(b"AT+SYSMSGFILTERCFG=2,%d,%d" % (len(head), len(tail))) == PROMPT
            assert await bench.send(head + tail) == ERROR
        assert await bench.command(b"AT+SYSMSGFILTERCFG=2,2,2") == PROMPT
        assert await bench.send(b"^ab$") == OK
        assert await bench.command(b"AT+SYSMSGFILTERCFG?") == OK


async def test_filters_end_with_a_restart() -> None:
    async with workbench() as bench:
        await add(bench, b"^\r\nready\r\n$")
        await add(bench, b"^\r\nOK\r\n$")
        await bench.command(b"AT+SYSMSGFILTER=1")
        assert await bench.command(b"AT+RST") == b"\r\nready\r\n"
        assert await bench.command(b"AT+SYSMSGFILTER=1") == OK
        assert await bench.command(b"AT+SYSMSGFILTERCFG?") == OK


async def test_the_longest_expressions() -> None:
    async with workbench() as bench:
        await add(bench, b"a" * 64, b"b" * 64)
        expected = b'+SYSMSGFILTERCFG:0,"' + b"a" * 64 + b'","' + b"b" * 64 + b'"\r\n\r\nOK\r\n'
        assert await bench.command(b"AT+SYSMSGFILTERCFG?") == expected


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"AT+SYSMSGFILTER=2", b"0x01070001"),
        (b"AT+SYSMSGFILTER=", b"0x01080001"),
        (b"AT+SYSMSGFILTER=1,1", b"0x01060102"),
        (b"AT+SYSMSGFILTER", b"0x01090000"),
        (b"AT+SYSMSGFILTERCFG=0,1", b"0x01060102"),
        (b"AT+SYSMSGFILTERCFG=1", b"0x01060301"),
        (b"AT+SYSMSGFILTERCFG=1,1", b"0x01060302"),
        (b"AT+SYSMSGFILTERCFG=1,1,1,1", b"0x01060304"),
        (b"AT+SYSMSGFILTERCFG=3,1,1", b"0x01070001"),
        (b"AT+SYSMSGFILTERCFG=1,65,0", b"0x01070002"),
        (b"AT+SYSMSGFILTERCFG=2,0,65", b"0x01070003"),
        (b"AT+SYSMSGFILTERCFG=1,-1,1", b"0x01070002"),
        (b"AT+SYSMSGFILTERCFG=1,0,0", b"0x01070003"),
        (b'AT+SYSMSGFILTERCFG=1,"a",0', b"0x01080002"),
        (b"AT+SYSMSGFILTERCFG=1,,1", b"0x01080002"),
        (b"AT+SYSMSGFILTERCFG", b"0x01090000"),
    ],
)
async def test_errors_come_before_the_prompt(line: bytes, code: bytes) -> None:
    async with workbench() as bench:
        await bench.command(b"AT+SYSLOG=1")
        assert await bench.command(line) == b"ERR CODE:%b\r\n\r\nERROR\r\n" % code


async def test_an_expression_that_costs_a_compiler_minutes_is_refused() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSMSGFILTERCFG=1,40,0") == PROMPT
        answer = await bench.send(rb"\(\(\(\([]a]\)\{0,9\}\)\)\{1,\}\)\{255\}")
        assert answer.startswith(ERROR)
        assert await bench.command(b"AT") == OK


async def test_there_is_an_end_to_filters() -> None:
    async with workbench() as bench:
        for _ in range(FILTERS_LIMIT):
            await add(bench, b"^a")
        assert await bench.command(b"AT+SYSMSGFILTERCFG=1,2,0") == PROMPT
        assert await bench.send(b"^a") == ERROR
