"""The softAP (ESP-AT User Guide, AT+CWSAP, AT+CWLIF, AT+CWQIF, AT+CWDHCPS, AT+CIPAP, AT+CIPAPMAC)."""

from typing import Annotated, Final

from espat.commands.addresses import INVALID_MACS, ipv4_lines, static_ipv4
from espat.commands.argument_types import Address, Ipv4Arguments, Mac, mac_text
from espat.commands.reports import status
from espat.commands.wifi import LAST_CHANNEL, need_driver
from espat.core.at.answers import Line, Unterminated
from espat.core.at.arguments import Bool, Count, OneOf, Range, Secret, Text
from espat.core.at.errors import CommandError, invalid, wrong_length
from espat.core.at.grammar import Form, Parameter
from espat.core.at.registry import CommandTable
from espat.module import Module
from espat.radio.softap import MOST_STATIONS, SOFTAP_SECURITIES, SOFTAP_STATION_JOINED, SOFTAP_STATION_LEFT, SoftAp
from espat.radio.wifi import Wifi
from espat.stack.address import address_text
from espat.stack.softap_interface import POOL_SIZE, SOFTAP_LEASED, SoftApInterface

table = CommandTable()

LEAST_PASSWORD: Final = 8
POOL_START, POOL_END = 3, 4
"""Positions of the addresses of AT+CWDHCPS, for their error codes."""


def need_softap(module: Module) -> None:
    """Refuse a command that needs softAP mode."""
    if not module[Wifi].has_softap:
        raise CommandError


@table.command("AT+CWSAP", Form.QUERY)
def softap(module: Module) -> Line:
    """AT+CWSAP?: SSID, password, channel, security, most stations, hidden."""
    need_driver(module)
    return Line(b"+CWSAP:" + softap_values(module[SoftAp]))


def softap_values(point: SoftAp) -> bytes:
    """The six values of AT+CWSAP?, as text."""
    values = (point.ssid, point.password, point.channel, point.security.number, point.most_stations, point.hidden)
    return b'"%b","%b",%d,%d,%d,%d' % values


@table.command("AT+CWSAP", Form.SET)
def set_softap(
    module: Module,
    ssid: Annotated[bytes, Text(32, 1)],
    password: Annotated[bytes, Secret(63)],
    channel: Annotated[int, Range(1, LAST_CHANNEL)],
    security: Annotated[int, OneOf(*SOFTAP_SECURITIES)],
    most_stations: Annotated[int, Count(1, MOST_STATIONS)] = MOST_STATIONS,
    hidden: Bool = False,
) -> None:
    """AT+CWSAP: the softAP starts again with these; its stations are gone."""
    need_softap(module)
    chosen = SOFTAP_SECURITIES[security]
    if chosen.encrypted and len(password) < LEAST_PASSWORD:
        raise wrong_length(2)
    module[SoftAp].configure(ssid, password, channel, chosen, most_stations, hidden)


@table.command("AT+CWLIF", Form.EXECUTE)
def stations(module: Module) -> list[Line]:
    """AT+CWLIF: the stations that have their address from this softAP, unquoted."""
    return [Line(b"+CWLIF:%b,%b" % each) for each in leased_stations(module)]


def leased_stations(module: Module) -> list[tuple[bytes, bytes]]:
    """Address and MAC address of each station that has its address from the softAP, as text."""
    need_softap(module)
    point, lan = module[SoftAp].access_point, module[SoftApInterface].lan
    if point is None or lan is None:
        return []
    return [(address_text(lan.leases[mac]), mac_text(mac)) for mac in point.stations if mac in lan.leases]


@table.command("AT+CWQIF", Form.EXECUTE)
def disconnect_all(module: Module) -> None:
    """AT+CWQIF: throw out every station."""
    need_softap(module)
    point = module[SoftAp].access_point
    if point is not None:
        point.deauthenticate()


@table.command("AT+CWQIF", Form.SET)
def disconnect(module: Module, mac: Mac) -> None:
    """AT+CWQIF: throw out one station."""
    need_softap(module)
    point = module[SoftAp].access_point
    if point is None or mac not in point.stations:
        raise invalid(1)
    point.deauthenticate(mac)


@table.command("AT+CWDHCPS", Form.QUERY)
def pool(module: Module) -> Unterminated:
    """AT+CWDHCPS?: what the DHCP server gives, unquoted."""
    return Unterminated(b"+CWDHCPS:" + pool_values(module[SoftApInterface]))


def pool_values(interface: SoftApInterface) -> bytes:
    """Lease time in minutes, first and last address, as text."""
    first, last = interface.pool
    return b"%d,%b,%b" % (interface.lease_time, address_text(first), address_text(last))


def resets_pool(module: Module, parameters: tuple[Parameter, ...]) -> bool:
    """Whether AT+CWDHCPS is to go back to the default."""
    return parameters[:1] == (0,)


def _need_dhcp_server(module: Module) -> None:
    need_softap(module)
    if not module[SoftApInterface].uses_dhcp:
        raise CommandError


@table.command("AT+CWDHCPS", Form.SET, when=resets_pool)
def reset_pool(module: Module, enabled: Annotated[int, OneOf(0)]) -> None:
    """AT+CWDHCPS=0: the default addresses."""
    _need_dhcp_server(module)
    module[SoftApInterface].reset_pool()


@table.command("AT+CWDHCPS", Form.SET)
def set_pool(
    module: Module,
    enabled: Annotated[int, OneOf(1)],
    lease_time: Annotated[int, Range(1, 2880)],
    first: Address,
    last: Address,
) -> None:
    """AT+CWDHCPS=1: these addresses, which must be in the softAP's subnet and not too many; the time is in minutes."""
    _need_dhcp_server(module)
    interface = module[SoftApInterface]
    if first not in interface.subnet or first <= interface.ipv4.address <= last:
        raise invalid(POOL_START)
    if last not in interface.subnet or not 0 <= int(last) - int(first) <= POOL_SIZE:
        raise invalid(POOL_END)
    interface.set_pool(lease_time, first, last)


@table.command("AT+CIPAP", Form.QUERY)
def softap_address(module: Module) -> list[Line]:
    """AT+CIPAP?: address, gateway and netmask."""
    return ipv4_lines(b"+CIPAP", module[SoftApInterface].ipv4)


@table.command("AT+CIPAP", Form.SET)
def set_softap_address(module: Module, ipv4: Ipv4Arguments) -> None:
    """AT+CIPAP: a fixed address. The document has it switch the DHCP server off, as AT+CIPSTA does the client; a module
    (3.3.0) was seen to switch it on, AT+CWDHCP=0,2 before it or not."""
    move(module, ipv4, dhcp=True)


def move(module: Module, ipv4: Ipv4Arguments, *, dhcp: bool) -> None:
    """Give the softAP a fixed address, and switch its DHCP server on or off."""
    module[SoftApInterface].set_address(static_ipv4(ipv4))
    module[SoftApInterface].use_dhcp(dhcp)


@table.command("AT+CIPAPMAC", Form.QUERY)
def softap_mac(module: Module) -> Line:
    """AT+CIPAPMAC?: the MAC address of the softAP."""
    return Line(b'+CIPAPMAC:"%b"' % mac_text(module[SoftAp].mac))


@table.command("AT+CIPAPMAC", Form.SET)
def set_softap_mac(module: Module, mac: Mac) -> None:
    """AT+CIPAPMAC: a unicast address."""
    need_driver(module)
    if mac[0] & 1 or mac in INVALID_MACS:
        raise invalid(1)
    module[SoftAp].mac = mac


# What stations do


@table.report(SOFTAP_STATION_JOINED)
def station_joined(module: Module, mac: bytes) -> None:
    """+STA_CONNECTED."""
    status(module, b'+STA_CONNECTED:"%b"\r\n' % mac_text(mac))


@table.report(SOFTAP_LEASED)
def leased(module: Module, mac: bytes, address: Address) -> None:
    """+DIST_STA_IP."""
    status(module, b'+DIST_STA_IP:"%b","%b"\r\n' % (mac_text(mac), address_text(address)))


@table.report(SOFTAP_STATION_LEFT)
def station_left(module: Module, mac: bytes) -> None:
    """+STA_DISCONNECTED."""
    status(module, b'+STA_DISCONNECTED:"%b"\r\n' % mac_text(mac))
