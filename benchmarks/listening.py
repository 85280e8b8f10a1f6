"""What bare peers do: listen on a free port of the loopback, and take one connection after the other, blocking."""

import socket
from collections.abc import Iterator


def connections() -> Iterator[socket.socket]:
    """Say on stdout which port, and take connections for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield connection
