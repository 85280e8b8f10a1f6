"""Documented sessions: in memory and stepped, with real sockets in real time, and on a real serial device as well."""

from functools import partial
from pathlib import Path

import pytest
import trio

from espat.core.ports.uri import PortUri
from espat.scenario.play.player import PlayError, Prepared, on_stage, perform, prepare
from espat.scenario.reading.scenario_file import read_scenario
from espat.scenario.stage.options import StageOptions
from espat.scenario.stage.terminal import open_device
from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import LIMIT, ROOT
from tests.programs import need_program

DOCUMENTED = ROOT / "scenarios" / "documented"
SESSIONS = [prepare(read_scenario(path)) for path in sorted(DOCUMENTED.glob("*.yaml"))]
PLAYED = [session for session in SESSIONS if not session.awaited]
FILES = [
    pytest.param(file, marks=pytest.mark.peers) if "ssl" in file else pytest.param(file)
    for file in (session.scenario.file for session in PLAYED)
]
"""Over real sockets, those with TLS need the programs of OpenSSL."""

FIRST_SESSION = (
    b"AT+CWMODE=1\r\n\r\nOK\r\n"
    b'AT+CWJAP="espressif","1234567890"\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n'
    b"AT+CIPSTA?\r\n"
    b'+CIPSTA:ip:"192.168.3.112"\r\n+CIPSTA:gateway:"192.168.3.1"\r\n+CIPSTA:netmask:"255.255.255.0"\r\n\r\nOK\r\n'
    b'AT+CIPSTART="TCP","192.168.3.102",8080\r\nCONNECT\r\n\r\nOK\r\n'
    b"AT+CIPSEND=4\r\n\r\nOK\r\n\r\n>"
    b"\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n"
    b"\r\n+IPD,4:test\r\n"
)


def settings(tmp_path: Path) -> dict[str, StageOptions]:
    return {
        "stepped": StageOptions(),
        "sockets": StageOptions(speed=1.0, sockets=True),
        "serial": StageOptions(
            speed=1.0, sockets=True, ports=tuple(PortUri("pty", f"{tmp_path}/tty{n}") for n in (0, 1))
        ),
    }


async def play(prepared: Prepared, setting: StageOptions) -> bytes:
    """Play a session; returns all that the module has printed since it was ready."""
    setting = setting._replace(ports=setting.ports[: len(prepared.scenario.modules)])
    with trio.fail_after(4 * LIMIT):
        async with on_stage(prepared, setting) as stage:
            first = stage.trace.count
            await perform(prepared, stage)
            return b"".join(record.data for record in list(stage.trace.recent)[first:] if record.direction == "out")


@pytest.mark.parametrize("way", ["stepped", "sockets", "serial"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: Path(path).stem)
async def test_it_replays(path: str, way: str, tmp_path: Path) -> None:
    if "ssl" in path and way != "stepped":
        need_program("openssl", "openssl")
    await play(prepare(read_scenario(Path(path))), settings(tmp_path)[way])


@pytest.mark.parametrize("way", ["stepped", "sockets", "serial"])
async def test_the_first_session_in_every_byte(way: str, tmp_path: Path) -> None:
    printed = await play(prepare(read_scenario(DOCUMENTED / "02-tcp-client-single.yaml")), settings(tmp_path)[way])
    assert printed == FIRST_SESSION


TYPED = (
    (b"AT+CWMODE=1\r\n", b"OK\r\n"),
    (b'AT+CWJAP="espressif","1234567890"\r\n', b"OK\r\n"),
    (b"AT+CIPSTA?\r\n", b"OK\r\n"),
    (b'AT+CIPSTART="TCP","192.168.3.102",8080\r\n', b"OK\r\n"),
    (b"AT+CIPSEND=4\r\n", b">"),
    (b"test", b"SEND OK\r\n"),
)
"""The first session, and how what the module prints about each ends."""


async def open_port(place: str) -> trio.abc.Stream:
    """Open a module's port as its client."""
    scheme, _, rest = place.partition(":")
    if scheme == "unix":
        return await trio.open_unix_socket(rest)
    if scheme == "tcp":
        host, _, port = rest.rpartition(":")
        return await trio.open_tcp_stream(host, int(port))
    return open_device(Path(place))


@pytest.mark.parametrize("port", ["pty:wire", "tcp:127.0.0.1:0", "unix:wire"])
async def test_the_first_session_at_a_module_of_another_program(start: Start, tmp_path: Path, port: str) -> None:
    sent = trio.Event()

    async def answer(stream: trio.SocketStream) -> None:
        data = await stream.receive_some()
        await sent.wait()
        await stream.send_all(data)
        await trio.sleep_forever()

    with trio.fail_after(4 * LIMIT):
        async with trio.open_nursery() as nursery:
            (listener,) = await nursery.start(partial(trio.serve_tcp, answer, 0, host="127.0.0.1"))
            here = listener.socket.getsockname()[1]
            world = f'[hosts]\n"192.168.3.102:8080" = "127.0.0.1:{here}"\n'
            (tmp_path / "world.toml").write_text(world, encoding="utf-8")
            simulator = start("--world", "world.toml", "--port", port)
            async with await open_port(await trio.to_thread.run_sync(simulator.place)) as client:

                async def until(end: bytes) -> bytes:
                    printed = b""
                    while not printed.endswith(end):
                        printed += await client.receive_some()
                    return printed

                await until(b"\r\nready\r\n")
                printed = b""
                for typed, end in TYPED:
                    await client.send_all(typed)
                    printed += await until(end)
                sent.set()
                printed += await until(b"+IPD,4:test\r\n")
            nursery.cancel_scope.cancel()
    assert printed == FIRST_SESSION


async def test_a_session_that_differs_is_told_with_file_line_and_step(tmp_path: Path) -> None:
    text = (DOCUMENTED / "47-sleep-wifi-modem.yaml").read_text(encoding="utf-8")
    line = text[: text.index("'WIFI GOT IP'")].count("\n") + 1
    changed = tmp_path / "changed.yaml"
    changed.write_text(text.replace("'WIFI GOT IP'", "'WIFI LOST IP'"), encoding="utf-8")
    with pytest.raises(PlayError) as raised:
        await play(prepare(read_scenario(changed)), StageOptions())
    assert str(raised.value) == (
        f"{changed}:{line}: step 4: expect: expected 'WIFI LOST IP', got 'WIFI GOT IP' at the end of "
        r"""b'AT+CWJAP="espressif","***"\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n'"""
    )
