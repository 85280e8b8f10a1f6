"""Every command of each firmware with wrong counts, types and ranges: the answer is always a well-formed one."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espat.core.at.arguments import Argument, Flag, OneOf, Range, Text, Word
from espat.core.at.engine import Engine
from espat.core.at.grammar import Form
from espat.core.at.machine import State
from espat.core.at.registry import Entry
from espat.dialects.loading import load_firmware
from espat.dialects.names import RUNNABLE
from espat.scenario.world.world import World
from tests.workbench import Workbench, workbench

pytestmark = pytest.mark.slow

RESTARTING = {"AT+RST", "AT+RESTORE", "AT+GSLP", "AT+RFCAL"}
"""They answer, but then everything starts anew."""

ENTRIES: dict[str, list[Entry]] = {
    dialect: [
        entry
        for table in load_firmware(dialect).tables
        for entry in table.entries
        if entry.name not in RESTARTING and (entry.name, entry.form) in load_firmware(dialect).registry
    ]
    for dialect in RUNNABLE
}
COMMANDS = {
    dialect: sorted({(entry.name, entry.form) for entry in entries}, key=lambda command: (command[0], command[1].value))
    for dialect, entries in ENTRIES.items()
}
SUFFIX = {Form.EXECUTE: b"", Form.QUERY: b"?", Form.TEST: b"=?"}

NUMBERS = tuple(b"-1 0 1 2 3 5 10 80 65535 65536 4294967295 4294967296 0x7FF".split())
STRINGS = (
    *(b'""', b'"a"', b'"\xff\x00"', b'"\\",\\\\"', b'"' + b"x" * 70 + b'"', b'"TCP"', b'"UDP"', b'"SSL"', b'"TCPv6"'),
    *(b'"192.168.3.102"', b'"0.0.0.0"', b'"255.255.255.0"', b'"300.1.1.1"', b'"no.such.host"', b'"::1"', b'"CN"'),
    *(b'"ca:6f:00:00:00:01"', b'"00:00:00:00:00:00"', b'"espressif"', b'"1234567890"'),
)
JUNK = (b"", b"0xZ", b"abc", b"1.5", b'"', b'"a', b"'a'", b'"\\', b"9" * 60, b"\xff")

FINAL = re.compile(rb"\r\n(?:OK|ERROR|FAIL|SEND OK|SEND FAIL|SEND Canceled)\r\n")
ERROR_CODE = re.compile(rb"ERR CODE:(?!0x01[0-9a-f]{6}\r\n)")


def lines_of_every_count(dialect: str) -> list[bytes]:
    """Every command and form, none left out, with lists of equal parameters of every length up to ten."""
    lines = []
    for name, form in COMMANDS[dialect]:
        if form is Form.SET:
            lines += [
                name.encode() + b"=" + b",".join([parameter] * count)
                for parameter in (b"", b"0", b"1", b'"a"', b"abc", b"-1", b"4294967295")
                for count in range(1, 11)
            ]
        else:
            lines += [name.encode() + SUFFIX[form]]
    return lines


def likely(argument: Argument) -> tuple[bytes, ...]:
    """What the parameter takes, and what it just does not take any more."""
    if isinstance(argument, Range):
        values: tuple[int, ...] = (argument.least - 1, argument.least, argument.most, argument.most + 1)
        return tuple(b"%d" % value for value in values)
    if isinstance(argument, OneOf) and argument.values:
        return tuple(b"%d" % value for value in argument.values)
    if isinstance(argument, Flag):
        return b"0", b"1", b"2"
    if isinstance(argument, Text):
        return tuple(
            b'"%b"' % (b"x" * max(0, length)) for length in (argument.least - 1, argument.most, argument.most + 1)
        )
    if isinstance(argument, Word) and argument.words:
        return tuple(b'"%b"' % word for word in argument.words)
    return STRINGS if argument.wire_type is bytes else NUMBERS


@st.composite
def command_lines(draw: st.DrawFn, dialect: str) -> bytes:
    """A command, mostly with as many parameters of about the right values as it takes."""
    entry = draw(st.sampled_from(ENTRIES[dialect]))
    name = entry.name.encode()
    if entry.form is not Form.SET:
        return name + SUFFIX[entry.form]
    parameters = [
        draw(
            st.sampled_from(likely(argument)) if draw(st.integers(0, 9)) else st.sampled_from(STRINGS + NUMBERS + JUNK)
        )
        for _, argument, _ in entry.signature.arguments
    ]
    least = sum(mandatory for _, _, mandatory in entry.signature.arguments)
    extra = draw(st.lists(st.sampled_from(STRINGS + NUMBERS + JUNK), max_size=2)) if not draw(st.integers(0, 9)) else []
    return name + b"=" + b",".join(parameters[: draw(st.integers(max(0, least - 1), len(parameters)))] + extra)


async def answer(bench: Workbench, line: bytes) -> bytes:
    """Send a line and do what it takes to bring the command to its end; returns what was printed behind the echo."""
    engine = bench.module[Engine]
    printed = await bench.command(line)
    for _ in range(200):
        entry = engine.want.entry
        if entry is not None and entry.cancellable:
            await bench.advance(1)
            printed += await bench.send(b"+++")
            printed += await bench.advance(1)
        elif entry is not None:
            printed += await bench.send(b"~")  # occurs in no output, so a filter made of it filters nothing
        elif engine.want.state is State.BUSY:
            printed += await bench.advance(5)
        else:
            break
    assert engine.want.state is not State.BUSY, line
    return printed


async def check(bench: Workbench, line: bytes) -> None:
    printed = await answer(bench, line)
    finals = FINAL.findall(re.sub(rb"\r\nOK\r\n(\r\n>|> )", b"", printed))
    assert len(finals) == 1, (line, printed)
    assert not ERROR_CODE.search(printed), (line, printed)


async def join(bench: Workbench) -> None:
    assert await answer(bench, b"AT+CWMODE=1") == b"\r\nOK\r\n"
    printed = await answer(bench, b'AT+CWJAP="espressif","1234567890"')
    assert printed == b"WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n"


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("dialect", RUNNABLE)
async def test_every_command_answers_to_any_count_of_parameters(dialect: str, joined: bool) -> None:
    async with workbench(World(offline=True), dialect=dialect) as bench:
        if joined:
            await join(bench)
        bench.module[Engine].syslog = True
        for line in lines_of_every_count(dialect):
            await check(bench, line)
        await answers_at(bench)


async def test_no_command_takes_a_test_form_or_a_form_it_lacks() -> None:
    async with workbench(World(offline=True)) as bench:
        bench.module[Engine].syslog = True
        registry = bench.module.firmware.registry
        for name in sorted({name for name, _ in COMMANDS["esp32-v5"]}):
            for form, suffix in SUFFIX.items():
                if (name, form) not in registry:
                    printed = await bench.command(name.encode() + suffix)
                    assert printed == b"ERR CODE:0x01090000\r\n\r\nERROR\r\n", (name, form)


@pytest.mark.parametrize("dialect", RUNNABLE)
@settings(max_examples=100, deadline=None)
@given(data=st.data(), syslog=st.booleans(), joined=st.booleans())
async def test_every_command_answers_to_any_parameters(
    dialect: str, data: st.DataObject, syslog: bool, joined: bool
) -> None:
    lines = data.draw(st.lists(command_lines(dialect), min_size=1, max_size=8))
    async with workbench(World(offline=True), dialect=dialect) as bench:
        if joined:
            await join(bench)
        bench.module[Engine].syslog = syslog
        for line in lines:
            await check(bench, line)
        await answers_at(bench)


async def answers_at(bench: Workbench) -> None:
    """It still answers, with its echo."""
    bench.module[Engine].echo = True
    assert await bench.command(b"AT") == b"\r\nOK\r\n"
