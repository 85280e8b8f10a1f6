"""Peers of a scenario that speak TLS: OpenSSL's programs, against sockets of this test; and those in memory."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
import trio

from espat.core.time.clock import RealClock
from espat.module import Module
from espat.scenario.hosts import tls_peers
from espat.scenario.hosts.peers import PeerError
from espat.scenario.hosts.socket_peers import LOOPBACK, SocketPeer
from espat.scenario.play.player import PlayError
from espat.scenario.stage.options import StageOptions
from espat.scenario.world.peers import Credentials, PeerConfiguration
from tests.programs import need_program
from tests.scenario.playing import JOIN, SETTINGS, play_text
from tests.tls_peers import client_context, server_context, shipped

LIMIT = 10.0
"""Seconds after which a test gives up."""


class Pc(SocketPeer):
    """A peer that finds every port of a module at `endpoint`."""

    endpoint = ("", 0)

    def __init__(self, address: str, nursery: trio.Nursery, credentials: Credentials) -> None:
        async def find_port(module: object, transport: str, port: int) -> tuple[str, int]:
            return self.endpoint

        configuration = PeerConfiguration("pc", address, later=(("ssl", 8070),), credentials=credentials)
        super().__init__(configuration, nursery, find_port, RealClock())

    async def reserved(self) -> int:
        """Reserve its ports; returns the one of this machine."""
        (target,) = (await self.reserve()).values()
        return int(target.rpartition(":")[2])

    async def serve_tls(self, *, demands: bool) -> None:
        await self.serve("ssl", 8070, demands=demands)

    async def connect_to(self, endpoint: tuple[str, int]) -> None:
        self.endpoint = endpoint
        await self.connect(cast("Module", None), "", 443, tls=True)


@asynccontextmanager
async def peer(credentials: Credentials, address: str = "192.168.3.102") -> AsyncIterator[Pc]:
    need_program("openssl", "openssl")
    with trio.fail_after(LIMIT):
        async with trio.open_nursery() as nursery:
            it = Pc(address, nursery, credentials)
            yield it
            nursery.cancel_scope.cancel()
    it.close()


async def until_received(it: SocketPeer, wanted: bytes) -> None:
    while it.connections[-1].received != wanted:
        await it.changed.park()


@pytest.mark.parametrize(("wanted", "own"), [(False, ""), (True, "0")])
async def test_a_server_exchanges_data(wanted: bool, own: str) -> None:
    async with peer(Credentials("server_cert", "server_ca")) as it:
        port = await it.reserved()
        await it.serve_tls(demands=wanted)
        await it.serve_tls(demands=wanted)  # it runs already
        assert not it.connections
        stream = await trio.open_ssl_over_tcp_stream(LOOPBACK, port, ssl_context=client_context(own))
        await stream.send_all(b"to the server")
        while it.open_connection(8070) is None:
            await it.changed.park()
        await until_received(it, b"to the server")
        await it.connections[0].send(b"to the client")
        assert await stream.receive_some() == b"to the client"
        await trio.aclose_forcefully(stream)


async def test_a_server_that_wants_a_certificate_takes_nobody_without() -> None:
    async with peer(Credentials("server_cert", "server_ca")) as it:
        port = await it.reserved()
        await it.serve_tls(demands=True)
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
        await it.connect_to((LOOPBACK, port))
        (connection,) = it.connections
        assert connection.accepted
        await connection.send(b"to the server")
        await until_received(it, b"to the client")
        while not connection.ended:
            await it.changed.park()
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
            await it.connect_to((LOOPBACK, port))
        await listener.aclose()


async def test_certificates_that_nobody_has() -> None:
    async with peer(Credentials("server_crt", None)) as it:
        await it.reserved()
        with pytest.raises(PeerError, match=r"found 'server_crt'; one of client_ca\.0, .*, wss_key would be right"):
            await it.serve_tls(demands=False)


async def test_a_server_needs_a_reserved_port() -> None:
    async with peer(Credentials("server_cert")) as it:
        with pytest.raises(PeerError, match="has neither 'ip' nor 'host'"):
            await it.serve_tls(demands=False)


async def test_without_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_peers, "PROGRAM", "there-is-no-such-program")
    async with peer(Credentials("server_cert")) as it:
        await it.reserved()
        with pytest.raises(PeerError, match="there-is-no-such-program cannot be run: "):
            await it.serve_tls(demands=False)


TLS = """\
title: 'TLS in memory'
world:
  access_points: [{ssid: lab, password: '12345678'}]
  peers: [{id: pc, ip: '192.168.3.102', serves: 'ssl 443', client_auth: required, ca: server_ca, cert: server_cert}]
"""
SECURE = """\
  - {send: 'AT+CIPSTART="SSL","192.168.3.102",443'}
"""


async def test_a_peer_in_memory_takes_nobody_without_a_certificate(tmp_path: Path) -> None:
    refused = "  - {expect_set: ['ERROR'], also: 're:.*', within_ms: 30000}\n  - {do: quiet}\n"
    shown = "  - {send: 'AT+CIPSSLCCONF=1,0,0'}\n  - {expect: ['', 'OK']}\n"
    taken = "  - {expect: ['CONNECT', '', 'OK']}\n  - {do: peer.accept, peer: pc, client_cert: true}\n"
    await play_text(tmp_path, TLS + JOIN + "steps:\n" + SECURE + refused + shown + SECURE + taken)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize(
    ("certificate", "claim", "problem"),
    [
        (True, "proto: ssl, client_cert: true", None),
        (True, "proto: ssl, client_cert: false", "expected a connection without a certificate, got one with a"),
        (True, "proto: tcp", "pc expected a connection over tcp, got one over ssl"),
        (False, "client_cert: true", "pc expected a connection with a certificate, got one without a certificate"),
        (False, "client_cert: false", None),
    ],
)
async def test_what_is_said_of_an_accepted_connection_is_checked(
    tmp_path: Path, setting: StageOptions, certificate: bool, claim: str, problem: str | None
) -> None:
    if setting.sockets:
        need_program("openssl", "openssl")
    world = TLS if certificate else TLS.replace(", client_auth: required", "")
    shown = "  - {send: 'AT+CIPSSLCCONF=1,0,0'}\n  - {expect: ['', 'OK']}\n" if certificate else ""
    taken = f"  - {{expect: ['CONNECT', '', 'OK']}}\n  - {{do: peer.accept, peer: pc, {claim}}}\n"
    text = world + JOIN + "steps:\n" + shown + SECURE + taken
    if problem is None:
        await play_text(tmp_path, text, setting)
    else:
        with pytest.raises(PlayError, match=problem):
            await play_text(tmp_path, text, setting)


async def test_a_certificate_that_nobody_has_in_memory(tmp_path: Path) -> None:
    with pytest.raises(PlayError, match="found the certificate 'server_crt'; one that ships"):
        await play_text(tmp_path, TLS.replace("server_cert", "server_crt") + "steps: []\n")
