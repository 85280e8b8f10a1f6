"""AT 0.30 on a serial port of this machine, with a real socket as its peer."""

import socket
from pathlib import Path

import pytest

from espat.core.ports.serial_line import heard
from espat.dialects.esp8266_board import FIRST_BOOT_TEXT
from tests.end_to_end.conftest import Start
from tests.end_to_end.simulator_process import LIMIT, Client, run_espat
from tests.texts import OK


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


def test_the_flash_file_has_the_map_of_the_chip(start: Start, tmp_path: Path) -> None:
    simulator = start("--dialect", "esp8266-v0.30", "--flash", "flash.bin")
    with OldClient(simulator.port()) as client:
        client.started()
        assert client.command(b"AT+CWMODE_DEF=3") == OK
        assert client.command(b'AT+CIPAPMAC_DEF="1a:fe:35:98:d3:7b"') == OK
    assert simulator.stop() == 0
    assert (tmp_path / "flash.bin").stat().st_size == 2**20
    shown = run_espat("flash", "show", "flash.bin", directory=tmp_path).stdout
    assert shown.startswith("flash.bin: ESP8266, 1048576 bytes\n")
    assert "\n  user_param       type 0x01, 0x02  at 0x07c000, 0x004000 bytes\n" in shown
    user, system = (shown.partition(f"\n\n{name}\n")[2].partition("\n\n")[0] for name in ("user_param", "system_param"))
    assert "NVM_" in user
    assert "opmode           u8     3" in system
    with OldClient(start("--dialect", "esp8266-v0.30", "--flash", "flash.bin").port()) as client:
        client.started()
        assert client.command(b"AT+CWMODE?") == b"+CWMODE:3\r\n" + OK
        assert client.command(b"AT+CIPAPMAC?") == b'+CIPAPMAC:"1a:fe:35:98:d3:7b"\r\n' + OK


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--dialect", "esp8266-v1.7", "--variant", "D2WD"), "ESP8266, for esp8266-v1.7, got D2WD"),
        (("--variant", "ESP8266"), "one of WROOM-32, MINI-1, SOLO-1, WROVER-32, D2WD, for esp32-v5, got ESP8266"),
    ],
)
def test_a_firmware_is_for_its_own_chip(tmp_path: Path, options: tuple[str, ...], problem: str) -> None:
    ended = run_espat("run", *options, directory=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"espat: --variant: expected {problem}\n"


@pytest.mark.parametrize("rate", [115200, 74880])
def test_the_rom_is_text_at_its_own_rate_and_noise_at_that_of_the_commands(start: Start, rate: int) -> None:
    simulator = start("--dialect", "esp8266-v0.30", "--timing", "real")
    with OldClient(simulator.port()) as client:
        client.serial.baudrate = 115200
        client.read_until(b"ready\r\n")
        client.write(b"AT+GSLP=500\r\n")
        client.read_until(OK)
        client.serial.baudrate = rate
        rom = heard(FIRST_BOOT_TEXT.text, 74880, rate)[-100:]
        client.read_until(rom)
        client.serial.baudrate = 115200
        assert client.read_until(b"ready\r\n") == b"\r\nready\r\n"
