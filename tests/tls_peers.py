"""Hosts in memory that speak TLS with a module, well or badly."""

import ctypes
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from espat.core.time.real_time_clock import RealTimeClock
from espat.persist.manufacturing import SHIPPED
from espat.persist.pki import Authority, Issued, Subject
from espat.stack.address import Address
from espat.stack.endpoint import Endpoint
from espat.stack.errors import NetworkError
from espat.stack.links import LinkTable
from espat.stack.memory_stream import MemoryStream, memory_stream_pair
from espat.stack.openssl import _library, _pointer
from espat.stack.tls_options import Tls
from tests.memory_host import HOST
from tests.network import around, station
from tests.workbench import Workbench

PORT: Final = 8070
NOW: Final = 1_700_000_000
"""A time, in seconds since 1970, at which the shipped certificates are valid."""
SERVER: Final = Subject("server.test", is_server=True)


class Manufactured(dict[str, bytes]):
    """Manufacturing data by key."""

    def read(self, namespace: str, key: str) -> bytes | None:
        """A value, or None."""
        return self.get(key)


def shipped() -> Manufactured:
    """The shipped data, to change some of it."""
    return Manufactured({path.stem: path.read_bytes() for path in SHIPPED.glob("*.pem")})


@cache
def authority(name: str = "an authority of the tests") -> Authority:
    """An authority of the tests' own, valid as long as the shipped ones."""
    return Authority(name)


@cache
def issued(first: int = 2020, last: int = 2070, subject: Subject = SERVER) -> Issued:
    """A certificate of that authority's, valid for those years."""
    validity = {"valid_from": datetime(first, 1, 1, tzinfo=UTC), "valid_until": datetime(last, 1, 1, tzinfo=UTC)}
    return authority().issue(subject, **validity)


@cache
def chain() -> tuple[Issued, bytes]:
    """A server's certificate with the one of its issuer behind it, and that one alone: an authority in the middle,
    which the tests' own authority has issued."""
    root = load_pem_private_key(authority().issued.key, None)
    middle = Authority("in the middle")
    own = x509.load_pem_x509_certificate(middle.issued.certificate)
    assert isinstance(root, rsa.RSAPrivateKey)
    builder = (
        x509.CertificateBuilder()
        .subject_name(own.subject)
        .issuer_name(x509.load_pem_x509_certificate(authority().issued.certificate).subject)
        .public_key(own.public_key())
        .serial_number(own.serial_number)
        .not_valid_before(own.not_valid_before_utc)
        .not_valid_after(own.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    issuer = builder.sign(root, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    leaf = middle.issue(SERVER)
    return Issued(leaf.certificate + issuer, leaf.key), issuer


def trusting() -> Manufactured:
    """The shipped data, but that client set 0 trusts the tests' own authority too."""
    data = shipped()
    data["client_ca.0"] += authority().issued.certificate
    return data


def server_context(
    own: Issued | None = None, *, clients: bytes | None = None, ciphers: str = "", alpn: tuple[str, ...] = ()
) -> ssl.SSLContext:
    """What a server uses; the shipped certificate of a server unless another is given.

    `clients`: the authority that clients' certificates have to come from.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load(context, own or Issued(shipped()["server_cert"], shipped()["server_key"]))
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients.decode())
    if ciphers:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def client_context(own: str = "", *, trusted: str = "client_ca.0", ciphers: str = "") -> ssl.SSLContext:
    """What a client uses. `own`: the number of the shipped set it shows, none when empty."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=shipped()[trusted].decode())
    if own:
        load(context, Issued(shipped()[f"client_cert.{own}"], shipped()[f"client_key.{own}"]))
    if ciphers:
        context.set_ciphers(ciphers)
    return context


def load(context: ssl.SSLContext, own: Issued) -> None:
    """Let a context show a certificate."""
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = Path(folder, "certificate"), Path(folder, "key")
        certificate.write_bytes(own.certificate)
        key.write_bytes(own.key)
        context.load_cert_chain(certificate, key)


_SERVER_CALLBACK: Final = ctypes.CFUNCTYPE(
    ctypes.c_uint, ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_char), ctypes.c_uint
)
_kept: list[Any] = []


def psk_context(keys: Mapping[bytes, bytes]) -> ssl.SSLContext:
    """A server that knows clients by pre-shared keys: identity to key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("PSK")

    def find(connection: Any, identity: bytes, place: Any, room: int) -> int:
        key = keys.get(identity, b"")
        ctypes.memmove(place, key, len(key))
        return len(key)

    callback = _SERVER_CALLBACK(find)
    _kept.append(callback)
    library = _library()
    library.SSL_CTX_set_psk_server_callback.argtypes = [ctypes.c_void_p, _SERVER_CALLBACK]
    library.SSL_CTX_set_psk_server_callback(_pointer(context), callback)
    return context


class Secured:
    """One connection of a host's, with TLS. `received`: what it has read. `failure`: of TLS, once it has failed.

    Like OpenSSL's own programs, and unlike trio's stream, it sends the alert that a failure has for the peer.
    """

    def __init__(self, stream: MemoryStream, context: ssl.SSLContext, *, server_side: bool = True) -> None:
        self.received = b""
        self.established = False
        self.ended = False
        self.failure: ssl.SSLError | None = None
        self._stream = stream
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = context.wrap_bio(self._incoming, self._outgoing, server_side)

    async def run(self) -> None:
        """Shake hands, and read until it ends."""
        try:
            await self._repeat(self.session.do_handshake)
            self.established = True
            while data := await self._repeat(self.session.read):
                self.received += data
        except ssl.SSLError as error:
            self.failure = error
        except NetworkError:
            pass
        self.ended = True
        self.close()

    async def send(self, data: bytes) -> None:
        """Send, as fast as the module takes it."""
        for at in range(0, len(data), 4096):
            self.session.write(data[at : at + 4096])
            await self._stream.send(self._outgoing.read())

    def taken(self) -> bytes:
        """What it has read since the last look."""
        data, self.received = self.received, b""
        return data

    def close(self) -> None:
        """Close it, without a word of TLS."""
        self._stream.close()

    async def _repeat(self, operation: Callable[[], Any]) -> Any:
        while True:
            result, wants_more, failure = None, False, None
            try:
                result = operation()
            except ssl.SSLWantReadError:
                wants_more = True
            except ssl.SSLError as error:
                failure = error
            if self._outgoing.pending:
                await self._stream.send(self._outgoing.read())
            if failure is not None:
                raise failure
            if not wants_more:
                return result
            data = await self._stream.receive()
            if data:
                self._incoming.write(data)
            else:
                self._incoming.write_eof()


Behaviour = Callable[[MemoryStream], Any]
"""What a peer does with a connection instead of speaking TLS: an async function."""


class TlsHost:
    """The host: it speaks TLS by its context, or does something else. `connections`: the latest last."""

    def __init__(self, nursery: trio.Nursery, context: ssl.SSLContext | None, behaviour: Behaviour | None) -> None:
        self.connections: list[Secured] = []
        self.context = context
        self._behaviour = behaviour
        self._nursery = nursery

    @property
    def connection(self) -> Secured:
        """The latest one."""
        return self.connections[-1]

    def connect(self, port: int, client: Endpoint) -> MemoryStream:
        """Somebody connects."""
        far, near = memory_stream_pair(client, Endpoint(Address(HOST), port))
        if self.context is not None:
            self.connections.append(Secured(near, self.context))
            self._nursery.start_soon(self.connections[-1].run)
        elif self._behaviour is not None:
            self._nursery.start_soon(self._behaviour, near)
        return far

    def datagram(self, data: bytes, sender: Endpoint, destination: Endpoint) -> None:
        """A datagram arrives, which nobody wants."""


@asynccontextmanager
async def tls_host(
    *commands: bytes,
    context: ssl.SSLContext | None = None,
    behaviour: Behaviour | None = None,
    manufacturing: Manufactured | None = None,
    capacity: int | None = None,
    offline: bool = False,
    dialect: str = "esp32-v5",
) -> AsyncIterator[tuple[Workbench, TlsHost]]:
    """A module that has joined and knows the time, with its echo off and after these commands, and the host."""
    async with (
        station(around(offline=offline), capacity=capacity, dialect=dialect) as bench,
        trio.open_nursery() as nursery,
    ):
        if manufacturing is not None:
            bench.module[Tls]._manufacturing = manufacturing
        bench.module[RealTimeClock].set(NOW)
        for line in commands:
            assert (await bench.command(line)) == b"\r\nOK\r\n", line
        it = TlsHost(nursery, context, behaviour)
        (lan,) = bench.simulation.lans.values()
        lan.nodes[Address(HOST)] = it
        yield bench, it
        nursery.cancel_scope.cancel()


def start(multiple: bool = False) -> bytes:
    """The command that connects to the host."""
    return b'AT+CIPSTART=%b"SSL","%b",%d' % (b"0," * multiple, HOST.encode(), PORT)


@asynccontextmanager
async def secured(
    *commands: bytes, context: ssl.SSLContext | None = None, capacity: int | None = None
) -> AsyncIterator[tuple[Workbench, TlsHost]]:
    """As `tls_host`, with an SSL link to it, number 0."""
    async with tls_host(*commands, context=context or server_context(), capacity=capacity) as (bench, it):
        multiple = bench.module[LinkTable].multiple
        assert await bench.command(start(multiple)) == b"0," * multiple + b"CONNECT\r\n\r\nOK\r\n"
        yield bench, it
