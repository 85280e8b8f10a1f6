"""Addresses of the interfaces (ESP8266 AT Instruction Set 0.30, chapter 4)."""

from typing import Any, Final

from espat.commands import addresses, softap
from espat.commands.argument_types import Address, Ipv4Arguments, Mac, mac_text
from espat.commands.esp8266.current_default import CurrentDefaultTable, View, in_force
from espat.core.at.answers import Line
from espat.core.at.errors import CommandError
from espat.module import Module
from espat.radio.softap import SoftAp
from espat.radio.station import Station
from espat.radio.wifi import Wifi
from espat.stack.active_interfaces import InterfaceKind
from espat.stack.address import address_text
from espat.stack.dhcp import DhcpModes
from espat.stack.interface import UNSET, Ipv4
from espat.stack.softap_interface import SoftApInterface
from espat.stack.station_interface import StationInterface

table = CurrentDefaultTable()

CLASS_C: Final = range(192, 224)
"""First bytes of the addresses a softAP may have."""
ERASED_MAC: Final = b"\xff" * 6
"""What is stored before a MAC address has been (seen on a module of 1.1)."""


def _mac(room: Any, view: View) -> bytes:
    return mac_text(room.mac if view is in_force else view(room).own_mac or ERASED_MAC)


@table.query("AT+CIPSTAMAC")
def station_mac(module: Module, name: bytes, view: View) -> Line:
    """AT+CIPSTAMAC?: the MAC address of the station."""
    return Line(b'%b:"%b"' % (name, _mac(module[Station], view)))


@table.set("AT+CIPSTAMAC")
def set_station_mac(module: Module, mac: Mac) -> None:
    """AT+CIPSTAMAC: not the softAP's."""
    if mac == module[SoftAp].mac:
        raise CommandError
    addresses.set_station_mac(module, mac)


@table.query("AT+CIPAPMAC")
def softap_mac(module: Module, name: bytes, view: View) -> Line:
    """AT+CIPAPMAC?: the MAC address of the softAP."""
    return Line(b'%b:"%b"' % (name, _mac(module[SoftAp], view)))


@table.set("AT+CIPAPMAC")
def set_softap_mac(module: Module, mac: Mac) -> None:
    """AT+CIPAPMAC: not the station's."""
    if mac == module[Station].mac:
        raise CommandError
    softap.set_softap_mac(module, mac)


def station_ipv4(module: Module, view: View) -> Ipv4:
    """The address a query of the station shows: the one in force, or the static one that is stored."""
    if view is in_force:
        return module[StationInterface].ipv4
    uses_dhcp = view(module[DhcpModes]).is_on(InterfaceKind.STATION)
    return (None if uses_dhcp else view(module[StationInterface]).fixed) or UNSET


@table.query("AT+CIPSTA")
def station_address(module: Module, name: bytes, view: View) -> Line:
    """AT+CIPSTA?: the address only; zeros before the station has joined."""
    return Line(b'%b:"%b"' % (name, address_text(station_ipv4(module, view).address)))


@table.set("AT+CIPSTA")
def set_station_address(module: Module, ipv4: Ipv4Arguments) -> None:
    """AT+CIPSTA: a static address; DHCP is off from now on."""
    addresses.set_station_address(module, ipv4)


def softap_ipv4(module: Module, view: View) -> Ipv4:
    """The address a query of the softAP shows: the one in force if it is on, or the one that is stored; else zeros
    (seen on modules of 1.5 and 1.1)."""
    if view is in_force:
        return module[SoftApInterface].ipv4 if module[Wifi].has_softap else UNSET
    return view(module[SoftApInterface]).fixed or UNSET


@table.query("AT+CIPAP")
def softap_address(module: Module, name: bytes, view: View) -> Line:
    """AT+CIPAP?: address, gateway and netmask in one line."""
    return Line(b'%b:"%b","%b","%b"' % (name, *map(address_text, softap_ipv4(module, view))))


@table.set("AT+CIPAP", ("_CUR", "_DEF"))
def set_softap_address(module: Module, ipv4: Ipv4Arguments) -> None:
    """AT+CIPAP: a fixed address, of class C; the DHCP server is off from now on."""
    if ipv4.address.packed[0] not in CLASS_C:
        raise CommandError
    softap.move(module, ipv4, dhcp=False)


@table.set("AT+CIPAP", ("",))
def set_all_of_softap_address(module: Module, address: Address, gateway: Address, netmask: Address) -> None:
    """AT+CIPAP without a suffix: gateway and netmask may not be left out."""
    set_softap_address(module, Ipv4Arguments(address, gateway, netmask))
