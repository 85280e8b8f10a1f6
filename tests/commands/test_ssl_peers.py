"""What the module prints about every kind of peer in every mode: the tables of docs/tls.md, cell by cell."""

import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import trio

from espat.core.time.real_time_clock import RealTimeClock
from espat.persist.pki import Subject
from espat.stack.errors import NetworkError
from espat.stack.memory_stream import MemoryStream
from tests.certificates import Manufactured, authority, issued, psk_context, server_context, shipped, trusting
from tests.hosts import HOST, Behaviour, manufacture, start, tls_host
from tests.texts import ERROR, OK, OPENED
from tests.workbench import Workbench

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "tls.md"
SILENCE: Final = 10
"""Seconds after which a handshake is given up."""


class Peer(NamedTuple):
    """A peer, and what else has to be so."""

    context: Callable[[], ssl.SSLContext] = server_context
    behaviour: Behaviour | None = None
    manufacturing: Callable[[], Manufactured] = trusting
    commands: tuple[bytes, ...] = ()
    knows_time: bool = True
    waits: bool = False


def only(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = server_context(ciphers="ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    context.minimum_version = context.maximum_version = version
    return context


async def answer_in_http(stream: MemoryStream) -> None:
    await stream.receive()
    await stream.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    stream.close()


async def send_back(stream: MemoryStream) -> None:
    with suppress(NetworkError):
        while data := await stream.receive():
            await stream.send(data)


async def close_at_once(stream: MemoryStream) -> None:
    stream.close()


async def say_nothing(stream: MemoryStream) -> None:
    await stream.receive()


def half(then: Callable[[MemoryStream], Awaitable[None]]) -> Behaviour:
    """A peer that sends the first half of what a good one would answer, and then does something else."""

    async def answer(stream: MemoryStream) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = server_context().wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(await stream.receive())
        with pytest.raises(ssl.SSLWantReadError):
            session.do_handshake()
        await stream.send(outgoing.read()[:1000])
        await then(stream)

    return answer


FOR_CLIENTS: Final = Subject("server.test")
KEY: Final = b'AT+CIPSSLCPSK="secret","me"'
PEERS: Final = {
    "is as it should be": Peer(),
    "has a certificate of an unknown CA": Peer(lambda: server_context(issued()), manufacturing=shipped),
    "has a certificate that it has signed itself": Peer(
        lambda: server_context(authority("nobody").issued), manufacturing=shipped
    ),
    "has an expired certificate": Peer(lambda: server_context(issued(2020, 2021))),
    "has a certificate that is not valid yet": Peer(lambda: server_context(issued(2060, 2070))),
    "is as it should be, but the module's clock is not set": Peer(knows_time=False),
    "has a certificate for another name than that of AT+CIPSSLCCN": Peer(
        commands=(b'AT+CIPSSLCCN="other.test"', b'AT+CIPSSLCSNI="server.test"')
    ),
    "has an expired certificate of an unknown CA": Peer(
        lambda: server_context(issued(2020, 2021)), manufacturing=shipped
    ),
    "has an expired certificate of an unknown CA for another name and for clients only": Peer(
        lambda: server_context(issued(2020, 2021, FOR_CLIENTS)),
        manufacturing=shipped,
        commands=(b'AT+CIPSSLCCN="other.test"',),
    ),
    "has a certificate of an unknown CA, and the module's clock is not set": Peer(
        lambda: server_context(issued()), manufacturing=shipped, knows_time=False
    ),
    "has a certificate that is for clients only": Peer(lambda: server_context(issued(subject=FOR_CLIENTS))),
    "has no cipher suite in common with the module": Peer(lambda: server_context(ciphers="DHE-RSA-AES128-GCM-SHA256")),
    "wants to see a certificate of the module's": Peer(lambda: server_context(clients=shipped()["server_ca"])),
    "wants to see a certificate of another CA": Peer(lambda: server_context(clients=shipped()["client_ca.1"])),
    "knows TLS 1.3 only": Peer(lambda: only(ssl.TLSVersion.TLSv1_3)),
    "knows TLS 1.1 only": Peer(lambda: only(ssl.TLSVersion.TLSv1_1)),
    "answers in HTTP": Peer(behaviour=answer_in_http),
    "sends back what it gets": Peer(behaviour=send_back),
    "closes the connection at once": Peer(behaviour=close_at_once),
    "closes it in the middle of the handshake": Peer(behaviour=half(close_at_once)),
    "says nothing for 10 seconds": Peer(behaviour=say_nothing, waits=True),
    "stops in the middle of the handshake for 10 seconds": Peer(behaviour=half(say_nothing), waits=True),
    "has the key of AT+CIPSSLCPSK": Peer(lambda: psk_context({b"me": b"secret"}), commands=(KEY,)),
    "has another key of that name": Peer(lambda: psk_context({b"me": b"Secret"}), commands=(KEY,)),
    "has no key of that name": Peer(lambda: psk_context({b"you": b"secret"}), commands=(KEY,)),
    "has a certificate, but AT+CIPSSLCPSK is set": Peer(commands=(KEY,)),
}


def table(*heads: str) -> dict[str, list[str]]:
    """The table of the document whose first row begins so: first cell to the others."""
    rows: dict[str, list[str]] = {}
    inside = False
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        begins = cells[: len(heads)] == list(heads)
        inside = line.startswith("|") and (inside or begins)
        if inside and not begins and not cells[0].startswith("---"):
            rows[cells[0]] = cells[1:]
    return rows


TABLE: Final = table("the peer", "0: nothing")
EARLY: Final = table("the peer", "it prints")


def printed(cell: str) -> bytes:
    """What a cell says in bytes."""
    return OPENED if cell == "CONNECT" else b"+ERRNO:%b\r\n" % cell.encode() + ERROR


def test_the_document_and_the_peers_are_about_the_same() -> None:
    assert list(TABLE) == list(PEERS)
    assert list(EARLY) == list(NOBODY)
    assert {len(cells) for cells in TABLE.values()} == {4}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("mode", range(4))
@pytest.mark.parametrize("name", PEERS)
async def test_the_module_prints_what_the_document_says(name: str, mode: int) -> None:
    peer = PEERS[name]
    commands = (b"AT+SYSLOG=1", b"AT+CIPSSLCCONF=%d,0,0" % mode, *peer.commands)
    context = None if peer.behaviour else peer.context()
    async with tls_host(*commands, context=context, behaviour=peer.behaviour, manufacturing=peer.manufacturing()) as (
        bench,
        _,
    ):
        if not peer.knows_time:
            bench.module[RealTimeClock].power_on()
        found = await bench.command(start())
        if peer.waits:
            assert found == b""
            assert await bench.advance(SILENCE - 0.1) == b""
            found = await bench.advance(0.2)
        assert found == printed(TABLE[name][mode])
        if found != OPENED:
            await usable_again(bench)


NOBODY: Final = {
    "has a name without an address": b'"nobody.test",8070',
    "refuses the connection": b'"192.168.3.112",8070',
    "is nobody": b'"192.168.3.77",8070',
    "has not finished within the time-out of AT+CIPSTART": b'"192.168.3.50",8070,,,500',
}


@pytest.mark.parametrize("mode", range(4))
@pytest.mark.parametrize("name", EARLY)
async def test_where_there_is_no_connection(name: str, mode: int) -> None:
    (cell,) = EARLY[name]
    commands = (b"AT+SYSLOG=1", b"AT+CIPSSLCCONF=%d" % mode)
    async with tls_host(*commands, behaviour=say_nothing, offline=True) as (bench, _):
        found = await bench.command(b'AT+CIPSTART="SSL",' + NOBODY[name])
        assert found + await bench.advance(1) == printed(cell)
        await usable_again(bench)


async def usable_again(bench: Workbench) -> None:
    """A failed link has left nothing behind: the next one is opened with its number."""
    assert await bench.command(b"AT+CIPSTATE?") == OK
    assert await bench.command(b'AT+CIPSTART="UDP","192.168.3.50",9') == OPENED


ENCRYPTED: Final = issued().key.replace(
    b"KEY-----\n", b"KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,%b\n\n" % (32 * b"0"), 1
)
OWN: Final = {
    "the certificate or the CA is missing at AT+CIPSTART": ({"client_cert.0": None}, {"client_ca.0": None}),
    "the certificate or the CA is no certificate": (
        {"client_cert.0": b"garbage"},
        {"client_cert.0": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
        {"client_cert.0": b"\x30\x82\xff\x00" * 100},
        {"client_ca.0": b"garbage"},
        {"client_ca.0": b"\x80\x00"},
    ),
    "the key is missing at AT+CIPSTART, or no key": (
        {"client_key.0": None},
        {"client_key.0": b"garbage"},
        {"client_key.0": b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"},
        {"client_key.0": ENCRYPTED},
    ),
    "the key is not that of the certificate": ({"client_key.0": shipped()["client_key.1"]},),
}


@pytest.mark.parametrize(("name", "change"), [(name, change) for name, changes in OWN.items() for change in changes])
async def test_what_is_wrong_with_its_own(name: str, change: dict[str, bytes | None]) -> None:
    (cell,) = table("what is wrong with the module's own")[name]
    async with tls_host(b"AT+SYSLOG=1", b"AT+CIPSSLCCONF=3", context=server_context()) as (bench, _):
        await manufacture(bench, changed(change))
        assert await bench.command(start()) == printed(cell)
        await usable_again(bench)


MISSING: Final = {
    "client_cert": "`client_cert.N` is missing at AT+CIPSSLCCONF",
    "client_key": "`client_key.N` is missing at AT+CIPSSLCCONF",
    "client_ca": "`client_ca.N` is missing at AT+CIPSSLCCONF",
}


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("kind", MISSING)
async def test_what_is_missing_is_told(kind: str, number: int) -> None:
    (cell,) = table("what is wrong with the module's own")[MISSING[kind]]
    text = cell.partition("`")[2].partition("`")[0].encode()
    async with tls_host(manufacturing=changed({f"{kind}.{number}": None})) as (bench, _):
        line = b"AT+CIPSSLCCONF=3,%d,%d" % (number, number)
        assert await bench.command(line) == text + b"\r\n" + ERROR
        assert await bench.command(b"AT+CIPSSLCCONF?") == b"+CIPSSLCCONF:0,0,0,0\r\n" + OK
        unneeded = b"AT+CIPSSLCCONF=%d,%d,%d" % (1 if kind == "client_ca" else 2, number, number)
        assert await bench.command(unneeded) == OK


@pytest.mark.parametrize(
    "change",
    [
        {"server_cert": None},
        {"server_key": None},
        {"server_ca": None},
        {"server_cert": b"garbage"},
        {"server_key": b"garbage"},
        {"server_ca": b"garbage"},
        {"server_key": shipped()["client_key.0"]},
    ],
)
async def test_a_server_needs_what_it_shows_and_trusts(change: dict[str, bytes | None]) -> None:
    async with tls_host(b"AT+CIPMUX=1", b"AT+SYSLOG=1", manufacturing=changed(change)) as (bench, _):
        assert await bench.command(b'AT+CIPSERVER=1,8070,"SSL",1') == b"+ERRNO:0x4001\r\n" + ERROR
        assert await bench.command(b"AT+CIPSERVER?") == b"+CIPSERVER:0\r\n" + OK
        assert await bench.command(b"AT+CIPSERVER=1,8070") == OK


async def test_a_server_that_checks_no_clients_needs_no_authority() -> None:
    async with tls_host(b"AT+CIPMUX=1", manufacturing=changed({"server_ca": None})) as (bench, _):
        assert await bench.command(b'AT+CIPSERVER=1,8070,"SSL",0') == OK


def changed(change: dict[str, bytes | None]) -> Manufactured:
    """The shipped data with some of it replaced or, None, taken away."""
    data = shipped()
    for key, value in change.items():
        del data[key]
        if value is not None:
            data[key] = value
    return data


DRIPS: Final = trio.lowlevel.ParkingLot()


async def drip(stream: MemoryStream) -> None:
    """Send one record, a byte every four seconds: it would take eighteen hours."""
    await stream.receive()
    with suppress(NetworkError):
        for byte in b"\x16\x03\x03\x40\x00" + bytes(0x4000):
            await stream.send(bytes((byte,)))
            await DRIPS.park()


async def test_a_server_that_drips_is_given_up() -> None:
    async with tls_host(behaviour=drip) as (bench, _):
        found = await bench.command(b'AT+CIPSTART="SSL","%b",443' % HOST.encode())
        for _ in range(9):
            assert found == b""
            DRIPS.unpark_all()
            found = await bench.advance(4)
        found += await bench.advance(4.1)
        assert found.endswith(ERROR)
        await usable_again(bench)
