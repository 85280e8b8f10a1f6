"""AT+CWSAP and AT+CIPAPMAC: exact bytes."""

import pytest

from tests.stations import code, phone_gone, phone_joined, phone_leased, softap
from tests.texts import ERROR, OK, READY, SOFTAP
from tests.workbench import modules, run

# AT+CWSAP


async def test_the_factory_settings_have_the_end_of_the_mac_address_in_the_ssid() -> None:
    async with modules(1) as (bench,):
        await run(bench, b"AT+CWMODE=2")
        assert await bench.command(b"AT+CWSAP?") == b'+CWSAP:"ESP_C21001","",1,0,10,0\r\n' + OK
        assert await bench.command(b"AT+CIPAPMAC?") == b'+CIPAPMAC:"24:6f:28:c2:10:01"\r\n' + OK


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b'AT+CWSAP="lab","12345678",5,3', b'"lab","12345678",5,3,10,0'),
        (b'AT+CWSAP="lab","12345678",13,2,1', b'"lab","12345678",13,2,1,0'),
        (b'AT+CWSAP="lab","12345678",1,4,10,1', b'"lab","12345678",1,4,10,1'),
        (b'AT+CWSAP="lab","",11,0,3', b'"lab","",11,0,3,0'),
        (b'AT+CWSAP="l","",14,0,,1', b'"l","",14,0,10,1'),
        (b'AT+CWSAP="' + b"s" * 32 + b'","' + b"p" * 63 + b'",5,3', b'"%b","%b",5,3,10,0' % (b"s" * 32, b"p" * 63)),
        (rb'AT+CWSAP="a\,b","1234\"5678",5,3', b'"a,b","1234"5678",5,3,10,0'),
    ],
)
async def test_settings_are_taken_and_survive_a_restart(line: bytes, shown: bytes) -> None:
    async with modules(1) as (bench,):
        await run(bench, b"AT+CWMODE=2", line)
        assert await bench.command(b"AT+CWSAP?") == b"+CWSAP:" + shown + b"\r\n" + OK
        assert (await bench.command(b"AT+RST")).endswith(READY)
        await bench.command(b"ATE0")
        assert await bench.command(b"AT+CWSAP?") == b"+CWSAP:" + shown + b"\r\n" + OK


async def test_without_storing_a_restart_brings_the_old_settings_back() -> None:
    async with modules(1) as (bench,):
        await run(bench, b"AT+CWMODE=2", SOFTAP, b"AT+SYSSTORE=0", b'AT+CWSAP="other","",1,0')
        assert (await bench.command(b"AT+CWSAP?")).startswith(b'+CWSAP:"other"')
        await bench.command(b"AT+RST")
        await bench.command(b"ATE0")
        assert await bench.command(b"AT+CWSAP?") == b'+CWSAP:"lab","12345678",5,3,10,0\r\n' + OK


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b'AT+CWSAP="lab","12345678",5', b"ERR CODE:0x01060403"),
        (b'AT+CWSAP="lab","12345678",5,3,4,0,1', b"ERR CODE:0x01060607"),
        (b'AT+CWSAP="","12345678",5,3', b"ERR CODE:0x01040001"),
        (b'AT+CWSAP="' + b"s" * 33 + b'","12345678",5,3', b"ERR CODE:0x01040001"),
        (b'AT+CWSAP="lab","1234567",5,3', b"ERR CODE:0x01040002"),
        (b'AT+CWSAP="lab","",5,4', b"ERR CODE:0x01040002"),
        (b'AT+CWSAP="lab","' + b"p" * 64 + b'",5,3', b"ERR CODE:0x01040002"),
        (b'AT+CWSAP="lab","12345678",0,3', b"ERR CODE:0x01070003"),
        (b'AT+CWSAP="lab","12345678",15,3', b"ERR CODE:0x01070003"),
        (b'AT+CWSAP="lab","12345678",5,1', b"ERR CODE:0x01070004"),  # WEP
        (b'AT+CWSAP="lab","12345678",5,5', b"ERR CODE:0x01070004"),
        (b'AT+CWSAP="lab","12345678",5,3,0', b"ERR CODE:0x01070005"),
        (b'AT+CWSAP="lab","12345678",5,3,11', b"ERR CODE:0x01070005"),
        (b'AT+CWSAP="lab","12345678",5,3,4,2', b"ERR CODE:0x01070006"),
        (b'AT+CWSAP=lab,"12345678",5,3', b"ERR CODE:0x01080001"),
        (b'AT+CWSAP="lab",12345678,5,3', b"ERR CODE:0x01080002"),
        (b"AT+CWSAP", b"ERR CODE:0x01090000"),
        (b'AT+CWQIF="f8:87:f1:0f:35"', b"ERR CODE:0x01070001"),
        (b'AT+CWQIF="f8:87:f1:0f:35:00"', b"ERR CODE:0x01070001"),  # has not joined
        (b"AT+CWQIF=1", b"ERR CODE:0x01080001"),
        (b'AT+CIPAPMAC="25:6f:28:c2:10:01"', b"ERR CODE:0x01070001"),
        (b'AT+CIPAPMAC="00:00:00:00:00:00"', b"ERR CODE:0x01070001"),
        (b'AT+CIPAPMAC="ff:ff:ff:ff:ff:ff"', b"ERR CODE:0x01070001"),
        (b'AT+CIPAPMAC="24:6f:28:c2:10:01",1', b"ERR CODE:0x01060102"),
        (b'AT+CWDHCPS=1,3,"192.168.5.10","192.168.4.15"', b"ERR CODE:0x01070003"),
        (b'AT+CWDHCPS=1,3,"192.168.4.1","192.168.4.15"', b"ERR CODE:0x01070003"),  # the softAP itself
        (b'AT+CWDHCPS=1,3,"192.168.4.x","192.168.4.15"', b"ERR CODE:0x01070003"),
        (b'AT+CWDHCPS=1,3,"192.168.4.10","192.168.5.15"', b"ERR CODE:0x01070004"),
        (b'AT+CWDHCPS=1,3,"192.168.4.10","192.168.4.9"', b"ERR CODE:0x01070004"),
        (b'AT+CWDHCPS=1,3,"192.168.4.10","192.168.4.111"', b"ERR CODE:0x01070004"),  # more than 100
        (b'AT+CWDHCPS=1,0,"192.168.4.10","192.168.4.15"', b"ERR CODE:0x01070002"),
        (b'AT+CWDHCPS=1,2881,"192.168.4.10","192.168.4.15"', b"ERR CODE:0x01070002"),
        (b'AT+CWDHCPS=2,3,"192.168.4.10","192.168.4.15"', b"ERR CODE:0x01070001"),
        (b'AT+CWDHCPS=1,3,"192.168.4.10"', b"ERR CODE:0x01060403"),
        (b"AT+CWDHCPS=0,3", b"ERR CODE:0x01060102"),
    ],
)
async def test_what_is_refused_and_with_which_code(line: bytes, shown: bytes) -> None:
    async with softap(0, b"AT+SYSLOG=1") as bench:
        assert await code(bench, line) == shown
        assert await bench.command(b"AT+CWSAP?") == b'+CWSAP:"lab","12345678",5,3,10,0\r\n' + OK
        assert await bench.command(b"AT+CWDHCPS?") == b"+CWDHCPS:120,192.168.4.2,192.168.4.101" + OK


@pytest.mark.parametrize("mode", [b"AT+CWMODE=0", b"AT+CWMODE=1", b"AT+CWINIT=0"])
@pytest.mark.parametrize(
    "line",
    [SOFTAP, b"AT+CWLIF", b"AT+CWQIF", b'AT+CWQIF="f8:87:f1:0f:35:00"', b"AT+CWDHCPS=0", b"AT+CWDHCPS=1"],
)
async def test_what_needs_a_softap(mode: bytes, line: bytes) -> None:
    async with softap() as bench:
        await run(bench, mode)
        if line.endswith(b"=1"):
            line += b',3,"192.168.4.10","192.168.4.15"'
        assert await bench.command(line) == ERROR


async def test_the_settings_can_be_looked_at_without_a_softap_but_not_without_the_driver() -> None:
    async with softap() as bench:
        await run(bench, b"AT+CWMODE=0")
        assert (await bench.command(b"AT+CWSAP?")).startswith(b'+CWSAP:"lab"')
        await run(bench, b"AT+CWINIT=0")
        assert await bench.command(b"AT+CWSAP?") == ERROR
        assert await bench.command(b'AT+CIPAPMAC="24:6f:28:c2:10:09"') == ERROR


# AT+CIPAPMAC


async def test_another_mac_address_is_another_bssid() -> None:
    async with softap(1) as bench:
        assert await bench.command(b'AT+CIPAPMAC="1A:FE:35:98:D3:7B"') == (
            phone_gone(0) + OK + phone_joined(0) + phone_leased(0, b"192.168.4.2")
        )
        assert await bench.command(b"AT+CIPAPMAC?") == b'+CIPAPMAC:"1a:fe:35:98:d3:7b"\r\n' + OK
        await bench.command(b"AT+RST")
        await bench.command(b"ATE0")
        assert await bench.command(b"AT+CIPAPMAC?") == b'+CIPAPMAC:"1a:fe:35:98:d3:7b"\r\n' + OK
        assert (await bench.command(b"AT+CIFSR")).startswith(
            b'+CIFSR:APIP,"192.168.4.1"\r\n+CIFSR:APMAC,"1a:fe:35:98:d3:7b"\r\n'
        )


async def test_a_factory_reset_forgets_all_of_it() -> None:
    async with softap() as bench:
        await run(bench, b'AT+CWDHCPS=1,7,"192.168.4.50","192.168.4.60"', b'AT+CIPAPMAC="1a:fe:35:98:d3:7b"')
        await bench.command(b"AT+RESTORE")
        await bench.command(b"ATE0")
        await run(bench, b"AT+CWMODE=2")
        assert await bench.command(b"AT+CWSAP?") == b'+CWSAP:"ESP_C21001","",1,0,10,0\r\n' + OK
        assert await bench.command(b"AT+CWDHCPS?") == b"+CWDHCPS:120,192.168.4.2,192.168.4.101" + OK
        assert await bench.command(b"AT+CIPAPMAC?") == b'+CIPAPMAC:"24:6f:28:c2:10:01"\r\n' + OK
