"""How network operations fail, and the numbers `+ERRNO:` shows for it."""

import errno
from typing import Final

from espat.stack.address import Address

# Error numbers of the module's libc, as `+ERRNO:` shows them.
LWIP_UNKNOWN: Final = 5
LWIP_WOULD_BLOCK: Final = 11
LWIP_RESET: Final = 104
LWIP_ADDRESS_IN_USE: Final = 112
LWIP_ABORTED: Final = 113
LWIP_NO_ROUTE: Final = 118
LWIP_ADDRESS_NOT_AVAILABLE: Final = 125
LWIP_NOT_CONNECTED: Final = 128

LWIP_ERRNO: Final = {
    errno.ECONNREFUSED: LWIP_RESET,  # lwIP reports a reset for a refused connection
    errno.ECONNRESET: LWIP_RESET,
    errno.EPIPE: LWIP_NOT_CONNECTED,
    errno.EBADF: LWIP_NOT_CONNECTED,
    errno.ETIMEDOUT: LWIP_ABORTED,  # lwIP gives up retransmitting SYN with "connection aborted"
    errno.EHOSTUNREACH: LWIP_ABORTED,
    errno.ENETUNREACH: LWIP_NO_ROUTE,
    errno.EADDRINUSE: LWIP_ADDRESS_IN_USE,
    errno.EADDRNOTAVAIL: LWIP_ADDRESS_NOT_AVAILABLE,
}
"""This machine's error numbers to those of the module's libc."""


class NetworkError(Exception):
    """A network operation failed; `errno` is the number as the module's libc has it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"errno {number}")
        self.errno = number


class ResolveError(Exception):
    """A name has no address."""


class UnreachableError(Exception):
    """Nobody has that address."""

    def __init__(self, address: Address) -> None:
        super().__init__(str(address))
        self.address = address


class HttpError(Exception):
    """What an HTTP server says is no HTTP, or stops before its end."""


def network_error(error: OSError) -> NetworkError:
    """The module's view of an error of this machine."""
    return NetworkError(LWIP_ERRNO.get(error.errno or 0, error.errno or LWIP_UNKNOWN))
