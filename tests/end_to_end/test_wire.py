"""`--timing real` on a real PTY: the baud rates of both sides, and what a client loses that does not read."""

import json
import os
import re
import socket
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import Client
from tests.end_to_end.test_clients_come_and_go import Witness, read_device
from tests.texts import OK


@pytest.mark.parametrize("rate", [9600, 74880, 921600])
def test_client_and_module_change_the_rate_together(start: Start, rate: int) -> None:
    with Client(start("--timing", "real").port()).started() as client:
        assert client.command(b"AT+UART_CUR=%d,8,1,0,0" % rate) == OK
        client.serial.baudrate = rate
        assert client.command(b"AT") == OK
        client.serial.baudrate = 115200
        client.write(b"AT\r\n" * 20)
        client.serial.timeout = 0.5
        assert b"OK" not in client.serial.read(1000)
        client.serial.timeout = 30
        client.serial.baudrate = rate
        client.serial.reset_input_buffer()
        client.write(b"\r\n")  # an end for what the noise began
        client.read_until(b"ERROR\r\n")
        assert client.command(b"AT") == OK


def test_a_client_that_never_sets_a_rate_is_understood(start: Start) -> None:
    descriptor = os.open(start("--timing", "real").port(), os.O_RDWR | os.O_NOCTTY)
    try:
        assert read_device(descriptor, b"ready\r\n") == b"\r\nready\r\n"
        for line in (b"AT\r\n", b"AT+UART_CUR=9600,8,1,0,0\r\n", b"AT\r\n"):
            os.write(descriptor, line)
            assert read_device(descriptor, b"OK\r\n") == line + OK
    finally:
        os.close(descriptor)


def test_the_rate_of_a_client_goes_with_it(start: Start) -> None:
    simulator = start("--timing", "real", "--modules", "2")
    witness = Witness(simulator)
    with Client(simulator.port()).started() as client:
        client.serial.baudrate = 9600
    witness.settle()
    witness.close()
    descriptor = os.open(simulator.port(), os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(descriptor, b"AT\r\n")
        assert read_device(descriptor, b"OK\r\n") == b"AT\r\n" + OK
    finally:
        os.close(descriptor)


def traced(line: str) -> str:
    """The text of a line of the trace."""
    text: str = json.loads(line).get("text", "")
    return text


def read_fast(client: Client, end: bytes) -> bytes:
    """Read until `end` has come, as much as there is at a time."""
    got = bytearray()
    while end not in got:
        piece = client.read_some()
        assert piece, f"no {end!r} behind {len(got)} bytes"
        got += piece
    return bytes(got)


FLOOD = 200_000
"""Bytes: more than a terminal and the module hold."""


@pytest.mark.parametrize("flow_control", [0, 2])
def test_a_client_that_does_not_read_loses_bytes_unless_the_module_obeys_cts(
    start: Start, tmp_path: Path, flow_control: int
) -> None:
    simulator = start("--timing", "real", "--trace", "trace.jsonl")
    with socket.create_server(("127.0.0.1", 0)) as server, Client(simulator.port()).started() as client:
        assert client.command(b"AT+UART_CUR=5000000,8,1,0,%d" % flow_control) == OK
        client.serial.baudrate = 5000000
        client.join()
        client.command(b'AT+CIPSTART="TCP","127.0.0.1",%d' % server.getsockname()[1])
        with server.accept()[0] as connection:
            connection.sendall(bytes(FLOOD))
            if not flow_control:
                simulator.wait_for(lambda line: "bytes lost" in line, log=True)
                client.write(b"AT\r\n")
                got = read_fast(client, OK)
        if flow_control:
            got = read_fast(client, b"CLOSED\r\n")
    assert simulator.stop() == 0
    events = map(traced, (tmp_path / "trace.jsonl").read_text(encoding="ascii").splitlines())
    lost = sum(int(found[1]) for text in events if (found := re.fullmatch(r"uart.lost (\d+) bytes lost: .*", text)))
    if flow_control:
        assert (lost, re.sub(rb"\r\n\+IPD,\d+:|\r\n|CLOSED", b"", got)) == (0, bytes(FLOOD))
    else:
        assert got.startswith(b"\r\n+IPD,")
        assert 0 < lost < FLOOD * 1.1
