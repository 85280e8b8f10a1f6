"""What the firmware prints by itself (ESP-AT User Guide, "AT Messages")."""

from simulator.module import Module
from simulator.stack.host_map import Endpoint
from simulator.stack.links import Link


class Esp32Reports:
    """The reports of one boot, in the words of the ESP32 firmware."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._output = module.output

    def wifi_connected(self) -> None:
        self._output.report(b"WIFI CONNECTED\r\n")

    def wifi_got_address(self) -> None:
        self._output.report(b"WIFI GOT IP\r\n")

    def wifi_disconnected(self) -> None:
        self._output.report(b"WIFI DISCONNECT\r\n")

    def link_opened(self, link: Link) -> None:
        self._output.report(self._prefix(link) + b"CONNECT\r\n")

    def link_closed(self, link: Link) -> None:
        self._output.report(self._prefix(link) + b"CLOSED\r\n")

    def link_data(self, link: Link, payload: bytes, sender: Endpoint) -> None:
        links = self._module.links
        number = b"%d," % link.number if links.multiple else b""
        origin = b',"%b",%d' % (sender.address.encode(), sender.port) if links.shows_sender else b""
        self._output.report(b"\r\n+IPD,%b%d%b:%b\r\n" % (number, len(payload), origin, payload))

    def _prefix(self, link: Link) -> bytes:
        return b"%d," % link.number if self._module.links.multiple else b""
