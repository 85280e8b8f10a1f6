"""Joining, leaving and finding access points (ESP-AT User Guide, AT+CWJAP, AT+CWQAP, AT+CWLAP, AT+CWLAPOPT)."""

from typing import Annotated, Final, NamedTuple

from espat.commands.argument_types import Mac, Reserved, mac_text
from espat.commands.reports import status
from espat.commands.wifi import LAST_CHANNEL, need_driver, need_station
from espat.core.at.answers import ERROR, Answer, Line, Unterminated
from espat.core.at.arguments import UNSIGNED_32, Bool, Count, Milliseconds, Range, Seconds, Secret, Text
from espat.core.at.errors import failed
from espat.core.at.grammar import Form
from espat.core.at.output import Output
from espat.core.at.registry import CommandTable
from espat.core.time.clock import Clock
from espat.core.time.timing import Timing
from espat.core.trace import Kind
from espat.module import Module
from espat.radio.access_point import AccessPoint
from espat.radio.scan import ALL_SECURITIES, WEAKEST, Dwell, Scanner, ScanOptions, ScanTraits
from espat.radio.station import (
    DEFAULT_JOIN_LIMIT,
    DEFAULT_LISTEN_INTERVAL,
    DEFAULT_PMF,
    DEFAULT_RECONNECT_INTERVAL,
    STATION_ASSOCIATED,
    STATION_DISCONNECTED,
    JoinError,
    Reason,
    Station,
)
from espat.radio.wifi import Wifi
from espat.stack.address import Address
from espat.stack.station_interface import STATION_GOT_IP, StationInterface

table = CommandTable()

TIMED_OUT, WRONG_PASSWORD, NOT_FOUND, FAILED = 1, 2, 3, 4
JOIN_ERRORS: Final = {
    Reason.HANDSHAKE_TIMEOUT: WRONG_PASSWORD,
    Reason.AUTHENTICATION_FAILED: WRONG_PASSWORD,
    Reason.NO_ACCESS_POINT: NOT_FOUND,
    Reason.NO_COMPATIBLE_SECURITY: NOT_FOUND,
    Reason.ASSOCIATION_FAILED: FAILED,
}
"""The last reason of the driver to the number of `+CWJAP:`. The documents list the numbers; which reason leads to
which is an inference, except for the absent access point and the wrong password."""


@table.command("AT+CWJAP", Form.QUERY)
def joined(module: Module) -> Line | Unterminated:
    """AT+CWJAP?: the access point the station has joined, or `No AP`, which has no line end of its own."""
    need_driver(module, reports_code=True)
    station, point = module[Station], module[Station].access_point
    if point is None:
        return Unterminated(b"No AP")
    return Line(
        b'+CWJAP:"%b","%b",%d,%d,%d,%d,%d,%d,%d'
        % (
            point.ssid,
            mac_text(point.bssid),
            point.channel,
            point.rssi,
            station.only_encrypted,
            station.reconnect_interval,
            station.listen_interval,
            station.all_channels,
            station.pmf,
        )
    )


@table.command("AT+CWJAP", Form.SET)
async def join(
    module: Module,
    ssid: Annotated[bytes | None, Text(32)] = None,
    password: Annotated[bytes | None, Secret(63)] = None,
    bssid: Mac | None = None,
    only_encrypted: Bool = False,
    reconnect_interval: Annotated[int, Seconds(0, 7200)] = DEFAULT_RECONNECT_INTERVAL,
    listen_interval: Annotated[int, Count(1, 100)] = DEFAULT_LISTEN_INTERVAL,
    all_channels: Bool = False,
    limit: Annotated[int, Seconds(3, 600)] = DEFAULT_JOIN_LIMIT,
    pmf: Annotated[int, Range(0, 3)] = DEFAULT_PMF,
) -> Answer:
    """AT+CWJAP: join; OK when there is an address. Without SSID and password the last configuration is used."""
    need_station(module)
    station = module[Station]
    if ssid is not None:
        station.ssid = ssid
    if ssid is not None or password is not None:
        station.password = password or b""
        station.bssid = bssid or b""
    station.only_encrypted = int(only_encrypted)
    station.reconnect_interval = reconnect_interval
    station.listen_interval = listen_interval
    station.all_channels = int(all_channels)
    station.pmf = pmf
    station.join_limit = limit
    return _result(await join_within(module, limit))


@table.command("AT+CWJAP", Form.EXECUTE)
async def join_again(module: Module) -> Answer:
    """AT+CWJAP: join with the last configuration, and within the last time limit."""
    need_station(module)
    station = module[Station]
    station.reconnect_interval = DEFAULT_RECONNECT_INTERVAL
    return _result(await join_within(module, station.join_limit))


async def join_within(module: Module, limit: int) -> int | None:
    """Join the configured access point within so many seconds; None when there is an address, else the number of what
    went wrong, and the station has left."""
    error = await try_to_join(module, limit)
    if error is not None:
        module[Station].disconnect()
    return error


async def try_to_join(module: Module, limit: int) -> int | None:
    """The same, but the station does not leave where it is without an address.

    A module tries again until the time is up, and the number is what the last try came to (a captured session, 15 s and
    4). With the fast profile it does not try again.
    """
    error = TIMED_OUT
    with module[Clock].move_on_after(limit):
        while True:
            try:
                await module[Station].connect()
            except JoinError as failure:
                error = JOIN_ERRORS[failure.reason]
                if not module[Timing]["rejoin"]:
                    break
                await module.pause("rejoin")
            else:
                error = TIMED_OUT  # without an address
                await module[StationInterface].wait_for_address()
                return None
    return error


def _result(error: int | None) -> Answer:
    return None if error is None else [Line(b"+CWJAP:%d" % error), ERROR]


@table.command("AT+CWQAP", Form.EXECUTE)
def leave(module: Module) -> None:
    """AT+CWQAP: leave, and stop reconnecting; the saved access point stays."""
    need_driver(module)
    module[Station].disconnect()


@table.command("AT+CWLAPOPT", Form.SET)
def set_scan_options(
    module: Module,
    reserved: Annotated[int | None, Reserved()],
    fields: Annotated[int, Range(0, 2047)],
    weakest: Annotated[int, Range(-100, 40)] = WEAKEST,
    securities: Annotated[int, Range(0, 65535)] = ALL_SECURITIES,
) -> None:
    """AT+CWLAPOPT: which fields AT+CWLAP prints, the weakest signal in dBm, and a bit for each security it shows."""
    module[Scanner].options = ScanOptions(fields, weakest, securities)


class Search(NamedTuple):
    """Which access points AT+CWLAP lists, and how it looks for them; channel 0: all, times 0: the usual ones."""

    ssid: Annotated[bytes | None, Text(32)] = None
    mac: Mac | None = None
    channel: Annotated[int, Range(0, LAST_CHANNEL)] = 0
    passive: Bool = False
    least_time: Annotated[int, Milliseconds(0, 1500)] = 0
    most_time: Annotated[int, Milliseconds(0, 1500)] = 0


@table.command("AT+CWLAP", Form.EXECUTE)
async def scan_all(module: Module) -> None:
    """AT+CWLAP: every access point in reach."""
    await scan(module, Search())


@table.command("AT+CWLAP", Form.SET)
async def scan(module: Module, search: Search, channel_bitmap: Annotated[int, Range(0, UNSIGNED_32)] = 0) -> None:
    """AT+CWLAP: the access points that match, printed when the scan is over; times are per channel."""
    need_driver(module, reports_code=True)
    if not module[Wifi].has_station:
        raise failed()
    dwell = Dwell(search.least_time / 1000, search.most_time / 1000, passive=search.passive)
    for point in await module[Scanner].scan(search.ssid, search.mac, search.channel, channel_bitmap, dwell):
        await module[Output].room()
        module[Output].write(_scan_line(module, point, search.ssid).wire, Kind.RESULT)


def _scan_line(module: Module, point: AccessPoint, wanted: bytes | None) -> Line:
    security, fields = point.security, module[Scanner].options.fields
    ssid = point.ssid if not point.hidden or wanted is not None else b""
    values = (
        b"%d" % security.number,
        b'"%b"' % ssid,
        b"%d" % point.rssi,
        b'"%b"' % mac_text(point.bssid),
        b"%d" % point.channel,
        *(b"%d" % value for value in module.traits(ScanTraits).frequency),
        b"%d" % security.pairwise,
        b"%d" % security.group,
        b"%d" % point.protocol,
        b"%d" % point.wps,
    )
    shown = [value for bit, value in enumerate(values) if fields >> bit & 1]
    return Line(b"+CWLAP:(%b)" % b",".join(shown))


# What happens to the station


@table.report(STATION_ASSOCIATED)
def associated(module: Module, point: AccessPoint) -> None:
    """WIFI CONNECTED."""
    status(module, b"WIFI CONNECTED\r\n")


@table.report(STATION_GOT_IP)
def got_ip(module: Module, address: Address) -> None:
    """WIFI GOT IP."""
    status(module, b"WIFI GOT IP\r\n")


@table.report(STATION_DISCONNECTED)
def disconnected(module: Module, reason: int) -> None:
    """WIFI DISCONNECT."""
    status(module, b"WIFI DISCONNECT\r\n")
