"""`espat commands`: what a user reads about the catalogue."""

import json

import pytest

from espat.cli import main
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.dialects.esp32_v5 import Esp32V5


@pytest.fixture
def one_table(monkeypatch: pytest.MonkeyPatch) -> CommandTable:
    """A firmware that is empty but for what the test puts into the table."""
    table = CommandTable()
    monkeypatch.setattr(Esp32V5, "tables", (table,))
    return table


def handler() -> None:
    """Never called."""


def printed_json(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, object]]:
    assert main(["commands", "--format", "json", *options]) == 0
    rows: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return rows


def test_json_has_a_row_for_each_form(capsys: pytest.CaptureFixture[str]) -> None:
    rows = printed_json(capsys)
    assert rows[0] == {"command": "AT", "form": "execute", "group": "basic", "works": True, "reason": ""}
    assert {"command": "AT+CWJAP", "form": "set", "group": "wifi", "works": True, "reason": ""} in rows
    missing = {"command": "AT+WEBSERVER", "form": "set", "group": "webserver", "works": False}
    assert missing | {"reason": "there is no web server"} in rows
    assert {row["form"] for row in rows if row["command"] == "AT+CWJAP"} == {"query", "set", "execute"}
    assert {row["form"] for row in rows if row["command"] == "+IPD"} == {"urc"}
    assert len({row["command"] for row in rows}) == 213


@pytest.mark.parametrize(("dialect", "entries"), [("tencent-tc", 30)])
def test_a_dialect_without_a_firmware_misses_everything(
    dialect: str, entries: int, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = printed_json(capsys, "--dialect", dialect)
    assert len({row["command"] for row in rows}) == entries
    assert {row["works"] for row in rows} == {False}


def test_what_works_is_what_has_a_handler(one_table: CommandTable, capsys: pytest.CaptureFixture[str]) -> None:
    one_table.command("AT+CWMODE", Form.QUERY)(handler)
    one_table.wire("+IPD", "urc")(handler)
    working = [(row["command"], row["form"]) for row in printed_json(capsys) if row["works"]]
    assert working == [("AT+CWMODE", "query"), ("+IPD", "urc")]


def test_ate_works_when_both_of_its_commands_do(one_table: CommandTable, capsys: pytest.CaptureFixture[str]) -> None:
    one_table.command("ATE0", Form.EXECUTE)(handler)
    assert [row["command"] for row in printed_json(capsys) if row["works"]] == []
    one_table.command("ATE1", Form.EXECUTE)(handler)
    assert [row["command"] for row in printed_json(capsys) if row["works"]] == ["ATE"]


def test_text_is_aligned_and_sums_up_each_group(one_table: CommandTable, capsys: pytest.CaptureFixture[str]) -> None:
    one_table.command("AT+CWINIT", Form.QUERY)(handler)
    one_table.command("AT+CWINIT", Form.SET)(handler)
    one_table.command("AT+CWMODE", Form.QUERY)(handler)
    assert main(["commands"]) == 0
    lines = capsys.readouterr().out.split("\n")
    at = lines.index("wifi: 1 of 28 commands work")
    assert lines[at - 1 : at + 6] == [
        "",
        "wifi: 1 of 28 commands work",
        "  AT+CWINIT            query    works",
        "  AT+CWINIT            set      works",
        "  AT+CWMODE            query    works",
        "  AT+CWMODE            set      missing",
        "  AT+CWBANDWIDTH       query    missing",
    ]
    assert "basic: 0 of 26 commands work" in lines
    assert lines[-2:] == [
        "1 of the 213 commands that esp32-v5 documents work here; the others answer as unknown ones do.",
        "",
    ]


def test_markdown_is_a_table(one_table: CommandTable, capsys: pytest.CaptureFixture[str]) -> None:
    one_table.command("AT", Form.EXECUTE)(handler)
    assert main(["commands", "--format", "markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "| command | form | group | works |",
        "| --- | --- | --- | --- |",
        "| `AT` | execute | basic | yes |",
        "| `AT+RST` | execute | basic | no |",
    ]


@pytest.mark.parametrize("option", [["--dialect", "esp32-v4"], ["--format", "xml"]])
def test_wrong_usage_ends_with_2(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["commands", *option])
    assert ended.value.code == 2
    assert option[1] in capsys.readouterr().err
