"""What an SSL link offers and shows as a client, and whom it trusts, in stepped time."""

import os
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from espat.core.time.real_time_clock import RealTimeClock
from espat.persist.pki import Issued, Subject
from espat.stack.tls_context import context_for
from tests.certificates import NOW, Manufactured, authority, chain, issued, server_context, shipped, trusting
from tests.hosts import HOST, manufacture, speaking, start, tls_host
from tests.texts import ERROR, OK, OPENED


def alert_of(failure: ssl.SSLError | None) -> str | None:
    return None if failure is None else failure.reason


async def names_seen(*commands: bytes) -> list[str | None]:
    """The name of SNI that the server has got."""
    seen: list[str | None] = []
    context = server_context()
    context.sni_callback = lambda session, name, context: seen.append(name)
    async with tls_host(*commands, context=context) as (bench, _):
        assert await bench.command(start()) == OPENED
    return seen


async def test_sni_is_sent_when_it_is_configured() -> None:
    assert await names_seen() == [None]
    assert await names_seen(b'AT+CIPSSLCSNI="server.test"') == ["server.test"]
    assert await names_seen(b'AT+CIPSSLCCN="server.test"') == [None]
    assert await names_seen(b'AT+CIPSSLCSNI="a.test"', b'AT+CIPSSLCSNI=""') == [None]


@pytest.mark.parametrize("name", [b".", b".a", b"\xff", b"x" * 70 + b".test", b"a\x00b"])
async def test_a_name_that_cannot_be_one_is_an_error(name: bytes) -> None:
    async with tls_host(b"AT+SYSLOG=1", b'AT+CIPSSLCSNI="%b"' % name, context=server_context()) as (bench, _):
        assert await bench.command(start()) == b"+ERRNO:0x7100\r\n" + ERROR


@pytest.mark.parametrize("name", [b"\0", b"server.test\0", b"server\0.test"])
async def test_a_common_name_that_cannot_be_one_lets_nobody_in(name: bytes) -> None:
    commands = (b"AT+SYSLOG=1", b"AT+CIPSSLCCONF=2", b'AT+CIPSSLCCN="%b"' % name)
    async with tls_host(*commands, context=server_context()) as (bench, _):
        assert await bench.command(start()) == b"+ERRNO:0x7100\r\n" + ERROR


@pytest.mark.parametrize(
    ("offered", "chosen"), [(b'1,"mqtt"', "mqtt"), (b'2,"x","h2"', "h2"), (b'2,"h2","mqtt"', "mqtt"), (b'1,"x"', None)]
)
async def test_alpn(offered: bytes, chosen: str | None) -> None:
    context = server_context(alpn=("mqtt", "h2"))
    async with tls_host(b"AT+CIPSSLCALPN=" + offered, context=context) as (bench, it):
        printed = await bench.command(start())
        assert printed == OPENED
        assert it.connection.session.selected_alpn_protocol() == chosen


@pytest.mark.parametrize(
    ("suites", "chosen"),
    [
        (b"1,0xC02F", "ECDHE-RSA-AES128-GCM-SHA256"),
        (b"2,0xC023,0x009C", "AES128-GCM-SHA256"),
        (b"3,0x1234,0x00FF,0xC014", "ECDHE-RSA-AES256-SHA"),
    ],
)
async def test_only_the_chosen_suites_are_offered(suites: bytes, chosen: str) -> None:
    context = server_context(ciphers="ALL:@SECLEVEL=0")
    async with tls_host(b"AT+CIPSSLCCIPHER=" + suites, context=context) as (bench, it):
        assert await bench.command(start()) == OPENED
        cipher = it.connection.session.cipher()
        assert cipher is not None
        assert cipher[0] == chosen


@pytest.mark.parametrize("suites", [b"1,0x1234", b"1,0xC023", b"1,0x00A8"])
async def test_suites_that_do_not_do(suites: bytes) -> None:
    """Unknown to the module; for another kind of certificate; for a key, of which there is none."""
    async with tls_host(b"AT+SYSLOG=1", b"AT+CIPSSLCCIPHER=" + suites, context=server_context()) as (bench, _):
        assert await bench.command(start()) == b"+ERRNO:0x7780\r\n" + ERROR


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        (b"server.test", True),
        (b"SERVER.test", True),
        (b"localhost", True),
        (b"192.168.4.1", True),
        (b"192.168.3.50", False),
        (b"server", False),
        (b"test", False),
        (b"a.server.test", False),
        (b"*.test", False),
        (b"server.test.", False),
    ],
)
async def test_the_common_name_is_compared_with_the_certificate(name: bytes, fits: bool) -> None:
    commands = (b"AT+SYSLOG=1", b"AT+CIPSSLCCONF=2", b'AT+CIPSSLCCN="%b"' % name)
    async with tls_host(*commands, context=server_context()) as (bench, it):
        assert await bench.command(start()) == (OPENED if fits else b"+ERRNO:0x4\r\n" + ERROR)
        assert alert_of(it.connection.failure) == (None if fits else "SSLV3_ALERT_BAD_CERTIFICATE")


@pytest.mark.parametrize(
    ("commands", "own", "printed", "alert"),
    [
        ((b'AT+CIPSSLCCN="other"',), lambda: issued(2020, 2021), b"0xd", "SSLV3_ALERT_BAD_CERTIFICATE"),
        ((), lambda: issued(2020, 2021, Subject("server.test")), b"0x1009", "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"),
        ((), lambda: issued(2020, 2021), b"0x9", "SSLV3_ALERT_CERTIFICATE_EXPIRED"),
        ((), lambda: issued(2060, 2070), b"0x208", "TLSV1_ALERT_UNKNOWN_CA"),
    ],
)
async def test_of_several_flaws_the_server_is_told_one(
    commands: tuple[bytes, ...], own: Callable[[], Issued], printed: bytes, alert: str
) -> None:
    commands = (b"AT+SYSLOG=1", b"AT+CIPSSLCCONF=2", *commands)
    async with tls_host(*commands, context=server_context(own())) as (bench, it):
        assert await bench.command(start()) == b"+ERRNO:%b\r\n" % printed + ERROR
        assert alert_of(it.connection.failure) == alert


async def test_a_good_certificate_behind_a_bad_one_is_good() -> None:
    """What one verification has found is forgotten with the next."""
    async with tls_host(b"AT+SYSLOG=1", b"AT+CIPSSLCCONF=2", context=server_context(issued(2020, 2021))) as (bench, it):
        for context, printed in (
            (server_context(issued(2020, 2021)), b"+ERRNO:0x9\r\n" + ERROR),
            (server_context(), OPENED),
            (server_context(issued()), b"+ERRNO:0x8\r\n" + ERROR),
        ):
            it.accept = speaking(context)
            assert await bench.command(start()) == printed
            await bench.command(b"AT+CIPCLOSE")


async def test_a_name_counts_for_the_next_connection_only() -> None:
    """The context is the same; a name that has been asked for once must not stay, nor be forgotten."""
    async with tls_host(b"AT+CIPSSLCCONF=2", context=server_context()) as (bench, _):
        for name, fits in ((b"", True), (b"other", False), (b"", True), (b"127.0.0.2", False), (b"", True)):
            assert await bench.command(b'AT+CIPSSLCCN="%b"' % name) == OK
            assert await bench.command(start()) == (OPENED if fits else ERROR), name
            await bench.command(b"AT+CIPCLOSE")


async def test_validity_is_judged_by_the_clock_of_the_module() -> None:
    context = server_context(issued(2020, 2021))
    async with tls_host(b"AT+SYSLOG=1", b"AT+CIPSSLCCONF=2", context=context, manufacturing=trusting()) as (bench, _):
        for time, printed in (
            (1_580_000_000, OPENED),
            (NOW, b"+ERRNO:0x1\r\n" + ERROR),
            (0, b"+ERRNO:0x200\r\n" + ERROR),
        ):
            bench.module[RealTimeClock].set(time)
            assert await bench.command(start()) == printed
            await bench.command(b"AT+CIPCLOSE")


async def test_options_belong_to_link_numbers() -> None:
    async with tls_host(b"AT+CIPMUX=1", b"AT+CIPSSLCCONF=1,2,0,1", context=server_context()) as (bench, _):
        assert await bench.command(b'AT+CIPSTART=0,"SSL","%b",1' % HOST.encode()) == b"0," + OPENED
        assert await bench.command(b'AT+CIPSTART=1,"SSL","%b",1' % HOST.encode()) == ERROR
        assert await bench.command(b'AT+CIPSTART=2,"SSL","%b",1' % HOST.encode()) == b"2," + OPENED


async def test_the_module_shows_the_certificate_of_the_set() -> None:
    context = server_context(clients=shipped()["client_ca.1"])
    async with tls_host(b"AT+CIPSSLCCONF=1,1", context=context) as (bench, it):
        assert await bench.command(start()) == OPENED
        certificate = it.connection.session.getpeercert()
        assert certificate is not None
        assert certificate["subject"] == ((("commonName", "client1.test"),),)


async def test_a_certificate_may_end_with_a_zero_byte() -> None:
    data = Manufactured({key: value + b"\0" for key, value in shipped().items()})
    async with tls_host(b"AT+CIPSSLCCONF=3", context=server_context(), manufacturing=data) as (bench, _):
        assert await bench.command(start()) == OPENED


@pytest.mark.parametrize(
    ("trusted", "printed"),
    [
        (lambda: authority().issued.certificate, OPENED),
        (lambda: chain()[1], OPENED),  # an authority in the middle
        (lambda: chain()[1] + authority("another").issued.certificate, OPENED),
        (lambda: authority("another").issued.certificate, b"+ERRNO:0x8\r\n" + ERROR),
        (lambda: chain()[0].certificate.split(b"-----END")[0] + b"-----END CERTIFICATE-----\n", None),  # the server's
    ],
)
async def test_whom_the_module_trusts(trusted: Callable[[], bytes], printed: bytes | None) -> None:
    data = Manufactured(shipped() | {"client_ca.0": trusted()})
    commands = (b"AT+SYSLOG=1", b"AT+CIPSSLCCONF=2")
    async with tls_host(*commands, context=server_context(chain()[0]), manufacturing=data) as (bench, _):
        assert await bench.command(start()) == (printed or b"+ERRNO:0x8\r\n" + ERROR)


def open_files() -> list[str]:
    return sorted(os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink())


async def test_no_key_is_left_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "mkstemp", lambda *_: pytest.fail("a temporary file"))
    context_for.cache_clear()
    async with tls_host(b"AT+CIPSSLCCONF=3", context=server_context()) as (bench, _):
        before = open_files()
        for data, printed in ((shipped(), OPENED), (Manufactured(shipped() | {"client_key.0": b"garbage"}), ERROR)):
            await manufacture(bench, data)
            assert await bench.command(start()) == printed
            await bench.command(b"AT+CIPCLOSE")
        assert open_files() == before
