"""What every client of the module has in common: how it gets its connection, and how it fails to."""

import pytest
import trio

from espat.scenario.reading.world_reader import read_world
from espat.stack.address import Address
from espat.stack.connection import Connection
from espat.stack.dialler import NO_LIMIT, Dialler
from espat.stack.endpoint import Endpoint
from espat.stack.errors import LWIP_ABORTED, LWIP_NO_ROUTE, LWIP_RESET, NetworkError, ResolveError, UnreachableError
from espat.stack.network import Network
from espat.stack.tls_errors import CertificateFlaw, EspTls, TlsError
from espat.stack.tls_options import TlsChoices
from tests.network import tcp_peer
from tests.stations import around, station
from tests.workbench import Workbench, workbench

NOW = 1735689600  # a time at which the certificates that ship are valid
HOST = {
    "address": "192.168.3.50",
    "name": "near.example",
    "time": "2025-01-01T00:00:00Z",
    "serves": ["tcp-echo 7", "tls-echo 443", "tcp-silent 23", "tcp-refuse 24"],
}
WORLD = read_world({"host": [HOST]}, "w")


async def echoed(connection: Connection) -> bytes:
    """What comes back of a word."""
    await connection.stream.send(b"hello")
    received = await connection.stream.receive(100)
    connection.stream.close()
    return received


@pytest.mark.parametrize("name", ["near.example", "192.168.3.50"])
@pytest.mark.parametrize("tls", [None, TlsChoices(), TlsChoices(pki=0, ca=0)])
async def test_a_host_by_name_or_address_with_tls_or_without(name: str, tls: TlsChoices | None) -> None:
    async with station(WORLD) as bench:
        bench.module.board.rtc.set(NOW)
        port = 7 if tls is None else 443
        connection = await bench.module[Dialler].dial(name, port, tls=tls)
        assert connection.remote == Endpoint(Address("192.168.3.50"), port)
        assert connection.stream.local == Endpoint(Address("192.168.3.112"), connection.local_port)
        assert connection.lan is next(iter(bench.simulation.lans.values()))
        assert await echoed(connection) == b"hello"


async def test_a_program_of_this_machine() -> None:
    async with station() as bench, tcp_peer() as peer:
        connection = await bench.module[Dialler].dial("192.168.3.102", peer.port)
        async with await peer.accept() as stream:
            assert connection.remote == Endpoint(Address("192.168.3.102"), peer.port)
            assert stream.socket.getpeername()[1] == connection.local_port
            await stream.send_all(b"hello")
            assert await connection.stream.receive(100) == b"hello"
        connection.stream.close()


async def fails(bench: Workbench, host: str, port: int, tls: TlsChoices | None, limit: float = NO_LIMIT) -> Exception:
    """How dialling fails, within a while of module time."""
    found: list[Exception] = []

    async def dial() -> None:
        try:
            await bench.module[Dialler].dial(host, port, tls=tls, limit=limit)
        except (NetworkError, ResolveError, UnreachableError) as error:
            found.append(error)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(dial)
        await bench.advance(limit if limit < NO_LIMIT else 60)
    (error,) = found
    return error


async def test_each_way_to_fail_without_tls() -> None:
    async with station(WORLD) as bench:
        refused, silent = await fails(bench, "192.168.3.50", 24, None), await fails(bench, "192.168.3.99", 7, None)
        assert (type(refused), getattr(refused, "errno", None)) == (NetworkError, LWIP_RESET)
        assert isinstance(silent, UnreachableError)
        assert isinstance(await fails(bench, "nobody.example", 7, None), ResolveError)
        bench.simulation.access_point(b"espressif").deauthenticate()
        lost = await fails(bench, "192.168.3.50", 7, None)
        assert (type(lost), getattr(lost, "errno", None)) == (NetworkError, LWIP_NO_ROUTE)


async def test_each_way_to_fail_with_tls() -> None:
    async with station(WORLD) as bench:
        bench.module.board.rtc.set(NOW)
        for port, choices, errno in (
            (24, TlsChoices(), EspTls.FAILED_CONNECT_TO_HOST),
            (443, TlsChoices(ca=1), CertificateFlaw.NOT_TRUSTED),
            (443, TlsChoices(ca=0, common_name=b"somebody else"), CertificateFlaw.NAME_MISMATCH),
        ):
            error = await fails(bench, "192.168.3.50", port, choices)
            assert isinstance(error, TlsError)
            assert error.errno == errno


async def test_the_limit_is_for_all_of_it() -> None:
    async with station(WORLD) as bench:
        late = await fails(bench, "192.168.3.50", 23, TlsChoices(), limit=2.0)
        assert (type(late), getattr(late, "errno", None)) == (TlsError, EspTls.CONNECTION_TIMEOUT)


async def test_a_connection_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async with station(WORLD) as bench:

        async def nothing_comes_of_it(*_: object) -> None:
            await trio.sleep_forever()

        monkeypatch.setattr(bench.module[Network], "connect", nothing_comes_of_it)
        late = await fails(bench, "192.168.3.50", 7, None, limit=2.0)
        assert (type(late), getattr(late, "errno", None)) == (NetworkError, LWIP_ABORTED)


async def test_without_a_network_there_is_no_way() -> None:
    async with workbench(around()) as bench:
        with pytest.raises(NetworkError) as raised:
            await bench.module[Dialler].dial("192.168.3.50", 7)
        assert raised.value.errno == LWIP_NO_ROUTE
