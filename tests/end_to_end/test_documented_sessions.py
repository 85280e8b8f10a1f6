"""Documented sessions: in memory and stepped, with real sockets in real time, and on a real serial device as well."""

from dataclasses import replace
from pathlib import Path

import pytest
import trio

from simulator.scenario.playing.player import PlayError, Prepared, on_stage, perform, prepare
from simulator.scenario.playing.stage import Setting
from simulator.scenario.scenario_file import read_scenario
from tests.end_to_end.simulator_process import LIMIT, ROOT
from tests.programs import need_program

DOCUMENTED = ROOT / "scenarios" / "documented"
SESSIONS = [prepare(read_scenario(path)) for path in sorted(DOCUMENTED.glob("*.yaml"))]
PLAYED = [session for session in SESSIONS if not session.awaited]
WAITING = [session for session in SESSIONS if session.awaited]


def name(session: Prepared) -> str:
    return Path(session.scenario.file).stem


def settings(tmp_path: Path) -> dict[str, Setting]:
    return {
        "stepped": Setting(),
        "sockets": Setting(speed=1.0, sockets=True),
        "serial": Setting(speed=1.0, sockets=True, links=(tmp_path / "tty0", tmp_path / "tty1")),
    }


async def play(prepared: Prepared, setting: Setting) -> bytes:
    """Play a session; returns all that the module has printed since it was ready."""
    setting = replace(setting, links=setting.links[: len(prepared.scenario.modules)])
    with trio.fail_after(4 * LIMIT):
        async with on_stage(prepared, setting) as stage:
            first = stage.trace.count
            await perform(prepared, stage)
            return b"".join(record.data for record in list(stage.trace.recent)[first:] if record.direction == "out")


@pytest.mark.parametrize("way", ["stepped", "sockets", "serial"])
@pytest.mark.parametrize("path", [session.scenario.file for session in PLAYED], ids=lambda path: Path(path).stem)
async def test_it_replays(path: str, way: str, tmp_path: Path) -> None:
    if "ssl" in path and way != "stepped":
        need_program("openssl", "openssl")
    await play(prepare(read_scenario(Path(path))), settings(tmp_path)[way])


@pytest.mark.parametrize("session", WAITING, ids=name)
def test_it_waits_for_what_is_not_built(session: Prepared) -> None:
    pytest.skip(f"waiting for {', '.join(session.awaited)}")


@pytest.mark.parametrize("way", ["stepped", "sockets", "serial"])
async def test_the_first_session_in_every_byte(way: str, tmp_path: Path) -> None:
    printed = await play(prepare(read_scenario(DOCUMENTED / "02-tcp-client-single.yaml")), settings(tmp_path)[way])
    assert printed == (
        b"AT+CWMODE=1\r\n\r\nOK\r\n"
        b'AT+CWJAP="espressif","1234567890"\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n'
        b"AT+CIPSTA?\r\n"
        b'+CIPSTA:ip:"192.168.3.112"\r\n+CIPSTA:gateway:"192.168.3.1"\r\n+CIPSTA:netmask:"255.255.255.0"\r\n\r\nOK\r\n'
        b'AT+CIPSTART="TCP","192.168.3.102",8080\r\nCONNECT\r\n\r\nOK\r\n'
        b"AT+CIPSEND=4\r\n\r\nOK\r\n\r\n>"
        b"\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n"
        b"\r\n+IPD,4:test\r\n"
    )


async def test_a_session_that_differs_is_told_with_file_line_and_step(tmp_path: Path) -> None:
    text = (DOCUMENTED / "47-sleep-wifi-modem.yaml").read_text(encoding="utf-8")
    changed = tmp_path / "changed.yaml"
    changed.write_text(text.replace("'WIFI GOT IP'", "'WIFI LOST IP'"), encoding="utf-8")
    with pytest.raises(PlayError) as raised:
        await play(prepare(read_scenario(changed)), Setting())
    assert str(raised.value) == (
        f"{changed}:13: step 4: expect: expected 'WIFI LOST IP', got 'WIFI GOT IP' at the end of "
        r"""b'AT+CWJAP="espressif","1234567890"\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n'"""
    )
