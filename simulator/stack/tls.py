"""TLS over any other stream: real or in memory, it does not know which.

OpenSSL works on two buffers in memory; what it wants to send goes to the stream below, what comes from there is
fed to it. So both networks carry the real bytes of TLS, at the pace of the module's clock.
"""

import ssl
import threading
from typing import Final

from espat.core.time.clock import Clock
from espat.stack.endpoint import Endpoint
from espat.stack.errors import LWIP_NOT_CONNECTED, LWIP_RESET, NetworkError
from espat.stack.openssl import expect_certificate
from espat.stack.stream import Stream
from espat.stack.tcp_options import ConnectionOptions
from espat.stack.tls_context import TlsConfiguration, context_for
from espat.stack.tls_errors import HANDSHAKE_TIMEOUT, MbedTls, TlsError, tls_error

PACKET_LIMIT: Final = 10.0
"""Seconds the peer may take for each packet of the handshake (ESP-AT User Guide, AT+CIPSTART)."""
HANDSHAKE_LIMIT: Final = 4 * PACKET_LIMIT
"""Seconds for all of a handshake, however it comes: both sides have two turns (RFC 5246, section 7.3). An inference;
a peer that sends a byte now and then would never be done."""
RECORD: Final = 4096
"""Bytes of data the module puts into one record at most (ESP-IDF build configuration of ESP-AT)."""
RECEIVE_SIZE: Final = 32768
"""Bytes taken from the stream below at a time: two records of the longest."""

_MAKING: Final = threading.Lock()
"""What a context expects is for the connection that is made next; simulations in other threads use it too."""


class TlsStream:
    """A stream whose handshake is done.

    `sent`: bytes of data, not of TLS. `record_length`: bytes of TLS that `receive` has taken for what it returned last;
    0 if that is the rest of a record, or an end that the peer has not announced.
    """

    def __init__(self, below: Stream, session: ssl.SSLObject, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
        self.sent = 0
        self.record_length = 0
        self._below = below
        self._session = session
        self._incoming = incoming
        self._outgoing = outgoing
        self._fed = 0  # bytes of TLS from below
        self._decrypted = 0  # how many of them OpenSSL had taken when it last gave data
        self._closed = False
        self._unsent = b""  # records that an interrupted send has left: they have their place in the stream

    @property
    def local(self) -> Endpoint:
        return self._below.local

    @property
    def remote(self) -> Endpoint:
        return self._below.remote

    async def send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            await self._flush()
            try:
                count = self._session.write(rest[:RECORD])
            except ssl.SSLError as error:
                raise tls_error(error) from error
            rest = rest[count:]
            await self._flush()
            self.sent += count

    async def receive(self, most: int) -> bytes:
        while not self._closed:
            try:
                data = self._session.read(most)
            except ssl.SSLWantReadError:
                pass
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                self.record_length = 0
                return b""
            except ssl.SSLError as error:
                raise tls_error(error) from error
            else:
                before = self._decrypted
                self._decrypted = self._fed - self._incoming.pending
                self.record_length = self._decrypted - before
                return data
            await self._feed()
        raise NetworkError(LWIP_NOT_CONNECTED)

    @property
    def peer_has_certificate(self) -> bool:
        """Whether the peer has shown a certificate."""
        return self._session.getpeercert(binary_form=True) is not None

    async def handshake(self, clock: Clock) -> None:
        """Come to terms with the peer. Raises NetworkError; TlsError when TLS is the reason."""
        with clock.move_on_after(HANDSHAKE_LIMIT):
            await self._handshake(clock)
            return
        raise TlsError(HANDSHAKE_TIMEOUT)

    async def _handshake(self, clock: Clock) -> None:
        while True:
            failure: ssl.SSLError | None = None
            wants_more = False
            try:
                self._session.do_handshake()
            except ssl.SSLWantReadError:
                wants_more = True
            except ssl.SSLError as error:
                failure = error
            with clock.move_on_after(PACKET_LIMIT) as limit:
                try:
                    await self._flush()  # a failure has an alert for the peer
                    if wants_more:
                        await self._feed()
                except NetworkError as error:
                    if failure is None:
                        gone = error.errno in (LWIP_RESET, LWIP_NOT_CONNECTED)
                        raise TlsError(MbedTls.NET_CONNECTION_RESET if gone else error.errno) from error
            if failure is not None:
                raise tls_error(failure) from failure
            if limit.cancelled_caught:
                raise TlsError(HANDSHAKE_TIMEOUT)
            if not wants_more:
                self._decrypted = self._fed - self._incoming.pending
                return

    async def wait_ended(self) -> None:
        await self._below.wait_ended()

    def set_options(self, options: ConnectionOptions) -> None:
        self._below.set_options(options)

    def finish(self) -> None:
        self._below.finish()  # without a closing alert: esp-tls sends none

    @property
    def acknowledged(self) -> bool:
        return not self._unsent and self._below.acknowledged

    def close(self) -> None:
        self._closed = True
        self._below.close()

    def reset(self) -> None:
        self._closed = True
        self._below.reset()

    def vanish(self) -> None:
        self._closed = True
        self._below.vanish()

    async def _feed(self) -> None:
        data = await self._below.receive(RECEIVE_SIZE)
        if data:
            self._incoming.write(data)
            self._fed += len(data)
        else:
            self._incoming.write_eof()

    async def _flush(self) -> None:
        """Send what OpenSSL wants to be sent; no checkpoint when it is taken at once."""
        self._unsent += self._outgoing.read()
        if not self._unsent:
            return
        before = self._below.sent
        try:
            await self._below.send(self._unsent)
        finally:
            self._unsent = self._unsent[self._below.sent - before :]


async def start_tls(
    below: Stream,
    configuration: TlsConfiguration,
    clock: Clock,
    *,
    now: int | None,
    server_name: bytes = b"",
    common_name: bytes = b"",
) -> TlsStream:
    """Speak TLS over a stream, which is closed if that fails; who cancels it has to do that himself.

    `now`: the time certificates are judged by, in seconds since 1970; None: their validity does not matter.
    `server_name`: what SNI says. `common_name`: whose certificate it has to be, if it is verified at all. Raises
    NetworkError; TlsError when TLS is the reason.
    """
    try:
        context = context_for(configuration).openssl
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            name = server_name.decode("ascii") or None
            with _MAKING:
                expect_certificate(context, at=now, name=common_name)
                session = context.wrap_bio(incoming, outgoing, configuration.is_server, name)
        except (ssl.SSLError, ValueError, TypeError) as error:  # no name has a zero byte, a dot in front and so on
            raise TlsError(MbedTls.SSL_BAD_INPUT) from error
        connection = TlsStream(below, session, incoming, outgoing)
        await connection.handshake(clock)
    except Exception:
        below.close()
        raise
    return connection
