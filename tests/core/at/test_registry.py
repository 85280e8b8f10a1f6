"""Commands to handlers."""

from typing import Annotated, Any, Final

import pytest

from espat.core.at.arguments import Range
from espat.core.at.errors import CommandError
from espat.core.at.grammar import Form, parse_line
from espat.core.at.registry import CommandTable, Registry
from espat.core.events import Event

table = CommandTable()


@table.command("AT+MODE", Form.QUERY)
def mode(module: Any) -> None: ...


@table.command("AT+MODE", Form.SET)
def set_mode(module: Any, mode: Annotated[int, Range(0, 3)]) -> None: ...


@table.command("AT+LINK", Form.SET, when=lambda module, parameters: module == "multiple")
async def link_of_many(module: Any) -> None: ...


@table.command("AT+LINK", Form.SET, when=lambda module, parameters: parameters[:1] == (b"TCP",))
async def tcp_link(module: Any) -> None: ...


@table.wire("+IPD", "report")
def data_report() -> None: ...


def find(line: bytes, context: Any = None) -> object:
    return Registry([table]).find(context, parse_line(line)).handler


def test_name_and_form_lead_to_the_handler() -> None:
    assert find(b"AT+MODE?") is mode
    assert find(b"at+mode=1") is set_mode


@pytest.mark.parametrize("line", [b"AT+MODE", b"AT+MODE=?", b"AT+MODES?", b"AT", b"AT+LINK=1"])
def test_an_unknown_command_or_form(line: bytes) -> None:
    with pytest.raises(CommandError) as caught:
        find(line)
    assert caught.value.code == 0x01090000


def test_the_first_signature_that_fits_is_taken() -> None:
    assert find(b'AT+LINK="TCP"') is tcp_link
    assert find(b'AT+LINK="TCP"', "multiple") is link_of_many


def test_a_command_that_is_not_built_in_is_unknown() -> None:
    registry = Registry([table], lambda name: name != "AT+LINK")
    assert set(registry) == {("AT+MODE", Form.QUERY), ("AT+MODE", Form.SET)}
    with pytest.raises(CommandError):
        registry.find("multiple", parse_line(b"AT+LINK=1"))


def test_what_a_registry_holds() -> None:
    registry = Registry([table])
    assert list(registry) == [("AT+MODE", Form.QUERY), ("AT+MODE", Form.SET), ("AT+LINK", Form.SET)]
    assert ("AT+MODE", Form.QUERY) in registry
    assert ("AT+MODE", Form.TEST) not in registry


def test_entries_know_what_they_are() -> None:
    registry = Registry([table])
    entry = registry.find(None, parse_line(b"AT+MODE=1"))
    assert not entry.is_async
    assert entry.signature is entry.signature
    assert [name for name, _, _ in entry.signature.arguments] == ["mode"]
    assert registry.find("multiple", parse_line(b"AT+LINK=1")).is_async


def test_formats_that_are_no_commands_are_noted_with_their_table() -> None:
    assert table.formats == [("+IPD", "report")]


def test_some_of_a_table() -> None:
    assert list(Registry([table.only("AT+LINK")])) == [("AT+LINK", Form.SET)]
    assert list(Registry([table.only(("AT+MODE", Form.SET))])) == [("AT+MODE", Form.SET)]
    with pytest.raises(KeyError):
        table.only("AT+NOTHING")
    with pytest.raises(KeyError):
        table.only(("AT+LINK", Form.QUERY))


def test_the_first_table_that_has_a_form_counts() -> None:
    newer = CommandTable()

    @newer.command("AT+LINK", Form.SET, when=lambda context, parameters: context == "single")
    def other_link(context: object, number: Annotated[int, Range(0, 4)]) -> None: ...

    registry = Registry([newer, table])
    assert registry.find("single", parse_line(b"AT+LINK=1")).handler is other_link
    with pytest.raises(CommandError):
        registry.find("multiple", parse_line(b"AT+LINK=1"))
    assert registry.find("single", parse_line(b"AT+MODE=1")).handler is set_mode


RUNG: Final = Event[[int]]()
GONE: Final = Event[[]]()


def a_chapter() -> CommandTable:
    """A table with a report, a start and a secret."""
    chapter = CommandTable()
    chapter.report(RUNG)(lambda module, times: module.append(times))
    chapter.start(lambda module: module.append("started"))
    chapter.secrets(lambda module: [b"password"])
    return chapter


def test_a_registry_has_the_reports_starts_and_secrets_of_all_tables() -> None:
    registry = Registry((a_chapter(), CommandTable(), a_chapter()))
    module: list[object] = []
    registry.reports[RUNG](module, 3)
    for start in registry.starts:
        start(module)
    assert module == [3, "started", "started"]
    assert [list(known(module)) for known in registry.secrets] == [[b"password"], [b"password"]]
    assert GONE not in registry.reports


def test_the_first_table_that_reports_an_event_counts() -> None:
    other = CommandTable()
    other.report(RUNG)(lambda module, times: module.append("other"))
    module: list[object] = []
    Registry((other, a_chapter())).reports[RUNG](module, 3)
    assert module == ["other"]


def test_the_report_of_an_event_can_be_taken_alone() -> None:
    taken = a_chapter().only(RUNG)
    assert set(taken.reports) == {RUNG}
    assert taken.starts == []
    with pytest.raises(KeyError):
        a_chapter().only(GONE)
