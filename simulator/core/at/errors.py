"""How a command fails, and the codes AT+SYSLOG=1 shows for it (ESP-AT User Guide, AT+SYSLOG)."""

from enum import Enum, IntEnum

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
LINE_TOO_LONG = error_code(Sub.NO_TERMINATOR)
"""No document names the code for a line over the limit; the parser's own one for a missing CR LF fits best."""


class Cause(Enum):
    """Why a command failed, where a firmware has words for it. The values are for people."""

    WRONG_LINK_NUMBER = "there is no link of that number"
    WRONG_LINK_TYPE = "links are not of that type"
    WRONG_ADDRESS = "that is no address"
    WRONG_PORT = "that is no port"
    LINK_EXISTS = "there is a link with that number"
    NO_LINK = "there is no such link to send on"
    NOTHING_TO_CLOSE = "there is no such link to close"
    NO_ONLY_LINK = "there is no link to close"
    NEEDS_SINGLE_MODE = "AT+CIPMUX is 1"
    NEEDS_MULTIPLE_MODE = "AT+CIPMUX is 0"
    LINKS_OPEN = "there are links"
    RAW = "AT+CIPMODE is 1"
    RAW_SENDING = "AT+CIPMODE is 1, and data is to go over in pieces"
    TOO_LONG = "that is more data than fits"
    SERVER_RUNS = "there is a server"
    SEVERAL_OR_SERVER = "AT+CIPMUX is 1 or there is a server"
    NO_NETWORK = "no interface has an address"
    NO_SUCH_HOST = "the name has no address"


class CommandError(Exception):
    """The command ends with ERROR.

    `code`: the number behind `ERR CODE:`, None where the firmware reports none.
    `errno`: the number behind `+ERRNO:` of a failed network operation, None where there is none.
    Both are printed only with AT+SYSLOG=1. `cause`: printed in the words of those firmwares that have them.
    """

    def __init__(self, code: int | None = None, *, errno: int | None = None, cause: Cause | None = None) -> None:
        super().__init__("" if code is None else f"0x{code:08x}")
        self.code = code
        self.errno = errno
        self.cause = cause


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
