"""What SSL links use as clients (ESP-AT User Guide, AT+CIPSSLCCONF to AT+CIPSSLCPSKHEX).

All of it is for connections opened from now on. Texts are printed without quotes except the common name: so they stand
in the firmware, against the guide.
"""

from typing import Annotated, Final

from espat.commands.argument_types import AnyLinkNumber
from espat.core.at.answers import ERROR, Line, Result
from espat.core.at.arguments import Count, Range, Secret, Text
from espat.core.at.errors import invalid, wrong_count
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.module import Module
from espat.stack.cipher_suites import SUITES
from espat.stack.link import LINK_COUNT
from espat.stack.links import LinkTable
from espat.stack.tls_context import PreSharedKey
from espat.stack.tls_options import SHOWS_CERTIFICATE, VERIFIES_SERVER, LinkTls, TlsOptions

table = CommandTable()

NO_CERTIFICATE, NO_KEY, NO_AUTHORITY = b"NO CERT FOUND", b"NO PRVT_KEY FOUND", b"NO CA FOUND"
LONGEST: Final = 256
"""Bytes of a text that only the length of a command line limits."""
MOST_PROTOCOLS: Final = 5
KEY_LIMIT: Final = 32
"""Bytes of a pre-shared key, and of its hint."""

NO_PSK: Final = PreSharedKey(b"", b"")

Numbers = Annotated[int | None, AnyLinkNumber()]
SetNumber = Annotated[int, Range(0, 255)]
"""Which set of certificates; no document says how many there may be."""
Name = Annotated[bytes, Text(LONGEST)]
Protocol = Annotated[bytes, Text(255, 1)]
Suite = Annotated[int, Range(0, 0xFFFF)]
Hint = Annotated[bytes, Text(KEY_LIMIT)]


class HexKey(Secret):
    """A pre-shared key in hexadecimal; the handler gets its bytes."""

    def check(self, value: bytes, position: int) -> bytes:
        digits = bytes(super().check(value, position))
        try:
            return bytes.fromhex(digits.decode("ascii") if b" " not in digits else "-")
        except ValueError:
            raise invalid(position) from None


def _meant(module: Module, number: int | None) -> list[TlsOptions]:
    """The options of a link number, or of all."""
    options = module[LinkTls].options
    return options if number is None else [options[number]]


def _shown(module: Module) -> list[tuple[int, TlsOptions]]:
    """What a query lists: every link number, one in single mode."""
    return list(enumerate(module[LinkTls].options[: LINK_COUNT if module[LinkTable].multiple else 1]))


@table.command("AT+CIPSSLCCONF", Form.QUERY)
def authentication(module: Module) -> list[Line]:
    """AT+CIPSSLCCONF?: mode, and the numbers of certificate and CA."""
    return [Line(b"+CIPSSLCCONF:%d,%d,%d,%d" % (n, own.mode, own.pki, own.ca)) for n, own in _shown(module)]


@table.command("AT+CIPSSLCCONF", Form.SET)
def set_authentication(
    module: Module, link: Numbers, mode: Annotated[int, Range(0, 3)], pki: SetNumber = 0, ca: SetNumber = 0
) -> list[Line | Result] | None:
    """AT+CIPSSLCCONF: what is to be shown and verified; refused when the module does not have it."""
    find = module[LinkTls].find
    needed = [
        (mode & SHOWS_CERTIFICATE, find("client_cert", pki), NO_CERTIFICATE),
        (mode & SHOWS_CERTIFICATE, find("client_key", pki), NO_KEY),
        (mode & VERIFIES_SERVER, find("client_ca", ca), NO_AUTHORITY),
    ]
    for wanted, found, complaint in needed:
        if wanted and found is None:
            return [Line(complaint), ERROR]
    for options in _meant(module, link):
        options.authenticate(mode, pki, ca)
    return None


@table.command("AT+CIPSSLCCIPHER", Form.QUERY)
def suites(module: Module) -> list[Line]:
    """AT+CIPSSLCCIPHER?: the suites the firmware has, whatever is configured."""
    return [Line(b"+CIPSSLCCIPHER:%d,0x%04X" % (index, number)) for index, number in enumerate(SUITES)]


@table.command("AT+CIPSSLCCIPHER", Form.SET)
def set_suites(module: Module, link: Numbers, count: Annotated[int, Count(0, LONGEST)], *chosen: Suite) -> None:
    """AT+CIPSSLCCIPHER: suites to offer, 0 for all."""
    _need(module, count, chosen)
    for options in _meant(module, link):
        options.suites = chosen


@table.command("AT+CIPSSLCCN", Form.QUERY)
def common_name(module: Module) -> list[Line]:
    """AT+CIPSSLCCN?: whose certificate the server has to show."""
    return [Line(b'+CIPSSLCCN:%d,"%b"' % (number, own.common_name)) for number, own in _shown(module)]


@table.command("AT+CIPSSLCCN", Form.SET)
def set_common_name(module: Module, link: Numbers, name: Name) -> None:
    """AT+CIPSSLCCN: compared when the server is verified at all."""
    for options in _meant(module, link):
        options.common_name = name


@table.command("AT+CIPSSLCSNI", Form.QUERY)
def server_name(module: Module) -> list[Line]:
    """AT+CIPSSLCSNI?: the name that tells the server whom the client wants."""
    return [Line(b"+CIPSSLCSNI:%d,%b" % (number, own.server_name)) for number, own in _shown(module)]


@table.command("AT+CIPSSLCSNI", Form.SET)
def set_server_name(module: Module, link: Numbers, name: Name) -> None:
    """AT+CIPSSLCSNI: none is sent without it."""
    for options in _meant(module, link):
        options.server_name = name


@table.command("AT+CIPSSLCALPN", Form.QUERY)
def protocols(module: Module) -> list[Line]:
    """AT+CIPSSLCALPN?: the protocols the client offers."""
    return [Line(b",".join((b"+CIPSSLCALPN:%d" % number, *own.alpn))) for number, own in _shown(module)]


@table.command("AT+CIPSSLCALPN", Form.SET)
def set_protocols(
    module: Module,
    link: Numbers,
    count: Annotated[int, Count(0, MOST_PROTOCOLS)],
    *names: Protocol,
) -> None:
    """AT+CIPSSLCALPN: 0 for none."""
    _need(module, count, names)
    for options in _meant(module, link):
        options.alpn = names


@table.command("AT+CIPSSLCPSK", Form.QUERY)
def key(module: Module) -> list[Line]:
    """AT+CIPSSLCPSK?: the pre-shared key and the name it goes by."""
    return [_key_line(b"+CIPSSLCPSK", number, own.key or NO_PSK) for number, own in _shown(module)]


@table.command("AT+CIPSSLCPSK", Form.SET)
def set_key(module: Module, link: Numbers, psk: Annotated[bytes, Secret(KEY_LIMIT)], hint: Hint) -> None:
    """AT+CIPSSLCPSK: instead of certificates; without effect where the server is verified. Empty is none."""
    for options in _meant(module, link):
        options.key = PreSharedKey(psk, hint) if psk else None


@table.command("AT+CIPSSLCPSKHEX", Form.QUERY)
def hex_key(module: Module) -> list[Line]:
    """AT+CIPSSLCPSKHEX?: the same key in hexadecimal."""
    return [
        _key_line(b"+CIPSSLCPSKHEX", number, PreSharedKey(shown.key.hex().encode(), shown.identity))
        for number, shown in ((number, own.key or NO_PSK) for number, own in _shown(module))
    ]


@table.command("AT+CIPSSLCPSKHEX", Form.SET)
def set_hex_key(module: Module, link: Numbers, psk: Annotated[bytes, HexKey(2 * KEY_LIMIT)], hint: Hint) -> None:
    """AT+CIPSSLCPSKHEX: a key that has a zero in it, too."""
    set_key(module, link, psk, hint)


def _key_line(name: bytes, number: int, shown: PreSharedKey) -> Line:
    return Line(b"%b:%d,%b,%b" % (name, number, *shown))


def _need(module: Module, count: int, given: tuple[object, ...]) -> None:
    """Raises CommandError unless as many follow as were announced."""
    before = 1 + module[LinkTable].multiple
    if count != len(given):
        raise wrong_count(before + count, before + len(given))
