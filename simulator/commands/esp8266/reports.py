"""What the firmware prints by itself, where it is not as in ESP-AT."""

from espat.commands.receiving import print_data
from espat.commands.reports import status
from espat.core.at.registry import CommandTable
from espat.module import Module
from espat.radio.broadcast import Broadcast
from espat.radio.smart_config import SMART_CONFIG_HEARD
from espat.stack.address import address_text
from espat.stack.endpoint import Endpoint
from espat.stack.link import Link
from espat.stack.links import LinkTable
from espat.stack.receiving import LINK_DATA

table = CommandTable()


@table.report(LINK_DATA)
@table.wire("+IPD", "urc")
def incoming_data(module: Module, link: Link, payload: bytes, sender: Endpoint) -> None:
    """+IPD: the sender unquoted, and no CR LF behind the data."""
    origin = b",%b,%d" % (address_text(sender.address), sender.port) if module[LinkTable].shows_sender else b""
    print_data(module, link, payload, origin)


@table.report(SMART_CONFIG_HEARD)
def smart_config_heard(module: Module, broadcast: Broadcast) -> None:
    """A phone has told which access point to join."""
    status(module, b"Smart get wifi info\r\n")
