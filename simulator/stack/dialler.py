"""The way out: whatever of the module opens a TCP connection to a host has it dialled here, with TLS or without.

It takes the time that a module takes, whether it succeeds or fails.
"""

from typing import Final

import trio

from espat.core.boot import Boot
from espat.core.time.clock import Clock
from espat.core.time.timing import Timing
from espat.stack.connection import Connection
from espat.stack.errors import LWIP_ABORTED, LWIP_NO_ROUTE, NetworkError, UnreachableError
from espat.stack.network import Network
from espat.stack.routing import Routing
from espat.stack.tcp_options import ConnectionOptions
from espat.stack.tls_errors import EspTls, TlsError, no_connection
from espat.stack.tls_options import LinkTls, TlsChoices

DEFAULT_OPTIONS: Final = ConnectionOptions()
NO_LIMIT: Final = float("inf")


class Dialler:
    """Opens the connections of one boot."""

    def __init__(self, boot: Boot) -> None:
        self._boot = boot
        self._network = boot[Network]
        self._routing = boot[Routing]
        self._clock = boot[Clock]
        self._timing = boot[Timing]

    async def dial(
        self,
        host: str,
        port: int,
        *,
        tls: TlsChoices | None = None,
        options: ConnectionOptions = DEFAULT_OPTIONS,
        limit: float = NO_LIMIT,
    ) -> Connection:
        """Connect to a name or an address. `tls`: None for TCP alone. `limit`: seconds for all of it. Raises
        ResolveError, UnreachableError, NetworkError; of the latter TlsError where TLS was asked for."""
        with self._clock.move_on_after(limit):
            return await self._dial(host, port, tls, options)
        raise NetworkError(LWIP_ABORTED) if tls is None else TlsError(EspTls.CONNECTION_TIMEOUT)

    async def _dial(self, host: str, port: int, tls: TlsChoices | None, options: ConnectionOptions) -> Connection:
        if not self._network.interfaces:
            raise NetworkError(LWIP_NO_ROUTE)
        began = self._clock.now()
        try:
            route = await self._routing.locate(host, port)
        except UnreachableError:
            await self._pause("unreachable", began)
            raise
        try:
            stream, local_port = await self._network.connect(route, options)
        except NetworkError as error:
            await self._pause("unreachable" if error.errno == LWIP_ABORTED else "connect", began)
            raise error if tls is None else no_connection(error) from None
        try:
            await self._pause("connect", began)
        except trio.Cancelled:
            stream.close()
            raise
        if tls is not None:
            stream = await self._boot[LinkTls].connect(tls, stream)
        if not self._network.interfaces:  # lost meanwhile
            stream.close()
            raise NetworkError(LWIP_NO_ROUTE)
        return Connection(stream, local_port, route.seen, route.lan)

    async def _pause(self, figure: str, since: float) -> None:
        """Wait until a figure of the timing is over; no checkpoint when it is."""
        rest = since + self._timing[figure] - self._clock.now()
        if rest > 0:
            await self._clock.sleep(rest)
