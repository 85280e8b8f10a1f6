"""The catalogue, AT+CMD? and the builds: what is documented, registered, built in and working."""

import subprocess
import sys
from itertools import groupby

import pytest

from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.dialects.catalogue import load_catalogue
from espat.dialects.coverage import coverage
from espat.dialects.esp32_v5 import Esp32V5
from espat.dialects.loading import load_firmware
from espat.dialects.names import BUILDS, DIALECTS, RUNNABLE
from tests.workbench import workbench

QUERY, SET, EXECUTE = Form.QUERY, Form.SET, Form.EXECUTE


@pytest.mark.parametrize(("dialect", "entries"), [("esp32-v5", 213), ("esp8266-v0.30", 61), ("tencent-tc", 30)])
def test_every_documented_command_is_in_the_catalogue_once(dialect: str, entries: int) -> None:
    names = [entry.name for entry in load_catalogue(dialect).documented]
    assert len(names) == len(set(names)) == entries


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_entry_has_forms_that_exist_and_stands_with_its_chapter(dialect: str) -> None:
    documented = load_catalogue(dialect).documented
    words = ("test", "query", "set", "execute", "urc")
    for entry in documented:
        assert entry.forms
        assert list(entry.forms) == sorted(set(entry.forms), key=words.index)
    chapters = [chapter for chapter, _ in groupby(entry.chapter for entry in documented)]
    assert len(chapters) == len(set(chapters))


def test_the_chapters_of_the_esp32_manual() -> None:
    documented = load_catalogue("esp32-v5").documented
    chapters = [(chapter, len(list(entries))) for chapter, entries in groupby(documented, lambda entry: entry.chapter)]
    assert chapters == [
        ("basic", 26),
        ("wifi", 28),
        ("tcpip", 42),
        ("ble", 46),
        ("bt", 22),
        ("mqtt", 13),
        ("http", 8),
        ("fs", 2),
        ("websocket", 5),
        ("ethernet", 2),
        ("factory", 1),
        ("driver", 12),
        ("webserver", 1),
        ("user", 5),
    ]


def test_the_firmware_registers_what_the_manual_documents() -> None:
    catalogue = load_catalogue("esp32-v5")
    registered = {command.name: {form.value for form in command.forms} for command in catalogue.registered}
    assert len(registered) == len(catalogue.registered) == 223
    for entry in catalogue.documented:
        for command in entry.commands:
            if command.startswith("AT"):
                assert registered.pop(command) == set(entry.forms)
    assert sorted(registered) == [
        "AT+BLEHIDNAME",
        "AT+BLERDRSSI",
        "AT+BLEWL",
        "AT+BTADDR",
        "AT+CEHOSTNAME",
        "AT+MQTTCLIENTID",
        "AT+MQTTPASSWORD",
        "AT+MQTTUSERNAME",
        "AT+SYSLSP",
        "AT+SYSLSPCFG",
        "AT+UART",
    ]


def test_the_order_and_the_forms_the_firmware_registers() -> None:
    registered = [(name, set(forms)) for name, forms, _ in load_catalogue("esp32-v5").registered]
    assert registered[:7] == [
        ("AT", {EXECUTE}),
        ("ATE0", {EXECUTE}),
        ("ATE1", {EXECUTE}),
        ("AT+RST", {EXECUTE}),
        ("AT+GMR", {EXECUTE}),
        ("AT+CMD", {QUERY}),
        ("AT+SAVETRANSLINK", {SET}),
    ]
    assert ("AT+CWJAP", {QUERY, SET, EXECUTE}) in registered
    assert registered[-1] == ("AT+WEBSERVER", {SET})


def test_the_groups_and_those_of_the_released_firmware() -> None:
    catalogue = load_catalogue("esp32-v5")
    groups = [group for group, _ in groupby(command.group for command in catalogue.registered)]
    assert groups == [
        *("base", "wifi", "smartconfig", "wps", "eap", "mdns", "net", "ping", "mqtt", "http", "ws", "ble", "blehid"),
        *("blufi", "bt", "spp", "a2dp", "fs", "driver", "eth", "fact", "ota", "uart", "user", "web"),
    ]
    assert set(groups) - catalogue.released == {"eap", "ws", "bt", "spp", "a2dp", "fs", "driver", "eth", "web"}
    assert len(catalogue.in_release()) == 176


@pytest.mark.parametrize("dialect", RUNNABLE)
def test_every_handler_has_an_entry(dialect: str) -> None:
    catalogue = load_catalogue(dialect)
    known = {(name, form.value) for name, forms, _ in catalogue.registered for form in forms}
    known |= {(name, form) for entry in catalogue.documented for name in entry.commands for form in entry.forms}
    assert load_firmware(dialect).implemented() - known == set()


@pytest.mark.parametrize("dialect", RUNNABLE)
def test_every_entry_has_a_handler_or_a_reason(dialect: str) -> None:
    reasons = load_catalogue(dialect).open
    unexplained = [
        (row.command, row.form)
        for row in coverage(dialect)
        if not row.works and not (row.command in reasons or row.group in reasons)
    ]
    assert unexplained == []


@pytest.mark.parametrize("dialect", RUNNABLE)
def test_a_reason_is_gone_once_everything_works(dialect: str) -> None:
    missing = {name for row in coverage(dialect) if not row.works for name in (row.command, row.group)}
    assert set(load_catalogue(dialect).open) - missing == set()


def test_no_esp32_command_has_the_test_form() -> None:
    assert [name for name, form in Esp32V5().registry if form is Form.TEST] == []


async def test_the_command_list_begins_as_the_firmwares() -> None:
    async with workbench() as bench:
        printed = await bench.command(b"AT+CMD?")
    assert printed.startswith(
        b'+CMD:0,"AT",0,0,0,1\r\n+CMD:1,"ATE0",0,0,0,1\r\n+CMD:2,"ATE1",0,0,0,1\r\n+CMD:3,"AT+RST",0,0,0,1\r\n'
    )
    assert printed.endswith(b"\r\n\r\nOK\r\n")


async def test_the_command_list_counts_up_and_names_what_works_in_order() -> None:
    async with workbench() as bench:
        printed = await bench.command(b"AT+CMD?")
    lines = printed.decode().split("\r\n")[:-3]
    names = []
    for number, line in enumerate(lines):
        index, name, test, *flags = line.removeprefix("+CMD:").split(",")
        assert (int(index), test) == (number, "0")
        names.append(name.strip('"'))
        for form, flag in zip((QUERY, SET, EXECUTE), flags, strict=True):
            assert flag == str(int((name.strip('"'), form) in bench.module.firmware.registry))
    order = [command.name for command in load_catalogue("esp32-v5").registered]
    assert names == [name for name in order if name in names]
    assert set(names) == {name for name, _ in bench.module.firmware.registry}


async def test_only_the_query_lists_the_commands() -> None:
    async with workbench() as bench:
        assert await bench.command(b"AT+CMD") == b"\r\nERROR\r\n"
        assert await bench.command(b"AT+CMD=?") == b"\r\nERROR\r\n"
        assert await bench.command(b"AT+CMD=1") == b"\r\nERROR\r\n"


def test_the_release_build_has_the_released_groups_only(monkeypatch: pytest.MonkeyPatch) -> None:
    table = CommandTable()
    for name, form in (("AT+WEBSERVER", SET), ("AT+FS", SET), ("AT+SYSLSP", EXECUTE), ("AT", EXECUTE)):
        table.command(name, form)(lambda module: None)
    monkeypatch.setattr(Esp32V5, "tables", (table,))
    full, release = Esp32V5("full"), Esp32V5("release")
    assert [name for name, _ in full.command_list()] == ["AT", "AT+SYSLSP", "AT+FS", "AT+WEBSERVER"]
    assert [name for name, _ in release.command_list()] == ["AT", "AT+SYSLSP"]
    assert set(release.registry) == {("AT", EXECUTE), ("AT+SYSLSP", EXECUTE)}


def test_a_build_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a build, one of full, release, got 'debug'"):
        Esp32V5("debug")


def test_a_full_build_starts_without_reading_the_catalogue() -> None:
    code = """if True:
        from espat.dialects.esp32_v5 import Esp32V5
        from espat.dialects.catalogue import load_catalogue
        Esp32V5()
        print(load_catalogue.cache_info().currsize)
    """
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout == "0\n"


@pytest.mark.parametrize("dialect", RUNNABLE)
def test_what_every_firmware_has(dialect: str) -> None:
    for build in BUILDS:
        registry = load_firmware(dialect, build).registry
        assert {("AT", EXECUTE), ("AT+RST", EXECUTE), ("AT+GMR", EXECUTE), ("AT+CIPSTART", SET)} <= set(registry)
