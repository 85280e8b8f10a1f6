"""A module with a saved link, killed and started again with the same flash file, is in passthrough again."""

import socket
import time

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import LIMIT, Client
from tests.texts import OK

UP = b"\r\nready\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n\r\n>"
GUARD = 0.05
"""Seconds of silence around `+++`, more than twice what the module needs."""


def receive(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        assert part
        data += part
    return data


def test_a_client_after_sigkill(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LIMIT)
        port = server.getsockname()[1]
        simulator = start("--flash", "flash.bin")
        with Client(simulator.port()) as client:
            client.started().join()
            assert client.command(b'AT+SAVETRANSLINK=1,"127.0.0.1",%d,"TCP"' % port) == OK
            assert client.command(b"AT+SYSMSG=1") == OK
        simulator.kill()
        for number in (1, 2):
            simulator = start("--flash", "flash.bin", "--link", f"again{number}")
            with Client(simulator.port()) as client:
                assert client.read_until(b">") == UP
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(LIMIT)
                    client.write(b"AT\r\n")
                    assert receive(connection, 4) == b"AT\r\n"
                    connection.sendall(b"down")
                    assert client.serial.read(4) == b"down"
            simulator.kill()
        with Client(start("--flash", "flash.bin", "--link", "last").port()) as client:
            assert client.read_until(b">") == UP
            time.sleep(GUARD)
            client.write(b"+++")
            assert client.read_until(b"T\r\n") == b"\r\n+QUITT\r\n"
            assert client.command(b"AT+SAVETRANSLINK=0") == OK
            assert client.command(b"AT+RST", b"IP\r\n").endswith(b"\r\nready\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n")
            assert client.command(b"AT") == OK


def test_a_server_after_sigkill(start: Start) -> None:
    simulator = start("--flash", "flash.bin")
    with Client(simulator.port()) as client:
        client.started().join()
        assert client.command(b'AT+SAVETRANSLINK=3,1002,"TCP",1') == OK
    simulator.kill()
    simulator = start("--flash", "flash.bin")
    with Client(simulator.port()) as client:
        assert client.read_until(b"GOT IP\r\n") == UP.removesuffix(b"\r\n>")
        with socket.create_connection(simulator.serving(0, "tcp", 1002), LIMIT) as connection:
            assert client.read_until(b">") == b"\r\n>"
            client.write(b"up")
            assert receive(connection, 2) == b"up"
            connection.sendall(b"down")
            assert client.serial.read(4) == b"down"
