"""The grammar of a command line: `AT+NAME`, `AT+NAME?`, `AT+NAME=?`, `AT+NAME=<parameters>`.

Sans-IO. Source: ESP-AT User Guide, chapter 3, "AT Command Types" and "AT Commands with Parameters". Comma, quote and
backslash in a string need a backslash before them; modules of ESP-AT refuse `AT+CWJAP="lab 2,4"` (reports of 2.x).
"""

import re
from enum import Enum
from typing import Final, NamedTuple

NAME_BYTES: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!%-./:_+"
"""What a command name may consist of once it is folded to capitals."""

MARK: Final = re.compile(rb"[=?]")
"""What ends a command name and says what the form is."""

NUMBER_MINIMUM: Final = -(2**31)
NUMBER_MAXIMUM: Final = 2**32 - 1
"""Numbers are 32 bits wide; a few parameters take the unsigned range."""


class Form(Enum):
    """The four forms of a command. The values are the words the command catalogue uses."""

    TEST = "test"
    QUERY = "query"
    SET = "set"
    EXECUTE = "execute"


class Omitted(Enum):
    """A parameter that was left empty: it counts as given and takes its default."""

    OMITTED = "omitted"


class Malformed(Enum):
    """A parameter that is neither a number nor a complete quoted string."""

    MALFORMED = "malformed"


OMITTED: Final = Omitted.OMITTED
MALFORMED: Final = Malformed.MALFORMED

Parameter = int | bytes | Omitted | Malformed
"""A bare number, a quoted string without its quotes and escapes, or what stands in their place."""


class Command(NamedTuple):
    """One command line, cut into its parts; parameters stay as they were typed."""

    name: str
    form: Form
    parameters: tuple[Parameter, ...] = ()


class UnknownCommandError(Exception):
    """The line has no command name the grammar knows."""


def parse_line(line: bytes, *, folds_names: bool = True, commas_in_strings: bool = False) -> Command:
    """Cut a line (without its CR LF) into name, form and parameters.

    `folds_names`: to capitals. `commas_in_strings`: see `parse_parameters`. Raises UnknownCommandError when the part
    before `=` or `?` cannot be a command name.
    """
    mark = MARK.search(line)
    end = mark.start() if mark is not None else len(line)
    name = line[:end].upper() if folds_names else line[:end]
    if name.translate(None, NAME_BYTES):  # something else is left
        raise UnknownCommandError
    rest = line[end:]
    if not rest:
        form = Form.EXECUTE
    elif rest == b"?":
        form = Form.QUERY
    elif rest == b"=?":
        form = Form.TEST
    elif rest.startswith(b"="):
        parameters = parse_parameters(rest[1:], commas_in_strings=commas_in_strings)
        return Command(name.decode(), Form.SET, tuple(parameters))
    else:
        raise UnknownCommandError
    return Command(name.decode(), form)


def parse_parameters(text: bytes, *, commas_in_strings: bool = False) -> list[Parameter]:
    """Cut the part behind `=` at its separating commas and read each piece.

    `commas_in_strings`: whether a comma between quotes belongs to the string though no backslash stands before it; in
    ESP-AT it separates wherever it stands.
    """
    parameters: list[Parameter] = []
    at = 0
    while True:
        if text[at : at + 1] == b'"':
            value, at = _quoted(text, at + 1, commas_in_strings)
        else:
            end = _comma(text, at)
            value, at = _bare(text[at:end]), end
        parameters.append(value)
        if at >= len(text):
            return parameters
        at += 1  # the comma


def _comma(text: bytes, at: int) -> int:
    """Where the next comma is; the end where there is none."""
    comma = text.find(b",", at)
    return len(text) if comma < 0 else comma


def _quoted(text: bytes, at: int, commas_in_strings: bool) -> tuple[Parameter, int]:
    """Read a quoted string from behind its opening quote; returns it and the place of the comma or end behind it.

    The next quote without a backslash ends it, and nothing may stand between that and the comma.
    """
    value = bytearray()
    end = len(text)
    while at < end:
        byte = text[at]
        if byte == 0x5C and at + 1 < end:  # backslash: the next byte stands for itself
            value.append(text[at + 1])
            at += 2
            continue
        if byte == 0x22:
            behind = _comma(text, at)
            return (bytes(value) if behind == at + 1 else MALFORMED), behind
        if byte == 0x2C and not commas_in_strings:
            return MALFORMED, at
        value.append(byte)
        at += 1
    return MALFORMED, end


def _bare(text: bytes) -> Parameter:
    if not text:
        return OMITTED
    digits = text[1:] if text[:1] == b"-" else text
    if digits.isdigit():
        number = int(text)
    elif text[:2].lower() == b"0x" and all(byte in b"0123456789abcdefABCDEF" for byte in text[2:]) and len(text) > 2:
        number = int(text, 16)
    else:
        return MALFORMED
    return number if NUMBER_MINIMUM <= number <= NUMBER_MAXIMUM else MALFORMED
