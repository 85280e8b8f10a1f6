"""Wi-Fi settings: forms, defaults, ranges, error codes, and what survives a restart."""

import pytest

from tests.texts import ERROR, JOIN, JOINED, OK
from tests.workbench import Workbench, workbench


async def run(bench: Workbench, *lines: bytes) -> None:
    """Commands that are only there to prepare something; every one must be accepted."""
    for line in lines:
        assert (await bench.command(line)).endswith(OK), line


async def restart(bench: Workbench) -> None:
    assert (await bench.command(b"AT+RST")).endswith(b"\r\nready\r\n")


DEFAULTS = [
    (b"AT+CWINIT?", b"+CWINIT:1\r\n\r\nOK\r\n"),
    (b"AT+CWMODE?", b"+CWMODE:0\r\n\r\nOK\r\n"),
    (b"AT+CWBANDWIDTH?", b"+CWBANDWIDTH:0,2,0\r\n+CWBANDWIDTH:1,2,0\r\n\r\nOK\r\n"),
    (b"AT+CWSTATE?", b'+CWSTATE:0,""\r\n\r\nOK\r\n'),
    (b"AT+CWCONFIG?", b"+CWCONFIG:300,6,3\r\n\r\nOK\r\n"),
    (b"AT+CWJAP?", b"No AP\r\nOK\r\n"),
    (b"AT+CWRECONNCFG?", b"+CWRECONNCFG:0,0\r\n\r\nOK\r\n"),
    (b"AT+CWDHCP?", b"+CWDHCP:3\r\nOK\r\n"),
    (b"AT+CWAUTOCONN?", b"+CWAUTOCONN:1\r\nOK\r\n"),
    (b"AT+CWAPPROTO?", b"+CWAPPROTO:7\r\nOK\r\n"),
    (b"AT+CWSTAPROTO?", b"+CWSTAPROTO:7\r\nOK\r\n"),
    (b"AT+CWHOSTNAME?", b"+CWHOSTNAME:espressif\r\n\r\nOK\r\n"),
    (b"AT+CWCOUNTRY?", b'+CWCOUNTRY:1,"CN",1,13\r\n\r\nOK\r\n'),
]


async def test_a_new_module_shows_the_factory_values() -> None:
    async with workbench() as bench:
        for line, answer in DEFAULTS:
            assert await bench.command(line) == answer


STORED = [
    (b"AT+CWMODE=3", b"AT+CWMODE?", b"+CWMODE:3\r\n\r\nOK\r\n"),
    (b"AT+CWBANDWIDTH=0,1", b"AT+CWBANDWIDTH?", b"+CWBANDWIDTH:0,1,0\r\n+CWBANDWIDTH:1,2,0\r\n\r\nOK\r\n"),
    (b"AT+CWBANDWIDTH=1,1", b"AT+CWBANDWIDTH?", b"+CWBANDWIDTH:0,2,0\r\n+CWBANDWIDTH:1,1,0\r\n\r\nOK\r\n"),
    (b"AT+CWCONFIG=10,3,1", b"AT+CWCONFIG?", b"+CWCONFIG:10,3,1\r\n\r\nOK\r\n"),
    (b"AT+CWCONFIG=3600,600,100", b"AT+CWCONFIG?", b"+CWCONFIG:3600,600,100\r\n\r\nOK\r\n"),
    (b"AT+CWCONFIG=,,10", b"AT+CWCONFIG?", b"+CWCONFIG:300,6,10\r\n\r\nOK\r\n"),
    (b"AT+CWCONFIG=,20", b"AT+CWCONFIG?", b"+CWCONFIG:300,20,3\r\n\r\nOK\r\n"),
    (b"AT+CWRECONNCFG=1,100", b"AT+CWRECONNCFG?", b"+CWRECONNCFG:1,100\r\n\r\nOK\r\n"),
    (b"AT+CWRECONNCFG=7200,1000", b"AT+CWRECONNCFG?", b"+CWRECONNCFG:7200,1000\r\n\r\nOK\r\n"),
    (b"AT+CWDHCP=0,2", b"AT+CWDHCP?", b"+CWDHCP:1\r\nOK\r\n"),
    (b"AT+CWDHCP=0,3", b"AT+CWDHCP?", b"+CWDHCP:0\r\nOK\r\n"),
    (b"AT+CWSTAPROTO=15", b"AT+CWSTAPROTO?", b"+CWSTAPROTO:15\r\nOK\r\n"),
    (b"AT+CWAPPROTO=1", b"AT+CWAPPROTO?", b"+CWAPPROTO:1\r\nOK\r\n"),
    (b'AT+CIPSTAMAC="1A:fe:35:98:D3:7b"', b"AT+CIPSTAMAC?", b'+CIPSTAMAC:"1a:fe:35:98:d3:7b"\r\n\r\nOK\r\n'),
    (
        b'AT+CIPSTA="192.168.6.100","192.168.6.254","255.255.0.0"',
        b"AT+CIPSTA?",
        b'+CIPSTA:ip:"192.168.6.100"\r\n+CIPSTA:gateway:"192.168.6.254"\r\n+CIPSTA:netmask:"255.255.0.0"\r\n\r\nOK\r\n',
    ),
    (b'AT+CIPDNS=1,"9.9.9.9"', b"AT+CIPDNS?", b'+CIPDNS:1,"9.9.9.9","114.114.114.114","8.8.8.8"\r\n\r\nOK\r\n'),
]


@pytest.mark.parametrize(("line", "query", "answer"), STORED)
async def test_a_stored_setting_survives_a_restart(line: bytes, query: bytes, answer: bytes) -> None:
    async with workbench() as bench:
        assert await bench.command(line) == OK
        assert await bench.command(query) == answer
        await restart(bench)
        assert await bench.command(query) == answer


@pytest.mark.parametrize(("line", "query", "answer"), STORED)
async def test_without_sysstore_a_setting_is_gone_after_a_restart(line: bytes, query: bytes, answer: bytes) -> None:
    async with workbench() as bench:
        factory = await bench.command(query)
        await run(bench, b"AT+SYSSTORE=0", line)
        assert await bench.command(query) == answer
        await restart(bench)
        assert await bench.command(query) == factory


async def test_auto_connect_is_stored_whatever_sysstore_says() -> None:
    async with workbench() as bench:
        await run(bench, b"AT+SYSSTORE=0", b"AT+CWAUTOCONN=0")
        await restart(bench)
        assert await bench.command(b"AT+CWAUTOCONN?") == b"+CWAUTOCONN:0\r\nOK\r\n"


@pytest.mark.parametrize(
    ("line", "query", "answer", "factory"),
    [
        (b"AT+CWINIT=0", b"AT+CWINIT?", b"+CWINIT:0\r\n\r\nOK\r\n", b"+CWINIT:1\r\n\r\nOK\r\n"),
        (
            b'AT+CWHOSTNAME="my_test"',
            b"AT+CWHOSTNAME?",
            b"+CWHOSTNAME:my_test\r\n\r\nOK\r\n",
            b"+CWHOSTNAME:espressif\r\n\r\nOK\r\n",
        ),
        (
            b'AT+CWCOUNTRY=0,"US",1,11',
            b"AT+CWCOUNTRY?",
            b'+CWCOUNTRY:0,"US",1,11\r\n\r\nOK\r\n',
            b'+CWCOUNTRY:1,"CN",1,13\r\n\r\nOK\r\n',
        ),
    ],
)
async def test_some_settings_are_never_stored(line: bytes, query: bytes, answer: bytes, factory: bytes) -> None:
    async with workbench() as bench:
        await run(bench, b"AT+CWMODE=1", line)
        assert await bench.command(query) == answer
        await restart(bench)
        assert await bench.command(query) == factory


async def test_scan_options_are_never_stored() -> None:
    async with workbench() as bench:
        await run(bench, b"AT+CWMODE=1", b"AT+CWLAPOPT=,2")
        assert await bench.command(b"AT+CWLAP") == b'+CWLAP:("espressif")\r\n\r\nOK\r\n'
        await restart(bench)
        assert (await bench.command(b"AT+CWLAP")).startswith(b'+CWLAP:(3,"espressif",-45,')


REFUSED = [
    (b"AT+CWINIT=2", b"0x01070001"),
    (b'AT+CWINIT="1"', b"0x01080001"),
    (b"AT+CWINIT=1,1", b"0x01060102"),
    (b"AT+CWMODE=4", b"0x01070001"),
    (b"AT+CWMODE=-1", b"0x01070001"),
    (b"AT+CWMODE=", b"0x01080001"),
    (b"AT+CWMODE=1,2", b"0x01070002"),
    (b"AT+CWMODE=1,0,0", b"0x01060203"),
    (b"AT+CWMODE", b"0x01090000"),
    (b"AT+CWMODE=?", b"0x01090000"),
    (b"AT+CWBANDWIDTH=2,1", b"0x01070001"),
    (b"AT+CWBANDWIDTH=0,0", b"0x01070002"),
    (b"AT+CWBANDWIDTH=0,3", b"0x01070002"),
    (b"AT+CWBANDWIDTH=0,1,0", b"0x01070003"),
    (b"AT+CWBANDWIDTH=0", b"0x01060201"),
    (b"AT+CWSTATE", b"0x01090000"),
    (b"AT+CWSTATE=1", b"0x01090000"),
    (b"AT+CWCONFIG=9", b"0x01070001"),
    (b"AT+CWCONFIG=3601", b"0x01070001"),
    (b"AT+CWCONFIG=,2", b"0x01070002"),
    (b"AT+CWCONFIG=,601", b"0x01070002"),
    (b"AT+CWCONFIG=,,0", b"0x01070003"),
    (b"AT+CWCONFIG=,,101", b"0x01070003"),
    (b"AT+CWCONFIG=,,,", b"0x01060304"),
    (b"AT+CWRECONNCFG=7201,0", b"0x01070001"),
    (b"AT+CWRECONNCFG=1,1001", b"0x01070002"),
    (b"AT+CWRECONNCFG=1,-1", b"0x01070002"),
    (b"AT+CWRECONNCFG=1", b"0x01060201"),
    (b"AT+CWRECONNCFG=1,", b"0x01080002"),
    (b"AT+CWLAPOPT?", b"0x01090000"),
    (b"AT+CWLAPOPT=,2048", b"0x01070002"),
    (b"AT+CWLAPOPT=,-1", b"0x01070002"),
    (b"AT+CWLAPOPT=1", b"0x01060201"),
    (b"AT+CWLAPOPT=,", b"0x01080002"),
    (b"AT+CWLAPOPT=,31,-101", b"0x01070003"),
    (b"AT+CWLAPOPT=,31,41", b"0x01070003"),
    (b"AT+CWLAPOPT=,31,-100,65536", b"0x01070004"),
    (b"AT+CWLAPOPT=,31,-100,1,1", b"0x01060405"),
    (b"AT+CWDHCP=2,1", b"0x01070001"),
    (b"AT+CWDHCP=1,4", b"0x01070002"),
    (b"AT+CWDHCP=1", b"0x01060201"),
    (b"AT+CWAUTOCONN=2", b"0x01070001"),
    (b"AT+CWAPPROTO=0", b"0x01070001"),
    (b"AT+CWAPPROTO=16", b"0x01070001"),
    (b"AT+CWSTAPROTO=0", b"0x01070001"),
    (b"AT+CWSTAPROTO=16", b"0x01070001"),
    (b'AT+CIPSTAMAC="15:fe:35:98:d3:7b"', b"0x01070001"),
    (b'AT+CIPSTAMAC="00:00:00:00:00:00"', b"0x01070001"),
    (b'AT+CIPSTAMAC="ff:ff:ff:ff:ff:ff"', b"0x01070001"),
    (b'AT+CIPSTAMAC="1a-fe-35-98-d3-7b"', b"0x01070001"),
    (b'AT+CIPSTAMAC="1a:fe:35:98:d3"', b"0x01070001"),
    (b'AT+CIPSTAMAC="1a:fe:35:98:d3:7b",1', b"0x01060102"),
    (b"AT+CIPSTAMAC=1", b"0x01080001"),
    (b'AT+CWHOSTNAME="' + b"x" * 33 + b'"', b"0x01040001"),
    (b"AT+CWHOSTNAME=my_test", b"0x01080001"),
    (b'AT+CWCOUNTRY=2,"CN",1,13', b"0x01070001"),
    (b'AT+CWCOUNTRY=1,"CN",0,13', b"0x01070003"),
    (b'AT+CWCOUNTRY=1,"CN",15,1', b"0x01070003"),
    (b'AT+CWCOUNTRY=1,"CN",1,0', b"0x01070004"),
    (b'AT+CWCOUNTRY=1,"CN",2,14', b"0x01070004"),
    (b'AT+CWCOUNTRY=1,"CNXX",1,13', b"0x01040002"),
    (b'AT+CWCOUNTRY=1,"CN",1', b"0x01060403"),
    (b'AT+CWJAP="' + b"x" * 33 + b'"', b"0x01040001"),
    (b'AT+CWJAP="x","' + b"x" * 64 + b'"', b"0x01040002"),
    (b'AT+CWJAP="x","x","ca:6f"', b"0x01070003"),
    (b'AT+CWJAP="x","x",,2', b"0x01070004"),
    (b'AT+CWJAP="x","x",,,7201', b"0x01070005"),
    (b'AT+CWJAP="x","x",,,,0', b"0x01070006"),
    (b'AT+CWJAP="x","x",,,,101', b"0x01070006"),
    (b'AT+CWJAP="x","x",,,,,2', b"0x01070007"),
    (b'AT+CWJAP="x","x",,,,,,2', b"0x01070008"),
    (b'AT+CWJAP="x","x",,,,,,601', b"0x01070008"),
    (b'AT+CWJAP="x","x",,,,,,,4', b"0x01070009"),
    (b'AT+CWJAP="x","x",,,,,,,,1', b"0x0106090a"),
    (b"AT+CWJAP=x", b"0x01080001"),
    (b"AT+CWLAP=1", b"0x01080001"),
    (b'AT+CWLAP=,"x"', b"0x01070002"),
    (b"AT+CWLAP=,,15", b"0x01070003"),
    (b"AT+CWLAP=,,,2", b"0x01070004"),
    (b"AT+CWLAP=,,,,1501", b"0x01070005"),
    (b"AT+CWLAP=,,,,,1501", b"0x01070006"),
    (b"AT+CWLAP=,,,,,,,", b"0x01060708"),
    (b"AT+CWQAP?", b"0x01090000"),
]


async def test_wrong_parameters_are_refused_with_their_codes() -> None:
    async with workbench() as bench:
        await run(bench, b"AT+CWMODE=1", b"AT+SYSLOG=1")
        for line, code in REFUSED:
            assert await bench.command(line) == b"ERR CODE:%b\r\n\r\nERROR\r\n" % code, line
        await run(bench, b"AT+SYSLOG=0")
        for line, _ in REFUSED:
            assert await bench.command(line) == ERROR, line
        assert await bench.command(b"AT+CWMODE?") == b"+CWMODE:1\r\n\r\nOK\r\n"


@pytest.mark.parametrize("mode", [0, 2])
async def test_what_needs_the_station_is_refused_without_it(mode: int) -> None:
    async with workbench() as bench:
        await run(bench, b"AT+CWMODE=%d" % mode, b"AT+SYSLOG=1")
        for line in (JOIN, b"AT+CWJAP", b'AT+CWHOSTNAME="my_test"'):
            assert await bench.command(line) == ERROR
        assert await bench.command(b"AT+CWLAP") == b"ERR CODE:0x010a0000\r\n\r\nERROR\r\n"
        assert await bench.command(b"AT+CWJAP?") == b"No AP\r\nOK\r\n"


async def test_what_needs_the_driver_is_refused_without_it() -> None:
    async with workbench() as bench:
        await run(bench, b"AT+CWMODE=1", JOIN, b"AT+SYSLOG=1")
        assert await bench.command(b"AT+CWINIT=0") == b"WIFI DISCONNECT\r\n\r\nOK\r\n"
        for line in (
            JOIN,
            b"AT+CWMODE=1",
            b"AT+CWMODE?",
            b"AT+CWQAP",
            b"AT+CWBANDWIDTH?",
            b"AT+CWSTAPROTO?",
            b"AT+CWAPPROTO=7",
            b"AT+CWCOUNTRY?",
            b'AT+CWHOSTNAME="my_test"',
        ):
            assert await bench.command(line) == ERROR, line
        for line in (b"AT+CWJAP?", b"AT+CWLAP", b'AT+CIPSTAMAC="1a:fe:35:98:d3:7b"'):
            assert await bench.command(line) == b"ERR CODE:0x010a3001\r\n\r\nERROR\r\n", line
        await run(bench, b"AT+CWINIT=1")
        assert await bench.command(b"AT+CWMODE?") == b"+CWMODE:1\r\n\r\nOK\r\n"
        assert await bench.command(JOIN) == JOINED


async def test_a_number_may_be_hexadecimal() -> None:
    async with workbench() as bench:
        await run(bench, b"AT+CWMODE=0x3", b"AT+CWLAPOPT=1,0x7FF")
        assert await bench.command(b"AT+CWMODE?") == b"+CWMODE:3\r\n\r\nOK\r\n"


async def test_a_new_mac_address_ends_the_connection() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+CIPSTAMAC?") == b'+CIPSTAMAC:"24:6f:28:c2:10:00"\r\n\r\nOK\r\n'
        await run(bench, b"AT+CWMODE=1", JOIN)
        assert await bench.command(b'AT+CIPSTAMAC="1a:fe:35:98:d3:7b"') == b"WIFI DISCONNECT\r\n\r\nOK\r\n"
        assert await bench.command(b"AT+CWSTATE?") == b'+CWSTATE:4,"espressif"\r\n\r\nOK\r\n'
        assert await bench.command(b"AT+CWJAP") == JOINED
