"""The peer of a transfer, on a free port of the loopback: takes or sends what its client orders, and checks it.

With `tls` as argument, it speaks TLS, with the certificate that the simulator ships for a server.
"""

import socket
import ssl
import sys
from pathlib import Path

from benchmarks.listening import connections
from benchmarks.transfer_data import ARRIVED, DAMAGED, ORDER_LENGTH, UPLOAD, Check, piece

CHUNK = 65536
PKI = Path(__file__).parent.parent / "simulator" / "persist" / "shipped_pki"


def main() -> None:
    """Say on stdout which port, and serve one connection after the other for ever."""
    context = None
    if sys.argv[1:] == ["tls"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(PKI / "server_cert.pem", PKI / "server_key.pem")
    for connection in connections():
        try:
            talk = connection if context is None else context.wrap_socket(connection, server_side=True)
        except OSError:
            continue
        with talk:
            serve(talk)


def serve(connection: socket.socket) -> None:
    """Carry out orders until the connection ends, however it does."""
    try:
        while order := take_order(connection):
            count = int.from_bytes(order[1:], "big")
            if order[:1] == UPLOAD:
                take(connection, count)
            else:
                for at in range(0, count, CHUNK):
                    connection.sendall(piece(at, min(CHUNK, count - at)))
    except OSError:
        pass


def take_order(connection: socket.socket) -> bytes:
    """What the client wants, nothing when the connection has ended."""
    order = b""
    while len(order) < ORDER_LENGTH:
        data = connection.recv(ORDER_LENGTH - len(order))
        if not data:
            return b""
        order += data
    return order


def take(connection: socket.socket, count: int) -> None:
    """Take so many bytes, and say whether they are the right ones."""
    check = Check()
    while check.count < count:
        data = connection.recv(min(CHUNK, count - check.count))
        if not data:
            return
        check.feed(data)
    connection.sendall(DAMAGED if check.wrong else ARRIVED)


if __name__ == "__main__":
    main()
