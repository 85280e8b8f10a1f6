"""How a command fails, and the codes AT+SYSLOG=1 shows for it (ESP-AT User Guide, AT+SYSLOG)."""

from enum import Enum, IntEnum

from espat.core.at.answers import ERROR, Result

MODULE = 0x01000000
"""Bits 31 to 24 of every code: the AT core itself."""


class Sub(IntEnum):
    """Subcategory of an error code, bits 23 to 16."""

    OK = 0x00
    COMMON_ERROR = 0x01
    NO_TERMINATOR = 0x02
    NO_AT = 0x03
    LENGTH_MISMATCH = 0x04
    TYPE_MISMATCH = 0x05
    COUNT_MISMATCH = 0x06
    INVALID = 0x07
    PARSE_FAIL = 0x08
    UNSUPPORTED_COMMAND = 0x09
    EXECUTION_FAILED = 0x0A
    PROCESSING = 0x0B
    WRONG_OPERATION = 0x0C


def error_code(sub: Sub, extension: int = 0) -> int:
    """The 32-bit number behind `ERR CODE:`; `extension` is bits 15 to 0, its meaning depends on `sub`."""
    return MODULE | sub << 16 | extension & 0xFFFF


BUSY = error_code(Sub.PROCESSING)
UNKNOWN_COMMAND = error_code(Sub.UNSUPPORTED_COMMAND)
NO_AT = error_code(Sub.NO_AT)
LINE_TOO_LONG = error_code(Sub.NO_AT)
"""Of a line over the limit: a module of 2.1 showed it for 264 bytes. No document names one."""


class Cause(Enum):
    """Why a command failed, where a firmware has words for it; chapters list theirs. The values are for people."""


class CommandError(Exception):
    """The command ends with ERROR.

    `code`: the number behind `ERR CODE:`, None where the firmware reports none.
    `errno`: the number behind `+ERRNO:` of a failed network operation, None where there is none.
    Both are printed only with AT+SYSLOG=1. `cause`: printed in the words of those firmwares that have them. `result`:
    for a command that fails in words of its own.
    """

    def __init__(
        self,
        code: int | None = None,
        *,
        errno: int | None = None,
        cause: Cause | None = None,
        result: Result = ERROR,
    ) -> None:
        super().__init__("" if code is None else f"0x{code:08x}")
        self.code = code
        self.errno = errno
        self.cause = cause
        self.result = result


def wrong_count(needed: int, given: int) -> CommandError:
    """Too few or too many parameters: 3 for 2 is 0x01060203."""
    return CommandError(error_code(Sub.COUNT_MISMATCH, needed << 8 | given))


def wrong_length(position: int) -> CommandError:
    """The string parameter at `position` (from 1) is too long or too short."""
    return CommandError(error_code(Sub.LENGTH_MISMATCH, position))


def invalid(position: int) -> CommandError:
    """The parameter at `position` (from 1) has a value outside its range."""
    return CommandError(error_code(Sub.INVALID, position))


def unparsable(position: int) -> CommandError:
    """The parameter at `position` (from 1) is malformed, of the other type, or missing though mandatory.

    The published firmware holds only this code for all three.
    """
    return CommandError(error_code(Sub.PARSE_FAIL, position))


def failed(result: int = 0) -> CommandError:
    """Execution failed; `result` is the driver's own number."""
    return CommandError(error_code(Sub.EXECUTION_FAILED, result))
