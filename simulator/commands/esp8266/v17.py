"""What the NONOS firmware had learned by AT 1.7 that AT 0.30 did not know, where it differs from ESP-AT.

Sources: what client libraries for 1.7 parse, and sessions of modules; the table in `dialects/esp8266_v17.py` says which
for each command.
"""

from typing import Annotated, Final

from espat.commands import addresses, receiving, smart_config, softap, uart, wifi_join
from espat.commands.addresses import ipv4_lines
from espat.commands.argument_types import Address, Host, Link, Mac, Port, mac_text
from espat.commands.esp8266 import links, wifi
from espat.commands.esp8266.addresses import softap_ipv4, station_ipv4
from espat.commands.esp8266.current_default import CurrentDefaultTable, View, in_force
from espat.commands.esp8266.wifi import Channel, SoftApPassword, SoftApSecurity, Ssid, StationPassword
from espat.commands.links import TcpArguments, link_lines
from espat.commands.wifi import country_values, set_channels
from espat.core.at.answers import Answer, Line, Unterminated
from espat.core.at.arguments import Bool, Count, Range, Seconds, Word
from espat.core.at.errors import CommandError
from espat.core.at.grammar import Form
from espat.core.time.real_time_clock import RealTimeClock
from espat.module import Module
from espat.radio.broadcast import Protocol
from espat.radio.scan import ALL_FIELDS, Scanner, ScanOptions
from espat.radio.softap import SoftAp
from espat.radio.station import Station
from espat.radio.wifi import Wifi
from espat.stack.address import address_text
from espat.stack.dns_servers import DnsServers
from espat.stack.link import LINK_COUNT, TlsLink
from espat.stack.links import LinkTable
from espat.stack.receiving import Receiving
from espat.stack.sntp import SntpClient
from espat.stack.softap_interface import SoftApInterface
from espat.stack.tls_options import LinkTls
from espat.system.heap import Heap
from espat.system.messages import Messages, SystemMessages
from espat.system.uart import UartConfiguration

table = CurrentDefaultTable()

NOT_SET: Final = "Thu Jan  1 00:00:00 1970"
"""What the clock of day says until somebody has set it."""
SMART_CONFIG_TYPES: Final = ((Protocol.ESPTOUCH,), (Protocol.AIRKISS,), (Protocol.ESPTOUCH, Protocol.AIRKISS))
"""By the number of AT+CWSTARTSMART, from 1."""


@table.query("AT+CWJAP")
def joined(module: Module, name: bytes, view: View) -> Line:
    """AT+CWJAP?: with a fifth value, whether only encrypted access points are joined."""
    station, point = module[Station], module[Station].access_point
    if point is None:
        return Line(b"No AP")
    values = (name, point.ssid, mac_text(point.bssid), point.channel, point.rssi, station.only_encrypted)
    return Line(b'%b:"%b","%b",%d,%d,%d' % values)


@table.set("AT+CWJAP")
async def join(
    module: Module, ssid: Ssid, password: StationPassword, bssid: Mac | None = None, only_encrypted: Bool = False
) -> Answer:
    """AT+CWJAP: an access point that is joined already is not left and joined again."""
    station, point = module[Station], module[Station].access_point
    station.only_encrypted = int(only_encrypted)
    if point is None or (station.ssid, station.password) != (ssid, password) or bssid not in (None, point.bssid):
        return await wifi.join(module, ssid, password, bssid)
    station.ssid, station.password, station.bssid = ssid, password, bssid or b""
    return None


@table.command("AT+CWSTARTSMART", Form.EXECUTE)
def start_any_smart_config(module: Module) -> None:
    """AT+CWSTARTSMART: for whatever a phone speaks."""
    smart_config.start(module, SMART_CONFIG_TYPES[-1])


@table.command("AT+CWSTARTSMART", Form.SET)
def start_smart_config(module: Module, kind: Annotated[int, Range(1, len(SMART_CONFIG_TYPES))]) -> None:
    """AT+CWSTARTSMART=...: 1 ESP-TOUCH, 2 AirKiss, 3 both."""
    smart_config.start(module, SMART_CONFIG_TYPES[kind - 1])


@table.query("AT+CWSAP")
def softap_settings(module: Module, name: bytes, view: View) -> Line:
    """AT+CWSAP?: with the most stations, and whether the SSID is hidden."""
    return Line(b"%b:%b" % (name, softap.softap_values(view(module[SoftAp]))))


@table.set("AT+CWSAP")
def set_softap(
    module: Module,
    ssid: Ssid,
    password: SoftApPassword,
    channel: Channel,
    security: SoftApSecurity,
    most_stations: Annotated[int, Count(1, 8)] = 4,
    hidden: Bool = False,
) -> None:
    """AT+CWSAP: the softAP starts again with these."""
    softap.set_softap(module, ssid, password, channel, security, most_stations, hidden)


@table.query("AT+CIPSTA")
def station_address(module: Module, name: bytes, view: View) -> list[Line]:
    """AT+CIPSTA?: address, gateway and netmask, a line each."""
    return ipv4_lines(name, station_ipv4(module, view))


@table.query("AT+CIPAP")
def softap_address(module: Module, name: bytes, view: View) -> list[Line]:
    """AT+CIPAP?: address, gateway and netmask, a line each."""
    return ipv4_lines(name, softap_ipv4(module, view))


@table.query("AT+CWDHCPS", ("_CUR", "_DEF"))
def pool(module: Module, name: bytes, view: View) -> Unterminated:
    """AT+CWDHCPS?: what the DHCP server gives; zeros where nothing is stored."""
    interface = view(module[SoftApInterface])
    if view is not in_force and not interface.has_own_pool:
        return Unterminated(b"%b:0,0.0.0.0,0.0.0.0" % name)
    return Unterminated(b"%b:%b" % (name, softap.pool_values(interface)))


table.set("AT+CWDHCPS", ("_CUR", "_DEF"), when=softap.resets_pool)(softap.reset_pool)
table.set("AT+CWDHCPS", ("_CUR", "_DEF"))(softap.set_pool)


@table.query("AT+CIPDNS", ("_CUR", "_DEF"))
def dns_servers(module: Module, name: bytes, view: View) -> list[Line]:
    """AT+CIPDNS?: two servers, a line each, unquoted."""
    return [Line(b"%b:%b" % (name, address_text(server))) for server in view(module[DnsServers]).in_force[:2]]


@table.set("AT+CIPDNS", ("_CUR", "_DEF"))
def set_dns_servers(module: Module, manual: Bool, first: Address | None = None, second: Address | None = None) -> None:
    """AT+CIPDNS: two servers, or those of DHCP again."""
    addresses.set_dns_servers(module, manual, first, second)


@table.command("AT+CIPSTATUS", Form.EXECUTE)
def status(module: Module) -> list[Line]:
    """AT+CIPSTATUS: with the local port."""
    return [links.summary(module), *link_lines(b"+CIPSTATUS", links.open_links(module))]


table.command("AT+CIPSTART", Form.SET, when=links.is_right_and_udp(b"TCP", b"UDP", b"SSL"))(links.open_udp)


@table.command("AT+CIPSTART", Form.SET)
async def open_tcp(
    module: Module,
    link: Link,
    kind: Annotated[bytes, Word(b"TCP", b"SSL")],
    host: Host,
    port: Port,
    keep_alive: Annotated[int, Seconds(0, 7200)] = 0,
) -> None:
    """AT+CIPSTART, TCP and SSL: the keep-alive is in seconds; one link may be SSL, and not for raw data."""
    if kind == TlsLink.kind:
        others = [other for other in module[LinkTable] if other.number != link]
        if module[Receiving].raw or any(isinstance(other, TlsLink) for other in others):
            raise CommandError
    await links.dial(module, link, TcpArguments(kind, host, port, keep_alive))


@table.command("AT+CIPSSLSIZE", Form.SET)
def set_ssl_buffer(module: Module, size: Annotated[int, Range(2048, 4096)]) -> None:
    """AT+CIPSSLSIZE: bytes for a record of TLS; simulated links have room for any."""


@table.command("AT+CIPSSLCCONF", Form.QUERY)
def authentication(module: Module) -> Line:
    """AT+CIPSSLCCONF?: bits, for showing a certificate and for verifying the server."""
    return Line(b"+CIPSSLCCONF:%d" % module[LinkTls].options[0].mode)


@table.command("AT+CIPSSLCCONF", Form.SET)
def set_authentication(module: Module, mode: Annotated[int, Range(0, 3)]) -> None:
    """AT+CIPSSLCCONF: for every link, with the only set of certificates."""
    for options in module[LinkTls].options:
        options.authenticate(mode, 0, 0)


@table.command("AT+CWLAP", Form.SET)
async def scan(module: Module, search: wifi_join.Search) -> None:
    """AT+CWLAP: the access points that match; an empty SSID is any."""
    await wifi_join.scan(module, search._replace(ssid=search.ssid or None))


@table.query("AT+CWCOUNTRY", ("_CUR", "_DEF"))
def country(module: Module, name: bytes, view: View) -> Line:
    """AT+CWCOUNTRY?: policy, code and channels."""
    return Line(b"%b:%b" % (name, country_values(view(module[Wifi]))))


table.set("AT+CWCOUNTRY", ("_CUR", "_DEF"))(set_channels)


@table.set("AT+SYSMSG", ("_CUR", "_DEF"))
def set_messages(module: Module, messages: Annotated[int, Range(0, 3)]) -> None:
    """AT+SYSMSG: what is said when passthrough ends, and how links are announced."""
    module[Messages].shown = SystemMessages(messages)


@table.command("AT+CIPSNTPTIME", Form.QUERY)
def local_time(module: Module) -> Unterminated:
    """AT+CIPSNTPTIME?: the day of the month has two digits. The clock stands still until it is set."""
    shown = module[SntpClient].local_time() if module[RealTimeClock].was_set else NOT_SET
    return Unterminated(b"+CIPSNTPTIME:%b" % shown.replace("  ", " 0").encode())


@table.command("AT+CWLAPOPT", Form.SET)
def set_scan_options(module: Module, sorts: Bool, fields: Annotated[int, Range(0, ALL_FIELDS)]) -> None:
    """AT+CWLAPOPT: whether the strongest comes first, and which fields AT+CWLAP prints."""
    module[Scanner].options = ScanOptions(fields, sorts=sorts)


@table.command("AT+CIPDOMAIN", Form.SET)
async def resolve(module: Module, name: Host) -> Line:
    """AT+CIPDOMAIN: the address of a name, unquoted."""
    return Line(b"+CIPDOMAIN:%b" % await addresses.address_of(module, name))


@table.command("AT+CIPRECVDATA", Form.SET)
def read(module: Module, link: Link, most: Annotated[int, Range(1, 2048)]) -> Unterminated:
    """AT+CIPRECVDATA: comma and colon the other way round than in ESP-AT."""
    data, _ = receiving.take(module, link, most)
    return Unterminated(b"+CIPRECVDATA,%d:%b" % (len(data), data), private=True)


@table.command("AT+CIPRECVLEN", Form.QUERY)
def unread_lengths(module: Module) -> Line:
    """AT+CIPRECVLEN?: bytes to read of each link, 0 without one."""
    lengths = [0 if (link := module[LinkTable][number]) is None else link.shown_length for number in range(LINK_COUNT)]
    return Line(b"+CIPRECVLEN:" + b",".join(b"%d" % length for length in lengths))


@table.command("AT+UART_DEF", Form.QUERY)
def stored_uart(module: Module) -> Line:
    """AT+UART_DEF?: zeros until somebody has set it."""
    return uart.stored(module) if module[UartConfiguration].is_stored else Line(b"+UART_DEF:0,0,0,0,0")


@table.command("AT+SYSRAM", Form.QUERY)
def memory(module: Module) -> Line:
    """AT+SYSRAM?: bytes that are free."""
    return Line(b"+SYSRAM:%d" % module[Heap].figures().free)
