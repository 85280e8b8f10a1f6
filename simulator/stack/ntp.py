"""NTP packets: what an SNTP client sends and accepts, and what a server answers (RFC 4330). Sans-IO."""

from struct import Struct
from typing import Final, NamedTuple

PORT: Final = 123
_PACKET: Final = Struct("!BBbbII4sQQQQ")
"""Leap indicator, version and mode; stratum; poll; precision; root delay; root dispersion; reference identifier;
reference, originate, receive and transmit timestamps."""
_CLIENT, _SERVER = 3, 4
_VERSION: Final = 4
UNSYNCHRONISED: Final = 3
"""The leap indicator of a server that does not know the time itself."""
KISS_OF_DEATH, HIGHEST_STRATUM = 0, 15
_EPOCH: Final = 2_208_988_800
"""1970 in seconds since 1900."""
_ERA: Final = 2**32


class NtpError(Exception):
    """A packet that is no answer to be trusted."""


class KissOfDeathError(Exception):
    """The server does not want to be asked again."""


class ServerState(NamedTuple):
    """What a server says of itself. `stratum`: 1 has a clock of its own, 0 is a kiss-o'-death, whose code is
    `identifier`. `leap`: 0 no warning, 3 not synchronised."""

    stratum: int = 1
    identifier: bytes = b"LOCL"
    leap: int = 0


def timestamp(seconds: float) -> int:
    """Seconds since 1970 as NTP has them: 32 bits of seconds since 1900 in an era, 32 bits of fraction."""
    whole = int(seconds // 1)
    return ((whole + _EPOCH) % _ERA << 32) + min(round((seconds - whole) * _ERA), _ERA - 1)


def seconds_since_1970(stamp: int) -> float:
    """The reverse of `timestamp`, from 1968 to 2104: the first bit tells the era (RFC 4330, section 3)."""
    seconds, fraction = divmod(stamp, _ERA)
    era = 0 if seconds & 0x8000_0000 else _ERA
    return era + seconds - _EPOCH + fraction / _ERA


def request(stamp: int) -> bytes:
    """A client's question; the answer has to bear `stamp`, 64 bits that nobody else can know."""
    return _PACKET.pack(_VERSION << 3 | _CLIENT, 0, 0, 0, 0, 0, bytes(4), 0, 0, 0, stamp)


def read_answer(data: bytes, stamp: int) -> float:
    """The time in an answer to the question with `stamp`, in seconds since 1970.

    Raises KissOfDeathError, and NtpError for everything that RFC 4330, section 5, has a client discard.
    """
    if len(data) != _PACKET.size:  # lwIP takes no others
        raise NtpError(f"{len(data)} bytes")
    first, stratum, _, _, _, _, identifier, _, originate, _, transmit = _PACKET.unpack(data)
    if first & 7 != _SERVER:
        raise NtpError(f"mode {first & 7}")
    if originate != stamp:
        raise NtpError("the answer to another question")
    if stratum == KISS_OF_DEATH:
        raise KissOfDeathError(identifier)
    if stratum > HIGHEST_STRATUM or first >> 6 == UNSYNCHRONISED:
        raise NtpError("the server does not know the time")
    if transmit == 0:
        raise NtpError("no time")
    return seconds_since_1970(transmit)


def answer(data: bytes, time: float, state: ServerState) -> bytes | None:
    """A server's answer at `time`, in seconds since 1970; None to what is no question."""
    if len(data) < _PACKET.size or data[0] & 7 != _CLIENT:
        return None
    first, *_, question = _PACKET.unpack_from(data)
    own = state.leap << 6 | first & 0x38 | _SERVER
    now = timestamp(time)
    return _PACKET.pack(own, state.stratum, 6, -20, 0, 0, state.identifier, now, question, now, now)
