"""HTTP over TLS, with every choice of AT+HTTPCFG."""

import pytest

from tests.certificates import issued, server_context, shipped
from tests.hosts import HOST, tls_host
from tests.texts import ERROR, OK

GET = b'AT+HTTPCGET="https://%b:8070/x"' % HOST.encode()
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.mark.parametrize("mode", range(4))
async def test_a_server_that_wants_no_certificate(mode: int) -> None:
    async with tls_host(b"AT+HTTPCFG=%d,0,0" % mode, context=server_context()) as (bench, host):
        assert await bench.command(GET) == b""
        assert host.connection.taken().startswith(b"GET /x HTTP/1.1\r\nHost: %b:8070\r\n" % HOST.encode())
        await host.connection.send(HELLO)
        assert await bench.settle() == b"+HTTPCGET:5,hello\r\n" + OK


@pytest.mark.parametrize("mode", range(4))
async def test_a_server_that_wants_a_certificate(mode: int) -> None:
    context = server_context(clients=shipped()["server_ca"])
    async with tls_host(b"AT+HTTPCFG=%d,0,0" % mode, context=context) as (bench, host):
        shows = mode in (1, 3)
        assert await bench.command(GET) == (b"" if shows else ERROR)
        assert host.connection.established == shows


@pytest.mark.parametrize("mode", range(4))
async def test_a_server_of_an_unknown_authority(mode: int) -> None:
    async with tls_host(b"AT+HTTPCFG=%d,0,0" % mode, b"AT+SYSLOG=1", context=server_context(issued())) as (bench, _):
        verifies = mode in (2, 3)
        assert await bench.command(GET) == (b"ERR CODE:0x010a7000\r\n" + ERROR if verifies else b"")


async def test_without_a_url_the_kind_of_transport_counts() -> None:
    async with tls_host(context=server_context()) as (bench, host):
        assert await bench.command(b'AT+HTTPCLIENT=2,0,"","%b:8070","/y",2' % HOST.encode()) == b""
        assert host.connection.taken().startswith(b"GET /y HTTP/1.1\r\n")
