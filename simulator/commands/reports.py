"""What the firmware prints by itself (ESP-AT User Guide, "AT Messages")."""

from typing import NamedTuple

from espat.commands.argument_types import mac_text
from espat.core.at.registry import CommandTable
from espat.core.trace import Kind
from espat.module import Module
from espat.radio.smart_config import Broadcast
from espat.stack.address import Address, address_text
from espat.stack.endpoint import Endpoint
from espat.stack.link import Link
from espat.system import SystemMessages

table = CommandTable()


class Wording(NamedTuple):
    """The words of the reports that differ between firmwares: data of a dialect.

    `sender`: how +IPD shows where data came from. `behind_data`: what follows the data of +IPD and is not counted.
    `softap_stations`, `time`: whether stations of the softAP, and new times of the clock, are reported.
    `smart_config`: whether more is said of SmartConfig than that it has got something.
    """

    sender: bytes = b',"%b",%d'
    behind_data: bytes = b"\r\n"
    softap_stations: bool = True
    time: bool = True
    smart_config: bool = True


@table.wire("+IPD", "urc")
def incoming_data(module: Module, wording: Wording, link: Link, payload: bytes, sender: Endpoint) -> bytes:
    """+IPD of active receiving, with CR LF before it."""
    links = module.links
    number = b"%d," % link.number if links.multiple else b""
    origin = wording.sender % (address_text(sender.address), sender.port) if links.shows_sender else b""
    return b"\r\n+IPD,%b%d%b:%b%b" % (number, len(payload), origin, payload, wording.behind_data)


@table.wire("+IPD", "urc")
def incoming_notice(module: Module, link: Link) -> bytes:
    """+IPD of passive receiving: how much there is to read in all."""
    number = b"%d," % link.number if module.links.multiple else b""
    return b"\r\n+IPD,%b%d\r\n" % (number, link.shown_length)


def link_details(link: Link) -> bytes:
    """+LINK_CONN, which stands for CONNECT with AT+SYSMSG bit 1."""
    address, port = link.remote
    return b'+LINK_CONN:0,%d,"%b",%d,"%b",%d,%d\r\n' % (
        link.number,
        link.kind,
        link.accepted,
        address_text(address),
        port,
        link.local_port,
    )


class FirmwareReports:
    """The reports of one boot, in the words of a firmware."""

    def __init__(self, module: Module, wording: Wording) -> None:
        self._module = module
        self._wording = wording
        self._output = module.output

    def wifi_connected(self) -> None:
        """The station is associated."""
        self._status(b"WIFI CONNECTED\r\n")

    def wifi_got_address(self) -> None:
        """The station's interface is up."""
        self._status(b"WIFI GOT IP\r\n")

    def wifi_disconnected(self) -> None:
        """The station has lost or left its access point."""
        self._status(b"WIFI DISCONNECT\r\n")

    def smart_config_heard(self, broadcast: Broadcast) -> None:
        """A phone has told which access point to join."""
        self._smart_config(b"smartconfig type:%b\r\n" % broadcast.protocol.encode())
        self._status(b"Smart get wifi info\r\n")
        self._smart_config(b"ssid:%b\r\n" % broadcast.ssid)
        self._smart_config(b"password:%b\r\n" % broadcast.password)

    def smart_config_ended(self, *, joined: bool) -> None:
        """The station has joined it and has an address, or could not."""
        self._smart_config(b"smartconfig connected wifi\r\n" if joined else b"smartconfig connect fail\r\n")

    def softap_station_joined(self, mac: bytes) -> None:
        """A station has joined the softAP."""
        self._softap_status(b'+STA_CONNECTED:"%b"\r\n' % mac_text(mac))

    def softap_leased(self, mac: bytes, address: Address) -> None:
        """The softAP has given an address."""
        self._softap_status(b'+DIST_STA_IP:"%b","%b"\r\n' % (mac_text(mac), address_text(address)))

    def softap_station_left(self, mac: bytes) -> None:
        """A station has left the softAP."""
        self._softap_status(b'+STA_DISCONNECTED:"%b"\r\n' % mac_text(mac))

    def time_updated(self) -> None:
        """The clock has been set by a server."""
        if self._wording.time:
            self._status(b"+TIME_UPDATED\r\n")

    def link_opened(self, link: Link) -> None:
        """A link is up."""
        details = SystemMessages.LINK_DETAILS in self._module.system.messages
        self._status(link_details(link) if details else self._prefix(link.number) + b"CONNECT\r\n")

    def link_closed(self, link: Link) -> None:
        """A link has ended."""
        self._status(self._prefix(link.number) + b"CLOSED\r\n")

    def link_not_opened(self, number: int) -> None:
        """A link could not be opened, in firmwares that report it as closed then."""
        self._status(self._prefix(number) + b"CLOSED\r\n")

    def link_data(self, link: Link, payload: bytes, sender: Endpoint) -> None:
        """Data has arrived."""
        if self._module.receiving.raw:
            self._output.write(payload, Kind.DATA)
        else:
            self._output.report(incoming_data(self._module, self._wording, link, payload, sender), private=True)

    def link_notice(self, link: Link) -> None:
        """Data waits to be read."""
        self._output.report(incoming_notice(self._module, link))

    def _prefix(self, number: int) -> bytes:
        return b"%d," % number if self._module.links.multiple else b""

    def _smart_config(self, message: bytes) -> None:
        if self._wording.smart_config:
            self._status(message)

    def _softap_status(self, message: bytes) -> None:
        if self._wording.softap_stations:
            self._status(message)

    def _status(self, message: bytes) -> None:
        """Print a status report, which passthrough is spared unless AT+SYSMSG bit 2 wants it."""
        module = self._module
        if not module.links.in_passthrough or SystemMessages.PASSTHROUGH_STATUS in module.system.messages:
            self._output.report(message)
