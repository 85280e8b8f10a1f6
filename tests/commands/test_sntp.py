"""AT+CIPSNTPCFG, AT+CIPSNTPTIME, AT+CIPSNTPINTV and +TIME_UPDATED, with time servers in memory, in stepped time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from espat.core.time.real_time_clock import RealTimeClock
from espat.scenario.reading.world_reader import read_world
from espat.scenario.services.peer import UdpPeer
from espat.stack import ntp
from espat.stack.sntp import time_zone
from tests.texts import ERROR, JOIN, JOINED, OK, PROMPT, READY
from tests.workbench import Workbench, modules, run, workbench

UPDATED = b"+TIME_UPDATED\r\n"
ASK = b'AT+CIPSNTPCFG=1,8,"time.example"'


def host(number: int = 0, *serves: str, time: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    name = f"time{number or ''}.example"
    return {"address": f"192.168.3.{50 + number}", "name": name, "serves": list(serves or ["ntp"]), "time": time}


@asynccontextmanager
async def joined(*hosts: dict[str, Any], count: int = 1, **more: Any) -> AsyncIterator[list[Workbench]]:
    async with modules(count, read_world({"host": list(hosts or [host()]), **more}, "w")) as benches:
        for bench in benches:
            await run(bench, b"AT+CWMODE=1")
            assert await bench.command(JOIN) == JOINED
        yield benches


async def shown(bench: Workbench) -> str:
    """The time that AT+CIPSNTPTIME? shows."""
    printed = await bench.command(b"AT+CIPSNTPTIME?")
    assert printed.startswith(b"+CIPSNTPTIME:")
    assert printed.endswith(OK)
    return printed[13 : -len(OK)].decode()


async def questions(bench: Workbench, name: str = "time.example") -> int:
    """How many questions a udp-peer has got since the last look."""
    await wait_all_tasks_blocked()
    peer = bench.simulation.host(name).service(UdpPeer, 123)
    count = len(peer.datagrams)
    peer.datagrams.clear()
    return count


# What is shown


async def test_before_anybody_has_set_the_clock() -> None:
    async with workbench() as bench:
        await bench.command(b"ATE0")
        assert await bench.command(b"AT+CIPSNTPCFG?") == b"+CIPSNTPCFG:0,0\r\n" + OK
        assert await bench.command(b"AT+CIPSNTPINTV?") == b"+CIPSNTPINTV:3600\r\n" + OK
        assert await bench.command(b"AT+CIPSNTPTIME?") == b"+CIPSNTPTIME:Thu Jan  1 00:00:00 1970" + OK
        await run(bench, b"AT+CIPSNTPCFG=1,8")
        await bench.advance(128)
        assert await shown(bench) == "Thu Jan  1 00:02:08 1970"


async def test_the_zone_applies_to_a_clock_that_was_set_by_hand() -> None:
    async with workbench() as bench:
        await bench.command(b"ATE0")
        await run(bench, b"AT+SYSTIMESTAMP=1634636876")
        assert await shown(bench) == "Tue Oct 19 09:47:56 2021"
        await run(bench, b"AT+CIPSNTPCFG=0,8")
        assert await shown(bench) == "Tue Oct 19 17:47:56 2021"
        await run(bench, b"AT+CIPSNTPCFG=1,530")
        assert await shown(bench) == "Tue Oct 19 15:17:56 2021"


@pytest.mark.parametrize(
    ("zone", "hours", "local"),
    [
        (b"8", 8, "Thu Jan  1 08:00:00 2026"),
        (b"800", 8, "Thu Jan  1 08:00:00 2026"),
        (b"-5", -5, "Wed Dec 31 19:00:00 2025"),
        (b"-500", -5, "Wed Dec 31 19:00:00 2025"),
        (b"530", 5, "Thu Jan  1 05:30:00 2026"),
        (b"545", 5, "Thu Jan  1 05:45:00 2026"),
        (b"-930", -9, "Wed Dec 31 14:30:00 2025"),
        (b"1245", 12, "Thu Jan  1 12:45:00 2026"),
        (b"1459", 14, "Thu Jan  1 14:59:00 2026"),
        (b"-1259", -12, "Wed Dec 31 11:01:00 2025"),
        (b"015", 0, "Thu Jan  1 00:15:00 2026"),
        (b"-15", 0, "Wed Dec 31 23:45:00 2025"),
        (b"0x8", 8, "Thu Jan  1 08:00:00 2026"),
        (b"-12", -12, "Wed Dec 31 12:00:00 2025"),
        (b"14", 14, "Thu Jan  1 14:00:00 2026"),
        (b"", 0, "Thu Jan  1 00:00:00 2026"),
    ],
)
async def test_zones(zone: bytes, hours: int, local: str) -> None:
    async with joined() as (bench,):
        assert await bench.command(b'AT+CIPSNTPCFG=1,%b,"time.example"' % zone) == OK + UPDATED
        assert await shown(bench) == local
        assert await bench.command(b"AT+CIPSNTPCFG?") == b'+CIPSNTPCFG:1,%d,"time.example"\r\n' % hours + OK
        assert await bench.command(b"AT+SYSTIMESTAMP?") == b"+SYSTIMESTAMP:1767225600" + OK


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"AT+CIPSNTPCFG=", b"0x01080001"),
        (b"AT+CIPSNTPCFG=2", b"0x01070001"),
        (b'AT+CIPSNTPCFG="1"', b"0x01080001"),
        (b"AT+CIPSNTPCFG=1,60", b"0x01070002"),
        (b"AT+CIPSNTPCFG=1,99", b"0x01070002"),
        (b"AT+CIPSNTPCFG=1,1500", b"0x01070002"),
        (b"AT+CIPSNTPCFG=1,1460", b"0x01070002"),
        (b"AT+CIPSNTPCFG=1,-1300", b"0x01070002"),
        (b"AT+CIPSNTPCFG=1,2147483647", b"0x01070002"),
        (b'AT+CIPSNTPCFG=1,"8"', b"0x01080002"),
        (b'AT+CIPSNTPCFG=1,8,""', b"0x01040003"),
        (b'AT+CIPSNTPCFG=1,8,"%b"' % (b"a" * 65), b"0x01040003"),
        (b"AT+CIPSNTPCFG=1,8,10", b"0x01080003"),
        (b'AT+CIPSNTPCFG=1,8,"a","b","c","d"', b"0x01060506"),
        (b"AT+CIPSNTPINTV=14", b"0x01070001"),
        (b"AT+CIPSNTPINTV=4294968", b"0x01070001"),
        (b"AT+CIPSNTPINTV=", b"0x01080001"),
    ],
)
async def test_bad_input_changes_nothing(line: bytes, code: bytes) -> None:
    async with workbench() as bench:
        await bench.command(b"ATE0")
        await run(bench, b"AT+SYSLOG=1")
        assert await bench.command(line) == b"ERR CODE:%b\r\n" % code + ERROR
        assert await bench.command(b"AT+CIPSNTPCFG?") == b"+CIPSNTPCFG:0,0\r\n" + OK
        assert await bench.command(b"AT+CIPSNTPINTV?") == b"+CIPSNTPINTV:3600\r\n" + OK


@given(st.integers(-(2**31), 2**31))
def test_any_number_is_a_zone_or_not(number: int) -> None:
    try:
        zone = time_zone(number)
    except ValueError:
        assert not -12 <= number <= 14
        return
    assert -12 * 60 - 59 <= zone.minutes <= 14 * 60 + 59
    assert abs(zone.minutes) % 60 == (0 if -12 <= number <= 14 else abs(number) % 100)
    assert zone.minutes * number >= 0


async def test_which_servers_are_asked() -> None:
    async with workbench() as bench:
        await bench.command(b"ATE0")
        for given, asked in (
            (b"1", b'1,0,"cn.ntp.org.cn","ntp.sjtu.edu.cn","us.pool.ntp.org"'),
            (b"1,8", b'1,8,"cn.ntp.org.cn","ntp.sjtu.edu.cn","us.pool.ntp.org"'),
            (b'1,8,"a"', b'1,8,"a"'),
            (b'1,8,"a","b"', b'1,8,"a","b"'),
            (b'1,8,"a","10.0.0.1","c"', b'1,8,"a","10.0.0.1","c"'),
            (b'1,8,,"b"', b'1,8,"b"'),
            (b'0,3,"a"', b"0,3"),
            (b"0", b"0,0"),
        ):
            await run(bench, b"AT+CIPSNTPCFG=" + given)
            assert await bench.command(b"AT+CIPSNTPCFG?") == b"+CIPSNTPCFG:" + asked + b"\r\n" + OK


# When it is updated


async def test_the_time_is_that_of_the_server_and_goes_on() -> None:
    async with joined(host(time="2026-02-09T23:59:55Z")) as (bench,):
        assert await bench.advance(3) == b""
        assert await bench.command(ASK.replace(b",8,", b",0,")) == OK + UPDATED
        assert await shown(bench) == "Mon Feb  9 23:59:58 2026"
        assert bench.module[RealTimeClock].time() == 1770681598.1  # the boot has taken as long
        await bench.advance(2.15)
        assert await shown(bench) == "Tue Feb 10 00:00:00 2026"
        assert bench.module[RealTimeClock].time() == 1770681600.25


async def test_it_is_announced_once_for_each_configuration() -> None:
    async with joined() as (bench,):
        assert await bench.command(ASK) == OK + UPDATED
        assert await bench.advance(3 * 3600) == b""
        assert await bench.command(ASK) == OK + UPDATED
        await run(bench, b"AT+CIPSNTPCFG=0")
        assert await bench.advance(3600) == b""
        assert await shown(bench) == "Thu Jan  1 04:00:00 2026"


async def test_before_the_network_is_there_nobody_is_asked_and_then_at_once() -> None:
    async with modules(1, read_world({"host": [host()]}, "w")) as (bench,):
        await run(bench, b"AT+CWMODE=1", ASK)
        assert await bench.advance(100) == b""
        assert await bench.command(JOIN) == JOINED.removesuffix(OK) + OK + UPDATED
        assert await shown(bench) == "Thu Jan  1 08:01:40 2026"


async def test_every_synchronisation_corrects_the_clock() -> None:
    async with joined() as (bench,):
        await bench.command(ASK)
        await run(bench, b"AT+SYSTIMESTAMP=0", b"AT+CIPSNTPINTV=15")
        assert await bench.command(b"AT+CIPSNTPINTV?") == b"+CIPSNTPINTV:15\r\n" + OK
        await bench.advance(14.9)
        assert await shown(bench) == "Thu Jan  1 08:00:14 1970"
        await bench.advance(0.1)
        assert await shown(bench) == "Thu Jan  1 08:00:15 2026"
        await run(bench, b"AT+SYSTIMESTAMP=0")
        await bench.advance(15)
        assert await shown(bench) == "Thu Jan  1 08:00:30 2026"


async def test_a_shorter_interval_counts_from_the_last_time() -> None:
    async with joined() as (bench,):
        await bench.command(ASK)
        await bench.advance(1000)
        await run(bench, b"AT+SYSTIMESTAMP=0", b"AT+CIPSNTPINTV=4294967")
        await bench.advance(10000)
        assert await shown(bench) == "Thu Jan  1 10:46:40 1970"
        await run(bench, b"AT+CIPSNTPINTV=1200")
        assert await shown(bench) == "Thu Jan  1 11:03:20 2026"


async def test_the_clock_survives_a_restart_but_not_a_power_cut_and_the_client_neither() -> None:
    async with joined() as (bench,):
        assert await bench.command(ASK) == OK + UPDATED
        await bench.advance(1)
        assert READY in await bench.command(b"AT+RST")
        await bench.command(b"ATE0")
        await bench.advance(9)
        assert await bench.command(b"AT+CIPSNTPCFG?") == b"+CIPSNTPCFG:0,0\r\n" + OK
        assert await shown(bench) == "Thu Jan  1 00:00:10 2026"
        bench.module.power_off()
        await bench.settle()
        bench.module.power_on()
        assert READY in await bench.settle()
        await bench.command(b"ATE0")
        await bench.advance(5)
        assert await shown(bench) == "Thu Jan  1 00:00:05 1970"


async def test_sleep_keeps_the_clock() -> None:
    async with joined() as (bench,):
        assert await bench.command(ASK) == OK + UPDATED
        await bench.command(b"AT+GSLP=60000")
        assert READY in await bench.advance(60)
        await bench.command(b"ATE0")
        assert await shown(bench) == "Thu Jan  1 00:01:00 2026"


async def test_the_message_is_spared_passthrough() -> None:
    async with joined(host(0, "ntp", "tcp-peer 80")) as (bench,):
        await run(bench, b"AT+CIPSNTPCFG=0")
        assert await bench.command(b'AT+CIPSTART="TCP","time.example",80') == b"CONNECT\r\n" + OK
        bench.simulation.host("time.example").stop()
        await run(bench, ASK, b"AT+CIPMODE=1")
        assert await bench.command(b"AT+CIPSEND") == PROMPT
        bench.simulation.host("time.example").start()
        assert await bench.advance(60) == b""


async def test_real_timing_waits_before_the_first_question() -> None:
    async with modules(1, read_world({"host": [host()], "timing": {"time_request": 3}}, "w")) as (bench,):
        await run(bench, b"AT+CWMODE=1")
        await bench.command(JOIN)
        await run(bench, ASK)
        assert await bench.advance(2.9) == b""
        assert await bench.advance(0.1) == UPDATED


async def test_after_2036() -> None:
    async with joined(host(time="2036-02-07T06:28:10Z")) as (bench,):
        assert await bench.command(ASK) == OK + UPDATED
        await run(bench, b"AT+CIPSNTPINTV=15")
        assert await shown(bench) == "Thu Feb  7 14:28:10 2036"
        await bench.advance(15)
        assert await shown(bench) == "Thu Feb  7 14:28:25 2036"


# When there is no answer


async def test_a_server_that_is_off_gives_way_to_the_next() -> None:
    async with joined(host(), host(1, time="2030-01-01T00:00:00Z")) as (bench,):
        bench.simulation.host("time.example").stop()
        await run(bench, b'AT+CIPSNTPCFG=1,0,"time.example","time1.example"')
        assert await bench.advance(14.9) == b""
        assert await bench.advance(0.1) == UPDATED
        assert await shown(bench) == "Tue Jan  1 00:00:15 2030"
        bench.simulation.host("time.example").start()
        bench.simulation.host("time1.example").stop()
        await bench.advance(3600 + 15)  # back to the first
        assert await shown(bench) == "Thu Jan  1 01:00:30 2026"


async def test_the_only_server_is_asked_again_after_longer_and_longer_times() -> None:
    async with joined(host(0, "udp-peer 123")) as (bench,):
        await run(bench, ASK)
        assert await questions(bench) == 1
        for pause in (15, 30, 60, 120, 120):
            await bench.advance(15 + pause - 0.1)
            assert await questions(bench) == 0
            await bench.advance(0.1)
            assert await questions(bench) == 1


async def test_names_that_nobody_knows_are_asked_for_again_and_again() -> None:
    world = read_world({"host": [host()]}, "w")
    object.__setattr__(world, "offline", True)
    async with modules(1, world) as (bench,):
        await run(bench, b"AT+CWMODE=1")
        assert await bench.command(JOIN) == JOINED
        await run(bench, b"AT+CIPSNTPCFG=1,8")
        assert await bench.advance(3600) == b""
        assert await shown(bench) == "Thu Jan  1 01:00:00 1970"
        await run(bench, b'AT+CIPSNTPCFG=1,8,"nobody.invalid","time.example"')
        assert await bench.advance(14.9) == b""
        assert await bench.advance(0.1) == UPDATED


@pytest.mark.parametrize("service", ["ntp leap=3", "ntp stratum=16", "ntp kiss=RATE", "ntp kiss=DENY", "tcp-echo"])
async def test_a_server_that_does_not_know_or_does_not_want(service: str) -> None:
    async with joined(host(0, service), host(1)) as (bench,):
        await run(bench, ASK)
        assert await bench.advance(600) == b""
        assert await shown(bench) == "Thu Jan  1 00:10:00 1970"
        await run(bench, b'AT+CIPSNTPCFG=1,8,"time.example","time1.example"')
        assert await bench.advance(15) == UPDATED


async def test_what_is_no_answer_is_passed_over() -> None:
    async with joined(host(0, "udp-peer 123", "udp-peer 124")) as (bench,):
        await run(bench, ASK)
        here = bench.simulation.host("time.example")
        peer, other = here.service(UdpPeer, 123), here.service(UdpPeer, 124)
        question, sender = await peer.take()
        assert question[:40] == b"\x23" + bytes(39)
        good = ntp.answer(question, 1634636876, ntp.ServerState())
        assert good is not None
        other.send(good, sender)  # from another port
        for packet in (b"", b"x", good[:40], good + bytes(20), question, good[:31] + b"\0" + good[32:], good[:40]):
            peer.send(packet, sender)
        assert await bench.settle() == b""
        peer.send(good, sender)
        assert await bench.settle() == UPDATED
        assert await shown(bench) == "Tue Oct 19 17:47:56 2021"
        peer.send(ntp.answer(question, 0, ntp.ServerState()) or b"", sender)  # too late
        assert await bench.settle() == b""
        assert await shown(bench) == "Tue Oct 19 17:47:56 2021"


async def test_a_network_that_goes_and_comes_back() -> None:
    async with joined() as (bench,):
        assert await bench.command(ASK) == OK + UPDATED
        await bench.command(b"AT+CWQAP")
        await run(bench, b"AT+SYSTIMESTAMP=0")
        assert await bench.advance(7200) == b""
        assert await bench.command(JOIN) == JOINED
        assert await shown(bench) == "Thu Jan  1 10:00:00 2026"


async def test_switching_off_while_it_is_waiting() -> None:
    async with joined(host(0, "udp-peer 123")) as (bench,):
        await run(bench, ASK)
        assert await questions(bench) == 1
        await run(bench, b"AT+CIPSNTPCFG=0")
        await bench.advance(3600)
        assert await questions(bench) == 0


# Together


async def test_two_modules_get_the_same_time_and_the_same_run_gives_the_same_bytes() -> None:
    async def session() -> list[bytes]:
        async with joined(host(), host(1, "ntp kiss=RATE"), count=2) as benches:
            printed = []
            lines = (b'AT+CIPSNTPCFG=1,0,"time.example"', b'AT+CIPSNTPCFG=1,-330,"time1.example","time.example"')
            for bench, line in zip(benches, lines, strict=True):
                bench.port.send(line + b"\r\n")
            for _ in range(4):
                printed += [await bench.advance(7.5) for bench in benches]
                for bench in benches:
                    bench.port.send(b"AT+CIPSNTPTIME?\r\n")
                printed += [await bench.settle() for bench in benches]
            return printed

    printed = await session()
    assert printed[0] == printed[1].removesuffix(UPDATED) + UPDATED
    assert b"Thu Jan  1 00:01:00 2026" in printed[-2]
    assert b"Wed Dec 31 20:31:00 2025" in printed[-1]
    for _ in range(3):
        assert await session() == printed
