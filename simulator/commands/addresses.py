"""Addresses of the interfaces and names (ESP-AT User Guide, AT+CIFSR, AT+CIPSTA, AT+CIPSTAMAC, AT+CWDHCP, AT+CIPDNS,
AT+CIPDOMAIN)."""

from ipaddress import IPv4Address
from typing import Annotated, Final

from espat.commands.argument_types import Address, Host, Ipv4Arguments, Mac, mac_text
from espat.commands.link_failures import LinkFailure
from espat.commands.wifi import need_driver
from espat.core.at.answers import Line, Unterminated
from espat.core.at.arguments import Bool, Milliseconds, Range
from espat.core.at.errors import CommandError, invalid
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.core.time.clock import Clock
from espat.module import Module
from espat.radio.softap import SoftAp
from espat.radio.station import Station
from espat.radio.wifi import Wifi
from espat.stack.active_interfaces import ActiveInterfaces
from espat.stack.address import address_text
from espat.stack.dhcp import DhcpModes
from espat.stack.dns_servers import DEFAULT_DNS, DnsServers
from espat.stack.errors import ResolveError
from espat.stack.interface import Ipv4
from espat.stack.routing import Routing
from espat.stack.softap_interface import SoftApInterface
from espat.stack.station_interface import StationInterface

table = CommandTable()

DEFAULT_NETMASK: Final = IPv4Address("255.255.255.0")
IPV6_ONLY: Final = 3
INVALID_MACS: Final = (bytes(6), b"\xff" * 6)


def ipv4_lines(name: bytes, ipv4: Ipv4) -> list[Line]:
    """Address, gateway and netmask of an interface, a line each."""
    return [
        Line(b'%b:%b:"%b"' % (name, part, address_text(value)))
        for part, value in ((b"ip", ipv4.address), (b"gateway", ipv4.gateway), (b"netmask", ipv4.netmask))
    ]


def static_ipv4(arguments: Ipv4Arguments) -> Ipv4:
    """A fixed address, which one host alone can have. Raises CommandError."""
    address, gateway, netmask = arguments
    nobody = address.is_unspecified or address.is_multicast or address.is_loopback or address.is_reserved
    if nobody or (gateway is None) != (netmask is None) or (netmask is not None and not _is_netmask(netmask)):
        raise CommandError
    default_gateway = address + (1 - address.packed[-1])
    return Ipv4(address, gateway or default_gateway, netmask or DEFAULT_NETMASK)


def _is_netmask(mask: IPv4Address) -> bool:
    """Whether the ones of a mask stand before its zeros."""
    host_bits = ~int(mask) & 0xFFFFFFFF
    return host_bits & (host_bits + 1) == 0


@table.command("AT+CIFSR", Form.EXECUTE)
def addresses(module: Module) -> list[Line]:
    """AT+CIFSR: addresses and MACs of the interfaces that are on."""
    lines = []
    if module[Wifi].has_softap:
        lines.append(Line(b'+CIFSR:APIP,"%b"' % address_text(module[SoftApInterface].ipv4.address)))
        lines.append(Line(b'+CIFSR:APMAC,"%b"' % mac_text(module[SoftAp].mac)))
    if module[Wifi].has_station:
        lines.append(Line(b'+CIFSR:STAIP,"%b"' % address_text(module[StationInterface].ipv4.address)))
        lines.append(Line(b'+CIFSR:STAMAC,"%b"' % mac_text(module[Station].mac)))
    return lines


@table.command("AT+CIPSTAMAC", Form.QUERY)
def station_mac(module: Module) -> Line:
    """AT+CIPSTAMAC?: the MAC address of the station."""
    return Line(b'+CIPSTAMAC:"%b"' % mac_text(module[Station].mac))


@table.command("AT+CIPSTAMAC", Form.SET)
def set_station_mac(module: Module, mac: Mac) -> None:
    """AT+CIPSTAMAC: a unicast address; a station that is joined leaves first."""
    need_driver(module, reports_code=True)
    if mac[0] & 1 or mac in INVALID_MACS:
        raise invalid(1)
    module[Station].disconnect()
    module[Station].mac = mac


@table.command("AT+CIPSTA", Form.QUERY)
def station_address(module: Module) -> list[Line]:
    """AT+CIPSTA?: address, gateway and netmask; zeros without a connection or a static address."""
    return ipv4_lines(b"+CIPSTA", module[StationInterface].ipv4)


@table.command("AT+CIPSTA", Form.SET)
def set_station_address(module: Module, ipv4: Ipv4Arguments) -> None:
    """AT+CIPSTA: a static address; DHCP is off from now on."""
    module[StationInterface].set_fixed(static_ipv4(ipv4))


@table.command("AT+CWDHCP", Form.QUERY)
def dhcp(module: Module) -> Unterminated:
    """AT+CWDHCP?: bit 0 station, bit 1 softAP, bit 2 Ethernet."""
    return Unterminated(b"+CWDHCP:%d" % module[DhcpModes].mask)


@table.command("AT+CWDHCP", Form.SET)
def set_dhcp(module: Module, enabled: Bool, interfaces: Annotated[int, Range(0, 3)]) -> None:
    """AT+CWDHCP: only the interfaces whose bit is set change; one that is switched on drops its static address."""
    module[DhcpModes].switch(enabled, interfaces)


@table.command("AT+CIPDNS", Form.QUERY)
def dns_servers(module: Module) -> Line:
    """AT+CIPDNS?: whether they were set by hand, and the servers."""
    servers = map(address_text, module[DnsServers].in_force)
    return Line(b"+CIPDNS:%d%b" % (module[DnsServers].manual, b"".join(b',"%b"' % server for server in servers)))


@table.command("AT+CIPDNS", Form.SET)
def set_dns_servers(
    module: Module,
    manual: Bool,
    first: Address | None = None,
    second: Address | None = None,
    third: Address | None = None,
) -> None:
    """AT+CIPDNS: 0 goes back to the defaults and DHCP; 1 takes the given ones, defaults for those left out."""
    chosen = (first, second, third) if manual else (None, None, None)
    given = [server for server in chosen if server is not None]
    if len(set(given)) < len(given):
        raise CommandError
    servers = [server or default for server, default in zip(chosen, DEFAULT_DNS, strict=True)]
    module[DnsServers].set(manual, servers)


@table.command("AT+CIPDOMAIN", Form.SET)
async def resolve(
    module: Module,
    name: Host,
    network: Annotated[int, Range(1, 3)] = 1,
    limit: Annotated[int, Milliseconds(0, 60000)] = 0,
) -> Line:
    """AT+CIPDOMAIN: the address of a name."""
    if network == IPV6_ONLY:
        raise CommandError
    return Line(b'+CIPDOMAIN:"%b"' % await address_of(module, name, limit))


async def address_of(module: Module, name: str, limit: int = 0) -> bytes:
    """The address of a name, found within so many milliseconds, 0 any. Raises CommandError."""
    if not module[ActiveInterfaces]:
        raise CommandError(cause=LinkFailure.NO_NETWORK)
    with module[Clock].move_on_after(limit / 1000 or float("inf")):
        try:
            return address_text(await module[Routing].resolve(name))
        except ResolveError:
            pass
    raise CommandError(cause=LinkFailure.NO_SUCH_HOST)
