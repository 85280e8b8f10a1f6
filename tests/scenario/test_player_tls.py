"""Peers of a transcript that speak TLS: OpenSSL's programs, against sockets of this test."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from simulator.scenario.playing import tls_peers
from simulator.scenario.playing.peers import LOOPBACK, Peer, PeerError
from simulator.scenario.playing.tls_peers import Credentials
from tests.programs import need_program
from tests.tls_peers import client_context, server_context, shipped

LIMIT = 10.0
"""Seconds after which a test gives up."""


@asynccontextmanager
async def peer(credentials: Credentials, address: str = "192.168.3.102") -> AsyncIterator[Peer]:
    need_program("openssl", "openssl")
    with trio.fail_after(LIMIT):
        async with trio.open_nursery() as nursery:
            it = Peer("pc", address, nursery, credentials)
            try:
                yield it
            finally:
                it.close()
            nursery.cancel_scope.cancel()


async def until_received(it: Peer, wanted: bytes) -> None:
    while it.connections[-1].received != wanted:
        await it.changed.wait()


@pytest.mark.parametrize(("wanted", "own"), [(False, ""), (True, "0")])
async def test_a_server_exchanges_data(wanted: bool, own: str) -> None:
    async with peer(Credentials("server_cert", "server_ca")) as it:
        port = await it.reserve(8070)
        await it.serve_tls(8070, wants_certificate=wanted)
        await it.serve_tls(8070, wants_certificate=wanted)  # it runs already
        assert not it.connections
        stream = await trio.open_ssl_over_tcp_stream(LOOPBACK, port, ssl_context=client_context(own))
        await stream.send_all(b"to the server")
        while it.open_connection(8070) is None:
            await it.changed.wait()
        await until_received(it, b"to the server")
        await it.connections[0].send(b"to the client")
        assert await stream.receive_some() == b"to the client"
        await trio.aclose_forcefully(stream)


async def test_a_server_that_wants_a_certificate_takes_nobody_without() -> None:
    async with peer(Credentials("server_cert", "server_ca")) as it:
        port = await it.reserve(8070)
        await it.serve_tls(8070, wants_certificate=True)
        context = client_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        stream = await trio.open_ssl_over_tcp_stream(LOOPBACK, port, ssl_context=context)
        with pytest.raises(trio.BrokenResourceError):
            await stream.do_handshake()
        await trio.aclose_forcefully(stream)
        assert not it.connections


@pytest.mark.parametrize("wanted", [None, shipped()["server_ca"]])
async def test_a_client_exchanges_data_and_sees_the_end(wanted: bytes | None) -> None:
    async with peer(Credentials("client_cert.0", "client_ca.0"), "") as it, trio.open_nursery() as nursery:
        (tcp,) = await trio.open_tcp_listeners(0, host=LOOPBACK)
        listener = trio.SSLListener(tcp, server_context(clients=wanted))
        ended = trio.Event()

        async def serve() -> None:
            stream = await listener.accept()
            assert await stream.receive_some() == b"to the server"
            await stream.send_all(b"to the client")
            await stream.transport_stream.aclose()
            ended.set()

        nursery.start_soon(serve)
        port = tcp.socket.getsockname()[1]
        await it.connect_tls(443, (LOOPBACK, port))
        (connection,) = it.connections
        assert connection.accepted
        await connection.send(b"to the server")
        await until_received(it, b"to the client")
        while not connection.ended:
            await it.changed.wait()
        await listener.aclose()


async def test_a_client_that_does_not_know_the_server_says_so() -> None:
    async with peer(Credentials(None, "client_ca.1"), "") as it, trio.open_nursery() as nursery:
        (tcp,) = await trio.open_tcp_listeners(0, host=LOOPBACK)
        listener = trio.SSLListener(tcp, server_context())

        async def serve() -> None:
            stream = await listener.accept()
            with pytest.raises(trio.BrokenResourceError):
                await stream.do_handshake()
            await trio.aclose_forcefully(stream)

        nursery.start_soon(serve)
        port = tcp.socket.getsockname()[1]
        with pytest.raises(PeerError, match=f"openssl s_client comes to no terms with {LOOPBACK}:{port}"):
            await it.connect_tls(443, (LOOPBACK, port))
        await listener.aclose()


async def test_certificates_that_nobody_has() -> None:
    async with peer(Credentials("server_crt", None)) as it:
        await it.reserve(8070)
        with pytest.raises(PeerError, match=r"found 'server_crt'; one of client_ca\.0, .*, wss_key is right"):
            await it.serve_tls(8070, wants_certificate=False)


async def test_a_server_needs_a_reserved_port() -> None:
    async with peer(Credentials("server_cert")) as it:
        with pytest.raises(PeerError, match="has neither 'ip' nor 'host'"):
            await it.serve_tls(8070, wants_certificate=False)


async def test_without_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_peers, "PROGRAM", "there-is-no-such-program")
    async with peer(Credentials("server_cert")) as it:
        await it.reserve(8070)
        with pytest.raises(PeerError, match="there-is-no-such-program cannot be run: "):
            await it.serve_tls(8070, wants_certificate=False)
