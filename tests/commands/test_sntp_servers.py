"""SNTP with servers on this machine: a small one over a real socket, and chrony."""

import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from espat.core.time.real_time_clock import RealTimeClock
from espat.stack import ntp
from tests.network import UdpPeer, answer, expect
from tests.programs import need_program
from tests.stations import LOCAL_PORT, OWN, around, station
from tests.texts import OK
from tests.workbench import Workbench

ASK = b'AT+CIPSNTPCFG=1,0,"time.example"'
UPDATED = b"+TIME_UPDATED\r\n"


@asynccontextmanager
async def asking(peer: UdpPeer, line: bytes = ASK) -> AsyncIterator[tuple[Workbench, bytes, int]]:
    """A module that has just asked a server here; its question, and the port it came from."""
    async with station(around({"time.example": f"127.0.0.1:{peer.port}"})) as bench:
        assert await answer(bench, line) == OK
        question, (_, port) = await peer.receive()
        yield bench, question, port


async def test_a_server_over_a_socket() -> None:
    async with UdpPeer() as peer, asking(peer) as (bench, question, port):
        assert len(question) == 48
        good = ntp.answer(question, 1634636876.5, ntp.ServerState()) or b""
        await peer.send(good[:40], port)
        await peer.send(good[:24] + bytes(8) + good[32:], port)
        await peer.send(good, port)
        await expect(bench, UPDATED)
        assert bench.module[RealTimeClock].time() == 1634636876.5
        assert await bench.command(b"AT+CIPSNTPTIME?") == b"+CIPSNTPTIME:Tue Oct 19 09:47:56 2021" + OK


async def test_somebody_else_is_not_believed() -> None:
    async with UdpPeer() as peer, UdpPeer() as other, asking(peer) as (bench, question, port):
        await other.send(ntp.answer(question, 0, ntp.ServerState()) or b"", port)
        await peer.send(ntp.answer(question, 1634636876, ntp.ServerState()) or b"", port)
        await expect(bench, UPDATED)
        assert bench.module[RealTimeClock].time() == 1634636876


async def test_each_question_bears_a_stamp_of_its_own_and_the_next_port_is_free() -> None:
    async with UdpPeer() as peer, asking(peer) as (bench, first, port):
        await peer.send(ntp.answer(first, 1634636876, ntp.ServerState()) or b"", port)
        await expect(bench, UPDATED)
        await bench.advance(3600)
        second, _ = await peer.receive()
        assert second[:40] == first[:40]
        assert second[40:] != first[40:]


async def test_offline_only_entries_and_the_gateway_are_asked() -> None:
    async with UdpPeer() as peer, station(around({"time.example": f"127.0.0.1:{peer.port}"}, offline=True)) as bench:
        assert await answer(bench, b'AT+CIPSNTPCFG=1,0,"192.0.2.1","time.example"') == OK
        await bench.advance(15)
        question, (_, port) = await peer.receive()
        await peer.send(ntp.answer(question, 1634636876, ntp.ServerState()) or b"", port)
        await expect(bench, UPDATED)


@pytest.fixture
def chrony(tmp_path: Path) -> Iterator[str]:
    """The address and port of a chrony that serves the time of this machine."""
    configuration = tmp_path / "chrony.conf"
    configuration.write_text(
        f"port {LOCAL_PORT}\nbindaddress {OWN}\nallow 127/8\nlocal stratum 10\ncmdport 0\nbindcmdaddress /\n"
        f"pidfile {tmp_path / 'chrony.pid'}\n",
        encoding="ascii",
    )
    # -x: it leaves the clock of this machine alone. -U: it need not be root.
    command = [need_program("chronyd", "chrony"), "-d", "-x", "-U", "-f", str(configuration)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for_answer(process)
            yield f"{OWN}:{LOCAL_PORT}"
        finally:
            process.terminate()


def _wait_for_answer(process: subprocess.Popen[bytes]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.1)
        probe.connect((OWN, LOCAL_PORT))
        while process.poll() is None:
            try:
                probe.send(ntp.request(1))
                probe.recv(100)
            except (ConnectionRefusedError, TimeoutError):
                continue  # it is not there yet
            return
    pytest.fail(f"chronyd has ended with {process.returncode}")


@pytest.mark.peers
async def test_chrony(chrony: str) -> None:
    async with station(around({"time.example": chrony})) as bench:
        assert await answer(bench, ASK) == OK
        await expect(bench, UPDATED)
        assert abs(bench.module[RealTimeClock].time() - time.time()) < 60
