"""Situations that people with real modules have described in public: what the module did, byte for byte."""

import pytest

from espat.scenario.world.world import World
from tests.network import connected, expect, receive_exactly, soon
from tests.stations import among, router, station
from tests.texts import CANCELED, CONNECTED, ERROR, JOIN, JOINED, LOST, OK, PROMPT
from tests.workbench import Workbench, workbench

COMMAS = World(access_points=(router(b"lab 2,4", b"12345,678"),))
NAMES = ["esp32-v5", "ai-thinker", "esp8266-v1.7", "esp8266-v0.30"]
ESP_AT = NAMES[:2]
OLD = NAMES[2:]


@pytest.mark.parametrize("dialect", ESP_AT)
async def test_a_comma_between_quotes_separates_unless_it_is_escaped(dialect: str) -> None:
    async with workbench(COMMAS, dialect=dialect) as bench:
        assert await bench.command(b"AT+CWMODE=1") == OK
        assert await bench.command(b'AT+CWJAP="lab 2,4","12345,678"') == ERROR
        assert await bench.command(b'AT+CWJAP="lab 2\\,4","12345\\,678"') == JOINED


@pytest.mark.parametrize("dialect", OLD)
async def test_a_comma_between_quotes_belongs_to_the_string_in_the_old_firmwares(dialect: str) -> None:
    async with workbench(COMMAS, dialect=dialect) as bench:
        assert await bench.command(b"AT+CWMODE=1") == OK
        name = b"AT+CWJAP" if dialect == "esp8266-v0.30" else b"AT+CWJAP_CUR"
        assert (await bench.command(name + b'="lab 2,4","12345,678"')).endswith(OK)


@pytest.mark.parametrize("dialect", NAMES)
async def test_what_is_too_much_is_refused_before_the_receipt(dialect: str) -> None:
    async with connected(dialect=dialect) as (bench, peer):
        bench.port.send(b"AT+CIPSEND=4\r\n")
        await soon(bench.port.read_until(b">"))
        bench.port.send(b"data\r\n")
        printed = await soon(bench.port.read_until(b"\r\nSEND OK\r\n"))
        refused, receipt, _ = printed.partition(b"\r\nRecv 4 bytes\r\n")
        assert refused.strip() in (b"busy p...", b"busy s...")
        assert receipt
        assert await receive_exactly(peer, 4) == b"data"


@pytest.mark.parametrize("dialect", ESP_AT)
async def test_a_line_that_is_too_long(dialect: str) -> None:
    async with workbench(dialect=dialect) as bench:
        assert await bench.command(b"AT+SYSLOG=1") == OK
        assert await bench.command(b"AT+" + b"X" * 261) == b"ERR CODE:0x01030000\r\n" + ERROR
        assert await bench.command(b"AT+" + b"X" * 227) == b"ERR CODE:0x01090000\r\n" + ERROR


# What a module did alike


async def said(bench: Workbench, *conversation: tuple[bytes, bytes]) -> None:
    """Each command, and all that is printed for it."""
    for line, printed in conversation:
        assert await bench.command(line) == printed, line


async def test_names_in_the_scan_list_are_raw() -> None:
    name = b'1\\1"1,2\\\\2""2,,'
    async with among(router(name, b"12345678")) as bench:
        listed = b'(3,"' + name + b'",'
        assert listed in await bench.command(b"AT+CWLAP") + await bench.advance(10)
        escaped = name.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b",", b"\\,")
        assert await bench.command(b'AT+CWJAP="%b","12345678"' % escaped) == JOINED
        assert (await bench.command(b"AT+CWJAP?")).startswith(b'+CWJAP:"' + name + b'",')


async def test_an_empty_line_is_an_error() -> None:
    for dialect in NAMES:
        async with workbench(dialect=dialect) as bench:
            echo = b"\r\r\n" if dialect in OLD else b"\r\n"
            assert await bench.send(b"\r\n") in (echo + ERROR, echo + ERROR[2:])


async def test_uart_settings_of_the_old_firmware() -> None:
    async with workbench(dialect="esp8266-v1.7") as bench:
        await said(
            bench,
            (b"AT+UART_DEF?", b"+UART_DEF:0,0,0,0,0\r\n" + OK),  # never set
            (b"AT+UART_CUR=9600 8,1,0,0", ERROR),  # a blank for a comma
            (b"AT+UART_DEF=9600,8,1,0,0", OK),
        )
        assert (await bench.command(b"AT+UART_DEF?")).startswith(b"+UART_DEF:9600,8,1,0,0\r\n")


@pytest.mark.parametrize("dialect", OLD)
async def test_what_the_old_firmwares_refuse(dialect: str) -> None:
    async with workbench(dialect=dialect) as bench:
        cur = b"" if dialect == "esp8266-v0.30" else b"_CUR"
        await said(
            bench,
            (b"AT+CWMODE%b=2" % cur, OK),
            (b"AT+CWLAP", ERROR),  # no station
            (b'AT+CWJAP%b="espressif","1234567890"' % cur, ERROR),
            (b'AT+CWSAP%b="lab","12345678",5,1' % cur, ERROR),  # WEP
            (b"AT+CIPSTO=10", ERROR),  # no server yet
            (b"AT+CIPMODE=1", OK),
            (b"IPMODE=1", ERROR),
        )


@pytest.mark.parametrize("dialect", ["esp32-v5", "ai-thinker"])
async def test_a_host_name_needs_a_station(dialect: str) -> None:
    async with workbench(dialect=dialect) as bench:
        await said(bench, (b"AT+CWMODE=2", OK), (b'AT+CWHOSTNAME="bench"', ERROR))


async def test_the_disconnect_is_told_though_no_messages_are_wanted() -> None:
    async with station(None, b"AT+SYSMSG=0") as bench:
        bench.simulation.access_point(b"espressif").deauthenticate()
        assert await bench.settle() == LOST


@pytest.mark.parametrize("dialect", NAMES)
async def test_a_stored_access_point_is_joined_behind_ready(dialect: str) -> None:
    async with workbench(dialect=dialect) as bench:
        names = (
            [b"AT+CWMODE=1", JOIN]
            if dialect != "esp8266-v1.7"
            else [b"AT+CWMODE_DEF=1", JOIN.replace(b"JAP", b"JAP_DEF")]
        )
        for line in names:
            assert (await bench.command(line)).endswith(OK)
        printed = await bench.command(b"AT+RST") + await bench.advance(10)
        assert printed.endswith(b"ready\r\n" + CONNECTED)


@pytest.mark.parametrize("dialect", OLD)
async def test_a_peer_that_sends_and_closes_leaves_no_line_end(dialect: str) -> None:
    async with connected(None, b"AT+CIPMUX=1", dialect=dialect) as (bench, peer):
        await peer.send_all(b'{"a":1}')
        await peer.send_eof()
        await expect(bench, b'\r\n+IPD,0,7:{"a":1}0,CLOSED\r\n')
        await said(bench, (b"AT+CIPCLOSE=0", b"UNLINK\r\n" + ERROR))


@pytest.mark.parametrize(("multiple", "head"), [(b"0", b"+IPD,5:"), (b"1", b"+IPD,0,5:")])
async def test_data_with_and_without_several_links(multiple: bytes, head: bytes) -> None:
    async with connected(None, b"AT+CIPMUX=" + multiple, dialect="esp8266-v1.7") as (bench, peer):
        await peer.send_all(b"hello")
        await expect(bench, b"\r\n" + head + b"hello")


async def test_a_server_needs_several_links() -> None:
    for dialect in NAMES:
        async with workbench(dialect=dialect) as bench:
            await said(
                bench,
                (b"AT+CIPSERVER=1,20333", ERROR),
                (b"AT+CIPCLOSE", ERROR if dialect in ESP_AT else b"UNLINK\r\n" + ERROR),
            )


async def test_the_time_zone_changes_the_text_of_the_time_only() -> None:
    async with workbench() as bench:
        await said(bench, (b"AT+SYSTIMESTAMP=1667520000", OK), (b"AT+CIPSNTPCFG=1,8", OK))
        assert await bench.command(b"AT+CIPSNTPTIME?") == b"+CIPSNTPTIME:Fri Nov  4 08:00:00 2022" + OK
        assert await bench.command(b"AT+SYSTIMESTAMP?") == b"+SYSTIMESTAMP:1667520000" + OK


async def test_a_prompt_waits_for_ever_and_can_be_left() -> None:
    async with connected() as (bench, _):
        assert await bench.command(b"AT+CIPSEND=4") == PROMPT
        assert await bench.advance(86400) == b""
        assert await bench.send(b"+++") + await bench.advance(0.02) == CANCELED


async def test_the_mode_outlives_a_restart_in_the_oldest_firmware() -> None:
    async with workbench(dialect="esp8266-v0.30") as bench:
        await said(bench, (b"AT+CWMODE=3", OK))
        await bench.command(b"AT+RST")
        await bench.advance(10)
        await said(bench, (b"AT+CWMODE?", b"+CWMODE:3\r\n" + OK))
