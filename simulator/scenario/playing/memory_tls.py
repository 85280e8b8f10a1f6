"""TLS of peers in memory: the modules' own, over the connection in memory."""

import trio

from simulator.persist.manufacturing import ShippedManufacturingData
from simulator.scenario.playing.peers import RECEIVE_SIZE, PeerError
from simulator.scenario.playing.tls_peers import Credentials
from simulator.stack.errors import NetworkError
from simulator.stack.tls import TlsConnection
from simulator.stack.tls_context import OwnCertificate, TlsConfiguration

SERVER_CERTIFICATE = "server_cert"
"""What a peer shows that serves TLS, unless it has another one."""


def server_configuration(credentials: Credentials, demands: bool) -> TlsConfiguration:
    """Of a server; `demands`: it takes nobody without a certificate. Raises PeerError."""
    trusted = _read(credentials.trusted) if credentials.trusted is not None and demands else None
    return TlsConfiguration(is_server=True, own=_own(credentials.shown or SERVER_CERTIFICATE), trusted=trusted)


def client_configuration(credentials: Credentials) -> TlsConfiguration:
    """Of a client. Raises PeerError."""
    own = _own(credentials.shown) if credentials.shown is not None else None
    return TlsConfiguration(own=own, trusted=_read(credentials.trusted) if credentials.trusted is not None else None)


def _own(key: str) -> OwnCertificate:
    return OwnCertificate(_read(key), _read(key.replace("_cert", "_key")))


def _read(key: str) -> bytes:
    content = ShippedManufacturingData().read(key.partition(".")[0], key)
    if content is None:
        raise PeerError(f"found the certificate {key!r}; one that ships, like server_cert, would be right")
    return content


class SecureStream(trio.abc.Stream):
    """A TLS connection as a stream."""

    def __init__(self, connection: TlsConnection) -> None:
        self._connection = connection

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        try:
            await self._connection.send(bytes(data))
        except NetworkError as error:
            raise trio.BrokenResourceError from error

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        try:
            return await self._connection.receive(max_bytes or RECEIVE_SIZE)
        except NetworkError as error:
            raise trio.BrokenResourceError from error

    async def aclose(self) -> None:
        self._connection.close()
        await trio.lowlevel.checkpoint()
