"""The SSL server of a module, with clients in memory: good ones, bad ones, and those that never finish."""

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from espat.core.time.real_time_clock import RealTimeClock
from espat.persist.pki import Issued, Subject
from espat.stack.address import Address
from espat.stack.endpoint import Endpoint
from espat.stack.errors import NetworkError
from espat.stack.memory_stream import MemoryStream
from tests.certificates import NOW, Manufactured, authority, client_context, issued, load, shipped
from tests.hosts import HOST, Secured, tls_host
from tests.texts import ERROR, OK, PROMPT
from tests.workbench import Workbench

OWN = "192.168.3.112"
PORT = 20443
START = b'AT+CIPSERVER=1,%d,"SSL"' % PORT
CLIENT = Subject("client.test")


class Clients:
    """Hosts in memory that connect to the module's server."""

    def __init__(self, bench: Workbench, nursery: trio.Nursery) -> None:
        self._bench = bench
        self._nursery = nursery
        self._port = 50000

    def stream(self) -> MemoryStream:
        """A connection without TLS."""
        (lan,) = self._bench.simulation.lans.values()
        self._port += 1
        return lan.nodes[Address(OWN)].connect(PORT, Endpoint(Address(HOST), self._port))

    def ended(self, streams: Sequence[MemoryStream]) -> list[MemoryStream]:
        """A list to which each of these is added when it ends."""
        ended: list[MemoryStream] = []

        async def note(stream: MemoryStream) -> None:
            await stream.wait_ended()
            ended.append(stream)

        for stream in streams:
            self._nursery.start_soon(note, stream)
        return ended

    async def one(self, context: ssl.SSLContext | None = None) -> Secured:
        """A client that tries to shake hands."""
        client = Secured(self.stream(), context or client_context(), server_side=False)
        self._nursery.start_soon(client.run)
        return client


@asynccontextmanager
async def server(
    *commands: bytes, checks: bool = False, manufacturing: Manufactured | None = None
) -> AsyncIterator[tuple[Workbench, Clients]]:
    """A joined module with an SSL server, after these commands."""
    async with (
        tls_host(b"AT+CIPMUX=1", *commands, manufacturing=manufacturing) as (bench, _),
        trio.open_nursery() as nursery,
    ):
        assert await bench.command(START + b",1" * checks) == OK
        yield bench, Clients(bench, nursery)
        nursery.cancel_scope.cancel()


def reason(client: Secured) -> str | None:
    return client.failure.reason if client.failure is not None else None


async def test_a_client_becomes_an_ssl_link() -> None:
    async with server() as (bench, clients):
        client = await clients.one()
        assert await bench.settle() == b"0,CONNECT\r\n"
        assert client.session.version() == "TLSv1.2"
        line = b'+CIPSTATE:0,"SSL","192.168.3.50",50001,%d,1\r\n' % PORT
        assert await bench.command(b"AT+CIPSTATE?") == line + OK
        assert await bench.command(b"AT+CIPSEND=0,4") == PROMPT
        assert await bench.send(b"test") == b"\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n"
        assert client.taken() == b"test"
        await client.send(b"hello")
        assert await bench.settle() == b"\r\n+IPD,0,5:hello\r\n"
        assert await bench.command(b"AT+CIPCLOSE=0") == b"0,CLOSED\r\n" + OK
        await bench.settle()
        assert client.ended


@pytest.mark.parametrize(("checks", "shown"), [(False, b"0"), (True, b"1")])
async def test_the_query(checks: bool, shown: bytes) -> None:
    async with server(checks=checks) as (bench, _):
        line = b'+CIPSERVER:1,%d,"SSL",%b,0\r\n' % (PORT, shown)
        assert await bench.command(b"AT+CIPSERVER?") == line + OK


async def test_a_tcp_server_has_no_use_for_checking() -> None:
    async with tls_host(b"AT+CIPMUX=1", b'AT+CIPSERVER=1,%d,"TCP",1' % PORT) as (bench, _):
        assert await bench.command(b"AT+CIPSERVER?") == b'+CIPSERVER:1,%d,"TCP",0,0\r\n' % PORT + OK


@pytest.mark.parametrize(
    "line", [b'AT+CIPSERVER=1,%d,"SSL",2', b'AT+CIPSERVER=1,%d,"ssl"', b'AT+CIPSERVER=1,%d,"SSLv6"']
)
async def test_what_is_refused(line: bytes) -> None:
    async with tls_host(b"AT+CIPMUX=1") as (bench, _):
        assert await bench.command(line % PORT) == ERROR


async def test_it_needs_multiple_mode() -> None:
    async with tls_host() as (bench, _):
        assert await bench.command(START) == ERROR


@pytest.mark.parametrize("own", ["", "0", "1"])
async def test_without_checking_anybody_may_come(own: str) -> None:
    async with server() as (bench, clients):
        await clients.one(client_context(own))
        assert await bench.settle() == b"0,CONNECT\r\n"


async def test_with_checking_a_client_needs_a_certificate_of_the_authority() -> None:
    async with server(checks=True) as (bench, clients):
        refused = {"": "SSLV3_ALERT_HANDSHAKE_FAILURE", "1": "TLSV1_ALERT_UNKNOWN_CA"}
        for own, why in refused.items():
            client = await clients.one(client_context(own))
            assert await bench.settle() == b""
            assert reason(client) == why
        await clients.one(client_context("0"))
        assert await bench.settle() == b"0,CONNECT\r\n"


@pytest.mark.parametrize(
    ("years", "time", "accepted"),
    [
        ((2020, 2070), NOW, True),
        ((2020, 2021), NOW, False),
        ((2060, 2070), NOW, False),
        ((2020, 2021), 1_580_000_000, True),
        ((2020, 2021), 0, False),
        ((2020, 2021), None, True),  # the clock has never been set
    ],
)
async def test_with_checking_the_certificate_has_to_be_valid(
    years: tuple[int, int], time: int | None, accepted: bool
) -> None:
    data = shipped()
    data["server_ca"] += authority().issued.certificate
    async with server(checks=True, manufacturing=data) as (bench, clients):
        bench.module[RealTimeClock].power_on()
        if time is not None:
            bench.module[RealTimeClock].set(time)
        context = client_context()
        load(context, issued(*years, CLIENT))
        client = await clients.one(context)
        assert await bench.settle() == (b"0,CONNECT\r\n" if accepted else b"")
        assert (reason(client) is None) == accepted


async def test_a_certificate_for_servers_is_none_for_clients() -> None:
    async with server(checks=True) as (bench, clients):
        context = client_context()
        load(context, Issued(shipped()["server_cert"], shipped()["server_key"]))
        await clients.one(context)
        assert await bench.settle() == b""


async def test_the_limit_of_clients_holds() -> None:
    async with tls_host(b"AT+CIPMUX=1", b"AT+CIPSERVERMAXCONN=2") as (bench, _), trio.open_nursery() as nursery:
        assert await bench.command(START) == OK
        clients = Clients(bench, nursery)
        four = [await clients.one() for _ in range(4)]  # all shake hands at the same time
        assert await bench.settle() == b"0,CONNECT\r\n1,CONNECT\r\n"
        await bench.settle()
        assert sum(client.ended for client in four) == 2
        nursery.cancel_scope.cancel()


async def test_links_outlive_their_server_and_those_who_shake_hands_do_not() -> None:
    async with server() as (bench, clients):
        client = await clients.one()
        assert await bench.settle() == b"0,CONNECT\r\n"
        late = clients.stream()
        assert await bench.command(b"AT+CIPSERVER=0") == OK
        assert await late.receive() == b""
        await client.send(b"still here")
        assert await bench.settle() == b"\r\n+IPD,0,10:still here\r\n"


async def test_fifty_clients_that_say_nothing_hold_up_nobody() -> None:
    async with server() as (bench, clients):
        first = await clients.one()
        assert await bench.settle() == b"0,CONNECT\r\n"
        idle = [clients.stream() for _ in range(50)]
        ended = clients.ended(idle)
        assert await bench.settle() == b""
        second = await clients.one()
        assert await bench.settle() == b"1,CONNECT\r\n"
        assert await bench.advance(9.9) == b""
        assert not ended
        assert await bench.advance(0.2) == b""
        assert [await stream.receive() for stream in idle] == [b""] * 50
        for number, client in enumerate((first, second)):
            await client.send(b"alive")
            assert await bench.settle() == b"\r\n+IPD,%d,5:alive\r\n" % number
        for number in (2, 3, 4):
            await clients.one()
            assert await bench.settle() == b"%d,CONNECT\r\n" % number


async def test_more_than_can_shake_hands_at_a_time_are_sent_away() -> None:
    async with server() as (bench, clients):
        idle = [clients.stream() for _ in range(64)]
        await bench.settle()
        assert await clients.stream().receive() == b""
        idle[0].close()
        await bench.settle()
        await clients.one()
        assert await bench.settle() == b"0,CONNECT\r\n"


async def test_those_who_send_a_byte_now_and_then_lock_nobody_out() -> None:
    async with server() as (bench, clients):
        drips = [clients.stream() for _ in range(64)]
        ended = clients.ended(drips)
        for byte in b"\x16\x03\x01":
            for stream in drips:
                await stream.send(bytes((byte,)))
            assert await bench.advance(4) == b""
        assert not ended
        await clients.one()
        assert await bench.settle() == b"0,CONNECT\r\n"
        for _ in range(7):
            for stream in set(drips) - set(ended):
                await stream.send(b"\x03")
            assert await bench.advance(4) == b""
        assert await bench.advance(0.1) == b""
        assert set(ended) == set(drips)


async def test_half_a_hello_holds_up_nobody() -> None:
    async with server() as (bench, clients):
        hello = ssl.MemoryBIO()
        session = client_context().wrap_bio(ssl.MemoryBIO(), hello)
        with pytest.raises(ssl.SSLWantReadError):
            session.do_handshake()
        data = hello.read()
        for length in range(1, len(data), 7):
            stream = clients.stream()
            await stream.send(data[:length])
            if length % 2:
                stream.close()
        assert await bench.settle() == b""
        await clients.one()
        assert await bench.settle() == b"0,CONNECT\r\n"
        assert await bench.advance(11) == b""
        ended = clients.ended([clients.stream() for _ in range(64)])
        assert await bench.settle() == b""
        assert not ended, "all that can shake hands at a time can do so again"


async def test_after_a_restart_nobody_knows_of_those_who_shook_hands() -> None:
    async with server() as (bench, clients):
        stream = clients.stream()
        await bench.settle()
        assert (await bench.command(b"AT+RST")).startswith(OK)
        await bench.settle()
        assert stream.lost


async def test_passthrough_of_a_server() -> None:
    async with tls_host(b"AT+CIPMUX=1", b"AT+CIPSERVERMAXCONN=1") as (bench, _), trio.open_nursery() as nursery:
        assert await bench.command(START) == OK
        client = await Clients(bench, nursery).one()
        assert await bench.settle() == b"0,CONNECT\r\n"
        assert await bench.command(b"AT+CIPMODE=1") == OK
        assert await bench.command(b"AT+CIPSEND") == PROMPT
        assert await bench.send(b"out") + await bench.advance(0.02) == b""
        assert client.taken() == b"out"
        await client.send(b"in")
        assert await bench.settle() == b"in"
        nursery.cancel_scope.cancel()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chunks=st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=4), as_records=st.booleans())
def test_any_bytes_instead_of_tls(chunks: list[bytes], as_records: bool) -> None:
    """From a client, and from a server: no link, nothing printed but ERROR, and the module goes on."""
    if as_records:
        chunks = [b"\x16\x03\x01" + len(chunk).to_bytes(2, "big") + chunk for chunk in chunks]

    async def answer(stream: MemoryStream) -> None:
        try:
            for chunk in chunks:
                await stream.send(chunk)
        except NetworkError:
            pass
        stream.close()

    async def both() -> None:
        async with (
            tls_host(b"AT+CIPMUX=1", behaviour=answer) as (bench, _),
            trio.open_nursery() as nursery,
        ):
            assert await bench.command(START) == OK
            clients = Clients(bench, nursery)
            await answer(clients.stream())
            assert await bench.settle() == b""
            assert await bench.command(b'AT+CIPSTART=0,"SSL","%b",8070' % HOST.encode()) == ERROR
            assert await bench.command(b"AT+CIPSTATE?") == OK
            await clients.one()
            assert await bench.settle() == b"0,CONNECT\r\n"
            nursery.cancel_scope.cancel()

    trio.run(both)
