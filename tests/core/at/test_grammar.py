"""Command lines, cut into their parts."""

import pytest

from espat.core.at.grammar import (
    MALFORMED,
    OMITTED,
    Command,
    Form,
    Parameter,
    UnknownCommandError,
    parse_line,
    parse_parameters,
)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"AT", Command("AT", Form.EXECUTE)),
        (b"ate0", Command("ATE0", Form.EXECUTE)),
        (b"At+CwMode?", Command("AT+CWMODE", Form.QUERY)),
        (b"AT+CWMODE=?", Command("AT+CWMODE", Form.TEST)),
        (b"AT+CWMODE=1", Command("AT+CWMODE", Form.SET, (1,))),
        (b"AT+UART_CUR?", Command("AT+UART_CUR", Form.QUERY)),
        (b"AT+CWMODE=", Command("AT+CWMODE", Form.SET, (OMITTED,))),
        (b"AT+CWMODE=?,1", Command("AT+CWMODE", Form.SET, (MALFORMED, 1))),
        (b'AT+X="a=?"', Command("AT+X", Form.SET, (b"a=?",))),
        (b"AT!%-./:_+9", Command("AT!%-./:_+9", Form.EXECUTE)),
    ],
)
def test_name_and_form(line: bytes, command: Command) -> None:
    assert parse_line(line) == command


@pytest.mark.parametrize(
    "line", [b"AT+CWMODE?1", b"AT+CWMODE??", b"AT X", b"AT\t", b"AT+\xc3\xa4", b'AT"', b"AT\r", b"AT?="]
)
def test_what_is_no_command_at_all(line: bytes) -> None:
    with pytest.raises(UnknownCommandError):
        parse_line(line)


def test_parameters_stay_as_they_were_typed() -> None:
    assert parse_line(b'at+cwjap="MyNet"').parameters == (b"MyNet",)


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        # numbers
        (b"0", [0]),
        (b"007", [7]),
        (b"-1", [-1]),
        (b"0x7FF", [2047]),
        (b"0X7fF", [2047]),
        (b"4294967295", [2**32 - 1]),
        (b"0xffffffff", [2**32 - 1]),
        (b"-2147483648", [-(2**31)]),
        (b"4294967296", [MALFORMED]),
        (b"0x100000000", [MALFORMED]),
        (b"-2147483649", [MALFORMED]),
        (b"9" * 250, [MALFORMED]),
        (b"-", [MALFORMED]),
        (b"--1", [MALFORMED]),
        (b"+1", [MALFORMED]),
        (b" 1", [MALFORMED]),
        (b"1 ", [MALFORMED]),
        (b"1.5", [MALFORMED]),
        (b"1_000", [MALFORMED]),
        (b"0x", [MALFORMED]),
        (b"0xg", [MALFORMED]),
        (b"-0x1", [MALFORMED]),
        (b"12a", [MALFORMED]),
        (b"TCP", [MALFORMED]),
        (b"\xb2", [MALFORMED]),
        # strings
        (b'""', [b""]),
        (b'"ssid","password"', [b"ssid", b"password"]),
        (b'"comma\\,backslash\\\\ssid","1234567890"', [b"comma,backslash\\ssid", b"1234567890"]),
        (b'0,"topic","\\"{\\"sensor\\":012}\\"",1,0', [0, b"topic", b'"{"sensor":012}"', 1, 0]),
        (b'0,"topic","{"sensor":012}",1,0', [0, b"topic", MALFORMED, 1, 0]),
        (b'"\\a\\0"', [b"a0"]),
        (b'"a\\,b"', [b"a,b"]),
        (b'"a,b"', [MALFORMED, MALFORMED]),
        (b'"lab 2,4","12345,678"', [MALFORMED, MALFORMED, MALFORMED, MALFORMED]),
        (b'"a,1', [MALFORMED, 1]),
        (b'"a"b","c"', [MALFORMED, b"c"]),
        (b'"a""b"', [MALFORMED]),
        (b'"\xff\x00"', [b"\xff\x00"]),
        (b'"', [MALFORMED]),
        (b'"a', [MALFORMED]),
        (b'"a\\"', [MALFORMED]),
        (b'"a\\', [MALFORMED]),
        (b'"a"b', [MALFORMED]),
        (b'a"b"', [MALFORMED]),
        (b'"a" ,1', [MALFORMED, 1]),
        # omitted
        (b"", [OMITTED]),
        (b",", [OMITTED, OMITTED]),
        (b'"ssid","password",,1', [b"ssid", b"password", OMITTED, 1]),
        (b'1,"a",', [1, b"a", OMITTED]),
        (b",1", [OMITTED, 1]),
        (b"1,,,2", [1, OMITTED, OMITTED, 2]),
    ],
)
def test_parameters(text: bytes, parameters: list[Parameter]) -> None:
    assert parse_parameters(text) == parameters


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        (b'"lab 2,4","12345,678"', [b"lab 2,4", b"12345,678"]),
        (b'"lab 2\\,4"', [b"lab 2,4"]),
        (b'"a"b,c"', [MALFORMED, MALFORMED]),
        (b'"a,1', [MALFORMED]),
    ],
)
def test_parameters_where_commas_belong_to_strings(text: bytes, parameters: list[Parameter]) -> None:
    assert parse_parameters(text, commas_in_strings=True) == parameters


def test_a_bare_zero_is_not_an_omitted_parameter() -> None:
    assert parse_parameters(b"0") == [0]
    assert parse_parameters(b"0")[0] is not OMITTED
