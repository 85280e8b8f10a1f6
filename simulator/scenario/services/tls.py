"""An echo over TLS, with TLS 1.2 as the modules have it."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

import trio

from simulator.persist.manufacturing import ShippedManufacturingData
from simulator.scenario.services.service import ServingHost, TcpService
from simulator.scenario.world_values import Reader, WrongValueError
from simulator.stack.errors import LWIP_RESET, NetworkError
from simulator.stack.memory_stream import WINDOW, MemoryStream
from simulator.stack.tcp_options import ConnectionOptions
from simulator.stack.tls import start_tls
from simulator.stack.tls_context import OwnCertificate, TlsConfiguration, context_for
from simulator.stack.tls_errors import TlsError

SERVER_CERTIFICATE: Final = "server_cert"
RIGHT: Final = "a set that ships, like server_cert, or a PEM file"
SIZE_LIMIT: Final = 2**16
"""Bytes of a file."""


def read_certificate(value: object) -> OwnCertificate:
    """A certificate with its key: the name of a set that ships, or a file. Where the name of the file has `_cert` in
    it, the key is in the one with `_key`, else in the same."""
    assert isinstance(value, str)
    path = Path(value)
    own = OwnCertificate(_read(value), _read(str(path.with_name(path.name.replace("_cert", "_key")))))
    _check(TlsConfiguration(is_server=True, own=own))
    return own


def read_authority(value: object) -> bytes:
    """The certificate of an authority: the name of one that ships, or a file."""
    assert isinstance(value, str)
    authority = _read(value)
    _check(TlsConfiguration(trusted=authority))
    return authority


def located(name: str, folder: Path) -> str:
    """A set that ships as it is called; a file where it is from `folder`."""
    return name if _shipped(name) is not None else str(folder / name)


def _shipped(name: str) -> bytes | None:
    return ShippedManufacturingData().read(name.partition(".")[0], name)


def _read(name: str) -> bytes:
    shipped = _shipped(name)
    if shipped is not None:
        return shipped
    try:
        with Path(name).open("rb") as file:
            return file.read(SIZE_LIMIT)
    except (OSError, ValueError):
        raise WrongValueError(RIGHT) from None


def _check(configuration: TlsConfiguration) -> None:
    try:
        context_for(configuration)
    except TlsError:
        raise WrongValueError(RIGHT) from None


class TlsEcho(TcpService):
    """Sends back what comes over TLS. `cert=` is what it shows, `ca=` whose certificate it demands of its clients, be
    they valid at the time or not."""

    options: ClassVar[Mapping[str, Reader]] = {"cert": read_certificate, "ca": read_authority}
    files = frozenset(options)

    def __init__(
        self, host: ServingHost, port: int, cert: OwnCertificate | None = None, ca: bytes | None = None
    ) -> None:
        super().__init__(host, port)
        self._configuration = TlsConfiguration(
            is_server=True, own=cert or read_certificate(SERVER_CERTIFICATE), trusted=ca
        )

    async def serve(self, stream: MemoryStream) -> None:
        try:
            connection = await start_tls(StreamConnection(stream), self._configuration, self.host.clock, now=None)
            while data := await connection.receive(WINDOW):
                await connection.send(data)
        except NetworkError:
            pass  # a client that comes to no terms, or is gone


class StreamConnection:
    """A stream in memory as a connection."""

    def __init__(self, stream: MemoryStream) -> None:
        self._stream = stream

    @property
    def sent(self) -> int:
        return self._stream.sent

    async def send(self, data: bytes) -> None:
        try:
            await self._stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise NetworkError(LWIP_RESET) from error

    async def receive(self, most: int) -> bytes:
        return await self._stream.receive_some(most)

    def set_options(self, options: ConnectionOptions) -> None:
        """It has none."""

    def finish(self) -> None:
        self._stream.end()

    @property
    def acknowledged(self) -> bool:
        return True

    def close(self) -> None:
        self._stream.close()

    def reset(self) -> None:
        self._stream.reset()

    def vanish(self) -> None:
        self._stream.vanish()
