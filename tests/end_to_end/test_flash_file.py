"""`espat run --flash`: what is stored survives the end of the process, even SIGKILL at any moment."""

import resource
import stat
from pathlib import Path
from random import Random

import pytest

from espat.persist.storage import open_storage
from tests.end_to_end.conftest import Start
from tests.end_to_end.kills import Killing
from tests.end_to_end.simulator_process import Client, run_espat
from tests.texts import OK

KILLS = 30


def in_use(path: Path) -> str:
    return f"espat: --flash: {path}: another program uses it; each module needs a file of its own\n"


def test_settings_survive_the_process(start: Start, tmp_path: Path) -> None:
    simulator = start("--flash", "flash.bin")
    with Client(simulator.port()) as client:
        client.started().join()
        assert client.command(b"AT+UART_DEF=9600,8,1,0,0") == OK
    assert simulator.stop() == 0
    assert not [line for line in simulator.stderr if "nothing that is stored is kept" in line]
    assert stat.S_IMODE((tmp_path / "flash.bin").stat().st_mode) == 0o600
    with Client(start("--flash", "flash.bin").port()) as client:
        assert client.read_until(b"GOT IP\r\n") == b"\r\nready\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n"
        assert client.command(b"AT+UART_DEF?") == b"+UART_DEF:9600,8,1,0,0\r\n" + OK


def test_a_file_that_cannot_grow_or_change_any_more(start: Start, tmp_path: Path) -> None:
    simulator = start("--flash", "flash.bin")
    with Client(simulator.port()) as client:
        assert client.started().command(b"AT+CWMODE=1") == OK
        resource.prlimit(simulator.pid, resource.RLIMIT_FSIZE, (0, 0))
        for line in (b"AT+CWMODE=3", b"AT+UART_DEF=9600,8,1,0,0", b"AT+CWMODE=2"):
            assert client.command(line) == OK
        assert client.command(b"AT+RST", b"ready\r\n") == OK + b"\r\nready\r\n"
        assert client.command(b"AT+CWMODE?") == b"+CWMODE:2\r\n" + OK
    assert simulator.stop() == 0
    log = [line for line in simulator.stderr if not line.startswith("module 0: ")]
    end = f"the flash {tmp_path}/flash.bin ends here: File too large; "
    assert log == [end + "what is stored from now on is lost with this program"]
    with Client(start("--flash", "flash.bin").port()) as client:
        assert client.started().command(b"AT+CWMODE?") == b"+CWMODE:1\r\n" + OK


@pytest.mark.parametrize("content", [b"", b"\0" * 1000, bytes(4 * 2**20), b"\xff" * (4 * 2**20 + 1)])
def test_a_file_that_others_change_meanwhile(start: Start, tmp_path: Path, content: bytes) -> None:
    simulator = start("--flash", "flash.bin")
    with Client(simulator.port()) as client:
        assert client.started().command(b"AT+CWMODE=3") == OK
        (tmp_path / "flash.bin").write_bytes(content)
        assert client.command(b"AT+CWMODE?") == b"+CWMODE:3\r\n" + OK
        assert client.command(b'AT+SYSMFG=1,"factory_param"').endswith(OK)
        for line in (b"AT+UART_DEF=9600,8,1,0,0", b"AT+CWMODE=2", b"AT+SYSFLASH?"):
            assert client.command(line).endswith(OK)
        assert client.command(b"AT+RST", b"ready\r\n") == OK + b"\r\nready\r\n"
        assert client.command(b"AT+CWMODE?") == b"+CWMODE:2\r\n" + OK
        assert client.command(b"AT+RESTORE", b"ready\r\n") == OK + b"\r\nready\r\n"
    assert simulator.stop() == 0
    told = [line for line in simulator.stderr if not line.startswith("module 0: ")]
    end = f"the flash {tmp_path}/flash.bin ends here: the file has been cut or has grown; "
    assert told == [end + "what is stored from now on is lost with this program"] * (len(content) != 4 * 2**20)


def test_without_a_file_nothing_is_kept_and_the_log_says_so_once(start: Start) -> None:
    simulator = start("--modules", "2")
    with Client(simulator.port()) as client:
        assert client.started().command(b"AT+UART_DEF=9600,8,1,0,0") == OK
    assert simulator.stop() == 0
    line = "nothing that is stored is kept when this program ends; --flash FILE would keep it"
    assert simulator.stderr.count(line) == 1
    with Client(start().port()) as client:
        assert client.started().command(b"AT+UART_DEF?") == b"+UART_DEF:115200,8,1,0,1\r\n" + OK


def test_a_file_for_each_module(start: Start, tmp_path: Path) -> None:
    simulator = start("--modules", "2", "--flash", "flash{n}.bin", "--variant", "MINI-1")
    for number in (0, 1):
        with Client(simulator.port(number)) as client:
            assert client.started().command(b"AT+SYSMSG=%d" % (number + 1)) == OK
            assert client.command(b"AT+GMR").endswith(b"(MINI-1)\r\n" + OK)
    assert simulator.stop() == 0
    for number in (0, 1):
        storage = open_storage(tmp_path / f"flash{number}.bin")
        assert storage.settings.read("NVM_012", "s_msg") == number + 1
        storage.close()


def test_files_that_the_world_names_and_those_of_the_command_line(start: Start, tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    world = '[[module]]\nflash = "esp{n}.bin"\nvariant = "MINI-1"\n[[module]]\n'
    (tmp_path / "lab" / "world.toml").write_text(world)
    simulator = start("--world", "lab/world.toml", "--modules", "3")
    for number, name in enumerate((b"MINI-1", b"WROOM-32", b"WROOM-32")):
        with Client(simulator.port(number)) as client:
            assert client.started().command(b"AT+SYSMSG=1") == OK
            assert client.command(b"AT+GMR").endswith(b"(%b)\r\n" % name + OK)
    assert simulator.stop() == 0
    assert [path.name for path in tmp_path.glob("**/*.bin")] == ["esp0.bin"]
    storage = open_storage(tmp_path / "lab" / "esp0.bin")
    assert storage.settings.read("NVM_012", "s_msg") == 1
    ended = run_espat("run", "--world", "lab/world.toml", "--link", "x{n}", directory=tmp_path)
    storage.close()
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == in_use(tmp_path / "lab" / "esp0.bin").replace("--flash: ", "")
    simulator = start("--world", "lab/world.toml", "--flash", "other{n}.bin", "--variant", "SOLO-1")
    for number in (0, 1):
        with Client(simulator.port(number)) as client:
            assert client.started().command(b"AT+GMR").endswith(b"(SOLO-1)\r\n" + OK)
    assert simulator.stop() == 0
    assert sorted(path.name for path in tmp_path.glob("**/*.bin")) == ["esp0.bin", "other0.bin", "other1.bin"]


def test_a_file_in_use_is_refused(start: Start, tmp_path: Path) -> None:
    start("--flash", "flash.bin").port()
    ended = run_espat("run", "--link", "other", "--flash", "flash.bin", directory=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == in_use(tmp_path / "flash.bin")
    ended = run_espat("run", "--modules", "2", "--flash", "same.bin", directory=tmp_path)
    assert ended.returncode == 2
    assert "--flash: needs {n}" in ended.stderr


def test_a_damaged_file_is_reported_and_kept(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "flash.bin"
    storage = open_storage(path)
    storage.settings.write("UART", "rate", 9600)
    storage.close()
    content = bytearray(path.read_bytes())
    content[0x12000 + 64 + 32 + 10] ^= 4
    path.write_bytes(content)
    simulator = start("--flash", "flash.bin", "--quiet")
    with Client(simulator.port()) as client:
        assert client.started().command(b"AT+UART_DEF?") == b"+UART_DEF:115200,8,1,0,1\r\n" + OK
    aside = tmp_path / "flash.bin.damaged-1"
    damage = "partition nvs, page 0: the CRC of entry 1 is wrong"
    assert simulator.stderr == [f"flash.bin: damaged: {damage}; kept as {aside}, and the module starts with a new one"]
    assert aside.read_bytes() == content


def test_every_setting_survives_being_killed_at_any_moment(start: Start) -> None:
    killing = Killing(Random(11))
    while killing.kills < KILLS or killing.never_seen:
        assert killing.kills < 4 * KILLS, f"never stored: {killing.never_seen}"
        killing.run(start("--flash", "flash.bin", "--link", f"port{killing.kills}"))
