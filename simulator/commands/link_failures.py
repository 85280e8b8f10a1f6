"""Why commands about links fail, in firmwares that say so."""

from espat.core.at.errors import Cause


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
