"""The peer of an exchange: a TCP echo on a free port of the loopback, one connection after the other, blocking."""

import socket


def main() -> None:
    """Say on stdout which port, and echo for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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
