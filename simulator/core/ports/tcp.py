"""A port that is a TCP socket of this machine."""

import socket
from collections.abc import Callable
from typing import Any

from espat.core.ports.opener import PortOpener
from espat.core.ports.port import PortError
from espat.core.ports.socket import BACKLOG, SocketPort, reason
from espat.core.ports.uri import split_tcp


class TcpPort(SocketPort):
    """A TCP socket."""

    def __init__(self, host: str, port: int, spawn: Callable[..., Any]) -> None:
        """`host`: an address or name of this machine. `port`: 0 for any free one. Raises PortError."""
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            listener = socket.socket(family, kind, protocol)
            try:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(address)
                listener.listen(BACKLOG)
            except OSError:
                listener.close()
                raise
        except (OSError, OverflowError, UnicodeError) as error:
            raise PortError(f"cannot listen on tcp:{host}:{port}: {reason(error)}") from error
        super().__init__(listener, spawn)
        shown = f"[{host}]" if ":" in host else host
        self.announcement = f"ready to open at tcp:{shown}:{listener.getsockname()[1]}"


def open_port(place: str, opener: PortOpener) -> TcpPort:
    """The port of `tcp:PLACE`. Raises PortError."""
    try:
        host, port = split_tcp(place)
    except ValueError as error:
        raise PortError(str(error)) from error
    return TcpPort(host, port, opener.spawn)
