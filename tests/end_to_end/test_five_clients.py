"""A pyserial program with a server: five clients of this machine get their megabyte back, every byte of it."""

import socket
import threading
from collections.abc import Callable
from random import Random
from typing import Final

import pytest

from tests.end_to_end.conftest import Start
from tests.end_to_end.firmware import Program
from tests.end_to_end.simulator_process import LIMIT, Client, SimulatorProcess
from tests.texts import OK

PORT: Final = 333
MEGABYTE: Final = 2**20
CLIENTS: Final = 5
SEND_LIMIT: Final = 8192
"""The most that AT+CIPSEND takes."""
LONG: Final = 65536
WINDOW: Final = 5760
"""The most that waits to be read."""


class EchoClient(threading.Thread):
    """Sends its stream as fast as it goes, reads the echo meanwhile, and closes when all of it is there.

    `may_send`: set when it may begin.
    """

    def __init__(self, number: int, address: tuple[str, int]) -> None:
        super().__init__(daemon=True)
        self.sent = Random(number).randbytes(MEGABYTE)
        self.may_send = threading.Event()
        self.received = bytearray()
        self._address = address

    def run(self) -> None:
        with socket.create_connection(self._address, LIMIT) as connection:
            self.may_send.wait(LIMIT)
            sender = threading.Thread(target=connection.sendall, args=(self.sent,), daemon=True)
            sender.start()
            while len(self.received) < len(self.sent) and (data := connection.recv(65536)):
                self.received += data
            sender.join(LIMIT)

    def check(self) -> None:
        """Wait for its end, and compare."""
        self.join(LIMIT)
        assert bytes(self.received) == self.sent


def ready(simulator: SimulatorProcess, client: Client, *commands: bytes) -> tuple[Program, tuple[str, int]]:
    """A joined module with a server, and where the server is on this machine."""
    client.started().join()
    assert client.command(b"ATE0") == OK
    program = Program(client)
    for line in (b"AT+CIPMUX=1", *commands, b"AT+CIPSERVER=1,%d" % PORT):
        program.command(line)
    return program, simulator.serving(0, "tcp", PORT)


@pytest.mark.parametrize("passive", [False, True], ids=["active", "passive"])
@pytest.mark.parametrize(
    ("sending", "most"), [(Program.send, SEND_LIMIT), (Program.send_long, LONG)], ids=["CIPSEND", "CIPSENDL"]
)
def test_five_clients_at_once(
    start: Start, sending: Callable[[Program, int, bytes], None], most: int, passive: bool
) -> None:
    simulator = start()
    with Client(simulator.port()) as client:
        program, address = ready(simulator, client, b"AT+CIPRECVTYPE=5,%d" % passive)
        clients = [EchoClient(number, address) for number in range(CLIENTS)]
        for echo_client in clients:
            echo_client.may_send.set()
            echo_client.start()
        echoed = [0] * CLIENTS
        while min(echoed) < MEGABYTE:
            while program.waiting:
                program.read(program.waiting.popleft(), WINDOW)
            for link in range(CLIENTS):
                data = bytes(program.received[link][echoed[link] : echoed[link] + most])
                if len(data) == most or (data and (passive or echoed[link] + len(data) == MEGABYTE)):
                    sending(program, link, data)
                    echoed[link] += len(data)
                    break
            else:
                if min(echoed) < MEGABYTE and not program.waiting:
                    program.report()
        while len(program.closed) < CLIENTS:
            program.report()
        assert sorted(program.opened) == sorted(program.closed) == list(range(CLIENTS))
        program.command(b"AT+CIPSERVER=0")
    for echo_client in clients:
        echo_client.check()


@pytest.mark.parametrize("passive", [False, True], ids=["active", "passive"])
def test_five_clients_one_after_the_other_through_passthrough(start: Start, passive: bool) -> None:
    """What comes is bare, whichever way of receiving had been chosen before."""
    simulator = start()
    with Client(simulator.port()) as client:
        program, address = ready(
            simulator,
            client,
            b"AT+SYSMSG=4",  # CONNECT and CLOSED in passthrough too
            b"AT+CIPRECVTYPE=5,%d" % passive,
            b"AT+CIPSERVERMAXCONN=1",
        )
        program.command(b"AT+CIPMODE=1")
        for number in range(CLIENTS):
            echo_client = EchoClient(number, address)
            echo_client.start()
            program.wait_for(b"0,CONNECT\r\n")
            if number == 0:
                program.bare(b"AT+CIPSEND")
            echo_client.may_send.set()
            program.echo_bare(MEGABYTE)
            echo_client.check()
            program.wait_for(b"0,CLOSED\r\n")
