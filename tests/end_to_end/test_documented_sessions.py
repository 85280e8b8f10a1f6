"""Documented sessions, byte for byte: a real serial device, and real sockets as the hosts around the module."""

from pathlib import Path

import pytest
import trio

from simulator.core.clock import ScaledClock
from simulator.scenario.playing.player import PlayError, prepare
from simulator.scenario.playing.stage import open_device
from simulator.scenario.transcript import Transcript, read_transcript
from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import LIMIT, ROOT, SimulatorProcess
from tests.programs import need_program

DOCUMENTED = ROOT / "scenarios" / "documented"
SESSIONS = sorted(DOCUMENTED.glob("*.yaml"))


class RecordedPort(trio.abc.Stream):
    """A serial port that keeps everything the module has printed in `printed`."""

    def __init__(self, port: trio.abc.Stream) -> None:
        self.printed = b""
        self._port = port

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._port.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._port.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self._port.receive_some(max_bytes)
        self.printed += data
        return data

    async def aclose(self) -> None:
        await self._port.aclose()


async def open_port(place: str) -> trio.abc.Stream:
    """Open a module's port as its client."""
    scheme, _, rest = place.partition(":")
    if scheme == "unix":
        return await trio.open_unix_socket(rest)
    if scheme == "tcp":
        host, _, port = rest.rpartition(":")
        return await trio.open_tcp_stream(host, int(port))
    return open_device(Path(place))


async def play(transcript: Transcript, start: Start, tmp_path: Path, *more_options: str) -> bytes:
    """Play a session; returns all that the module has printed, with an AT behind it to find the end."""
    async with prepare(transcript) as player:
        (tmp_path / "world.toml").write_text(player.world, encoding="utf-8")
        options = ("--world", "world.toml", "--dialect", transcript.dialect, "--speed", str(player.speed))
        simulator: SimulatorProcess = start(*options, *more_options)

        async def find_port(module: int, protocol: str, port: int) -> tuple[str, int]:
            return await trio.to_thread.run_sync(simulator.serving, module, protocol, port)

        place = await trio.to_thread.run_sync(simulator.place)
        async with RecordedPort(await open_port(place)) as port:
            while not port.printed.endswith(b"ready\r\n"):
                await port.receive_some()
            assert port.printed == b"\r\nready\r\n"
            port.printed = b""
            await player.play({"A": port}, find_port, clock=ScaledClock(player.speed), limit=LIMIT)
            await port.send_all(b"AT\r\n")
            while not port.printed.endswith(b"AT\r\n\r\nOK\r\n"):
                await port.receive_some()
        return port.printed


@pytest.mark.parametrize("session", SESSIONS, ids=lambda path: path.stem)
async def test_it_replays(session: Path, start: Start, tmp_path: Path) -> None:
    if "ssl" in session.stem:
        need_program("openssl", "openssl")
    with trio.fail_after(4 * LIMIT):
        await play(read_transcript(session), start, tmp_path)


@pytest.mark.parametrize("port", ["pty:wire", "tcp:127.0.0.1:0", "unix:wire"])
async def test_the_first_session_in_every_byte(start: Start, tmp_path: Path, port: str) -> None:
    with trio.fail_after(4 * LIMIT):
        session = read_transcript(DOCUMENTED / "02-tcp-client-single.yaml")
        printed = await play(session, start, tmp_path, "--port", port)
    assert printed == (
        b"AT+CWMODE=1\r\n\r\nOK\r\n"
        b'AT+CWJAP="espressif","1234567890"\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n'
        b"AT+CIPSTA?\r\n"
        b'+CIPSTA:ip:"192.168.3.112"\r\n+CIPSTA:gateway:"192.168.3.1"\r\n+CIPSTA:netmask:"255.255.255.0"\r\n\r\nOK\r\n'
        b'AT+CIPSTART="TCP","192.168.3.102",8080\r\nCONNECT\r\n\r\nOK\r\n'
        b"AT+CIPSEND=4\r\n\r\nOK\r\n\r\n>"
        b"\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n"
        b"\r\n+IPD,4:test\r\n"
        b"AT\r\n\r\nOK\r\n"
    )


async def test_a_session_that_differs_is_told_with_file_line_and_step(start: Start, tmp_path: Path) -> None:
    text = (DOCUMENTED / "47-sleep-wifi-modem.yaml").read_text(encoding="utf-8")
    changed = tmp_path / "changed.yaml"
    changed.write_text(text.replace("'WIFI GOT IP'", "'WIFI LOST IP'"), encoding="utf-8")
    with trio.fail_after(4 * LIMIT), pytest.raises(PlayError) as raised:
        await play(read_transcript(changed), start, tmp_path)
    assert str(raised.value) == (
        f"{changed}:13: step 4: expect: expected 'WIFI LOST IP', got 'WIFI GOT IP' at the end of "
        r"""b'AT+CWJAP="espressif","1234567890"\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n'"""
    )
