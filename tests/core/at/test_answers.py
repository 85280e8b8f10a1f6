"""The bytes of answers and error codes."""

import pytest

from espat.commands import passthrough
from espat.commands.sending import SEND_CANCELED, SEND_FAIL, SEND_OK
from espat.core.at import errors
from espat.core.at.answers import ERROR, NOTHING, OK, Line, Prompt, Result, Unterminated
from espat.core.at.conventions import ESP_AT
from espat.dialects.firmware import Dialect


@pytest.mark.parametrize(
    ("result", "wire"),
    [
        (OK, b"\r\nOK\r\n"),
        (ERROR, b"\r\nERROR\r\n"),
        (SEND_OK, b"\r\nSEND OK\r\n"),
        (SEND_FAIL, b"\r\nSEND FAIL\r\n"),
        (SEND_CANCELED, b"\r\nSEND Canceled\r\n"),
        (NOTHING, b""),
    ],
)
def test_results(result: Result, wire: bytes) -> None:
    assert result.wire == wire


def test_notices() -> None:
    assert ESP_AT.prompt == passthrough.PROMPT == (OK, Prompt(b"\r\n>"))
    assert ESP_AT.busy == ESP_AT.busy_behind_data == b"\r\nbusy p...\r\n"
    assert ESP_AT.forced_restart == b"\r\nWill force to restart!!!\r\n"
    assert Dialect.ready == (b"\r\nready\r\n",)
    assert ESP_AT.receipt % 4 == b"\r\nRecv 4 bytes\r\n"


def test_information() -> None:
    assert Line(b"+CWMODE:1").wire == b"+CWMODE:1\r\n"
    assert Unterminated(b"+CIPDINFO:0").wire == b"+CIPDINFO:0"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.wrong_count(2, 3), 0x01060203),
        (errors.wrong_length(1), 0x01040001),
        (errors.invalid(4), 0x01070004),
        (errors.unparsable(2), 0x01080002),
        (errors.failed(), 0x010A0000),
        (errors.failed(3), 0x010A0003),
        (errors.CommandError(), None),
    ],
)
def test_error_codes(error: errors.CommandError, code: int | None) -> None:
    assert error.code == code
    assert error.errno is None


def test_codes_of_the_parser() -> None:
    assert errors.BUSY == 0x010B0000
    assert errors.UNKNOWN_COMMAND == 0x01090000
    assert errors.NO_AT == 0x01030000
    assert errors.LINE_TOO_LONG == 0x01030000
