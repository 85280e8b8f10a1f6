"""The peer of an exchange: a TCP echo on a free port of the loopback, one connection after the other, blocking."""

import socket

from benchmarks.listening import connections


def main() -> None:
    """Say on stdout which port, and echo for ever."""
    for connection in connections():
        with connection:
            echo(connection)


def echo(connection: socket.socket) -> None:
    """Send back what comes in until the connection ends, however it does."""
    try:
        while data := connection.recv(65536):
            connection.sendall(data)
    except OSError:
        pass


if __name__ == "__main__":
    main()
