"""The peer of a transfer, on a free port of the loopback: takes or sends what its client orders, and checks it."""

import socket

from benchmarks.transfer_data import ARRIVED, DAMAGED, ORDER_LENGTH, UPLOAD, Check, piece

CHUNK = 65536


def main() -> None:
    """Say on stdout which port, and serve one connection after the other for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                serve(connection)


def serve(connection: socket.socket) -> None:
    """Carry out orders until the connection ends, however it does."""
    try:
        while order := connection.recv(ORDER_LENGTH, socket.MSG_WAITALL):
            count = int.from_bytes(order[1:], "big")
            if order[:1] == UPLOAD:
                take(connection, count)
            else:
                for at in range(0, count, CHUNK):
                    connection.sendall(piece(at, min(CHUNK, count - at)))
    except OSError:
        pass


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
