"""TLS on the links of one boot: what each link number uses as a client, and what the server uses."""

from typing import Final, NamedTuple

import trio

from espat.core.boot import Boot
from espat.core.time.clock import Clock
from espat.core.time.real_time_clock import RealTimeClock
from espat.persist.manufacturing import ManufacturingData
from espat.persist.settings import Settings
from espat.persist.storage import Storage
from espat.stack.link import LINK_COUNT
from espat.stack.stream import Stream
from espat.stack.tls import TlsStream, start_tls
from espat.stack.tls_context import OwnCertificate, PreSharedKey, TlsConfiguration, context_for
from espat.stack.tls_errors import MbedTls, TlsError

NAMESPACE: Final = "NVM_009"
SHOWS_CERTIFICATE, VERIFIES_SERVER = 1, 2
"""Bits of the mode of authentication."""


class TlsChoices(NamedTuple):
    """What a client shows and demands of its server.

    `pki`: number of the set of certificates it shows, None for none. `ca`: number of the authorities its server's
    certificate has to come from, None to take any. `common_name`: whose that has to be then. `server_name`: of SNI.
    `alpn`: protocols to offer. `key`: of both sides, used where nothing is verified. `suites`: by number, all when none
    is named. `kind`: of the sets of certificates; the first of any but `client` has no number in its name.
    """

    pki: int | None = None
    ca: int | None = None
    common_name: bytes = b""
    server_name: bytes = b""
    alpn: tuple[bytes, ...] = ()
    key: PreSharedKey | None = None
    suites: tuple[int, ...] = ()
    kind: str = "client"


class TlsOptions:
    """What a client with a certain link number uses (ESP-AT User Guide, AT+CIPSSLCCONF and those behind it).

    `mode`: bits SHOWS_CERTIFICATE and VERIFIES_SERVER. `pki`, `ca`: numbers of the sets of certificates. Those three
    are stored; the names of their keys are those a module of version 2.0 has logged. `common_name`: whose certificate
    the server has to show. `server_name`: of SNI. `alpn`: protocols. `key`: None for none. `suites`: by number.
    """

    def __init__(self, settings: Settings, number: int) -> None:
        self._settings = settings
        self._number = number
        self.mode, self.pki, self.ca = self._stored("auth"), self._stored("pkiid"), self._stored("caid")
        self.common_name = b""
        self.server_name = b""
        self.alpn: tuple[bytes, ...] = ()
        self.key: PreSharedKey | None = None
        self.suites: tuple[int, ...] = ()

    @property
    def choices(self) -> TlsChoices:
        """Those that a connection keeps from its opening."""
        return TlsChoices(
            self.pki if self.mode & SHOWS_CERTIFICATE else None,
            self.ca if self.mode & VERIFIES_SERVER else None,
            self.common_name,
            self.server_name,
            self.alpn,
            self.key,
            self.suites,
        )

    def authenticate(self, mode: int, pki: int, ca: int) -> None:
        """Choose a mode and certificates, stored as far as AT+SYSSTORE allows."""
        self.mode, self.pki, self.ca = mode, pki, ca
        if self._settings.stores:
            for key, value in (("auth", mode), ("pkiid", pki), ("caid", ca)):
                self._settings.store.write(NAMESPACE, f"{key}{self._number}", value)

    def _stored(self, key: str) -> int:
        value = self._settings.store.read(NAMESPACE, f"{key}{self._number}")
        return value if isinstance(value, int) else 0


class LinkTls:
    """Has the links speak TLS. `options`: by link number."""

    def __init__(self, boot: Boot) -> None:
        settings = boot[Settings]
        self.options = [TlsOptions(settings, number) for number in range(LINK_COUNT)]
        self._manufacturing: ManufacturingData = boot[Storage].manufacturing
        self._clock = boot[Clock]
        self._rtc = boot[RealTimeClock]  # by which the module judges certificates

    def find(self, kind: str, number: int | None = None) -> bytes | None:
        """A certificate or key of the manufacturing data, such as `client_cert`; None where there is none."""
        value = self._manufacturing.read(kind, kind if number is None else f"{kind}.{number}")
        if isinstance(value, str):
            value = value.encode("latin-1", "replace")
        return value if isinstance(value, bytes) and value else None

    async def connect(self, choices: TlsChoices, stream: Stream) -> TlsStream:
        """Shake hands as a client. Raises NetworkError; the stream is closed then."""
        try:
            configuration = self._client(choices)
        except TlsError:
            stream.close()
            raise
        try:
            return await start_tls(
                stream,
                configuration,
                self._clock,
                now=int(self._rtc.time()),
                server_name=choices.server_name,
                common_name=choices.common_name,
            )
        except trio.Cancelled:  # there is no more time for it
            stream.close()
            raise

    def server(self, *, checks_clients: bool) -> TlsConfiguration:
        """What the server uses. `checks_clients`: whether clients have to show a certificate.

        Raises TlsError when its certificates are missing or will not do.
        """
        configuration = TlsConfiguration(
            is_server=True,
            own=self._own("server", None),
            trusted=self._trusted("server", None) if checks_clients else None,
        )
        context_for(configuration)
        return configuration

    async def accept(self, stream: Stream, configuration: TlsConfiguration) -> TlsStream:
        """Shake hands as the server. Raises NetworkError; the stream is closed then, but not when it is cancelled.

        As long as nobody has set the clock, the validity of clients' certificates is not judged: in the documented
        session of a server that verifies its clients nobody sets it (ESP-AT User Guide, 4.2.8). A client judges its
        server's all the same, as the guide says at AT+CIPSSLCCONF.
        """
        now = int(self._rtc.time()) if self._rtc.was_set else None
        return await start_tls(stream, configuration, self._clock, now=now)

    def _client(self, choices: TlsChoices) -> TlsConfiguration:
        """esp-tls uses a pre-shared key only where there is no authority to verify the server with."""
        numbered = choices.kind == "client"
        pki, ca = (number if numbered else number or None for number in (choices.pki, choices.ca))
        return TlsConfiguration(
            own=self._own(choices.kind, pki) if choices.pki is not None else None,
            trusted=self._trusted(choices.kind, ca) if choices.ca is not None else None,
            key=choices.key if choices.ca is None else None,
            suites=choices.suites,
            alpn=choices.alpn,
        )

    def _own(self, kind: str, number: int | None) -> OwnCertificate:
        certificate, key = self.find(f"{kind}_cert", number), self.find(f"{kind}_key", number)
        if certificate is None:
            raise TlsError(MbedTls.X509_BAD_INPUT)
        if key is None:
            raise TlsError(MbedTls.PK_KEY_INVALID_FORMAT)
        return OwnCertificate(certificate, key)

    def _trusted(self, kind: str, number: int | None) -> bytes:
        authorities = self.find(f"{kind}_ca", number)
        if authorities is None:
            raise TlsError(MbedTls.X509_BAD_INPUT)
        return authorities
