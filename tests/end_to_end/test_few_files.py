"""A machine that has no open file left to give: the module's commands fail, and it goes on."""

import os
import resource

import pytest

from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import Client
from tests.texts import ERROR, OK


@pytest.mark.parametrize(
    "line",
    [
        b'AT+CIPSTART=0,"TCP","192.168.3.1",9',
        b'AT+CIPSTART=0,"UDP","192.168.3.1",9,4000',
        b'AT+CIPSTART=0,"UDP","239.1.1.1",9',
        b"AT+CIPSERVER=1,333",
    ],
)
def test_a_command_that_needs_a_socket(start: Start, line: bytes) -> None:
    simulator = start()
    with Client(simulator.port()) as client:
        client.started().join()
        assert client.command(b"AT+CIPMUX=1") == OK
        before = resource.prlimit(simulator.pid, resource.RLIMIT_NOFILE)
        used = len(os.listdir(f"/proc/{simulator.pid}/fd"))  # noqa: PTH208
        resource.prlimit(simulator.pid, resource.RLIMIT_NOFILE, (used, before[1]))
        assert client.command(line, ERROR) == ERROR
        resource.prlimit(simulator.pid, resource.RLIMIT_NOFILE, before)
        assert client.command(b"AT+CIPSERVER=1,444") == OK
    assert simulator.stop() == 0
