"""Peers of a scenario that speak TLS: over sockets of this machine, against TLS of Python's, and in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
import trio

from espat.core.time.clock import RealClock
from espat.module import Module
from espat.scenario.hosts.bridge import Bridge
from espat.scenario.hosts.peers import Peer, PeerError
from espat.scenario.hosts.world_host import WorldHost
from espat.scenario.play.player import PlayError
from espat.scenario.stage.options import StageOptions
from espat.scenario.world.peers import Credentials, PeerConfiguration
from espat.scenario.world.world import HostConfiguration
from espat.stack.address import LOOPBACK
from espat.stack.endpoint import Endpoint
from tests.certificates import client_context, server_context, shipped
from tests.scenario.playing import JOIN, SETTINGS, play_text

LIMIT = 10.0
"""Seconds after which a test gives up."""
ADDRESS = "192.168.3.102"
HERE = str(LOOPBACK)


class Pc(Peer):
    """A peer that finds every port of a module at `endpoint`. `entries`: what leads to its own ports."""

    def __init__(self, nursery: trio.Nursery, credentials: Credentials) -> None:
        self.endpoint = Endpoint(LOOPBACK, 0)
        self.entries: dict[str, str] = {}

        async def find_port(module: object, transport: str, port: int) -> Endpoint:
            return self.endpoint

        configuration = PeerConfiguration("pc", ADDRESS, later=(("ssl", 8070),), credentials=credentials)
        host = WorldHost(HostConfiguration(), RealClock(), (), nursery.start_soon)
        self.bridge = Bridge(configuration, host, nursery.start_soon, find_port, self.entries.update)
        super().__init__(configuration, host, self.bridge)

    def here(self, port: int = 8070) -> int:
        """The port of this machine for one of its own."""
        return int(self.entries[f"{ADDRESS}:{port}"].rpartition(":")[2])

    async def connect_to(self, port: int) -> None:
        """Connect to a port of this machine, with TLS."""
        self.endpoint = Endpoint(LOOPBACK, port)
        await self.connect(cast("Module", None), "", 443, tls=True)


@asynccontextmanager
async def peer(credentials: Credentials) -> AsyncIterator[Pc]:
    with trio.fail_after(LIMIT):
        async with trio.open_nursery() as nursery:
            it = Pc(nursery, credentials)
            yield it
            nursery.cancel_scope.cancel()
    it.bridge.close()


async def until_received(it: Peer, wanted: bytes) -> None:
    while it.connections[-1].received != wanted:
        await it.changed.park()


async def client_of(it: Pc, own: str = "") -> trio.SSLStream[trio.SocketStream]:
    """A client that has come to terms with its server."""
    stream = await trio.open_ssl_over_tcp_stream(HERE, it.here(), ssl_context=client_context(own))
    try:
        await stream.do_handshake()
    except trio.BrokenResourceError:
        await trio.aclose_forcefully(stream)
        raise
    return stream


@pytest.mark.parametrize(("wanted", "own"), [(False, ""), (True, "0")])
async def test_a_server_exchanges_data(wanted: bool, own: str) -> None:
    async with peer(Credentials("server_cert", "server_ca")) as it:
        it.serve("ssl", 8070, demands=wanted)
        it.serve("ssl", 8070, demands=wanted)  # it runs already
        assert not it.connections
        stream = await client_of(it, own)
        await stream.send_all(b"to the server")
        while it.open_connection(8070) is None:
            await it.changed.park()
        await until_received(it, b"to the server")
        await it.connections[0].send(b"to the client")
        assert await stream.receive_some() == b"to the client"
        await trio.aclose_forcefully(stream)


async def test_a_server_that_wants_a_certificate_takes_nobody_without() -> None:
    async with peer(Credentials("server_cert", "server_ca")) as it:
        it.serve("ssl", 8070, demands=True)
        with pytest.raises(trio.BrokenResourceError):
            await client_of(it)
        assert not it.connections


async def test_a_server_stops_and_what_is_connected_stays() -> None:
    async with peer(Credentials()) as it:
        it.serve("ssl", 8070)
        stream = await client_of(it)
        while not it.connections:
            await it.changed.park()
        it.stop("ssl", 8070)
        with pytest.raises(OSError, match="connect"):
            await client_of(it)
        await it.connections[0].send(b"still here")
        assert await stream.receive_some() == b"still here"
        it.serve("ssl", 8070)
        await trio.aclose_forcefully(await client_of(it))
        await trio.aclose_forcefully(stream)


async def test_a_server_at_a_port_that_nobody_knew_of() -> None:
    async with peer(Credentials()) as it:
        assert list(it.entries) == [f"{ADDRESS}:8070"]
        it.serve("tcp", 8071)
        stream = await trio.open_tcp_stream(HERE, it.here(8071))
        await stream.send_all(b"found")
        while it.open_connection(8071) is None:
            await it.changed.park()
        await until_received(it, b"found")
        await stream.aclose()


@pytest.mark.parametrize("wanted", [None, shipped()["server_ca"]])
async def test_a_client_exchanges_data_and_sees_the_end(wanted: bytes | None) -> None:
    async with peer(Credentials("client_cert.0", "client_ca.0")) as it, trio.open_nursery() as nursery:
        (tcp,) = await trio.open_tcp_listeners(0, host=HERE)
        listener = trio.SSLListener(tcp, server_context(clients=wanted))

        async def serve() -> None:
            stream = await listener.accept()
            assert await stream.receive_some() == b"to the server"
            await stream.send_all(b"to the client")
            await stream.transport_stream.aclose()

        nursery.start_soon(serve)
        await it.connect_to(tcp.socket.getsockname()[1])
        (connection,) = it.connections
        assert connection.accepted
        await connection.send(b"to the server")
        await until_received(it, b"to the client")
        while not connection.ended:
            await it.changed.park()
        await listener.aclose()


async def test_a_client_that_does_not_know_the_server_says_so() -> None:
    async with peer(Credentials(None, "client_ca.1")) as it, trio.open_nursery() as nursery:
        (tcp,) = await trio.open_tcp_listeners(0, host=HERE)
        listener = trio.SSLListener(tcp, server_context())

        async def serve() -> None:
            stream = await listener.accept()
            with pytest.raises(trio.BrokenResourceError):
                await stream.do_handshake()
            await trio.aclose_forcefully(stream)

        nursery.start_soon(serve)
        port = tcp.socket.getsockname()[1]
        with pytest.raises(PeerError, match=f"no TLS with {HERE}:{port}: "):
            await it.connect_to(port)
        await listener.aclose()


async def test_nobody_listens() -> None:
    async with peer(Credentials()) as it:
        with pytest.raises(PeerError, match=f"no connection to {HERE}:{it.here()}: "):
            await it.connect_to(it.here())


async def test_certificates_that_nobody_has() -> None:
    async with peer(Credentials("server_crt", None)) as it:
        with pytest.raises(PeerError, match="expected a certificate that ships, like server_cert, got 'server_crt'"):
            it.serve("ssl", 8070)


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
    with pytest.raises(PlayError, match="expected a certificate that ships, like server_cert, got 'server_crt'"):
        await play_text(tmp_path, TLS.replace("server_cert", "server_crt") + "steps: []\n")
