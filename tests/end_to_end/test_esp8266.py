"""AT 0.30 on a serial port of this machine, with a real socket as its peer."""

import socket
from typing import Final

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import LIMIT, Client

OK: Final = b"\r\nOK\r\n"


class OldClient(Client):
    """A client that expects the echo of the old firmware."""

    def command(self, line: bytes, end: bytes = OK) -> bytes:
        self.write(line + b"\r\n")
        answer = self.read_until(end)
        assert answer.startswith(line + b"\r\r\n"), answer
        return answer.removeprefix(line + b"\r\r\n")


def test_from_boot_to_an_exchange_over_tcp(start: Start) -> None:
    simulator = start("--dialect", "esp8266-v0.30")
    with OldClient(simulator.port()) as client, socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LIMIT)
        client.started()
        assert client.command(b"AT") == OK
        assert client.command(b"AT+CWMODE?") == b"+CWMODE:2\r\n" + OK
        assert client.command(b"AT+CWMODE_CUR=1") == OK
        assert client.command(b'AT+CWJAP="nobody","1234567890"', b"FAIL\r\n") == b"+CWJAP:3\r\n\r\nFAIL\r\n"
        client.join()
        start_link = b'AT+CIPSTART="TCP","192.168.3.1",%d' % server.getsockname()[1]
        assert client.command(start_link) == b"CONNECT\r\n" + OK
        peer, _ = server.accept()
        with peer:
            peer.settimeout(LIMIT)
            assert client.command(b"AT+CIPSEND=4", b"> ") == OK + b"> "
            client.write(b"ping")
            assert client.read_until(b"SEND OK\r\n") == b"\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n"
            assert peer.recv(16) == b"ping"
            peer.sendall(b"pong")
            assert client.read_until(b"pong") == b"\r\n+IPD,4:pong"
            assert client.command(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
            assert peer.recv(16) == b""
