"""A pyserial program with five links at once, to real servers, while the module reports what comes in."""

import re
import socket
import threading
from collections import Counter
from random import Random
from typing import Final

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import LIMIT, Client

TCP_LINKS: Final = (0, 1, 2)
UDP_LINKS: Final = (3, 4)
TCP_CHUNK: Final = 2048
UDP_CHUNK: Final = 1024
TCP_BYTES: Final = 144 * TCP_CHUNK
UDP_BYTES: Final = 80 * UDP_CHUNK
assert len(TCP_LINKS) * TCP_BYTES + len(UDP_LINKS) * UDP_BYTES == 2**20
"""A megabyte each way, over all links."""

MESSAGES: Final = re.compile(
    rb"\r\n\+IPD,(?P<link>\d),(?P<count>\d+):"
    rb"|\r\nOK\r\n|\r\n>|\r\nRecv \d+ bytes\r\n|\r\nSEND OK\r\n|\d,CONNECT\r\n|\d,CLOSED\r\n"
)
"""All that the module may print here; what is none of this is a wrong byte."""


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


class Program:
    """Firmware as its author would write it: sends, and sorts out what the module prints."""

    def __init__(self, client: Client) -> None:
        self.received = [bytearray() for _ in range(5)]
        self.interleaved: Counter[bytes] = Counter()
        """How many reports came while the program waited for something else, by what it waited for."""
        self._client = client
        self._unread = bytearray()

    def open(self, link: int, kind: bytes, port: int) -> None:
        """Open a link."""
        self._command(b'AT+CIPSTART=%d,"%b","127.0.0.1",%d' % (link, kind, port))
        self._wait_for(b"%d,CONNECT\r\n" % link)
        self._wait_for(b"\r\nOK\r\n")

    def send(self, link: int, data: bytes) -> None:
        """Send a chunk over a link."""
        self._command(b"AT+CIPSEND=%d,%d" % (link, len(data)))
        self._wait_for(b"\r\nOK\r\n")
        self._wait_for(b"\r\n>")
        self._client.write(data)
        self._wait_for(b"\r\nRecv %d bytes\r\n" % len(data))
        self._wait_for(b"\r\nSEND OK\r\n")

    def receive(self, link: int, count: int) -> None:
        """Wait until so many bytes have come over a link altogether."""
        while len(self.received[link]) < count:
            assert self._take_report(b"data"), bytes(self._unread[:100])

    def close(self, link: int) -> None:
        """Close a link."""
        self._command(b"AT+CIPCLOSE=%d" % link)
        self._wait_for(b"%d,CLOSED\r\n" % link)
        self._wait_for(b"\r\nOK\r\n")

    def _command(self, line: bytes) -> None:
        self._client.write(line + b"\r\n")

    def _wait_for(self, message: bytes) -> None:
        while True:
            found = self._next_message()
            if found["link"] is not None:
                self._take_report(message)
                continue
            assert found[0] == message, f"wanted {message!r}, got {found[0]!r}"
            del self._unread[: found.end()]
            return

    def _take_report(self, waiting_for: bytes) -> bool:
        found = self._next_message()
        if found["link"] is None:
            return False
        link, count, start = int(found["link"]), int(found["count"]), found.end()
        end = start + count + 2
        while len(self._unread) < end:
            self._read()
        assert self._unread[end - 2 : end] == b"\r\n"
        self.received[link] += self._unread[start : end - 2]
        del self._unread[:end]
        self.interleaved[waiting_for] += waiting_for != b"data"
        return True

    def _next_message(self) -> re.Match[bytes]:
        while (found := MESSAGES.match(bytes(self._unread[:64]))) is None:
            assert len(self._unread) < 64, f"not a message: {bytes(self._unread[:100])!r}"
            self._read()
        return found

    def _read(self) -> None:
        data = self._client.read_some()
        assert data, f"no more came behind {bytes(self._unread[-100:])!r}"
        self._unread += data


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
        client.write(b"AT+CIPMUX=1\r\n")
        assert client.read_until(b"OK\r\n") == b"\r\nOK\r\n"
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
        client.write(b"AT\r\n")
        assert client.read_until(b"OK\r\n") == b"\r\nOK\r\n"
    for link, server in servers.items():
        server.join(LIMIT)
        assert bytes(server.received) == upstream(link), f"link {link}, upstream"
        assert bytes(program.received[link]) == downstream(link), f"link {link}, downstream"
    assert sum(program.interleaved.values()) > 0
