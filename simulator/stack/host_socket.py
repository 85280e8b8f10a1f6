"""A socket of this machine, which may have none to give."""

from trio import socket

from espat.stack.errors import network_error


def open_socket(kind: int) -> socket.SocketType:
    """A new IPv4 socket. Raises NetworkError."""
    try:
        return socket.socket(socket.AF_INET, kind)
    except OSError as error:
        raise network_error(error) from error
