"""A pyserial program with five links at once, to real servers, while the module reports what comes in."""

import socket
import threading
from random import Random
from typing import Final

from tests.end_to_end.conftest import Start
from tests.end_to_end.firmware import Program
from tests.end_to_end.simulator_process import LIMIT, Client

TCP_LINKS: Final = (0, 1, 2)
UDP_LINKS: Final = (3, 4)
TCP_CHUNK: Final = 2048
UDP_CHUNK: Final = 1024
TCP_BYTES: Final = 144 * TCP_CHUNK
UDP_BYTES: Final = 80 * UDP_CHUNK
assert len(TCP_LINKS) * TCP_BYTES + len(UDP_LINKS) * UDP_BYTES == 2**20
"""A megabyte each way, over all links."""


def upstream(link: int) -> bytes:
    """What the program sends over a link."""
    return Random(link).randbytes(TCP_BYTES if link in TCP_LINKS else UDP_BYTES)


def downstream(link: int) -> bytes:
    """What the server of a link sends."""
    return Random(100 + link).randbytes(TCP_BYTES if link in TCP_LINKS else UDP_BYTES)


class TcpServer(threading.Thread):
    """Takes one connection, and sends its stream while it receives the other one."""

    def __init__(self, link: int) -> None:
        super().__init__(daemon=True)
        self.received = bytearray()
        self._link = link
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def run(self) -> None:
        with self._listener, self._listener.accept()[0] as connection:
            sender = threading.Thread(target=connection.sendall, args=(downstream(self._link),), daemon=True)
            sender.start()
            while data := connection.recv(65536):
                self.received += data
            sender.join(LIMIT)


class UdpServer(threading.Thread):
    """Answers each datagram with the next part of its stream."""

    def __init__(self, link: int) -> None:
        super().__init__(daemon=True)
        self.received = bytearray()
        self._link = link
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]

    def run(self) -> None:
        with self._socket:
            answers = downstream(self._link)
            while len(self.received) < UDP_BYTES:
                data, sender = self._socket.recvfrom(65536)
                at = len(self.received)
                self.received += data
                self._socket.sendto(answers[at : at + len(data)], sender)


def test_five_links_move_a_megabyte_each_way_without_a_wrong_byte(start: Start) -> None:
    tcp = {link: TcpServer(link) for link in TCP_LINKS}
    udp = {link: UdpServer(link) for link in UDP_LINKS}
    servers: dict[int, TcpServer | UdpServer] = {**tcp, **udp}
    for server in servers.values():
        server.start()
    with Client(start().port()) as client:
        client.started().join()
        assert client.command(b"ATE0") == b"\r\nOK\r\n"
        program = Program(client)
        program.command(b"AT+CIPMUX=1")
        for link in TCP_LINKS:
            program.open(link, b"TCP", tcp[link].port)
        for link in UDP_LINKS:
            program.open(link, b"UDP", udp[link].port)
        streams = {link: upstream(link) for link in range(5)}
        for turn in range(TCP_BYTES // TCP_CHUNK):
            for link in TCP_LINKS:
                program.send(link, streams[link][turn * TCP_CHUNK : (turn + 1) * TCP_CHUNK])
            for link in UDP_LINKS:
                chunk = streams[link][turn * UDP_CHUNK : (turn + 1) * UDP_CHUNK]
                if chunk:
                    program.send(link, chunk)
                    program.receive(link, turn * UDP_CHUNK + len(chunk))
        for link in range(5):
            program.receive(link, len(downstream(link)))
        for link in range(5):
            program.close(link)
        program.command(b"AT")
    for link, server in servers.items():
        server.join(LIMIT)
        assert bytes(server.received) == upstream(link), f"link {link}, upstream"
        assert bytes(program.received[link]) == downstream(link), f"link {link}, downstream"
    assert sum(program.interleaved.values()) > 0
