"""Kinds of arguments that the Wi-Fi and TCP/IP chapters share."""

import re
from typing import Annotated, Any, ClassVar, Final, NamedTuple

from espat.core.at.arguments import Argument, Flag, Range, Text, Word
from espat.core.at.errors import invalid
from espat.stack import address
from espat.stack.address import parse_address
from espat.stack.links import LinkTable

HOST_NAME_LIMIT: Final = 64
ALL_LINKS: Final = 5
"""The number that means every link."""
_MAC = re.compile(rb"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")


class AddressText(Argument):
    """A quoted IPv4 address; the handler gets an address."""

    wire_type = bytes

    def check(self, value: bytes, position: int) -> address.Address:
        found = parse_address(value.decode("latin-1"))
        if found is None:
            raise invalid(position)
        return found

    def describe(self) -> str:
        return "IPv4 address"


class AddressOrNothing(AddressText):
    """A quoted IPv4 address; the handler gets an empty string, and 0.0.0.0, as None."""

    def check(self, value: bytes, position: int) -> Any:
        return super().check(value, position) if value not in (b"", b"0.0.0.0") else None


class MacText(Argument):
    """A quoted MAC address, colon separated; the handler gets six bytes."""

    wire_type = bytes

    def check(self, value: bytes, position: int) -> bytes:
        if not _MAC.fullmatch(value):
            raise invalid(position)
        return bytes.fromhex(value.decode().replace(":", ""))

    def describe(self) -> str:
        return "MAC address"


class HostText(Text):
    """A quoted host name or address; the handler gets a str."""

    def check(self, value: bytes, position: int) -> str:
        return str(super().check(value, position), "latin-1")


class LinkNumber(Range):
    """The number of a link: with AT+CIPMUX=1 the first argument, without it not there, and 0."""

    absent: ClassVar[Any] = 0

    def __init__(self, most: int = 4) -> None:
        super().__init__(0, most)

    def present(self, context: Any) -> bool:
        return bool(context[LinkTable].multiple)


class AnyLinkNumber(LinkNumber):
    """The number of a link, or that of all links, which may be left empty; the handler gets None for all."""

    omittable = True

    def __init__(self) -> None:
        super().__init__(ALL_LINKS)

    def check(self, value: int, position: int) -> Any:
        number = super().check(value, position)
        return None if number == ALL_LINKS else number


class DefaultRange(Range):
    """A number that may be left empty; what that means is the handler's."""

    omittable = True


class DefaultFlag(Flag):
    """0 or 1, or left empty; what that means is the handler's."""

    omittable = True


class DefaultWord(Word):
    """One of a few quoted words, which may be left empty; what that means is the handler's."""

    omittable = True


class Reserved(Argument):
    """A number without a meaning, which may be left empty."""

    omittable = True


Link = Annotated[int, LinkNumber()]
Host = Annotated[str, HostText(HOST_NAME_LIMIT, 1)]
Port = Annotated[int, Range(1, 65535)]
Address = Annotated[address.Address, AddressText()]
LocalAddress = Annotated[address.Address | None, AddressOrNothing()]
Mac = Annotated[bytes, MacText()]


class Ipv4Arguments(NamedTuple):
    """The address of an interface; gateway and netmask come together or not at all."""

    address: Address
    gateway: Address | None = None
    netmask: Address | None = None


def mac_text(mac: bytes) -> bytes:
    """A MAC address as the module prints it: lower case, colon separated."""
    return mac.hex(":").encode()
