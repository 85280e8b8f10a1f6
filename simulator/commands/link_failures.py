"""Why commands about links fail, in firmwares that say so."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from espat.core.at.errors import Cause, CommandError

AT_CORE: Final = 0x4001
"""What `+ERRNO:` shows where the AT core itself refuses to open a link or a server, before any socket has failed. The
firmware has numbers from 0x40xx to 0x43xx for that; which is which is not published, so there is one for all."""


@contextmanager
def refused_by_core() -> Iterator[None]:
    """Have a CommandError without any number bear that of the AT core."""
    try:
        yield
    except CommandError as error:
        if error.code is None and error.errno is None:
            error.errno = AT_CORE
        raise


class LinkFailure(Cause):
    """What is wrong with the command, or with the links as they are."""

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
