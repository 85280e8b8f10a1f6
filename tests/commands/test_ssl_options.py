"""AT+CIPSSLCCONF and the other options of SSL links: what they take, print and keep."""

import pytest

from espat.stack.cipher_suites import SUITES
from espat.stack.tls_options import LinkTls
from tests.certificates import client_context
from tests.texts import ERROR, OK
from tests.workbench import Workbench, workbench

QUERIES = {
    b"AT+CIPSSLCCONF": b"+CIPSSLCCONF:%d,0,0,0\r\n",
    b"AT+CIPSSLCCN": b'+CIPSSLCCN:%d,""\r\n',
    b"AT+CIPSSLCSNI": b"+CIPSSLCSNI:%d,\r\n",
    b"AT+CIPSSLCALPN": b"+CIPSSLCALPN:%d\r\n",
    b"AT+CIPSSLCPSK": b"+CIPSSLCPSK:%d,,\r\n",
    b"AT+CIPSSLCPSKHEX": b"+CIPSSLCPSKHEX:%d,,\r\n",
}
"""Command to the line of a link number that nothing has been set for."""

SETS = [
    (b"AT+CIPSSLCCONF=%b3,1,0", b"AT+CIPSSLCCONF?", b"+CIPSSLCCONF:%d,3,1,0\r\n"),
    (b"AT+CIPSSLCCONF=%b2", b"AT+CIPSSLCCONF?", b"+CIPSSLCCONF:%d,2,0,0\r\n"),
    (b"AT+CIPSSLCCONF=%b2,,1", b"AT+CIPSSLCCONF?", b"+CIPSSLCCONF:%d,2,0,1\r\n"),
    (b'AT+CIPSSLCCN=%b"server.test"', b"AT+CIPSSLCCN?", b'+CIPSSLCCN:%d,"server.test"\r\n'),
    (b'AT+CIPSSLCSNI=%b"server.test"', b"AT+CIPSSLCSNI?", b"+CIPSSLCSNI:%d,server.test\r\n"),
    (b'AT+CIPSSLCALPN=%b1,"mqtt"', b"AT+CIPSSLCALPN?", b"+CIPSSLCALPN:%d,mqtt\r\n"),
    (b'AT+CIPSSLCALPN=%b2,"h2","http/1.1"', b"AT+CIPSSLCALPN?", b"+CIPSSLCALPN:%d,h2,http/1.1\r\n"),
    (b'AT+CIPSSLCPSK=%b"psk","myhint"', b"AT+CIPSSLCPSK?", b"+CIPSSLCPSK:%d,psk,myhint\r\n"),
    (b'AT+CIPSSLCPSK=%b"psk","myhint"', b"AT+CIPSSLCPSKHEX?", b"+CIPSSLCPSKHEX:%d,70736b,myhint\r\n"),
    (b'AT+CIPSSLCPSKHEX=%b"70736B","myhint"', b"AT+CIPSSLCPSK?", b"+CIPSSLCPSK:%d,psk,myhint\r\n"),
    (b'AT+CIPSSLCPSKHEX=%b"00fF","myhint"', b"AT+CIPSSLCPSKHEX?", b"+CIPSSLCPSKHEX:%d,00ff,myhint\r\n"),
]
"""A set command with a place for the link number, a query, and the line of that number."""


def unset(query: bytes) -> bytes:
    return QUERIES[query.rstrip(b"?")]


@pytest.mark.parametrize("name", QUERIES)
async def test_what_they_print_before_anything_is_set(name: bytes) -> None:
    async with workbench() as bench:
        assert await bench.command(name + b"?") == QUERIES[name] % 0 + OK
        assert await bench.command(b"AT+CIPMUX=1") == OK
        lines = b"".join(QUERIES[name] % number for number in range(5))
        assert await bench.command(name + b"?") == lines + OK


@pytest.mark.parametrize(("line", "query", "shown"), SETS)
async def test_single_mode_is_number_0_and_names_none(line: bytes, query: bytes, shown: bytes) -> None:
    async with workbench() as bench:
        assert await bench.command(line % b"") == OK
        assert await bench.command(query) == shown % 0 + OK
        assert await bench.command(line % b"9,") == ERROR


@pytest.mark.parametrize(("line", "query", "shown"), SETS)
async def test_one_number(line: bytes, query: bytes, shown: bytes) -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+CIPMUX=1") == OK
        assert await bench.command(line % b"3,") == OK
        lines = [(shown if number == 3 else unset(query)) % number for number in range(5)]
        assert await bench.command(query) == b"".join(lines) + OK
        assert await bench.command(line % b"6,") == ERROR


@pytest.mark.parametrize(("line", "query", "shown"), SETS)
async def test_5_is_all_of_them(line: bytes, query: bytes, shown: bytes) -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+CIPMUX=1") == OK
        assert await bench.command(line % b"5,") == OK
        assert await bench.command(query) == b"".join(shown % number for number in range(5)) + OK


@pytest.mark.parametrize(
    "line",
    [
        b"AT+CIPSSLCCONF=4",
        b"AT+CIPSSLCCONF=-1",
        b"AT+CIPSSLCCONF=0,256",
        b"AT+CIPSSLCCONF",
        b"AT+CIPSSLCCONF=",
        b"AT+CIPSSLCCONF=0,0,0,0",
        b"AT+CIPSSLCCN=name",
        b"AT+CIPSSLCCN=",
        b"AT+CIPSSLCSNI=0",
        b"AT+CIPSSLCALPN=1",
        b'AT+CIPSSLCALPN=0,"a"',
        b'AT+CIPSSLCALPN=2,"a"',
        b'AT+CIPSSLCALPN=1,"a","b"',
        b'AT+CIPSSLCALPN=6,"a","b","c","d","e","f"',
        b'AT+CIPSSLCALPN=1,""',
        b"AT+CIPSSLCALPN=1,2",
        b'AT+CIPSSLCPSK="psk"',
        b'AT+CIPSSLCPSK="%b","hint"' % (33 * b"k"),
        b'AT+CIPSSLCPSK="key","%b"' % (33 * b"h"),
        b'AT+CIPSSLCPSKHEX="7","hint"',
        b'AT+CIPSSLCPSKHEX="7x","hint"',
        b'AT+CIPSSLCPSKHEX="70 73","hint"',
        b'AT+CIPSSLCPSKHEX="%b","hint"' % (33 * b"00"),
        b"AT+CIPSSLCCIPHER=1",
        b"AT+CIPSSLCCIPHER=0,0xC023",
        b"AT+CIPSSLCCIPHER=1,0x10000",
        b"AT+CIPSSLCCIPHER=1,0xC023,0xC0AD",
        b'AT+CIPSSLCCIPHER=1,"0xC023"',
    ],
)
async def test_what_is_refused(line: bytes) -> None:
    async with workbench() as bench:
        assert await bench.command(line) == ERROR


async def test_the_codes_of_lists_of_the_wrong_length() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+SYSLOG=1") == OK
        wrong = [
            (b'AT+CIPSSLCALPN=2,"a"', b"0x01060302"),
            (b'AT+CIPSSLCALPN=1,"a","b"', b"0x01060203"),
            (b"AT+CIPSSLCCIPHER=3,0xC023,0xC0AD", b"0x01060403"),
            (b"AT+CIPSSLCCIPHER=1,0x10000", b"0x01070002"),
        ]
        for line, code in wrong:
            assert await bench.command(line) == b"ERR CODE:%b\r\n" % code + ERROR


async def test_the_longest_list_of_suites_a_line_can_hold() -> None:
    async with workbench() as bench:
        numbers = [b"0xC0%02X" % number for number in range(33)]
        line = b"AT+CIPSSLCCIPHER=33," + b",".join(numbers)
        assert len(line) + 2 <= 256
        assert await bench.command(line) == OK
        assert bench.module[LinkTls].options[0].suites == tuple(range(0xC000, 0xC021))


async def test_lists_are_cleared() -> None:
    async with workbench() as bench:
        for line in (
            b'AT+CIPSSLCALPN=1,"mqtt"',
            b"AT+CIPSSLCALPN=0",
            b"AT+CIPSSLCCIPHER=1,0xC02F",
            b"AT+CIPSSLCCIPHER=0",
        ):
            assert await bench.command(line) == OK
        assert await bench.command(b"AT+CIPSSLCALPN?") == b"+CIPSSLCALPN:0\r\n" + OK
        assert bench.module[LinkTls].options[0].suites == ()


async def test_the_suites_of_the_firmware_are_listed_whatever_is_configured() -> None:
    async with workbench() as bench:
        before = await bench.command(b"AT+CIPSSLCCIPHER?")
        assert await bench.command(b"AT+CIPSSLCCIPHER=1,0xC02F") == OK
        assert await bench.command(b"AT+CIPSSLCCIPHER?") == before
    lines = before.removesuffix(OK).split(b"\r\n")
    assert lines[:3] == [b"+CIPSSLCCIPHER:0,0xC02C", b"+CIPSSLCCIPHER:1,0xC030", b"+CIPSSLCCIPHER:2,0xC0AD"]
    assert lines[-2:] == [b"+CIPSSLCCIPHER:39,0xC0A8", b""]
    assert b"+CIPSSLCCIPHER:20,0x009D" in lines


def test_every_suite_is_openssls_of_that_number() -> None:
    context = client_context(ciphers="ALL:COMPLEMENTOFALL:PSK:@SECLEVEL=0")
    names = {suite["id"] & 0xFFFF: suite["name"] for suite in context.get_ciphers()}
    assert {number: names.get(number) for number in SUITES} == SUITES


async def restarted(bench: Workbench) -> bytes:
    await bench.command(b"AT+RST")
    await bench.settle()
    await bench.command(b"AT+CIPMUX=1")
    return (await bench.command(b"AT+CIPSSLCCONF?")).removesuffix(OK)


async def test_the_mode_is_stored_for_each_number() -> None:
    async with workbench() as bench:
        for line in (b"AT+CIPMUX=1", b"AT+CIPSSLCCONF=5,2,0,1", b"AT+CIPSSLCCONF=2,1,1"):
            assert await bench.command(line) == OK
        lines = [b"+CIPSSLCCONF:%d,%b\r\n" % (n, b"1,1,0" if n == 2 else b"2,0,1") for n in range(5)]
        assert await restarted(bench) == b"".join(lines)
        assert await bench.command(b"AT+RESTORE")
        assert await restarted(bench) == b"".join(b"+CIPSSLCCONF:%d,0,0,0\r\n" % n for n in range(5))


async def test_without_sysstore_it_is_not() -> None:
    async with workbench() as bench:
        for line in (b"AT+SYSSTORE=0", b"AT+CIPSSLCCONF=2"):
            assert await bench.command(line) == OK
        assert await bench.command(b"AT+CIPSSLCCONF?") == b"+CIPSSLCCONF:0,2,0,0\r\n" + OK
        assert (await restarted(bench)).startswith(b"+CIPSSLCCONF:0,0,0,0\r\n")


@pytest.mark.parametrize(("line", "query", "shown"), SETS[3:])
async def test_the_rest_is_never_stored(line: bytes, query: bytes, shown: bytes) -> None:
    async with workbench() as bench:
        assert await bench.command(line % b"") == OK
        await restarted(bench)
        assert (await bench.command(query)).startswith(unset(query) % 0)
