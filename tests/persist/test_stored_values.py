"""Stored values that make no sense: reported, and their default taken, as by a module; and refused by those who put
them into a flash."""

import re
from pathlib import Path

import pytest

import espat
from espat.cli import main
from espat.dialects.names import RUNNABLE
from espat.persist.nvs.entry import Type
from espat.persist.storage import Storage, open_storage
from espat.persist.stored_values import STORED
from espat.radio.station import Station
from tests.stress.images import boot_from
from tests.texts import OK
from tests.workbench import workbench

NONSENSE = [
    ("NVM_001", "ip", "not-an-ip", "an IPv4 address such as 192.168.4.1"),
    ("NVM_005", "enable", "9", "a number from 0 to 3"),
    ("NVM_005", "type", "SCTP", "one of TCP, UDP, SSL"),
    ("nvs.net80211", "ap.authmode", "77", "one of 0, 2, 3, 4"),
    ("nvs.net80211", "sta.ssid", "x" * 33, "0 to 32 bytes"),
    ("NVM_002", "netmask", "255.0.255.0", "a netmask such as 255.255.255.0"),
    ("NVM_004", "mac", "abc", "one of 0, 6 bytes"),
]


def test_all_settings_have_their_values() -> None:
    package = Path(espat.__file__).parent
    sources = "".join(path.read_text() for path in package.rglob("*.py") if path.name != "settings.py")
    assert set(re.findall(r'Setting\(\s*"([^"]+)", "([^"]+)"', sources)) == set(STORED)


@pytest.mark.parametrize(("namespace", "key", "value", "right"), NONSENSE)
def test_they_are_not_put_into_a_flash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], namespace: str, key: str, value: str, right: str
) -> None:
    path = tmp_path / "flash.bin"
    open_storage(path).close()
    before = path.read_bytes()
    assert main(["flash", "set", str(path), namespace, key, value]) == 2
    assert capsys.readouterr().err == f"espat: {namespace} {key}: expected {right}, got {value!r}\n"
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("namespace", "key", "value", "right"), [each for each in NONSENSE if each[1] not in ("type", "netmask")]
)
@pytest.mark.parametrize("dialect", RUNNABLE)
async def test_a_module_takes_the_default(
    caplog: pytest.LogCaptureFixture, namespace: str, key: str, value: str, right: str, dialect: str
) -> None:
    storage = Storage()
    partition = storage.settings.partition
    partition.write("nvs.net80211", "opmode", Type.U8, 3)
    partition.write("NVM_001", "gw", Type.BLOB, b"10.0.0.1")
    if value.isdigit():
        partition.write(namespace, key, Type.I32, int(value))
    else:
        partition.write(namespace, key, Type.BLOB, value.encode())
    async with workbench(storage=storage) as bench:
        assert await bench.command(b"AT") == OK
        for line in (b"AT+CWSAP?", b"AT+CIPAP?", b"AT+CIPSTA?", b"AT+CWMODE?", b"AT+CIFSR", b"AT+CWJAP?"):
            assert (await bench.command(line)).endswith(OK)
        assert await bench.command(b"AT+CIPAPMAC?") != b""
    said = [
        message
        for message in caplog.messages
        if message.startswith(f"the flash: {namespace} {key}: expected {right}, got ")
    ]
    assert len(said) == 1
    assert said[0].endswith("; the default is taken")


async def test_a_password_is_not_said(caplog: pytest.LogCaptureFixture) -> None:
    storage = Storage()
    storage.settings.partition.write("nvs.net80211", "sta.pswd", Type.BLOB, b"secret" * 20)
    async with workbench(storage=storage) as bench:
        await bench.command(b"AT+CWJAP?")
        assert bench.module[Station].password == b""
    assert ", got 120 bytes;" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize("dialect", RUNNABLE)
async def test_a_module_boots_from_any_image(dialect: str, seed: int) -> None:
    assert await boot_from(seed, dialect)
