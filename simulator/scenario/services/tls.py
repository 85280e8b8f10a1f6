"""Services over TLS, with TLS 1.2 as the modules have it; and TLS of hosts that connect."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

from espat.core.input_file import read_file
from espat.core.suggestions import shortened
from espat.core.time.clock import Clock
from espat.persist.manufacturing import shipped_value
from espat.persist.pki import KEY_SETS
from espat.scenario.schema.kinds import Reader, WrongValueError
from espat.scenario.services.peer import TcpPeer
from espat.scenario.services.service import ServingHost, TcpService
from espat.scenario.services.streams import TcpEcho
from espat.stack.errors import NetworkError
from espat.stack.stream import Stream
from espat.stack.tls import TlsStream, start_tls
from espat.stack.tls_context import OwnCertificate, TlsConfiguration, context_for
from espat.stack.tls_errors import TlsError

SERVER_CERTIFICATE: Final = "server_cert"
"""What a server shows unless it is told otherwise."""
CERTIFICATES: Final = "a set that ships ({sets}) or a PEM file"
"""What would be right; `sets`: their names."""
SIZE_LIMIT: Final = 2**16
"""Bytes of a file."""


def read_certificate(value: object) -> OwnCertificate:
    """A certificate with its key: the name of a set that ships, or a file. Where the name of the file has `_cert` in
    it, the key is in the one with `_key`, else in the same. Raises WrongValueError."""
    assert isinstance(value, str)
    path = Path(value)
    key = str(path.with_name(path.name.replace("_cert", "_key")))
    own = OwnCertificate(_read(value, "cert"), _read(key, "key"))
    _check(TlsConfiguration(is_server=True, own=own), "cert", value)
    return own


def read_authority(value: object) -> bytes:
    """The certificate of an authority: the name of one that ships, or a file. Raises WrongValueError."""
    assert isinstance(value, str)
    authority = _read(value, "ca")
    _check(TlsConfiguration(trusted=authority), "ca", value)
    return authority


def located(name: str, folder: Path) -> str:
    """A set that ships as it is called; a file where it is from `folder`."""
    return name if shipped(name) is not None else str(folder / name)


def shipped(name: str) -> bytes | None:
    """The certificate, authority or key of that name that comes with the modules, in PEM; None where there is none."""
    return shipped_value(name.partition(".")[0], name)


def _read(name: str, what: str) -> bytes:
    found = shipped(name)
    if found is not None:
        return found
    try:
        return read_file(Path(name), SIZE_LIMIT)
    except FileNotFoundError:
        raise _wrong(what, f"{shortened(str(Path(name).absolute()))}, which does not exist") from None
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
        raise _wrong(what, f"{shortened(str(Path(name).absolute()))} ({problem})") from None


def _check(configuration: TlsConfiguration, what: str, name: str) -> None:
    try:
        context_for(configuration)
    except TlsError:
        raise _wrong(what, f"{shortened(name)}, which is none") from None


def _wrong(what: str, found: str) -> WrongValueError:
    """`what`: `cert`, `key` or `ca`."""
    sets = ", ".join(key_set.key(what) for key_set in KEY_SETS)
    return WrongValueError(CERTIFICATES.format(sets=sets), found)


class Tls(TcpService):
    """What stands before a service to have it over TLS: `class TlsEcho(Tls, TcpEcho)`.

    `cert=` is what it shows, `ca=` whose certificate it demands of its clients, be they valid at the time or not. A
    client that comes to no terms is let go.
    """

    usual_port: ClassVar[int | None] = None
    options: ClassVar[Mapping[str, Reader]] = {"cert": read_certificate, "ca": read_authority}
    files = frozenset(options)

    def __init__(
        self, host: ServingHost, port: int, cert: OwnCertificate | None = None, ca: bytes | None = None
    ) -> None:
        super().__init__(host, port)
        self._configuration = TlsConfiguration(
            is_server=True, own=cert or read_certificate(SERVER_CERTIFICATE), trusted=ca
        )

    @property
    def demands(self) -> bool:
        """Whether it takes nobody without a certificate."""
        return self._configuration.trusted is not None

    async def serve(self, stream: Stream) -> None:
        try:
            secure = await secured(stream, self._configuration, self.host.clock)
        except NetworkError:
            return
        await super().serve(secure)  # type: ignore[safe-super]  # of the service behind this one


class TlsEcho(Tls, TcpEcho):
    """Sends back what comes over TLS."""


class TlsPeer(Tls, TcpPeer):
    """Accepts over TLS, and leaves the rest to the scenario."""


async def secured(stream: Stream, configuration: TlsConfiguration, clock: Clock) -> TlsStream:
    """Shake hands over a stream, which is closed if that fails. Raises NetworkError."""
    return await start_tls(stream, configuration, clock, now=None)
