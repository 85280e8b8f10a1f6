"""Wi-Fi commands (ESP8266 AT Instruction Set 0.30, chapter 4)."""

from typing import Annotated, Final

from espat.commands import smart_config, softap, wifi, wifi_join
from espat.commands.addresses import set_dhcp
from espat.commands.argument_types import Mac, mac_text
from espat.commands.esp8266.current_default import CurrentDefaultTable, View
from espat.commands.wifi import LAST_CHANNEL, need_station
from espat.core.at.answers import Answer, Line, Result, Unterminated
from espat.core.at.arguments import Bool, OneOf, Range, Secret, Text
from espat.core.at.engine import Engine
from espat.core.at.grammar import Form
from espat.module import Module
from espat.radio.broadcast import Protocol
from espat.radio.softap import SOFTAP_SECURITIES, SoftAp, SoftApTraits
from espat.radio.station import DEFAULT_JOIN_LIMIT, Station
from espat.radio.wifi import Wifi
from espat.stack.active_interfaces import InterfaceKind
from espat.stack.dhcp import DhcpModes, dhcp_bit

table = CurrentDefaultTable()

FAIL: Final = Result(b"\r\nFAIL\r\n")
SOFTAP_DHCP, STATION_DHCP = dhcp_bit(InterfaceKind.SOFTAP), dhcp_bit(InterfaceKind.STATION)
DHCP_BITS: Final = (SOFTAP_DHCP, STATION_DHCP, SOFTAP_DHCP | STATION_DHCP)
"""By the first number of AT+CWDHCP."""

Ssid = Annotated[bytes, Text(32, 1)]
StationPassword = Annotated[bytes, Secret(64)]
SoftApPassword = Annotated[bytes, Secret(64)]
Channel = Annotated[int, Range(1, LAST_CHANNEL)]
SoftApSecurity = Annotated[int, OneOf(*SOFTAP_SECURITIES)]

table.test("AT+CWMODE", b"(1-3)")


@table.query("AT+CWMODE")
def mode(module: Module, name: bytes, view: View) -> Line:
    """AT+CWMODE?: 1 station, 2 softAP, 3 both."""
    return Line(b"%b:%d" % (name, view(module[Wifi]).mode))


@table.set("AT+CWMODE")
def set_mode(module: Module, mode: Annotated[int, Range(1, 3)]) -> None:
    """AT+CWMODE: there is no mode 0."""
    wifi.set_mode(module, mode)


@table.query("AT+CWJAP")
def joined(module: Module, name: bytes, view: View) -> Line:
    """AT+CWJAP?: the access point the station has joined.

    So for `_DEF` too, though the manual says "is to join": only one that is joined has a channel and a strength.
    """
    point = module[Station].access_point
    if point is None:
        return Line(b"No AP")
    return Line(b'%b:"%b","%b",%d,%d' % (name, point.ssid, mac_text(point.bssid), point.channel, point.rssi))


@table.set("AT+CWJAP")
async def join(module: Module, ssid: Ssid, password: StationPassword, bssid: Mac | None = None) -> Answer:
    """AT+CWJAP: join; OK when there is an address. The line of an error never bears a suffix."""
    need_station(module)
    station = module[Station]
    station.ssid, station.password, station.bssid = ssid, password, bssid or b""
    error = await wifi_join.try_to_join(module, DEFAULT_JOIN_LIMIT)
    if error is None:
        return None
    module[Engine].afterwards(station.disconnect)  # behind FAIL (seen on a module)
    return [Line(b"+CWJAP:%d" % error), FAIL]


@table.command("AT+CWLAP", Form.EXECUTE)
async def scan_all(module: Module) -> None:
    """AT+CWLAP: every access point in reach."""
    await wifi_join.scan(module, wifi_join.Search())


@table.command("AT+CWLAP", Form.SET)
async def scan(
    module: Module, ssid: Ssid, mac: Mac | None = None, channel: Annotated[int, Range(0, LAST_CHANNEL)] = 0
) -> None:
    """AT+CWLAP=...: the access points that match."""
    await wifi_join.scan(module, wifi_join.Search(ssid, mac, channel))


@table.command("AT+CWQAP", Form.EXECUTE)
def leave(module: Module) -> None:
    """AT+CWQAP: OK first, then the station leaves (seen on modules)."""
    module[Engine].afterwards(module[Station].disconnect)


@table.query("AT+CWSAP")
def softap_settings(module: Module, name: bytes, view: View) -> Line:
    """AT+CWSAP?: SSID, password, channel, security."""
    point = view(module[SoftAp])
    return Line(b'%b:"%b","%b",%d,%d' % (name, point.ssid, point.password, point.channel, point.security.number))


@table.set("AT+CWSAP")
def set_softap(
    module: Module, ssid: Ssid, password: SoftApPassword, channel: Channel, security: SoftApSecurity
) -> None:
    """AT+CWSAP: the softAP starts again with these."""
    softap.set_softap(module, ssid, password, channel, security, module.traits(SoftApTraits).stations)


@table.command("AT+CWLIF", Form.EXECUTE)
def softap_stations(module: Module) -> list[Line]:
    """AT+CWLIF: the stations that have their address from the softAP, without the name of the command."""
    return [Line(b"%b,%b" % each) for each in softap.leased_stations(module)]


@table.query("AT+CWDHCP")
def dhcp(module: Module, name: bytes, view: View) -> Unterminated:
    """AT+CWDHCP?: bit 0 softAP, bit 1 station: the other way round than its neighbours' bits in ESP-AT.

    No blank line: so in a library of 2015 that looks for one behind every other query, and in ESP-AT's firmware.
    """
    modes = view(module[DhcpModes])
    softap, station = modes.is_on(InterfaceKind.SOFTAP), modes.is_on(InterfaceKind.STATION)
    return Unterminated(b"%b:%d" % (name, softap | station << 1))


@table.set("AT+CWDHCP")
def switch_dhcp(module: Module, interfaces: Annotated[int, Range(0, 2)], enabled: Bool) -> None:
    """AT+CWDHCP: 0 softAP, 1 station, 2 both; then whether."""
    set_dhcp(module, enabled, DHCP_BITS[interfaces])


@table.command("AT+CWSTARTSMART", Form.EXECUTE)
def start_smart_config(module: Module) -> None:
    """AT+CWSTARTSMART: there is no choice of protocols; they come with AT 1.0."""
    smart_config.start(module, (Protocol.ESPTOUCH,))


@table.command("AT+CWSTOPSMART", Form.EXECUTE)
def stop_smart_config(module: Module) -> None:
    """AT+CWSTOPSMART: always needed behind it, and always OK."""
    smart_config.stop(module)
